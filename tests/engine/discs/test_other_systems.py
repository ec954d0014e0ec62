"""Discs of other consoles as plain images: their marks, and the facts in their headers."""

from collections.abc import Callable

import other_discs
import pytest
from disc_sources import CountedSource, MakeImage
from foreign_images import sfo
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.discs.identity import identify
from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.systems import SYSTEMS, System

S = System
# system, serial, title, region, disc, discs, revision
Facts = tuple[System, str, str, str, int | None, int | None, str]

IMAGES: dict[str, tuple[bytes, Facts]] = {
    "gamecube": (other_discs.gamecube(), (S.GAMECUBE, "GXYE01", "Cube Game", "US", None, None, "")),
    "second disc": (
        other_discs.gamecube(b"GALP01", b"A Cube", disc=1, version=2),
        (S.GAMECUBE, "GALP01", "A Cube", "EU", 2, None, "Rev 2"),
    ),
    "japanese": (
        other_discs.gamecube(b"GALJ01", "キューブ".encode("cp932")),
        (S.GAMECUBE, "GALJ01", "キューブ", "JP", None, None, ""),
    ),
    "latin": (
        other_discs.gamecube(b"GALF01", "Étoile".encode("latin-1")),
        (S.GAMECUBE, "GALF01", "Étoile", "EU", None, None, ""),
    ),
    "korean": (other_discs.gamecube(b"GALW01"), (S.GAMECUBE, "GALW01", "Cube Game", "KR", None, None, "")),
    "wii": (
        other_discs.gamecube(b"RXYP01", b"Wii Game", wii=True),
        (S.WII, "RXYP01", "Wii Game", "EU", None, None, ""),
    ),
    "taiwanese": (other_discs.gamecube(b"RXYW01", wii=True), (S.WII, "RXYW01", "Cube Game", "AS", None, None, "")),
    "no id": (other_discs.gamecube(b"\0\xff\1abc"), (S.GAMECUBE, "", "Cube Game", "", None, None, "")),
    "saturn": (other_discs.saturn(), (S.SATURN, "T-12345G", "NIGHT DIVER", "JP", 1, 2, "v1.003")),
    "saturn anywhere": (
        other_discs.saturn(areas=b"JTUBKAEL", device=b"CD-1/1"),
        (S.SATURN, "T-12345G", "NIGHT DIVER", "WW", 1, 1, "v1.003"),
    ),
    "saturn nowhere": (
        other_discs.saturn(areas=b"?!", device=b"CD-3/2"),
        (S.SATURN, "T-12345G", "NIGHT DIVER", "", None, None, "v1.003"),
    ),
    "dreamcast": (other_discs.dreamcast(), (S.DREAMCAST, "MK-51052", "SKY RUNNER", "EU", 2, 3, "v1.001")),
    "mega cd": (other_discs.mega_cd(), (S.MEGA_CD, "MK-4407-00", "CANYON DRIFT", "US", None, None, "")),
    "mega cd of japan": (
        other_discs.mega_cd(b"", areas=b"J"),
        (S.MEGA_CD, "MK-4407-00", "峡谷", "JP", None, None, ""),
    ),
    "pc engine": (other_discs.pc_engine(), (S.PC_ENGINE_CD, "", "STAR PARADER", "", None, None, "")),
    "pc-fx": (other_discs.placed((0, b"PC-FX:Hu_CD-ROM ")), (S.PC_FX, "", "File", "", None, None, "")),
    "3do": (other_discs.three_do(), (S.THREE_DO, "", "File", "", None, None, "")),
    "cd-i": (other_discs.placed((0x8000, b"\1CD-I \1")), (S.CD_I, "", "File", "", None, None, "")),
    "udf": (
        other_discs.placed((0x8000, b"\0BEA01\1"), (0x8800, b"\0NSR02\1")),
        (S.UDF, "", "File", "", None, None, ""),
    ),
    "xbox": (
        other_discs.xdvdfs(b"default.xbe", other_discs.xbe()),
        (S.XBOX, "MS-004", "Test Racer", "US", None, None, ""),
    ),
    "xbox anywhere": (
        other_discs.xdvdfs(b"DEFAULT.XBE", other_discs.xbe(regions=0x80000007, disc=1)),
        (S.XBOX, "MS-004", "Test Racer", "WW", 2, None, ""),
    ),
    "xbox without a program": (
        other_discs.xdvdfs(b"other.bin", b""),
        (S.XBOX, "", "File", "", None, None, ""),
    ),
    "xbox 360": (
        other_discs.xdvdfs(b"default.xex", other_discs.xex()),
        (S.XBOX_360, "MS-2022", "File", "", 2, 3, ""),
    ),
    "xbox 360 with an odd id": (
        other_discs.xdvdfs(b"default.xex", other_discs.xex(title_id=7, disc=4, total=3)),
        (S.XBOX_360, "", "File", "", None, None, ""),
    ),
}


def facts_of(disc: DiscInfo) -> Facts:
    return disc.system, disc.serial, disc.title, disc.region, disc.disc_number, disc.disc_total, disc.revision


@pytest.mark.parametrize("name", IMAGES)
def test_the_header_of_a_plain_image_states_its_facts(name: str) -> None:
    data, facts = IMAGES[name]
    disc = identify(CountedSource(data), "File.iso")
    assert (facts_of(disc), disc.found, disc.has_disc) == (facts, Found.INSIDE, True)


ROOTS: dict[str, tuple[dict[str, bytes], Facts]] = {
    "ps3": (
        {"PS3_DISC.SFB": other_discs.sfb(), "PS3_GAME/PARAM.SFO": sfo({"TITLE": "Tower", "VERSION": "01.02"})},
        (S.PS3, "BLES-00932", "Tower", "EU", None, None, "v1.02"),
    ),
    "ps3 with a damaged table": (
        {"PS3_DISC.SFB": b"SFB", "PS3_GAME/PARAM.SFO": sfo({"TITLE_ID": "BLJM60001"})},
        (S.PS3, "BLJM-60001", "File", "JP", None, None, ""),
    ),
    "neo geo cd": (
        {"IPL.TXT": b"LOGO_J.PRG,0,2C0000\r\n", "CPY.TXT": b"COPYRIGHT"},
        (S.NEO_GEO_CD, "", "File", "", None, None, ""),
    ),
    "another ipl.txt": ({"IPL.TXT": b"read me first"}, (S.ISO9660, "", "File", "", None, None, "")),
    "dvd": ({"VIDEO_TS/VIDEO_TS.IFO": b"DVDVIDEO-VMG"}, (S.DVD_VIDEO, "", "File", "", None, None, "")),
    "a file called video_ts": ({"VIDEO_TS": b"no folder"}, (S.ISO9660, "", "File", "", None, None, "")),
    "pc": ({"AUTORUN.INF": b"[autorun]\r\nopen=setup.exe"}, (S.PC, "", "File", "", None, None, "")),
}


@pytest.mark.parametrize("name", ROOTS)
def test_the_files_of_a_disc_identify_it(name: str, make_image: MakeImage) -> None:
    files, facts = ROOTS[name]
    disc = identify(CountedSource(make_image(files)), "File.iso")
    assert (facts_of(disc), disc.found) == (facts, Found.INSIDE)


@pytest.mark.parametrize("name", ["saturn", "dreamcast", "mega cd"])
def test_a_mark_counts_more_than_the_file_system_after_it(name: str, make_image: MakeImage) -> None:
    data, facts = IMAGES[name]
    image = make_image({"AUTORUN.INF": b"[autorun]", "A.BIN": b"x"})
    disc = identify(CountedSource(data[: 16 * 2048] + image[16 * 2048 :]), "File.iso")
    assert facts_of(disc) == facts


class SparseSource:
    """A large image of a few pieces, zeros in between."""

    def __init__(self, size: int, pieces: dict[int, bytes]) -> None:
        self.size = size
        self._pieces = pieces

    def read_at(self, offset: int, length: int) -> bytes:
        found = bytearray(max(0, min(length, self.size - offset)))
        for start, content in self._pieces.items():
            first, end = max(offset, start), min(offset + len(found), start + len(content))
            if first < end:
                found[first - offset : end - offset] = content[first - start : end - start]
        return bytes(found)


@pytest.mark.parametrize(
    ("offset", "partition", "system"),
    [
        (other_discs.XGD1, other_discs.xdvdfs(b"default.xbe", other_discs.xbe()), S.XBOX),
        (other_discs.XGD2, other_discs.xdvdfs(b"default.xex", other_discs.xex()), S.XBOX_360),
        (other_discs.XGD3, other_discs.xdvdfs(b"default.xex", other_discs.xex()), S.XBOX_360),
        (other_discs.XGD3, other_discs.xdvdfs(b"other.bin", b""), S.XBOX_360),
    ],
)
def test_a_whole_xbox_disc_is_no_dvd_video(
    offset: int, partition: bytes, system: System, make_image: MakeImage
) -> None:
    video = make_image({"VIDEO_TS/VIDEO_TS.IFO": b"DVDVIDEO-VMG"})
    disc = identify(SparseSource(7_825_162_240, {0: video, offset: partition}), "File.iso")
    assert disc.system is system


def test_the_file_name_completes_a_header() -> None:
    name = "A Name (Korea) (Disc 2 of 3) (Rev 1) [!].iso"
    disc = identify(CountedSource(other_discs.gamecube(b"GALE01", b"\0")), name)
    assert facts_of(disc) == (S.GAMECUBE, "GALE01", "A Name", "KR", 2, 3, "Rev 1")


def test_every_system_has_a_disc_among_the_tests() -> None:
    elsewhere = {S.PS1, S.PS2, S.PSP, S.UMD_VIDEO, S.UNKNOWN, S.AUDIO_CD}  # test_identity.py and test_cds.py
    found = {facts[0] for _, facts in (*IMAGES.values(), *ROOTS.values())}
    assert found | elsewhere == set(System) == SYSTEMS.keys()


def test_every_system_fits_its_column() -> None:
    assert all(len(spec.short) <= 4 for spec in SYSTEMS.values())
    assert len({spec.short for spec in SYSTEMS.values()}) == len(SYSTEMS)


def changed(data: bytes, changes: list[tuple[int, bytes]], cut: int) -> bytes:
    image = bytearray(data)
    for offset, content in changes:
        image[offset : offset + len(content)] = content
    return bytes(image[: len(image) - cut])


PLACES = st.one_of(st.integers(0, 2 * 2048), st.integers(32 * 2048, 35 * 2048))


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(sorted(IMAGES)),
    changes=st.lists(st.tuples(PLACES, st.binary(min_size=1, max_size=40)), max_size=8),
    cut=st.integers(0, 40 * 2048),
)
def test_no_damage_to_a_header_makes_it_fail(name: str, changes: list[tuple[int, bytes]], cut: int) -> None:
    disc = identify(CountedSource(changed(IMAGES[name][0], changes, cut)), "Name.iso")
    assert disc.title
    for text in (disc.serial, disc.title, disc.region, disc.revision):
        assert text == " ".join(text.split())
        text.encode()


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(table=st.binary(max_size=0x240), values=st.binary(max_size=400))
def test_any_files_of_a_ps3_are_read(table: bytes, values: bytes, ps3_disc: Callable[[bytes, bytes], bytes]) -> None:
    assert identify(CountedSource(ps3_disc(b".SFB" + table, values)), "Name.iso").system is System.PS3


@pytest.fixture(scope="module")
def ps3_disc(make_image: MakeImage) -> Callable[[bytes, bytes], bytes]:
    """Return the image of a PS3 disc whose two files have these contents."""
    first, second = b"\xa1" * 2048, b"\xa2" * 2048
    image = make_image({"PS3_DISC.SFB": first, "PS3_GAME/PARAM.SFO": second})

    def make(table: bytes, values: bytes) -> bytes:
        return image.replace(first, table.ljust(2048, b"\0")).replace(second, values.ljust(2048, b"\0"))

    return make

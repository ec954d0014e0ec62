"""What files of other programs say of themselves: system, serial, title and size, checked before they are believed."""

import struct
from pathlib import Path

import foreign_images as foreign
import pytest
import sample_images
from found_titles import title_in
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.discs.foreign import HEADER_READERS, foreign_error, read_foreign
from discpress.engine.discs.info import DiscInfo, ForeignImage, Found
from discpress.engine.formats import ImageFormat
from discpress.engine.images import registry
from discpress.engine.images.nintendo.header import PACKED_DISCS
from discpress.engine.images.registry import FORMATS, detect
from discpress.engine.images.source import FileSource, MemorySource
from discpress.engine.images.spec import SNIFF_BYTES, FormatSpec, Kind
from discpress.engine.systems import System

WII = foreign.nintendo_disc()
GAMECUBE = foreign.nintendo_disc("gamecube", b"GALP01", b"A Cube")
PS1_SFO = {"TITLE": "Old Glory", "DISC_ID": "SLES01234", "CATEGORY": "ME"}
PSP_SFO = {"TITLE": "Small", "DISC_ID": "ULUS10041", "CATEGORY": "MG"}
WII_FACTS = (System.WII, "RZTE01", "Pressed Flat", "US")
CUBE_FACTS = (System.GAMECUBE, "GALP01", "A Cube", "EU")

FILES: dict[str, tuple[bytes, ImageFormat, tuple[System, str, str, str], int]] = {
    "wbfs": (foreign.wbfs(WII), ImageFormat.WBFS, WII_FACTS, foreign.DISC_BYTES),
    "wbfs-4k": (foreign.wbfs(WII, 12), ImageFormat.WBFS, WII_FACTS, foreign.DISC_BYTES),
    "wia": (foreign.wia(WII), ImageFormat.WIA, WII_FACTS, foreign.DISC_BYTES),
    "rvz": (foreign.wia(GAMECUBE, 1, magic=b"RVZ\x01"), ImageFormat.RVZ, CUBE_FACTS, foreign.DISC_BYTES),
    "gcz": (foreign.gcz(GAMECUBE), ImageFormat.GCZ, CUBE_FACTS, 40_000),
    "gcz-plain": (foreign.gcz(WII, 1, is_packed=False), ImageFormat.GCZ, WII_FACTS, 40_000),
    "ciso": (foreign.gamecube_ciso(GAMECUBE), ImageFormat.GAMECUBE_CISO, CUBE_FACTS, foreign.DISC_BYTES),
    "pbp-ps1": (foreign.pbp(PS1_SFO), ImageFormat.PBP, (System.PS1, "SLES-01234", "Old Glory", "EU"), 0),
    "pbp-psp": (foreign.pbp(PSP_SFO, b""), ImageFormat.PBP, (System.PSP, "ULUS-10041", "Small", "US"), 0),
    "jso": (foreign.jso(), ImageFormat.JSO, (System.PSP, "", "game", ""), 700_416),
}


def read(path: Path) -> tuple[ImageFormat, ForeignImage]:
    source = FileSource(path)
    try:
        head = bytearray(SNIFF_BYTES)
        count = source.read_into(head, 0)
        found = detect(bytes(head[:count]), source.size_bytes).name
        return found, read_foreign(source, found)
    finally:
        source.close()


@pytest.mark.parametrize("name", FILES)
def test_a_header_says_system_serial_title_region_and_size(name: str, tmp_path: Path) -> None:
    data, image_format, facts, original_bytes = FILES[name]
    found, its = read(sample_images.write_image(tmp_path / "game.bin", data))
    disc = its.disc
    assert (found, its.original_bytes) == (image_format, original_bytes)
    assert (disc.system, disc.serial, disc.title, disc.region) == facts


def damaged(data: bytes, offset: int, value: bytes) -> bytes:
    return data[:offset] + value + data[offset + len(value) :]


LIES = {
    "rvz of another length": foreign.wia(WII, magic=b"RVZ\x01") + b"\0",
    "rvz with a wrong digest": damaged(foreign.wia(WII, magic=b"RVZ\x01"), 0x24, struct.pack(">Q", 1 << 30)),
    "wia larger than any disc": foreign.wia(WII, disc_bytes=1 << 50),
    "gcz with too many blocks": damaged(foreign.gcz(GAMECUBE), 28, struct.pack("<I", 0xFFFFFFFF)),
    "gcz with blocks of nothing": damaged(foreign.gcz(GAMECUBE), 24, bytes(4)),
    "gcz that ends early": foreign.gcz(GAMECUBE)[:-1],
    "jso of half a sector": foreign.jso(original_bytes=700_417),
    "jso with blocks of 3000": foreign.jso(block_size=3000),
}


@pytest.mark.parametrize("name", LIES)
def test_a_size_that_cannot_be_is_not_believed(name: str, tmp_path: Path) -> None:
    _, its = read(sample_images.write_image(tmp_path / "game.bin", LIES[name]))
    assert its.original_bytes == 0


def test_a_table_of_contents_that_goes_back_is_named(tmp_path: Path) -> None:
    data = damaged(foreign.pbp(PS1_SFO), 8, struct.pack("<I", 1 << 31))
    found, its = read(sample_images.write_image(tmp_path / "game.pbp", data))
    assert foreign_error(found, its).endswith("; its table of contents is damaged")


@pytest.mark.parametrize(("mode", "sector_bytes"), [(1, 2352), (2, 2352), (2, 2448)])
def test_a_raw_dump_says_which_disc_it_is(mode: int, sector_bytes: int, tmp_path: Path) -> None:
    iso = (sample_images.GOLDEN / "ps2.iso").read_bytes()
    data = foreign.raw_dump(iso, mode, sector_bytes)
    found, its = read(sample_images.write_image(tmp_path / "dump.bin", data))
    assert (found, its.disc.system, its.disc.serial) == (ImageFormat.RAW_CD, System.PS2, "SLUS-20946")


def cue_beside(folder: Path, sheet: bytes, **files: bytes) -> Path:
    for name, data in files.items():
        sample_images.write_image(folder / f"{name}.bin", data)
    return sample_images.write_image(folder / "Sheet Game (Europe).cue", sheet)


def test_a_cue_sheet_is_the_disc_of_its_first_raw_file(tmp_path: Path) -> None:
    iso = (sample_images.GOLDEN / "ps2.iso").read_bytes()
    sheet = foreign.cue("track1.bin", "track2.bin")
    found, its = read(cue_beside(tmp_path, sheet, track1=foreign.raw_dump(iso), track2=bytes(2352)))
    assert found is ImageFormat.CUE
    assert (its.disc.system, its.disc.serial, its.disc.title) == (System.PS2, "SLUS-20946", "Sheet Game")
    assert (its.files, its.problem) == (("track1.bin", "track2.bin"), "")


def test_a_cue_sheet_says_which_file_is_not_there(tmp_path: Path) -> None:
    found, its = read(cue_beside(tmp_path, foreign.cue("gone\x1b.bin")))
    assert foreign_error(found, its).endswith("; gone\\e.bin, which it names, is not next to it")
    assert its.disc.region == "EU"


@pytest.mark.parametrize("name", ["../secret.bin", "/etc/passwd", "C:\\games\\secret.bin", "..\\secret.bin"])
def test_a_cue_sheet_leads_nowhere_else(name: str, tmp_path: Path) -> None:
    iso = (sample_images.GOLDEN / "ps2.iso").read_bytes()
    sample_images.write_image(tmp_path / "secret.bin", foreign.raw_dump(iso))
    _, its = read(cue_beside(tmp_path / "below", foreign.cue(name)))
    assert (its.disc.serial, its.files) == ("", ("passwd",) if "passwd" in name else ("secret.bin",))
    assert its.problem


@pytest.mark.parametrize(
    "data",
    [
        foreign.cue("album.wav", kind="WAVE", track="AUDIO"),
        b"FILE of no sheet\nTRACK 01 MODE2/2352\n",
        foreign.cue("game.bin") + b"\0",
        foreign.cue("game.bin") + b" " * 70_000,
    ],
    ids=["music", "prose", "binary", "large"],
)
def test_what_is_no_sheet_of_a_game_is_data(data: bytes) -> None:
    assert detect(data[:SNIFF_BYTES], len(data)).name is ImageFormat.ISO


def test_a_sheet_names_each_file_once(tmp_path: Path) -> None:
    sheet = b"".join(
        b'FILE "game.bin" BINARY\nTRACK %02d AUDIO\nINDEX 01 00:00:%02d\n' % (each, each) for each in (1, 2)
    )
    _, its = read(cue_beside(tmp_path, sheet, game=bytes(2352)))
    assert its.files == ("game.bin",)


def test_a_faulty_cue_sheet_names_no_file(tmp_path: Path) -> None:
    _, its = read(cue_beside(tmp_path, foreign.cue(*(f"track{number}.bin" for number in range(200)))))
    assert (its.files, its.problem) == ((), "")


READ = [spec.name for spec in FORMATS if not spec.is_read and spec.kind is not Kind.UNFINISHED]


@given(st.sampled_from(READ), st.sampled_from(list(FILES)), st.binary(max_size=200), st.integers(0, 300))
def test_any_bytes_have_an_answer(image_format: ImageFormat, name: str, junk: bytes, offset: int) -> None:
    data = damaged(FILES[name][0], offset, junk)[:40_000]
    its = read_foreign(sample_images.MemorySource(data), image_format)
    assert 0 <= its.original_bytes <= 64 * 1024**3


def test_a_new_format_is_one_row_of_the_registry_and_one_of_the_header_readers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = FormatSpec(ImageFormat.named("new"), "New", (b"NEWDISC\n",), (".new",), "convert it with its own program")
    disc = DiscInfo(System.WII, "RNEW01", "New Game", found=Found.INSIDE)
    monkeypatch.setattr(registry, "FORMATS", registry.Formats([new, *registry.FORMATS]))
    monkeypatch.setitem(HEADER_READERS, new.name, lambda source: ForeignImage(disc, 2 * source.size_bytes))
    path = tmp_path / "other.new"
    path.write_bytes(b"NEWDISC\n" + bytes(4088))
    title = title_in(path)
    assert (title.format, title.disc.serial, title.disc.title, title.original_bytes) == (
        new.name, "RNEW01", "New Game", 8192
    )  # fmt: skip
    assert title.error == "New cannot be read: convert it with its own program"


def test_each_header_reader_is_of_a_format_that_is_not_read_or_whose_files_may_be_missing_or_cut() -> None:
    assert {name for name in HEADER_READERS if registry.spec_of(name).is_read} == {
        ImageFormat.CUE, ImageFormat.GDI, ImageFormat.CCD, ImageFormat.MDS, ImageFormat.RAW_CD, *PACKED_DISCS,
    }  # fmt: skip


# GDI, CCD and MDS.


def sheet_beside(folder: Path, name: str, sheet: bytes, files: dict[str, bytes]) -> ForeignImage:
    for each, data in files.items():
        sample_images.write_image(folder / each, data)
    return read(sample_images.write_image(folder / name, sheet))[1]


def saturn_disc() -> bytes:
    return b"SEGA SEGASATURN ".ljust(40 * 2048, b"\0")


def dreamcast_disc() -> bytes:
    return b"SEGA SEGAKATANA ".ljust(40 * 2048, b"\0")


def test_a_gdi_is_the_disc_of_its_high_density_area(tmp_path: Path) -> None:
    sheet = foreign.gdi((0, 4, "track01.bin"), (600, 0, "track02.raw"), (45000, 4, '"track 03.bin"'))
    files = {
        "track01.bin": foreign.raw_dump((sample_images.GOLDEN / "ps2.iso").read_bytes()),
        "track02.raw": bytes(2352),
        "track 03.bin": foreign.raw_dump(dreamcast_disc(), mode=1),
    }
    its = sheet_beside(tmp_path, "Sheet Game (Europe).gdi", sheet, files)
    assert (its.disc.system, its.disc.title, its.files, its.problem) == (
        System.DREAMCAST, "Sheet Game", tuple(files), "",
    )  # fmt: skip


def test_a_gdi_without_its_tracks_is_a_dreamcast_disc_and_names_the_first_missing_one(tmp_path: Path) -> None:
    its = sheet_beside(tmp_path, "game.gdi", foreign.gdi((0, 4, "track01.bin"), (45000, 4, "track03.bin")), {})
    assert (its.disc.system, its.problem) == (
        System.DREAMCAST, "track01.bin, which it names, is not next to it",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sheet", "data_name"),
    [
        ("game.ccd", foreign.CCD, "game.img"),
        ("GAME.CCD", foreign.CCD, "GAME.IMG"),
        ("game.mds", foreign.MDS, "game.mdf"),
    ],
)
def test_a_sheet_that_names_no_file_has_the_data_under_its_own_name(
    name: str, sheet: bytes, data_name: str, tmp_path: Path
) -> None:
    its = sheet_beside(tmp_path, name, sheet, {data_name: foreign.raw_dump(saturn_disc(), mode=1)})
    assert (its.disc.system, its.files, its.problem) == (System.SATURN, (data_name,), "")


def test_the_mdf_of_a_dvd_is_the_disc_of_its_mds(tmp_path: Path) -> None:
    its = sheet_beside(tmp_path, "a.mds", foreign.MDS, {"a.mdf": (sample_images.GOLDEN / "ps2.iso").read_bytes()})
    assert its.disc.system is System.PS2


def test_an_mds_alone_says_what_is_missing(tmp_path: Path) -> None:
    assert sheet_beside(tmp_path, "a.mds", foreign.MDS, {}).problem == "a.mdf is not next to it"


@pytest.mark.parametrize("kind", [ImageFormat.GDI, ImageFormat.CCD, ImageFormat.MDS])
@given(data=st.binary(max_size=4000))
def test_no_bytes_of_a_sheet_make_it_fail(kind: ImageFormat, data: bytes) -> None:
    its = read_foreign(MemorySource(Path(f"sheet.{kind}"), data), kind)
    assert all("/" not in name and name not in {"", ".", ".."} for name in its.files)


@pytest.mark.slow
@given(names=st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=5))
def test_a_gdi_leads_nowhere_else(names: list[str]) -> None:
    sheet = foreign.gdi(*((number * 1000, 4, f'"{name}"') for number, name in enumerate(names)))
    its = read_foreign(MemorySource(Path("sheet.gdi"), sheet), ImageFormat.GDI)
    assert all("/" not in name and name not in {"", ".", ".."} for name in its.files)

"""Discs are identified inside any image with tracks: raw or cooked, with music first, with addresses of the disc."""

from pathlib import Path

import other_discs
import pytest
from cd_sectors import form_1, mode_1
from disc_sources import MakeImage
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_cds import MemoryCd, data_cd, memory_cd, raw_sectors, sound, stored_sectors

from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.discs.reach import identify_image
from discpress.engine.images.archives.model import REACH_BYTES
from discpress.engine.images.cd.tracks import Track, TrackKind
from discpress.engine.images.source import MemorySource
from discpress.engine.systems import System

SECTOR = 2048
DATA_KINDS = [kind for kind in TrackKind if kind.has_data]
K = TrackKind


def ps1(make_image: MakeImage) -> bytes:
    files = {"SYSTEM.CNF": b"BOOT = cdrom:\\SLUS_000.05;1\r\n", "SLUS_000.05": b"PS-X EXE"}
    return make_image(files, "PLAYSTATION")


def ps2(make_image: MakeImage) -> bytes:
    files = {"SYSTEM.CNF": b"BOOT2 = cdrom0:\\SLES_500.01;1\r\n", "SLES_500.01": b"\x7fELF"}
    return make_image(files, "PLAYSTATION")


def facts(image: MemoryCd) -> tuple[System, str, str]:
    found = identify_image(image)
    return found.system, found.serial, found.region


@pytest.mark.parametrize("kind", DATA_KINDS)
def test_a_playstation_disc_is_identified_in_sectors_of_any_kind(kind: TrackKind, make_image: MakeImage) -> None:
    assert facts(data_cd(ps1(make_image), kind)) == (System.PS1, "SLUS-00005", "US")
    assert facts(data_cd(ps2(make_image), kind)) == (System.PS2, "SLES-50001", "EU")


@pytest.mark.parametrize(
    ("data", "system", "serial", "region"),
    [
        (other_discs.saturn(), System.SATURN, "T-12345G", "JP"),
        (other_discs.mega_cd(), System.MEGA_CD, "MK-4407-00", "US"),
        (other_discs.dreamcast(), System.DREAMCAST, "MK-51052", "EU"),
        (other_discs.three_do(), System.THREE_DO, "", ""),
        (other_discs.placed((0, b"PC-FX:Hu_CD-ROM ")), System.PC_FX, "", ""),
        (other_discs.placed((0x8000, b"\1CD-I \1")), System.CD_I, "", ""),
    ],
    ids=["saturn", "mega cd", "dreamcast", "3do", "pc-fx", "cd-i"],
)
@pytest.mark.parametrize("kind", [K.MODE1_RAW, K.MODE2_RAW, K.MODE1_2048])
def test_a_console_is_identified_by_its_mark(
    data: bytes, system: System, serial: str, region: str, kind: TrackKind
) -> None:
    assert facts(data_cd(data, kind)) == (system, serial, region)


def test_a_neo_geo_cd_is_identified_by_its_list_of_files(make_image: MakeImage) -> None:
    image = make_image({"IPL.TXT": b"TITLE.PRG,0,0\r\n"})
    assert facts(data_cd(image, K.MODE1_RAW))[0] is System.NEO_GEO_CD


@pytest.mark.slow
def test_a_disc_that_begins_with_a_warning_in_sound_is_identified_by_its_second_track() -> None:
    data = raw_sectors(other_discs.pc_engine(), mode_1, 3365, gap=225)
    image = memory_cd(
        (K.AUDIO, sound(40), 0, 0), (K.MODE1_RAW, data, 225, 3365), (K.AUDIO, sound(9), 0, 3405), name="Star.cue"
    )
    found = identify_image(image)
    assert (found.system, found.title, found.found) == (System.PC_ENGINE_CD, "STAR PARADER", Found.INSIDE)


def test_a_data_track_after_ten_minutes_of_sound_is_no_gd_rom() -> None:
    first = raw_sectors(other_discs.pc_engine(), mode_1, 3000)
    copy = raw_sectors(bytes(40 * SECTOR), mode_1, 200_000)
    image = memory_cd((K.AUDIO, sound(3), 0, 0), (K.MODE1_RAW, first, 0, 3000), (K.MODE1_RAW, copy, 0, 200_000))
    assert not image.is_gd_rom
    assert identify_image(image).system is System.PC_ENGINE_CD


def test_the_game_of_a_gd_rom_is_in_its_third_track(make_image: MakeImage) -> None:
    browser = make_image({"README.TXT": b"for a computer"})
    image = memory_cd(
        (K.MODE1_RAW, raw_sectors(browser, mode_1), 0, 0),
        (K.AUDIO, sound(4), 0, 600),
        (K.MODE1_RAW, raw_sectors(other_discs.dreamcast(), mode_1, 45_000), 0, 45_000),
        name="Sky.gdi",
    )
    assert image.is_gd_rom
    assert facts(image) == (System.DREAMCAST, "MK-51052", "EU")


def test_a_gd_rom_without_a_readable_game_is_a_dreamcast_disc_all_the_same() -> None:
    image = memory_cd(
        (K.MODE1_RAW, raw_sectors(bytes(20 * SECTOR), mode_1), 0, 0),
        (K.AUDIO, sound(4), 0, 600),
        (K.MODE1_RAW, raw_sectors(bytes(20 * SECTOR), mode_1, 45_000), 0, 45_000),
        name="Sky Runner (Europe).gdi",
    )
    found = identify_image(image)
    assert (found.system, found.title, found.region) == (System.DREAMCAST, "Sky Runner", "EU")


@pytest.mark.slow
def test_a_game_in_the_second_session_is_found_after_sound_or_data() -> None:
    game = raw_sectors(other_discs.dreamcast(), form_1, 11_702)
    for first in ((K.AUDIO, sound(302), 0, 0), (K.MODE2_RAW, raw_sectors(bytes(20 * SECTOR)), 0, 0)):
        assert facts(memory_cd(first, (K.MODE2_RAW, game, 0, 11_702)))[:2] == (System.DREAMCAST, "MK-51052")


def addressed(image: bytes, first: int) -> bytes:
    """Return an ISO image whose directories count sectors from the start of the disc, as in a second session."""
    moved = bytearray(image)

    def move(at: int) -> None:
        sector = int.from_bytes(moved[at : at + 4], "little") + first
        moved[at : at + 8] = sector.to_bytes(4, "little") + sector.to_bytes(4, "big")

    root = int.from_bytes(image[16 * SECTOR + 158 : 16 * SECTOR + 162], "little") * SECTOR
    move(16 * SECTOR + 158)
    at = root
    while moved[at]:
        move(at + 2)
        at += moved[at]
    return bytes(moved)


@pytest.mark.parametrize("first", [3, 300, 50_000])
@pytest.mark.parametrize("is_of_disc", [False, True], ids=["of the track", "of the disc"])
def test_files_are_found_by_addresses_of_the_track_and_of_the_disc(
    first: int, is_of_disc: bool, make_image: MakeImage
) -> None:
    image = addressed(ps1(make_image), first) if is_of_disc else ps1(make_image)
    data = raw_sectors(image, form_1, first)
    found = facts(memory_cd((K.AUDIO, sound(2), 0, 0), (K.MODE2_RAW, data, 0, first)))
    assert found == (System.PS1, "SLUS-00005", "US")


def test_a_disc_of_sound_alone_is_an_audio_cd() -> None:
    found = identify_image(memory_cd((K.AUDIO, sound(3), 0, 0), (K.AUDIO, sound(4), 2, 5), name="Songs (Japan).cue"))
    assert found == DiscInfo(
        System.AUDIO_CD, title="Songs", region="JP", tags=("(Japan)",), found=Found.INSIDE, has_disc=True
    )
    assert not found.has_player


def test_a_data_track_without_a_disc_has_none() -> None:
    found = identify_image(data_cd(bytes(30 * SECTOR), name="Nothing.cue"))
    assert (found.has_disc, found.system, found.title) == (False, System.UNKNOWN, "Nothing")


def test_the_number_of_a_disc_is_that_of_its_name(make_image: MakeImage) -> None:
    found = identify_image(data_cd(ps1(make_image), name="Long Saga (USA) (Disc 2).cue"))
    assert (found.disc_number, found.title) == (2, "Long Saga")


class Unpacked(MemorySource):
    """Bytes that are unpacked in order."""

    is_sequential = True


class FarCd(MemoryCd):
    """A disc in a compressed archive with a long first track of sound; no byte of that may be asked for."""

    lead = REACH_BYTES // 2352 * 2352

    def __init__(self, tail: bytes, kind: TrackKind, first: int, number: int = 2) -> None:
        sectors = len(tail) // kind.sector_bytes
        tracks = [
            Track(1, K.AUDIO, 0, self.lead // 2352),
            Track(number, kind, self.lead, sectors, first_sector=first),
        ]
        super().__init__(Unpacked(Path("Far (Europe).cue"), tail), tracks)


def test_nothing_far_into_an_archive_is_unpacked() -> None:
    tail = b"".join(raw_sectors(other_discs.pc_engine(), mode_1))
    found = identify_image(FarCd(tail, K.MODE1_RAW, 3000))
    assert (found.system, found.title, found.region) == (System.UNKNOWN, "Far", "EU")
    found = identify_image(FarCd(tail, K.MODE1_RAW, 45_000, number=3))
    assert (found.system, found.title, found.region) == (System.DREAMCAST, "Far", "EU")


@pytest.mark.slow
@settings(max_examples=50)
@given(data=st.data())
def test_no_content_makes_it_fail(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(DATA_KINDS))
    content = bytearray(other_discs.saturn())
    descriptor = b"\1CD001\1" + b"PLAYSTATION".ljust(33) + data.draw(st.binary(min_size=140, max_size=200))
    content[16 * SECTOR : 16 * SECTOR + len(descriptor)] = descriptor
    if data.draw(st.booleans()):
        content[:16] = bytes(16)
    stored = stored_sectors(bytes(content), kind)
    first = data.draw(st.sampled_from([0, 17, 45_000]))
    identify_image(memory_cd((K.AUDIO, sound(1), 0, 0), (kind, stored, 0, first)))

"""What a name promises and the bytes do not hold: a damaged header, unless the file is only misnamed."""

import struct
from pathlib import Path

import foreign_images as foreign
import pytest
import sample_images
from broken_images import disc, pack
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.errors import DamagedImageError, DiscpressError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.known_disc import find_disc, has_udf
from discpress.engine.images.open import open_image, open_source
from discpress.engine.images.packed import PACKED as OF_OTHER_PROGRAMS
from discpress.engine.images.recognise import promised_format, recognise
from discpress.engine.images.registry import detect, spec_of
from discpress.engine.images.source import MemorySource
from discpress.engine.images.spec import SNIFF_BYTES
from discpress.engine.systems import MARKS, System

SECTOR = 2048
SOUND: dict[str, bytes] = {
    "game.zso": (sample_images.GOLDEN / "ps2.maxcso-2048.zso").read_bytes(),
    "game.ziso": (sample_images.GOLDEN / "ps2.ziso-py-c1.zso").read_bytes(),
    "game.cso": (sample_images.GOLDEN / "ps2.maxcso-2048.v1.cso").read_bytes(),
    "two.cso": (sample_images.GOLDEN / "ps2.maxcso-2048.v2.cso").read_bytes(),
    "game.ciso": (sample_images.GOLDEN / "ps2.ciso-9.cso").read_bytes(),
    "cube.ciso": foreign.gamecube_ciso(foreign.nintendo_disc("gamecube")),
    "game.dax": (sample_images.GOLDEN / "ps2.maxcso.dax").read_bytes(),
    "game.jso": foreign.jso(),
    "game.chd": (sample_images.GOLDEN / "ps2.chdman-zlib.chd").read_bytes(),
    "game.wbfs": foreign.wbfs(foreign.nintendo_disc()),
    "game.wia": foreign.wia(foreign.nintendo_disc()),
    "game.rvz": foreign.wia(foreign.nintendo_disc("gamecube"), 1, magic=b"RVZ\x01"),
    "game.gcz": foreign.gcz(foreign.nintendo_disc("gamecube")),
    "EBOOT.PBP": foreign.pbp({"TITLE": "Old Glory", "DISC_ID": "SLES01234"}),
    "game.zip": b"PK\x03\x04" + bytes(3000),
    "game.7z": b"7z\xbc\xaf\x27\x1c" + bytes(3000),
    "game.cue": foreign.cue("game.bin"),
    "game.gdi": foreign.gdi((0, 4, "track01.bin"), (756, 0, "track02.raw"), (45000, 4, "track03.bin")),
    "game.ccd": foreign.CCD,
    "game.mds": foreign.MDS,
}
"""A sound file of each format that a name can promise, or the beginning of one."""
WITH_MAGIC = sorted(SOUND.keys() - {"game.cue", "game.gdi"})
PACKED = ["game.zso", "game.cso", "two.cso", "game.dax", "game.chd"]
every_name = pytest.mark.parametrize("name", sorted(SOUND))
every_magic = pytest.mark.parametrize("name", WITH_MAGIC)


def recognised(name: str, data: bytes) -> ImageFormat:
    return recognise(MemorySource(Path(name), data))


def with_byte(data: bytes, offset: int, value: int) -> bytes:
    return data[:offset] + bytes([value]) + data[offset + 1 :]


def magic_bytes(name: str) -> bytes:
    promised = promised_format(Path(name))
    assert promised is not None
    return spec_of(promised).magic


def test_every_format_with_a_header_is_promised_by_some_name() -> None:
    """RAW_CD and ISO have no suffix of their own, a part is told by its content alone."""
    plain = {ImageFormat.ISO, ImageFormat.RAW_CD, ImageFormat.PART, ImageFormat.GAMECUBE_CISO, ImageFormat.TGC}
    assert {promised_format(Path(name)) for name in SOUND} == set(ImageFormat) - plain - OF_OTHER_PROGRAMS.keys()


@every_name
def test_a_sound_file_is_what_its_name_promises(name: str) -> None:
    wanted = ImageFormat.GAMECUBE_CISO if name == "cube.ciso" else promised_format(Path(name))
    assert recognised(name, SOUND[name]) is wanted


@every_magic
def test_a_broken_first_byte_is_a_damaged_header_that_says_what_is_there(name: str) -> None:
    magic = magic_bytes(name)
    with pytest.raises(DamagedImageError) as caught:
        recognised(name, with_byte(SOUND[name], 0, 0xAA))
    there = with_byte(magic, 0, 0xAA).hex(" ")
    assert str(caught.value).startswith(f"{name}: damaged header: expected {magic.hex(' ')} (")
    assert str(caught.value).endswith(f"), got {there}")
    assert f"give it a name without {Path(name).suffix}" in caught.value.hint


@pytest.mark.slow
@given(name=st.sampled_from(WITH_MAGIC), data=st.data())
@settings(deadline=None, max_examples=400)
def test_any_other_byte_in_a_magic_is_damage(name: str, data: st.DataObject) -> None:
    magic = magic_bytes(name)
    offset = data.draw(st.integers(0, len(magic) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda each: each != magic[offset]))
    with pytest.raises(DamagedImageError, match="damaged header"):
        recognised(name, with_byte(SOUND[name], offset, value))


@pytest.mark.parametrize(("name", "first"), [("game.zso", b"C"), ("game.zso", b"J"), ("game.cso", b"J")])
def test_a_first_byte_that_makes_another_format_of_it_is_damage(name: str, first: bytes) -> None:
    with pytest.raises(DamagedImageError, match="as the file is named, got the first byte of"):
        recognised(name, first + SOUND[name][1:])


def test_a_jso_that_begins_like_a_cso_of_the_gamecube_is_damage() -> None:
    with pytest.raises(DamagedImageError, match="got the first byte of GameCube/Wii CISO and no"):
        recognised("game.jso", b"C" + SOUND["game.jso"][1:])


def test_a_cso_of_the_gamecube_is_one_under_the_name_of_a_zso() -> None:
    assert recognised("game.zso", SOUND["cube.ciso"]) is ImageFormat.GAMECUBE_CISO


def test_a_cso_that_begins_like_a_zso_is_damage() -> None:
    with pytest.raises(DamagedImageError, match="got the first byte of ZSO and no ZSO after it"):
        recognised("game.cso", b"Z" + SOUND["game.cso"][1:])


@pytest.mark.parametrize(("name", "data"), [("a.cso", "game.zso"), ("a.zso", "game.cso"), ("a.zso", "game.jso")])
def test_a_sound_image_of_the_other_kind_is_only_misnamed(name: str, data: str) -> None:
    assert recognised(name, SOUND[data]) is promised_format(Path(data))


def test_a_misnamed_image_with_one_bad_block_is_still_what_it_is() -> None:
    data = pack(disc())
    start = int.from_bytes(data[24 + 4 * 16 : 28 + 4 * 16], "little")
    data[start : start + 8] = b"\xff" * 8
    assert recognised("game.cso", bytes(data)) is ImageFormat.ZSO


@every_magic
def test_a_file_shorter_than_its_magic_is_a_damaged_header(name: str) -> None:
    magic = magic_bytes(name)
    for length in range(1, len(magic)):
        with pytest.raises(DamagedImageError, match="the whole file"):
            recognised(name, magic[:length])


@pytest.mark.parametrize("name", PACKED)
def test_a_file_that_ends_within_its_header_is_damaged(name: str) -> None:
    for length in range(len(magic_bytes(name)), 24):
        with pytest.raises(DamagedImageError, match="ends inside its"):
            open_source(MemorySource(Path(name), SOUND[name][:length]))


@pytest.mark.parametrize("name", [*sorted(SOUND), "game.iso", "game.bin", "game"])
def test_an_empty_file_is_damaged_whatever_it_is_called(name: str) -> None:
    with pytest.raises(DamagedImageError, match="the file is empty"):
        recognised(name, b"")


@every_name
def test_zeros_are_a_damaged_header(name: str) -> None:
    with pytest.raises(DamagedImageError, match="damaged header"):
        recognised(name, bytes(100_000))


@every_name
def test_a_disc_under_such_a_name_is_a_plain_image(name: str) -> None:
    assert recognised(name, disc()) is ImageFormat.ISO


@pytest.mark.parametrize("name", ["game.iso", "game.IMG", "game.bin", "game", "notes.txt", "game.zso.bak"])
def test_other_names_promise_nothing(name: str) -> None:
    assert recognised(name, bytes(100_000)) is ImageFormat.ISO


@pytest.mark.parametrize("name", ["GAME.ZSO", "[/b] Okami [t-en by X].Zso", "SLUS_123.45.Game.zso"])
def test_a_suffix_counts_in_any_case_and_after_any_name(name: str) -> None:
    with pytest.raises(DamagedImageError, match="damaged header"):
        recognised(name, bytes(5000))


@pytest.mark.parametrize("name", ["game.iso", "game.img", "game.chd"])
def test_an_image_of_another_format_is_only_misnamed(name: str) -> None:
    assert recognised(name, SOUND["game.zso"]) is ImageFormat.ZSO


@pytest.mark.parametrize(
    "data",
    [b"abc", b"XILE" + foreign.cue("g.bin")[4:], b'FILE "g.bin" BINARY\r\n', b"TRACK 01 AUDIO\r\n", b"\0" * 100],
)
def test_a_cue_that_names_no_file_or_no_track_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedImageError, match="expected a CUE sheet"):
        recognised("game.cue", data)


@pytest.mark.parametrize("data", [b"abc", b"3\r\n1 0 4 track.bin 0\r\n", b"0\n1 0 4 2352 a.bin 0\n", b"\0" * 100])
def test_a_gdi_without_a_number_of_tracks_or_a_track_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedImageError, match="expected a GDI sheet"):
        recognised("game.gdi", data)


@pytest.mark.parametrize("name", ["game.gdi", "game.ccd"])
def test_a_sheet_is_told_by_its_content_under_any_name(name: str) -> None:
    assert recognised("sheet.bin", SOUND[name]) is promised_format(Path(name))


def test_a_cue_of_music_is_no_damage() -> None:
    assert recognised("album.cue", foreign.cue("1.wav", kind="WAVE", track="AUDIO")) is ImageFormat.ISO


def test_a_cue_of_a_raw_audio_cd_is_a_disc() -> None:
    assert recognised("album.cue", foreign.cue("1.bin", track="AUDIO")) is ImageFormat.CUE


@pytest.mark.parametrize("head", [b"PK\x07\x08PK\x03\x04", b"PK00PK\x03\x04"])
def test_a_zip_in_parts_is_a_zip(head: bytes) -> None:
    assert recognised("game.zip", head + bytes(100)) is ImageFormat.ZIP


def test_an_archive_is_told_to_be_joined_first() -> None:
    with pytest.raises(DamagedImageError) as caught:
        recognised("game.zip", b"the middle of an archive")
    assert "join them first" in caught.value.hint


# Every byte of a header: never an exception of Python's, and what cannot be opened is damage to the doctor as well.


@pytest.mark.slow
@given(name=st.sampled_from(PACKED), offset=st.integers(0, 127), value=st.integers(0, 255))
@settings(deadline=None, max_examples=400)
def test_what_cannot_be_opened_is_damage_to_the_doctor(
    tmp_path_factory: pytest.TempPathFactory, name: str, offset: int, value: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes" / name
    sample_images.write_image(path, with_byte(SOUND[name], offset, value))
    try:
        open_image(path).close()
        is_damaged = False
    except DiscpressError as error:
        is_damaged = isinstance(error, DamagedImageError)
        assert str(error).startswith(f"{path}: ")
    found = [finding for finding in examine(path) if finding.is_damage]
    assert found or not is_damaged


# Discs that are known by their first sectors.


def known(data: bytes) -> System | None:
    return find_disc(lambda offset, length: data[offset : offset + length])


def at(offset: int, mark: bytes) -> bytes:
    return bytes(offset) + mark + bytes(40 * SECTOR)


DISCS = {
    System.ISO9660: at(16 * SECTOR, b"\x01CD001"),
    System.UDF: at(16 * SECTOR, b"\0BEA01".ljust(SECTOR, b"\0") + b"\0NSR02"),
    System.GAMECUBE: foreign.nintendo_disc("gamecube"),
    System.WII: foreign.nintendo_disc("wii"),
    System.SATURN: at(0, b"SEGA SEGASATURN "),
    System.DREAMCAST: at(0, b"SEGA SEGAKATANA "),
    System.MEGA_CD: at(0, b"SEGADISCSYSTEM  "),
    System.PC_ENGINE_CD: at(SECTOR + 0x20, b"PC Engine CD-ROM SYSTEM"),
    System.PC_FX: at(0, b"PC-FX:Hu_CD-ROM "),
    System.THREE_DO: at(0, b"\x01ZZZZZ\x01"),
    System.CD_I: at(16 * SECTOR, b"\x01CD-I "),
    System.XBOX: at(32 * SECTOR, b"MICROSOFT*XBOX*MEDIA"),
}
"""Of every system with a mark, and of the file systems, the least that identifies a disc."""


@pytest.mark.parametrize(
    ("sectors", "expected"),
    [
        ([b"\x01CD001", b"\xffCD001", b"\0BEA01", b"\0NSR02", b"\0TEA01"], True),
        ([b"\x01CD001", b"\x02CD001", b"\xffCD001", b"\0BEA01", b"\0NSR03", b"\0TEA01"], True),
        ([b"\0BEA01", b"\0NSR02"], True),
        ([b"\x01CD001", b"\xffCD001", b"\0\0\0\0\0\0", b"\0NSR02"], False),
        ([b"\x01CD001", b"\xffCD001", b"\0BEA01", b"\0TEA01"], False),
        ([], False),
    ],
)
def test_a_udf_volume_is_found_next_to_iso_9660(sectors: list[bytes], expected: bool) -> None:
    data = bytes(16 * SECTOR) + b"".join(each.ljust(SECTOR, b"\0") for each in sectors)
    assert has_udf(lambda offset, length: data[offset : offset + length]) is expected


def test_every_system_with_a_mark_has_a_disc_here() -> None:
    assert {system for system, _ in MARKS} | {System.ISO9660, System.UDF} == DISCS.keys()


@pytest.mark.parametrize("kind", DISCS)
def test_a_disc_is_known_by_its_mark(kind: System) -> None:
    assert known(DISCS[kind]) is kind


def test_a_primary_descriptor_counts_after_another_one() -> None:
    boot = b"\0CD001".ljust(SECTOR, b"\0")
    assert known(at(16 * SECTOR, boot + b"\x01CD001")) is System.ISO9660


def test_a_terminator_alone_is_no_disc() -> None:
    assert known(at(16 * SECTOR, b"\xffCD001")) is None


@pytest.mark.parametrize("data", [b"", b"\0", bytes(200_000), b"some text\n" * 20_000, at(15 * SECTOR, b"\x01CD001")])
def test_anything_else_is_no_disc(data: bytes) -> None:
    assert known(data) is None


@pytest.mark.parametrize("kind", DISCS)
@pytest.mark.parametrize("name", ["game.cso", "game.rvz"])
def test_every_known_disc_is_a_plain_image_under_any_name(kind: System, name: str) -> None:
    assert recognised(name, DISCS[kind]) is ImageFormat.ISO


@pytest.mark.slow
@given(head=st.binary(max_size=64), at_16=st.binary(max_size=64), name=st.sampled_from(sorted(SOUND)))
@settings(deadline=None, max_examples=200)
def test_any_bytes_under_any_name_are_recognised_or_damaged(head: bytes, at_16: bytes, name: str) -> None:
    data = head.ljust(16 * SECTOR, b"\0") + at_16
    try:
        found = recognised(name, data)
    except DamagedImageError as error:
        assert str(error).startswith(name)
    else:
        assert found is detect(data[:SNIFF_BYTES], len(data)).name


def test_a_jso_is_believed_only_with_a_block_size_that_can_be() -> None:
    data = b"JISO" + struct.pack("<BBHBBBBI", 1, 0, 3000, 0, 0, 0, 0, 700_416) + bytes(2048)
    with pytest.raises(DamagedImageError, match="got the first byte of JSO"):
        recognised("game.zso", data)

"""What a file is, told by its content alone."""

import struct
from pathlib import Path

import pytest
import sample_images

from discpress.engine.errors import DamagedImageError, UnsupportedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.nintendo.header import PACKED_DISCS
from discpress.engine.images.open import open_image
from discpress.engine.images.packed import PACKED
from discpress.engine.images.recognise import ARCHIVE_FORMATS
from discpress.engine.images.recognised import PART_MAGIC, RAW_SYNC
from discpress.engine.images.registry import FORMATS, detect, spec_of
from discpress.engine.images.spec import SNIFF_BYTES

GAMECUBE_HEADER_BYTES = 0x8000
GAMECUBE_BLOCK = 0x200000


def gamecube(used_blocks: bytes) -> bytes:
    """Return the header of a GameCube CISO: block size and a map of one byte a block."""
    return (b"CISO" + struct.pack("<I", GAMECUBE_BLOCK) + used_blocks).ljust(GAMECUBE_HEADER_BYTES, b"\0")


def psp_cso(header_size: int = 0x18, block_size: int = 2048, version: int = 1) -> bytes:
    """Return the header of a PSP CSO of a 700,416-byte disc, and the start of its index."""
    head = struct.pack("<4sIQIBB2x", b"CISO", header_size, 700_416, block_size, version, 0)
    return (head + struct.pack("<3I", 0x58C, 0x5A1, 0x80000612)).ljust(SNIFF_BYTES, b"\x37")


def raw_cd(sector_size: int, sectors: int = 4) -> bytes:
    """Return a raw CD dump: sync pattern, address, mode, data, error correction."""
    return b"".join(RAW_SYNC + bytes([0, 2, number, 1]) + b"d" * (sector_size - 16) for number in range(sectors))


FOREIGN_FILES = {
    ImageFormat.JSO: b"JISO" + bytes(60),
    ImageFormat.GAMECUBE_CISO: gamecube(b"\1" * 400),
    ImageFormat.WBFS: b"WBFS" + struct.pack(">IBB", 1000, 9, 21) + bytes(502),
    ImageFormat.WIA: b"WIA\x01" + bytes(0x44),
    ImageFormat.RVZ: b"RVZ\x01" + bytes(0x44),
    ImageFormat.GCZ: struct.pack("<II", 0xB10BC001, 0) + bytes(24),
    ImageFormat.PBP: b"\0PBP" + bytes(36),
    ImageFormat.ZIP: b"PK\x03\x04" + bytes(26),
    ImageFormat.SEVEN_ZIP: b"7z\xbc\xaf\x27\x1c" + bytes(26),
    ImageFormat.PART: PART_MAGIC + b'{"job": "1"}\n',
}
every_foreign = pytest.mark.parametrize("image_format", FOREIGN_FILES, ids=str)


def sniffed(data: bytes) -> ImageFormat:
    return detect(data[:SNIFF_BYTES], len(data)).name


def test_every_foreign_format_has_its_file_here() -> None:
    not_read = {spec.name for spec in FORMATS if not spec.is_read}
    assert not_read | PACKED_DISCS - {ImageFormat.TGC} == FOREIGN_FILES.keys() | PACKED.keys()


@every_foreign
def test_a_foreign_format_is_recognised(image_format: ImageFormat) -> None:
    assert image_format is sniffed(FOREIGN_FILES[image_format])


@pytest.mark.parametrize("image_format", sorted(FOREIGN_FILES.keys() - ARCHIVE_FORMATS - PACKED_DISCS), ids=str)
def test_a_foreign_format_is_refused_by_name_and_reason(image_format: ImageFormat, tmp_path: Path) -> None:
    path = sample_images.write_image(tmp_path / "game.iso", FOREIGN_FILES[image_format])
    foreign = spec_of(image_format)
    with pytest.raises(UnsupportedImageError) as caught:
        open_image(path)
    assert str(caught.value) == f"{path}: {foreign.label} cannot be read: {foreign.advice}"


@pytest.mark.parametrize("image_format", sorted(FOREIGN_FILES.keys() & PACKED_DISCS), ids=str)
def test_the_head_of_a_packed_disc_alone_is_damage(image_format: ImageFormat, tmp_path: Path) -> None:
    with pytest.raises(DamagedImageError, match=r"damaged header|cut short"):
        open_image(sample_images.write_image(tmp_path / "game.iso", FOREIGN_FILES[image_format]))


@pytest.mark.parametrize("image_format", sorted(ARCHIVE_FORMATS), ids=str)
def test_the_head_of_an_archive_alone_is_damage(image_format: ImageFormat, tmp_path: Path) -> None:
    path = sample_images.write_image(tmp_path / "game.iso", FOREIGN_FILES[image_format])
    with pytest.raises(DamagedImageError, match="this archive cannot be read"):
        open_image(path)


@pytest.mark.parametrize("path", sorted(sample_images.GOLDEN.glob("*.chd")), ids=lambda path: path.name)
def test_the_chd_of_chdman_is_recognised(path: Path) -> None:
    assert ImageFormat.CHD is sniffed(path.read_bytes())


@pytest.mark.parametrize(
    ("suffix", "image_format"),
    [("iso", ImageFormat.ISO), ("zso", ImageFormat.ZSO), ("cso", ImageFormat.CSO), ("dax", ImageFormat.DAX)],
)
def test_golden_images_are_what_their_suffix_says(suffix: str, image_format: ImageFormat) -> None:
    found = {sniffed(path.read_bytes()) for path in sample_images.GOLDEN.glob(f"*.{suffix}")}
    assert found == {image_format}


def test_an_empty_zip_is_a_zip() -> None:
    assert sniffed(b"PK\x05\x06" + bytes(18)) is ImageFormat.ZIP


@pytest.mark.parametrize("header_size", [0, 0x18, 0x20, 0x8000, 0x200000, 0xDEADBEEF])
@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_psp_cso_is_one_whatever_its_header_size_says(header_size: int, version: int) -> None:
    assert sniffed(psp_cso(header_size, version=version)) is ImageFormat.CSO


@pytest.mark.parametrize("block_size", [2048, 16384, 1 << 20])
def test_a_psp_cso_may_have_any_block_size(block_size: int) -> None:
    assert sniffed(psp_cso(0x1234, block_size)) is ImageFormat.CSO


@pytest.mark.parametrize("used_blocks", [b"\1" * 700, b"\0" * 700, b"\1\0" * 350, b"\0" * 10 + b"\1", b"\0\0\1" * 200])
def test_a_gamecube_ciso_is_one_whatever_blocks_it_uses(used_blocks: bytes) -> None:
    """Bytes 16 to 19 of its map may read as a block size of 65536."""
    assert sniffed(gamecube(used_blocks)) is ImageFormat.GAMECUBE_CISO


def test_a_map_that_reads_as_a_block_size_is_still_a_map() -> None:
    used = bytearray(400)
    used[10] = 1  # byte 18 of the file: 0x00010000
    assert sniffed(gamecube(bytes(used))) is ImageFormat.GAMECUBE_CISO


@pytest.mark.parametrize("sector_size", [2352, 2448])
def test_a_raw_cd_dump_is_recognised(sector_size: int) -> None:
    assert sniffed(raw_cd(sector_size)) is ImageFormat.RAW_CD


def test_a_sync_pattern_in_a_file_of_another_length_is_data() -> None:
    assert sniffed(raw_cd(2352) + b"\0") is ImageFormat.ISO


def test_a_length_of_raw_sectors_without_sync_pattern_is_data() -> None:
    assert sniffed(bytes(2352 * 4)) is ImageFormat.ISO


@pytest.mark.parametrize("magic", [b"ZISO", b"CISO", b"DAX\0", b"MComprHD", b"PK\x03\x04", PART_MAGIC])
def test_a_magic_behind_the_first_byte_is_data(magic: bytes) -> None:
    assert sniffed(b"\0" + magic + bytes(100)) is ImageFormat.ISO


@pytest.mark.parametrize("data", [b"", b"Z", b"ZIS", b"MCompr", b"DAX", PART_MAGIC[:-1], b"\0" * 12])
def test_a_part_of_a_magic_is_data(data: bytes) -> None:
    assert sniffed(data) is ImageFormat.ISO


@pytest.mark.parametrize("name", ["game.bin", "game.zso.bak", "game", "game.iso.txt"])
def test_a_name_that_promises_no_format_is_never_asked(name: str, tmp_path: Path) -> None:
    path = sample_images.write_image(tmp_path / name, sample_images.mixed(4096))
    with open_image(path) as image:
        assert image.format is ImageFormat.ISO


@pytest.mark.parametrize("name", ["psp.maxcso-2048.v1.cso", "tail.ziso-py-shift2.zso", "ps2.maxcso.dax"])
def test_a_packed_image_under_the_name_of_an_iso_is_packed(name: str, tmp_path: Path) -> None:
    data = (sample_images.GOLDEN / name).read_bytes()
    path = sample_images.write_image(tmp_path / "game.iso", data)
    iso = sample_images.GOLDEN / f"{name.split('.', maxsplit=1)[0]}.iso"
    assert iso.read_bytes() == sample_images.read_back(path)

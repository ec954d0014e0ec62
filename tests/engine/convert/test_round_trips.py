"""Everything that is written decodes to what was read: any size, block, shift, level and format; and on a PS2 too."""

import struct
import tempfile
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import lz4.block
import pytest
import sample_images
from hypothesis import example, given, settings
from hypothesis import strategies as st
from loader_models import LoaderError, opl_decode

from discpress.engine.convert.plan import plan_conversion
from discpress.engine.errors import DamagedImageError
from discpress.engine.formats import MAX_BLOCK_SIZE, ImageFormat
from discpress.engine.request import ConversionRequest

GOLDEN = sample_images.GOLDEN
SECTOR = 2048
ZSO, CSO, CHD, ISO = ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD, ImageFormat.ISO
BLOCK_SIZES = [SECTOR << step for step in range(10)]
SHIFTS = range(12)
LEVELS = range(13)
KINDS = {
    "text": sample_images.compressible,
    "noise": sample_images.incompressible,
    "mixed": sample_images.mixed,
    "zeros": lambda size, seed: bytes(size),
}
EDGES = [1, 2, SECTOR - 1, SECTOR, SECTOR + 1, 2 * SECTOR, 17 * SECTOR, 17 * SECTOR + 1]


def sizes_around(block_size: int) -> list[int]:
    """Sizes where the last block is nearly empty, nearly full and full, and one sector more than a block."""
    return [block_size - 1, block_size, block_size + 1, block_size + SECTOR, 2 * block_size - SECTOR, 3 * block_size]


def round_trip(
    data: bytes, image_format: ImageFormat, block_size: int = SECTOR, *, level: int = 1, alignment: int | None = None
) -> bytes:
    """Return what comes back from a packed file by the engine's reader."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "game")
        sample_images.pack(path, data, image_format, block_size, level=level, alignment=alignment)
        return sample_images.read_back(path)


# Sizes, blocks, shifts, levels.


@pytest.mark.slow
@given(
    size=st.sampled_from(EDGES) | st.integers(1, 40 * SECTOR),
    kind=st.sampled_from(sorted(KINDS)),
    seed=st.integers(0, 99),
    image_format=st.sampled_from([ZSO, CSO]),
    shift=st.sampled_from(SHIFTS),
    level=st.sampled_from(LEVELS),
)
@settings(deadline=None, max_examples=120)
def test_any_image_comes_back_from_blocks_of_a_sector(
    size: int, kind: str, seed: int, image_format: ImageFormat, shift: int, level: int
) -> None:
    data = KINDS[kind](size, seed)
    assert data == round_trip(data, image_format, level=level, alignment=1 << shift)


@pytest.mark.slow
@given(
    block_size=st.sampled_from(BLOCK_SIZES),
    draw=st.data(),
    kind=st.sampled_from(sorted(KINDS)),
    image_format=st.sampled_from([ZSO, CSO]),
    shift=st.sampled_from(SHIFTS),
    level=st.sampled_from([0, 1, 3, 9]),
)
@settings(deadline=None, max_examples=80)
def test_any_image_comes_back_from_blocks_of_any_size(
    block_size: int, draw: st.DataObject, kind: str, image_format: ImageFormat, shift: int, level: int
) -> None:
    size = draw.draw(st.sampled_from(sizes_around(block_size)) | st.integers(1, 3 * block_size))
    data = KINDS[kind](size, 0)
    assert data == round_trip(data, image_format, block_size, level=level, alignment=1 << shift)


@pytest.mark.parametrize("image_format", [ZSO, CSO, CHD])
@pytest.mark.parametrize("size", EDGES)
def test_an_image_of_a_telling_size_comes_back(size: int, image_format: ImageFormat) -> None:
    data = sample_images.mixed(size, 1)
    assert data == round_trip(data, image_format)


@pytest.mark.parametrize("image_format", [ZSO, CSO, CHD])
@pytest.mark.parametrize("block_size", BLOCK_SIZES)
def test_an_image_a_sector_longer_than_a_block_comes_back(block_size: int, image_format: ImageFormat) -> None:
    data = sample_images.mixed(block_size + SECTOR)
    assert data == round_trip(data, image_format, block_size)


@pytest.mark.parametrize("image_format", [ZSO, CSO, CHD])
@pytest.mark.parametrize("level", LEVELS)
def test_an_image_comes_back_from_every_level(level: int, image_format: ImageFormat) -> None:
    data = sample_images.mixed(20 * SECTOR)
    assert data == round_trip(data, image_format, level=level)


@pytest.mark.parametrize("image_format", [ZSO, CSO])
@pytest.mark.parametrize("shift", SHIFTS)
def test_an_image_comes_back_from_every_shift(shift: int, image_format: ImageFormat) -> None:
    data = sample_images.mixed(20 * SECTOR)
    assert data == round_trip(data, image_format, alignment=1 << shift)


@pytest.mark.slow
@pytest.mark.parametrize("image_format", [ZSO, CSO, CHD])
def test_an_image_of_several_chunks_comes_back(image_format: ImageFormat) -> None:
    data = sample_images.mixed(3 * MAX_BLOCK_SIZE + 700)
    assert data == round_trip(data, image_format)


def test_an_image_of_no_bytes_is_refused_by_name(tmp_path: Path) -> None:
    path = sample_images.write_image(tmp_path / "Okami.iso", b"")
    with pytest.raises(DamagedImageError, match=r"Okami\.iso: the file is empty"):
        plan_conversion(path, None, None, ConversionRequest())


# Other readers than ours.


def decode_zso(data: bytes) -> bytes:
    """Decode by the letter of docs/formats.md, section 1, for shift 0."""
    total_bytes, block_size = struct.unpack_from("<8xQI", data)
    entries = struct.unpack_from(f"<{-(-total_bytes // block_size) + 1}I", data, 24)
    blocks = []
    for entry, after in pairwise(entries):
        stored = data[entry & 0x7FFFFFFF : after & 0x7FFFFFFF]
        is_plain = entry >> 31
        blocks.append(stored if is_plain else lz4.block.decompress(stored, uncompressed_size=block_size))
        assert len(blocks[-1]) == block_size
    return b"".join(blocks)[:total_bytes]


def decode_cso(data: bytes) -> bytes:
    """Decode as PPSSPP does, for shift 0: inflate must yield exactly a block."""
    total_bytes, block_size = struct.unpack_from("<8xQI", data)
    entries = struct.unpack_from(f"<{-(-total_bytes // block_size) + 1}I", data, 24)
    blocks = []
    for entry, after in pairwise(entries):
        stored = data[entry & 0x7FFFFFFF : after & 0x7FFFFFFF]
        blocks.append(stored if entry >> 31 else zlib.decompress(stored, -15))
        assert len(blocks[-1]) == block_size
    return b"".join(blocks)[:total_bytes]


@pytest.mark.parametrize("block_size", [SECTOR, 16384])
@pytest.mark.parametrize(("image_format", "decode"), [(ZSO, decode_zso), (CSO, decode_cso)])
def test_a_reader_by_the_letter_decodes_it(
    image_format: ImageFormat, decode: Callable[[bytes], bytes], block_size: int, tmp_path: Path
) -> None:
    data = sample_images.mixed(41 * SECTOR + 700)
    path = sample_images.pack(tmp_path / "game", data, image_format, block_size, level=9)
    assert data == decode(path.read_bytes())


# One format to another, in one pass.


def golden_bytes(name: str) -> bytes:
    return (GOLDEN / f"{name.split('.', maxsplit=1)[0]}.iso").read_bytes()


@pytest.mark.parametrize("image_format", [ZSO, CSO, CHD, ISO])
@pytest.mark.parametrize(
    "name",
    [
        "ps2.maxcso-16384.zso",
        "tail.ziso-py-shift2.zso",
        "psp.maxcso-2048.v1.cso",
        "psp.maxcso-2048.v2.cso",
        "psp.maxcso-8192-zlib.v1.cso",
        "psp.maxcso.dax",
        "ps2.chdman-default.chd",
        "psp.chdman-lzma.chd",
        "psp.iso",
    ],
)
def test_any_readable_format_becomes_any_writable_one(name: str, image_format: ImageFormat, tmp_path: Path) -> None:
    sample_images.convert_image(GOLDEN / name, tmp_path / "game", image_format)
    assert golden_bytes(name) == sample_images.read_back(tmp_path / "game")


@pytest.mark.parametrize("image_format", [ZSO, CSO, ISO])
def test_what_was_converted_is_what_was_asked_for(image_format: ImageFormat, tmp_path: Path) -> None:
    sample_images.convert_image(GOLDEN / "psp.maxcso.dax", tmp_path / "game", image_format)
    magic = {ZSO: b"ZISO", CSO: b"CISO", ISO: golden_bytes("psp.iso")[:4]}[image_format]
    assert magic == (tmp_path / "game").read_bytes()[:4]


@pytest.mark.parametrize(("before", "after"), [(16384, 2048), (2048, 65536), (MAX_BLOCK_SIZE, 2048), (4096, 4096)])
def test_blocks_of_another_size(before: int, after: int, tmp_path: Path) -> None:
    """A packed image that is read in pieces smaller or larger than its blocks."""
    data = sample_images.mixed(2 * MAX_BLOCK_SIZE + 3 * SECTOR)
    source = sample_images.pack(tmp_path / "before.zso", data, ZSO, before)
    sample_images.convert_image(source, tmp_path / "after.zso", ZSO, after)
    assert data == sample_images.read_back(tmp_path / "after.zso")


def test_a_zso_made_from_a_zso_is_the_one_made_from_the_iso(tmp_path: Path) -> None:
    sample_images.convert_image(GOLDEN / "ps2.iso", tmp_path / "direct.zso", level=9)
    sample_images.convert_image(GOLDEN / "ps2.maxcso-16384.zso", tmp_path / "again.zso", level=9)
    assert (tmp_path / "direct.zso").read_bytes() == (tmp_path / "again.zso").read_bytes()


@pytest.mark.slow
@given(
    size=st.integers(1, 30 * SECTOR),
    steps=st.lists(
        st.tuples(st.sampled_from([ZSO, CSO, CHD, ISO]), st.sampled_from(BLOCK_SIZES[:6]), st.sampled_from(SHIFTS)),
        min_size=2,
        max_size=4,
    ),
)
@settings(deadline=None, max_examples=40)
def test_an_image_comes_back_from_any_chain(size: int, steps: list[tuple[ImageFormat, int, int]]) -> None:
    data = sample_images.mixed(size, size)
    with tempfile.TemporaryDirectory() as folder:
        path = sample_images.write_image(Path(folder, "0.iso"), data)
        for number, (image_format, block_size, shift) in enumerate(steps, 1):
            made = Path(folder, str(number))
            sample_images.convert_image(path, made, image_format, block_size, alignment=1 << shift)
            path = made
        assert data == sample_images.read_back(path)


# A PS2 with OPL.


@pytest.mark.slow
@given(
    size=st.integers(1, 40 * SECTOR),
    kind=st.sampled_from(sorted(KINDS)),
    shift=st.sampled_from(SHIFTS),
    level=st.sampled_from(LEVELS),
)
@example(size=40 * SECTOR, kind="noise", shift=11, level=9)
@settings(deadline=None, max_examples=100)
def test_a_ps2_reads_every_zso_for_opl(size: int, kind: str, shift: int, level: int) -> None:
    data = KINDS[kind](size, size)
    with tempfile.TemporaryDirectory() as folder:
        source = sample_images.write_image(Path(folder, "game.iso"), data)
        made = Path(folder, "game.zso")
        sample_images.convert_image(source, made, level=level, alignment=1 << shift, target="opl")
        assert data == opl_decode(made.read_bytes())


@pytest.mark.parametrize("level", LEVELS)
def test_a_ps2_reads_a_disc_at_every_level(level: int, tmp_path: Path) -> None:
    sample_images.convert_image(GOLDEN / "tail.iso", tmp_path / "game.zso", level=level, target="opl")
    assert golden_bytes("tail.iso") == opl_decode((tmp_path / "game.zso").read_bytes())


@pytest.mark.parametrize("name", ["ps2.maxcso-16384.zso", "ps2.maxcso-2048.v1.cso", "ps2.maxcso.dax"])
def test_a_ps2_reads_what_was_made_from_other_formats(name: str, tmp_path: Path) -> None:
    sample_images.convert_image(GOLDEN / name, tmp_path / "game.zso", target="opl")
    assert golden_bytes(name) == opl_decode((tmp_path / "game.zso").read_bytes())


def test_a_ps2_does_not_read_blocks_of_16_kib() -> None:
    """The test of the model."""
    with pytest.raises((LoaderError, IndexError)):
        opl_decode((GOLDEN / "ps2.maxcso-16384.zso").read_bytes() + bytes(-231496 % SECTOR))

"""GCZ images, read without nod-rs: any block size, and a checksum of each block."""

import hashlib
from pathlib import Path

import foreign_images as foreign
import nintendo_discs as discs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.errors import DamagedImageError
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.doctor.findings import Severity
from discpress.engine.images.nintendo.gcz import GczImage
from discpress.engine.images.source import MemorySource

CUBE = foreign.nintendo_disc("gamecube")


def opened(data: bytes) -> GczImage:
    return GczImage(MemorySource(Path("a.gcz"), data))


@pytest.mark.parametrize(("name", "block_size"), [("gc.dolphin.gcz", 32768), ("gc.wit.gcz", 16384)])
def test_an_image_of_another_program_decodes_to_the_recorded_digest(name: str, block_size: int) -> None:
    image = opened(discs.golden(name))
    assert (image.block_size, hashlib.sha1(image.read_at(0, image.size)).hexdigest()) == (block_size, discs.DISC_SHA1)


def test_any_place_is_read_alone() -> None:
    image = opened(discs.golden("gc.wit.gcz"))
    whole = image.read_at(0, image.size)
    assert [image.read_at(at, 20_000) for at in (4_190_000, 16_383, 0)] == [
        whole[at : at + 20_000] for at in (4_190_000, 16_383, 0)
    ]


def test_a_flipped_byte_is_found_by_the_checksum_of_its_block() -> None:
    data = bytearray(discs.golden("gc.wit.gcz"))
    data[-1] ^= 1
    with pytest.raises(DamagedImageError, match=r"block 255 .*: its Adler-32 is [0-9a-f]{8}, the file states"):
        opened(bytes(data)).read_at(4_190_000, 16)


@pytest.mark.parametrize("place", [8, 32 + 8 * 200], ids=["bytes of all blocks", "place of one"])
@pytest.mark.parametrize("deep", [False, True])
def test_a_block_at_an_impossible_place_is_found(place: int, deep: bool, tmp_path: Path) -> None:
    path = discs.write_golden(tmp_path, "gc.wit.gcz")
    data = bytearray(path.read_bytes())
    data[place : place + 2] = b"\xff\0"
    path.write_bytes(data)
    found = [each for each in examine(path, deep=deep) if each.level is Severity.ERROR]
    assert "table" in {each.code for each in found}


def test_blocks_are_counted() -> None:
    sums = opened(discs.golden("gc.dolphin.gcz")).sums()
    assert (sums.plain_blocks, sums.packed_bytes) == (0, 50748 - 32 - 12 * 128)


@settings(max_examples=60)
@given(offset=st.integers(0, 32 + 24 - 1), value=st.integers(0, 255))
def test_a_damaged_header_or_table_decodes_or_is_damage(offset: int, value: int) -> None:
    data = bytearray(foreign.gcz(CUBE))
    data[offset] = value
    try:
        image = opened(bytes(data))
        assert len(image.read_at(0, 100_000)) <= 100_000
    except DamagedImageError as error:
        assert str(error).startswith("a.gcz: ")

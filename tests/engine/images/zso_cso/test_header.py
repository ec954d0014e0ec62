"""The 24-byte header and the index: fields, checks, and the least shift."""

import struct
from typing import TypedDict, Unpack

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from discpress.engine.errors import DamagedImageError, SettingError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.zso_cso.header import (
    HEADER_SIZE,
    Header,
    check_header,
    check_reach,
    entry_bytes,
    header_problems,
    least_block_size,
    new_entries,
    parse_header,
    smallest_shift,
)
from discpress.engine.units import GIB, KIB, MIB

ZSO, CSO = ImageFormat.ZSO, ImageFormat.CSO
LAST_OFFSET = 0x7FFFFFFF
BLOCK_SIZES = [2048 << step for step in range(10)]
FILE_BYTES = 100 * KIB


class Fields(TypedDict, total=False):
    format: ImageFormat
    total_bytes: int
    block_size: int
    version: int
    index_shift: int


def header(**fields: Unpack[Fields]) -> Header:
    return Header(ZSO, MIB, 2048, 1, 0)._replace(**fields)


def codes(**fields: Unpack[Fields]) -> list[str]:
    return [problem.code for problem in header_problems(header(**fields), FILE_BYTES)]


def end_of_plain_blocks(total_bytes: int, block_size: int, shift: int) -> int:
    """Return where the last block ends when all are kept plain, by the writer's rules."""
    blocks = (total_bytes + block_size - 1) // block_size
    start = 24 + 4 * (blocks + 1)
    return start + -start % (1 << shift) + blocks * block_size


def least_shift(total_bytes: int, block_size: int) -> int:
    """Return the least shift whose 31-bit end entry reaches it."""
    return next(s for s in range(32) if end_of_plain_blocks(total_bytes, block_size, s) <= LAST_OFFSET << s)


def test_a_header_is_laid_out_as_formats_says() -> None:
    fields = Header(ZSO, 0x1122334455, 0x4000, 1, 2)
    expected = b"ZISO" + bytes.fromhex("18000000 5544332211000000 00400000 01 02 0000")
    assert expected == fields.encode()


@pytest.mark.parametrize("image_format", [ZSO, CSO])
def test_a_written_header_reads_as_itself(image_format: ImageFormat) -> None:
    fields = header(format=image_format, total_bytes=5 * GIB, block_size=16384, index_shift=2)
    assert fields == parse_header(fields.encode(), "game")


@pytest.mark.parametrize("header_size", [0, 0x20, 0xFFFFFFFF])
def test_the_header_size_is_ignored(header_size: int) -> None:
    """No reader honours it: the index is always at 0x18."""
    head = struct.pack("<4sIQIBB2s", b"CISO", header_size, MIB, 2048, 1, 0, b"\xaa\xbb")
    assert header(format=CSO) == parse_header(head, "game")


@pytest.mark.parametrize("length", range(4, HEADER_SIZE))
def test_a_header_cut_short_is_damaged(length: int) -> None:
    with pytest.raises(DamagedImageError, match="game: the file ends inside its 24-byte header"):
        parse_header(header().encode()[:length], "game")


@pytest.mark.parametrize(("total_bytes", "blocks"), [(1, 1), (2047, 1), (2048, 1), (2049, 2), (4096, 2)])
def test_blocks_are_counted_up(total_bytes: int, blocks: int) -> None:
    assert blocks == header(total_bytes=total_bytes).blocks


def test_the_data_begins_behind_one_entry_more_than_blocks() -> None:
    assert header(total_bytes=2049).data_offset == 24 + 4 * 3


@pytest.mark.parametrize(("image_format", "version"), [(ZSO, 0), (ZSO, 1), (CSO, 0), (CSO, 1), (CSO, 2)])
def test_a_version_that_exists_is_no_problem(image_format: ImageFormat, version: int) -> None:
    assert codes(format=image_format, version=version) == []


@pytest.mark.parametrize(("image_format", "version"), [(ZSO, 2), (ZSO, 255), (CSO, 3), (CSO, 255)])
def test_a_version_that_does_not_exist_is_one(image_format: ImageFormat, version: int) -> None:
    assert codes(format=image_format, version=version) == ["version"]


@pytest.mark.parametrize("block_size", BLOCK_SIZES)
def test_a_power_of_two_from_2048_to_1_mib_is_a_block_size(block_size: int) -> None:
    assert codes(block_size=block_size) == []


@pytest.mark.parametrize("block_size", [0, 1, 1024, 2047, 2049, 3000, 6144, MIB + 1, 2 * MIB, 0x80000000, 0xFFFFFFFF])
def test_any_other_block_size_is_a_problem(block_size: int) -> None:
    """maxcso hangs on 3000."""
    assert codes(block_size=block_size) == ["block-size"]


@pytest.mark.parametrize("index_shift", [0, 2, 11, 20, 31])
def test_a_shift_up_to_31_is_no_problem(index_shift: int) -> None:
    assert codes(index_shift=index_shift) == []


@pytest.mark.parametrize("index_shift", [32, 63, 255])
def test_a_shift_beyond_any_file_is_one(index_shift: int) -> None:
    assert codes(index_shift=index_shift) == ["shift"]


def test_an_image_of_no_bytes_is_a_problem() -> None:
    assert codes(total_bytes=0) == ["empty"]


@pytest.mark.parametrize("total_bytes", [2**63, 2**64 - 1, 2048 * FILE_BYTES // 4])
def test_an_index_that_does_not_fit_the_file_is_a_problem(total_bytes: int) -> None:
    assert codes(total_bytes=total_bytes) == ["index-size"]


def test_an_index_that_just_fits_the_file_is_none() -> None:
    fields = header(total_bytes=10 * 2048)
    assert header_problems(fields, fields.data_offset) == []


def test_an_index_a_byte_longer_than_the_file_is_one() -> None:
    fields = header(total_bytes=10 * 2048)
    assert [problem.code for problem in header_problems(fields, fields.data_offset - 1)] == ["index-size"]


def test_all_problems_of_a_header_are_reported() -> None:
    assert codes(version=9, index_shift=99, total_bytes=0) == ["version", "shift", "empty"]


def test_a_bad_header_is_refused_by_name_value_and_what_is_allowed() -> None:
    message = "Okami.zso: block size 3000 is not a power of two from 2048 to 1048576"
    with pytest.raises(DamagedImageError) as caught:
        check_header(header(block_size=3000), FILE_BYTES, "Okami.zso")
    assert message == str(caught.value)


def test_entries_are_little_endian() -> None:
    assert entry_bytes(new_entries(b"\1\0\0\x80\2\0\0\0")) == b"\1\0\0\x80\2\0\0\0"


def test_entries_read_as_numbers() -> None:
    assert list(new_entries(b"\1\0\0\x80\2\0\0\0")) == [0x80000001, 2]


@pytest.mark.parametrize("total_bytes", [4_700_000_000, 8_500_000_000])
def test_a_dvd_needs_a_shift_of_2(total_bytes: int) -> None:
    assert smallest_shift(total_bytes, 2048) == 2


@pytest.mark.parametrize(("total_bytes", "shift"), [(1, 0), (700 * MIB, 0), (2 * GIB, 1), (4 * GIB, 2), (8 * GIB, 3)])
def test_the_shift_grows_with_the_size(total_bytes: int, shift: int) -> None:
    assert shift == smallest_shift(total_bytes, 2048)


@pytest.mark.parametrize(
    ("boundary", "block_size"),
    [(boundary, block_size) for boundary in (2 * GIB, 4 * GIB, 8 * GIB, 16 * GIB) for block_size in BLOCK_SIZES],
)
def test_the_shift_is_the_least_on_both_sides_of_a_boundary(boundary: int, block_size: int) -> None:
    """By arithmetic: the last number of blocks whose end the lower shift reaches, and one block more."""
    shift = boundary.bit_length() - 1 - 31
    blocks = next(
        count
        for count in range(boundary // block_size, 0, -1)
        if end_of_plain_blocks(count * block_size, block_size, shift) <= LAST_OFFSET << shift
    )
    found = [smallest_shift(count * block_size, block_size) for count in (blocks, blocks + 1)]
    assert found == [shift, shift + 1]


def test_the_shift_is_the_least_where_the_end_is_the_last_offset() -> None:
    """131,064 plain blocks end at 2^33 - 4, which entry 0x7FFFFFFF reaches at shift 2."""
    total_bytes = 65536 * 131_064
    assert (end_of_plain_blocks(total_bytes, 65536, 2), smallest_shift(total_bytes, 65536)) == (LAST_OFFSET << 2, 2)


@pytest.mark.slow
@given(total_bytes=st.integers(1, 64 * GIB), block_size=st.sampled_from(BLOCK_SIZES))
@example(total_bytes=2**33 - 32, block_size=2048)
@settings(deadline=None, max_examples=300)
def test_the_shift_is_the_least_that_reaches_the_end(total_bytes: int, block_size: int) -> None:
    assert least_shift(total_bytes, block_size) == smallest_shift(total_bytes, block_size)


@pytest.mark.slow
@given(total_bytes=st.integers(1, 64 * GIB), block_size=st.sampled_from(BLOCK_SIZES))
@settings(deadline=None, max_examples=300)
def test_the_shift_is_that_of_formats_for_whole_blocks(total_bytes: int, block_size: int) -> None:
    whole = -(-total_bytes // block_size) * block_size
    worst = 24 + 4 * (whole // block_size + 1) + whole
    assert max(0, worst.bit_length() - 31) == smallest_shift(whole, block_size)


TIB = 1024 * GIB


@pytest.mark.parametrize("total_bytes", [2**51 + 1, 2**60, 2**64 - 1])
def test_more_blocks_than_offsets_can_tell_apart_are_a_problem(total_bytes: int) -> None:
    """However large the file is: a sparse one costs nothing."""
    huge = header(total_bytes=total_bytes, block_size=MIB)
    assert [problem.code for problem in header_problems(huge, 2**63 - 1)] == ["index-size"]


def test_an_index_reaches_what_its_offsets_can_count_in_steps_of_a_block() -> None:
    check_reach("disc.iso", 3 * TIB, 2048)
    with pytest.raises(SettingError, match=r"disc\.iso: 4 TiB is too large for blocks of 2048") as caught:
        check_reach("disc.iso", 4 * TIB, 2048)
    assert caught.value.hint == "choose larger blocks: -b 4096"


def test_what_no_index_reaches_is_no_disc() -> None:
    with pytest.raises(SettingError, match="1024 PiB is too large for blocks of 1048576") as caught:
        check_reach("disc.iso", 2**60, MIB)
    assert caught.value.hint == "check what this file is: no disc is as large"


@given(total_bytes=st.integers(1, 2**64))
@settings(deadline=None, max_examples=200)
def test_the_least_block_size_is_the_first_that_the_index_reaches(total_bytes: int) -> None:
    least = least_block_size(total_bytes)
    for size in BLOCK_SIZES:
        if least is not None and size >= least:
            check_reach("disc.iso", total_bytes, size)
        else:
            with pytest.raises(SettingError):
                check_reach("disc.iso", total_bytes, size)

"""CRCs against a register that is shifted bit by bit."""

import binascii
import zlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.codecs.crc import crc, ends_of_zero, with_reversed_bits

POLYNOMIALS = {0xD8018001: 32, 0xEDB88320: 32, 0xA001: 16, 0x8408: 16, 0xE0: 8}


def by_bits(data: bytes, polynomial: int) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
    return value


@given(st.binary(max_size=120), st.sampled_from(sorted(POLYNOMIALS)))
def test_any_bytes_have_the_crc_of_the_register(data: bytes, polynomial: int) -> None:
    assert crc(data, polynomial, POLYNOMIALS[polynomial]) == by_bits(data, polynomial)


@pytest.mark.parametrize("size", [0, 1, 11, 12, 13, 19, 20, 21, 500, 2064, 4103])
def test_any_length_has_the_crc_of_the_register(size: int) -> None:
    data = Random(size).randbytes(size)
    for polynomial, width in POLYNOMIALS.items():
        assert crc(memoryview(data), polynomial, width) == by_bits(data, polynomial)


def test_a_megabyte_has_the_crc_of_zlib() -> None:
    """That one starts with ones and inverts its result: the same as inverting the first and the last four bytes."""
    data = Random(1).randbytes(1 << 20)
    begun = bytes(each ^ 0xFF for each in data[:4]) + data[4:]
    assert crc(begun, 0xEDB88320, 32) ^ 0xFFFFFFFF == zlib.crc32(data)


@given(st.binary(max_size=40), st.integers(0, 45))
def test_the_beginnings_with_a_crc_of_0_are_found(data: bytes, first: int) -> None:
    data += crc(data, 0xA001, 16).to_bytes(2, "little") + bytes(2) + data  # what has its CRC appended has a CRC of 0
    expected = [end for end in range(first, len(data)) if by_bits(data[:end], 0xA001) == 0]
    assert list(ends_of_zero(data, 0xA001, 16, first)) == expected


def test_with_reversed_bits_it_is_a_crc_that_takes_the_highest_bit_first() -> None:
    data = Random(2).randbytes(1000)
    reflected = crc(with_reversed_bits(data), 0x8408, 16)
    assert int(f"{reflected:016b}"[::-1], 2) == binascii.crc_hqx(data, 0)

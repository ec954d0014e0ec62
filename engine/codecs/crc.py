"""Cyclic redundancy checks: with any polynomial in plain Python; crc32 and the crc16 of CHD files by the native kernel.

Plain Python takes 20 us for 2 KiB, a sixth of the time of a table. Except in the crc16, bit 0 of the first byte is the
highest coefficient of a polynomial (a "reflected" CRC), and so is bit 0 of an integer, and the start value is 0.
"""

import zlib
from array import array
from binascii import crc_hqx
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from random import Random
from types import ModuleType
from typing import NamedTuple, TypeAlias, cast

from discpress.engine.system.files import Readable

_LEAST_BITS = 64  # more than any CRC has
_REVERSED = bytes(int(f"{number:08b}"[::-1], 2) for number in range(256))

_TESTED_BYTES = 1000
_CRC32_POLYNOMIAL, _CRC32_BITS = 0xEDB88320, 32

Crc32: TypeAlias = Callable[[Readable, int], int]
"""The crc32 of data, with a start value."""


class Crc16(NamedTuple):
    """The functions of the crc16 of CHD files (CCITT, the highest bit first), by one kernel."""

    one: Callable[[Readable, int], int]
    """Of data, with a start value."""
    of_blocks: Callable[[Readable, int, int, "array[int]"], None]
    """Of each block of data, with the size of a block and a start value, into an array of type H.

    ValueError for a part of a block, or if the array is too short.
    """


def crc16(data: Readable, start: int) -> int:
    """Return the crc16 of data, the same as `binascii.crc_hqx`. UsageError as `chosen_kernel`."""
    return chosen_crc16().one(data, start)


def crc16_of_blocks(data: Readable, block_size: int, start: int) -> "array[int]":
    """Return the crc16 of each block of data, without the interpreter's lock in the native kernel.

    ValueError for a part of a block; UsageError as `chosen_kernel`.
    """
    values = array("H", bytes(2 * (len(data) // block_size)))
    chosen_crc16().of_blocks(data, block_size, start, values)
    return values


@cache
def chosen_crc16() -> Crc16:
    """Return the crc16 by the native kernel, unless this process takes the plain one. UsageError as `chosen_kernel`."""
    from discpress.engine.codecs.kernels import native_or_plain  # noqa: PLC0415 - loads lz4, which few users need

    return native_or_plain(native_crc16, PLAIN_CRC16, is_right)


def native_crc16(module: ModuleType) -> Crc16:
    """Return the crc16 by the native kernel; the plain one if it was built before it had one."""
    if not hasattr(module, "crc16_of_blocks"):
        return PLAIN_CRC16
    return Crc16(module.crc16, module.crc16_of_blocks)


def is_right(found: Crc16) -> bool:
    """Return whether a crc16 equals the plain one: the self-test of a kernel, of less than 1 ms."""
    data = Random(0).randbytes(_TESTED_BYTES)
    values = array("H", bytes(8))
    found.of_blocks(data, len(data) // 4, 0xFFFF, values)
    expected = list(_plain_blocks(data, len(data) // 4, 0xFFFF))
    return values.tolist() == expected and all(found.one(data[at:], at) == crc_hqx(data[at:], at) for at in range(40))


def _plain_of_blocks(data: Readable, block_size: int, start: int, out: "array[int]") -> None:
    if len(data) % block_size or len(out) < len(data) // block_size:
        raise ValueError(f"expected blocks of {block_size} bytes")
    for number, value in enumerate(_plain_blocks(data, block_size, start)):
        out[number] = value


def _plain_blocks(data: Readable, block_size: int, start: int) -> Iterator[int]:
    return (crc_hqx(data[at : at + block_size], start) for at in range(0, len(data), block_size))


def crc32(data: Readable, start: int = 0) -> int:
    """Return the crc32 of data, the same as `zlib.crc32`. UsageError as `chosen_kernel`."""
    return chosen_crc32()(data, start)


def join_crc32(first: int, second: int, second_bytes: int) -> int:
    """Return the crc32 of two pieces of data, one after the other, from those of each; the second has so many bytes."""
    value = second
    for bit, moved in enumerate(_moved_bits(second_bytes)):
        if first >> bit & 1:
            value ^= moved
    return value


@lru_cache(maxsize=16)  # chunks of an image have one length, and the last one another
def _moved_bits(distance: int) -> tuple[int, ...]:
    """Return each bit of a crc32 after so many bytes of zeros."""
    factor = _power_of_x(8 * distance, _CRC32_POLYNOMIAL, _CRC32_BITS)
    return tuple(_product(1 << bit, factor, _CRC32_POLYNOMIAL, _CRC32_BITS) for bit in range(_CRC32_BITS))


@cache
def chosen_crc32() -> Crc32:
    """Return the crc32 by the native kernel, unless zlib's is as fast or this process takes the plain kernel.

    UsageError as `chosen_kernel`.
    """
    from discpress.engine.codecs.kernels import native_or_plain  # noqa: PLC0415 - loads lz4, which few users need

    return native_or_plain(native_crc32, PLAIN_CRC32, is_right_crc32)


def native_crc32(module: ModuleType) -> Crc32:
    """Return the crc32 by the native kernel; zlib's if the kernel lacks one or the processor lacks what it needs."""
    if not hasattr(module, "crc32_pays") or not module.crc32_pays():
        return PLAIN_CRC32
    return cast("Crc32", module.crc32)


def is_right_crc32(found: Crc32) -> bool:
    """Return whether a crc32 equals zlib's, for lengths with and without each of its loops."""
    data = Random(0).randbytes(_TESTED_BYTES)
    return all(found(data[at:], at) == zlib.crc32(data[at:], at) for at in range(0, _TESTED_BYTES, 7))


PLAIN_CRC16 = Crc16(crc_hqx, _plain_of_blocks)
"""The reference."""

PLAIN_CRC32: Crc32 = zlib.crc32
"""The reference."""


def crc(data: Readable, polynomial: int, width: int) -> int:
    """Return the CRC of these bytes; the polynomial is given reflected, without its highest term.

    The first half of the bits is replaced again and again by a shorter polynomial with the same remainder, and the last
    few bytes are divided by a table.
    """
    value, bits = int.from_bytes(data, "little"), 8 * len(data)
    while (kept := _bits_to_keep(bits, width)) < bits:
        first_bits = bits - kept
        first = value & (1 << first_bits) - 1
        value >>= first_bits
        place = kept - first_bits - (width - 1)
        for term in _terms(kept, polynomial, width):
            value ^= first << place + term
        bits = kept
    remainder = 0
    for byte in value.to_bytes(bits // 8, "little"):
        remainder = remainder >> 8 ^ _byte_step((remainder ^ byte) & 0xFF, polynomial)
    return remainder


def ends_of_zero(data: bytes, polynomial: int, width: int, first: int) -> Iterator[int]:
    """Yield the lengths, from `first` on and below that of the data, of all beginnings whose CRC is 0."""
    steps = [_byte_step(number, polynomial) for number in range(256)]
    remainder = crc(data[:first], polynomial, width)
    for place in range(first, len(data)):
        if not remainder:
            yield place
        remainder = remainder >> 8 ^ steps[(remainder ^ data[place]) & 0xFF]


def with_reversed_bits(data: Readable) -> bytes:
    """Return bytes with the bits of each in the other order, for a CRC that takes the highest bit first."""
    return bytes(data).translate(_REVERSED)


@lru_cache(maxsize=256)
def _bits_to_keep(bits: int, width: int) -> int:
    """Return the bits that stay after a step: few different numbers, each the most that the next one can take."""
    kept = bits
    smaller = _LEAST_BITS + width
    while smaller < bits:
        kept, smaller = smaller, 2 * smaller - width
    return kept


@cache
def _byte_step(value: int, polynomial: int) -> int:
    """Return the register after a byte was shifted out of it."""
    for _ in range(8):
        value = _times_x(value, polynomial)
    return value


@cache
def _terms(exponent: int, polynomial: int, width: int) -> tuple[int, ...]:
    """Return the places of the terms in the remainder of x to this power; the constant term has the highest."""
    power = _power_of_x(exponent, polynomial, width)
    return tuple(bit for bit in range(width) if power >> bit & 1)


@lru_cache(maxsize=256)
def _power_of_x(exponent: int, polynomial: int, width: int) -> int:
    """Return the remainder of x to this power."""
    power, square = 1 << width - 1, 1 << width - 2
    while exponent:
        if exponent & 1:
            power = _product(power, square, polynomial, width)
        square = _product(square, square, polynomial, width)
        exponent >>= 1
    return power


def _product(left: int, right: int, polynomial: int, width: int) -> int:
    product = 0
    for bit in range(width - 1, -1, -1):
        if right >> bit & 1:
            product ^= left
        left = _times_x(left, polynomial)
    return product


def _times_x(value: int, polynomial: int) -> int:
    return value >> 1 ^ (polynomial if value & 1 else 0)

"""The crc32 of bytes with zeros after them, without the bytes: how discs are known that were trimmed or padded."""

from functools import cache

_POLYNOMIAL = 0xEDB88320
"""Of ISO 3309, reflected: bit 31 is the constant term."""
_ONE = 1 << 31
_EIGHTH_POWER = 1 << 23
_ALL = 0xFFFFFFFF


def crc32_with_zeros(crc32: int, count: int) -> int:
    """Return the crc32 of the bytes with this crc32 and so many zero bytes after them (0.1 ms)."""
    value, bit = crc32 ^ _ALL, 0
    while count >> bit:
        if count >> bit & 1:
            value = _product(value, _power(bit))
        bit += 1
    return value ^ _ALL


@cache
def _power(bit: int) -> int:
    """Return the remainder of x to the power of 8 * 2**bit: so many zero bits are that many bytes."""
    if bit == 0:
        return _EIGHTH_POWER
    half = _power(bit - 1)
    return _product(half, half)


def _product(left: int, right: int) -> int:
    product = 0
    while right:
        if right & _ONE:
            product ^= left
        right = right << 1 & _ALL
        left = left >> 1 ^ (_POLYNOMIAL if left & 1 else 0)
    return product

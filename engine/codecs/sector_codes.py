"""EDC and ECC of raw CD sectors: the error detection and correction codes of ECMA-130, in plain Python.

The EDC is a CRC-32. The ECC is two Reed-Solomon codes over GF(2^8): P, 86 columns of 24 bytes, and Q, 52 diagonals of
43 bytes, which include P. Whole rows of bytes are added at once, as one large integer.
"""

from array import array
from functools import cache, lru_cache

from discpress.engine.system.files import Readable

EDC_BYTES = 4
PROTECTED_BYTES = 2064
"""Bytes that the ECC protects: from the header of a sector, byte 12, to its byte 2,075."""
ECC_BYTES = 276
"""P, 172 bytes, then Q, 104 bytes."""

_EDC_POLYNOMIAL = 0xD8018001  # reflected
_EDC_BITS = 32
_FOLDED_ABOVE = 96  # bits; below, folding gains nothing
_FIELD_POLYNOMIAL = 0x11D
_COLUMNS = 86  # bytes of a row of P
_DIAGONALS = 52
_DIAGONAL_BYTES = 43
_WORDS = 26 * _DIAGONAL_BYTES  # Q goes by pairs of bytes, in 26 rows
_DIAGONAL_STEP = _DIAGONAL_BYTES + 1
_DOUBLED = bytes(number << 1 ^ (_FIELD_POLYNOMIAL if number & 0x80 else 0) for number in range(256))
_TRIPLED = bytes(number ^ double for number, double in enumerate(_DOUBLED))
_THIRD = bytes(_TRIPLED.index(number) for number in range(256))  # 3 has an inverse, so each byte occurs once


def edc(data: Readable) -> bytes:
    """Return the EDC of these bytes as it is stored: 4 bytes, little-endian.

    The bytes are a polynomial with bits as coefficients. Its first half is replaced again and again by a shorter one
    with the same remainder, and the last few bytes are divided bit by bit.
    """
    value, bits = int.from_bytes(data, "little"), 8 * len(data)
    for kept_bits, shifts in _folds(bits):
        first_bits = bits - kept_bits
        first = value & (1 << first_bits) - 1
        value >>= first_bits
        for shift in shifts:
            value ^= first << shift
        bits = kept_bits
    remainder = 0
    for byte in value.to_bytes(bits // 8, "little"):
        remainder = remainder >> 8 ^ _byte_step((remainder ^ byte) & 0xFF)
    return remainder.to_bytes(EDC_BYTES, "little")


def ecc(protected: Readable) -> bytes:
    """Return the ECC, P and Q, of PROTECTED_BYTES bytes; those of the header must be zero in mode 2.

    ValueError for another number of bytes.
    """
    if len(protected) != PROTECTED_BYTES:
        raise ValueError(f"expected {PROTECTED_BYTES} bytes, got {len(protected)}")
    with_p = bytes(protected)
    with_p += _parity(with_p, _COLUMNS)
    # A diagonal goes on at the top when it reaches the end, so two copies hold each without a break.
    pairs = array("H", with_p + with_p)
    starts = (number * _DIAGONAL_STEP % _WORDS for number in range(_DIAGONAL_BYTES))
    diagonals = b"".join(pairs[start : start + _WORDS : _DIAGONAL_BYTES].tobytes() for start in starts)
    return with_p[PROTECTED_BYTES:] + _parity(diagonals, _DIAGONALS)


def _parity(rows: bytes, width: int) -> bytes:
    """Return the two rows that make each column of these rows a codeword.

    The sum of a column, and its sum with each byte times 2 to the power of the rows that follow it, must be zero. Both
    are taken by adding the first half of the rows to the second, again and again.
    """
    weighted = total = rows
    while len(weighted) > width:
        if len(weighted) // width % 2:
            weighted, total = bytes(width) + weighted, bytes(width) + total
        half = len(weighted) // 2
        weighted = _sum(weighted[:half].translate(_times_power(half // width)), weighted[half:])
        total = _sum(total[:half], total[half:])
    first = _sum(weighted.translate(_times_power(2)), total).translate(_THIRD)
    return first + _sum(first, total)


def _sum(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "little") ^ int.from_bytes(right, "little")).to_bytes(len(left), "little")


@cache
def _times_power(exponent: int) -> bytes:
    """Return the table that multiplies each byte by 2 to this power."""
    return _times_power(exponent - 1).translate(_DOUBLED) if exponent else bytes(range(256))


@cache
def _byte_step(value: int) -> int:
    """Return the remainder of a byte, as a CRC register of 32 bits, after it was shifted out."""
    for _ in range(8):
        value = value >> 1 ^ (_EDC_POLYNOMIAL if value & 1 else 0)
    return value


@lru_cache(maxsize=16)
def _folds(bits: int) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Return the steps that shorten a polynomial of `bits` bits: the bits that stay, and the shifts of the others.

    With n bits left of a + n, the first a bits count x^n times as much. That power's remainder has up to 32 terms, each
    of which is one shift. Bit 0 of an integer is the highest coefficient, because the CRC is reflected.
    """
    steps = []
    while bits > _FOLDED_ABOVE:
        kept = -(-(bits + _EDC_BITS) // 16) * 8
        first = bits - kept
        power = _power_of_x(kept)
        place = kept - first - (_EDC_BITS - 1)
        steps.append((kept, tuple(place + bit for bit in range(_EDC_BITS) if power >> bit & 1)))
        bits = kept
    return tuple(steps)


def _power_of_x(exponent: int) -> int:
    """Return the remainder of x to this power, bit 31 for the constant term."""
    value = 1 << _EDC_BITS - 1
    for _ in range(exponent):
        value = value >> 1 ^ (_EDC_POLYNOMIAL if value & 1 else 0)
    return value

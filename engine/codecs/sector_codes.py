"""EDC and ECC of raw CD sectors: the error detection and correction codes of ECMA-130.

The EDC is a CRC-32. The ECC is two Reed-Solomon codes over GF(2^8): P, 86 columns of 24 bytes, and Q, 52 diagonals of
43 bytes, which include P. Whole rows of bytes are added at once, as one large integer.
That is the reference; the native kernel (sectors.c) makes the same bytes in a tenth of the time.
"""

from array import array
from collections.abc import Callable
from functools import cache
from random import Random
from types import ModuleType
from typing import NamedTuple

from discpress.engine.codecs.crc import crc
from discpress.engine.formats import SYNC
from discpress.engine.system.files import Readable

SECTOR_BYTES = 2352
MODE_OFFSET = 15
ECC_START = 2076
EDC_BYTES = 4
PROTECTED_BYTES = 2064
"""Bytes that the ECC protects: from the header of a sector, byte 12, to its byte 2,075."""
ECC_BYTES = 276
"""P, 172 bytes, then Q, 104 bytes."""

_HEADER_BYTES = 4
_SAMPLES = 20
_EDC_POLYNOMIAL = 0xD8018001  # reflected
_FIELD_POLYNOMIAL = 0x11D
_COLUMNS = 86  # bytes of a row of P
_DIAGONALS = 52
_DIAGONAL_BYTES = 43
_WORDS = 26 * _DIAGONAL_BYTES  # Q goes by pairs of bytes, in 26 rows
_DIAGONAL_STEP = _DIAGONAL_BYTES + 1
_DOUBLED = bytes(number << 1 ^ (_FIELD_POLYNOMIAL if number & 0x80 else 0) for number in range(256))
_TRIPLED = bytes(number ^ double for number, double in enumerate(_DOUBLED))
_THIRD = bytes(_TRIPLED.index(number) for number in range(256))  # 3 has an inverse, so each byte occurs once


class SectorCodes(NamedTuple):
    """The two functions, by one kernel."""

    edc: Callable[[Readable], bytes]
    ecc: Callable[[Readable], bytes]


def edc(data: Readable) -> bytes:
    """Return the EDC of these bytes as it is stored: 4 bytes, little-endian."""
    return _chosen_codes().edc(data)


def ecc(protected: Readable) -> bytes:
    """Return the ECC, P and Q, of PROTECTED_BYTES bytes; those of the header must be zero in mode 2.

    ValueError for another number of bytes.
    """
    return _chosen_codes().ecc(protected)


@cache
def _chosen_codes() -> SectorCodes:
    """Return the codes by the native kernel, unless this process takes the plain one. UsageError as `chosen_kernel`."""
    from discpress.engine.codecs.kernels import native_or_plain  # noqa: PLC0415 - loads lz4, which few users need

    return native_or_plain(native_codes, PLAIN_CODES, are_right)


def native_codes(module: ModuleType) -> SectorCodes:
    """Return the codes by the native kernel; the plain ones if it was built before it had any."""
    if not hasattr(module, "ecc"):
        return PLAIN_CODES
    return SectorCodes(module.edc, module.ecc)


def are_right(codes: SectorCodes) -> bool:
    """Return whether codes equal the plain ones: the self-test of a kernel, of 3 ms."""
    chance = Random(0)
    samples = [chance.randbytes(PROTECTED_BYTES) for _ in range(_SAMPLES)] + [b"\xff" * PROTECTED_BYTES]
    return all(
        codes.ecc(sample) == plain_ecc(sample) and codes.edc(sample[number:]) == plain_edc(sample[number:])
        for number, sample in enumerate(samples)
    )


def plain_edc(data: Readable) -> bytes:
    """Return the EDC in plain Python, see `edc`."""
    return crc(data, _EDC_POLYNOMIAL, 8 * EDC_BYTES).to_bytes(EDC_BYTES, "little")


def plain_ecc(protected: Readable) -> bytes:
    """Return the ECC in plain Python, see `ecc`."""
    if len(protected) != PROTECTED_BYTES:
        raise ValueError(f"expected {PROTECTED_BYTES} bytes, got {len(protected)}")
    with_p = bytes(protected)
    with_p += _parity(with_p, _COLUMNS)
    # A diagonal goes on at the top when it reaches the end, so two copies hold each without a break.
    pairs = array("H", with_p + with_p)
    starts = (number * _DIAGONAL_STEP % _WORDS for number in range(_DIAGONAL_BYTES))
    diagonals = b"".join(pairs[start : start + _WORDS : _DIAGONAL_BYTES].tobytes() for start in starts)
    return with_p[PROTECTED_BYTES:] + _parity(diagonals, _DIAGONALS)


PLAIN_CODES = SectorCodes(plain_edc, plain_ecc)
"""The reference."""


def ecc_of(sector: Readable) -> bytes:
    """Return the ECC of a raw sector's bytes; its mode byte decides whether the header counts. ValueError as `ecc`."""
    data = bytes(sector[len(SYNC) : ECC_START])
    return ecc(bytes(_HEADER_BYTES) + data[_HEADER_BYTES:] if sector[MODE_OFFSET] == 2 else data)


def has_right_ecc(sector: Readable) -> bool:
    """Return whether `with_ecc` changes nothing in a raw sector: its sync and its ECC are right.

    ValueError if it has not SECTOR_BYTES bytes.
    """
    _check_size(sector)
    return sector[: len(SYNC)] == SYNC and sector[ECC_START:] == ecc_of(sector)


def with_ecc(sector: Readable) -> bytes:
    """Return a raw sector with sync and ECC computed anew from its other bytes, whatever these are.

    ValueError if it has not SECTOR_BYTES bytes.
    """
    _check_size(sector)
    return SYNC + bytes(sector[len(SYNC) : ECC_START]) + ecc_of(sector)


def _check_size(sector: Readable) -> None:
    if len(sector) != SECTOR_BYTES:
        raise ValueError(f"expected a sector of {SECTOR_BYTES} bytes, got {len(sector)}")


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

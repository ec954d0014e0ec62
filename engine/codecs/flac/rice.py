"""Rice codes of the residual of a FLAC subframe: parameters, and the bits that they take (RFC 9639, section 9.2.7).

A residual is cut into 2 to the power of the partition order equal parts, each with a parameter of its own. The first
part is shorter by the order of the predictor.
"""

from collections.abc import Sequence
from typing import NamedTuple

MAX_PARTITION_ORDER = 6
MAX_PARAMETER = 14
"""15 marks a part without Rice codes, which this encoder never writes."""
HEADER_BITS = 6
"""Method and partition order."""
PARAMETER_BITS = 4


class RiceCode(NamedTuple):
    """The cheapest code of one residual."""

    bits: int
    """All its bits, with HEADER_BITS and parameters."""
    parameters: tuple[int, ...]
    """One for each part: 2 to the power of the partition order."""


def highest_partition_order(samples: int, order: int) -> int:
    """Return the highest partition order of a block with a predictor of this order."""
    highest = 0
    while highest < MAX_PARTITION_ORDER and samples % (2 << highest) == 0 and samples >> highest + 1 > order:
        highest += 1
    return highest


def folded(residual: int) -> int:
    """Return a residual as an unsigned number: 0, -1, 1, -2, ... become 0, 1, 2, 3, ..."""
    return residual << 1 if residual >= 0 else ~(residual << 1)


def parts_of(residuals: Sequence[int], samples: int, highest: int) -> list[Sequence[int]]:
    """Return the parts of a residual at a partition order."""
    length, order = samples >> highest, samples - len(residuals)
    ends = range(length - order, len(residuals) + 1, length)
    return [residuals[max(0, end - length) : end] for end in ends]


def estimate_bits(residuals: Sequence[int], samples: int) -> int:
    """Return about the bits of a residual by the sums of its amounts, which candidates are compared by."""
    highest = highest_partition_order(samples, samples - len(residuals))
    parts = [(len(part), sum(map(abs, part))) for part in parts_of(residuals, samples, highest)]
    best = _estimate(parts)
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [(one[0] + other[0], one[1] + other[1]) for one, other in pairs]
        best = min(best, _estimate(parts))
    return best + HEADER_BITS


def _estimate(parts: Sequence[tuple[int, int]]) -> int:
    bits = 0
    for count, amount in parts:
        bits += PARAMETER_BITS + count
        if 2 * amount <= count:
            bits += 2 * amount
            continue
        parameter = 1
        while parameter < MAX_PARAMETER and amount >> parameter > count:
            parameter += 1
        # A code drops the lowest bits of an amount, so that on average half a bit less is left of each.
        bits += count * parameter + (2 * amount >> parameter) - (count >> 1)
    return bits


def best_code(residuals: Sequence[int], samples: int) -> RiceCode:
    """Return the cheapest code of a residual: of equally cheap ones that with the fewest parts, least parameters."""
    highest = highest_partition_order(samples, samples - len(residuals))
    parts = [_lengths(part) for part in parts_of(residuals, samples, highest)]
    best = _code(parts)
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [[sum(lengths) for lengths in zip(one, other, strict=True)] for one, other in pairs]
        code = _code(parts)
        if code.bits <= best.bits:
            best = code
    return best


def _lengths(part: Sequence[int]) -> list[int]:
    """Return the bits of a part with each parameter."""
    unsigned = [folded(residual) for residual in part]
    return [
        sum(number >> parameter for number in unsigned) + len(part) * (parameter + 1)
        for parameter in range(MAX_PARAMETER + 1)
    ]


def _code(parts: Sequence[Sequence[int]]) -> RiceCode:
    least = [min(lengths) for lengths in parts]
    bits = sum(least) + len(parts) * PARAMETER_BITS + HEADER_BITS
    return RiceCode(bits, tuple(lengths.index(few) for lengths, few in zip(parts, least, strict=True)))

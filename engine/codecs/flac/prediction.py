"""Linear predictors of a FLAC subframe: windows, autocorrelation, coefficients (RFC 9639, section 9.2.6).

All machines find the same predictors. Windows and autocorrelations are integers, below 2**53, so that doubles contain
them exactly and the order of a sum does not matter. The rest is done in doubles of IEEE 754, one operation after the
other, without functions of a mathematical library other than `frexp`, which is exact.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from operator import mul
from typing import NamedTuple

MAX_ORDER = 12
MAX_BLOCK = 4608
"""Samples of the longest block; the sums of longer ones could exceed 2**53."""
_LEAST_BLOCK = 64  # shorter blocks are left to the fixed predictors
_DIVISIONS = (1, 2, 3)
_WINDOW_BITS = 15
_FRACTION_BITS = 4  # of a windowed sample, which has up to 21 bits with its sign
_TAPER = 4  # the edges of a window, each this part of its length
_MAX_SHIFT = 15
_PRECISIONS = ((192, 7), (384, 8), (576, 9), (1152, 10), (2304, 11), (MAX_BLOCK, 12))
_HALF_ROOT = 0.7071067811865476


class Predictor(NamedTuple):
    """Coefficients of the samples before one, the last of them first; their sum is shifted to the right."""

    coefficients: tuple[int, ...]
    shift: int


class Spectrum(NamedTuple):
    """The autocorrelation of a windowed block at lags from 0 to MAX_ORDER, and the energy of the window."""

    lags: tuple[int, ...]
    energy: int


def precision_of(samples: int) -> int:
    """Return the bits of a coefficient, with its sign, in a block of this length."""
    return next(precision for most, precision in _PRECISIONS if samples <= most)


def predictors_of(block: Sequence[int], sample_bits: int) -> Iterator[Predictor]:
    """Yield a predictor for each window of a block; the order of each is that with the least expected bits."""
    if len(block) < _LEAST_BLOCK:
        return
    precision = precision_of(len(block))
    for spectrum in _spectra(block):
        rows, errors = _levinson(spectrum.lags)
        if rows:
            order = _best_order(errors, spectrum.energy, len(block), sample_bits + precision)
            predictor = _quantised(rows[order - 1], precision)
            if predictor is not None:
                yield predictor


def residual_of(block: Sequence[int], predictor: Predictor) -> list[int]:
    """Return the differences between the samples after the first ones and their predictions."""
    order = len(predictor.coefficients)
    sums = [0] * (len(block) - order)
    for place, coefficient in enumerate(predictor.coefficients, 1):
        sums = [total + coefficient * sample for total, sample in zip(sums, block[order - place : -place], strict=True)]
    return [sample - (total >> predictor.shift) for sample, total in zip(block[order:], sums, strict=True)]


def _spectra(block: Sequence[int]) -> list[Spectrum]:
    """Return the spectra of the block, of its halves and thirds, and of the block without each third."""
    found = []
    for parts in _DIVISIONS:
        borders = [len(block) * number // parts for number in range(parts + 1)]
        found += [_spectrum(block[start:end]) for start, end in pairwise(borders)]
    whole, thirds = found[0], found[-_DIVISIONS[-1] :]
    for third in thirds:
        lags = tuple(one - other for one, other in zip(whole.lags, third.lags, strict=True))
        found.append(Spectrum(lags, whole.energy - third.energy))
    return found


def _spectrum(part: Sequence[int]) -> Spectrum:
    weights = window_of(len(part))
    drop = _WINDOW_BITS - _FRACTION_BITS
    windowed = [(sample * weight + (1 << drop - 1)) >> drop for sample, weight in zip(part, weights, strict=True)]
    lags = tuple(sum(map(mul, windowed, windowed[lag:])) for lag in range(MAX_ORDER + 1))
    return Spectrum(lags, sum((weight >> drop) ** 2 for weight in weights))


@cache
def window_of(length: int) -> tuple[int, ...]:
    """Return the weights of a window, in parts of 2**15: flat, edges along 3u**2 - 2u**3, nearly a Tukey window."""
    edge = length // _TAPER
    steps = [2 * number + 1 for number in range(edge)]
    rise = [(step * step * (6 * edge - 2 * step) << _WINDOW_BITS) // (2 * edge) ** 3 for step in steps]
    return (*rise, *[1 << _WINDOW_BITS] * (length - 2 * edge), *rise[::-1])


def _levinson(lags: Sequence[int]) -> tuple[list[list[float]], list[float]]:
    """Return the coefficients of each order from 1 on, and the error that each leaves: Levinson's recursion."""
    rows: list[list[float]] = []
    errors: list[float] = []
    row: list[float] = []
    error = float(lags[0])
    for order in range(1, MAX_ORDER + 1):
        if error <= 0.0:
            break
        reflection = float(lags[order])
        for place, coefficient in enumerate(row):
            reflection -= coefficient * float(lags[order - 1 - place])
        reflection /= error
        row = [one - reflection * other for one, other in zip(row, row[::-1], strict=True)] + [reflection]
        error *= 1.0 - reflection * reflection
        if error < 0.0:
            break
        rows.append(row)
        errors.append(error)
    return rows, errors


def _best_order(errors: Sequence[float], energy: int, samples: int, bits_per_order: int) -> int:
    """Return the order whose predictor and residual take the least bits, of a residual with this error."""
    least, best = math.inf, 1
    for order, error in enumerate(errors, 1):
        bits = 0.5 * _log2(0.5 * error / float(energy)) if error > 0.0 else 0.0
        total = max(bits, 0.0) * float(samples - order) + float(order * bits_per_order)
        if total < least:
            least, best = total, order
    return best


def _log2(number: float) -> float:
    """Return the binary logarithm to about 8 digits."""
    mantissa, exponent = math.frexp(number)
    ratio = (mantissa - _HALF_ROOT) / (mantissa + _HALF_ROOT)
    square = ratio * ratio
    series = ratio * (2.8853900817779268 + square * (0.9617966939259756 + square * (0.5770780163555854
             + square * 0.4121985831111324)))  # fmt: skip
    return float(exponent) - 0.5 + series


def _quantised(row: Sequence[float], precision: int) -> Predictor | None:
    """Return coefficients as integers of this many bits; the rounding error of each goes into the next."""
    largest = max(map(abs, row))
    if largest <= 0.0:
        return None
    shift = min(precision - 1 - math.frexp(largest)[1], _MAX_SHIFT)
    if shift < 0:
        return None
    limit = 1 << precision - 1
    coefficients, rest = [], 0.0
    for coefficient in row:
        rest += coefficient * float(1 << shift)
        number = max(-limit, min(limit - 1, math.floor(rest + 0.5)))
        coefficients.append(number)
        rest -= float(number)
    return Predictor(tuple(coefficients), shift)

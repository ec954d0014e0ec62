"""Subframes of FLAC: one channel of a block, predicted in the cheapest way (RFC 9639, section 9.2)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import or_

from discpress.engine.codecs.flac.bits import BitWriter
from discpress.engine.codecs.flac.prediction import Predictor, precision_of, predictors_of, residual_of
from discpress.engine.codecs.flac.rice import (
    HEADER_BITS,
    PARAMETER_BITS,
    RiceCode,
    best_code,
    estimate_bits,
    folded,
    parts_of,
)

_CONSTANT, _VERBATIM, _FIXED, _LINEAR = 0, 1, 8, 32
_MAX_FIXED_ORDER = 4
_HEAD_BITS = 8
_PREDICTOR_BITS = 4 + 5  # precision and shift


@dataclass(frozen=True, slots=True)
class Subframe:
    """One way to write a channel of a block."""

    bits: int
    """The bits that it takes."""
    kind: int
    """Its type code."""
    samples: Sequence[int]
    """The samples, without wasted bits."""
    sample_bits: int
    """Bits of such a sample."""
    wasted: int = 0
    """The lowest bits of the samples that are all 0."""
    predictor: Predictor | None = None
    """Of a linear subframe."""
    residuals: Sequence[int] = ()
    """Of a predicted one."""
    code: RiceCode | None = None
    """Of the residuals."""

    def write(self, out: BitWriter) -> None:
        """Write it."""
        out.add(self.kind << 1 | (self.wasted > 0), _HEAD_BITS)
        if self.wasted:
            out.add(1, self.wasted)
        if self.kind == _CONSTANT:
            out.add(self.samples[0], self.sample_bits)
            return
        for sample in self.samples[: len(self.samples) - len(self.residuals)]:
            out.add(sample, self.sample_bits)
        if self.predictor is not None:
            precision = precision_of(len(self.samples))
            out.add(precision - 1, 4)
            out.add(self.predictor.shift, 5)
            for coefficient in self.predictor.coefficients:
                out.add(coefficient, precision)
        if self.code is not None:
            _write_code(self.residuals, len(self.samples), self.code, out)


def best_subframe(channel: Sequence[int], sample_bits: int) -> Subframe:
    """Return the cheapest subframe of a channel whose samples have so many bits, with their sign."""
    wasted = _wasted_bits(channel)
    samples = [sample >> wasted for sample in channel]
    left_bits = sample_bits - wasted
    if min(samples) == max(samples):
        return Subframe(_HEAD_BITS + wasted + left_bits, _CONSTANT, samples, left_bits, wasted)
    best = Subframe(_HEAD_BITS + wasted + left_bits * len(samples), _VERBATIM, samples, left_bits, wasted)
    bits, kind, predictor, residuals = min(_candidates(samples, left_bits), key=lambda found: found[0])
    code = best_code(residuals, len(samples))
    bits = _fixed_bits(len(samples) - len(residuals), left_bits, predictor, len(samples)) + wasted + code.bits
    if bits < best.bits:
        best = Subframe(bits, kind, samples, left_bits, wasted, predictor, residuals, code)
    return best


def _candidates(samples: Sequence[int], sample_bits: int) -> Iterator[tuple[int, int, Predictor | None, Sequence[int]]]:
    """Yield ways to predict: the expected bits, the type code, the predictor of a linear one, and the residual."""
    order, residuals = _best_fixed(samples)
    bits = _fixed_bits(order, sample_bits, None, len(samples)) + estimate_bits(residuals, len(samples))
    yield bits, _FIXED + order, None, residuals
    for predictor in predictors_of(samples, sample_bits):
        order = len(predictor.coefficients)
        residuals = residual_of(samples, predictor)
        bits = _fixed_bits(order, sample_bits, predictor, len(samples)) + estimate_bits(residuals, len(samples))
        yield bits, _LINEAR + order - 1, predictor, residuals


def _fixed_bits(order: int, sample_bits: int, predictor: Predictor | None, samples: int) -> int:
    """Return the bits of a predicted subframe without wasted bits and the code of its residual."""
    linear_bits = 0 if predictor is None else _PREDICTOR_BITS + order * precision_of(samples)
    return _HEAD_BITS + order * sample_bits + linear_bits


def _best_fixed(samples: Sequence[int]) -> tuple[int, Sequence[int]]:
    """Return the order of the fixed predictor with the least sum of residuals after the first ones, and these."""
    residuals = samples
    best: tuple[int, int, Sequence[int]] | None = None
    for order in range(min(_MAX_FIXED_ORDER, len(samples) - 1) + 1):
        amount = sum(map(abs, residuals[_MAX_FIXED_ORDER - order :]))
        if best is None or amount < best[0]:
            best = amount, order, residuals
        residuals = [after - before for before, after in pairwise(residuals)]
    assert best is not None
    return best[1], best[2]


def _wasted_bits(samples: Sequence[int]) -> int:
    """Return the number of lowest bits that are 0 in all samples; 0 of silence."""
    union = reduce(or_, samples)
    return (union & -union).bit_length() - 1 if union else 0


def _write_code(residuals: Sequence[int], samples: int, code: RiceCode, out: BitWriter) -> None:
    order = len(code.parameters).bit_length() - 1
    out.add(order, HEADER_BITS)
    for part, parameter in zip(parts_of(residuals, samples, order), code.parameters, strict=True):
        out.add(parameter, PARAMETER_BITS)
        for residual in part:
            number = folded(residual)
            out.add(1, (number >> parameter) + 1)
            out.add(number, parameter)

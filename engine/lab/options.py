"""Options of a benchmark, and their JSON form in a job's parameters."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from discpress.engine.formats import HIGHEST_LEVEL, ImageFormat, Method, in_order
from discpress.engine.images.registry import is_block_size
from discpress.engine.measure.choices import (
    DURATION_S,
    MAX_SAMPLE_BYTES,
    MAX_WINDOW_BYTES,
    SAMPLE_BYTES,
    WINDOW_BYTES,
    Pattern,
)
from discpress.engine.store.model import JsonValue
from discpress.engine.store.rows.plain_json import fields_in
from discpress.engine.units import KIB

BLOCK_SIZES = (2 * KIB, 16 * KIB, 64 * KIB)
LEVELS = (1, 9)
MAX_DURATION_S = 3600.0


@dataclass(frozen=True, slots=True)
class SeekOptions:
    """Options of a seek test."""

    block_sizes: tuple[int, ...] = BLOCK_SIZES
    """Candidates for an uncompressed title; a compressed one is measured as it is."""
    patterns: tuple[Pattern, ...] = (Pattern.MIXED,)
    """Read patterns."""
    duration_s: float = DURATION_S
    """Seconds for each image and pattern."""
    window_bytes: int = WINDOW_BYTES
    """Bytes packed for each candidate."""
    is_warm: bool = False
    """Whether all of it is read into memory first, instead of being dropped before each jump."""
    format: ImageFormat | None = None
    """The candidates' container; None is the one that the title's target loads."""
    level: int | None = None
    """Their level; None is the default."""
    methods: tuple[Method, ...] = ()
    """Methods for the hunks of a CHD; none means those of the title's target."""


@dataclass(frozen=True, slots=True)
class ThroughputOptions:
    """Options of a throughput test."""

    block_sizes: tuple[int, ...] = BLOCK_SIZES
    """Candidates, each at every level."""
    levels: tuple[int, ...] = LEVELS
    """Levels of the candidates."""
    sample_bytes: int = SAMPLE_BYTES
    """Bytes of the title that go through all stages."""
    folder: Path | None = None
    """Output folder of a conversion; None is the title's folder."""
    format: ImageFormat | None = None
    """The container; None is the one that the title's target loads."""
    methods: tuple[Method, ...] = ()
    """Methods for the hunks of a CHD; none means those of the title's target."""


def parameters_of(request: SeekOptions | ThroughputOptions) -> dict[str, JsonValue]:
    """Return options as JSON that `seek_options` or `throughput_options` converts back."""
    return {name: _plain(value) for name, value in asdict(request).items()}


def seek_options(parameters: Mapping[str, JsonValue]) -> SeekOptions:
    """Return the options of a job; a missing one has its default. Raises ValueError if they are malformed."""
    request = SeekOptions(**_known(parameters, SeekOptions))
    is_allowed = 0 < request.duration_s <= MAX_DURATION_S and 0 < request.window_bytes <= MAX_WINDOW_BYTES
    if not is_allowed or not request.patterns:
        raise ValueError("out of range")
    return request


def throughput_options(parameters: Mapping[str, JsonValue]) -> ThroughputOptions:
    """Return the options of a job, as `seek_options` does."""
    request = ThroughputOptions(**_known(parameters, ThroughputOptions))
    if not 0 < request.sample_bytes <= MAX_SAMPLE_BYTES or not request.levels or max(request.levels) > HIGHEST_LEVEL:
        raise ValueError("out of range")
    return request


def _known(parameters: Mapping[str, JsonValue], kind: type[SeekOptions] | type[ThroughputOptions]) -> dict[str, Any]:
    known = fields_in(kind, parameters)
    if not all(map(is_block_size, known.get("block_sizes", ()))) or (known.get("level") or 0) > HIGHEST_LEVEL:
        raise ValueError("out of range")
    if "methods" in known:
        known["methods"] = in_order(known["methods"])
    return known


def _plain(value: object) -> JsonValue:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return str(value)

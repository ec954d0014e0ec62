"""What a test of the lab is to do, and how a job carries that: as JSON in its parameters."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.formats import ImageFormat, Method, in_order
from engine.library.model import JsonValue
from engine.measure.patterns import Pattern
from engine.measure.seek import DURATION_S
from engine.measure.throughput import SAMPLE_BYTES
from engine.measure.windows import WINDOW_BYTES
from engine.units import KIB

BLOCK_SIZES = (2 * KIB, 16 * KIB, 64 * KIB)
LEVELS = (1, 9)


@dataclass(frozen=True, slots=True)
class SeekWish:
    """What a seek test is to do."""

    block_sizes: tuple[int, ...] = BLOCK_SIZES
    """Candidates for a title that is not packed; one that is, is measured as it is."""
    patterns: tuple[Pattern, ...] = (Pattern.MIXED,)
    """How it reads."""
    duration_s: float = DURATION_S
    """For each image and pattern."""
    window_bytes: int = WINDOW_BYTES
    """What is packed for each candidate."""
    is_warm: bool = False
    """Whether all of it is read into memory first, in place of dropping it before each jump."""
    format: ImageFormat | None = None
    """The candidates' container; None is the one that the title's target loads."""
    level: int | None = None
    """Their level; None is the default."""
    methods: tuple[Method, ...] = ()
    """What the hunks of a CHD are packed by; none are those of the title's target."""


@dataclass(frozen=True, slots=True)
class ThroughputWish:
    """What a throughput test is to do."""

    block_sizes: tuple[int, ...] = BLOCK_SIZES
    """Candidates, each at every level."""
    levels: tuple[int, ...] = LEVELS
    """See above."""
    sample_bytes: int = SAMPLE_BYTES
    """Bytes of the title that go through all stages."""
    folder: Path | None = None
    """Where a conversion would write; None is beside the title."""
    format: ImageFormat | None = None
    """The container; None is the one that the title's target loads."""
    methods: tuple[Method, ...] = ()
    """What the hunks of a CHD are packed by; none are those of the title's target."""


def parameters_of(wish: SeekWish | ThroughputWish) -> dict[str, JsonValue]:
    """Return a wish as JSON that `seek_wish` or `throughput_wish` makes the same wish of."""
    return {name: _plain(value) for name, value in asdict(wish).items()}


def seek_wish(parameters: Mapping[str, JsonValue]) -> SeekWish:
    """Return the wish that a job carries; what it does not name has its default. ValueError where it does not read."""
    known = _known(parameters, SeekWish)
    if "patterns" in known:
        known["patterns"] = tuple(Pattern(str(name)) for name in _list(known["patterns"]))
    return SeekWish(**known)  # type: ignore[arg-type]


def throughput_wish(parameters: Mapping[str, JsonValue]) -> ThroughputWish:
    """Return the wish that a job carries, as `seek_wish` does."""
    known = _known(parameters, ThroughputWish)
    if "levels" in known:
        known["levels"] = tuple(_numbers(known["levels"]))
    if isinstance(known.get("folder"), str):
        known["folder"] = Path(str(known["folder"]))
    return ThroughputWish(**known)  # type: ignore[arg-type]


def _known(parameters: Mapping[str, JsonValue], kind: type[SeekWish] | type[ThroughputWish]) -> dict[str, object]:
    known: dict[str, object] = {name: value for name, value in parameters.items() if name in kind.__dataclass_fields__}
    if "block_sizes" in known:
        known["block_sizes"] = tuple(_numbers(known["block_sizes"]))
    if known.get("format") is not None:
        known["format"] = ImageFormat(str(known["format"]))
    if "methods" in known:
        known["methods"] = in_order(Method(str(name)) for name in _list(known["methods"]))
    return known


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is no list")
    return value


def _numbers(value: object) -> list[int]:
    return [int(str(each)) for each in _list(value)]


def _plain(value: object) -> JsonValue:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return str(value)

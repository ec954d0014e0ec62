"""What the tests of the lab come to, line by line: as the store keeps them, and as figures again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from discpress.engine.formats import ImageFormat, Method, Settings
from discpress.engine.measure.sample import Span
from discpress.engine.measure.seek import SeekFigures
from discpress.engine.measure.throughput import ThroughputFigures
from discpress.engine.store.model import FileIdentity, JsonValue
from discpress.engine.store.rows.measurement_rows import LabTest, Measurement
from discpress.engine.store.rows.plain_json import fields_in

_MOST_OCTAVE = 63
"""2^63 microseconds are longer than anybody has waited."""


@dataclass(frozen=True, slots=True)
class SeekResult:
    """One line of a seek test."""

    format: ImageFormat
    """What was read."""
    block_size: int
    """Bytes of a block; 0 for a plain image."""
    level: int
    """Effort it was packed with; 0 where that is not known."""
    disk: str
    """What held it."""
    window: Span
    """The stretch of the title that was read; all of it where it was packed already."""
    figures: SeekFigures
    """What came out."""
    methods: tuple[Method, ...] = ()
    """What the hunks of a CHD were packed by; empty for the other formats, and where that is not known."""


@dataclass(frozen=True, slots=True)
class ThroughputResult:
    """One line of a throughput test."""

    disk: str
    """What was written on."""
    source_disk: str
    """What was read from."""
    figures: ThroughputFigures
    """What came out."""


def seek_measurement(
    path: Path, identity: FileIdentity, result: SeekResult, machine: str, at: float, beside: int = 0
) -> Measurement:
    """Return a line of a seek test as it is kept; `beside` is how many other jobs ran at the time."""
    facts: dict[str, JsonValue] = {
        **_plain(asdict(result.figures)),
        "window_offset": result.window.offset,
        "window_bytes": result.window.length,
        "methods": [*map(str, result.methods)],
        "beside": beside,
    }
    pattern = str(result.figures.pattern)
    return Measurement(
        LabTest.SEEK, path, identity, result.format, result.block_size, result.level, pattern, machine, result.disk, at,
        facts,
    )  # fmt: skip


def throughput_measurement(
    path: Path, identity: FileIdentity, result: ThroughputResult, machine: str, at: float, beside: int = 0
) -> Measurement:
    """Return a line of a throughput test as it is kept."""
    figures = result.figures
    facts = _plain(asdict(figures))
    del facts["settings"]
    settings = figures.settings
    facts |= {"source_disk": result.source_disk, "methods": [*map(str, settings.methods)], "beside": beside}
    return Measurement(
        LabTest.THROUGHPUT, path, identity, settings.format, settings.block_size, settings.level, "", machine,
        result.disk, at, facts,
    )  # fmt: skip


def seek_figures(measurement: Measurement) -> SeekFigures | None:
    """Return the figures of a kept seek test; None where they cannot be read, or are those of no test."""
    try:
        figures = SeekFigures(**fields_in(SeekFigures, measurement.facts))
    except (TypeError, ValueError):
        return None
    has_octaves = all(octave <= _MOST_OCTAVE for octave, _ in figures.octaves) and any(n for _, n in figures.octaves)
    return figures if has_octaves and figures.wanted_bytes > 0 else None


def throughput_figures(measurement: Measurement) -> ThroughputFigures | None:
    """Return the figures of a kept throughput test; None where they cannot be read, or are those of no test."""
    settings = Settings(measurement.format, measurement.block_size, measurement.level, methods=measurement.methods)
    try:
        figures = ThroughputFigures(settings=settings, **fields_in(ThroughputFigures, measurement.facts))
    except (TypeError, ValueError):
        return None
    return figures if figures.sampled_bytes and figures.threads else None


def jobs_beside(measurement: Measurement) -> int:
    """Return how many other jobs ran at the time; 0 where that is not known."""
    beside = measurement.facts.get("beside")
    return beside if type(beside) is int else 0


def _plain(facts: Mapping[str, Any]) -> dict[str, JsonValue]:
    return {
        name: [list(pair) for pair in value] if name == "octaves" else value if name == "settings" else _scalar(value)
        for name, value in facts.items()
    }


def _scalar(value: Any) -> JsonValue:
    if isinstance(value, float):
        return round(value, 9)
    return str(value) if isinstance(value, str) else value

"""Result lines of benchmarks, and their conversion to stored measurements and back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from discpress.engine.formats import ImageFormat, Method, Settings
from discpress.engine.measure.sample import Span
from discpress.engine.measure.seek import SeekFigures
from discpress.engine.measure.throughput import ThroughputFigures
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import JsonValue
from discpress.engine.store.rows.measurement_rows import LabTest, Measurement
from discpress.engine.store.rows.plain_json import fields_in

_MOST_OCTAVE = 63
"""2^63 microseconds exceed every possible wait."""


@dataclass(frozen=True, slots=True)
class SeekResult:
    """One line of a seek test."""

    format: ImageFormat
    """The format that was read."""
    block_size: int
    """Bytes of a block; 0 for a plain image."""
    level: int
    """Level it was packed with; 0 if unknown."""
    disk: str
    """The disk that held it."""
    window: Span
    """The range of the title that was read; all of it if it was compressed already."""
    figures: SeekFigures
    """The figures."""
    methods: tuple[Method, ...] = ()
    """Methods of the hunks of a CHD; empty for other formats, or if unknown."""


@dataclass(frozen=True, slots=True)
class ThroughputResult:
    """One line of a throughput test."""

    disk: str
    """The disk that was written."""
    source_disk: str
    """The disk that was read."""
    figures: ThroughputFigures
    """The figures."""


def seek_measurement(
    path: Path, identity: FileIdentity, result: SeekResult, machine: str, at: float, beside: int = 0
) -> Measurement:
    """Return a line of a seek test for the store; `beside` is the number of other jobs that ran at the time."""
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
    """Return a line of a throughput test for the store."""
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
    """Return the figures of a stored seek test; None if they are unreadable or impossible."""
    try:
        figures = SeekFigures(**fields_in(SeekFigures, measurement.facts))
    except (TypeError, ValueError):
        return None
    has_octaves = all(octave <= _MOST_OCTAVE for octave, _ in figures.octaves) and any(n for _, n in figures.octaves)
    return figures if has_octaves and figures.wanted_bytes > 0 else None


def throughput_figures(measurement: Measurement) -> ThroughputFigures | None:
    """Return the figures of a stored throughput test; None if they are unreadable or impossible."""
    settings = Settings(measurement.format, measurement.block_size, measurement.level, methods=measurement.methods)
    try:
        figures = ThroughputFigures(settings=settings, **fields_in(ThroughputFigures, measurement.facts))
    except (TypeError, ValueError):
        return None
    return figures if figures.sampled_bytes and figures.threads else None


def jobs_beside(measurement: Measurement) -> int:
    """Return the number of other jobs that ran at the time; 0 if unknown."""
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

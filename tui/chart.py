"""The chart of size against seek latency, as lines of text."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.units import format_latency, format_size
from tui.benching import Measured
from tui.tuning import Cell, Tuning
from tui.widgets.palette import Line, Piece, fit

_AXIS = 11
_GAP = 1  # cells between two labels of one line


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the chart."""

    label: str
    """What stands there: `4K`."""
    size_bytes: int
    """Upwards."""
    latency_us: float
    """To the right."""
    style: str = "normal"
    """`cursor` for the present choice, `dim` for what is not loaded."""


def points_of(grid: Sequence[Sequence[Cell]], tuning: Tuning, measured: Measured | None = None) -> list[Point]:
    """Return each block size at the chosen level, as far as its size and latency are known.

    Where the bench has measured, only what it measured is shown: a promise beside it would compare unlike things.
    """
    points = []
    for row in grid:
        for cell in row:
            if cell.settings.level != tuning.level or cell.estimate is None:
                continue
            latencies = None if measured is None else measured.latencies_us
            block_size = cell.settings.block_size
            latency_us = cell.estimate.seek_us if latencies is None else latencies.get(block_size, 0.0)
            if latency_us:
                is_chosen = cell.settings.block_size == tuning.block_size
                style = "cursor" if is_chosen else "dim" if cell.refusal else "normal"
                label = f"{cell.settings.block_size // 1024}K"
                points.append(Point(label, cell.estimate.packed_bytes, latency_us, style))
    return points


def describe_latency(measured: Measured | None) -> str:
    """Return what the axis of latencies shows."""
    if measured is None:
        return "seek latency"
    cache = "cold" if measured.is_cold else "cached"
    return f"measured: median of {measured.pattern.label} reads, {cache}"


def chart_lines(points: Sequence[Point], width: int, height: int, latency: str = "seek latency") -> list[Line]:
    """Return size (upwards) against seek latency (to the right) in `height` lines; in brackets what is not loaded."""
    if not points:
        return [[("nothing to draw before the sample is packed", "dim")]]
    inner, rows = max(10, width - _AXIS), max(3, height - 2)  # below the head, above the other axis
    low, high = min(point.size_bytes for point in points), max(point.size_bytes for point in points)
    longest = max(point.latency_us for point in points)
    placed: list[list[tuple[int, str, str]]] = [[] for _ in range(rows)]
    for point in points:
        label = f"({point.label})" if point.style == "dim" else point.label
        y = round((high - point.size_bytes) / (high - low) * (rows - 1)) if high > low else 0
        x = min(round(point.latency_us / longest * (inner - 1)), inner - len(label))
        placed[y].append((x, label, point.style))
    lines: list[Line] = [[("size", "head")]]
    for y, labels in enumerate(placed):
        axis = format_size(high) if y == 0 else format_size(low) if y == rows - 1 else ""
        lines.append([(f"{axis:>{_AXIS - 2}} |", "dim"), *_row(labels, inner)])
    end = f"{latency} {format_latency(longest)}"
    lines.append([(" " * (_AXIS - 1) + "0" + fit(end, inner, right=True, ellipsis=""), "dim")])
    return lines


def _row(labels: Sequence[tuple[int, str, str]], width: int) -> list[Piece]:
    """Return one line of the chart; labels that would cover each other move apart, first to the left."""
    places: list[tuple[int, str, str]] = []
    end = width
    for x, label, style in sorted(labels, reverse=True):
        start = min(x, end - len(label))
        if start >= 0:
            places.append((start, label, style))
            end = start - _GAP
    pieces: list[Piece] = []
    used = 0
    for start, label, style in reversed(places):
        pieces += [(" " * (start - used), "normal"), (label, style)]
        used = start + len(label)
    return pieces

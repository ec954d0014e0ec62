"""The chart of size against seek latency, as lines of text."""

from collections.abc import Sequence
from dataclasses import dataclass

from discpress.engine.units import format_latency, format_size
from discpress.tui.views.bench import Measured
from discpress.tui.views.tune import Cell, Tuning
from discpress.tui.widgets.palette import Line, Piece, fit

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

    If the benchmark has measured, only its results are shown: an estimate next to them is not comparable.
    """
    cells = [cell for row in grid for cell in row if cell.settings.level == tuning.level]
    points = [_point_of(cell, tuning, measured) for cell in cells]
    return [point for point in points if point is not None]


def _point_of(cell: Cell, tuning: Tuning, measured: Measured | None) -> Point | None:
    """Return the point of one block size; None as long as its size or latency is unknown."""
    if cell.estimate is None:
        return None
    block_size = cell.settings.block_size
    latency_us = cell.estimate.seek_us if measured is None else measured.latencies_us.get(block_size, 0.0)
    if not latency_us:
        return None
    style = "cursor" if block_size == tuning.block_size else "dim" if cell.refusal else "normal"
    return Point(f"{block_size // 1024}K", cell.estimate.packed_bytes, latency_us, style)


def describe_latency(measured: Measured | None) -> str:
    """Return what the axis of latencies shows."""
    if measured is None:
        return "seek latency"
    cache = "cold" if measured.is_cold else "cached"
    return f"measured: median of {measured.pattern.label} reads, {cache}"


def chart_lines(
    points: Sequence[Point], width: int, height: int, latency: str = "seek latency", *, is_ascii: bool = False
) -> list[Line]:
    """Return size (upwards) against seek latency (to the right) in `height` lines; in brackets what is not loaded."""
    if not points:
        return [[("nothing to draw before the sample is packed", "dim")]]
    inner, rows = max(10, width - _AXIS), max(3, height - 2)  # below the head, above the other axis
    low, high = min(point.size_bytes for point in points), max(point.size_bytes for point in points)
    longest = max(point.latency_us for point in points)
    lines: list[Line] = [[("size", "head")]]
    for y, labels in enumerate(_placed(points, (low, high), longest, inner, rows)):
        axis = format_size(high) if y == 0 else format_size(low) if y == rows - 1 and low < high else ""
        lines.append([(f"{axis:>{_AXIS - 2}} {'|' if is_ascii else '│'}", "dim"), *_row(labels, inner)])
    end = f"{latency} {format_latency(longest)}"
    lines.append([(" " * (_AXIS - 1) + "0" + fit(end, inner, right=True, ellipsis=""), "dim")])
    return lines


def _placed(
    points: Sequence[Point], sizes: tuple[int, int], longest_us: float, width: int, rows: int
) -> list[list[tuple[int, str, str]]]:
    """Return the labels of each row from the top, as first column, text and style."""
    low, high = sizes
    placed: list[list[tuple[int, str, str]]] = [[] for _ in range(rows)]
    for point in points:
        label = f"({point.label})" if point.style == "dim" else point.label
        y = round((high - point.size_bytes) / (high - low) * (rows - 1)) if high > low else 0
        x = min(round(point.latency_us / longest_us * (width - 1)), width - len(label))
        placed[y].append((x, label, point.style))
    return placed


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

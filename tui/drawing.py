"""Tune's grid as lines: the choice with its figures, the table of sizes, the chart."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.formats import ImageFormat
from engine.library.model import StoredEstimate, Title
from engine.targets import AUTO, TARGETS, target_for
from engine.units import format_duration, format_size
from tui.library_view import margin_of
from tui.tuning import Cell, Tuning
from tui.widgets.palette import Line, wrapped

_CELL = 10
_HEAD = 7
_AXIS = 11


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the chart."""

    label: str
    """What stands there: `4K`."""
    size_bytes: int
    """Upwards."""
    latency_us: float
    """To the right."""
    is_chosen: bool
    """Whether it is the present choice."""


def choice_lines(tuning: Tuning, chosen: Cell, title: Title, width: int, *, margin_sign: str) -> list[Line]:
    """Return what is chosen, each with the key that changes it, and what it comes to."""
    target = target_for(title.system) if tuning.target == AUTO else TARGETS[tuning.target]
    called = f"{AUTO}: {target.label}" if tuning.target == AUTO else target.label
    first: list[tuple[str, str]] = [("T", "accent"), (f" target {called}", "normal")]
    second: list[tuple[str, str]] = [("f", "accent"), (f" format {tuning.format.upper()}", "normal")]
    if tuning.format is not ImageFormat.ISO:
        smallest = "smallest" if tuning.alignment is None else str(tuning.alignment)
        second += [("   up/down", "accent"), (f" block {tuning.block_size // 1024}K", "normal")]
        second += [("   left/right", "accent"), (f" level {tuning.level}", "normal")]
        second += [("   A", "accent"), (f" alignment {smallest}", "normal")]
    lines: list[Line] = [first, second]
    if chosen.refusal:
        return [*lines, *wrapped(chosen.refusal, width, "bad")]
    return [*lines, *_figures(chosen.estimate, title, margin_sign)]


def _figures(estimate: StoredEstimate | None, title: Title, margin_sign: str) -> list[Line]:
    if estimate is None:
        return [[("the worker packs a sample ...", "dim")]]
    margin = margin_of(estimate)
    near = f" {margin_sign}{margin} %" if margin else " exactly"
    saving = title.file_bytes - estimate.packed_bytes
    percent = 100 * saving / title.file_bytes if title.file_bytes else 0.0
    text = f"becomes {format_size(estimate.packed_bytes)}{near}, saves {format_size(saving)} = {percent:.1f} %"
    if estimate.seconds:
        text += f", about {format_duration(estimate.seconds)}"
    return [[(text, "good" if saving > 0 else "warn")]]


def grid_lines(grid: Sequence[Sequence[Cell]], tuning: Tuning, title: Title) -> list[Line]:
    """Return the sizes as a table: block sizes down, levels across; what the target does not load is dim."""
    heads = "".join(f"{f'level {level}':>{_CELL}}" for level in tuning.levels)
    lines: list[Line] = [[(f"{'block':>{_HEAD}}{heads}", "head")]]
    for row in grid:
        block_size = row[0].settings.block_size
        pieces: list[tuple[str, str]] = [(f"{f'{block_size // 1024}K':>{_HEAD}}", "normal")]
        for level, cell in zip(tuning.levels, row, strict=True):
            is_chosen = (block_size, level) == (tuning.block_size, tuning.level)
            pieces.append((f"{_size(cell):>{_CELL}}", "cursor" if is_chosen else "dim" if cell.refusal else "normal"))
        if row[0].refusal:
            pieces.append(("  not loaded", "dim"))
        lines.append(pieces)
    return lines


def _size(cell: Cell) -> str:
    if cell.estimate is not None:
        return format_size(cell.estimate.packed_bytes)
    return "-" if cell.refusal else "..."


def chart_lines(points: Sequence[Point], unit: str, width: int, height: int) -> list[Line]:
    """Return size (upwards) against seek latency (to the right) as text; the chosen point is `[4K]`."""
    if not points:
        return [[("nothing to draw before the sample is packed", "dim")]]
    inner, rows = max(10, width - _AXIS), max(3, height - 2)
    sizes, latencies = [point.size_bytes for point in points], [point.latency_us for point in points]
    low, high = min(sizes), max(sizes)
    longest = max(latencies) or 1.0
    cells = [[" "] * inner for _ in range(rows)]
    chosen: tuple[int, int, int] | None = None
    for point in points:
        label = f"[{point.label}]" if point.is_chosen else point.label
        y = round((high - point.size_bytes) / (high - low) * (rows - 1)) if high > low else 0
        x = min(round(point.latency_us / longest * (inner - 1)), inner - len(label))
        if point.is_chosen:
            chosen = (y, x, len(label))
        cells[y][x : x + len(label)] = label
    lines: list[Line] = []
    for y, row in enumerate(cells):
        axis = format_size(high) if y == 0 else format_size(low) if y == rows - 1 else ""
        text = "".join(row)
        pieces = [(f"{axis:>{_AXIS - 2}} |", "dim")]
        if chosen is not None and chosen[0] == y:
            _, x, length = chosen
            pieces += [(text[:x], "normal"), (text[x : x + length], "cursor"), (text[x + length :], "normal")]
        else:
            pieces.append((text, "normal"))
        lines.append(pieces)
    end = f"{longest / 1000:.1f} ms {unit}"
    lines.append([(" " * (_AXIS - 1) + "0".ljust(max(1, inner - len(end))) + end, "dim")])
    return lines

"""Tune's grid as lines: the choice with its figures, and the table of sizes."""

from collections.abc import Sequence
from enum import StrEnum

from discpress.engine.store.model import StoredEstimate, Title
from discpress.engine.targets import AUTO, target_named
from discpress.engine.units import format_duration, format_latency, format_size
from discpress.tui.commands import Keys
from discpress.tui.views.bench import Measured
from discpress.tui.views.chart import chart_lines, describe_latency, points_of
from discpress.tui.views.labels import margin_of
from discpress.tui.views.tune import Cell, Tuning, reason_against
from discpress.tui.widgets.palette import Line, beside, wrapped


class GridForm(StrEnum):
    """The layouts of the sizes."""

    TABLE = "table"
    CHART = "chart"
    BOTH = "both"
    """Side by side."""


_GAP = 3
_MOST_CHART = 24
_CELL = 9
_HEAD = 7
_NOT_LOADED = " x"


def choice_lines(
    tuning: Tuning,
    chosen: Cell,
    title: Title,
    width: int,
    keys: Keys,
    *,
    margin_sign: str,
    problem: str = "",
    file_bytes: int | None = None,
) -> list[Line]:
    """Return what is chosen, each with the key that changes it, and what it comes to.

    `keys` are those that are valid; `problem` is why the worker could not find out what is not known; `file_bytes` is
    the present size of all titles that the figures are of, None for that of the title.
    """
    target = target_named(tuning.target, title.system)
    called = f"{AUTO}: {target.label}" if tuning.target == AUTO else target.label
    first: list[tuple[str, str]] = [(keys.row("target_next"), "accent"), (f" target {called}", "normal")]
    called = f" format {tuning.format_name}"
    second: list[tuple[str, str]] = [(keys.row("format_next"), "accent"), (called, "normal")]
    if not tuning.is_plain:
        smallest = "smallest" if tuning.alignment is None else str(tuning.alignment)
        if tuning.takes_alignment:
            first += [(f"   {keys.row('alignment_next')}", "accent"), (f" alignment {smallest}", "normal")]
        rows, columns = keys.row("smaller_block", "larger_block"), keys.row("lower_level", "higher_level")
        size = "8 frames" if tuning.is_cd else f"{tuning.block_size // 1024}K"
        second += [(f"   {rows}", "accent"), (f" block {size}", "normal")]
        named = f" ({tuning.level_name})" if tuning.level_name else ""
        second += [(f"   {columns}", "accent"), (f" level {tuning.level}{named}", "normal")]
    lines: list[Line] = [first, second]
    if chosen.refusal:
        return [*lines, *wrapped(f"not loaded: {reason_against(chosen)}", width, "dim")]
    if chosen.estimate is None and problem:
        return [*lines, *wrapped(f"cannot be estimated: {problem}", width, "bad")]
    return [*lines, *_figures(chosen.estimate, title.file_bytes if file_bytes is None else file_bytes, margin_sign)]


def _figures(estimate: StoredEstimate | None, file_bytes: int, margin_sign: str) -> list[Line]:
    if estimate is None:
        return [[("the worker packs a sample ...", "dim")]]
    margin = margin_of(estimate)
    near = f" {margin_sign}{margin} %" if margin else " (exact)"
    saving = file_bytes - estimate.packed_bytes
    percent = 100 * saving / file_bytes if file_bytes else 0.0
    text = f"becomes {format_size(estimate.packed_bytes)}{near}, saves {format_size(saving)} = {percent:.1f} %"
    lines: list[Line] = [[(text, "good" if saving > 0 else "warn")]]
    if estimate.seconds:
        latency = f"; seek latency about {format_latency(estimate.seek_us)}" if estimate.seek_us else ""
        lines.append([(f"takes about {format_duration(estimate.seconds)} to convert{latency}", "normal")])
    return lines


def grid_and_chart(
    grid: Sequence[Sequence[Cell]],
    tuning: Tuning,
    measured: Measured | None,
    size: tuple[int, int],
    form: GridForm,
    *,
    is_waiting: bool,
    is_ascii: bool,
) -> list[Line]:
    """Return the table, the chart or both in that many cells and lines."""
    width, height = size
    if form is GridForm.TABLE:
        return grid_lines(grid, tuning, width, is_waiting=is_waiting)
    points, latency = points_of(grid, tuning, measured), describe_latency(measured)
    if form is GridForm.CHART:
        return chart_lines(points, width, height, latency, is_ascii=is_ascii)
    table_width = grid_cells(tuning) + len(_NOT_LOADED)
    table = grid_lines(grid, tuning, table_width, is_waiting=is_waiting)
    chart_width = width - table_width - _GAP
    chart = chart_lines(points, chart_width, min(height, _MOST_CHART), latency, is_ascii=is_ascii)
    return beside([(table, table_width), (chart, chart_width)], height, _GAP)


def grid_cells(tuning: Tuning) -> int:
    """Return the width of the table of sizes."""
    return _HEAD + _CELL * (len(tuning.levels) + 1)


def grid_lines(grid: Sequence[Sequence[Cell]], tuning: Tuning, width: int, *, is_waiting: bool = True) -> list[Line]:
    """Return the sizes as a table: block sizes down, levels across, then the seek latency at the chosen level.

    What the target does not load is dim; why stands below the table. `is_waiting` tells whether what is not known is
    still to come. In a narrow window there is no latency, which the lines above have for what is chosen.
    """
    has_seek = width >= grid_cells(tuning) + len(_NOT_LOADED)
    heads = "".join(f"{f'level {level}':>{_CELL}}" for level in tuning.levels)
    seek = f"{'seek':>{_CELL}}" if has_seek else ""
    lines: list[Line] = [[(f"{'block':>{_HEAD}}{heads}{seek}", "head")]]
    reasons: dict[str, None] = {}
    for row in grid:
        lines.append(_grid_row(row, tuning, is_waiting, has_seek))
        if row[0].refusal:
            reasons[reason_against(row[0])] = None
    for reason in reasons:
        lines += [[], *wrapped(f"x not loaded: {reason}", width, "dim")]
    return lines


def _grid_row(row: Sequence[Cell], tuning: Tuning, is_waiting: bool, has_seek: bool) -> Line:
    block_size, refusal = row[0].settings.block_size, row[0].refusal
    pieces = [(f"{f'{block_size // 1024}K':>{_HEAD}}", "normal")]
    for level, cell in zip(tuning.levels, row, strict=True):
        is_chosen = (block_size, level) == (tuning.block_size, tuning.level)
        style = "cursor" if is_chosen else "dim" if cell.refusal else "normal"
        pieces.append((f"{_size(cell, is_waiting):>{_CELL}}", style))
    if has_seek:
        pieces.append((f"{_latency(row, tuning):>{_CELL}}", "dim" if refusal else "normal"))
    if refusal:
        pieces.append((_NOT_LOADED, "dim"))
    return pieces


def _latency(row: Sequence[Cell], tuning: Tuning) -> str:
    known = [cell.estimate.seek_us for cell in row if cell.estimate is not None and cell.settings.level == tuning.level]
    return format_latency(known[0]) if known and known[0] else ""


def _size(cell: Cell, is_waiting: bool) -> str:
    if cell.estimate is not None:
        return format_size(cell.estimate.packed_bytes)
    return "-" if cell.refusal or not is_waiting else "..."

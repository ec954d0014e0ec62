"""The plan of a conversion of titles, as the app shows it: texts of rows and totals, and the jobs that carry it out."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from discpress.engine.convert.batch.left_out import is_converted_if_named
from discpress.engine.convert.batch.model import USELESS, Batch, Candidate, PlannedTitle, Skip
from discpress.engine.convert.batch.planner import plan_batch
from discpress.engine.convert.batch.repairs import plan_repairs
from discpress.engine.convert.output_names import Clash
from discpress.engine.library.naming import TitleNames
from discpress.engine.library.states import TitleStates
from discpress.engine.names import display_name
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.planned_jobs import job_of
from discpress.engine.queue.titles.chooser import Chooser
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.states import SICK, State
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store
from discpress.engine.units import format_count, format_size
from discpress.tui.commands import Keys
from discpress.tui.views.labels import without_options
from discpress.tui.views.queue_space import space_line
from discpress.tui.widgets.marked_rows import Signs
from discpress.tui.widgets.palette import Line, joined, tail

CONFLICTS = {
    OnConflict.ERROR: "skip (if it appears later: the job fails)",
    OnConflict.SKIP: "skip (also if it appears later)",
    OnConflict.RENAME: "give the result another name",
    OnConflict.OVERWRITE: "move the existing file to trash first",
}
"""The outcome for a title whose result has a name that is taken."""


def plan_titles(
    titles: Sequence[Title],
    chooser: Chooser,
    options: ConversionRequest,
    store: Store | None,
    queued: Collection[Path],
    wanted: Mapping[Path, ConversionRequest],
    states: TitleStates,
    *,
    is_repair: bool = False,
) -> Batch:
    """Return what converting these titles would do; asks disks, so call it in a thread.

    `queued` are paths that the queue works on already, `wanted` settings in place of a title's own. An image that is
    not whole, or that nothing plays, counts as named, and is converted, only if it was chosen alone. With `is_repair`,
    only titles that their target does not load are rewritten.
    """
    if is_repair:
        chosen = [Candidate(title) for title in titles]
        return plan_repairs(chosen, options, chooser.default_request, store, queued=queued)
    is_alone = len(titles) == 1
    candidates = [
        Candidate(
            title,
            wanted.get(title.path),
            is_named=is_alone and (states.state(title) in SICK or states.state(title) is State.NO_PLAYER),
        )
        for title in titles
    ]
    return plan_batch(candidates, options, chooser.default_request, store, queued=queued, states=states.under)


def jobs_of(batch: Batch, options: ConversionRequest, names: TitleNames) -> list[JobRequest]:
    """Return the jobs of a plan; `names` are those of the rows that they come from."""
    return [job_of(row, options, None, name=names.of(row.title)) for row in batch.converted]


def reason_left_out(row: PlannedTitle, keys: Keys) -> str:
    """Return why a title is left out, with the key that changes that; empty if it is converted."""
    ways = {
        Skip.PACKED: f"{keys.of('tune')} chooses other settings for it",
        Skip.SAME_FORMAT: f"{keys.of('tune')} chooses other settings for it",
        Skip.WONT_LOAD: f"{keys.of('repair')} repairs it",
        Skip.DONE: f"{keys.of('conflict')} may overwrite it",
        Skip.EXISTS: f"{keys.of('conflict')} chooses another rule",
        **dict.fromkeys(USELESS, f"{keys.of('even_useless')} converts it anyway"),
    }
    if row.obstacle is not None and row.skip is Skip.SAME_FORMAT:
        ways[Skip.SAME_FORMAT] = f"{keys.of('conflict')} gives it another one"
    if row.obstacle is not None and row.obstacle.clash is Clash.SOURCE and row.request.replaces_source:
        ways[Skip.EXISTS] = f"{keys.of('originals')} moves the old file to the trash first"
    way = "" if row.skip is None else ways.get(row.skip, "")
    if is_converted_if_named(row):
        way = "choose it alone to convert it"
    reason = without_options(row.reason)
    return f"{reason}; {way}" if way else reason


def summary_of(batch: Batch, options: ConversionRequest, signs: Signs, keys: Keys, width: int) -> list[Line]:
    """Return the lines above the table: totals, space, what becomes of the originals, conflicts."""
    lines = _total_lines(batch, signs.margin, width)
    lines += [space_line(space, width, signs) for space in batch.spaces]
    originals = "move to trash after verification" if options.trash_source else "keep"
    folder = "next to each original" if options.output_folder is None else display_name(options.output_folder)
    shown_folder = tail(folder, width - _KEY_CELLS - len("results: "), signs.ellipsis)
    lines += [
        _option_line(keys.row("originals"), f"originals: {originals}"),
        _option_line(keys.row("choose_folder"), f"results: {shown_folder}"),
        _option_line(keys.row("conflict"), _conflict_text(options.on_conflict, width - _KEY_CELLS)),
    ]
    useless = sum(row.is_useless for row in batch.rows)
    if useless:
        what = "convert anyway" if options.force else "skip"
        lines.append(_option_line(keys.row("even_useless"), f"titles that barely shrink ({useless}): {what}"))
    return lines


_KEY_CELLS = 8
"""Space for the longest key before an option."""


def _total_lines(batch: Batch, margin_sign: str, width: int) -> list[Line]:
    count = len(batch.converted)
    low, expected, high = batch.bounds
    half = max(expected - low, high - expected)
    margin = f" {margin_sign}{max(1, round(100 * half / expected))} %" if half and expected else ""
    parts = [f"{format_count(count, 'title')}: read {format_size(batch.read_bytes)}" if count else "nothing to do"]
    if expected:
        parts.append(f"write about {format_size(expected)}{margin}")
        saved = batch.saving[1]
        parts += [f"save {format_size(saved)}"] if saved > 0 else []
    if batch.unknown:
        parts.append(f"{batch.unknown} not estimated yet")
    if batch.duration:
        parts.append(batch.duration)
    left_out = len(batch.rows) - count
    pieces = [(part, "head") for part in parts]
    return joined([*pieces, *([(f"{left_out} left out", "bad")] if left_out else [])], width)


def _conflict_text(rule: OnConflict, width: int) -> str:
    """Return what becomes of a title whose name is taken, on a narrow terminal without the remark in brackets."""
    text = f"if the name exists: {CONFLICTS[rule]}"
    return text if len(text) <= width else text.partition(" (")[0]


def _option_line(key: str, text: str) -> Line:
    return [(key, "accent"), (f" {text}", "normal")]

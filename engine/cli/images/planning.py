"""Plans the inputs of a command line as one batch, and reports the rows and totals of the plan."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from discpress.engine.cli.images.estimating import Estimator
from discpress.engine.cli.images.inputs import Input
from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.cli.images.title_states import states_in
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.state import Records
from discpress.engine.convert.batch.disk_space import DiskSpace
from discpress.engine.convert.batch.left_out import is_converted_if_named
from discpress.engine.convert.batch.model import USELESS, Batch, Candidate, PlannedTitle, Skip
from discpress.engine.convert.batch.planner import plan_batch
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.convert.preflight import NEVER_SKIPPED
from discpress.engine.errors import DiscpressError, SplitImageError
from discpress.engine.library.scan.current import CurrentTitles
from discpress.engine.library.scan.titles import fault_of
from discpress.engine.names import display_name
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault, Title
from discpress.engine.units import format_size

READ_TOGETHER = 64
"""Inputs whose stored titles are asked for at once; as many files are open until those that wait are chosen."""
_ADVICE = {
    Skip.PACKED: "; name the file, or a format with -f, to convert it anyway",
    Skip.DONE: "; --force converts it again",
    **dict.fromkeys(USELESS, "; --even-useless converts it anyway"),
}


@dataclass(frozen=True, slots=True)
class PlannedInput:
    """One input, and its row of the batch."""

    input: Input
    """The input."""
    row: PlannedTitle
    """Its row."""
    failure: DiscpressError | None = None
    """The error that a repair would be; None if it is none, or if opening the image raises it."""

    @property
    def path(self) -> Path:
        """The path of the input."""
        return self.input.path

    @property
    def skip_reason(self) -> str:
        """The reason to leave the input out, with the way to convert it all the same; empty if there is none."""
        skip = self.row.skip
        if skip is None:
            return ""
        if is_converted_if_named(self.row):
            return f"{self.row.reason}; name the file to convert it anyway"
        return self.row.reason + _ADVICE.get(skip, "")


def plan_inputs(
    inputs: Iterable[Input],
    sources: OpenSources,
    options: ConversionRequest,
    defaults: ConversionRequest,
    records: Records,
    check: Callable[[], None],
    *,
    repacks: bool,
    moves_archives: bool,
    estimator: Estimator | None = None,
) -> tuple[list[PlannedInput], Batch]:
    """Plan the inputs as one batch; one that cannot be opened has a row with the reason.

    The images are opened by way of `sources`, which keeps the first ones open for their conversion. With an
    `estimator`, titles that would be converted and have no estimate get one, and the batch is planned anew.
    """
    planned, candidates = candidates_of(inputs, sources, records, check)

    states = states_in(records.store)

    def plan() -> Batch:
        return plan_batch(
            candidates,
            options,
            defaults,
            records.store,
            repacks=repacks,
            moves_archives=moves_archives,
            states=states,
            check=check,
        )

    batch = plan()
    if estimator is not None and batch.unknown:
        found = estimator.estimate([row for row in batch.converted if row.estimate is None])
        candidates = [
            replace(each, title=replace(each.title, estimate=found.get(each.title.path, each.title.estimate)))
            for each in candidates
        ]
        batch = plan()
    return [PlannedInput(each, row) for each, row in zip(planned, batch.rows, strict=True)], batch


def candidates_of(
    inputs: Iterable[Input], sources: OpenSources, records: Records, check: Callable[[], None]
) -> tuple[list[Input], list[Candidate]]:
    """Return the inputs and their titles; one that cannot be opened has the reason as its error."""
    remaining = iter(inputs)
    planned: list[Input] = []
    candidates: list[Candidate] = []
    while some := list(islice(remaining, READ_TOGETHER)):
        titles = CurrentTitles(records.store, [each.path for each in some])
        for each in some:
            check()
            title = _title_at(each.path, titles, sources)
            candidates.append(Candidate(title, output_folder=each.output_folder, is_named=each.is_named))
        planned += some
        sources.trim()
    return planned, candidates


def _title_at(path: Path, titles: CurrentTitles, sources: OpenSources) -> Title:
    known = titles.known_at(path)
    if known is not None:
        return known
    try:
        kept = sources.take(path)
        try:
            title = titles.read(kept.source)
        except BaseException:
            kept.source.close()
            raise
    except SplitImageError as error:
        problem = str(error).removeprefix(f"{display_name(path)}: ")
        return Title(path, FileIdentity(0, 0, 0, 0), None, error=problem, fault=Fault.SPLIT_PART)
    except (DiscpressError, OSError) as error:
        return Title(path, FileIdentity(0, 0, 0, 0), None, error=str(error), fault=fault_of(error))
    sources.keep(kept.source, path, None if title.error else title.disc)
    return title


def raise_conflict(row: PlannedTitle) -> None:
    """Raise ConflictError if the result's name is taken and the rule for conflicts is not to skip the title."""
    if row.skip is Skip.EXISTS and row.obstacle is not None:
        may_skip = row.request.on_conflict is OnConflict.SKIP and row.obstacle.clash not in NEVER_SKIPPED
        if not may_skip:
            raise row.obstacle.error


def raise_failure(planned: PlannedInput) -> None:
    """Raise the error that a repair would be."""
    if planned.failure is not None:
        raise planned.failure


def setting_facts(plan: ConversionPlan) -> dict[str, object]:
    """Return the form of a result for an event."""
    settings = plan.settings
    return {
        "format": str(settings.format),
        "block_size": None if settings.is_plain else settings.block_size,
        "level": None if settings.is_plain else settings.level,
        "index_shift": plan.index_shift,
        **({"methods": list(settings.methods)} if settings.methods else {}),
    }


def print_skip(planned: PlannedInput, printer: Printer) -> None:
    """Report an input that is left out; one that needs no repair is reported to people only if they named it."""
    row, why = planned.row, planned.skip_reason
    is_shown = planned.input.is_named or row.skip is not Skip.LOADS
    facts = {
        "input": str(planned.input.path),
        "output": None if row.output_path is None else str(row.output_path),
        "code": row.skip,
        "state": str(row.state),
        "message": why,
        **({} if row.copy_of is None else {"copy_of": str(row.copy_of)}),
    }
    printer.event("skipped", facts, f"{display_name(planned.input.path)}: skipped: {why}" if is_shown else "")


def print_plan(plan: ConversionPlan, row: PlannedTitle, printer: Printer) -> None:
    """Report a planned conversion, with its estimate if there is one."""
    estimate = row.estimate
    facts = {
        "input": str(plan.source_path),
        "files": [str(path) for path in plan.sources.paths],
        "output": str(plan.output_path),
        "output_files": [str(path) for path in plan.output_paths],
        **setting_facts(plan),
        "state": str(row.state),
        "accept_incomplete": row.request.accept_incomplete,
        "original_bytes": plan.original_bytes,
        "worst_bytes": plan.worst_bytes,
        "system": str(plan.identity.system),
        "target": plan.settings.target,
        "estimated_bytes": None if estimate is None else estimate.packed_bytes,
        "low_bytes": None if estimate is None else estimate.low_bytes,
        "high_bytes": None if estimate is None else estimate.high_bytes,
        "saving_bytes": row.saving_bytes,
        "conversion_s": None if estimate is None else estimate.seconds or None,
        "warnings": list(row.warnings),
        **reason_facts(row),
    }
    about = "" if estimate is None else f"about {format_size(estimate.packed_bytes)}, "
    printer.event(
        "plan",
        facts,
        f"{display_name(plan.source_path)} -> {display_name(plan.output_path)}{more_files(plan)}: {plan.description}, "
        f"{format_size(plan.original_bytes)} now, {about}at most {format_size(plan.worst_bytes)} then (dry run)"
        f"{reason_lines(row)}{_file_lines(plan)}",
    )


def more_files(plan: ConversionPlan, *, is_written: bool = False) -> str:
    """Return the number of files that the result has besides its main one, for people; empty if there are none.

    Of a split result that is not written, it is the largest possible number.
    """
    count = len(plan.output_paths) - 1
    most = "up to " if plan.part_count and not is_written else ""
    return f" and {most}{count} file{'s' if count > 1 else ''}" if count else ""


def _file_lines(plan: ConversionPlan) -> str:
    """Return the files that a sheet names as lines below another one."""
    files = () if plan.files is None else plan.files.files
    return "".join(f"\n  {display_name(each.name)}: {format_size(each.size_bytes)}" for each in files)


def reason_facts(row: PlannedTitle) -> dict[str, object]:
    """Return the reasons for a repair for an event; nothing if it is none."""
    return {"reasons": list(row.repairs)} if row.repairs else {}


def reason_lines(row: PlannedTitle) -> str:
    """Return the reasons for a repair as lines below another one."""
    return "".join(f"\n  {reason}" for reason in row.repairs)


def print_totals(batch: Batch, printer: Printer) -> None:
    """Report the totals of a plan: sizes, saving, time, the titles left out, and the free space of each disk."""
    (low, expected, high), saving = batch.bounds, batch.saving
    facts = {
        "titles": len(batch.converted),
        "skipped": dict(batch.skipped),
        "file_bytes": batch.file_bytes,
        "original_bytes": batch.read_bytes,
        "estimated_bytes": expected,
        "low_bytes": low,
        "high_bytes": high,
        "saving_bytes": saving[1],
        "least_saving_bytes": saving[0],
        "most_saving_bytes": saving[2],
        "unknown": batch.unknown,
        "conversion_s": batch.seconds,
        "disks": [_space_facts(space) for space in batch.spaces],
    }
    left_out = sum(batch.skipped.values())
    parts = [f"{len(batch.converted)} to convert, {left_out} skipped: {format_size(batch.file_bytes)} now"]
    if len(batch.converted) > batch.unknown:
        parts.append(f"saves {format_size(saving[1])} ({format_size(saving[0])} to {format_size(saving[2])})")
    if batch.unknown:
        parts.append(f"{batch.unknown} not estimated yet")
    if batch.duration:
        parts.append(batch.duration)
    lines = [", ".join(parts), *(f"  {_space_text(space)}" for space in batch.spaces)]
    printer.event("plan-total", facts, "\n".join(lines))


def _space_facts(space: DiskSpace) -> dict[str, object]:
    return {
        "folder": str(space.folder),
        "free_bytes": space.free_bytes,
        "after_bytes": space.after_bytes,
        "emptied_bytes": space.emptied_bytes,
        "unknown": space.unknown,
    }


def _space_text(space: DiskSpace) -> str:
    text = f"{display_name(space.folder)}: {format_size(space.free_bytes)} free now, "
    text += f"about {format_size(space.after_bytes)} after" if space.after_bytes >= 0 else "NOT ENOUGH for the results"
    if space.trashed_bytes:
        text += f", {format_size(space.emptied_bytes)} after the trash is emptied"
    return text

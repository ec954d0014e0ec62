"""`discpress rename`: the plan of new names, the renames, and the way back."""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from discpress.engine.cli.exit_codes import Failures
from discpress.engine.cli.images.options import as_paths
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.questions import is_confirmed
from discpress.engine.cli.state import open_store, read_config
from discpress.engine.convert.renaming.names import Pattern
from discpress.engine.convert.renaming.plan import RenamePlan
from discpress.engine.convert.renaming.run import last_rename, undo_rename
from discpress.engine.dats.index import DatIndex
from discpress.engine.errors import DiscpressError, UsageError
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.queue.titles.records import library_in
from discpress.engine.queue.titles.renaming import (
    finish_in_library,
    follow_record,
    rename_in_library,
    rename_plans,
)
from discpress.engine.states import State
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store
from discpress.engine.system.files import absolute
from discpress.engine.units import format_count


def run_rename(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `rename`; return the exit code."""
    if sum((bool(arguments.files), arguments.all, arguments.undo)) != 1:
        raise UsageError("rename: name a FILE or FOLDER, or give --all or --undo")
    with open_store(arguments, printer) as store:
        for record in finish_in_library(store, printer.notice):
            printer.notice("an interrupted rename is finished", record.folder / record.main.after)
        if arguments.undo:
            return _undo(store, printer, control)
        if not DatIndex(store.file).lists():
            raise UsageError("no datfile is loaded", hint="run discpress dat add FILE")
        return _rename(arguments, store, printer, control)


def _rename(arguments: argparse.Namespace, store: Store, printer: Printer, control: Control) -> int:
    titles, states = library_in(store, read_config())
    chosen = titles if arguments.all else _chosen(titles, as_paths(arguments.files))
    busy = [title.path for title in chosen if states.state(title) is State.WORKING]
    plans = rename_plans(store, chosen, states, Pattern(arguments.by), busy)
    possible = [plan for plan in plans if not plan.problem]
    for plan in plans:
        _print_plan(plan, printer)
    if not possible or arguments.dry_run:
        text = f"{format_count(len(possible), 'title')} of {len(plans)} can be renamed"
        printer.event("rename-plan", {"titles": len(plans), "possible": len(possible)}, text)
        return 0
    if not arguments.yes and not _is_confirmed(len(possible), arguments, control):
        printer.notice("nothing was renamed")
        return 0
    return _carry_out(store, possible, printer, control)


def _chosen(titles: Iterable[Title], paths: Sequence[Path]) -> list[Title]:
    """Return the titles that are named, or are below a named folder. Raises UsageError for a path without any."""
    known = list(titles)
    found: dict[Path, Title] = {}
    for path in map(absolute, paths):
        named = [each for each in known if each.path == path or path in each.file_paths or path in each.path.parents]
        if not named:
            raise UsageError(
                f"{display_name(path)}: not in the library", hint="run discpress scan FOLDER, and identify its images"
            )
        found.update((each.path, each) for each in named)
    return list(found.values())


def _carry_out(store: Store, plans: Sequence[RenamePlan], printer: Printer, control: Control) -> int:
    failures = Failures(printer)
    batch = 0
    for plan in plans:
        control.check()
        try:
            number = rename_in_library(plan, store, printer.notice, batch)
        except DiscpressError as error:
            failures.add(plan.title.path, error)
            continue
        batch = batch or number
        facts = {"path": str(plan.title.path), "new_path": str(plan.new_path)}
        printer.event("renamed", facts, f"{display_name(plan.title.path)} -> {display_name(plan.new_path.name)}")
    return failures.exit_code


def _undo(store: Store, printer: Printer, control: Control) -> int:
    entries = last_rename(store)
    if not entries:
        raise UsageError("there is no rename to undo")
    failures = Failures(printer)
    for entry in entries:
        control.check()
        try:
            record = undo_rename(entry, store, printer.notice)
        except (DiscpressError, ValueError) as error:
            failure = error if isinstance(error, DiscpressError) else DiscpressError(f"journal: {error}")
            failures.add(None, failure)
            continue
        follow_record(store, record)
        old, new = record.folder / record.main.before, record.folder / record.main.after
        facts = {"path": str(old), "new_path": str(new)}
        printer.event("renamed", facts, f"{display_name(old)} -> {display_name(new.name)}")
    return failures.exit_code


def _print_plan(plan: RenamePlan, printer: Printer) -> None:
    title = plan.title
    facts = {
        "path": str(title.path),
        "new_path": None if plan.problem else str(plan.new_path),
        "files": [[each.before, each.after] for each in plan.files],
        "why": plan.why,
        "problem": plan.problem,
    }
    if plan.problem:
        printer.event("rename", facts, f"{display_name(title.path)}: stays: {display_name(plan.problem)}")
        return
    lines = [f"{display_name(title.path)}: {display_name(plan.why)}"]
    lines += [f"  {display_name(each.before)} -> {display_name(each.after)}" for each in plan.files]
    printer.event("rename", facts, "\n".join(lines))


def _is_confirmed(count: int, arguments: argparse.Namespace, control: Control) -> bool:
    question = f"Rename {format_count(count, 'title')}? discpress rename --undo takes it back."
    refusal = "rename changes names of files: give --yes where it cannot ask, or -n to see the plan"
    return is_confirmed(question, refusal, arguments, control)

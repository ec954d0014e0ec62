"""`discpress undo`: finishes what was stopped, then restores originals."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.cli.images.options import as_paths
from discpress.engine.cli.library.trash import chosen_entries, is_named, print_entries, read_entries, read_with_stopped
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.state import Records
from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.folder import is_trash_name
from discpress.engine.convert.trash.journal import UNDONE
from discpress.engine.convert.trash.listing import find_homes, is_half_undone, sweep_trash_in
from discpress.engine.convert.trash.stopped import find_stopped_undos
from discpress.engine.convert.trash.undo import finish_undo, undo
from discpress.engine.convert.trash.undone import Undone
from discpress.engine.errors import CancelledError, DiscpressError, TrashError
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.system.processors import available_processors

_HERE = Path()


def run_undo(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `undo`; return the exit code."""
    records = Records(arguments, printer)
    try:
        return _undo(arguments, printer, control, records)
    finally:
        records.close()


def _undo(arguments: argparse.Namespace, printer: Printer, control: Control, records: Records) -> int:
    folders = _folders(arguments)
    if arguments.list:
        entries, half_undone, broken = read_with_stopped(folders, printer)
        names = [name for name in arguments.what if Path(name) not in folders]
        chosen = [entry for entry in entries if not names or any(is_named(entry, name) for name in names)]
        print_entries(chosen, printer, half_undone)
        return broken
    stopped = _finish_stopped(folders, printer, control, records)
    names = [name for name in arguments.what if not any(is_named(entry, name) for entry in stopped.entries)]
    if stopped.is_enough_for(arguments.what, names):
        return stopped.exit_code
    entries, broken = read_entries(folders, printer, is_reading=False)
    entries = [entry for entry in entries if entry not in stopped.entries]
    if stopped.entries and not names:
        entries = [entry for entry in entries if entry.reason != UNDONE]  # no earlier undo is meant
    exit_code = broken or stopped.exit_code
    is_any = names in ([], ["all"])
    if not [entry for entry in entries if not (is_any and entry.is_of_others)]:
        if is_any and stopped.entries:
            return exit_code
        where = ", ".join("here" if folder == _HERE else f"in {display_name(folder)}" for folder in folders)
        raise TrashError(
            f"the trash {where} contains nothing to restore", hint="name the folder of the images with --folder"
        )
    for entry in chosen_entries(entries, names):
        control.check()
        exit_code = _carry_out(undo, entry, "back from the trash", printer, control, records) or exit_code
    return exit_code


def _carry_out(
    work: Callable[..., Undone],
    entry: TrashEntry,
    outcome: str,
    printer: Printer,
    control: Control,
    records: Records,
) -> int:
    """Undo an entry by `undo` or `finish_undo`, and print that as soon as the work is done; return the exit code."""

    def report(done: Undone) -> None:
        _print_undone(entry, done, f"{display_name(entry.home_path)}: {outcome}", printer)

    try:
        work(entry, available_processors(), control, records.journal, report=report)
    except CancelledError:
        raise
    except DiscpressError as error:
        printer.error(error, entry.home_path)
        return error.exit_code
    finally:  # a failed one may have put files back
        records.follow([*entry.home_paths, *entry.replacement_paths])
    return 0


def _folders(arguments: argparse.Namespace) -> list[Path]:
    """Return the folders whose trashes are searched: those of --folder, else of the named paths, else this one."""
    if arguments.folder:
        return as_paths(arguments.folder)
    named = [_home_of(Path(name), is_listing=arguments.list) for name in arguments.what]
    return list(dict.fromkeys(named)) or [_HERE]


def _home_of(path: Path, *, is_listing: bool) -> Path:
    """Return the folder whose trash contains what somebody calls so; a name without a folder means this one."""
    for parent in path.parents:
        if is_trash_name(parent.name):
            return parent.parent
    if is_listing and path.is_dir():
        return path
    return path.parent


def _print_undone(entry: TrashEntry, done: Undone, text: str, printer: Printer) -> None:
    if done.replacement_entry is not None:
        text += f"; {display_name(done.replacement_entry.original)} is in the trash now"
    if done.checksums:
        text += f"; {', '.join(display_name(path.name) for path in done.checksums)} went with it"
    facts = {
        "path": str(entry.home_path),
        "id": entry.id,
        "replacement": None if done.replacement_entry is None else str(done.replacement_entry.file_path),
    }
    printer.event("undone", facts, text)
    for notice in filter(None, (*done.texts, done.note)):
        printer.notice(notice)


@dataclass(frozen=True, slots=True)
class _Stopped:
    """Interrupted undos that were found, and what became of them."""

    entries: list[TrashEntry]
    """All of them, also those that could not be finished: the error about each was printed."""
    is_any_finished: bool
    exit_code: int

    def is_enough_for(self, what: list[str], rest: list[str]) -> bool:
        """Return whether nothing else is to be undone: `rest` of the names in `what` are no names of these.

        After an interrupted undo, the latest entry is its result: undoing that one would take the undo back.
        """
        return not rest and (bool(what) or self.is_any_finished)


def _finish_stopped(folders: list[Path], printer: Printer, control: Control, records: Records) -> _Stopped:
    """Finish interrupted undos, and clean up after interrupted moves."""
    exit_code, is_any_finished = 0, False
    homes = find_homes(folders)
    entries = find_stopped_undos(homes)
    for entry in entries:
        work = finish_undo if is_half_undone(entry) else undo
        failed = _carry_out(work, entry, "finished an interrupted undo", printer, control, records)
        exit_code = failed or exit_code
        is_any_finished |= not failed
    for home in homes:
        sweep_trash_in(home)
    return _Stopped(entries, is_any_finished, exit_code)

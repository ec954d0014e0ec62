"""`discpress trash`: lists what is in the trash, or removes it for good."""

import argparse
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from discpress.engine.cli.images.options import as_paths
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.questions import is_confirmed
from discpress.engine.cli.state import Records
from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.journal import UNDONE
from discpress.engine.convert.trash.listing import (
    OthersTrashError,
    find_entries,
    find_homes,
    freed_bytes,
    sweep_trash_in,
)
from discpress.engine.convert.trash.stopped import find_stopped_undos
from discpress.engine.convert.trash.summary import Stayed, TrashSummary
from discpress.engine.convert.trash.undo import purge
from discpress.engine.errors import CancelledError, DiscpressError, TrashError, UsageError
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.system.files import absolute
from discpress.engine.system.processors import available_processors
from discpress.engine.units import format_count, format_size

_DECODED = "Each replacement is decoded whole first, unless that was done within the last 24 hours."


def run_trash(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `trash list` and `trash empty`; return the exit code."""
    folders = as_paths(arguments.folders or ["."])
    if arguments.action == "list":
        entries, stopped, broken = read_with_stopped(folders, printer)
        print_entries(_old_enough(entries, arguments), printer, stopped)
        return broken
    entries, broken = read_entries(folders, printer, is_reading=False)
    entries = _old_enough(entries, arguments)
    records = Records(arguments, printer)
    try:
        exit_code = _empty(entries, arguments, printer, control, records) or broken
        for home in find_homes(folders):
            sweep_trash_in(home)
    finally:
        records.close()
    return exit_code


def read_with_stopped(folders: Sequence[Path], printer: Printer) -> tuple[list[TrashEntry], list[TrashEntry], int]:
    """Return the entries of some folders to list, those whose undo was stopped, and the exit code."""
    entries, exit_code = read_entries(folders, printer, is_reading=True)
    stopped = find_stopped_undos(find_homes(folders), is_reading=True)
    entries += [entry for entry in stopped if entry not in entries]
    return entries, stopped, exit_code


def _old_enough(entries: list[TrashEntry], arguments: argparse.Namespace) -> list[TrashEntry]:
    """Return the entries that were moved to the trash more than `--older-than` days before: all without that option.

    One without a valid time is none of them.
    """
    days, now = arguments.older_than, time.time()
    if days is None:
        return entries
    return [entry for entry in entries if (age := entry.age_days(now)) is not None and age > days]


def read_entries(folders: Iterable[Path], printer: Printer, *, is_reading: bool) -> tuple[list[TrashEntry], int]:
    """Return the entries of some folders, and the exit code for unreadable ones."""
    found: list[TrashEntry] = []
    exit_code = 0
    seen: set[Path] = set()
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{display_name(folder)}: no such folder")
        for entry in find_entries([folder], is_reading=is_reading):
            if isinstance(entry, TrashEntry):
                if entry.folder not in seen:
                    found.append(entry)
                seen.add(entry.folder)
            elif isinstance(entry, OthersTrashError):
                printer.notice(str(entry))
            elif isinstance(entry, TrashError):
                printer.error(entry)
                exit_code = entry.exit_code
    found.sort(key=lambda entry: entry.id)
    return found, exit_code


def print_entries(entries: list[TrashEntry], printer: Printer, stopped: Collection[TrashEntry] = ()) -> None:
    """Print a line for each entry, and the space that removing them would free; the undo of some was stopped."""
    total = 0
    for entry in entries:
        freed = freed_bytes(entry)
        total += 0 if entry.problem else freed
        facts = {
            "id": entry.id,
            "path": str(entry.home_path),
            "files": [str(path) for path in entry.home_paths],
            "file_bytes": entry.size_bytes,
            "freed_bytes": freed,
            "reason": entry.reason,
            "replacement": str(entry.replacement_path),
            "trashed_at": entry.trashed_at,
            "owner": None if entry.owner is None else entry.owner.user,
            "problem": entry.problem or None,
            "undo_stopped": entry in stopped,
        }
        text = (
            f"{display_name(entry.id)}  {format_size(entry.size_bytes):>9}  {display_name(entry.reason):<11} "
            f"{display_name(entry.home_path)}"
            f"{f' and {len(entry.files) - 1} more' if len(entry.files) > 1 else ''}"
            f"{_stopped_remark(entry) if entry in stopped else _remark(entry, freed)}"
        )
        printer.event("trash", facts, text)
    facts = {"entries": len(entries), "freed_bytes": total}
    printer.event("trash-total", facts, f"{len(entries)} in the trash, {format_size(total)} can be freed")


def _stopped_remark(entry: TrashEntry) -> str:
    return f" (its undo was stopped: {entry.undo_command} finishes it)"


def _remark(entry: TrashEntry, freed: int) -> str:
    if entry.problem:
        return f" ({entry.problem}: only listed)"
    return "" if freed or not entry.size_bytes else " (has other hard links: removing it frees nothing)"


def chosen_entries(entries: list[TrashEntry], names: list[str]) -> list[TrashEntry]:
    """Return the named entries of `entries`, which are sorted by time; `all` are the conversions, the newest first.

    Without names it is the last conversion that was not undone yet; an undo is undone by its name only. TrashError if
    a name is unknown or means several.
    """
    ours = [entry for entry in entries if not entry.is_of_others]
    conversions = [entry for entry in ours if entry.reason != UNDONE]
    if not names:
        return (conversions or ours)[-1:]
    if names == ["all"]:
        return conversions[::-1]
    return [_entry_named(name, entries) for name in names]


def _entry_named(name: str, entries: list[TrashEntry]) -> TrashEntry:
    """Return the newest entry of that name; TrashError if there is none, or if entries of several files match."""
    # The newest first: the same title may have been converted and undone several times.
    matches = [entry for entry in reversed(entries) if is_named(entry, name)]
    if not matches:
        raise TrashError(
            f"{display_name(name)}: not in the trash here", hint="discpress trash list FOLDER shows what is in a trash"
        )
    if len({entry.home_path for entry in matches}) > 1:
        listed = ", ".join(f"{display_name(entry.id)} ({display_name(entry.home_path)})" for entry in matches)
        raise TrashError(f"{display_name(name)}: several are called so: {listed}", hint="name one by its entry")
    return matches[0]


def is_named(entry: TrashEntry, name: str) -> bool:
    """Return whether a user may call an entry so: by its id, the file's name, or where the file was or is."""
    path = absolute(Path(name))
    return name in {entry.id, entry.name, str(entry.home_path), entry.original} or (
        path in {absolute(entry.home_path), absolute(entry.folder), absolute(entry.file_path)}
    )


def _empty(
    entries: list[TrashEntry], arguments: argparse.Namespace, printer: Printer, control: Control, records: Records
) -> int:
    print_entries(entries, printer)
    entries = [entry for entry in entries if not entry.is_of_others]
    if not entries:
        return 0
    if not arguments.yes and not _is_confirmed(len(entries), arguments, control):
        printer.notice("nothing was removed")
        return 0
    forced = [entry for name in arguments.force for entry in chosen_entries(entries, [name])]
    others = [absolute(path) for path in as_paths(arguments.replacement)]
    exit_code = 0
    summary = TrashSummary("removed for good")
    for entry in entries:
        control.check()
        if not entry.is_there:
            printer.notice("is no longer in the trash", entry.home_path)
            continue
        freed = freed_bytes(entry)
        try:
            threads = available_processors()
            proof = purge(
                entry,
                threads,
                control,
                force=entry in forced,
                journal=records.journal,
                others=others,
                recent=records.recent_digests,
            )
        except CancelledError:
            raise
        except DiscpressError as error:
            printer.error(error, entry.home_path)
            exit_code = error.exit_code
            summary = replace(summary, stayed=(*summary.stayed, Stayed(entry.home_path, str(error))))
            continue
        _print_purged(entry, freed, proof, printer)
        summary = replace(summary, done=summary.done + 1, freed_bytes=summary.freed_bytes + freed)
    _print_summary(summary, printer)
    return exit_code


def _print_summary(summary: TrashSummary, printer: Printer) -> None:
    facts = {
        "removed": summary.done,
        "freed_bytes": summary.freed_bytes,
        "stayed": [{"path": str(each.path), "reason": each.reason} for each in summary.stayed],
    }
    printer.event("trash-emptied", facts, str(summary))


def _is_confirmed(count: int, arguments: argparse.Namespace, control: Control) -> bool:
    """Ask whether so many files are removed; UsageError if nobody can answer."""
    question = f"Remove {format_count(count, 'file')} for good? {_DECODED}"
    refusal = "trash empty removes files for good: give --yes where it cannot ask"
    return is_confirmed(question, refusal, arguments, control)


def _print_purged(entry: TrashEntry, freed_bytes: int, proof: Path | None, printer: Printer) -> None:
    facts = {
        "id": entry.id,
        "path": str(entry.home_path),
        "freed_bytes": freed_bytes,
        "proven_by": None if proof is None else str(proof),
    }
    text = f"{display_name(entry.home_path)}: removed, {format_size(freed_bytes)} freed"
    if proof is not None and proof != entry.replacement_path:
        text += f"; {display_name(proof)} is the same disc"
    printer.event("purged", facts, text)

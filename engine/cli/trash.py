"""`discpress undo` and `discpress trash`: what conversions replaced, brought back or removed for good."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from engine.cli.options import as_paths
from engine.cli.printers import Printer
from engine.cli.state import Records
from engine.convert.progress import Control
from engine.convert.replace import finish_undo, purge, undo
from engine.convert.trash import find_entries, find_half_undone, freed_bytes
from engine.convert.trash_entry import TrashEntry
from engine.errors import CancelledError, DiscpressError, TrashError, UsageError
from engine.names import display_name
from engine.system.asking import ask_aside, wait_for_answer
from engine.system.processors import available_processors
from engine.units import format_size

_LINE_BYTES = 4096  # no terminal gives a longer one


def run_undo(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `undo`; return the exit code."""
    records = Records(arguments, printer)
    try:
        return _undo(arguments, printer, control, records)
    finally:
        records.close()


def _undo(arguments: argparse.Namespace, printer: Printer, control: Control, records: Records) -> int:
    folders = as_paths(arguments.folder or ["."])
    if not arguments.list:
        for half_done in find_half_undone(folders):
            finish_undo(half_done, records.journal)
            text = f"{display_name(half_done.home_path)}: an undo that was stopped is finished"
            printer.event("undone", {"path": str(half_done.home_path), "id": half_done.id}, text)
            records.follow([half_done.home_path, half_done.replacement_path])
    entries, broken = _entries(folders, printer)
    if arguments.list:
        return _list(entries, printer) or broken
    if not entries:
        raise TrashError("there is nothing to undo here", hint="name the folder of the images with --folder")
    exit_code = broken
    for entry in _chosen(entries, arguments.what):
        control.check()
        try:
            done = undo(entry, available_processors(), control, records.journal)
        except CancelledError:
            raise
        except DiscpressError as error:
            printer.error(error, entry.home_path)
            exit_code = error.exit_code
            continue
        text = f"{display_name(entry.home_path)}: back from the trash"
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
        records.follow([entry.home_path, entry.replacement_path])
        if done.note:
            printer.notice(done.note)
    return exit_code


def run_trash(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `trash list` and `trash empty`; return the exit code."""
    entries, broken = _entries(as_paths(arguments.folders or ["."]), printer)
    if arguments.action == "list":
        return _list(entries, printer) or broken
    records = Records(arguments, printer)
    try:
        return _empty(entries, arguments, printer, control, records) or broken
    finally:
        records.close()


def _entries(folders: Iterable[Path], printer: Printer) -> tuple[list[TrashEntry], int]:
    found: list[TrashEntry] = []
    exit_code = 0
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{display_name(folder)}: no such folder")
        for entry in find_entries([folder]):
            if isinstance(entry, TrashError):
                printer.error(entry)
                exit_code = entry.exit_code
            else:
                found.append(entry)
    found.sort(key=lambda entry: entry.id)
    return found, exit_code


def _list(entries: list[TrashEntry], printer: Printer) -> int:
    for entry in entries:
        links = entry.file_path.lstat().st_nlink
        facts = {
            "id": entry.id,
            "path": str(entry.home_path),
            "file_bytes": entry.size_bytes,
            "freed_bytes": entry.size_bytes if links == 1 else 0,
            "reason": entry.reason,
            "replacement": str(entry.replacement_path),
            "trashed_at": entry.trashed_at,
        }
        text = (
            f"{display_name(entry.id)}  {format_size(entry.size_bytes):>9}  {display_name(entry.reason):<11} "
            f"{display_name(entry.home_path)}"
            f"{' (has other hard links: removing it frees nothing)' if links > 1 else ''}"
        )
        printer.event("trash", facts, text)
    freed = _freed_bytes(entries)
    facts = {"entries": len(entries), "freed_bytes": freed}
    printer.event("trash-total", facts, f"{len(entries)} in the trash, {format_size(freed)} to be freed")
    return 0


def _freed_bytes(entries: Iterable[TrashEntry]) -> int:
    return sum(map(freed_bytes, entries))


def _ask(question: str, control: Control) -> str:
    """Ask on the terminal; a signal ends the question, and so does a terminal that has gone.

    Aside, for a signal that comes just before the wait for the line would not be heard until there is one; and from the
    descriptor, for Python cannot end while a thread waits within its own reader.
    """
    with contextlib.suppress(OSError, AttributeError):
        sys.stderr.write(question)
        sys.stderr.flush()
    try:
        line = wait_for_answer(ask_aside(lambda: os.read(sys.stdin.fileno(), _LINE_BYTES)), control.check)
    except OSError as error:
        raise CancelledError from error
    if not line:
        raise CancelledError
    return line.decode(errors="replace")


def _chosen(entries: list[TrashEntry], names: list[str]) -> list[TrashEntry]:
    # The last conversion that was not taken back yet; an undo is taken back by its name only.
    conversions = [entry for entry in entries if entry.reason != "undone"]
    if not names:
        return (conversions or entries)[-1:]
    if names == ["all"]:
        return conversions[::-1]
    chosen = []
    for name in names:
        # The newest first: the same title may have been converted and undone several times.
        matches = [entry for entry in reversed(entries) if _is_named(entry, name)]
        if not matches:
            raise TrashError(f"{display_name(name)}: not in the trash here", hint="discpress trash list shows what is")
        homes = {entry.home_path for entry in matches}
        if len(homes) > 1:
            listed = ", ".join(f"{display_name(entry.id)} ({display_name(entry.home_path)})" for entry in matches)
            raise TrashError(f"{display_name(name)}: several are called so: {listed}", hint="name one by its entry")
        chosen.append(matches[0])
    return chosen


def _is_named(entry: TrashEntry, name: str) -> bool:
    return name in {entry.id, entry.name, str(entry.home_path), entry.original} or (
        Path(name).absolute() == entry.home_path.absolute()
    )


def _empty(
    entries: list[TrashEntry], arguments: argparse.Namespace, printer: Printer, control: Control, records: Records
) -> int:
    _list(entries, printer)
    if not entries:
        return 0
    if not arguments.yes:
        if sys.stdin is None or not sys.stdin.isatty() or arguments.json:
            raise UsageError("trash empty removes files for good: give --yes where it cannot ask")
        question = f"Remove these {len(entries)} files for good? Each replacement is decoded whole first. [y/N] "
        if _ask(question, control).strip().lower() not in {"y", "yes"}:
            printer.notice("nothing was removed")
            return 0
    forced = [entry for name in arguments.force for entry in _chosen(entries, [name])]
    exit_code = 0
    for entry in entries:
        control.check()
        if not entry.is_there:
            printer.notice("has left the trash meanwhile", entry.home_path)
            continue
        freed = _freed_bytes([entry])
        try:
            purge(entry, available_processors(), control, force=entry in forced, journal=records.journal)
        except CancelledError:
            raise
        except DiscpressError as error:
            printer.error(error, entry.home_path)
            exit_code = error.exit_code
            continue
        facts = {"id": entry.id, "path": str(entry.home_path), "freed_bytes": freed}
        printer.event("purged", facts, f"{display_name(entry.home_path)}: removed, {format_size(freed)} freed")
    return exit_code

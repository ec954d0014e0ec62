"""`discpress duplicates`: discs of which there are several copies, and games in several regions or revisions."""

import argparse
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from discpress.engine.cli.exit_codes import Failures
from discpress.engine.cli.images.options import as_paths, take_threads
from discpress.engine.cli.output.duplicates import print_choice, print_copies, print_variants
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.questions import is_confirmed
from discpress.engine.cli.state import Records, read_config
from discpress.engine.convert.trash.duplicate import KeptCopy, finish_stopped, keep_copy, trash_copy
from discpress.engine.errors import CancelledError, DiscpressError, UsageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.source import ByteSource
from discpress.engine.library.duplicates import (
    Copies,
    CopyChoice,
    KeepRule,
    choose,
    find_copies,
    find_variants,
    users_of_files,
)
from discpress.engine.library.states import TitleStates
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.record_digests import decoded_whole, identity_of_source
from discpress.engine.queue.titles.records import library_in
from discpress.engine.store.digests import Grade
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store
from discpress.engine.system.files import absolute
from discpress.engine.units import format_count, format_size


def run_duplicates(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `duplicates`; return the exit code."""
    rule = KeepRule(
        tuple(map(absolute, as_paths(arguments.keep))),
        None if arguments.format is None else ImageFormat(arguments.format),
    )
    folders = [absolute(path) for path in as_paths(arguments.folders)]
    with contextlib.closing(Records(arguments, printer, is_needed=True)) as records:
        assert records.store is not None
        if rule == KeepRule():
            _show(*_library(records.store, folders), printer)
            return 0
        run = _Keeping(arguments, records, records.store, printer, control)
        return run.run(rule, folders)


def _library(store: Store, folders: Sequence[Path]) -> tuple[tuple[Title, ...], TitleStates]:
    return library_in(store, read_config(), folders or None)


def _show(titles: Sequence[Title], states: TitleStates, printer: Printer) -> None:
    copies, variants = find_copies(titles, states), find_variants(titles, states)
    for each in copies:
        print_copies(each, states, printer)
    for game in variants:
        print_variants(game, states, printer)
    unknown = sum(states.record_of(title) is None and title.known_fault is None for title in titles)
    if unknown:
        printer.notice(f"{format_count(unknown, 'title')} not compared, not decoded yet: run discpress identify")
    freed_bytes = sum(each.most_freed_bytes for each in copies)
    facts = {"copies": len(copies), "variants": len(variants), "unknown": unknown, "freed_bytes": freed_bytes}
    found = f"{format_count(len(copies), 'disc')} in several copies, at most {format_size(freed_bytes)} can be freed"
    games = f"{format_count(len(variants), 'game')} in several regions or revisions"
    printer.event("duplicates-total", facts, f"{found}; {games}")


class _Keeping:
    """A run that keeps one copy of each disc; a disc that fails does not stop the others."""

    def __init__(
        self, arguments: argparse.Namespace, records: Records, store: Store, printer: Printer, control: Control
    ) -> None:
        self._arguments = arguments
        self._records = records
        self._store = store
        self._printer = printer
        self._control = control
        self._threads = take_threads(arguments.threads)
        self._failures = Failures(printer)

    def run(self, rule: KeepRule, folders: Sequence[Path]) -> int:
        """Show the plan and, if that is wanted, carry it out; return the exit code."""
        titles, states = _library(self._store, folders)
        if not self._arguments.dry_run and self._finish_stopped(titles):
            titles, states = _library(self._store, folders)
        found = find_copies(titles, states)
        _check_rule(rule, found)
        users = users_of_files(self._store.each_title(), found)
        choices = [choose(copies, rule, users, states) for copies in found]
        for choice in choices:
            print_choice(choice, self._printer)
        possible = [choice for choice in choices if not choice.problem]
        others = [title for choice in possible for title in choice.going]
        size_bytes = sum(title.file_bytes for title in others)
        text = f"{format_count(len(others), 'title')} of {format_count(len(possible), 'disc')} can go to the trash"
        facts = {"discs": len(found), "possible": len(possible), "titles": len(others), "file_bytes": size_bytes}
        self._printer.event("duplicates-plan", facts, f"{text}: {format_size(size_bytes)}")
        if not others or self._arguments.dry_run:
            return 0
        if not self._arguments.yes and not self._is_confirmed(len(others)):
            self._printer.notice("nothing was moved")
            return 0
        for choice in possible:
            self._control.check()
            self._keep(choice)
        return self._failures.exit_code

    def _finish_stopped(self, titles: Sequence[Title]) -> bool:
        folders = list(dict.fromkeys(title.file_path.parent for title in titles))
        journal, notify = self._records.journal, self._printer.notice
        found = finish_stopped(folders, self._threads, self._control, journal, notify)
        for entry in found:
            notify("an interrupted move to the trash was taken back", entry.home_path)
            self._records.follow(entry.home_paths, [entry.home])
        return bool(found)

    def _keep(self, choice: CopyChoice) -> None:
        kept = choice.kept
        if kept is None:
            return
        progress = Progress()
        with self._failures.reporting(kept.path), contextlib.ExitStack() as stack:
            with self._printer.following(progress, kept.path), self._records.checking(kept.path):
                copy = stack.enter_context(keep_copy(kept.path, self._threads, self._control, progress))
            self._save(copy)
            for title in choice.going:
                self._control.check()
                self._move(copy, title)

    def _save(self, copy: KeptCopy) -> None:
        """Store the digests of the kept copy; those of its tracks are known or not needed."""
        source = copy.image.source
        path = copy.image.path
        with self._records.checking(path):
            self._records.save_decoded(path, decoded_whole(source, identity_of_source(source), copy.digests))
        self._records.save_check(path)

    def _move(self, copy: KeptCopy, title: Title) -> None:
        progress = Progress()
        try:
            with self._printer.following(progress, title.path):
                entry = trash_copy(
                    copy,
                    title.path,
                    lambda source: self._known(title.path, source),
                    self._threads,
                    self._control,
                    progress,
                    self._records.journal,
                    lambda notice: self._printer.notice(notice, title.path),
                )
        except CancelledError:
            raise
        except DiscpressError as error:
            self._failures.add(title.path, error)
            return
        self._records.follow(entry.home_paths, [entry.home])
        facts = {"path": str(title.path), "kept": str(copy.image.path), "id": entry.id, "file_bytes": entry.size_bytes}
        text = f"{display_name(title.path)}: in the trash; {display_name(copy.image.path)} was decoded and stays"
        self._printer.event("duplicate-moved", facts, text)

    def _known(self, path: Path, source: ByteSource) -> Mapping[str, str]:
        """Return the digests of a file if it was decoded whole as it is now; after a move they would prove nothing."""
        found = self._records.digests_of(path, source)
        return next((each.values for each in found if each.grade is Grade.DECODED), {})

    def _is_confirmed(self, count: int) -> bool:
        question = f"Move {format_count(count, 'title')} to the trash? discpress undo restores them."
        refusal = "duplicates moves files: give --yes where it cannot ask, or -n to see the plan"
        return is_confirmed(question, refusal, self._arguments, self._control)


def _check_rule(rule: KeepRule, found: Sequence[Copies]) -> None:
    """Raise UsageError for a path of which no title has a copy: it may be misspelt."""
    for path in rule.paths:
        only = KeepRule((path,))
        if not any(only.fits(title) for copies in found for title in copies.titles):
            raise UsageError(
                f"{display_name(path)}: no title there has a copy",
                hint="run discpress duplicates to see them; scan and identify new images first",
            )

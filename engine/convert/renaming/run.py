"""Renames are carried out, finished after a kill, and taken back.

The journal has all steps before the first one is taken. Each step is found done or undone by the names that are there,
so that it can be taken again. No rename replaces a file. A lock in the state folder shows whether a rename is still
under way.
"""

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from discpress.engine.convert.playlists.edits import TextEdit
from discpress.engine.convert.playlists.rewrite import describe, drop_draft, rewrite
from discpress.engine.convert.renaming.plan import FileRename, RenamePlan
from discpress.engine.convert.renaming.record import BEGUN, DONE, TAKEN_BACK, RenameRecord, Step
from discpress.engine.convert.renaming.texts import edits_for
from discpress.engine.convert.trash.entry import is_met
from discpress.engine.errors import ConflictError, DiscpressError, SourceChangedError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.journal import JournalEntry
from discpress.engine.store.store import Store
from discpress.engine.system.files import same_file
from discpress.engine.system.held_folder import HeldFolder
from discpress.engine.system.lock_files import held_lock_file

LOCK_NAME = "rename.lock"
_LOCK_S = 30.0
"""Longest wait for the rename of one title by another process."""
_DRAFTS = ".discpress-renaming"
"""Holds the new form of a text until it takes the place of the old one; hidden, so that no scan looks into it."""


def rename_title(plan: RenamePlan, store: Store, notify: Callable[[str], None], batch: int = 0) -> int:
    """Rename the files of a title, and let all texts and the library's records follow; return the journal's number.

    `batch` is the number of the first rename of the same command. A rename that fails is taken back. Raises
    ConflictError, SourceChangedError, StorageError, StoreError.
    """
    title = plan.title
    folder = title.path.parent
    _check_same(plan)
    edits, notices = edits_for(folder, title.path.name, plan.files)
    steps = tuple(Step(each, _identity_at(folder / each.before)) for each in plan.files)
    main = FileRename(title.path.name, plan.new_path.name)
    record = RenameRecord(folder, main, steps, tuple(edits), title.identity, batch)
    for notice in notices:
        notify(notice)
    return _begin(record, store, notify)


def undo_rename(entry: JournalEntry, store: Store, notify: Callable[[str], None]) -> RenameRecord:
    """Take back a rename of the journal; return what was done. Raises as `rename_title`."""
    record = RenameRecord.from_payload(entry.payload)
    now = _title_identity(record, record.main.after)
    undone = record.reversed(entry.id, now)
    _begin(undone, store, notify)
    return undone


def finish_renames(store: Store, notify: Callable[[str], None]) -> list[RenameRecord]:
    """Finish the renames that a kill interrupted; return them.

    One whose disk is away stays for later. One whose files were changed or renamed by somebody else is left as it is.
    While another process renames a title, none is touched.
    """
    try:
        with held_lock_file(store.path.with_name(LOCK_NAME), 0):
            return _finish_all(store, notify)
    except TimeoutError:
        return []
    except OSError as error:
        raise from_os_error(error, store.path.with_name(LOCK_NAME), "lock it") from error


def _finish_all(store: Store, notify: Callable[[str], None]) -> list[RenameRecord]:
    finished = []
    for entry in _interrupted(store):
        with contextlib.suppress(ValueError):
            record = RenameRecord.from_payload(entry.payload)
            try:
                _carry_out(record, notify)
                _conclude(record, entry.id, store)
            except (SourceChangedError, ConflictError) as error:
                store.append_journal(TAKEN_BACK, {"rename": entry.id})
                notify(f"an interrupted rename is left as it is: {error}")
                continue
            except DiscpressError as error:
                notify(f"an interrupted rename waits: {error}")
                continue
            finished.append(record)
    return finished


def last_rename(store: Store) -> list[JournalEntry]:
    """Return the renames of the last command that were not taken back, the last one first."""
    entries = store.journal_entries()
    done = {_number(entry, "rename") for entry in entries if entry.kind == DONE}
    begun = [entry for entry in entries if entry.kind == BEGUN and entry.id in done]
    undone = {_number(entry, "undoes") for entry in begun}
    kept = [entry for entry in begun if entry.id not in undone and not _number(entry, "undoes")]
    if not kept:
        return []
    batch = _number(kept[-1], "batch") or kept[-1].id
    return [entry for entry in kept[::-1] if batch in {_number(entry, "batch"), entry.id}]


def _interrupted(store: Store) -> Iterator[JournalEntry]:
    entries = store.journal_entries()
    over = {_number(entry, "rename") for entry in entries if entry.kind in {DONE, TAKEN_BACK}}
    return (entry for entry in entries if entry.kind == BEGUN and entry.id not in over)


def _number(entry: JournalEntry, name: str) -> int:
    """Return a number of an entry; 0 if it has none, whatever a flipped bit made of it."""
    value = entry.payload.get(name)
    return value if type(value) is int else 0


def _begin(record: RenameRecord, store: Store, notify: Callable[[str], None]) -> int:
    lock_path = store.path.with_name(LOCK_NAME)
    try:
        with held_lock_file(lock_path, _LOCK_S):
            return _rename_all(record, store, notify)
    except TimeoutError as error:
        raise ConflictError(
            f"{display_name(record.folder / record.main.before)}: another discpress is renaming a title",
            hint="wait until it has finished, then repeat the command",
        ) from error
    except OSError as error:
        raise from_os_error(error, lock_path, "lock it") from error


def _rename_all(record: RenameRecord, store: Store, notify: Callable[[str], None]) -> int:
    number = store.append_journal(BEGUN, record.payload())
    try:
        _carry_out(record, notify)
    except DiscpressError:
        _carry_out(record.reversed(number, record.identity), lambda notice: None)
        store.append_journal(TAKEN_BACK, {"rename": number})
        raise
    _conclude(record, number, store)
    return number


def _conclude(record: RenameRecord, number: int, store: Store) -> None:
    """Let the records of the library follow, then close the entry of the journal."""
    before, after = record.folder / record.main.before, record.folder / record.main.after
    store.gone.follow_rename(before, record.identity, after, _title_identity(record, record.main.after))
    store.append_journal(DONE, {"rename": number, "path": str(after)})


def _carry_out(record: RenameRecord, notify: Callable[[str], None]) -> None:
    """Take every step that is not taken yet. The main file comes last: until then texts still name the old one."""
    folder = record.folder
    try:
        with HeldFolder.open(folder) as home:
            *first, last = record.steps
            for step in first:
                _rename(step, home, record)
            home.sync()
            if record.edits:
                _rewrite_all(record, home, notify)
            _rename(last, home, record)
            home.sync()
    except OSError as error:
        raise from_os_error(error, folder, "rename files in it") from error


def _rename(step: Step, home: HeldFolder, record: RenameRecord) -> None:
    names = step.names
    before, after = home.find(names.before), home.find(names.after)
    if before is None:
        if after is None:
            raise SourceChangedError(f"{display_name(home.path / names.before)}: it is gone")
        return
    if not _is_step(step, before, home, record):
        if after is not None and _is_step(step, after, home, record):
            return  # another file has taken the old name since
        raise SourceChangedError(f"{display_name(home.path / names.before)}: it was changed meanwhile")
    if after is not None and same_file(before, after) and before.st_nlink > 1 and not is_met(names.before, names.after):
        # A kill between link and unlink. Two spellings of one name on FAT are no such pair: nothing would be left.
        home.unlink_same(names.before, before)
        return
    try:
        home.rename_new(names.before, home, names.after)
    except FileExistsError as error:
        raise ConflictError(f"{display_name(home.path / names.after)}: it exists already") from error


def _is_step(step: Step, facts: os.stat_result, home: HeldFolder, record: RenameRecord) -> bool:
    """Return whether a file is that of a step; a text that was edited is a new file by now."""
    if not stat.S_ISREG(facts.st_mode):
        return False
    if {step.names.before, step.names.after} & record.edited_names:
        return True
    return step.identity.fits(FileIdentity.of(home.path / step.names.before, facts))


def _rewrite_all(record: RenameRecord, home: HeldFolder, notify: Callable[[str], None]) -> None:
    """Make the changes of all texts. Raises SourceChangedError if the sheet of the title cannot follow."""
    with contextlib.suppress(FileExistsError):
        home.make_folder(_DRAFTS)
    try:
        with home.below(_DRAFTS) as drafts:
            for edit in record.edits:
                _rewrite(record, edit, home, drafts, notify)
    finally:
        with contextlib.suppress(OSError), home.below(_DRAFTS) as drafts:
            drop_draft(drafts)
        with contextlib.suppress(OSError):
            home.remove_folder(_DRAFTS)


def _rewrite(
    record: RenameRecord, edit: TextEdit, home: HeldFolder, drafts: HeldFolder, notify: Callable[[str], None]
) -> None:
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(home.below("..")) if edit.is_above else home
        if not edit.is_above and place.find(edit.file_name) is None:  # a text of the title that has its new name
            edit = replace(edit, name=record.other_name(edit.name))
        problem = rewrite(edit, place, drafts, restores=record.undoes != 0)
    if problem and edit.name in {record.main.before, record.main.after}:
        raise SourceChangedError(f"{display_name(home.path / edit.name)}: its files cannot be renamed: {problem}")
    if problem:
        notify(describe(edit, record.main.after, problem))


def _check_same(plan: RenamePlan) -> None:
    """Raise SourceChangedError unless the files are those that the library knows, so that the match is theirs."""
    title = plan.title
    try:
        now = FileIdentity.of_set(title.path, [path.stat() for path in title.file_paths])
    except OSError as error:
        raise from_os_error(error, title.path, "look at its files") from error
    if not title.identity.fits(now):
        raise SourceChangedError(
            f"{display_name(title.path)}: it was changed since the last scan", hint="scan its folder again"
        )


def _identity_at(path: Path) -> FileIdentity:
    try:
        return FileIdentity.of(path, path.lstat())
    except OSError as error:
        raise from_os_error(error, path, "look at it") from error


def _title_identity(record: RenameRecord, main: str) -> FileIdentity:
    """Return the identity of a title by now. The others of a set are those of the record, in the title's order."""
    path = record.folder / main
    try:
        now = FileIdentity.of(path, path.stat())
    except OSError as error:
        raise from_os_error(error, path, "look at it") from error
    # The files besides the main one have not changed, and their identity contains only sizes and times.
    return FileIdentity(now.ino, now.size_bytes, now.mtime_ns, others=record.identity.others)

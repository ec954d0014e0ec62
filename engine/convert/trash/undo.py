"""Undo and purge: what can be done with what the trash holds, without losing anything."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from discpress.engine.convert.checksums import drop_checksums
from discpress.engine.convert.playlists.rewrite import describe
from discpress.engine.convert.playlists.search import find_texts
from discpress.engine.convert.trash.entry import Replacement, TrashedFile, TrashEntry
from discpress.engine.convert.trash.held import EntryState, FilePlace, HeldEntry, gone, hold
from discpress.engine.convert.trash.journal import CONVERTED, PURGED, REPAIRED, UNDONE, Journal, no_journal
from discpress.engine.convert.trash.proof import (
    Prover,
    RecentDecode,
    find_change,
    find_other_disk,
    find_replacement_change,
    is_alike_without_inodes,
    is_beside,
    is_home_taken_by_replacement,
    is_original_in_its_place,
    is_recorded,
    never_decoded,
    replacement_facts,
)
from discpress.engine.convert.trash.stopped import finish_replacement_move
from discpress.engine.convert.trash.trash import Moving, move_to_trash, put_home, take_in_again
from discpress.engine.convert.trash.undone import Report, Undone, no_report
from discpress.engine.errors import SpaceError, TrashError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.system.files import FileIdentity, absolute
from discpress.engine.system.held_folder import is_same_state

_AGAIN = "free some space, then run discpress undo again"


def undo(
    entry: TrashEntry,
    threads: int,
    control: Control,
    journal: Journal = no_journal,
    progress: Progress | None = None,
    report: Report = no_report,
) -> Undone:
    """Put the files of a trashed title back and its replacement into the trash.

    `report` is called before the entry goes: after a kill, either the user knows of the undo, or the next one finds it.

    The originals are renamed back without clobbering and synced first. The replacement follows only if the originals
    are what was moved, and the replacement is the recorded file or decodes to the recorded digests; outside the entry's
    own folder both originals and replacement must decode to them. A copy that stands for a duplicate never moves.
    TrashError if a name is taken or the entry is not ours.
    """
    prover = Prover(threads, control, progress or Progress())
    replacement_entry = finish_replacement_move(entry)
    with hold(entry) as held, _told(entry):
        if held.state() is EntryState.LEFT:
            raise gone(entry)
        if not is_home_taken_by_replacement(held):
            _check_free(held)
        ours = _is_to_move(held, prover)
        if ours and is_home_taken_by_replacement(held):
            # After an overwrite the replacement has the very name: it must leave first. Both are in the trash then.
            replacement_entry = _trash_replacement(held, [])
        _check_free(held)
        _put_all_home(held)
        return _concluded(_tidied(held, replacement_entry, prover, ours=ours), held, journal, report)


def finish_undo(
    entry: TrashEntry,
    threads: int,
    control: Control,
    journal: Journal = no_journal,
    progress: Progress | None = None,
    report: Report = no_report,
) -> Undone:
    """Finish an undo that was stopped after it had begun to put files back; the errors are those of `undo`."""
    prover = Prover(threads, control, progress or Progress())
    replacement_entry = finish_replacement_move(entry)
    with hold(entry) as held, _told(entry):
        _check_free(held)
        put_home(held)
        ours = _is_to_move(held, prover)
        return _concluded(_tidied(held, replacement_entry, prover, ours=ours), held, journal, report)


@contextlib.contextmanager
def _told(entry: TrashEntry) -> Iterator[None]:
    """Convert the errors of the system that stop an undo; the next one goes on."""
    try:
        try:
            yield
        except OSError as error:
            raise from_os_error(error, entry.home_path, "put it back from the trash") from error
    except SpaceError as error:  # also of the move of the replacement
        error.hint = _AGAIN
        raise


def _is_to_move(held: HeldEntry, prover: Prover) -> bool:
    """Return whether the replacement is to move to the trash: it is next to it, and was made for it. OSError."""
    return is_beside(held) and not held.entry.is_duplicate and _is_proven(held, prover)


def _is_proven(held: HeldEntry, prover: Prover) -> bool:
    """Return whether the originals are what was moved, and the replacement is the recorded file. OSError."""
    if find_change(held) or is_original_in_its_place(held):
        return False
    if is_recorded(held) or (not held.entry.digests and is_alike_without_inodes(held)):
        return True
    return not prover.find_loss(held)


def _check_free(held: HeldEntry) -> None:
    """Raise TrashError if another file has the name of a stored one at home."""
    for file, place in held.places().items():
        if place is FilePlace.STORED and held.at_home(file) is not None:
            raise _in_the_way(held.entry.home / file.name)


def _put_all_home(held: HeldEntry) -> None:
    """Put the stored files back: all of them or, if the disk lets that be, none. TrashError, OSError."""
    had_marker = held.has_marker()
    stored = [file for file in held.entry.files if held.stored(file) is not None]
    try:
        held.begin_undo()
        put_home(held)
    except OSError as error:
        if take_in_again(held, stored) and not had_marker:
            held.drop_marker()
        if isinstance(error, FileExistsError):
            raise _in_the_way(held.entry.home_path) from error
        raise


def _in_the_way(path: Path) -> TrashError:
    return TrashError(
        f"{display_name(path)}: a file of this name is in the way; it stays in the trash",
        hint="move it away, then undo again",
    )


def _concluded(done: Undone, held: HeldEntry, journal: Journal, report: Report) -> Undone:
    """Return an undo that is reported, and whose entry is gone."""
    report(done)
    held.drop()
    journal(UNDONE, {"path": str(done.entry.home_path), "entry": done.entry.id})
    return done


def _tidied(held: HeldEntry, replacement_entry: TrashEntry | None, prover: Prover, *, ours: bool) -> Undone:
    """Move the replacement to the trash, and what belongs to it, after the originals are back. OSError."""
    entry = held.entry
    texts = _restore_texts(held)
    shown, note, change = display_name(entry.replacement_path), "", find_change(held)
    if not is_beside(held) and not change and not entry.is_duplicate:
        # An entry that somebody else wrote could name any file: only the disc itself proves that this is the result.
        ours = not (prover.find_loss(held) or prover.find_lie(held))
    if ours and replacement_entry is None:
        try:
            replacement_entry = _trash_replacement(held, texts)
        except TrashError as error:  # the next try would fail as well, and the original is back
            note = f"{error}; {shown} is left as it is"
    elif change:
        note = f"{change}, in the trash: {shown} is left as it is"
    elif not (ours or entry.is_duplicate) and replacement_entry is None and not is_original_in_its_place(held):
        note = f"{shown}: not the file that replaced it, or gone: left as it is"
    is_result_gone = entry.reason in {CONVERTED, REPAIRED} and replacement_facts(held, entry.replacement) is None
    is_ours_to_tidy = is_beside(held) or replacement_entry is not None
    checksums = drop_checksums(entry.replacement_path, entry.digests) if is_result_gone and is_ours_to_tidy else []
    return Undone(entry, replacement_entry, note, tuple(checksums), tuple(texts))


def _restore_texts(held: HeldEntry) -> list[str]:
    """Take the edits of the playlists back; return a sentence about each. OSError."""
    problems = held.rewrite_texts(restores=True)
    return [describe(edit, held.entry.name, problems[edit.name]) for edit in held.entry.texts]


def _trash_replacement(held: HeldEntry, texts: list[str]) -> TrashEntry:
    """Move the replacement to the trash; playlists that still name it name the original now. TrashError, OSError."""
    files, stand_ins = [], []
    for each in held.entry.replacements:
        facts = replacement_facts(held, each)
        if facts is None:
            raise TrashError(f"{display_name(held.entry.place_of(each))}: was removed meanwhile")
        files.append(Moving(held.entry.place_of(each), FileIdentity.of(facts)))
    for file in held.entry.files:
        facts = held.stored(file) or held.at_home(file)
        if facts is not None:
            stand_ins.append(Replacement.of(absolute(held.entry.home / file.name), FileIdentity.of(facts)))
    home = held.home if is_beside(held) else None
    named = find_texts(files[0].path, held.entry.home_path)
    return move_to_trash(
        files,
        replacements=stand_ins,
        digests=held.entry.digests,
        reason=UNDONE,
        home=home,
        texts=named.edits,
        notify=texts.append,
    )


def purge(
    entry: TrashEntry,
    threads: int,
    control: Control,
    *,
    force: bool,
    journal: Journal = no_journal,
    progress: Progress | None = None,
    others: Sequence[Path] = (),
    recent: RecentDecode = never_decoded,
    is_automatic: bool = False,
) -> Path | None:
    """Remove the files of a trashed title for good; return the image that proved that nothing is lost.

    That is the recorded replacement, decoded whole now; if it is gone or was changed, the same file under another name
    in its folder, or one of `others` (see `Prover.find_other_proof`). An earlier decode of the very file stands in for
    a new one only if `recent` knows it. If nobody asked for it (`is_automatic`), the replacement must be on the disk of
    the trash. TrashError if none proves itself, unless forced, and if the entry is not ours.
    """
    prover = Prover(threads, control, progress or Progress(), recent)
    proof = None
    with hold(entry) as held:
        try:
            if held.state() is EntryState.LEFT:
                raise gone(entry)
            found = {file: facts for file in entry.files if (facts := held.stored(file)) is not None}
            if not force:
                proof, loss = _prove_purge(held, prover, others, is_automatic=is_automatic)
                if loss:
                    raise TrashError(
                        f"{display_name(entry.home_path)}: kept in the trash: {loss}",
                        hint=f"bring it back with {entry.undo_command}; name another image of the same game on this "
                        f"disk with --replacement FILE; or remove it anyway with --force {display_name(entry.id)}",
                    )
            for file, facts in found.items():
                _remove_stored(held, file, facts)
            held.folder.sync()  # the files go before what describes them
        except OSError as error:
            raise from_os_error(error, entry.file_path, "remove it") from error
        held.drop()
    freed = sum(facts.st_size for facts in found.values() if facts.st_nlink == 1)
    journal(PURGED, {"path": str(entry.home_path), "entry": entry.id, "freed_bytes": freed})
    return proof


def _prove_purge(
    held: HeldEntry, prover: Prover, others: Sequence[Path], *, is_automatic: bool
) -> tuple[Path | None, str]:
    """Return the image that proves that nothing is lost, or what would be. OSError."""
    places = set(held.places().values())
    if FilePlace.HOME in places or places >= {FilePlace.BOTH, FilePlace.STORED}:  # half of a title would stay at home
        return None, "some files of this title are not in the trash"
    change = find_change(held, only_stored=True)
    if change:
        return None, change
    loss = find_replacement_change(held) or (is_automatic and find_other_disk(held)) or prover.find_loss(held)
    loss = loss or find_replacement_change(held)  # all its files, after all of them were read
    if not loss:
        return held.entry.replacement_path, ""
    other, problem = prover.find_other_proof(held, others)
    return other, "" if other is not None else "; ".join(filter(None, (loss, problem)))


def _remove_stored(held: HeldEntry, file: TrashedFile, facts: os.stat_result) -> None:
    """Remove a stored file if it still is the one that was found before. TrashError, OSError."""
    now = held.stored(file)
    if now is None or not is_same_state(facts, now) or not held.folder.unlink_same(file.stored, now):
        raise TrashError(f"{display_name(held.folder.path / file.stored)}: was changed meanwhile: it is kept")


def drop_left(entry: TrashEntry) -> None:
    """Remove the description of an entry that has no files any more. TrashError, StorageError."""
    with hold(entry) as held:
        held.drop()

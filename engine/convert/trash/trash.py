"""Moves into the trash of a folder and out of it: files are renamed, never copied, and clobber nothing (Safety rule 4).

The layout is in `entry.py`, whose trash is used in `folder.py`, and what a crash may leave in `held.py`.
"""

import contextlib
import errno
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from discpress.engine.convert.playlists.edits import TextEdit
from discpress.engine.convert.playlists.rewrite import describe
from discpress.engine.convert.trash.entry import Owner, Replacement, Role, TrashedFile, TrashEntry, stored_name
from discpress.engine.convert.trash.folder import is_trash_name, open_trash
from discpress.engine.convert.trash.held import FilePlace, HeldEntry, hold
from discpress.engine.convert.trash.schema import read_held, write_entry
from discpress.engine.errors import DiscpressError, SourceChangedError, TrashError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.system.files import FileIdentity, absolute
from discpress.engine.system.held_folder import HeldFolder
from discpress.engine.system.locks import has_writer

SETTLED_NS = 10_000_000_000
"""A file changed less than 10 s ago may still be being written: it is not moved yet."""
_MOST_TRIES = 5
"""Another process may remove a folder that is empty still; that it does so five times in a row is no chance."""


class FutureTimeError(SourceChangedError):
    """The time of change of a file lies in the future, so nobody knows whether it is still being written."""


def _ignore(notice: str) -> None:
    """Be silent."""


def wait_until_settled(path: Path, control: Control) -> None:
    """Wait until the file's last change is ten seconds old; at most those ten seconds.

    FutureTimeError if the time lies in the future, SourceChangedError if it moves on meanwhile.
    """
    mtime_ns = _mtime_ns(path)
    age_ns = time.time_ns() - mtime_ns
    if age_ns >= SETTLED_NS:
        return
    if age_ns < 0:
        raise FutureTimeError(
            f"{display_name(path)}: its time of change lies in the future: it stays where it is",
            hint="set its time right (touch) and remove it yourself, or run again",
        )
    control.wait((SETTLED_NS - age_ns) / 1e9)
    if _mtime_ns(path) != mtime_ns:
        raise SourceChangedError(f"{display_name(path)}: somebody is still writing it: it stays where it is")


def _mtime_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise from_os_error(error, path, "look at it") from error


@dataclass(frozen=True, slots=True)
class Moving:
    """A file that is to be moved to the trash."""

    path: Path
    """Its path."""
    identity: FileIdentity
    """The identity that it must still have."""
    fd: int | None = None
    """An open descriptor of it, if there is one: then nobody may have it open for writing."""


def move_to_trash(
    files: Sequence[Moving],
    *,
    replacements: Sequence[Replacement],
    digests: Mapping[str, str],
    reason: str,
    home: HeldFolder | None = None,
    texts: Sequence[TextEdit] = (),
    notify: Callable[[str], None] = _ignore,
) -> TrashEntry:
    """Rename the files of one title, the main one first, into the trash of the main one's folder; return the entry.

    The files lie in that folder (`home`, if it is held already) or below it, and all of them move, or none. `texts` are
    changed first; `notify` gets a sentence about each of them.
    SourceChangedError if a file is not what it was, or another program is writing it; TrashError if no trash there is
    ours, or it is on another file system; other errors of the system are StorageError.
    """
    path = absolute(files[0].path)
    if any(is_trash_name(part) for part in path.parts[:-1]):
        raise TrashError(f"{display_name(path)}: is in a trash already: it stays where it is")
    entry = TrashEntry(
        path.parent,
        tuple(_described(each, path.parent, number) for number, each in enumerate(files, 1)),
        str(path),
        digests,
        tuple(replacements),
        datetime.now(UTC).isoformat(timespec="seconds"),
        reason,
        Owner.current(),
        texts=tuple(texts),
    )
    try:
        with _new_entry(entry, home) as held:
            _move_in(held, files, notify)
            return held.entry
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise TrashError(
                f"{display_name(path)}: its trash is on another file system: it stays where it is",
                hint="a file is only ever renamed into the trash, never copied: remove it yourself",
            ) from error
        raise from_os_error(error, path, "move it to the trash") from error


def _described(file: Moving, home: Path, number: int) -> TrashedFile:
    path = absolute(file.path)
    if not path.is_relative_to(home):
        raise TrashError(f"{display_name(path)}: is not in the folder of the main file: it stays where it is")
    return TrashedFile(
        path.relative_to(home).as_posix(),
        stored_name(number),
        file.identity.size_bytes,
        file.identity.mtime_ns,
        file.identity.ino,
        Role.MAIN if number == 1 else Role.PART,
    )


@contextlib.contextmanager
def _new_entry(draft: TrashEntry, known: HeldFolder | None) -> Iterator[HeldEntry]:
    """Make the folder of an entry whose `folder` is the home folder still, and hold it. TrashError, OSError."""
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(HeldFolder.open(draft.folder) if known is None else known.again(draft.folder))
        for attempt in range(_MOST_TRIES):
            trash = stack.enter_context(open_trash(home))
            name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(2)}"
            try:
                trash.make_folder(name)
                folder = stack.enter_context(trash.below(name))
                entry = replace(draft, folder=trash.path / name, folder_ino=folder.stat().st_ino)
                held = HeldEntry(entry, home, trash, folder)
                held.lock()
            except (FileNotFoundError, TrashError):  # another process found it empty
                if attempt == _MOST_TRIES - 1:
                    raise
            else:
                stack.callback(held.close)
                yield held
                return


def _move_in(held: HeldEntry, files: Sequence[Moving], notify: Callable[[str], None]) -> None:
    """Describe the files of an entry, change the playlists, then move the files, so that no playlist names a missing
    file. SourceChangedError, OSError: then all is as it was.
    """
    try:
        _describe_in(held)
        for moving in files:
            if moving.fd is not None and has_writer(moving.fd):
                raise SourceChangedError(
                    f"{display_name(moving.path)}: another program has it open for writing: it stays where it is",
                    hint="close that program, then move the file away yourself",
                )
        problems = held.rewrite_texts()
        for file, moving in zip(held.entry.files, files, strict=True):
            parent, name = held.home_of(file), PurePosixPath(file.name).name
            if not _is_as_expected(held, FileIdentity.of(parent.lstat(name)), moving.identity):
                raise _changed(moving.path)
            _move_one(held, file)
            if file is held.entry.main:
                _sync_move(held)  # it goes first on the disk too: that is how a stopped move is found
        if len(files) > 1:
            _sync_move(held)
    except BaseException:
        _take_back(held)
        raise
    for edit in held.entry.texts:
        notify(describe(edit, held.entry.replacement_path.name, problems[edit.name]))


def _describe_in(held: HeldEntry) -> None:
    """Write the description, on the disk when this returns. TrashError if it would not be read again; OSError."""
    write_entry(held.folder, held.entry)
    if read_held(held.trash, held.entry.id)[0] != held.entry:
        raise TrashError(f"{display_name(held.entry.home_path)}: the trash cannot describe it: it stays where it is")
    held.folder.sync()
    held.trash.sync()


def _is_as_expected(held: HeldEntry, found: FileIdentity, expected: FileIdentity) -> bool:
    """Return whether a file was not changed; ctimes differ if a share answers from a cache after a rename."""
    return found == (expected if held.has_stable_inodes else replace(expected, ctime_ns=found.ctime_ns))


def _move_one(held: HeldEntry, file: TrashedFile) -> None:
    """Move a file into its entry. SourceChangedError if it was another one. OSError."""
    parent, name = held.home_of(file), PurePosixPath(file.name).name
    parent.move_new(name, held.folder, file.stored)
    if not held.is_as_recorded(file, held.stored(file)):
        raise _changed(parent.path / name)


def _sync_move(held: HeldEntry) -> None:
    held.folder.sync()
    for home in dict.fromkeys(map(held.home_of, held.entry.files)):
        home.sync()


def _changed(path: Path) -> SourceChangedError:
    return SourceChangedError(f"{display_name(path)}: it was changed meanwhile: it stays where it is")


def _take_back(held: HeldEntry) -> None:
    """Undo a move that failed, for one that may not last is none; what cannot go back stays described."""
    with contextlib.suppress(OSError):
        if any(held.stored(file) is not None for file in held.entry.files):
            put_home(held)  # the files go before what describes them
        held.rewrite_texts(restores=True)
        held.drop()


def finish_move(entry: TrashEntry) -> None:
    """Move the rest of a title whose move to the trash was stopped. SourceChangedError, TrashError, StorageError."""
    with hold(entry) as held:
        try:
            places = held.places()
            for file, place in places.items():
                if place is FilePlace.AWAY:
                    raise _changed(entry.home / file.name)
            for file, place in places.items():
                if place is FilePlace.HOME:
                    _move_one(held, file)
            _sync_move(held)
        except OSError as error:
            raise from_os_error(error, entry.home_path, "move it to the trash") from error


def put_home(held: HeldEntry) -> None:
    """Rename the files of an entry back, on the disk when this returns; FileExistsError if another file has a name."""
    homes = []
    for file in held.entry.files:
        if held.stored(file) is not None:
            home = held.home_of(file, make=True)
            _put_one(held, file, home)
            homes.append(home)
    for home in dict.fromkeys(homes):
        home.sync()
    held.folder.sync()


def _put_one(held: HeldEntry, file: TrashedFile, home: HeldFolder) -> None:
    try:
        held.folder.rename_new(file.stored, home, PurePosixPath(file.name).name)
    except FileExistsError:
        stored = held.stored(file)
        if stored is None or held.place_of(file) is not FilePlace.BOTH:
            raise
        home.sync()
        held.folder.unlink_same(file.stored, stored)


def take_in_again(held: HeldEntry, files: Sequence[TrashedFile]) -> bool:
    """Move files back into their entry after others could not be put back; return whether all of them are stored.

    If all had come home they stay: only the disk's answer is missing, and the marker lets the next undo go on.
    """
    with contextlib.suppress(OSError, DiscpressError):
        if all(held.stored(file) is None for file in files):
            return False
        for file in files:
            if held.place_of(file) is FilePlace.HOME:
                _move_one(held, file)
        _sync_move(held)
        return all(held.stored(file) is not None for file in files)
    return False


def put_back(entry: TrashEntry) -> None:
    """Put an entry's files back and forget it: what was to replace them did not come. TrashError, StorageError."""
    with hold(entry) as held:
        try:
            put_home(held)
        except OSError as error:
            raise from_os_error(error, entry.home_path, "put it back from the trash") from error
        held.drop()

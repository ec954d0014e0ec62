"""The trash beside the files: entries that describe themselves, with no need of any store (Safety rule 4).

FOLDER/.discpress-trash/<id>/entry.json    what it is and what replaced it
FOLDER/.discpress-trash/<id>/<file name>   the file, renamed, never copied
"""

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from engine.convert.progress import Control
from engine.convert.trash_entry import (
    ENTRY_NAME,
    TRASH_NAME,
    UNDO_NAME,
    Replacement,
    TrashEntry,
    read_entry,
    write_entry,
)
from engine.errors import SourceChangedError, TrashError, from_os_error
from engine.names import display_name
from engine.system.files import FileIdentity, absolute, same_file
from engine.system.locks import has_writer
from engine.system.rename import rename_new, sync_folder

SETTLED_NS = 10_000_000_000
"""A file changed less than 10 s ago may still be being written: it is not moved yet."""
_PRIVATE = 0o700


def wait_until_settled(path: Path, control: Control) -> None:
    """Wait until the file's last change is ten seconds old; at most those ten seconds.

    SourceChangedError when the time lies in the future or moves on meanwhile.
    """
    mtime_ns = _mtime_ns(path)
    age_ns = time.time_ns() - mtime_ns
    if age_ns >= SETTLED_NS:
        return
    if age_ns < 0:
        raise SourceChangedError(
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


def move_to_trash(
    path: Path,
    identity: FileIdentity,
    fd: int | None,
    *,
    replacement: Replacement,
    digests: Mapping[str, str],
    reason: str,
) -> TrashEntry:
    """Rename a file into the trash of its own folder, described first; return the entry.

    The file must still be `identity` (SourceChangedError), and nobody may have it open for writing (`fd` is an
    open descriptor of it, where there is one). EXDEV is an error: nothing is ever copied.
    """
    path = absolute(path)
    trash = path.parent / TRASH_NAME
    folder = trash / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(2)}"
    entry = TrashEntry(
        folder,
        path.name,
        str(path),
        identity.size_bytes,
        identity.mtime_ns,
        digests,
        replacement,
        datetime.now(UTC).isoformat(timespec="seconds"),
        reason,
    )
    _refuse_link(trash)
    try:
        if not trash.is_dir():
            trash.mkdir(_PRIVATE, exist_ok=True)
            sync_folder(trash.parent)
        folder.mkdir(_PRIVATE)
        write_entry(entry)
        sync_folder(folder)
        sync_folder(trash)
        if fd is not None and has_writer(fd):
            raise SourceChangedError(
                f"{display_name(path)}: another program has it open for writing: it stays where it is",
                hint="close that program, then move the file away yourself",
            )
        if FileIdentity.of(path.lstat()) != identity:
            raise SourceChangedError(f"{display_name(path)}: it was changed meanwhile: it stays where it is")
        rename_new(path, entry.file_path)
        sync_folder(folder)
        sync_folder(path.parent)
    except SourceChangedError:
        _remove_empty(entry)
        raise
    except OSError as error:
        if entry.is_there:
            with contextlib.suppress(OSError):  # a move that may not last is none
                rename_new(entry.file_path, path)
                sync_folder(folder)  # the file goes before what describes it
                _remove_empty(entry)
        else:
            _remove_empty(entry)
        if error.errno == errno.EXDEV:
            raise TrashError(
                f"{display_name(path)}: its trash is on another file system: it stays where it is",
                hint="a file is only ever renamed into the trash, never copied: remove it yourself",
            ) from error
        raise from_os_error(error, path, "move it to the trash") from error
    return entry


def entries_in(folder: Path) -> Iterator[TrashEntry | TrashError]:
    """Return the entries of one folder's trash, oldest first; an unreadable one as its error."""
    try:
        _refuse_link(folder / TRASH_NAME)
    except TrashError as error:
        yield error
        return
    try:
        names = sorted(each.name for each in (folder / TRASH_NAME).iterdir())
    except OSError:
        return
    for name in names:
        try:
            entry = read_entry(folder / TRASH_NAME / name)
        except TrashError as error:
            if not _is_only_begun(folder / TRASH_NAME / name):
                yield error
            continue
        if entry.is_there:
            yield entry


def _refuse_link(trash: Path) -> None:
    """Raise TrashError for a trash that leads elsewhere: files are moved within their own folder only."""
    if trash.is_symlink():
        raise TrashError(
            f"{display_name(trash)}: is a link: the trash of a folder is a folder in it",
            hint="remove the link; what it leads to is not touched",
        )


def _is_only_begun(entry_folder: Path) -> bool:
    """Return whether a crash left an entry before any file was moved into it: then nothing is in the trash."""
    try:
        return {each.name for each in entry_folder.iterdir()} <= {ENTRY_NAME}
    except OSError:
        return False


def begin_undo(entry: TrashEntry) -> None:
    """Note, on the disk, that the file is about to be put back: a crash must not leave it half done for ever."""
    os.close(os.open(entry.folder / UNDO_NAME, os.O_WRONLY | os.O_CREAT, 0o600))
    sync_folder(entry.folder)


def drop_undo(entry: TrashEntry) -> None:
    """Take the note of an undo back that did not happen."""
    if entry.is_there:
        with contextlib.suppress(OSError):
            (entry.folder / UNDO_NAME).unlink(missing_ok=True)


def find_half_undone(folders: list[Path]) -> list[TrashEntry]:
    """Return the entries whose file a stopped undo has put back, and no more."""
    entries = []
    for root in (root for folder in folders for root in _trash_roots(folder)):
        if (root / TRASH_NAME).is_symlink():
            continue
        for folder in (root / TRASH_NAME).iterdir():
            if (folder / UNDO_NAME).exists():
                with contextlib.suppress(TrashError):
                    entries.append(read_entry(folder))
    return [entry for entry in entries if not entry.is_there]


def find_entries(folders: list[Path]) -> Iterator[TrashEntry | TrashError]:
    """Return the entries of every trash in and below some folders, following no symbolic links.

    A folder that cannot be searched is an error; one below it, as the lost+found of a disk, is passed by.
    """
    for folder in folders:
        unread: list[OSError] = []
        for root in _trash_roots(folder, unread.append):
            yield from entries_in(root)
        for error in unread:
            if error.filename == str(folder):
                yield TrashError(f"{display_name(folder)}: cannot be searched: {error.strerror}")


def _trash_roots(folder: Path, on_error: Callable[[OSError], None] = lambda error: None) -> Iterator[Path]:
    for root, names, _ in os.walk(folder, onerror=on_error):
        if TRASH_NAME in names:
            yield Path(root)
        names[:] = sorted(name for name in names if not name.startswith("."))


def drop_entry(entry: TrashEntry) -> None:
    """Remove what describes an entry whose file has left the trash."""
    _remove_empty(entry)


def purge_entry(entry: TrashEntry) -> None:
    """Remove an entry and its file for good; the caller has made sure that nothing is lost."""
    try:
        entry.file_path.unlink()
        sync_folder(entry.folder)  # the file goes before what describes it
    except OSError as error:
        raise from_os_error(error, entry.file_path, "remove it") from error
    _remove_empty(entry)


def _remove_empty(entry: TrashEntry) -> None:
    with contextlib.suppress(OSError):
        (entry.folder / UNDO_NAME).unlink(missing_ok=True)
        (entry.folder / ENTRY_NAME).unlink(missing_ok=True)
        entry.folder.rmdir()
        entry.folder.parent.rmdir()  # only when it was the last one


def is_half_undone(entry: TrashEntry) -> bool:
    """Return whether a stopped undo has put the file back, and no more."""
    return not entry.is_there and (entry.folder / UNDO_NAME).exists()


def freed_bytes(entry: TrashEntry) -> int:
    """Return what removing the trashed file would free: nothing where it has other names, or is gone."""
    try:
        return entry.size_bytes if entry.file_path.lstat().st_nlink == 1 else 0
    except OSError:
        return 0


def is_recorded(entry: TrashEntry) -> bool:
    """Return whether the replacement is there and is, by inode, size and time, the file that was recorded."""
    try:
        facts = entry.replacement_path.lstat()
    except OSError:
        return False
    wanted = entry.replacement
    return (facts.st_ino, facts.st_size, facts.st_mtime_ns) == (wanted.ino, wanted.size_bytes, wanted.mtime_ns)


def is_home_already(entry: TrashEntry) -> bool:
    """Return whether the file has its old name too: a crash in a rename by link and unlink leaves both."""
    try:
        return same_file(entry.home_path.lstat(), entry.file_path.lstat())
    except OSError:
        return False


def is_home_taken_by_replacement(entry: TrashEntry) -> bool:
    """Return whether the replacement has the trashed file's own name, as after an overwrite."""
    try:
        return same_file(entry.home_path.lstat(), entry.replacement_path.lstat())
    except OSError:
        return False

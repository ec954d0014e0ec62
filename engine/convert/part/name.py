"""The name of a part: creating it, resuming it, and removing leftovers of killed runs (Safety rule 3).

A file with that name is only read until its content shows that discpress wrote it: a user's file, folder or link is
never opened for writing, changed, removed or followed.

Without locks on the file system, a part that is still being written cannot be recognised. A conversion works there
too, because O_EXCL lets only one run create a part, and the marker names its process. An existing part is only taken
over if that process has surely ended, which is known for processes of this machine only.
"""

import contextlib
import hashlib
import os
import stat
import unicodedata
from collections.abc import Callable
from pathlib import Path

from discpress.engine.convert.part.marker import HEAD_BYTES, is_marked, job_of_marker, process_of_marker
from discpress.engine.errors import DiscpressError, PartError, from_os_error
from discpress.engine.formats import PART_SUFFIX, WINDOW_SUFFIX
from discpress.engine.names import display_name
from discpress.engine.system.access import PRIVATE_MODE, make_private
from discpress.engine.system.files import read_into, same_file
from discpress.engine.system.liveness import ProcessIdentity
from discpress.engine.system.locks import Lock, try_lock
from discpress.engine.system.rename import remove_open, remove_same, sync_folder

_NAME_MAX = 255  # bytes of a file name if the system does not report the limit
_ALL_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_CREATE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | _ALL_FLAGS
_OPEN_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | _ALL_FLAGS


def part_path_of(final_path: Path) -> Path:
    """Return the part's path: the final name and PART_SUFFIX, or a hashed short name if that is too long."""
    name = os.fsencode(final_path.name)
    if len(name) + len(PART_SUFFIX) > _name_max(final_path.parent):
        name = b"discpress-" + hashlib.sha256(name).hexdigest()[:32].encode()
    return final_path.with_name(os.fsdecode(name) + PART_SUFFIX)


def window_path(folder: Path, source_path: Path) -> Path:
    """Return the path of a title's window in a folder; its part has that name and PART_SUFFIX."""
    return folder / f"{source_path.name}{WINDOW_SUFFIX}"


def is_reserved(name: str) -> bool:
    """Return whether a name is reserved for parts, in any case and Unicode form: no result may have it."""
    plain = unicodedata.normalize("NFKC", name).casefold().rstrip(" .")  # Windows drops those at the end
    return plain.endswith((PART_SUFFIX, WINDOW_SUFFIX))


def sync_name(path: Path) -> None:
    """Let the name of a file last through a power cut. Raises StorageError."""
    try:
        sync_folder(path.parent)
    except OSError as error:
        raise from_os_error(error, path, "sync its folder") from error


def _name_max(folder: Path) -> int:
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, AttributeError, ValueError):
        return _NAME_MAX


def create_part(path: Path, mode: int = PRIVATE_MODE) -> int:
    """Create a new part and return its descriptor. Raises PartError if another run was faster.

    The part is locked if the file system has locks, and private until it is published. If the file system refuses to
    change permission bits, it gets those of `mode` now, because they could not be set later.
    """
    fd = _create(path, PRIVATE_MODE)
    try:
        if not make_private(fd):
            held, fd = fd, -1
            remove_open(path, held)
            fd = _create(path, mode)
        if try_lock(fd) is Lock.TAKEN or not same_file(os.fstat(fd), path.lstat()):
            raise _busy(path)  # another run took it in the moment before the lock
    except FileNotFoundError as error:
        os.close(fd)
        raise _busy(path) from error
    except OSError as error:
        if fd >= 0:
            with contextlib.suppress(OSError):
                remove_open(path, fd)
        raise from_os_error(error, path, "create it") from error
    except DiscpressError:
        if fd >= 0:
            os.close(fd)
        raise
    return fd


def _create(path: Path, mode: int) -> int:
    try:
        return os.open(path, _CREATE_FLAGS, mode)
    except FileExistsError as error:
        raise _busy(path) from error
    except OSError as error:
        raise from_os_error(error, path, "create it") from error


def reopen_part(path: Path, job: str) -> int:
    """Return the descriptor of the part that this job left, locked if possible; -1 if there is none."""
    fd = -1
    try:
        seen = _open_found(path, os.O_RDONLY)
        try:
            head = _read_head(seen)
            if job_of_marker(head) != job:
                return -1
            fd = _open_found(path, os.O_RDWR)
            lock = try_lock(fd)
            if lock is not Lock.TAKEN and same_file(os.fstat(seen), os.fstat(fd)) and _may_take(lock, head):
                held, fd = fd, -1
                return held
        finally:
            os.close(seen)
    except (OSError, PartError):
        pass  # a part that cannot be resumed is checked and reported when a new one is created
    finally:
        if fd >= 0:
            os.close(fd)
    return -1


def _may_take(lock: Lock, head: bytes) -> bool:
    """Return whether a job may resume its part: without locks, its last process must have ended or be this one."""
    if lock is Lock.HELD:
        return True
    process = process_of_marker(head)
    return process is not None and (process.is_over or process == ProcessIdentity.current())


def _open_found(path: Path, access: int) -> int:
    """Open the regular file with a part's name. Raises PartError if it is something else, and OSError."""
    facts = path.lstat()
    if not stat.S_ISREG(facts.st_mode):
        raise _not_ours(path)
    fd = os.open(path, access | _OPEN_FLAGS)
    if not same_file(facts, os.fstat(fd)):
        os.close(fd)
        raise _busy(path)
    return fd


def _read_head(fd: int) -> bytes:
    head = bytearray(HEAD_BYTES)
    return bytes(head[: read_into(fd, head, 0)])


def clear_leftover(path: Path, final_path: Path | None, is_copy_of_source: Callable[[Path], bool]) -> None:
    """Remove a killed run's leftover under the part's name, and nothing else (Safety rule 3).

    `final_path` is None for a part that is never published. Raises PartError with the file that must not be removed.
    """
    try:
        fd = _open_found(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    except OSError as error:
        try:
            path.lstat()
        except OSError as unseen:  # whether there is one is unknown
            raise from_os_error(unseen, path, "create it") from unseen
        raise _not_ours(path) from error
    try:
        if _is_leftover(path, fd, final_path, is_copy_of_source):
            held, fd = fd, -1
            remove_open(path, held)
    except OSError as error:
        raise from_os_error(error, path, "replace the part of a stopped run") from error
    finally:
        if fd >= 0:
            os.close(fd)


def take_leftover(path: Path, is_copy_of_source: Callable[[Path], bool]) -> int:
    """Return the descriptor of a killed run's leftover, locked if possible, for the same result; -1 if there is none.

    Unlike with `clear_leftover` and `create_part`, the name is never free. Raises PartError as they do.
    """
    try:
        seen = _open_found(path, os.O_RDONLY)
        try:
            facts = os.fstat(seen)
            is_ours = _is_leftover(path, seen, None, is_copy_of_source)
        finally:
            os.close(seen)
        if not is_ours:
            return -1
        fd = _open_found(path, os.O_RDWR)
    except FileNotFoundError:
        return -1
    except OSError as error:
        raise from_os_error(error, path, "take over the part of a stopped run") from error
    if try_lock(fd) is Lock.TAKEN or not same_file(facts, os.fstat(fd)):
        os.close(fd)
        raise _busy(path)
    return fd


def _is_leftover(path: Path, fd: int, final_path: Path | None, is_copy_of_source: Callable[[Path], bool]) -> bool:
    """Return whether an open file is a killed run's leftover; False if its name has just gone. Raises PartError,
    OSError."""
    lock = try_lock(fd)
    if lock is Lock.TAKEN:
        raise _busy(path)
    facts = os.fstat(fd)
    try:
        if not same_file(facts, path.lstat()):
            raise _busy(path)
    except FileNotFoundError:
        return False  # its run has just published or removed it
    if final_path is not None and _is_second_name(facts, final_path):
        return True
    head = _read_head(fd)
    # An empty file contains nothing to lose, and neither does one whose marker a power loss erased.
    is_ours = is_marked(head) or (facts.st_size in {0, HEAD_BYTES} and len(head) == facts.st_size and not any(head))
    if not (is_ours or is_copy_of_source(path)):
        raise _not_ours(path)
    if lock is Lock.UNKNOWN:
        _refuse_living(path, process_of_marker(head))
    return True


def _refuse_living(path: Path, process: ProcessIdentity | None) -> None:
    """Raise PartError unless the process that a part's marker names has surely ended."""
    if process is not None and process.is_over:
        return
    who = "" if process is None else f" (process {process.pid} on {display_name(process.host)})"
    raise PartError(
        f"{display_name(path)}: another discpress{who} may still be writing this file: its file system has no locks",
        hint="make sure that no discpress writes there, then remove this file",
    )


def _is_second_name(facts: os.stat_result, final_path: Path) -> bool:
    """Return whether a file is the published result, which a crash between link and unlink left under the part's name
    too."""
    try:
        return same_file(facts, final_path.lstat())
    except OSError:
        return False


def drop_second_name(final_path: Path) -> None:
    """Remove the part's name from a published file that has both names after a crash between link and unlink."""
    path = part_path_of(final_path)
    with contextlib.suppress(OSError, PartError):
        if not _is_second_name(path.lstat(), final_path):
            return
        fd = _open_found(path, os.O_RDONLY)
        try:
            facts = os.fstat(fd)
            # If the lock is taken, a run is just between its link and its unlink.
            if try_lock(fd) is not Lock.TAKEN and _is_second_name(facts, final_path):
                remove_same(path, facts)
        finally:
            os.close(fd)


def remove_part_of(final_path: Path, job: str) -> bool:
    """Remove the part of a job, and its parts next to it if the result has several files; return whether one was
    there."""
    path = part_path_of(final_path)
    others = []
    with contextlib.suppress(OSError):
        others = [each for each in path.parent.iterdir() if each.name.endswith(PART_SUFFIX) and each != path]
    is_removed = False
    for each in (path, *others):
        fd = reopen_part(each, job)
        is_removed |= fd >= 0 and remove_open(each, fd)
    return is_removed


def _busy(path: Path) -> PartError:
    return PartError(
        f"{display_name(path)}: another discpress is writing this file",
        hint="wait for it to finish, or choose another name with -o",
    )


def _not_ours(path: Path) -> PartError:
    return PartError(
        f"{display_name(path)}: this file has the part's name and was not written by discpress",
        hint="check the file, then move or remove it",
    )

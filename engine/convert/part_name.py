"""The name of a part: whose it is, taking it, and what a killed run may have left there (Safety rule 3)."""

import contextlib
import hashlib
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

from engine.errors import DiscpressError, PartError, StorageError, from_os_error
from engine.formats import PART_SUFFIX
from engine.images.sniff import PART_MAGIC
from engine.names import display_name
from engine.system.files import FileIdentity, read_into, same_file
from engine.system.locks import try_lock
from engine.system.rename import remove_open, remove_quietly

HEAD_BYTES = 4096
_SECTOR_BYTES = 512  # what disks write whole or not at all
_SECTOR_TEXT_BYTES = _SECTOR_BYTES - len(PART_MAGIC)
_MARKER_TEXT_BYTES = HEAD_BYTES // _SECTOR_BYTES * _SECTOR_TEXT_BYTES
_NAME_MAX = 255  # bytes of a file name where the system does not say
_CREATE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_REOPEN_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


def part_path_of(final_path: Path) -> Path:
    """Return the part's path: the final name and PART_SUFFIX, or a hashed short name where that is too long."""
    name = os.fsencode(final_path.name)
    if len(name) + len(PART_SUFFIX) > _name_max(final_path.parent):
        name = b"discpress-" + hashlib.sha256(name).hexdigest()[:32].encode()
    return final_path.with_name(os.fsdecode(name) + PART_SUFFIX)


def _name_max(folder: Path) -> int:
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, AttributeError, ValueError):
        return _NAME_MAX


def make_marker(job: str, source_path: Path, source: FileIdentity) -> bytes:
    """Return the HEAD_BYTES that say whose a part is: in every sector PART_MAGIC, then a piece of the text.

    A power loss while the real head is written over it leaves some sectors of both: one magic is enough.
    """
    facts = {
        "job": job,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "dev": source.dev,
        "ino": source.ino,
        "size_bytes": source.size_bytes,
        "mtime_ns": source.mtime_ns,
    }
    text = json.dumps({**facts, "source": str(source_path)}).encode("ascii") + b"\n"
    if len(text) > _MARKER_TEXT_BYTES:  # a long path in escapes: the identity says enough
        text = json.dumps(facts).encode("ascii") + b"\n"
    text = text.ljust(_MARKER_TEXT_BYTES, b"\0")
    pieces = (text[at : at + _SECTOR_TEXT_BYTES] for at in range(0, _MARKER_TEXT_BYTES, _SECTOR_TEXT_BYTES))
    return b"".join(PART_MAGIC + piece for piece in pieces)


def job_of_marker(marker: bytes) -> str | None:
    """Return the job that a part's marker names; None when it is no marker."""
    if not marker.startswith(PART_MAGIC):
        return None
    sectors = (marker[at + len(PART_MAGIC) : at + _SECTOR_BYTES] for at in range(0, len(marker), _SECTOR_BYTES))
    try:
        facts = json.loads(b"".join(sectors).rstrip(b"\0"))
        return str(facts["job"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _is_marked(head: bytes) -> bool:
    return any(head.startswith(PART_MAGIC, at) for at in range(0, HEAD_BYTES, _SECTOR_BYTES))


def create_part(path: Path) -> int:
    """Create a part that nobody else has and return its locked descriptor; PartError when somebody was faster."""
    try:
        fd = os.open(path, _CREATE_FLAGS, 0o666)
    except FileExistsError as error:
        raise _busy(path) from error
    except OSError as error:
        raise from_os_error(error, path, "create it") from error
    try:
        if not try_lock(fd) or not same_file(os.fstat(fd), path.lstat()):
            raise _busy(path)  # another run saw it in the moment before the lock and took it
    except FileNotFoundError as error:
        os.close(fd)
        raise _busy(path) from error
    except OSError as error:
        os.close(fd)
        remove_quietly(path)
        raise StorageError(
            f"{display_name(path)}: this file system cannot lock files: {error.strerror}",
            hint="without locks two runs could write one file: choose another folder with -O",
        ) from error
    except DiscpressError:
        os.close(fd)
        raise
    return fd


def reopen_part(path: Path, job: str) -> int:
    """Return the locked descriptor of the part that this job left; -1 where there is none."""
    try:
        fd = os.open(path, _REOPEN_FLAGS)
    except OSError:
        return -1
    marker = bytearray(HEAD_BYTES)
    try:
        count = read_into(fd, marker, 0)
        if try_lock(fd) and same_file(os.fstat(fd), path.lstat()) and job_of_marker(bytes(marker[:count])) == job:
            return fd
    except OSError:
        pass  # what cannot be taken up is looked at, and named, where a new part is made
    os.close(fd)
    return -1


def clear_leftover(path: Path, final_path: Path, is_copy_of_source: Callable[[Path], bool]) -> None:
    """Remove what a killed run left under the part's name, and nothing else (Safety rule 3)."""
    try:
        fd = os.open(path, _REOPEN_FLAGS)
    except FileNotFoundError:
        return
    except OSError as error:
        try:
            path.lstat()
        except OSError as unseen:  # nobody knows whether there is one
            raise from_os_error(unseen, path, "begin it") from unseen
        raise _not_ours(path) from error
    try:
        facts = os.fstat(fd)
        try:
            is_free = try_lock(fd)
        except OSError:
            is_free = False
        if not is_free:
            raise _busy(path)
        try:
            if not same_file(facts, path.lstat()):
                raise _busy(path)
        except FileNotFoundError:
            return  # the run that held it has just published or removed it
        head = bytearray(HEAD_BYTES)
        count = read_into(fd, head, 0)
        # An empty file holds nothing to lose, nor does one that grew for a marker whose bytes a power loss took.
        is_ours = _is_marked(bytes(head)) or (
            facts.st_size in {0, HEAD_BYTES} and count == facts.st_size and not any(head)
        )
        if is_ours or _is_second_name(facts, final_path) or is_copy_of_source(path):
            held, fd = fd, -1
            remove_open(path, held)
        else:
            raise _not_ours(path)
    except OSError as error:
        raise from_os_error(error, path, "replace the part that a stopped run left") from error
    finally:
        if fd >= 0:
            os.close(fd)


def _is_second_name(facts: os.stat_result, final_path: Path) -> bool:
    """A crash between link and unlink leaves the published file under the part's name as well."""
    try:
        return same_file(facts, final_path.lstat())
    except OSError:
        return False


def drop_second_name(final_path: Path) -> None:
    """Remove the part's name from a published file that a crash between link and unlink left with both."""
    path = part_path_of(final_path)
    with contextlib.suppress(OSError):
        if not _is_second_name(path.lstat(), final_path):
            return
        fd = os.open(path, _REOPEN_FLAGS)
        try:
            if try_lock(fd):  # else a run is just between its link and its unlink
                path.unlink()
        finally:
            os.close(fd)


def remove_part_of(final_path: Path, job: str) -> bool:
    """Remove the part that a job left, and no other; return whether there was one."""
    path = part_path_of(final_path)
    fd = reopen_part(path, job)
    if fd < 0:
        return False
    remove_open(path, fd)
    return True


def _busy(path: Path) -> PartError:
    return PartError(
        f"{display_name(path)}: another discpress is writing this file",
        hint="wait for it to finish, or choose another name with -o",
    )


def _not_ours(path: Path) -> PartError:
    return PartError(
        f"{display_name(path)}: this file is in the way and was not begun by discpress",
        hint="look at it, then move or remove it",
    )

"""The part file: the output before it has earned its name (Safety rules 1 and 3).

The first HEAD_BYTES of the coming image are kept in memory; in their place the part carries a marker that says
whose it is, so that it never sniffs as an image. They are written last, when all else is proven.
"""

import contextlib
import hashlib
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

from engine.errors import ConflictError, DiscpressError, PartError, SpaceError, StorageError, from_os_error
from engine.images.sniff import PART_MAGIC
from engine.names import display_name
from engine.system.cache import drop_cached, resident_pages
from engine.system.files import FileIdentity, Readable, Writable, read_into, same_file, write_all
from engine.system.locks import try_lock
from engine.system.rename import remove_quietly, rename_new, sync_folder
from engine.units import format_size

SUFFIX = ".discpress-part"
HEAD_BYTES = 4096
_NAME_MAX = 255  # bytes of a file name where the system does not say
_CREATE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_REOPEN_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


def part_path_of(final_path: Path) -> Path:
    """Return the part's path: the final name and SUFFIX, or a hashed short name where that is too long."""
    name = os.fsencode(final_path.name)
    if len(name) + len(SUFFIX) > _name_max(final_path.parent):
        name = b"discpress-" + hashlib.sha256(name).hexdigest()[:32].encode()
    return final_path.with_name(os.fsdecode(name) + SUFFIX)


def _name_max(folder: Path) -> int:
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, AttributeError, ValueError):
        return _NAME_MAX


class PartFile:
    """An unfinished output that is ours: created by nobody else, locked while it is open.

    It is a `ByteSource` too: reading it gives the image as it will be, head included, so that the proof
    reads exactly what is going to be published.
    """

    def __init__(
        self,
        final_path: Path,
        *,
        job: str,
        source_path: Path,
        source: FileIdentity,
        is_copy_of_source: Callable[[Path], bool],
        max_file_bytes: int | None = None,
    ) -> None:
        """Create the part; PartError when its name is taken by what must not be replaced.

        `is_copy_of_source(path)` is asked about a file without marker that a crash in the last moment may have
        left: complete, and no more than a packed copy of the source.
        """
        self.final_path = final_path
        self.path = part_path_of(final_path)
        self.size_bytes = 0
        self._max_file_bytes = max_file_bytes
        self._head = bytearray(HEAD_BYTES)
        self._is_sealed = False
        _clear_leftover(self.path, final_path, is_copy_of_source)
        self.fd = _create(self.path)
        try:
            write_all(self.fd, _marker(job, source_path, source), 0)
            os.fsync(self.fd)
        except OSError as error:
            self.discard()
            raise from_os_error(error, self.path, "write it") from error

    def write_at(self, offset: int, data: Readable) -> None:
        """Write bytes of the coming image; SpaceError when they do not fit."""
        view = memoryview(data).cast("B")
        end = offset + len(view)
        if self._max_file_bytes is not None and end > self._max_file_bytes:
            raise SpaceError(
                f"{display_name(self.final_path)}: larger than the {format_size(self._max_file_bytes)} "
                "that one file may have on this FAT file system",
                hint="choose a folder on another file system with -O",
            )
        in_head = max(0, min(HEAD_BYTES - offset, len(view)))
        if in_head:
            self._head[offset : offset + in_head] = view[:in_head]
        try:
            write_all(self.fd, view[in_head:], offset + in_head)
        except OSError as error:
            raise from_os_error(error, self.final_path, "write it") from error
        self.size_bytes = max(self.size_bytes, end)

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer` with bytes of the coming image."""
        view = memoryview(buffer)[: max(0, self.size_bytes - offset)]
        try:
            count = read_into(self.fd, view, offset)
        except OSError as error:
            raise from_os_error(error, self.path, f"read it back at byte {offset}") from error
        if not self._is_sealed:
            in_head = max(0, min(HEAD_BYTES - offset, count))
            view[:in_head] = self._head[offset : offset + in_head]
        return count

    def sync(self) -> None:
        """Make what was written last. A failed fsync is final: the kernel has dropped the pages, so has the job."""
        try:
            os.fsync(self.fd)
        except OSError as error:
            raise from_os_error(error, self.path, "make it last on the disk") from error

    def drop_cached(self) -> bool:
        """Drop the part from the page cache; return whether the system confirms that nothing is left in it."""
        drop_cached(self.fd)
        return resident_pages(self.fd, os.fstat(self.fd).st_size) == 0

    def seal(self, mtime_ns: int) -> FileIdentity:
        """Put the real head over the marker, set the time, sync, read the head back; return the file's identity."""
        try:
            # Cut first: killed in between, what is left still begins with the marker.
            os.ftruncate(self.fd, self.size_bytes)
            write_all(self.fd, memoryview(self._head)[: self.size_bytes], 0)
            os.utime(self.fd if os.utime in os.supports_fd else self.path, ns=(mtime_ns, mtime_ns))
        except OSError as error:
            raise from_os_error(error, self.path, "finish it") from error
        self._is_sealed = True
        self.sync()
        drop_cached(self.fd)
        head = bytearray(min(HEAD_BYTES, self.size_bytes))
        self.read_into(head, 0)
        if head != self._head[: len(head)]:
            raise StorageError(
                f"{display_name(self.path)}: its first bytes read back differ from what was written",
                hint="the disk is failing: check it before you write to it again",
            )
        return FileIdentity.of(os.fstat(self.fd))

    def publish(self) -> None:
        """Give the part its final name, never over an existing file; ConflictError when there is one."""
        try:
            rename_new(self.path, self.final_path)
            self._sync_name()
        except FileExistsError as error:
            raise ConflictError(
                f"{display_name(self.final_path)}: a file of this name appeared meanwhile; it was not touched",
                hint="move it away, or choose another name with -o",
            ) from error
        except OSError as error:
            raise from_os_error(error, self.final_path, "give the finished file its name") from error

    def _sync_name(self) -> None:
        """Make the new name last; one that may not is taken back, for the job fails."""
        try:
            sync_folder(self.final_path.parent)
        except OSError:
            with contextlib.suppress(OSError):
                if same_file(os.fstat(self.fd), self.final_path.lstat()):
                    self.final_path.unlink()
            raise

    def discard(self) -> None:
        """Remove the part; the name goes only while it is still this file's."""
        with contextlib.suppress(OSError):
            if same_file(os.fstat(self.fd), self.path.lstat()):
                self.path.unlink()
        self.close()

    def close(self) -> None:
        """Close the file and give up its lock; safe to call again."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def _marker(job: str, source_path: Path, source: FileIdentity) -> bytes:
    facts = {
        "job": job,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "source": str(source_path)[:1000],
        "dev": source.dev,
        "ino": source.ino,
        "size_bytes": source.size_bytes,
        "mtime_ns": source.mtime_ns,
    }
    text = PART_MAGIC + json.dumps(facts).encode("ascii") + b"\n"
    return text[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0")


def _create(path: Path) -> int:
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


def _clear_leftover(path: Path, final_path: Path, is_copy_of_source: Callable[[Path], bool]) -> None:
    """Remove what a killed run left under the part's name, and nothing else (Safety rule 3)."""
    try:
        fd = os.open(path, _REOPEN_FLAGS)
    except FileNotFoundError:
        return
    except OSError as error:
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
        head = bytearray(len(PART_MAGIC))
        head = head[: read_into(fd, head, 0)]
        # Empty, or cut to less than the marker while a tiny image was sealed: nothing in it is anybody else's.
        is_ours = PART_MAGIC.startswith(head)
        if is_ours or _is_second_name(facts, final_path) or is_copy_of_source(path):
            path.unlink()
        else:
            raise _not_ours(path)
    except OSError as error:
        raise from_os_error(error, path, "replace the part that a stopped run left") from error
    finally:
        os.close(fd)


def drop_second_name(final_path: Path) -> None:
    """Remove the part's name from a published file that a crash between link and unlink left with both."""
    path = part_path_of(final_path)
    with contextlib.suppress(OSError):
        if _is_second_name(path.lstat(), final_path):
            path.unlink()


def _is_second_name(facts: os.stat_result, final_path: Path) -> bool:
    """A crash between link and unlink leaves the published file under the part's name as well."""
    try:
        return same_file(facts, final_path.lstat())
    except OSError:
        return False


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

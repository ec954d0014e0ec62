"""The temporary part that a test packs into: on the disk that is tested, and gone with the process that made it.

It is a part like any other (a marker in front, a name that ends in PART_SUFFIX, a lock), so that it is never taken for
an image; its name goes as soon as it is open, so that the system itself frees it, also after a crash. Where a file
system cannot remove an open file it goes at the end; what a crash leaves there, the next test or the worker removes.
"""

import contextlib
import errno
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from discpress.engine.convert.part.marker import HEAD_BYTES, make_marker
from discpress.engine.convert.part.name import clear_leftover, create_part, part_path_of
from discpress.engine.errors import DiscpressError, SpaceError, StorageError, from_os_error
from discpress.engine.formats import WINDOW_SUFFIX
from discpress.engine.names import display_name
from discpress.engine.system.cache import drop_cached, resident_range
from discpress.engine.system.files import FileIdentity, Readable, Writable, read_into, sync_file, write_all
from discpress.engine.system.filesystems import free_bytes
from discpress.engine.system.rename import remove_open, remove_same
from discpress.engine.units import MIB, format_size

MARGIN_BYTES = 64 * MIB
"""Kept free beside the window: a test must not be what fills a disk."""
_NOT_WRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM}


def window_path(folder: Path, source_path: Path) -> Path:
    """Return what a window of a title in that folder is called; its part has that name and PART_SUFFIX."""
    return folder / f"{source_path.name}{WINDOW_SUFFIX}"


class WindowPart:
    """A `Scratch` in a folder; a context manager that removes it. The image begins behind the marker."""

    def __init__(self, folder: Path, source_path: Path, source: FileIdentity, job: str) -> None:
        """Create it for a title; PartError when its name is taken by what is not ours, StorageError otherwise."""
        self.path = part_path_of(window_path(folder, source_path))
        self.size_bytes = 0
        clear_leftover(self.path, None, lambda path: False)
        self.fd = create_part(self.path)
        self._is_named = True
        try:
            write_all(self.fd, make_marker(job, source_path, source), 0)
            self._unlink()
        except OSError as error:
            self.close()
            raise from_os_error(error, self.path, "write it") from error

    def _unlink(self) -> None:
        with contextlib.suppress(OSError):  # then it goes when it is closed
            self._is_named = not remove_same(self.path, os.fstat(self.fd))

    def write_at(self, offset: int, data: Readable) -> None:
        """Write as `Scratch` says."""
        try:
            write_all(self.fd, data, HEAD_BYTES + offset)
        except OSError as error:
            raise from_os_error(error, self.path, "write it") from error
        self.size_bytes = max(self.size_bytes, offset + memoryview(data).nbytes)

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read as `Scratch` says."""
        view = memoryview(buffer)[: max(0, self.size_bytes - offset)]
        try:
            return read_into(self.fd, view, HEAD_BYTES + offset)
        except OSError as error:
            raise from_os_error(error, self.path, f"read it back at byte {offset}") from error

    def sync(self) -> None:
        """Make it last as `Scratch` says."""
        try:
            sync_file(self.fd)
        except OSError as error:
            raise from_os_error(error, self.path, "make it last on the disk") from error

    def forget(self) -> None:
        """Drop it from memory; StorageError when the disk fails."""
        try:
            drop_cached(self.fd)
        except OSError as error:
            raise from_os_error(error, self.path, "drop it from memory") from error

    def resident(self, offset: int, length: int) -> int | None:
        """Return how many pages of these bytes are in memory; None where the system does not tell."""
        return resident_range(self.fd, HEAD_BYTES + offset, length)

    def start_again(self) -> None:
        """Empty it; the marker stays."""
        try:
            os.ftruncate(self.fd, HEAD_BYTES)
        except OSError as error:
            raise from_os_error(error, self.path, "start it again") from error
        self.size_bytes = 0

    def close(self) -> None:
        """Remove it; safe to call again."""
        held, self.fd = self.fd, -1
        if not self._is_named:
            if held >= 0:
                os.close(held)
            return
        self._is_named = False
        remove_open(self.path, held)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_window(folder: Path, source_path: Path, source: FileIdentity, job: str, needed_bytes: int) -> WindowPart:
    """Create a window part with room for so many bytes; SpaceError where the disk has less and MARGIN_BYTES.

    It is created before room is asked for: a medium that only reads (squashfs, ISO 9660) says that 0 bytes are free,
    and is not full.
    """
    part = WindowPart(folder, source_path, source, job)
    try:
        _check_room(folder, needed_bytes)
    except DiscpressError:
        part.close()
        raise
    return part


def _check_room(folder: Path, needed_bytes: int) -> None:
    try:
        free = free_bytes(folder)
    except OSError as error:
        raise from_os_error(error, folder, "look at this folder") from error
    if free < needed_bytes + MARGIN_BYTES:
        raise SpaceError(
            f"{display_name(folder)}: a test needs {format_size(needed_bytes + MARGIN_BYTES)} free there for a moment, "
            f"{format_size(free)} are",
            hint="free some space, or test a smaller window",
        )


def is_read_only(error: StorageError) -> bool:
    """Return whether a part could not be made because nothing can be written there: read-only, or not ours."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in _NOT_WRITABLE

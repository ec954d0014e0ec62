"""The temporary part of a benchmark, on the measured disk; it disappears with the process that created it.

It is a part like any other (a marker, a name with PART_SUFFIX, a lock), so that it is never taken for an image. Its
name is removed as soon as it is open, so that the system frees it even after a crash. If the file system cannot
remove open files, it is removed at the end; after a crash, the next benchmark or the worker removes it.
"""

import contextlib
import errno
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from discpress.engine.convert.part.marker import HEAD_BYTES, make_marker
from discpress.engine.convert.part.name import clear_leftover, create_part, part_path_of, window_path
from discpress.engine.errors import DiscpressError, SpaceError, StorageError, from_os_error
from discpress.engine.measure.throughput import Scratch
from discpress.engine.names import display_name
from discpress.engine.system.cache import drop_cached, resident_range
from discpress.engine.system.files import FileIdentity, Readable, Writable, read_into, sync_file, write_all
from discpress.engine.system.filesystems import free_bytes
from discpress.engine.system.rename import remove_open, remove_same
from discpress.engine.units import MIB, format_size

MARGIN_BYTES = 64 * MIB
"""Free space to keep in addition to the window: a benchmark must not fill a disk."""
_NOT_WRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM}


class WindowPart(Scratch):
    """A `Scratch` in a folder; a context manager that removes it. The image begins after the marker."""

    def __init__(self, folder: Path, source_path: Path, source: FileIdentity, job: str) -> None:
        """Create it for a title. Raises PartError if its name is taken by a foreign file, StorageError otherwise."""
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
        with contextlib.suppress(OSError):  # it is then removed at the close
            self._is_named = not remove_same(self.path, os.fstat(self.fd))

    def write_at(self, offset: int, data: Readable) -> None:
        """Write, see `Scratch`."""
        try:
            write_all(self.fd, data, HEAD_BYTES + offset)
        except OSError as error:
            raise from_os_error(error, self.path, "write it") from error
        self.size_bytes = max(self.size_bytes, offset + memoryview(data).nbytes)

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read, see `Scratch`."""
        view = memoryview(buffer)[: max(0, self.size_bytes - offset)]
        try:
            return read_into(self.fd, view, HEAD_BYTES + offset)
        except OSError as error:
            raise from_os_error(error, self.path, f"read it back at byte {offset}") from error

    def sync(self) -> None:
        """Sync, see `Scratch`."""
        try:
            sync_file(self.fd)
        except OSError as error:
            raise from_os_error(error, self.path, "sync it to the disk") from error

    def forget(self) -> None:
        """Drop it from memory. Raises StorageError if the disk fails."""
        try:
            drop_cached(self.fd)
        except OSError as error:
            raise from_os_error(error, self.path, "drop it from memory") from error

    def resident(self, offset: int, length: int) -> int | None:
        """Return how many pages of these bytes are in memory; None if the system does not report that."""
        return resident_range(self.fd, HEAD_BYTES + offset, length)

    def start_again(self) -> None:
        """Empty it; the marker stays."""
        try:
            os.ftruncate(self.fd, HEAD_BYTES)
        except OSError as error:
            raise from_os_error(error, self.path, "restart it") from error
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
    """Create a window part after checking the free space. Raises SpaceError unless `needed_bytes` and MARGIN_BYTES are
    free.

    It is created before the check, because a read-only medium (squashfs, ISO 9660) reports 0 free bytes without being
    full.
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
        raise from_os_error(error, folder, "read this folder") from error
    if free < needed_bytes + MARGIN_BYTES:
        raise SpaceError(
            f"{display_name(folder)}: the benchmark needs {format_size(needed_bytes + MARGIN_BYTES)} of free space, "
            f"only {format_size(free)} is available",
            hint="free some space, or choose a smaller --window",
        )


def is_read_only(error: StorageError) -> bool:
    """Return whether a part could not be created because the folder is read-only or not writable for this user."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in _NOT_WRITABLE

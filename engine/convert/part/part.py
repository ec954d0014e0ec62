"""The part file: the output until it is verified and gets its name (Safety rules 1 and 3).

The first HEAD_BYTES of the image stay in memory; in their place the part contains a marker with its owner, so that
it is never recognised as an image. They are written last, after the rest is verified.
"""

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from discpress.engine.convert.part.marker import HEAD_BYTES, make_marker
from discpress.engine.convert.part.name import clear_leftover, create_part, part_path_of, reopen_part, take_leftover
from discpress.engine.convert.part.renumbered import is_renumbered
from discpress.engine.errors import ConflictError, FileLimitError, PartError, StorageError, from_os_error
from discpress.engine.images.recognised import PART_MAGIC
from discpress.engine.images.source import ByteSource, read_open_file
from discpress.engine.names import display_name
from discpress.engine.system.access import Access, Refusal, describe_refusals, make_private, set_access, set_time
from discpress.engine.system.cache import drop_cached, resident_pages, start_writing
from discpress.engine.system.files import (
    FileIdentity,
    Readable,
    Writable,
    read_into,
    same_file,
    set_size,
    sync_file,
    write_all,
)
from discpress.engine.system.locks import Lock, try_lock
from discpress.engine.system.rename import RENAMES_OPEN_FILES, remove_open, remove_same, rename_new, sync_folder
from discpress.engine.units import KIB, MIB, format_size

_SENT_BYTES = 8 * MIB
"""Sent to the disk during packing: the fsync at the end of 640 MB then takes 0.04 s, not 0.2."""
_PAGE_BYTES = 64 * KIB
"""At least one page of every system that drops pages: dropping this much drops the head; 640 MB would take 0.03 s."""


class PartState(Protocol):
    """The state that a part needs to resume: a `Checkpoint`."""

    @property
    def head(self) -> bytes:
        """The first bytes of the image."""

    @property
    def part_bytes(self) -> int:
        """Number of valid bytes in the part."""


class PartFile(ByteSource):
    """An unfinished output that this run created or resumed, locked while it is open.

    It is a `ByteSource` too: reads return the final image, head included, so that the verification reads exactly the
    bytes that will be published.
    """

    is_resumable = True
    """Whether a later run can continue after its bytes."""

    def __init__(
        self,
        final_path: Path,
        *,
        job: str,
        source_path: Path,
        source: FileIdentity,
        access: Access,
        is_copy_of_source: Callable[[Path], bool],
        max_file_bytes: int | None = None,
        resume: "PartState | None" = None,
        takes_over: bool = False,
    ) -> None:
        """Create the part. Raises PartError if another file has its name and must not be replaced.

        Only its owner can open the part, whatever the umask; `seal` gives it the `access` of the result. With `resume`,
        the part of the same job is resumed if there is one (`is_resumed`). `is_copy_of_source(path)` is called for a
        file without a marker, which a crash in the last moment may have left: a complete packed copy of the source.
        Such a leftover is removed or, with `takes_over`, written anew.
        """
        self.final_path = final_path
        self.path = part_path_of(final_path)
        self.size_bytes = 0
        self._sent_bytes = 0
        self._lock = threading.Lock()
        self._max_file_bytes = max_file_bytes
        self._head = bytearray(HEAD_BYTES)
        self._is_sealed = False
        self.is_broken = False
        self._access = access
        self._refusals: list[Refusal] = []
        self._cache_refusal = ""
        marker = make_marker(job, source_path, source)
        self.is_resumed = self._is_taken_over = False
        if resume is not None:
            self.fd = reopen_part(self.path, job)
            if self.fd >= 0:
                self._own(marker)
                self._take_up(resume)
                return
        self.fd = take_leftover(self.path, is_copy_of_source) if takes_over else -1
        self._is_taken_over = self.fd >= 0
        if self.fd < 0:
            clear_leftover(self.path, final_path, is_copy_of_source)
            self.fd = create_part(self.path, access.mode)
        self._own(marker)

    def _own(self, marker: bytes) -> None:
        """Make the part private and mark it as written by this process; without locks nothing else shows that."""
        try:
            make_private(self.fd)
            self._is_locked = try_lock(self.fd) is Lock.HELD
            if not (self._is_locked and os.fstat(self.fd).st_size):
                write_all(self.fd, marker, 0)
                sync_file(self.fd)
        except OSError as error:
            if self._is_taken_over:
                self.close()
            self.discard()
            raise from_os_error(error, self.path, "write it") from error

    @property
    def warnings(self) -> list[str]:
        """Refusals of the file system so far, as sentences; the result is complete anyway."""
        warnings = describe_refusals(self._refusals)
        if not self._is_locked:
            warnings.append("this file system cannot lock files: run only one discpress at a time there")
        if self._cache_refusal:
            warnings.append(
                "cannot drop the result from memory before it is verified, so that it may not be read from the disk: "
                f"{self._cache_refusal}"
            )
        return warnings

    def _take_up(self, resume: PartState) -> None:
        """Continue after the bytes that the same job wrote, unless the part is shorter than that."""
        if os.fstat(self.fd).st_size < resume.part_bytes:
            self.start_again()
            return
        self._head[:] = resume.head
        self.size_bytes = self._sent_bytes = resume.part_bytes
        self.is_resumed = True

    def write_at(self, offset: int, data: Readable) -> None:
        """Write bytes of the image; any threads may write different ones. Raises SpaceError if they do not fit."""
        view = memoryview(data).cast("B")
        end = offset + len(view)
        if self._max_file_bytes is not None and end > self._max_file_bytes:
            raise FileLimitError(
                f"{display_name(self.final_path)}: larger than the {format_size(self._max_file_bytes)} "
                "that one file may have on this FAT file system",
                hint="choose a folder on another file system with -O",
            )
        in_head = max(0, min(HEAD_BYTES - offset, len(view)))
        if in_head:
            self._head[offset : offset + in_head] = view[:in_head]
        try:
            write_all(self.fd, view[in_head:], offset + in_head)
            with self._lock:
                self.size_bytes = max(self.size_bytes, end)
                first = self._sent_bytes
                is_due = end >= first + _SENT_BYTES
                self._sent_bytes = end if is_due else first
            if is_due:
                start_writing(self.fd, first, end - first)
        except OSError as error:
            raise from_os_error(error, self.final_path, "write it") from error

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer` with bytes of the image."""
        view = memoryview(buffer)[: max(0, self.size_bytes - offset)]
        try:
            count = read_into(self.fd, view, offset)
        except OSError as error:
            raise from_os_error(error, self.path, f"read it back at byte {offset}") from error
        if not self._is_sealed:
            in_head = max(0, min(HEAD_BYTES - offset, count))
            view[:in_head] = self._head[offset : offset + in_head]
        return count

    def read_at(self, offset: int, length: int) -> bytes:
        """Return bytes of the image, see `ByteSource`."""
        if offset < HEAD_BYTES:
            return super().read_at(offset, length)
        return read_open_file(self.fd, self.path, offset, min(length, self.size_bytes - offset), "read it back")

    @property
    def head(self) -> bytes:
        """The first bytes of the image, as far as they are known."""
        return bytes(self._head)

    def start_again(self) -> None:
        """Discard all written bytes; the part stays open and locked."""
        try:
            set_size(self.fd, HEAD_BYTES)
        except OSError as error:
            raise from_os_error(error, self.path, "restart it") from error
        self._head[:] = bytes(HEAD_BYTES)
        self.size_bytes = self._sent_bytes = 0

    def sync(self) -> None:
        """Sync the written bytes. A failed fsync is final, because the kernel has dropped the pages: the job fails."""
        try:
            sync_file(self.fd)
        except OSError as error:
            self.is_broken = True
            raise from_os_error(error, self.path, "sync it to the disk") from error

    def drop_cached(self) -> bool:
        """Drop the part from the page cache; return whether the system confirms that nothing of it is left there."""
        try:
            self._cache_refusal = drop_cached(self.fd)
            return resident_pages(self.fd, os.fstat(self.fd).st_size) == 0
        except OSError as error:
            raise from_os_error(error, self.path, "drop it from memory") from error

    def seal(self, mtime_ns: int) -> FileIdentity:
        """Write the real head over the marker, set access and time, sync, read the head back; return the identity."""
        try:
            # Truncate first: after a kill in between, the rest of a small image still begins with the marker.
            set_size(self.fd, max(self.size_bytes, len(PART_MAGIC)))
            write_all(self.fd, memoryview(self._head)[: self.size_bytes], 0)
            set_size(self.fd, self.size_bytes)
            self._refusals = [*set_access(self.fd, self._access), *set_time(self.fd, self.path, mtime_ns)]
        except OSError as error:
            raise from_os_error(error, self.path, "finish it") from error
        self._is_sealed = True
        self.sync()
        self._check_head()
        return FileIdentity.of(os.fstat(self.fd))

    def _check_head(self) -> None:
        try:
            drop_cached(self.fd, 0, _PAGE_BYTES)
        except OSError as error:
            raise from_os_error(error, self.path, "drop it from memory") from error
        if self.read_at(0, HEAD_BYTES) != self._head[: self.size_bytes]:
            raise StorageError(
                f"{display_name(self.path)}: its first bytes differ when read back",
                hint="check the disk before you write to it again: it is failing",
            )

    def publish(self, *, comes_back: bool = False) -> FileIdentity:
        """Give the part its final name, never over an existing file; return its identity there.

        Raises ConflictError if there is a file with that name, PartError if the part's name now leads to another file.
        After an error the final name is not taken by the part; with `comes_back` it has its own name again.
        """
        facts = found = os.fstat(self.fd)
        try:
            self._check_name(self.path, facts)
            if not RENAMES_OPEN_FILES:
                self.close()
            rename_new(self.path, self.final_path)
            found = self._check_name(self.final_path, facts)
            sync_folder(self.final_path.parent)
        except FileExistsError as error:
            raise ConflictError(
                f"{display_name(self.final_path)}: another program created a file with this name; it was not touched",
                hint="move it away, or choose another name with -o",
            ) from error
        except OSError as error:
            # Remove a name that may not be durable or that a half-done rename left: the job fails.
            if comes_back and not os.path.lexists(self.path):
                with contextlib.suppress(OSError):
                    rename_new(self.final_path, self.path)
            with contextlib.suppress(OSError):
                remove_same(self.final_path, found)
            raise from_os_error(error, self.final_path, "give the finished file its name") from error
        return FileIdentity.of(found)

    def _check_name(self, path: Path, facts: os.stat_result) -> os.stat_result:
        """Return the stat result of a path, which must lead to the part. Raises PartError, OSError."""
        found = path.lstat()
        is_final, head = path == self.final_path, self._head[: self.size_bytes]
        if not (same_file(facts, found) or (is_final and is_renumbered(path, facts, found, head))):
            raise PartError(
                f"{display_name(path)}: another program removed or replaced the part meanwhile; nothing was lost",
                hint="convert it again; two runs on one network share need locks that both see",
            )
        return found

    def discard(self) -> None:
        """Remove the part, unless its name leads to another file now."""
        held, self.fd = self.fd, -1
        if held >= 0:
            with contextlib.suppress(OSError):
                remove_open(self.path, held)

    def close(self) -> None:
        """Close the file and release its lock; safe to call again."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

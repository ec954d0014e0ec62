"""The page cache: drops the pages of a file, and counts those that are left (Linux; unknown elsewhere)."""

import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from discpress.engine.system.files import is_refused

if TYPE_CHECKING:
    import ctypes

_WINDOW_BYTES = 256 * 1024 * 1024  # 64 KiB of mincore answers; a multiple of every page size


DIRECT_ALIGNMENT = 4096
"""Offset, length and memory of a direct read are multiples of this: sectors of disks are no larger."""
_DIRECT = {"ext4", "xfs", "btrfs"}  # others take O_DIRECT and read memory, as tmpfs does


def open_direct(fd: int, kind: str) -> int:
    """Open a file once more, so that reads bypass the page cache; return -1 if that is not possible.

    `kind` is the type of its file system.
    """
    if kind not in _DIRECT or not hasattr(os, "O_DIRECT"):
        return -1
    try:
        return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_DIRECT | os.O_CLOEXEC)
    except OSError:
        return -1


def drop_cached(fd: int, offset: int = 0, length: int = 0) -> str:
    """Ask the system to drop the clean pages of a range (length 0: to the file's end); does nothing if unsupported.

    Only pages that lie completely in the range are dropped (posix_fadvise(2)). Returns the system's reason for a
    refusal. Raises OSError if the disk fails.
    """
    return _advise(fd, offset, length)


def start_writing(fd: int, offset: int, length: int) -> str:
    """Ask the system to start writing this part of a file to the disk, without waiting; does nothing if unsupported.

    Linux starts to write dirty pages before it drops clean ones, although only the dropping is documented. Returns and
    raises as `drop_cached` does.
    """
    return _advise(fd, offset, length)


def _advise(fd: int, offset: int, length: int) -> str:
    if hasattr(os, "posix_fadvise"):
        try:
            os.posix_fadvise(fd, offset, length, os.POSIX_FADV_DONTNEED)
        except OSError as error:
            if not is_refused(error):
                raise
            return error.strerror or str(error)
    return ""


def resident_pages(fd: int, size_bytes: int) -> int | None:
    """Return how many pages of the file are in memory, by mincore(2); None if the system cannot tell."""
    return resident_range(fd, 0, size_bytes)


def resident_range(fd: int, offset: int, length: int) -> int | None:
    """Return how many pages of these bytes are in memory; None if the system cannot tell."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes  # noqa: PLC0415 - 4 ms, and only conversions and measurements count pages
    import mmap  # noqa: PLC0415

    libc, failed = _libc(), ctypes.c_void_p(-1).value
    count = 0
    end = offset + length
    for start in range(offset - offset % mmap.PAGESIZE, end, _WINDOW_BYTES):
        window = min(_WINDOW_BYTES, end - start)
        address = libc.mmap(None, window, mmap.PROT_READ, mmap.MAP_SHARED, fd, start)
        if address == failed:
            return None
        try:
            answers = ctypes.create_string_buffer(-(-window // mmap.PAGESIZE))
            if libc.mincore(address, window, answers) != 0:
                return None
            # Only bit 0 has a meaning; today's kernels leave the others clear.
            count += sum(answers.raw.count(value) for value in range(1, 256, 2))
        finally:
            libc.munmap(address, window)
    return count


@lru_cache(maxsize=1)
def _libc() -> "ctypes.CDLL":
    import ctypes  # noqa: PLC0415 - as above

    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_int64]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
    return libc

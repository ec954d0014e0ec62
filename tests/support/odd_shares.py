"""File systems that refuse calls or number files oddly: by patches in this process, or as real mounts of bindfs."""

import errno
import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fault_injection import fail_with

REFUSALS = (errno.EPERM, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS)
"""Answers that mean: not here."""
FAILURES = (errno.EIO, errno.ENOSPC)
"""Answers that mean: the disk failed."""
OTHER_UID = 12345
OTHER_GID = 12346


def refuse_utime(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let no times be set."""
    monkeypatch.setattr(os, "utime", fail_with(number))


def refuse_chmod(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let no permission bits be set."""
    monkeypatch.setattr(os, "fchmod", fail_with(number))


def refuse_chown(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let no owner be set."""
    monkeypatch.setattr(os, "fchown", fail_with(number))


def refuse_fadvise(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Take no advice about the page cache."""
    monkeypatch.setattr(os, "posix_fadvise", fail_with(number))


def refuse_flock(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Have no locks."""
    monkeypatch.setattr(fcntl, "flock", fail_with(number))


def refuse_lease(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Have no leases."""
    real = fcntl.fcntl

    def control(fd: int, command: int, *more: Any) -> Any:
        if command == fcntl.F_SETLEASE:
            raise OSError(number, os.strerror(number))
        return real(fd, command, *more)

    monkeypatch.setattr(fcntl, "fcntl", control)


Refuse = Callable[[pytest.MonkeyPatch, int], None]
CALLS: dict[str, Refuse] = {
    "utime": refuse_utime,
    "chmod": refuse_chmod,
    "chown": refuse_chown,
    "fadvise": refuse_fadvise,
    "flock": refuse_flock,
    "lease": refuse_lease,
}


def changed_stat(found: os.stat_result, *, ino: int = 0, ctime_ns: int = 0) -> os.stat_result:
    """Return a stat result with this added to its numbers."""
    values = list(found)
    values[1] += ino
    times = {name: getattr(found, name) for name in ("st_atime_ns", "st_mtime_ns", "st_ctime_ns")}
    times["st_ctime_ns"] += ctime_ns
    return os.stat_result(values, times)


def number_by_name(monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    """Give names that end in `suffix` an inode number of their own, as sshfs does with each name of a file."""
    real_lstat, real_stat, real_fstat = os.lstat, os.stat, os.fstat

    def renumbered(found: os.stat_result) -> os.stat_result:
        return changed_stat(found, ino=1 << 32)

    def by_path(real: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def look(path: Any, **options: Any) -> os.stat_result:
            found = real(path, **options)
            is_odd = isinstance(path, str | os.PathLike) and os.fspath(path).endswith(suffix)
            return renumbered(found) if is_odd else found

        return look

    def fstat(fd: int) -> os.stat_result:
        found = real_fstat(fd)
        return renumbered(found) if Path(f"/proc/self/fd/{fd}").readlink().name.endswith(suffix) else found

    monkeypatch.setattr(os, "lstat", by_path(real_lstat))
    monkeypatch.setattr(os, "stat", by_path(real_stat))
    monkeypatch.setattr(os, "fstat", fstat)


@contextmanager
def bindfs(below: Path, mount: Path, *options: str) -> Iterator[Path]:
    """Mount a folder once more, with what bindfs(1) changes; skip the test if that is not possible here."""
    program = shutil.which("bindfs")
    if program is None:
        pytest.skip("bindfs is not installed")
    below.mkdir(exist_ok=True)
    mount.mkdir(exist_ok=True)
    done = subprocess.run([program, *options, below, mount], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield mount
    finally:
        subprocess.run(["umount", "-l", mount], check=True)

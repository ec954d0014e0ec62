"""discpress on a system that is not this one: `fake_platform.py windows|macos FOLDER` plays a title's life in FOLDER.

What other libraries load is loaded first; then the system loses what Windows, or a Mac, does not have, and gets what
only they have. On Windows an open file can be neither renamed nor removed, and a rename replaces nothing. All of the
engine and the app are imported, and a title is converted, verified, trashed, brought back and purged. Prints JSON.
"""

import asyncio  # noqa: F401 - loaded before the system changes
import ctypes
import errno
import importlib
import json
import os
import pkgutil
import signal
import sys
import types
from pathlib import Path
from typing import Any

import filelock  # noqa: F401
import lz4.block  # noqa: F401
import platformdirs  # noqa: F401
import py7zr  # noqa: F401
import rich.progress  # noqa: F401
import textual.app
import textual.drivers.linux_driver
import textual.widgets
import tomlkit  # noqa: F401
import xxhash  # noqa: F401
import zstandard  # noqa: F401

_WINDOWS_LACKS = (
    "preadv",
    "pwrite",
    "pathconf",
    "geteuid",
    "getuid",
    "sched_getaffinity",
    "fork",
    "link",
    "mkfifo",
    "fchmod",
    "fchown",
)
_NO_CACHE_CALLS = ("posix_fadvise", "POSIX_FADV_DONTNEED")
_FLAGS = ("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY")
calls: list[str] = []


def lose(owner: Any, names: tuple[str, ...]) -> None:
    """Take attributes away."""
    for name in names:
        if hasattr(owner, name):
            delattr(owner, name)


def is_open(path: Any) -> bool:
    """Return whether this process has a file open by that path."""
    wanted = str(Path(os.fsdecode(path)).absolute())
    for each in Path("/proc/self/fd").iterdir():
        try:
            if str(each.readlink()) == wanted:
                return True
        except OSError:
            continue
    return False


def become_windows() -> None:
    """Be Windows, as far as the calls go."""
    msvcrt = types.ModuleType("msvcrt")
    msvcrt.LK_NBLCK = 2  # type: ignore[attr-defined]
    msvcrt.locking = lambda fd, mode, count: calls.append("locking")  # type: ignore[attr-defined]
    sys.modules["msvcrt"] = msvcrt
    for name in ("fcntl", "termios", "resource", "pwd", "grp"):
        sys.modules[name] = None  # type: ignore[assignment]
    lose(os, (*_WINDOWS_LACKS, *_NO_CACHE_CALLS, *_FLAGS))
    lose(signal, ("SIGHUP",))
    os.supports_fd.discard(os.utime)
    os.supports_dir_fd.clear()
    real_rename, real_unlink = os.rename, os.unlink

    def rename(source: Any, target: Any, **folders: None) -> None:
        if is_open(source):
            raise PermissionError(errno.EACCES, "used by another process", str(source))
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "exists", str(target))
        calls.append("rename")
        real_rename(source, target)

    def unlink(path: Any, **folders: None) -> None:
        if is_open(path):
            raise PermissionError(errno.EACCES, "used by another process", str(path))
        real_unlink(path)

    real_seek = os.lseek
    os.rename, os.unlink = rename, unlink  # type: ignore[assignment]
    # NTFS takes the offset of the lock, ext4 does not.
    os.lseek = lambda fd, offset, whence: real_seek(fd, min(offset, 1 << 40), whence)
    sys.platform = "win32"


def become_mac() -> None:
    """Be a Mac, as far as the calls go."""
    import fcntl

    class LibC:
        def renameatx_np(self, source_fd: int, source: bytes, target_fd: int, target: bytes, flags: int) -> int:
            calls.append(f"renameatx_np {flags}")
            here = -2  # sys/fcntl.h of macOS
            folders = [None if fd == here else fd for fd in (source_fd, target_fd)]
            try:
                os.stat(target, dir_fd=folders[1], follow_symlinks=False)
            except FileNotFoundError:
                os.rename(source, target, src_dir_fd=folders[0], dst_dir_fd=folders[1])
                return 0
            ctypes.set_errno(errno.EEXIST)
            return -1

    real_cdll, real_fcntl = ctypes.CDLL, fcntl.fcntl
    full_sync = 51
    ctypes.CDLL = lambda name, **more: LibC() if name is None else real_cdll(name, **more)  # type: ignore[misc, assignment]

    def control(fd: int, command: int, *more: Any) -> Any:
        if command == full_sync:
            calls.append("full sync")
            return 0
        return real_fcntl(fd, command, *more)

    vars(fcntl).update(F_FULLFSYNC=full_sync, fcntl=control)
    lose(os, (*_NO_CACHE_CALLS, "sched_getaffinity"))
    sys.platform = "darwin"


_OF_EXTRAS = (
    "web.server",  # whose packages ask the real system for certificates
    *(f"cluster.{name}" for name in ("connection", "machine", "owner", "scheduler", "status")),  # psutil asks it too
    "elsewhere.sending",
)


def import_all() -> int:
    """Import every module of engine and app; return how many."""
    count = 0
    for name in ("engine", "tui"):
        package = importlib.import_module(name)
        for each in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not each.name.endswith(("__main__", "_kernel", *_OF_EXTRAS)):
                importlib.import_module(each.name)
                count += 1
    importlib.import_module("discpress.tui.main")
    importlib.import_module("discpress.engine.worker.__main__")
    return count


def play(folder: Path) -> dict[str, object]:
    """Play a title's life; return what was there at the end of each act."""
    from command_line import write_old
    from fault_injection import run_conversion
    from sample_images import mixed, read_back

    from discpress.engine.convert.trash.entry import TrashEntry
    from discpress.engine.convert.trash.listing import entries_in
    from discpress.engine.convert.trash.undo import purge, undo
    from discpress.engine.progress import Control
    from discpress.engine.request import OnConflict

    image = mixed(1024 * 1024 + 2048, seed=1)
    path = write_old(folder / "game.iso", image)
    found: dict[str, object] = {}

    def entries() -> list[TrashEntry]:
        return [each for each in entries_in(folder) if isinstance(each, TrashEntry)]

    done = run_conversion(path, trash_source=True)
    found["converted"] = (done.is_verified, path.exists(), read_back(folder / "game.zso") == image)
    undo(entries()[-1], 1, Control())
    found["undone"] = (path.read_bytes() == image, (folder / "game.zso").exists())
    (folder / "game.zso.discpress-part").write_bytes(b"DISCPRESS-PART\n\0" + bytes(5000))
    write_old(folder / "game.zso", b"old")
    run_conversion(path, on_conflict=OnConflict.OVERWRITE)
    found["replaced"] = (read_back(folder / "game.zso") == image, sorted(each.reason for each in entries()))
    for entry in entries():
        purge(entry, 1, Control(), force=True)
    found["purged"] = sorted(each.name for each in folder.iterdir())
    return found


def main() -> int:
    """Become another system and live on it."""
    {"windows": become_windows, "macos": become_mac}[sys.argv[1]]()
    modules = import_all()
    print(json.dumps({"modules": modules, **play(Path(sys.argv[2])), "calls": sorted(set(calls))}))
    return 0


if __name__ == "__main__":
    assert textual.app
    sys.exit(main())

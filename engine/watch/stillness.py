"""Files that stand still: equal size and time in two looks at their folder, and no program that writes them.

Two looks are all that works on a share. On a local disk Linux also knows whether a file is open for writing: it grants
a read lease only if not (fcntl(2), F_SETLEASE).
"""

import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from discpress.engine.errors import DiscpressError, from_os_error
from discpress.engine.system.ignored import entries_in
from discpress.engine.system.locks import has_writer


class SeenFile(NamedTuple):
    """A file at one look."""

    size_bytes: int
    """Its size."""
    mtime_ns: int
    """Its time."""


def is_open_for_writing(path: Path) -> bool:
    """Return whether any program has a file open for writing; False if the system does not tell."""
    if sys.platform != "linux":
        return False
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return has_writer(fd)
    finally:
        os.close(fd)


@dataclass(slots=True)
class Stillness:
    """The files below one folder, from look to look."""

    folder: Path
    """The folder; folders below it that are links are not entered."""
    is_written: Callable[[Path], bool] = is_open_for_writing
    """Returns whether a program writes a file; replaced in tests."""
    files: dict[Path, SeenFile] = field(default_factory=dict, init=False)
    """The files of the last look."""
    moving: set[Path] = field(default_factory=set, init=False)
    """Those of them that did not stand still since the look before."""

    def look(self, check: Callable[[], None]) -> None:
        """Look at all files; `check` is called for each folder and may raise. DiscpressError if the folder is away.

        The folders below it that cannot be read are passed over: their files are looked at when they can.
        """
        before, self.files = self.files, {}
        pending = [self.folder]
        while pending:
            check()
            folder = pending.pop()
            try:
                entries = entries_in(folder)
            except OSError as error:
                if folder == self.folder:
                    raise _away(error, folder) from error
                continue
            for entry in entries:
                with contextlib.suppress(OSError):  # it is gone again
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(Path(entry.path))
                    elif entry.is_file():
                        facts = entry.stat()
                        self.files[Path(entry.path)] = SeenFile(facts.st_size, facts.st_mtime_ns)
        self.moving = {path for path, look in self.files.items() if before.get(path) != look}

    def stands_still(self, path: Path) -> bool:
        """Return whether a file of the last look is whole as far as anyone can tell."""
        return path in self.files and path not in self.moving and not self.is_written(path)


def _away(error: OSError, folder: Path) -> DiscpressError:
    found = from_os_error(error, folder, "watch it")
    found.hint = found.hint or "make the folder, or mount its disk; it is looked at again"
    return found

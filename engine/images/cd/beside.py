"""Finds the files that a sheet names, next to it."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from discpress.engine.names import fold
from discpress.engine.system.files import is_file_entry

_OTHER_ENCODINGS = ("cp1252", "cp932")
"""Encodings of names in sheets of Western and Japanese Windows programs."""


class Neighbours:
    """The files in a sheet's folder, listed at most once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by_fold: dict[str, list[str]] | None = None

    def find(self, name: str) -> Path | None:
        """Return the path of the file that a sheet means by a name, see `find_name`."""
        found = find_name(name, lambda each: _is_file(self._folder / each), self._like)
        return None if found is None else self._folder / found

    def _like(self, folded: str) -> Sequence[str]:
        if self._by_fold is None:
            self._by_fold = {}
            try:
                with os.scandir(self._folder) as entries:
                    for entry in entries:
                        if is_file_entry(entry):
                            self._by_fold.setdefault(fold(entry.name), []).append(entry.name)
            except OSError:  # one that may be entered, but not listed
                pass
        return self._by_fold.get(folded, ())


def find_name(name: str, is_there: Callable[[str], bool], like: Callable[[str], Sequence[str]]) -> str | None:
    """Return the file that a sheet means by a name: the exact one, else one that differs in case or Unicode form.

    Only the last part of a path counts, so that a sheet leads to no other folder. `like` returns the files whose folded
    name is the given one. None if there is no such file, or several that differ in case only.
    """
    names = possible_names(name)
    exact = next(filter(is_there, names), None)
    if exact is not None:
        return exact
    same = (like(fold(each)) for each in names)
    return next((each[0] for each in same if len(each) == 1), None)


def possible_names(name: str) -> list[str]:
    """Return the file names that a name in a sheet may mean, most likely first; none if it cannot be one."""
    names = [name, last_part(name)]
    raw = name.encode("utf-8", "surrogateescape")
    if not _is_utf8(raw):
        for encoding in _OTHER_ENCODINGS:
            try:
                names.append(last_part(raw.decode(encoding)))
            except UnicodeDecodeError:
                continue
    return [
        each for each in dict.fromkeys(names) if "/" not in each and "\0" not in each and each not in {"", ".", ".."}
    ]


def last_part(name: str) -> str:
    """Return the last part of a path of any system."""
    return PurePosixPath(PureWindowsPath(name).name).name


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False

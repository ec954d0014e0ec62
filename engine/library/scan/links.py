"""Avoids finding files twice in a scan, through nested folders or links to files that it also finds directly."""

import os
from collections.abc import Sequence
from pathlib import Path

from discpress.engine.system.ignored import is_ignored, is_reached


def outermost(folders: Sequence[Path]) -> list[Path]:
    """Return the folders that a search of the others does not reach, each once."""
    return [
        each for each in dict.fromkeys(folders) if not any(each != top and is_reached(each, top) for top in folders)
    ]


class Links:
    """The links below the folders of a scan. Only walkers use it, because a mount may hang."""

    def __init__(self, tops: Sequence[Path]) -> None:
        self._tops = tops
        self._real_tops: list[Path] = []

    def lead_out(self, entry: "os.DirEntry[str] | Path") -> bool:
        """Return whether a link leads to a file that the scan does not find otherwise: elsewhere, or hidden.

        False for a broken link; OSError for a link to itself.
        """
        try:
            entry.stat()
        except FileNotFoundError:
            return False
        self._real_tops = self._real_tops or [Path(os.path.realpath(top)) for top in self._tops]
        target = Path(os.path.realpath(os.fspath(entry)))  # Path.resolve raises for a link to itself
        for top in self._real_tops:
            if target.is_relative_to(top):
                return any(is_ignored(part) for part in target.relative_to(top).parts)
        return True

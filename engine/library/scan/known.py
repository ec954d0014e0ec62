"""The known titles and empty archives before a scan, each with the file that contained it."""

import os
from collections.abc import Callable, Mapping, Sequence, Set
from pathlib import Path

from discpress.engine.store.model import FileIdentity, Title


class Known:
    """The known files that a scan compares with; they do not change during a scan."""

    def __init__(self, titles: Mapping[Path, Title], empty: Mapping[Path, FileIdentity]) -> None:
        """Take the titles and the archives without an image by their paths."""
        self.titles = titles
        self.empty = empty
        self._by_file: dict[Path, list[Title]] = {}
        for title in titles.values():
            self._by_file.setdefault(title.file_path, []).append(title)

    def in_file(self, path: Path) -> Sequence[Title]:
        """Return the titles of a file: itself, or those in an archive."""
        return self._by_file.get(path, ())

    def unchanged(self, path: Path, stat: Callable[[], os.stat_result]) -> Sequence[Title] | None:
        """Return the titles of an unchanged file; None if it has changed or is unknown, and must be read.

        `stat` is called only for a known file; its OSError passes through.
        """
        titles, empty = self.in_file(path), self.empty.get(path)
        if not titles and empty is None:
            return None
        identity = FileIdentity.of(stat())
        if titles and all(title.identity.of_file == identity for title in titles):
            return titles
        return () if empty == identity else None

    def missing(
        self, seen: Set[Path], seen_empty: Set[Path], is_gone: Callable[[Path, FileIdentity], bool]
    ) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """Return the titles and the empty archives that were not seen and are gone."""
        titles = tuple(
            path for path, title in self.titles.items() if path not in seen and is_gone(path, title.identity)
        )
        empty = tuple(path for path, its in self.empty.items() if path not in seen_empty and is_gone(path, its))
        return titles, empty

"""The known titles and empty archives before a scan, each with the file that contained it."""

import os
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path

from discpress.engine.store.model import FileIdentity, Title
from discpress.engine.store.scan_batch import EmptyArchive
from discpress.engine.system.filesystems import StableInodes


class Known:
    """The known files that a scan compares with; they do not change during a scan."""

    def __init__(self, titles: Mapping[Path, Title], empty: Mapping[Path, EmptyArchive]) -> None:
        """Take the titles and the archives without an image by their paths."""
        self.titles = titles
        self.empty = empty
        self._inodes = StableInodes()
        self._by_file: dict[Path, list[Title]] = {}
        for title in titles.values():
            self._by_file.setdefault(title.file_path, []).append(title)

    def in_file(self, path: Path) -> Sequence[Title]:
        """Return the titles of a file: itself, or those in an archive."""
        return self._by_file.get(path, ())

    def unchanged(self, path: Path, stat: Callable[[], os.stat_result]) -> Sequence[Title | EmptyArchive] | None:
        """Return the titles of an unchanged file; None if it has changed or is unknown, and must be read.

        They are those that were known, or replaced by ones with the numbers that device and inode have by now. An
        archive without an image gives itself, if its numbers have changed, or nothing. `stat` is called only for a
        known file; its OSError passes through.
        """
        titles, empty = self.in_file(path), self.empty.get(path)
        if not titles and empty is None:
            return None
        facts = stat()
        identity = FileIdentity.of(path, facts, self._inodes)
        if titles and all(title.identity.of_file.fits(identity) for title in titles):
            return [_up_to_date(title, identity, facts) for title in titles]
        if empty is None or not empty.identity.fits(identity):
            return None
        now = EmptyArchive(path, identity, facts.st_dev)
        return () if now == empty else (now,)

    def missing(
        self, seen: Set[Path], seen_empty: Set[Path], is_gone: Callable[[Path, int], bool]
    ) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """Return the titles and the empty archives that were not seen and are gone."""
        titles = tuple(path for path, title in self.titles.items() if path not in seen and is_gone(path, title.device))
        empty = tuple(path for path, its in self.empty.items() if path not in seen_empty and is_gone(path, its.device))
        return titles, empty


def _up_to_date(title: Title, identity: FileIdentity, facts: os.stat_result) -> Title:
    """Return the title of an unchanged file with its present numbers; the very title if none has changed."""
    its = identity.in_archive(title.identity.member, title.identity.member_bytes)
    if (title.identity, title.device, title.inode) == (its, facts.st_dev, facts.st_ino):
        return title
    return replace(title, identity=its, device=facts.st_dev, inode=facts.st_ino)

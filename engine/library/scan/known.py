"""The known titles and empty archives before a scan, each with the file that contained it."""

import os
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from discpress.engine.store.model import Fault, FileIdentity, Title
from discpress.engine.store.scan_batch import EmptyArchive
from discpress.engine.system.filesystems import StableInodes

Stat: TypeAlias = Callable[[], os.stat_result]
"""Returns the stat result of a file that a walk has found."""


class Known:
    """The known files that a scan compares with; the titles do not change during a scan."""

    def __init__(self, titles: Mapping[Path, Title], empty: Mapping[Path, EmptyArchive]) -> None:
        """Take the titles and the archives without an image by their paths."""
        self.titles = titles
        self.empty = empty
        self.inodes = StableInodes()
        """Shared by all looks of the scan, which ask for the mounts once."""
        self._others: dict[Path, list[Path]] = {}
        self._by_file: dict[Path, list[Title]] = {}
        for title in titles.values():
            self._by_file.setdefault(title.file_path, []).append(title)

    def in_file(self, path: Path) -> Sequence[Title]:
        """Return the titles of a file: itself, or those in an archive."""
        return self._by_file.get(path, ())

    def probed_with(self, path: Path) -> list[Title]:
        """Return the titles of a file, and of those that are probed together with it."""
        return [title for each in (path, *self._others.get(path, ())) for title in self.in_file(each)]

    def unchanged(
        self, path: Path, stat: Stat, others: Sequence[tuple[Path, Stat]] = ()
    ) -> Sequence[Title | EmptyArchive] | None:
        """Return the titles of an unchanged file; None if it has changed or is unknown, and must be read.

        `others` are the files that form a title with it by their names, and are probed together with it: one title may
        be all of them, or each its own. The titles are those that were known, or replaced by ones with the numbers that
        device and inode have by now. An archive without an image gives itself, if its numbers have changed, or nothing.
        `stat` is called only for a known file; its OSError passes through.
        """
        titles, empty = self.in_file(path), self.empty.get(path)
        if others:
            self._others[path] = [each for each, _ in others]
        if not titles and empty is None and not others:
            return None
        if any(title.is_outdated for title in titles):
            return None
        if others or any(title.others for title in titles):
            return self._unchanged_set(path, stat, others)
        facts = stat()
        identity = FileIdentity.of(path, facts, self.inodes)
        if titles and all(title.identity.of_file.fits(identity) for title in titles):
            return [_up_to_date(title, identity, facts) for title in titles]
        if empty is None or not empty.identity.fits(identity):
            return None
        now = EmptyArchive(path, identity, facts.st_dev)
        return () if now == empty else (now,)

    def _unchanged_set(
        self, path: Path, stat: Stat, others: Sequence[tuple[Path, Stat]]
    ) -> Sequence[Title | EmptyArchive] | None:
        titles = self.in_file(path)
        if titles and titles[0].others:
            facts = [stat(), *(each() for _, each in others)]
            identity = FileIdentity.of_set(path, facts, self.inodes)
            is_same = [each.name for each in titles[0].others] == [each.name for each, _ in others]
            return (
                [_up_to_date(titles[0], identity, facts[0])] if is_same and titles[0].identity.fits(identity) else None
            )
        found: list[Title | EmptyArchive] = []
        for each, its_stat in ((path, stat), *others):
            known = self.unchanged(each, its_stat)
            if not known:
                return None
            found += known
        return found

    def others_of(self, path: Path) -> tuple[str, ...]:
        """Return the names of the files that a walk found to form a title with a file by their names."""
        return tuple(each.name for each in self._others.get(path, ()))

    def files_named_by(self, entry: "os.DirEntry[str]") -> tuple[str, ...]:
        """Return the files that form a title with an unchanged sheet, by their names; none if it must be read.

        The sheet of a title that lacks files is read, because it names them.
        """
        path = Path(entry.path)
        titles = self.in_file(path)
        if len(titles) != 1 or not titles[0].others or titles[0].fault is Fault.SPLIT_PART or titles[0].is_outdated:
            return ()
        try:
            identity = FileIdentity.of(path, entry.stat(), self.inodes)
        except OSError:
            return ()
        is_same = titles[0].identity.of_main.fits(identity)
        return tuple(each.name for each in titles[0].others) if is_same else ()

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

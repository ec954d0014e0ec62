"""The known titles and empty archives before a scan, each with the file that contained it."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title
from discpress.engine.store.rows.keys import identity_key, node_key
from discpress.engine.store.rows.known_rows import KnownTitle
from discpress.engine.store.scan_batch import EmptyArchive, FolderProblem, ScanBatch
from discpress.engine.system.filesystems import StableInodes

Stat: TypeAlias = Callable[[], os.stat_result]
"""Returns the stat result of a file that a walk has found."""

Found: TypeAlias = Title | KnownTitle | EmptyArchive | FolderProblem
"""One result of a scan: new or changed, unchanged, or without an image."""


class Known:
    """The known files that a scan compares with; the titles do not change during a scan.

    Paths are texts here: a Path for each of 50,000 files would take as long as all else.
    """

    def __init__(self, titles: Iterable[KnownTitle], empty: Mapping[Path, EmptyArchive]) -> None:
        """Take the titles, and the archives without an image by their paths."""
        self.inodes = StableInodes()
        """Shared by all looks of the scan, which ask for the mounts once."""
        self.empty = {os.fspath(path): archive for path, archive in empty.items()}
        self._separate: dict[str, KnownTitle] = {}
        self._archived: dict[str, list[KnownTitle]] = {}
        self._others: dict[str, list[str]] = {}
        for title in titles:
            file = title.file_text
            if file == title.text:
                self._separate[file] = title
            else:
                self._archived.setdefault(file, []).append(title)

    def at(self, path: str) -> KnownTitle | None:
        """Return the known title of a separate file."""
        return self._separate.get(path)

    def holds(self, title: KnownTitle) -> bool:
        """Return whether a title is the very one that was known, with the numbers that it had."""
        return any(each is title for each in self.in_file(title.file_text))

    def in_file(self, path: str) -> Sequence[KnownTitle]:
        """Return the titles of a file: itself, or those in an archive."""
        separate = self._separate.get(path)
        archived = self._archived.get(path, ())
        return (*(() if separate is None else (separate,)), *archived)

    def probed_with(self, path: str) -> list[KnownTitle]:
        """Return the titles of a file, and of those that are probed together with it."""
        return [title for each in (path, *self._others.get(path, ())) for title in self.in_file(each)]

    def unchanged(
        self, path: str, stat: Stat, others: Sequence[tuple[str, Stat]] = ()
    ) -> Sequence[KnownTitle | EmptyArchive] | None:
        """Return the titles of an unchanged file; None if it has changed or is unknown, and must be read.

        `others` are the files that form a title with it by their names, and are probed together with it: one title may
        be all of them, or each its own. The titles are those that were known, or replaced by ones with the numbers that
        device and inode have by now. An archive without an image gives itself, if its numbers have changed, or nothing.
        `stat` is called only for a known file; its OSError passes through.
        """
        if others:
            self._others[path] = [each for each, _ in others]
        titles, empty = self.in_file(path), self.empty.get(path)
        if not titles and empty is None and not others:
            return None
        if any(title.is_outdated for title in titles):
            return None
        if others or any(title.others for title in titles):
            return self._unchanged_set(path, stat, others)
        facts = stat()
        inode = self.inodes.of(path, facts.st_dev, facts.st_ino)
        key, node = f"{inode} {facts.st_size} {facts.st_mtime_ns}", node_key(facts.st_dev, facts.st_ino)
        if len(titles) == 1 and titles[0].identity_key == key and titles[0].node_key == node:
            return titles  # as nearly all files are
        identity = FileIdentity(inode, facts.st_size, facts.st_mtime_ns)
        if titles and all(title.identity.of_file.fits(identity) for title in titles):
            return [_up_to_date(title, identity, node) for title in titles]
        if empty is None or not empty.identity.fits(identity):
            return None
        now = EmptyArchive(empty.path, identity, facts.st_dev)
        return () if now == empty else (now,)

    def _unchanged_set(
        self, path: str, stat: Stat, others: Sequence[tuple[str, Stat]]
    ) -> Sequence[KnownTitle | EmptyArchive] | None:
        titles = self.in_file(path)
        if titles and titles[0].others:
            facts = [stat(), *(each() for _, each in others)]
            identity = FileIdentity.of_set(Path(path), facts, self.inodes)
            is_same = list(titles[0].others) == [os.path.basename(each) for each, _ in others]  # noqa: PTH119 - texts
            if not is_same or not titles[0].identity.fits(identity):
                return None
            return [_up_to_date(titles[0], identity, node_key(facts[0].st_dev, facts[0].st_ino))]
        found: list[KnownTitle | EmptyArchive] = []
        for each, its_stat in ((path, stat), *others):
            known = self.unchanged(each, its_stat)
            if not known:
                return None
            found += known
        return found

    def others_of(self, path: Path) -> tuple[str, ...]:
        """Return the names of the files that a walk found to form a title with a file by their names."""
        return tuple(map(os.path.basename, self._others.get(os.fspath(path), ())))

    def files_named_by(self, entry: "os.DirEntry[str]") -> tuple[str, ...]:
        """Return the files that form a title with an unchanged sheet, by their names; none if it must be read.

        The sheet of a title that lacks files is read, because it names them.
        """
        titles = self.in_file(entry.path)
        if len(titles) != 1 or not titles[0].others or titles[0].is_part or titles[0].is_outdated:
            return ()
        try:
            identity = FileIdentity.of(Path(entry.path), entry.stat(), self.inodes)
        except OSError:
            return ()
        return titles[0].others if titles[0].identity.of_main.fits(identity) else ()

    def __iter__(self) -> Iterator[KnownTitle]:
        """Yield all titles."""
        return chain(self._separate.values(), *self._archived.values())


class Results:
    """The results of a scan since its last batch, and the known files that it has seen."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._seen: set[str] = set()
        self._kept: set[str] = set()
        self.seen_empty: set[str] = set()
        """Known archives without an image that are there."""
        self._titles: list[Title] = []
        self._unchanged: list[KnownTitle] = []
        self._renumbered: list[KnownTitle] = []
        self._problems: list[FolderProblem] = []
        self._empty: list[EmptyArchive] = []

    def add(self, found: Found) -> None:
        """Add one result."""
        if isinstance(found, KnownTitle):
            (self._unchanged if self._known.holds(found) else self._renumbered).append(found)
            self._seen.add(found.text)
        elif isinstance(found, Title):
            self._titles.append(found)
            self._seen.add(os.fspath(found.path))
        elif isinstance(found, FolderProblem):
            self._problems.append(found)
        else:
            self._empty.append(found)
            self.seen_empty.add(os.fspath(found.path))

    def keep(self, path: str) -> None:
        """Keep the known titles of a file that was not read, and of those that are probed together with it."""
        self._kept.update((path, *(title.text for title in self._known.probed_with(path))))

    def take(self, given_up: Iterable[Title], problems: Iterable[FolderProblem]) -> ScanBatch:
        """Return the results as a batch, with the files and folders that were given up; the next batch begins."""
        batch = ScanBatch(
            (*self._titles, *given_up),
            tuple(self._unchanged),
            (*self._problems, *problems),
            empty=tuple(self._empty),
            renumbered=tuple(self._renumbered),
        )
        for each in (self._titles, self._unchanged, self._renumbered, self._problems, self._empty):
            each.clear()
        return batch

    def unseen(self) -> list[KnownTitle]:
        """Return the known titles that no batch contained."""
        return [title for title in self._known if title.text not in self._seen]

    def missing(self, is_gone: Callable[[Path, int], bool]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """Return the known titles and empty archives that were not seen and are gone."""
        unseen = (title for title in self.unseen() if title.text not in self._kept)
        unseen_empty = (its for path, its in self._known.empty.items() if path not in self.seen_empty)
        titles = tuple(title.path for title in unseen if is_gone(title.path, title.node[0]))
        return titles, tuple(its.path for its in unseen_empty if is_gone(its.path, its.device))


def _up_to_date(title: KnownTitle, identity: FileIdentity, node: str) -> KnownTitle:
    """Return the title of an unchanged file with its present numbers; the very title if none has changed."""
    before = title.identity
    key = identity_key(identity.in_archive(before.member, before.member_bytes))
    if (title.identity_key, title.node_key) == (key, node):
        return title
    return title._replace(identity_key=key, node_key=node)

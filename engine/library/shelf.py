"""The titles of a library: what a list keeps of each, and whole ones of those that are looked at."""

from collections.abc import Callable, Collection, Iterable, Sequence, Set, ValuesView
from pathlib import Path
from typing import TypeAlias

from discpress.engine.library.groups import folder_of
from discpress.engine.library.listed import AnyTitle, ListedTitle
from discpress.engine.store.model import Title
from discpress.engine.store.rows.keys import path_from, path_key

ReadTitles: TypeAlias = Callable[[Collection[Path]], Iterable[Title]]

_MOST_WHOLE = 512
"""Whole titles that are kept: more than a few screens of them."""


class TitleShelf:
    """All titles of a library as listed ones; a whole one is read when it is asked for, and kept for a while."""

    def __init__(self, read: ReadTitles) -> None:
        """`read` returns the whole titles of some paths, as far as they are still stored."""
        self._read = read
        self._listed: dict[bytes, ListedTitle] = {}
        self._whole: dict[bytes, Title] = {}

    def __len__(self) -> int:
        return len(self._listed)

    def __contains__(self, path: Path) -> bool:
        return path_key(path) in self._listed

    @property
    def keys(self) -> Set[bytes]:
        """The keys of all titles."""
        return self._listed.keys()

    def values(self) -> ValuesView[ListedTitle]:
        """Return all titles as listed ones."""
        return self._listed.values()

    @property
    def folders(self) -> set[Path]:
        """The folders that have titles."""
        return set(map(Path, set(map(folder_of, self._listed.values()))))

    def by_key(self, key: bytes) -> ListedTitle | None:
        """Return a title of a list; None if it is not there."""
        return self._listed.get(key)

    def at(self, path: Path) -> ListedTitle | None:
        """Return the same, by its path."""
        return self._listed.get(path_key(path))

    def listed(self, titles: Iterable[AnyTitle]) -> list[ListedTitle]:
        """Return those titles that are there as listed ones."""
        found = (self._listed.get(title.key) for title in titles)
        return [title for title in found if title is not None]

    # Changes

    def replace_all(self, titles: dict[bytes, ListedTitle]) -> None:
        """Take in other titles in place of all, by their keys."""
        before, self._listed = self._listed, titles
        self._whole = {key: whole for key, whole in self._whole.items() if titles.get(key) is before.get(key)}

    def changed(self, titles: Iterable[ListedTitle], gone: Iterable[Path]) -> Iterable[ListedTitle]:
        """Return all titles as they are after changes; any thread may call this."""
        found = self._listed | {title.key: title for title in titles}
        for path in gone:
            found.pop(path_key(path), None)
        return found.values()

    # Whole titles

    def get(self, path: Path) -> Title | None:
        """Return a whole title; None if it is not there, or cannot be read now."""
        return self.whole(path_key(path))

    def whole(self, key: bytes) -> Title | None:
        """Return the same, by its key."""
        if key not in self._listed:
            return None
        self.read_ahead((key,))
        return self._whole.get(key)

    def read_ahead(self, keys: Iterable[bytes]) -> None:
        """Read those whole titles that are not kept yet, all at once."""
        missing = [path_from(key) for key in dict.fromkeys(keys) if key not in self._whole]
        for title in self._read(missing) if missing else ():
            self._whole[title.key] = title
        while len(self._whole) > _MOST_WHOLE:
            self._whole.pop(next(iter(self._whole)))

    def is_kept(self, key: bytes) -> bool:
        """Return whether a whole title need not be read."""
        return key in self._whole

    def read(self, keys: Iterable[bytes]) -> list[Title]:
        """Return whole titles in the order of their keys, without those that are gone; any thread may call this."""
        wanted = list(keys)
        found = {title.key: title for title in self._read([path_from(key) for key in wanted])}
        return [found[key] for key in wanted if key in found]

    def renewed(self, titles: Sequence[Title], changed: Iterable[ListedTitle]) -> list[Title]:
        """Return titles as they are now, without those that are gone; only those among `changed` are read."""
        there = [(title.key, title) for title in titles]
        keys = {each.key for each in changed}.intersection(key for key, _ in there)
        read = {title.key: title for title in self.read(keys)} if keys else {}
        return [read.get(key, title) for key, title in there if key in self._listed]

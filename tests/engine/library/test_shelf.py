"""The shelf: whole titles are read when they are asked for, few at a time are kept, and a change is read anew."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from app_desk import LIBRARY, title

from discpress.engine.library.listed import ListedTitle, listed
from discpress.engine.library.shelf import TitleShelf
from discpress.engine.states import State
from discpress.engine.store.model import Title

MANY = tuple(title(f"Title {number:04}.iso", 700) for number in range(2000))


class Stored:
    """Titles that a shelf reads, and how often it did."""

    def __init__(self, *titles: Title) -> None:
        self.titles = {each.path: each for each in titles}
        self.reads: list[int] = []
        self.shelf = TitleShelf(self._read)
        self.shelf.replace_all({each.key: few(each) for each in titles})

    def _read(self, paths: Collection[Path]) -> list[Title]:
        self.reads.append(len(paths))
        return [self.titles[path] for path in sorted(paths) if path in self.titles]

    def change(self, *titles: Title, gone: Collection[Path] = ()) -> None:
        """Store changed titles, and let the shelf take them in."""
        self.titles |= {each.path: each for each in titles}
        self.shelf.replace_all({each.key: each for each in self.shelf.changed(map(few, titles), gone)})


def few(title: Title) -> ListedTitle:
    return listed(title, State.READY)


def test_a_whole_title_is_read_once() -> None:
    stored = Stored(*LIBRARY)
    assert stored.reads == []
    for _ in range(2):
        assert stored.shelf.get(LIBRARY[2].path) is LIBRARY[2]
    assert stored.reads == [1]


def test_what_is_read_ahead_takes_one_reading() -> None:
    stored = Stored(*LIBRARY)
    stored.shelf.read_ahead(each.key for each in LIBRARY)
    assert all(stored.shelf.whole(each.key) is each for each in LIBRARY)
    assert stored.reads == [len(LIBRARY)]


def test_few_whole_titles_are_kept() -> None:
    stored = Stored(*MANY)
    for each in MANY:
        stored.shelf.whole(each.key)
    kept = [each for each in MANY if stored.shelf.is_kept(each.key)]
    assert kept == list(MANY[-512:])


def test_a_changed_title_is_read_again() -> None:
    stored = Stored(*LIBRARY)
    stored.shelf.read_ahead([LIBRARY[1].key, LIBRARY[2].key])
    changed = replace(LIBRARY[1], links=3)
    stored.change(changed)
    assert stored.shelf.get(changed.path) is changed
    assert stored.shelf.is_kept(LIBRARY[2].key)


def test_a_title_that_is_gone_is_none() -> None:
    stored = Stored(*LIBRARY)
    path = LIBRARY[1].path
    stored.shelf.get(path)
    stored.change(gone=[path, path])
    assert stored.shelf.get(path) is None
    assert path not in stored.shelf
    assert len(stored.shelf) == len(LIBRARY) - 1


def test_a_title_that_cannot_be_read_now_is_still_in_the_list() -> None:
    stored = Stored(*LIBRARY)
    stored.titles.clear()
    assert stored.shelf.get(LIBRARY[1].path) is None
    assert LIBRARY[1].path in stored.shelf


def test_whole_titles_come_in_the_order_of_their_keys_without_those_that_are_gone() -> None:
    stored = Stored(*LIBRARY)
    del stored.titles[LIBRARY[2].path]
    found = stored.shelf.read([LIBRARY[3].key, LIBRARY[2].key, LIBRARY[1].key])
    assert found == [LIBRARY[3], LIBRARY[1]]
    assert stored.reads == [3]


def test_only_what_has_changed_is_read_to_renew_titles() -> None:
    stored = Stored(*LIBRARY)
    changed = replace(LIBRARY[1], links=3)
    stored.change(changed, gone=[LIBRARY[0].path])
    renewed = stored.shelf.renewed(LIBRARY, [few(changed)])
    assert renewed == [changed, *LIBRARY[2:]]
    assert stored.reads == [1]
    assert stored.shelf.renewed(LIBRARY, ()) == list(LIBRARY[1:])
    assert stored.reads == [1]

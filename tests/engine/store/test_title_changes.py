"""What became different in the library, told by number."""

from collections.abc import Iterator, Set
from dataclasses import replace
from pathlib import Path

import pytest

from discpress.engine.discs.info import DiscInfo
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.request import ConversionRequest
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import StoredEstimate, Title
from discpress.engine.store.store import Store
from discpress.engine.store.title_changes import TitleChanges
from discpress.engine.systems import System

GAMES = Path("/games")
ONE = Title(GAMES / "one.iso", FileIdentity(1, 700, 5), ImageFormat.ISO, DiscInfo(System.PS2), original_bytes=700)
TWO = Title(GAMES / "two.iso", FileIdentity(2, 700, 5), ImageFormat.ISO, DiscInfo(System.PS2), original_bytes=700)
ESTIMATE = StoredEstimate(Settings(ImageFormat.ZSO), 700, 400, 390, 410, 160, "convert", "", 2.5)
MANY = 5000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as store:
        store.save_titles([ONE, TWO])
        yield store


@pytest.fixture
def start(store: Store) -> int:
    """The number of the last change so far."""
    return store.changes_since(0).number


def paths_since(store: Store, number: int) -> Set[Path] | None:
    return store.changes_since(number).paths


def test_the_first_look_reads_all(store: Store) -> None:
    assert paths_since(store, 0) is None


def test_without_a_change_there_is_nothing_to_read(store: Store, start: int) -> None:
    assert store.changes_since(start) == TitleChanges(start, frozenset())


def test_a_saved_title_is_named(store: Store, start: int) -> None:
    store.save_titles([replace(ONE, disc=DiscInfo(title="Renamed"))])
    assert paths_since(store, start) == {ONE.path}


def test_a_dropped_title_is_named(store: Store, start: int) -> None:
    store.forget([TWO.path])
    assert paths_since(store, start) == {TWO.path}


def test_an_estimate_names_every_title_of_that_content(store: Store, start: int) -> None:
    second_name = replace(ONE, path=GAMES / "link.iso")
    store.save_titles([second_name])
    number = store.changes_since(start).number
    store.save_estimate(ONE.identity, ESTIMATE)
    assert paths_since(store, number) == {ONE.path, second_name.path}


def test_an_estimate_of_no_title_names_none(store: Store, start: int) -> None:
    store.save_estimate(FileIdentity(9, 9, 9), ESTIMATE)
    assert store.changes_since(start) == TitleChanges(start, frozenset())


def test_chosen_settings_name_the_title(store: Store, start: int) -> None:
    store.save_settings(ONE.path, ConversionRequest(level=3))
    assert paths_since(store, start) == {ONE.path}


def test_settings_taken_back_name_the_title(store: Store, start: int) -> None:
    store.save_settings(ONE.path, ConversionRequest(level=3))
    number = store.changes_since(start).number
    store.save_settings(ONE.path, None)
    assert paths_since(store, number) == {ONE.path}


def test_what_follows_a_change_is_asked_for_by_its_number(store: Store, start: int) -> None:
    store.save_titles([ONE])
    number = store.changes_since(start).number
    store.save_titles([TWO])
    assert paths_since(store, number) == {TWO.path}


def test_a_transaction_that_failed_changed_nothing(store: Store, start: int) -> None:
    with pytest.raises(TypeError):
        store.save_titles([ONE, replace(ONE, path=7)])  # type: ignore[arg-type]
    assert paths_since(store, start) == frozenset()


@pytest.mark.slow
def test_who_looks_too_late_reads_all(store: Store, start: int) -> None:
    store.save_titles([replace(ONE, path=GAMES / f"{number}.iso") for number in range(MANY)])
    assert paths_since(store, start) is None


@pytest.mark.slow
def test_the_notes_do_not_grow(store: Store) -> None:
    for _ in range(3):
        store.save_titles([replace(ONE, path=GAMES / f"{number}.iso") for number in range(MANY)])
    count = store.file.run(lambda connection: connection.execute("SELECT COUNT(*) FROM title_changes").fetchone()[0])
    assert 4096 <= count < 4096 + 512


@pytest.mark.slow
def test_a_new_file_begins_above_the_numbers_of_the_old_one(tmp_path: Path, store: Store) -> None:
    store.save_titles([replace(ONE, path=GAMES / f"{number}.iso") for number in range(MANY)])
    number = store.changes_since(0).number
    store.path.unlink()
    store.save_titles([ONE])
    assert paths_since(store, number) is None


def test_named_titles_are_read(store: Store) -> None:
    assert store.titles_at([TWO.path, GAMES / "gone.iso"]) == [TWO]


@pytest.mark.slow
def test_more_titles_than_one_statement_takes_are_read(store: Store) -> None:
    titles = [replace(ONE, path=GAMES / f"{number:05}.iso") for number in range(1200)]
    store.save_titles(titles)
    assert store.titles_at(title.path for title in titles) == titles


def test_named_titles_carry_the_estimate_of_the_defaults(store: Store) -> None:
    other = replace(ESTIMATE, settings=Settings(ImageFormat.ZSO, 4096))
    store.save_estimate(ONE.identity, ESTIMATE)
    store.save_estimate(ONE.identity, other)
    assert [title.estimate for title in store.titles_at([ONE.path], ESTIMATE.settings)] == [ESTIMATE]

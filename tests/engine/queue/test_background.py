"""Errands in a state file: asked for, taken in order, done, failed, withdrawn."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from discpress.engine.convert.request import Wish
from discpress.engine.formats import ImageFormat
from discpress.engine.queue.background import Errand, ErrandKind, Errands
from discpress.engine.queue.crash_count import MOST_DEATHS
from discpress.engine.store import schema
from discpress.engine.store.model import FileIdentity, Title
from discpress.engine.store.store import Store

SCAN, ESTIMATE, GRID = ErrandKind.SCAN, ErrandKind.ESTIMATE, ErrandKind.GRID
ONE, TWO, THREE = (Path(f"/games/{name}.iso") for name in ("one", "two", "three"))
WISH, OTHER = Wish(ImageFormat.ZSO, level=9), Wish(ImageFormat.ZSO, level=3)
SEEN, LATER = 0, 10


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as store:
        yield store


@pytest.fixture
def errands(store: Store) -> Errands:
    return Errands(store, now=count(1000.0).__next__)


def following(errands: Errands) -> Errand:
    found = errands.next()
    assert found is not None
    return found


def order(errands: Errands) -> list[Path]:
    """Do all of them; return their paths."""
    paths = []
    while (errand := errands.next()) is not None:
        paths.append(errand.path)
        errands.done(errand)
    return paths


def test_nothing_is_asked_for_at_first(errands: Errands) -> None:
    assert (errands.next(), errands.pending()) == (None, 0)


def test_an_errand_comes_back_as_it_was_asked_for(errands: Errands) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH)], SEEN)
    assert errands.next() == Errand(ESTIMATE, ONE, SEEN, WISH, 1000.0)


def test_any_file_name_comes_back(errands: Errands) -> None:
    path = Path(os.fsdecode(b"/games/\xff\n.iso"))
    errands.ask(SCAN, [(path, None)], SEEN)
    assert following(errands).path == path


def test_the_lowest_rank_comes_first_then_the_oldest(errands: Errands) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH)], LATER)
    errands.ask(ESTIMATE, [(THREE, WISH)], SEEN)
    errands.ask(ESTIMATE, [(TWO, WISH)], SEEN)
    assert order(errands) == [THREE, TWO, ONE]


def test_what_is_asked_for_together_is_done_in_that_order(errands: Errands) -> None:
    errands.ask(ESTIMATE, [(TWO, WISH), (ONE, WISH), (THREE, WISH)], SEEN)
    assert order(errands) == [TWO, ONE, THREE]


def test_what_is_under_way_is_passed_over(errands: Errands) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH), (TWO, WISH)], SEEN)
    found = errands.next({(ESTIMATE, ONE)})
    assert found is not None
    assert found.path == TWO


def test_asked_for_again_an_errand_is_one(errands: Errands) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH)], SEEN)
    errands.ask(ESTIMATE, [(ONE, OTHER)], SEEN)
    assert (errands.pending(), following(errands).wish) == (1, OTHER)


@pytest.mark.parametrize("ranks", [(SEEN, LATER), (LATER, SEEN)])
def test_asked_for_again_the_better_rank_counts(errands: Errands, ranks: tuple[int, int]) -> None:
    for rank in ranks:
        errands.ask(ESTIMATE, [(ONE, WISH)], rank)
    assert following(errands).rank == SEEN


def test_asked_for_again_as_it_is_an_errand_keeps_its_place(errands: Errands) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH), (TWO, WISH)], SEEN)
    errands.ask(ESTIMATE, [(ONE, WISH)], SEEN)
    assert order(errands) == [ONE, TWO]


def test_kinds_are_counted_apart(errands: Errands) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH), (TWO, WISH)], SEEN)
    errands.ask(GRID, [(ONE, WISH)], SEEN)
    assert [errands.pending(kind) for kind in (None, ESTIMATE, GRID, SCAN)] == [3, 2, 1, 0]


def test_a_failed_errand_says_why_and_does_not_pend(errands: Errands) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH)], SEEN)
    errands.fail(following(errands), "it is \udcff damaged")
    assert (errands.failed(ESTIMATE), errands.pending(), errands.next()) == ({ONE: "it is \\udcff damaged"}, 0, None)


def test_asked_for_again_a_failed_errand_pends(errands: Errands) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH)], SEEN)
    errands.fail(following(errands), "damaged")
    errands.ask(ESTIMATE, [(ONE, WISH)], SEEN)
    assert (errands.failed(ESTIMATE), errands.pending()) == ({}, 1)


def test_what_is_wanted_otherwise_by_now_is_not_done(errands: Errands) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH)], SEEN)
    begun = following(errands)
    errands.ask(ESTIMATE, [(ONE, OTHER)], SEEN)
    errands.done(begun)
    assert (errands.is_wanted(begun), following(errands).wish) == (False, OTHER)


def test_what_is_wanted_otherwise_by_now_does_not_fail(errands: Errands) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH)], SEEN)
    begun = following(errands)
    errands.ask(ESTIMATE, [(ONE, OTHER)], SEEN)
    errands.fail(begun, "too large a block")
    assert (errands.failed(ESTIMATE), errands.pending()) == ({}, 1)


def test_a_scan_asked_for_again_goes_on_and_is_done_once_more(errands: Errands) -> None:
    errands.ask(SCAN, [(ONE, None)], SEEN)
    begun = following(errands)
    errands.ask(SCAN, [(ONE, None)], SEEN)
    errands.done(begun)
    assert (errands.is_wanted(begun), errands.pending()) == (True, 1)


def test_withdrawn_kinds_are_forgotten(errands: Errands) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH), (TWO, WISH)], SEEN)
    errands.fail(following(errands), "damaged")
    begun = following(errands)
    errands.ask(SCAN, [(ONE, None)], SEEN)
    errands.withdraw([ESTIMATE, GRID])
    assert (errands.pending(), errands.failed(ESTIMATE), errands.is_wanted(begun)) == (1, {}, False)


@pytest.mark.parametrize(
    "damage",
    [
        "kind = 'of the future'",
        "wish = '{\"of_the_future\": 1}'",
        "wish = 'no JSON'",
        "rank = 'first'",
        "path = 'text'",
        "path = CAST(x'ff' AS TEXT)",
        "path = x'2f6100'",
        "kind = CAST(x'ff' AS TEXT)",
        "kind = x'ff'",
    ],
)
def test_errands_that_cannot_be_read_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    monkeypatch.setattr(schema, "makes_strict_tables", lambda: False)
    with Store(tmp_path / "plain") as store:
        errands = Errands(store)
        errands.ask(ESTIMATE, [(ONE, WISH)], SEEN)
        store.file.write(lambda connection: connection.execute(f"UPDATE errands SET {damage}"))
        errands.ask(ESTIMATE, [(TWO, WISH)], LATER)
        assert order(errands) == [TWO]
        assert errands.pending() == 0


def test_any_number_of_errands_that_cannot_be_read_is_dropped(store: Store, errands: Errands) -> None:
    """More than Python calls a function in itself."""
    errands.ask(ESTIMATE, [(Path(f"/games/{number}.iso"), WISH) for number in range(3000)], SEEN)
    store.file.write(lambda connection: connection.execute("UPDATE errands SET wish = '['"))
    errands.ask(ESTIMATE, [(TWO, WISH)], LATER)
    assert order(errands) == [TWO]


def test_a_title_whose_device_cannot_be_read_is_on_no_known_one(store: Store, errands: Errands) -> None:
    store.save_titles([Title(ONE, FileIdentity(5, 1, 1, 1), ImageFormat.ISO)])
    store.file.write(lambda connection: connection.execute("UPDATE titles SET identity = 'nowhere'"))
    errands.ask(ESTIMATE, [(ONE, WISH)], SEEN)
    assert errands.place_of(following(errands)).device is None


# Workers that died at one.


def die(errands: Errands, times: int) -> None:
    """Let so many workers begin what comes next, each killed in the middle of it."""
    for _ in range(times):
        errands.begin(following(errands))
        errands.recover()


def test_the_third_worker_that_dies_at_an_errand_fails_it(errands: Errands, tmp_path: Path) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH)], SEEN)
    die(errands, MOST_DEATHS - 1)
    assert (following(errands).worker_deaths, errands.failed(ESTIMATE)) == (2, {})
    die(errands, 1)
    log_path = tmp_path / "state" / "worker.log"
    said = f"/games/one.iso: the worker ended 3 times while it did this; its log is {log_path}"
    assert (errands.failed(ESTIMATE), errands.next()) == ({ONE: said}, None)


def test_the_deaths_are_those_of_what_was_begun(errands: Errands) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH), (TWO, WISH)], SEEN)
    errands.ask(GRID, [(ONE, WISH)], SEEN)
    die(errands, MOST_DEATHS)
    assert (list(errands.failed(ESTIMATE)), errands.failed(GRID)) == ([ONE], {})
    assert following(errands).worker_deaths == 0


@pytest.mark.parametrize("asked_anew", [False, True])
@pytest.mark.parametrize("end", ["leave", "done", "fail"])
def test_a_worker_that_dies_after_the_end_of_an_errand_is_not_counted(
    errands: Errands, end: str, asked_anew: bool
) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH)], SEEN)
    errand = following(errands)
    errands.begin(errand)
    if asked_anew:
        errands.ask(ESTIMATE, [(ONE, OTHER)], SEEN)
    if end == "fail":
        errands.fail(errand, "it holds no disc")
    else:
        getattr(errands, end)(errand)
    errands.recover()
    errands.ask(ESTIMATE, [(ONE, OTHER if asked_anew else WISH)], SEEN)
    assert following(errands).worker_deaths == 0


def test_asked_for_again_its_deaths_count_on(errands: Errands) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH)], SEEN)
    die(errands, 1)
    errands.ask(ESTIMATE, [(ONE, WISH)], SEEN)
    assert following(errands).worker_deaths == 1


def test_other_settings_start_the_count_again(errands: Errands) -> None:
    errands.ask(ESTIMATE, [(ONE, WISH)], SEEN)
    die(errands, 1)
    errands.ask(ESTIMATE, [(ONE, OTHER)], SEEN)
    assert following(errands).worker_deaths == 0


def test_asked_for_again_after_it_failed_it_is_tried_again(errands: Errands) -> None:
    errands.ask(SCAN, [(ONE, None)], SEEN)
    die(errands, MOST_DEATHS)
    errands.ask(SCAN, [(ONE, None)], SEEN)
    assert (following(errands).worker_deaths, errands.failed(SCAN)) == (0, {})

"""Errands in a state file: asked for, taken in order, done, failed, withdrawn."""

import os
from itertools import count
from pathlib import Path

import pytest

from discpress.engine.formats import ImageFormat
from discpress.engine.queue.background import BackgroundTask, BackgroundTasks
from discpress.engine.queue.crash_count import MOST_DEATHS
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import EstimateTask, GridTask, ScanTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store import schema
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store

SCAN, ESTIMATE, GRID = TaskKind.SCAN, TaskKind.ESTIMATE, TaskKind.GRID
ONE, TWO, THREE = (Path(f"/games/{name}.iso") for name in ("one", "two", "three"))
WISH, OTHER = ConversionRequest(ImageFormat.ZSO, level=9), ConversionRequest(ImageFormat.ZSO, level=3)
SEEN, LATER = 0, 10


@pytest.fixture
def background_tasks(store: Store) -> BackgroundTasks:
    return BackgroundTasks(store, now=count(1000.0).__next__)


def following(background_tasks: BackgroundTasks) -> BackgroundTask:
    found = background_tasks.next()
    assert found is not None
    return found


def order(background_tasks: BackgroundTasks) -> list[Path]:
    """Do all of them; return their paths."""
    paths = []
    while (background_task := background_tasks.next()) is not None:
        paths.append(background_task.path)
        background_tasks.done(background_task)
    return paths


def test_nothing_is_asked_for_at_first(background_tasks: BackgroundTasks) -> None:
    assert (background_tasks.next(), background_tasks.pending()) == (None, 0)


def test_an_background_task_comes_back_as_it_was_asked_for(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH))], SEEN)
    assert background_tasks.next() == BackgroundTask(EstimateTask(WISH), ONE, SEEN, 1000.0)


def test_any_file_name_comes_back(background_tasks: BackgroundTasks) -> None:
    path = Path(os.fsdecode(b"/games/\xff\n.iso"))
    background_tasks.ask([(path, ScanTask())], SEEN)
    assert following(background_tasks).path == path


def test_the_lowest_rank_comes_first_then_the_oldest(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH))], LATER)
    background_tasks.ask([(THREE, EstimateTask(WISH))], SEEN)
    background_tasks.ask([(TWO, EstimateTask(WISH))], SEEN)
    assert order(background_tasks) == [THREE, TWO, ONE]


def test_what_is_asked_for_together_is_done_in_that_order(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(TWO, EstimateTask(WISH)), (ONE, EstimateTask(WISH)), (THREE, EstimateTask(WISH))], SEEN)
    assert order(background_tasks) == [TWO, ONE, THREE]


def test_what_is_under_way_is_passed_over(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH)), (TWO, EstimateTask(WISH))], SEEN)
    found = background_tasks.next({(ESTIMATE, ONE)})
    assert found is not None
    assert found.path == TWO


def test_asked_for_again_an_background_task_is_one(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH))], SEEN)
    background_tasks.ask([(ONE, EstimateTask(OTHER))], SEEN)
    assert (background_tasks.pending(), following(background_tasks).task) == (1, EstimateTask(OTHER))


@pytest.mark.parametrize("ranks", [(SEEN, LATER), (LATER, SEEN)])
def test_asked_for_again_the_better_rank_counts(background_tasks: BackgroundTasks, ranks: tuple[int, int]) -> None:
    for rank in ranks:
        background_tasks.ask([(ONE, EstimateTask(WISH))], rank)
    assert following(background_tasks).rank == SEEN


def test_asked_for_again_as_it_is_an_background_task_keeps_its_place(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH)), (TWO, EstimateTask(WISH))], SEEN)
    background_tasks.ask([(ONE, EstimateTask(WISH))], SEEN)
    assert order(background_tasks) == [ONE, TWO]


def test_kinds_are_counted_apart(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH)), (TWO, EstimateTask(WISH))], SEEN)
    background_tasks.ask([(ONE, GridTask(WISH))], SEEN)
    assert [background_tasks.pending(kind) for kind in (None, ESTIMATE, GRID, SCAN)] == [3, 2, 1, 0]


def test_a_failed_background_task_says_why_and_does_not_pend(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH))], SEEN)
    background_tasks.fail(following(background_tasks), "it is \udcff damaged")
    assert (background_tasks.failed(ESTIMATE), background_tasks.pending(), background_tasks.next()) == (
        {ONE: "it is \\udcff damaged"},
        0,
        None,
    )


def test_asked_for_again_a_failed_background_task_pends(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH))], SEEN)
    background_tasks.fail(following(background_tasks), "damaged")
    background_tasks.ask([(ONE, EstimateTask(WISH))], SEEN)
    assert (background_tasks.failed(ESTIMATE), background_tasks.pending()) == ({}, 1)


def test_what_is_wanted_otherwise_by_now_is_not_done(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH))], SEEN)
    begun = following(background_tasks)
    background_tasks.ask([(ONE, EstimateTask(OTHER))], SEEN)
    background_tasks.done(begun)
    assert (background_tasks.is_wanted(begun), following(background_tasks).task) == (False, EstimateTask(OTHER))


def test_what_is_wanted_otherwise_by_now_does_not_fail(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH))], SEEN)
    begun = following(background_tasks)
    background_tasks.ask([(ONE, EstimateTask(OTHER))], SEEN)
    background_tasks.fail(begun, "too large a block")
    assert (background_tasks.failed(ESTIMATE), background_tasks.pending()) == ({}, 1)


def test_a_scan_asked_for_again_goes_on_and_is_done_once_more(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, ScanTask())], SEEN)
    begun = following(background_tasks)
    background_tasks.ask([(ONE, ScanTask())], SEEN)
    background_tasks.done(begun)
    assert (background_tasks.is_wanted(begun), background_tasks.pending()) == (True, 1)


def test_withdrawn_kinds_are_forgotten(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH)), (TWO, EstimateTask(WISH))], SEEN)
    background_tasks.fail(following(background_tasks), "damaged")
    begun = following(background_tasks)
    background_tasks.ask([(ONE, ScanTask())], SEEN)
    background_tasks.withdraw([ESTIMATE, GRID])
    assert (background_tasks.pending(), background_tasks.failed(ESTIMATE), background_tasks.is_wanted(begun)) == (
        1,
        {},
        False,
    )


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
def test_background_tasks_that_cannot_be_read_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr(schema, "makes_strict_tables", lambda: False)
    with Store(tmp_path / "plain") as store:
        background_tasks = BackgroundTasks(store)
        background_tasks.ask([(ONE, EstimateTask(WISH))], SEEN)
        store.file.write(lambda connection: connection.execute(f"UPDATE errands SET {damage}"))
        background_tasks.ask([(TWO, EstimateTask(WISH))], LATER)
        assert order(background_tasks) == [TWO]
        assert background_tasks.pending() == 0


@pytest.mark.slow
def test_any_number_of_background_tasks_that_cannot_be_read_is_dropped(
    store: Store, background_tasks: BackgroundTasks
) -> None:
    """More than Python calls a function in itself."""
    background_tasks.ask([(Path(f"/games/{number}.iso"), EstimateTask(WISH)) for number in range(3000)], SEEN)
    store.file.write(lambda connection: connection.execute("UPDATE errands SET wish = '['"))
    background_tasks.ask([(TWO, EstimateTask(WISH))], LATER)
    assert order(background_tasks) == [TWO]


def test_a_title_whose_device_cannot_be_read_is_on_no_known_one(
    store: Store, background_tasks: BackgroundTasks
) -> None:
    store.save_titles([Title(ONE, FileIdentity(1, 1, 1), ImageFormat.ISO)])
    store.file.write(lambda connection: connection.execute("UPDATE titles SET node = 'nowhere'"))
    background_tasks.ask([(ONE, EstimateTask(WISH))], SEEN)
    assert background_tasks.place_of(following(background_tasks)).device is None


# Workers that died at one.


def die(background_tasks: BackgroundTasks, times: int) -> None:
    """Let so many workers begin what comes next, each killed in the middle of it."""
    for _ in range(times):
        background_tasks.begin(following(background_tasks))
        background_tasks.recover()


def test_the_third_worker_that_dies_at_an_background_task_fails_it(
    background_tasks: BackgroundTasks, tmp_path: Path
) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH))], SEEN)
    die(background_tasks, MOST_DEATHS - 1)
    assert (following(background_tasks).worker_deaths, background_tasks.failed(ESTIMATE)) == (2, {})
    die(background_tasks, 1)
    log_path = tmp_path / "state" / "worker.log"
    said = f"/games/one.iso: the worker ended 3 times while it did this; its log is {log_path}"
    assert (background_tasks.failed(ESTIMATE), background_tasks.next()) == ({ONE: said}, None)


def test_the_deaths_are_those_of_what_was_begun(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH)), (TWO, EstimateTask(WISH))], SEEN)
    background_tasks.ask([(ONE, GridTask(WISH))], SEEN)
    die(background_tasks, MOST_DEATHS)
    assert (list(background_tasks.failed(ESTIMATE)), background_tasks.failed(GRID)) == ([ONE], {})
    assert following(background_tasks).worker_deaths == 0


@pytest.mark.parametrize("asked_anew", [False, True])
@pytest.mark.parametrize("end", ["leave", "done", "fail"])
def test_a_worker_that_dies_after_the_end_of_an_background_task_is_not_counted(
    background_tasks: BackgroundTasks, end: str, asked_anew: bool
) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH))], SEEN)
    background_task = following(background_tasks)
    background_tasks.begin(background_task)
    if asked_anew:
        background_tasks.ask([(ONE, EstimateTask(OTHER))], SEEN)
    if end == "fail":
        background_tasks.fail(background_task, "it holds no disc")
    else:
        getattr(background_tasks, end)(background_task)
    background_tasks.recover()
    background_tasks.ask([(ONE, EstimateTask(OTHER if asked_anew else WISH))], SEEN)
    assert following(background_tasks).worker_deaths == 0


def test_asked_for_again_its_deaths_count_on(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH))], SEEN)
    die(background_tasks, 1)
    background_tasks.ask([(ONE, EstimateTask(WISH))], SEEN)
    assert following(background_tasks).worker_deaths == 1


def test_other_settings_start_the_count_again(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, EstimateTask(WISH))], SEEN)
    die(background_tasks, 1)
    background_tasks.ask([(ONE, EstimateTask(OTHER))], SEEN)
    assert following(background_tasks).worker_deaths == 0


def test_asked_for_again_after_it_failed_it_is_tried_again(background_tasks: BackgroundTasks) -> None:
    background_tasks.ask([(ONE, ScanTask())], SEEN)
    die(background_tasks, MOST_DEATHS)
    background_tasks.ask([(ONE, ScanTask())], SEEN)
    assert (following(background_tasks).worker_deaths, background_tasks.failed(SCAN)) == (0, {})

"""The folders of all rules in turn: looks at intervals, earlier ones after a change, and settings that change."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from patience import wait_for

from discpress.engine.config import Config
from discpress.engine.config.watch_rules import WatchRule
from discpress.engine.errors import UsageError
from discpress.engine.store.store import Store
from discpress.engine.watch.watcher import Report
from discpress.engine.watch.watching import SETTLE_S, Watching, watch_lock


class Time:
    """A clock that stands until a test moves it."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    return made


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Watching]]:
    with Store(tmp_path / "state") as store:

        def watching(*rules: WatchRule) -> Watching:
            config = Config(watch=rules)
            made.append(Watching(store, lambda: config, clock=Time()))
            return made[-1]

        made: list[Watching] = []
        yield watching
        for each in made:
            each.close()


def test_a_folder_is_looked_at_when_its_time_has_come(make: Callable[..., Watching], folder: Path) -> None:
    clock = Time()
    watching = make(WatchRule(folder, every_s=60))
    watching.clock = clock
    assert len(list(watching.turn())) == 1
    assert (len(list(watching.turn())), watching.pause_s()) == (0, 60)
    clock.now += 60
    assert len(list(watching.turn())) == 1


def test_a_folder_that_is_away_hinders_no_other(make: Callable[..., Watching], folder: Path) -> None:
    watching = make(WatchRule(folder / "gone"), WatchRule(folder.parent / "state"))
    found = [report for _, report in watching.turn()]
    assert [isinstance(report, Report) for report in found] == [False, True]


def test_a_change_on_a_local_disk_leads_to_an_early_look(make: Callable[..., Watching], folder: Path) -> None:
    pytest.importorskip("watchfiles")
    watching = make(WatchRule(folder, every_s=3600))
    list(watching.turn())

    def is_awake() -> bool:
        (folder / "new.part").write_bytes(b"x")  # the thread may not listen yet
        return watching.pause_s() <= SETTLE_S

    wait_for(is_awake, "news of a change")


def test_a_second_process_does_not_watch(tmp_path: Path) -> None:
    with (
        watch_lock(tmp_path),
        pytest.raises(UsageError, match="another discpress watches"),
        watch_lock(tmp_path),
    ):
        pass

"""A real worker that is killed under a real app: another one goes on, and a terminal at rest stays at rest."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_pty import AppPty
from command_line import MIB, kill_wholly, slow_to_pack, write_old
from gates import PACKING, Gate
from patience import HANG_S
from queue_waiting import wait_idle

from discpress.engine.queue.jobs import JobRequest, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.queue.worker_process import ensure_worker
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import is_worker_alive, stop_worker

pytestmark = pytest.mark.e2e

WATCHFUL = """
import sys
import discpress.tui.app.app
discpress.tui.app.app.WATCH_S = 0.3
from discpress.tui.__main__ import main
main()
"""
"""The app, looking after its worker more often than it does."""
MEASURED_S = 1.5


class Place:
    """A folder with a game that takes long, its state folder, and the app on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gate = Gate(folder)
        self.games = folder / "games"
        self.games.mkdir()
        write_old(self.games / "Game.iso", slow_to_pack(8 * MIB, seed=5))
        self.state_folder = folder / "state"
        self.store = Store(self.state_folder)
        self.queue = JobQueue(self.store)

    def app(self) -> AppPty:
        words = ["-P", "-c", WATCHFUL, str(self.games), "--state", str(self.state_folder)]
        return AppPty([], self.folder, command=words, environment=dict(self.gate.environment))

    def begin(self) -> int:
        """Let a worker begin with the game, and hold amid it; return its process."""
        self.gate.close(PACKING, 4)
        self.queue.add([JobRequest(ConvertTask(ConversionRequest(level=12, target="any")), self.games / "Game.iso")])
        ensure_worker(self.state_folder)
        self.gate.wait_reached()
        worker = self.queue.worker()
        assert worker is not None
        return worker.pid


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("DISCPRESS_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.delenv("XDG_SESSION_ID", raising=False)
    place = Place(tmp_path)
    for name, value in place.gate.environment.items():
        monkeypatch.setenv(name, value)
    yield place
    place.store.close()
    assert stop_worker(place.state_folder, HANG_S)


def test_another_worker_goes_on_and_that_is_told(place: Place) -> None:
    with place.app() as app:
        app.wait_for("saves ")
        app.wait_rest()
        kill_wholly(place.begin())
        place.gate.open()
        app.wait_for("The worker had ended; a new one")
        assert wait_idle(place.queue, HANG_S)
        app.wait_for("1 done so far")
    assert [job.state for job in place.queue.jobs()] == [JobState.DONE]


def test_a_worker_that_was_stopped_stays_away(place: Place) -> None:
    with place.app() as app:
        app.wait_for("saves ")
        app.wait_rest()
        place.begin()
        assert stop_worker(place.state_folder, HANG_S)
        app.wait_quiet()
        assert app.measure(MEASURED_S) == 0
        assert not is_worker_alive(place.state_folder)


def test_nothing_is_sent_while_the_worker_lives(place: Place) -> None:
    with place.app() as app:
        app.wait_for("saves ")
        app.wait_rest()
        pid = place.begin()
        os.kill(pid, signal.SIGSTOP)
        try:
            app.wait_quiet()
            assert app.measure(MEASURED_S) == 0
        finally:
            os.kill(pid, signal.SIGCONT)

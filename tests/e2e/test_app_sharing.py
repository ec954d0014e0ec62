"""Two apps on one state folder, a terminal that takes nothing, a shell that takes the terminal back."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_desk import LIBRARY, save
from app_pty import AppPty
from command_line import size_of, write_old
from patience import HANG_S, wait_for
from queue_waiting import wait_idle
from sample_images import mixed

from discpress.engine.queue.jobs import JobRequest, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import is_stop_wanted, is_worker_alive, stop_worker

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024


@pytest.fixture
def games(tmp_path: Path) -> Iterator[Path]:
    """Three small images; no worker is left behind."""
    for number in (1, 2, 3):
        write_old(tmp_path / "games" / f"Game {number}.iso", mixed(2 * MIB, seed=number))
    yield tmp_path / "games"
    stop_worker(tmp_path / "state", HANG_S)


def test_what_one_app_queues_the_other_shows_and_both_may_go(tmp_path: Path, games: Path) -> None:
    with AppPty([games], tmp_path) as one, AppPty([games], tmp_path) as other:
        one.wait_for("Library 3")
        other.wait_for("Library 3")
        other.send("down", " ")
        other.wait_for("1 marked")
        one.send("a", "c")
        one.wait_for("3 titles: read 6 MiB")
        one.send("enter")
        other.wait_for("3 done so far")
        one.wait_for("3 done so far")
        assert "1 marked" in other.text  # marks are each app's own
        one.send("q")
        assert one.wait_end() == 0
        other.send("w")
        other.wait_for("Game 3")
        other.send("q", "q")
        assert other.wait_end() == 0
    assert len(list(games.glob("*.zso"))) == 3


def test_a_title_that_both_convert_is_converted_once(tmp_path: Path, games: Path) -> None:
    with AppPty([games], tmp_path) as one, AppPty([games], tmp_path) as other:
        for app in (one, other):
            app.wait_for("Library 3")
            app.send("c")
            app.wait_for("1 title: read 2 MiB")
        one.send("enter")
        one.wait_for("done so far")
        other.send("enter")
        # It may have planned anew by then, and leaves the title out; else its job finds the name taken.
        other.wait_until(lambda: "left out" in other.text or "queue: " in other.text)
    with Store(tmp_path / "state") as store:
        queue = JobQueue(store)
        assert wait_idle(queue, HANG_S)
        assert len(queue.jobs([JobState.DONE])) == 1
    assert [path.name for path in games.glob("*.zso")] == ["Game 1.zso"]


def test_jobs_go_on_while_a_terminal_takes_nothing(tmp_path: Path, games: Path) -> None:
    with Store(tmp_path / "state") as store:
        queue = JobQueue(store)
        with AppPty([games], tmp_path) as app:
            app.wait_for("Library 3")
            app.wait_for("saves ")
            app.send("a", "c")
            app.wait_for("3 titles: read 6 MiB")
            app.send("enter", *["end", "home", "/", "x", "escape"] * 60)
            # From here on nobody reads what it sends.
            wait_for(lambda: len(queue.jobs()) == 3, "three jobs")
            assert wait_idle(queue, HANG_S)
            assert [job.state for job in queue.jobs()] == [JobState.DONE] * 3
            assert app.process.poll() is None
            app.wait_for("3 done so far")
            app.wait_quiet()  # all that was typed has been taken: behind an escape the filter would have the next key
            app.send("q")
            assert app.wait_end() == 0


def test_stopping_the_jobs_at_the_end_stops_the_worker_and_keeps_them(tmp_path: Path, games: Path) -> None:
    big = write_old(games / "Big.iso", mixed(64 * MIB, seed=9))
    with Store(tmp_path / "state") as store:
        queue = JobQueue(store)
        with AppPty([games], tmp_path) as app:
            app.wait_for("Library 4")
            app.send("c")
            app.wait_for("1 title: read 64 MiB")
            app.send("enter")
            app.wait_until(lambda: bool(queue.jobs([JobState.RUNNING])))
            # Held while the question is answered: a fast machine would be through with the job before.
            worker = queue.worker()
            assert worker is not None
            os.kill(worker.pid, signal.SIGSTOP)
            try:
                app.send("q")
                app.wait_for("Stop them")
                app.send("right", "enter")
                app.wait_until(lambda: is_stop_wanted(tmp_path / "state"))
            finally:
                os.kill(worker.pid, signal.SIGCONT)
            assert app.wait_end() == 0
        assert not is_worker_alive(tmp_path / "state")
        assert [job.state for job in queue.jobs()] == [JobState.QUEUED]
        assert "1 in the queue: discpress queue watch follows them" in app.text
    assert size_of(big) == 64 * MIB


@pytest.fixture
def library(tmp_path: Path) -> Path:
    with Store(tmp_path / "state") as store:
        save(store, LIBRARY)
    return tmp_path


@pytest.mark.parametrize(
    ("keys", "number"),
    [
        (["w"], signal.SIGTERM),
        ([":"], signal.SIGHUP),
        (["/", "x"], signal.SIGTERM),
        (["q"], signal.SIGHUP),
    ],
    ids=["queue", "palette", "filter", "question"],
)
def test_a_signal_ends_it_on_any_screen(library: Path, keys: list[str], number: signal.Signals) -> None:
    with Store(library / "state") as store:
        queue = JobQueue(store)
        queue.start(queue.add([JobRequest(ConvertTask(), Path("/games/Game 2.iso"))])[0])
    with AppPty([], library) as app:
        app.wait_for("Velvet")
        app.send(*keys)
        app.wait_quiet(0.3)
        app.process.send_signal(number)
        assert app.wait_end() == 128 + number
        assert app.attributes == app.before
        assert b"\x1b[?1049l" in app.tail
        assert "Traceback" not in app.text


def test_a_shell_takes_the_terminal_back_and_gives_it_again(library: Path) -> None:
    shell = ["-c", "import os; os.execvp('bash', ['bash', '--norc', '--noprofile', '-i'])"]
    with AppPty([], library, command=shell, environment={"PS1": "ready> "}) as app:
        app.wait_for("ready>")
        app.send(f"{sys.executable} -P -m discpress.tui --state {library / 'state'}\r")
        app.wait_for("Velvet")
        app.send("down", "down", " ")
        app.wait_for("1 marked")
        app.send("\x1a")
        app.wait_for("Stopped")
        app.send("fg\r")
        app.wait_for("1 marked")
        app.send("q")
        app.wait_until(lambda: app.everything.count(b"ready>") == 3)
        app.send("echo $((6 * 7))\r")
        app.wait_for("42")


def test_every_size_is_drawn_and_what_was_chosen_stays(library: Path) -> None:
    with AppPty([], library) as app:
        app.wait_for("Velvet")
        app.send("down", "down", " ", "t")
        app.wait_for("Tune")
        for width, height in [(120, 36), (59, 16), (60, 16), (200, 50), (80, 15), (100, 24)]:
            app.resize(width, height)
            is_small = width < 60 or height < 16
            app.wait_for("needs 60x16" if is_small else "Tune ")
        app.send("escape")
        app.wait_for("SLES-50010")
        assert "1 marked" in app.text
        app.wait_for("becomes  ZSO 2K")  # of the pane below the table
        app.send("q")
        assert app.wait_end() == 0

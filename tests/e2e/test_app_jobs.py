"""The app and real jobs on a real terminal: bytes while they run, a conversion by keys, a line that drops."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_desk import LIBRARY, save
from app_pty import AppPty
from command_line import write_old
from patience import HANG_S
from queue_waiting import wait_idle
from sample_images import mixed

from discpress.engine.queue.jobs import JobProgress, JobRequest, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import is_worker_alive, stop_worker

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024
MOST_BYTES_A_LOOK = 2_500
"""Half of what may be sent a second: the app looks at the state file twice a second."""
LOOKS = 6


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A working folder, without a worker left behind."""
    yield tmp_path
    stop_worker(tmp_path / "state", HANG_S)


def games(folder: Path, count: int) -> Path:
    """Small images that shrink, old enough to be moved."""
    place = folder / "games"
    place.mkdir()
    for number in range(1, count + 1):
        write_old(place / f"Game {number}.iso", mixed(2 * MIB, seed=number))
    return place


def queue_at(folder: Path) -> tuple[Store, JobQueue]:
    store = Store(folder / "state")
    return store, JobQueue(store)


def test_four_running_jobs_send_at_most_2_5_kb_for_each_of_two_looks_a_second(folder: Path) -> None:
    store, queue = queue_at(folder)
    with store:
        save(store, LIBRARY)
        paths = [title.path for title in LIBRARY[:4]]
        jobs = queue.add(JobRequest(ConvertTask(), path) for path in paths)
        assert all(queue.start(job) for job in jobs)
        with AppPty([], folder, width=120, height=36) as app:
            app.wait_for("Velvet")
            app.wait_quiet()
            for step in range(1, LOOKS + 1):
                before = app.received
                done = step * 40 * MIB
                counts = [
                    JobProgress(job, "packing", done + job * 1_234_567, 4400 * MIB, done, done * 2 // 3) for job in jobs
                ]
                queue.save_progress(counts)
                queue.note_throughput(int(time.time()), step * 13 * MIB, 9 * MIB)
                app.wait_beyond(before)
                app.wait_quiet(0.6)
                assert app.received - before <= MOST_BYTES_A_LOOK
            assert "packing" in app.text


def test_a_title_is_scanned_estimated_and_converted_by_keys(folder: Path) -> None:
    place = games(folder, 2)
    with AppPty([place], folder) as app:
        app.wait_for("Library 2")
        app.wait_for("saves ")
        app.send("c")
        app.wait_for("1 title: read 2 MiB")
        app.send("enter")
        app.wait_until((place / "Game 1.zso").exists)
        app.wait_for("done so far")
        app.send("q")
        assert app.wait_end() == 0
        assert "1 converted; the results are" in app.text
    assert sorted(path.name for path in place.iterdir()) == ["Game 1.iso", "Game 1.zso", "Game 2.iso"]


def test_jobs_go_on_after_the_line_has_dropped(folder: Path) -> None:
    place = games(folder, 3)
    app = AppPty([place], folder)
    app.wait_for("Library 3")
    app.wait_for("saves ")
    app.send("a", "c")
    app.wait_for("3 titles: read 6 MiB")
    app.send("enter")
    app.wait_for("queue: ")
    app.hang_up()
    assert app.process.wait(HANG_S) == 128 + signal.SIGHUP
    store, queue = queue_at(folder)
    with store:
        assert wait_idle(queue, HANG_S)
        assert [job.state for job in queue.jobs()] == [JobState.DONE] * 3
    with AppPty([place], folder) as again:
        again.wait_for("3 done so far")
        again.send("q")
        assert again.wait_end() == 0


def test_a_killed_app_leaves_the_worker_alone(folder: Path) -> None:
    place = games(folder, 1)
    with AppPty([place], folder) as app:
        app.wait_for("saves ")
        app.process.kill()
        app.wait_end()
        assert is_worker_alive(folder / "state")


def test_quitting_with_jobs_offers_to_leave_them_to_the_worker(folder: Path) -> None:
    store, queue = queue_at(folder)
    with store:
        save(store, LIBRARY)
        jobs = queue.add([JobRequest(ConvertTask(), Path("/games/Game 2.iso"))])
        assert queue.start(jobs[0])
        with AppPty([], folder) as app:
            app.wait_for("Velvet")
            app.send("q")
            app.wait_for("Leave them to the worker")
            app.send("enter")
            assert app.wait_end() == 0
            assert "1 in the queue: discpress queue watch follows them" in app.text


def test_hostile_names_are_converted_like_others(folder: Path) -> None:
    place = folder / "games"
    place.mkdir()
    for number, name in enumerate([b"Okami [t-en by X] [b].iso", b"esc \x1b[31m.iso", b"bad \xff.iso"]):
        write_old(place / os.fsdecode(name), mixed(MIB, seed=number))
    with AppPty([place], folder) as app:
        app.wait_for("Library 3")
        app.send("a", "c")
        app.wait_for("3 titles: read 3 MiB")
        app.send("enter")
        app.wait_for("3 done so far")
        app.send("q")
        assert app.wait_end() == 0
    assert len(list(place.glob("*.zso"))) == 3

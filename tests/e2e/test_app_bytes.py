"""What each screen sends to a real terminal: nothing at rest, and little for a key."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_desk import LIBRARY, save, title
from app_pty import AppPty
from patience import HANG_S

from discpress.engine.queue.jobs import JobProgress, JobRequest
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import stop_worker

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024
MOST_BYTES_OF_A_FRAME = 50_000
MOST_BYTES_OF_A_KEY = 2_000
MOST_BYTES_A_LOOK = 1_000
"""Half of what may be sent a second: the app looks at the state file twice a second."""
LOOKS = 5
REST_S = 1.5
"""Three looks at the state file."""
SCREENS = {
    "filter": ["/"],
    "sort": ["s"],
    "format": ["down", "down", "t", "f"],
    "details": ["down", "enter"],
    "tune": ["down", "down", "t"],
    "plan": ["a", "c"],
    "queue": ["w"],
    "trash": ["u"],
    "settings": [","],
    "palette": [":"],
    "help": ["?"],
    "folder": ["down", "c", "F"],
}
"""The keys to each from the library, which two escapes lead back to."""
WITH_CURSOR = {"tune", "plan", "settings", "palette"}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Path]:
    """A folder whose state knows a library of 300 titles; nothing of it is on the disk."""
    many = [title(f"Title {number:03}.iso", 700, 400, title=f"Title {number:03}") for number in range(300)]
    with Store(tmp_path / "state") as store:
        save(store, many)
    yield tmp_path
    stop_worker(tmp_path / "state", HANG_S)


@pytest.mark.parametrize(("width", "height"), [(120, 36), (200, 60)])
def test_a_large_first_frame_is_at_most_50_kb_and_a_cursor_key_beside_the_pane_2_kb(
    library: Path, width: int, height: int
) -> None:
    with AppPty([], library, width=width, height=height) as app:
        app.wait_for("Title 010")
        app.wait_quiet()
        assert app.received <= MOST_BYTES_OF_A_FRAME
        for key in ("down", "down", "up", "j", "k"):
            before = app.received
            app.send(key)
            app.wait_quiet(0.6)
            assert 0 < app.received - before <= MOST_BYTES_OF_A_KEY, key


def test_a_screen_at_rest_sends_nothing_and_for_a_cursor_key_at_most_2_kb(library: Path) -> None:
    with AppPty([], library) as app:
        app.wait_for("Title 010")
        app.wait_quiet(0.6)
        for screen, keys in SCREENS.items():
            shown = app.text
            app.send(*keys)
            app.wait_rest()
            assert app.text != shown, screen
            assert app.measure(REST_S) == 0, screen
            if screen in WITH_CURSOR:
                before = app.received
                app.send("down")
                app.wait_quiet(0.6)
                assert app.received - before <= MOST_BYTES_OF_A_KEY, screen
            for _ in range(2):  # one after the other: together they are another key
                app.send("escape")
                app.wait_quiet(0.6)


def test_the_first_run_at_rest_sends_nothing(tmp_path: Path) -> None:
    with AppPty([], tmp_path) as app:
        app.wait_for("Where are your games?")
        app.wait_rest()
        assert app.measure(REST_S) == 0


def test_four_running_jobs_send_at_most_1_kb_for_each_of_two_looks_a_second_to_the_queue(tmp_path: Path) -> None:
    with Store(tmp_path / "state") as store:
        save(store, LIBRARY)
        queue = JobQueue(store)
        jobs = queue.add(JobRequest(ConvertTask(), each.path) for each in LIBRARY[:4])
        assert all(queue.start(job) for job in jobs)
        with AppPty([], tmp_path, width=120, height=36) as app:
            app.wait_for("Velvet")
            app.send("w")
            app.wait_for("RATIO")
            app.wait_quiet()
            for step in range(1, LOOKS + 1):
                before = app.received
                done = step * 40 * MIB
                queue.save_progress(
                    JobProgress(job, "packing", done + job * 1_234_567, 4400 * MIB, done, done * 2 // 3) for job in jobs
                )
                queue.note_throughput(int(time.time()), step * 13 * MIB, 9 * MIB)
                app.wait_beyond(before)
                app.wait_quiet(0.6)
                assert app.received - before <= MOST_BYTES_A_LOOK
            assert "packing" in app.text

"""A worker that does not come up: who called it is told why."""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import Timeout
from patience import HANG_S

from discpress.engine.errors import DiscpressError, StoreError, StoreFullError
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import WorkerState, WorkerStatus
from discpress.engine.queue.worker_process import LOG_NAME, ensure_worker
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import is_worker_alive, stop_worker, worker_lock
from discpress.engine.worker import process as worker

pytestmark = pytest.mark.e2e

SMALL_BYTES = 1024 * 1024


@pytest.fixture(autouse=True)
def settings_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("DISCPRESS_CONFIG", str(path))
    monkeypatch.delenv("XDG_SESSION_ID", raising=False)
    return path


@pytest.fixture
def state_folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    yield folder
    assert stop_worker(folder, HANG_S)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A state folder on a disk that holds a store and not a byte more."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = f"size={SMALL_BYTES},mode=700"
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "discpress-test", folder], capture_output=True
    ).returncode:
        pytest.skip("mounting a small disk needs root")
    Store(folder).close()
    with pytest.raises(OSError, match="No space left"):
        (folder / "hog").write_bytes(bytes(SMALL_BYTES))
    yield folder
    subprocess.run(["umount", "-l", folder], check=True, capture_output=True)


def test_it_is_up_once_it_has_said_its_first_word(state_folder: Path) -> None:
    with Store(state_folder) as store:
        queue = JobQueue(store)
        assert ensure_worker(state_folder, queue.worker) == ""
        assert queue.worker() is not None
    assert is_worker_alive(state_folder)


def test_the_last_line_of_its_log_says_why_it_is_not(state_folder: Path, settings_path: Path) -> None:
    settings_path.write_text("threads = 'many'\n")
    with Store(state_folder) as store, pytest.raises(StoreError, match=r"ended at once: .*threads") as caught:
        ensure_worker(state_folder, JobQueue(store).worker)
    assert "worker ends" not in str(caught.value)
    assert LOG_NAME in caught.value.hint


def test_without_room_for_its_first_word_that_is_said(full_disk: Path) -> None:
    with pytest.raises(StoreFullError, match="its disk is full"):
        ensure_worker(full_disk, lambda: None)


def test_a_word_of_the_last_one_is_not_taken_for_its_own(state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container its process may have the same number."""
    with Store(state_folder) as store:
        queue = JobQueue(store)
        real = subprocess.Popen

        def popen(*words: Any, **options: Any) -> "subprocess.Popen[bytes]":
            process = real(*words, **options)
            queue.set_worker(WorkerStatus(process.pid, "here", WorkerState.GONE, 1.0))
            return process

        queue.set_worker(WorkerStatus(1, "here", WorkerState.GONE, 1.0))
        monkeypatch.setattr(subprocess, "Popen", popen)
        assert ensure_worker(state_folder, queue.worker) == ""
    assert is_worker_alive(state_folder)


def test_what_an_earlier_one_has_logged_is_no_reason(state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (state_folder / LOG_NAME).write_text("yesterday 1 worker ends: nothing to do\n")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(StoreError, match="ended at once: exit code 1"):
        ensure_worker(state_folder)


def test_one_that_is_killed_is_said_to_be(state_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nkill -KILL $$\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(StoreError, match="killed by signal 9"):
        ensure_worker(state_folder)


def test_a_system_that_starts_no_process_is_no_traceback(state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(DiscpressError, match="cannot start the worker: Resource temporarily unavailable"):
        ensure_worker(state_folder)


@pytest.mark.parametrize("exit_code", [0, 1, 4])
def test_one_that_ends_beside_a_thread_gives_its_lock_up_and_takes_the_thread_with_it(
    exit_code: int, state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ended(Exception):  # noqa: N818 - in place of the end of this process
        pass

    def end(code: int) -> None:
        ended.append((code, is_worker_alive(state_folder)))
        raise Ended

    ended: list[tuple[int, bool]] = []
    may_end = threading.Event()
    thread = threading.Thread(target=may_end.wait)
    thread.start()
    monkeypatch.setattr(os, "_exit", end)
    with pytest.raises(Ended), worker_lock(state_folder) as lock:
        worker._leave_no_thread(lock, exit_code)
    may_end.set()
    thread.join()
    assert ended == [(exit_code, False)]


class TakenTwice:
    """A lock that is refused twice before it is given."""

    def __init__(self) -> None:
        self.refusals = 2

    def __call__(self, state_folder: Path, timeout_s: float = 0) -> Any:
        if self.refusals:
            self.refusals -= 1
            raise Timeout(str(state_folder))
        return worker_lock(state_folder, timeout_s)


@pytest.mark.parametrize(("is_held", "works"), [(False, 1), (True, 0)], ids=["who asks", "a worker"])
def test_it_gives_way_to_a_worker_and_not_to_one_who_only_asks(
    is_held: bool, works: int, state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[Path] = []

    def work(state: Path, *_: object) -> bool:
        worked.append(state)
        return True

    monkeypatch.setattr(worker, "worker_lock", TakenTwice())
    monkeypatch.setattr(worker, "is_worker_alive", lambda state: is_held)
    monkeypatch.setattr(worker, "_work", work)
    monkeypatch.setattr(sys, "argv", ["discpress-worker", "--state", str(state_folder)])
    assert worker.main() == 0
    assert len(worked) == works

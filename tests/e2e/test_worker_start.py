"""A worker that does not come up: who called it is told why."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import StoreError, StoreFullError
from engine.library.store import Store
from engine.work.queue import JobQueue
from engine.work.starting import LOG_NAME, ensure_worker, is_worker_alive, stop_worker

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
    assert stop_worker(folder)


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

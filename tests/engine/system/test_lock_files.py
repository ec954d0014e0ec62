"""Lock files on disks that know flock(2), and on those that do not."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fault_injection import fail_with
from filelock import Timeout

from discpress.engine.store.worker_lock import is_worker_alive, worker_lock
from discpress.engine.system.lock_files import held_lock_file, lock_file

COMMAND = """
import errno, fcntl, os, sys
def refuse(fd, how):
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
fcntl.flock = refuse
from discpress.engine.cli.main import main
sys.exit(main(["ls"]))
"""


@pytest.fixture(params=[True, False], ids=["flock", "no flock"])
def has_flock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if not request.param:
        monkeypatch.setattr(fcntl, "flock", fail_with(errno.ENOSYS))
    return bool(request.param)


@pytest.mark.usefixtures("has_flock")
def test_one_at_a_time_has_the_lock(tmp_path: Path) -> None:
    with lock_file(tmp_path / "lock", 0), pytest.raises(Timeout):
        lock_file(tmp_path / "lock", 0).acquire()
    with lock_file(tmp_path / "lock", 0):
        pass


@pytest.mark.usefixtures("has_flock")
def test_a_held_lock_is_that_of_older_versions(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with held_lock_file(path, 0):
        with pytest.raises(TimeoutError), held_lock_file(path, 0):
            pass
        with pytest.raises(Timeout):
            lock_file(path, 0).acquire()
    with lock_file(path, 0), pytest.raises(TimeoutError), held_lock_file(path, 0):
        pass
    with held_lock_file(path, 0):
        pass


def test_a_lock_file_that_was_removed_while_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    asked: list[int] = []

    def remove_first(fd: int, how: int) -> None:
        if not asked:
            path.unlink()
        asked.append(fd)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    with held_lock_file(path, 0):
        assert path.exists()
    assert len(asked) == 2


def test_a_lock_file_whose_folder_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), held_lock_file(tmp_path / "missing" / "lock", 0):
        pass


@pytest.mark.usefixtures("has_flock")
def test_a_worker_is_seen_by_its_lock(tmp_path: Path) -> None:
    assert not is_worker_alive(tmp_path)
    with worker_lock(tmp_path):
        assert is_worker_alive(tmp_path)
    assert not is_worker_alive(tmp_path)


@pytest.mark.slow
def test_a_command_without_flock_prints_no_warning_of_a_library(tmp_path: Path) -> None:
    environment = os.environ | {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    environment.pop("PYTHONWARNINGS", None)
    done = subprocess.run(
        [sys.executable, "-c", COMMAND], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert "Warning" not in done.stderr + done.stdout
    assert "SoftFileLock" not in done.stderr + done.stdout

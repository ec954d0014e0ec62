"""Whether a lock is held, as a process sees it that only asks, and whether a file is being written."""

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from discpress.engine.system import locks
from discpress.engine.system.filesystems import FileSystem
from discpress.engine.system.locks import has_writer, is_lock_held, lease_problem, try_lock


@pytest.fixture
def lock_path(tmp_path: Path) -> Path:
    path = tmp_path / "lock"
    path.touch()
    return path


@pytest.fixture
def fd(lock_path: Path) -> Iterator[int]:
    fd = os.open(lock_path, os.O_RDWR)
    yield fd
    os.close(fd)


def test_a_lock_that_is_taken_is_held(lock_path: Path, fd: int) -> None:
    assert try_lock(fd)
    assert is_lock_held(lock_path)


def test_a_free_lock_is_not_held(lock_path: Path) -> None:
    assert is_lock_held(lock_path) is False


def test_a_process_that_asks_is_not_taken_for_the_holder(lock_path: Path, fd: int) -> None:
    fcntl.flock(fd, fcntl.LOCK_SH)
    assert is_lock_held(lock_path) is False


def test_asking_leaves_the_lock_free(lock_path: Path, fd: int) -> None:
    is_lock_held(lock_path)
    assert try_lock(fd)


def test_a_file_that_does_not_exist_is_not_locked(tmp_path: Path) -> None:
    assert is_lock_held(tmp_path / "lock") is False
    assert not (tmp_path / "lock").exists()


def test_a_file_system_without_locks_does_not_tell(lock_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int, operation: int) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert is_lock_held(lock_path) is None


@pytest.mark.parametrize("kind", ["cifs", "nfs4"])
def test_a_lease_that_a_server_refuses_is_no_writer(
    kind: str, lock_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CIFS without oplocks and NFS without a delegation answer EAGAIN, as for a writer."""
    with lock_path.open("rb") as file, lock_path.open("r+b"):
        assert (has_writer(file.fileno()), lease_problem(file.fileno())) == (True, "")
        monkeypatch.setattr(locks, "filesystem_of", lambda path: FileSystem(kind, Path("/"), ""))
        assert (has_writer(file.fileno()), lease_problem(file.fileno())) == (False, "the server granted no lease")

"""Whether a lock is held, as a process sees it that only asks, and whether a file is being written."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from discpress.engine.system import locks
from discpress.engine.system.filesystems import FileSystem
from discpress.engine.system.locks import Lock, has_writer, is_lock_held, lease_problem, try_lock

SERVER = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
try:
    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("taken")
else:
    print("held", flush=True)
    sys.stdin.read()
"""
"""Takes a lock as servers of NFS and SMB do for their clients."""


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


@pytest.fixture
def client(lock_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, lock_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "held\n"
        yield client
        client.kill()


@pytest.mark.e2e
@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("access", [os.O_RDWR, os.O_RDONLY])
def test_a_lock_of_a_client_of_a_share_is_seen(lock_path: Path, access: int) -> None:
    fd = os.open(lock_path, access)
    try:
        assert try_lock(fd) is Lock.TAKEN
        assert is_lock_held(lock_path)
    finally:
        os.close(fd)


@pytest.mark.e2e
def test_a_lock_that_a_client_had_first_leaves_nothing_locked(
    lock_path: Path, fd: int, client: subprocess.Popen[str]
) -> None:
    assert try_lock(fd) is Lock.TAKEN
    client.kill()
    client.wait()
    other = os.open(lock_path, os.O_RDWR)
    try:
        assert try_lock(other) is Lock.HELD
    finally:
        os.close(other)


@pytest.mark.e2e
def test_a_client_of_a_share_sees_our_lock(lock_path: Path, fd: int) -> None:
    assert try_lock(fd) is Lock.HELD
    done = subprocess.run(
        [sys.executable, "-c", SERVER, lock_path], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    assert done.stdout == "taken\n"


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(("kind", "answer"), [("nfs4", Lock.HELD), ("btrfs", Lock.TAKEN)])
@pytest.mark.e2e
def test_only_a_local_disk_has_locks_of_two_kinds(
    kind: str, answer: Lock, fd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a mount of NFS the second kind would meet the first one on the server."""
    monkeypatch.setattr(os, "major", lambda device: 0)
    monkeypatch.setattr(locks, "filesystem_of_file", lambda fd: FileSystem(kind, Path("/"), ""))
    assert try_lock(fd) is answer


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOLCK, errno.ENOSYS])
def test_a_disk_with_one_kind_of_locks_locks_with_that(
    code: int, lock_path: Path, fd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(fd: int, command: int, argument: bytes) -> bytes:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    assert try_lock(fd) is Lock.HELD
    assert is_lock_held(lock_path)


def test_a_program_that_opens_a_file_meanwhile_does_not_end_the_one_that_asks(
    lock_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It breaks the lease, and SIGIO is sent then if no other signal was chosen: that ends a process."""
    ends: list[int] = []
    before = signal.signal(signal.SIGIO, lambda number, frame: ends.append(number))
    real = fcntl.fcntl

    def control(fd: int, command: int, *more: Any) -> Any:
        answer = real(fd, command, *more)
        if (command, more) == (fcntl.F_SETLEASE, (fcntl.F_RDLCK,)):
            with pytest.raises(BlockingIOError):
                os.open(lock_path, os.O_WRONLY | os.O_NONBLOCK)
        return answer

    monkeypatch.setattr(fcntl, "fcntl", control)
    try:
        with lock_path.open("rb") as file:
            assert not has_writer(file.fileno())
        assert ends == []
    finally:
        signal.signal(signal.SIGIO, before)


@pytest.mark.parametrize("kind", ["cifs", "nfs4"])
def test_a_lease_that_a_server_refuses_is_no_writer(
    kind: str, lock_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CIFS without oplocks and NFS without a delegation answer EAGAIN, as for a writer."""
    with lock_path.open("rb") as file, lock_path.open("r+b"):
        assert (has_writer(file.fileno()), lease_problem(file.fileno())) == (True, "")
        monkeypatch.setattr(locks, "filesystem_of_file", lambda fd: FileSystem(kind, Path("/"), ""))
        assert (has_writer(file.fileno()), lease_problem(file.fileno())) == (False, "the server granted no lease")

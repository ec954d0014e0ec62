"""Whether a process that wrote its identity down still lives: never thought dead while it may live."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from discpress.engine.system import liveness
from discpress.engine.system.liveness import ProcessIdentity

CODE = """
import sys
from dataclasses import asdict
import json
from discpress.engine.system.liveness import ProcessIdentity
print(json.dumps(asdict(ProcessIdentity.current())), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        if process.poll() is None:
            process.kill()


def identity_of(process: "subprocess.Popen[bytes]") -> ProcessIdentity:
    import json

    assert process.stdout is not None
    return ProcessIdentity(**json.loads(process.stdout.readline()))


def test_this_process_lives() -> None:
    assert not ProcessIdentity.current().is_over


def test_a_process_that_runs_is_not_over(other: "subprocess.Popen[bytes]") -> None:
    assert not identity_of(other).is_over


def test_a_process_that_was_stopped_is_not_over(other: "subprocess.Popen[bytes]") -> None:
    identity = identity_of(other)
    other.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, other.pid, os.WSTOPPED | os.WNOWAIT)
    assert not identity.is_over


def test_a_process_that_was_killed_is_over(other: "subprocess.Popen[bytes]") -> None:
    identity = identity_of(other)
    other.kill()
    other.wait()
    assert identity.is_over


def test_a_dead_process_that_nobody_has_waited_for_is_over(other: "subprocess.Popen[bytes]") -> None:
    identity = identity_of(other)
    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    assert identity.is_over


def test_another_process_under_its_number_is_not_it() -> None:
    """Containers begin to count anew each time."""
    assert replace(ProcessIdentity.current(), started="1").is_over


@pytest.mark.parametrize(
    "moved",
    [
        lambda identity: replace(identity, host="another"),
        lambda identity: replace(identity, machine="another"),
        lambda identity: replace(identity, namespace="another"),
    ],
    ids=["host", "machine", "namespace"],
)
def test_a_process_of_another_machine_or_container_may_live(
    moved: Callable[[ProcessIdentity], ProcessIdentity], other: "subprocess.Popen[bytes]"
) -> None:
    identity = identity_of(other)
    other.kill()
    other.wait()
    assert not moved(identity).is_over


def test_no_process_outlives_a_start_of_its_machine() -> None:
    assert replace(ProcessIdentity.current(), boot="an earlier one").is_over


@pytest.mark.parametrize("pid", [0, -1, -(2**40), 2**70])
def test_what_is_no_number_of_a_process_is_never_over(pid: int) -> None:
    assert not replace(ProcessIdentity.current(), pid=pid, started="").is_over


def test_a_process_of_somebody_else_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, number: int) -> None:
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(os, "kill", refuse)
    assert not replace(ProcessIdentity.current(), started="").is_over


def test_on_windows_no_signal_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """There signal 0 ends a process."""
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append(pid))
    monkeypatch.setattr(sys, "platform", "win32")
    assert not replace(ProcessIdentity.current(), started="1").is_over
    assert sent == []


def test_without_proc_the_number_alone_decides(
    other: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "_read", lambda path: "")
    monkeypatch.setattr(liveness, "_namespace", lambda: "")
    monkeypatch.setattr(liveness, "_identity_of", liveness._identity_of.__wrapped__)
    mine = ProcessIdentity.current()
    other.kill()
    other.wait()
    assert (mine.is_over, replace(mine, pid=other.pid).is_over) == (False, True)

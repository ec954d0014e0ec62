"""The owner's connection: what one machine does wrong is a loss of this machine only."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from patience import HANG_S, wait_for

from discpress.engine.cluster import owner
from discpress.engine.cluster.files import ClusterFiles, ClusterRecord
from discpress.engine.cluster.owner import LostMachineError, Machines
from discpress.engine.cluster.seen import Machine
from discpress.engine.errors import ClusterError
from discpress.engine.shares.rows import LocalShare

RECORD = ClusterRecord("tcp://127.0.0.1:1")
PC, LAPTOP = "tcp://127.0.0.1:2", "tcp://127.0.0.1:3"


class FakeLink:
    """Stands in for the connection of distributed; what it answers is set by address."""

    problem: Exception | None = None
    answers: ClassVar[dict[str, Any]] = {}
    tries = 0

    def __init__(self, address: str, security: object) -> None:
        pass

    async def open(self) -> None:
        type(self).tries += 1
        if self.problem is not None:
            raise self.problem

    async def close(self) -> None:
        pass

    async def ask_scheduler(self, request: str) -> Any:
        if self.problem is not None:
            raise self.problem
        return [{"address": each, "label": each[-1], "threads": 4} for each in self.answers]

    async def ask_worker(self, address: str, request: str, **facts: object) -> Any:
        answer = self.answers[address]
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeLink]]:
    monkeypatch.setattr(owner, "Link", FakeLink)
    monkeypatch.setattr(owner, "POLL_S", 0.01)
    monkeypatch.setattr(owner, "_RETRY_S", 0.01)
    monkeypatch.setattr(FakeLink, "problem", None)
    monkeypatch.setattr(FakeLink, "answers", {})
    monkeypatch.setattr(FakeLink, "tries", 0)
    yield FakeLink


@pytest.fixture
def machines(tmp_path: Path, link: type[FakeLink]) -> Iterator[Machines]:
    files = ClusterFiles.of_own(tmp_path)
    with files.held():
        files.save(RECORD)
        machines = Machines(files, RECORD)
        yield machines
        machines.close()
        machines.join()


def wait(condition: Callable[[], bool]) -> None:
    wait_for(condition, "the connection")


@pytest.mark.parametrize("answer", [ValueError("a bug there"), "no facts", {"shares": 5}, asyncio.CancelledError()])
def test_a_machine_that_answers_nonsense_hides_no_other(
    machines: Machines, link: type[FakeLink], answer: object
) -> None:
    link.answers.update({PC: answer, LAPTOP: {"shares": []}})
    machines.start()
    wait(lambda: bool(machines.seen))
    assert [each.address for each in machines.seen] == [LAPTOP]
    assert link.tries == 1


def ask(machines: Machines) -> None:
    machines._ask(Machine(PC, "pc", 4, frozenset()), "request")


@pytest.mark.parametrize("answer", [ValueError("a bug there"), OSError("lost"), 5])
def test_a_request_that_fails_is_a_lost_machine(machines: Machines, link: type[FakeLink], answer: object) -> None:
    link.answers[LAPTOP] = {"shares": []}
    machines.start()
    wait(lambda: bool(machines.seen))
    link.answers[PC] = answer
    with pytest.raises(LostMachineError):
        ask(machines)


def test_a_lock_that_a_machine_cannot_look_at_is_a_problem_of_its_own(
    machines: Machines, link: type[FakeLink], tmp_path: Path
) -> None:
    link.answers[LAPTOP] = {"shares": []}
    machines.start()
    wait(lambda: bool(machines.seen))
    link.answers[PC] = {"is_seen": False, "problem": "no such share"}
    share = LocalShare("ab" * 16, tmp_path, "games")
    with pytest.raises(ClusterError, match=r"^pc: no such share$"):
        machines.test_locks(Machine(PC, "pc", 4, frozenset()), share)


def test_a_cluster_that_does_not_answer_is_logged_once(
    machines: Machines, link: type[FakeLink], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "discpress.worker")
    link.problem = OSError("no answer")
    machines.start()
    wait(lambda: link.tries > 3)
    assert [record.message for record in caplog.records] == ["the cluster does not answer: no answer"]


def test_nothing_is_tried_while_no_cluster_runs(
    tmp_path: Path, link: type[FakeLink], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[ClusterRecord | None] = []
    look = ClusterFiles.running

    def running(self: ClusterFiles) -> ClusterRecord | None:
        looks.append(look(self))
        return looks[-1]

    monkeypatch.setattr(ClusterFiles, "running", running)
    files = ClusterFiles.of_own(tmp_path)
    files.save(RECORD)
    machines = Machines(files, RECORD)
    machines.start()
    wait(lambda: len(looks) > 3)
    machines.close()
    machines.join()
    assert link.tries == 0


def test_a_cluster_that_was_started_again_may_prove_only(
    machines: Machines, link: type[FakeLink], tmp_path: Path
) -> None:
    machines.start()
    wait(lambda: link.tries == 1)
    assert not machines.is_prove_only
    ClusterFiles.of_own(tmp_path).save(replace(RECORD, is_prove_only=True))
    link.problem = OSError("the first one has ended")
    wait(lambda: link.tries > 1)
    link.problem = None
    wait(lambda: machines.is_prove_only)


async def no_work() -> None:
    await asyncio.sleep(HANG_S)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_no_caller_waits_for_a_thread_that_died(monkeypatch: pytest.MonkeyPatch) -> None:
    async def die(_: object) -> None:
        await asyncio.sleep(0.05)
        raise SystemExit

    monkeypatch.setattr(Machines, "_live", die)
    machines = Machines(ClusterFiles.of_own(Path("/nowhere")), RECORD)
    machines.start()
    with pytest.raises(LostMachineError, match="has ended"):
        machines._call(no_work())

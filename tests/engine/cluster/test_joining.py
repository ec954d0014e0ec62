"""A machine that joins waits for nothing without a deadline, and is listed when it says so."""

import asyncio
import socket
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from discpress.engine.cluster import connection, machine
from discpress.engine.cluster.connection import ask, new_scheduler, quiet_logs
from discpress.engine.cluster.entry.admission import HELLO, MACHINES, Admission
from discpress.engine.cluster.entry.probe import UnreachableError
from discpress.engine.cluster.machine import Joining, be_machine
from discpress.engine.cluster.runs import Runs
from discpress.engine.store.model import JsonValue


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"tcp://127.0.0.1:{taken.getsockname()[1]}"


async def join(address: str, tell: Callable[[str], object], is_stopped: Callable[[], bool]) -> None:
    def nowhere(_: object) -> Path:
        raise AssertionError

    joining = Joining(address, None, "pc", "", 4)
    await be_machine(joining, Runs(nowhere, 4), lambda: [], tell, is_stopped)


class House:
    """A scheduler in this process; it forgets the machines of its first greetings, as one that is started again."""

    def __init__(self, forgets: int) -> None:
        quiet_logs()
        self.address = free_address()
        self.greetings = 0
        self._forgets = forgets
        self._node = new_scheduler(self.address, None)
        self.admission = Admission(self._node.workers)
        self._node.handlers[HELLO] = self.hello
        self._node.handlers[MACHINES] = self.admission.machines

    async def hello(self, name: str = "", facts: dict[str, JsonValue] | None = None) -> object:
        self.greetings += 1
        admission = self.admission if self.greetings > self._forgets else Admission({})
        return await admission.hello(name, facts)

    async def __aenter__(self) -> "House":
        await self._node
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._node.close()


async def test_a_machine_that_the_cluster_has_forgotten_joins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_RETRY_S", 0.01)
    told: list[str] = []
    async with House(1) as house:
        await join(house.address, told.append, lambda: bool(told))
        assert house.greetings == 2
    assert told[0].startswith("tcp://127.0.0.1:")


class Hanging:
    """A worker that never registers."""

    def __init__(self) -> None:
        self.address = ""
        self.handlers: dict[str, Any] = {}
        self.is_waited_for = False

    def __await__(self) -> Generator[Any, None, None]:
        self.is_waited_for = True
        return asyncio.Event().wait().__await__()  # type: ignore[return-value]

    async def close(self, **_: object) -> None:
        pass


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Hanging:
    node = Hanging()
    monkeypatch.setattr(machine, "new_worker", lambda *_: node)
    return node


async def test_a_stop_ends_a_registration_that_hangs(hanging: Hanging) -> None:
    async with House(0) as house:
        await join(house.address, lambda _: None, lambda: hanging.is_waited_for)


async def test_a_registration_that_hangs_has_a_deadline(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "REGISTERS_S", -1.0)
    async with House(0) as house:
        with pytest.raises(UnreachableError):
            await join(house.address, lambda _: None, lambda: False)


async def test_a_question_that_nobody_answers_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ANSWER_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TimeoutError):
        await ask(f"tcp://127.0.0.1:{silent.getsockname()[1]}", None, HELLO)

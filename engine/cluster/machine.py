"""A machine that joined a cluster: it packs the titles that owners of queues send, until a stop is requested."""

import asyncio
import secrets
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from discpress.engine.cluster.connection import Facts, Node, ask, new_worker, plain, security_of
from discpress.engine.cluster.entry.admission import HELLO, MACHINES
from discpress.engine.cluster.entry.probe import UnreachableError, probe
from discpress.engine.cluster.entry.versions import own_facts
from discpress.engine.cluster.files import Certificates
from discpress.engine.cluster.runs import Runs
from discpress.engine.errors import ClusterError, DiscpressError
from discpress.engine.names import display_name
from discpress.engine.shares.locks import held_test_lock, sees_test_lock
from discpress.engine.shares.rows import LocalShare
from discpress.engine.shares.shares import state_of

LOOK = "discpress_look"
"""The request for what a machine sees now."""
EXCHANGE = "discpress_exchange"
"""The request that passes on a wish and returns progress."""
MEASURE = "discpress_measure"
"""The request for the speeds of a machine."""
HOLD_LOCK, FREE_LOCK, SEES_LOCK = "discpress_hold_lock", "discpress_free_lock", "discpress_sees_lock"
HELD_S = 60.0
"""Longest time that a lock is held for a test."""
_POLL_S = 0.2
_RETRY_S = 1.0
_CLOSES_S = 10.0
REGISTERS_S = 60.0
"""Longest time that joining may take; after it, the machine begins anew."""
_GONE = {"closing", "closed", "failed", "stopping", "closing_gracefully"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Joining:
    """The address, name and certificates with which a machine joins."""

    address: str
    """The address of the scheduler."""
    certificates: Certificates | None
    """None without TLS."""
    label: str
    """The name of this machine for people."""
    host: str
    """The address that it listens on; empty for the one by which it reaches the scheduler."""
    threads: int
    """Threads that pack."""


class _Here:
    """The runs of this process, for tasks, which are called by their names."""

    runs: Runs | None = None


def work(payload: Facts) -> Facts:
    """Pack a title: the one task that owners send."""
    if _Here.runs is None:
        raise RuntimeError("this machine has left the cluster")
    return _Here.runs.work(payload)


class Requests:
    """The answers of a machine to all but tasks; each that asks a disk has a thread of its own."""

    def __init__(self, runs: Runs, shares: Callable[[], Iterable[LocalShare]]) -> None:
        self._runs = runs
        self._shares = shares
        self._locks: dict[str, ExitStack] = {}
        self._frees: set[asyncio.Task[None]] = set()

    def add_to(self, node: Node) -> None:
        """Let a node answer them."""
        node.handlers[LOOK] = self.look
        node.handlers[EXCHANGE] = self.exchange
        node.handlers[MEASURE] = self.measure
        node.handlers[HOLD_LOCK] = self.hold_lock
        node.handlers[FREE_LOCK] = self.free_lock
        node.handlers[SEES_LOCK] = self.sees_lock

    async def look(self) -> Facts:
        """Return the ids of the shares that are mounted, and the number of titles that are packed."""
        shares = await asyncio.to_thread(self._mounted)
        return {"shares": [*shares], "titles": self._runs.titles}

    def _mounted(self) -> list[str]:
        return [share.share_id for share in self._shares() if not state_of(share)]

    async def exchange(self, task: str = "", wish: str = "") -> Facts:
        """Pass on the wish of the owner; return progress and checkpoint."""
        return self._runs.exchange(task, wish)

    async def measure(self, payload: Facts) -> Facts:
        """Return the speeds of this machine for a title."""
        return await asyncio.to_thread(self._runs.measure, plain(payload))

    async def hold_lock(self, share: str = "", token: str = "") -> Facts:
        """Hold the lock of a test file until it is freed."""
        stack = ExitStack()

        def hold() -> str:
            try:
                stack.enter_context(held_test_lock(self._root(share), token))
            except DiscpressError as error:
                return str(error)
            return ""

        problem = await asyncio.to_thread(hold)
        if not problem:
            self._locks[token] = stack
            task = asyncio.create_task(self._free_later(token))
            self._frees.add(task)
            task.add_done_callback(self._frees.discard)
        return {"problem": problem}

    async def _free_later(self, token: str) -> None:
        """Free a lock that its owner has forgotten, or whose answer did not reach it in time."""
        await asyncio.sleep(HELD_S)
        await self.free_lock(token)

    async def close(self) -> None:
        """Free all locks: this machine leaves."""
        for task in [*self._frees]:
            task.cancel()
        for token in [*self._locks]:
            await self.free_lock(token)

    async def free_lock(self, token: str = "") -> Facts:
        """Free the lock of a test file."""
        stack = self._locks.pop(token, None)
        if stack is not None:
            await asyncio.to_thread(stack.close)
        return {}

    async def sees_lock(self, share: str = "", token: str = "") -> Facts:
        """Return whether this machine sees a lock that the owner holds."""
        try:
            return {"is_seen": await asyncio.to_thread(lambda: sees_test_lock(self._root(share), token))}
        except DiscpressError as error:
            return {"is_seen": False, "problem": str(error)}

    def _root(self, share_id: str) -> Path:
        for share in self._shares():
            if share.share_id == share_id:
                return share.path
        raise ClusterError("this machine does not know the share")


async def be_machine(
    joining: Joining,
    runs: Runs,
    shares: Callable[[], Iterable[LocalShare]],
    tell: Callable[[str], object],
    is_stopped: Callable[[], bool],
) -> None:
    """Belong to a cluster until a stop is requested; a lost scheduler is waited for.

    `tell` gets the address of this machine each time that it was admitted, and an empty text when the scheduler is
    lost. Raises ClusterError if this machine is refused, or nothing answers at first.
    """
    _Here.runs = runs
    requests = Requests(runs, shares)
    was_there = False
    try:
        while not is_stopped():
            try:
                await _stay(joining, requests, runs, tell, is_stopped)
                was_there = True
            except (UnreachableError, OSError) as error:
                if not was_there:
                    raise _as_error(joining, error) from error
            if not is_stopped():
                await asyncio.sleep(_RETRY_S)
    finally:
        _Here.runs = None
        await requests.close()
        await asyncio.to_thread(runs.stop)


def _as_error(joining: Joining, error: Exception) -> ClusterError:
    if isinstance(error, ClusterError):
        return error
    return UnreachableError(
        f"{display_name(joining.address)}: no cluster of discpress answers there",
        hint="check the address, and whether it begins with tls:",
    )


async def _stay(
    joining: Joining,
    requests: Requests,
    runs: Runs,
    tell: Callable[[str], object],
    is_stopped: Callable[[], bool],
) -> None:
    """Join, and stay until the scheduler is lost or a stop is requested."""
    own_host = await asyncio.to_thread(probe, joining.address, joining.certificates)
    security = security_of(joining.certificates)
    name = f"{joining.label}-{secrets.token_hex(6)}"
    if not await _within(_say_hello(joining, name), is_stopped):
        return
    runs.is_leaving = False
    with tempfile.TemporaryDirectory(prefix="discpress-machine-", ignore_cleanup_errors=True) as folder:
        node = new_worker(joining.address, security, joining.host or own_host, name, folder)
        requests.add_to(node)
        try:
            # A scheduler that was started again since the greeting knows nothing of this machine: join again then.
            if await _within(_registered(node), is_stopped) is None or not await _is_listed(joining, name, is_stopped):
                return
            tell(node.address)
            while not is_stopped() and str(getattr(node, "status", "")).rpartition(".")[2] not in _GONE:
                await asyncio.sleep(_POLL_S)
        finally:
            if is_stopped():
                await asyncio.to_thread(runs.stop)
            runs.is_leaving = True
            with suppress(Exception):  # a worker that was not started whole may raise anything
                await asyncio.wait_for(node.close(timeout=5), _CLOSES_S)
    if not is_stopped():
        tell("")


async def _within(work: Coroutine[Any, Any, T], is_stopped: Callable[[], bool]) -> T | None:
    """Return the result of work; None after a stop. Raises TimeoutError after REGISTERS_S, and what the work raises."""
    task = asyncio.create_task(work)
    try:
        ends_at = time.monotonic() + REGISTERS_S
        while not (await asyncio.wait({task}, timeout=_POLL_S))[0]:
            if is_stopped():
                return None
            if time.monotonic() > ends_at:
                raise TimeoutError("no answer")
        if task.cancelled():  # distributed does so to what waits for a connection that it closes
            raise OSError("the connection was closed")
        return task.result()
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=_CLOSES_S)


async def _registered(node: Node) -> bool:
    try:
        await node
    except RuntimeError as error:  # distributed wraps what went wrong
        raise OSError(str(error.__cause__ or error)) from error
    return True


async def _is_listed(joining: Joining, name: str, is_stopped: Callable[[], bool]) -> bool:
    found = await _within(ask(joining.address, security_of(joining.certificates), MACHINES), is_stopped)
    return isinstance(found, list) and any(isinstance(each, dict) and each.get("name") == name for each in found)


async def _say_hello(joining: Joining, name: str) -> bool:
    """Be admitted, and return True. Raises ClusterError with the reason why not, OSError."""
    facts: Facts = {**own_facts(), "label": joining.label, "threads": joining.threads, "at": time.time()}
    answer = await ask(joining.address, security_of(joining.certificates), HELLO, name=name, facts=facts)
    if not isinstance(answer, dict) or "problem" not in answer:
        raise ClusterError(
            f"{display_name(joining.address)}: is no cluster of discpress", hint="check the address of the cluster"
        )
    if answer["problem"]:
        raise ClusterError(str(answer["problem"]), hint=str(answer.get("hint", "")))
    return True

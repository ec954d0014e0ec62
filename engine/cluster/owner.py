"""The owner's side of a cluster: the machines that are there, and the titles that they pack for its queue.

One thread has the connection, and its event loop; the threads of jobs wait for what runs in it.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from typing import Any

from discpress.engine.cluster.calls import Calls, EndedError
from discpress.engine.cluster.connection import Facts, Link, quiet_logs, security_of
from discpress.engine.cluster.entry.admission import BAR, MACHINES
from discpress.engine.cluster.files import ClusterFiles, ClusterRecord
from discpress.engine.cluster.machine import EXCHANGE, FREE_LOCK, HOLD_LOCK, LOOK, MEASURE, SEES_LOCK, work
from discpress.engine.cluster.payload import Payload, measured_of, packed_of
from discpress.engine.cluster.seen import Machine, machine_of
from discpress.engine.convert.elsewhere import Packed
from discpress.engine.errors import ClusterError, DiscpressError
from discpress.engine.measure.speeds import Measured
from discpress.engine.names import display_name
from discpress.engine.shares.locks import held_test_lock, new_token, sees_test_lock
from discpress.engine.shares.rows import LocalShare, LockTest

LOOK_S = 5.0
"""Interval between two questions to a machine which shares it sees."""
POLL_S = 0.5
"""Interval between two looks at a task, and at the machines."""
ASK_S = 10.0
"""Longest wait for an answer."""
MEASURE_S = 120.0
"""Longest wait for the speeds of a machine: 16 MiB over a slow link, and a second of packing."""
ENDS_S = 30.0
"""A machine that has not stopped for so long after it was asked to is lost as well."""
LOST_S = 15.0
"""A machine that has not answered for so long is lost."""
RECONNECT_S = 10.0
"""A scheduler that is lost may be started again: titles wait so long for it, if this machine only proves."""
MOST_RETRY_S = 30.0
"""Longest interval between two tries to connect; the first one is _RETRY_S."""
_RETRY_S = 1.0
SEES = "machines of the cluster: "
"""Precedes the machines in the worker's log."""
_ENDINGS = {"suspend", "cancel"}
_log = logging.getLogger("discpress.worker")


class LostMachineError(ClusterError):
    """The machine, or the scheduler, is gone."""


class Machines:
    """The connection to a cluster; start it once, and close it."""

    def __init__(self, files: ClusterFiles, record: ClusterRecord) -> None:
        """`record` is that of the cluster which this machine runs; it may start another one in the same `files`."""
        self._files = files
        self.is_prove_only = record.is_prove_only
        """Whether this machine packs nothing that another one can, by the cluster that it connected to last."""
        self._calls = Calls(self._live)
        self._link: Link | None = None
        self._is_closing = False
        self._is_loss_told = False
        self._wait_s = _RETRY_S
        self._seen: tuple[Machine, ...] = ()
        self._lost_at = time.monotonic()
        self._has_answered = False
        self._looks: dict[str, tuple[Machine | None, float]] = {}

    def start(self) -> None:
        """Begin to connect."""
        quiet_logs()
        self._calls.start()

    def close(self) -> None:
        """End the connection soon; the titles on other machines are lost then, and queued again."""
        self._is_closing = True

    def join(self) -> None:
        """Wait a moment for the end."""
        self._calls.join()

    @property
    def seen(self) -> tuple[Machine, ...]:
        """The machines that are there now."""
        return self._seen

    @property
    def was_tried(self) -> bool:
        """Whether the scheduler answers, or has not answered for RECONNECT_S: until then it may come back."""
        return self._has_answered or time.monotonic() - self._lost_at > RECONNECT_S

    async def _live(self) -> None:
        while not self._is_closing:
            try:
                record = self._files.running()
                if record is None:  # what listens at the address of a killed cluster may be anything
                    self._wait_s = _RETRY_S
                else:
                    await self._stay(record)
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the queue goes on without it
                if not self._is_loss_told:
                    _log.info("the cluster does not answer: %s", error)
                self._is_loss_told = True
            self._seen, self._link = (), None
            await self._wait_to_retry()

    async def _wait_to_retry(self) -> None:
        ends_at = time.monotonic() + self._wait_s
        self._wait_s = min(2 * self._wait_s, MOST_RETRY_S)
        while not self._is_closing and time.monotonic() < ends_at:
            await asyncio.sleep(POLL_S)

    async def _stay(self, record: ClusterRecord) -> None:
        link = Link(record.address, security_of(self._files.certificates_for(record)))
        try:
            await asyncio.wait_for(link.open(), 2 * ASK_S)
            self._link, self.is_prove_only = link, record.is_prove_only
            while not self._is_closing:
                found = await asyncio.wait_for(link.ask_scheduler(MACHINES), ASK_S)
                addresses = {facts.get("address") for facts in found}
                self._looks = {address: look for address, look in self._looks.items() if address in addresses}
                seen = [await self._look(link, facts) for facts in found]
                self._see(tuple(machine for machine in seen if machine is not None))
                await asyncio.sleep(POLL_S)
        finally:
            if self._link is not None:
                self._link, self._seen, self._lost_at, self._has_answered = None, (), time.monotonic(), False
            with contextlib.suppress(OSError, asyncio.TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(link.close(), ASK_S)

    def _see(self, seen: tuple[Machine, ...]) -> None:
        if not self._has_answered or seen != self._seen:
            names = ", ".join(f"{machine.label} at {machine.address}" for machine in seen)
            _log.info("%s%s", SEES, names or "none")
        self._seen, self._has_answered = seen, True
        self._is_loss_told, self._wait_s = False, _RETRY_S

    async def _look(self, link: Link, facts: Facts) -> Machine | None:
        address = str(facts.get("address"))
        known, looked_at = self._looks.get(address, (None, -LOOK_S))
        if time.monotonic() - looked_at < LOOK_S:
            return known
        try:
            answer = await asyncio.wait_for(link.ask_worker(address, LOOK), ASK_S)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - distributed raises whatever went wrong there
            return None
        known = machine_of(facts, answer)
        self._looks[address] = known, time.monotonic()
        return known

    def pack(
        self, machine: Machine, payload: Payload, wish: Callable[[], str], on_report: Callable[[Facts], object]
    ) -> Packed:
        """Let a machine pack a title, and return the finished part.

        `wish` returns what the machine shall do, `on_report` gets progress and checkpoints. Raises RemoteError with
        what went wrong there, LostMachineError if it is gone.
        """
        return packed_of(_result_of(self._call(self._pack(machine, payload, wish, on_report)), machine))

    async def _pack(
        self, machine: Machine, payload: Payload, wish: Callable[[], str], on_report: Callable[[Facts], object]
    ) -> Facts:
        link = self._link
        if link is None:
            raise LostMachineError(f"{machine.label}: the cluster does not answer")
        key = f"{payload.task} {secrets.token_hex(4)}"
        future = link.submit(work, payload.to_plain(), key, machine.address)
        ended = asyncio.ensure_future(future.result())
        try:
            heard_at = asked_at = time.monotonic()
            while not (await asyncio.wait({ended}, timeout=POLL_S))[0]:
                asked, now = wish(), time.monotonic()
                asked_at = asked_at if asked in _ENDINGS else now
                if await self._exchange(link, machine, payload.task, asked, on_report):
                    heard_at = now
                is_there = self._link is link and any(each.address == machine.address for each in self._seen)
                if not is_there or now - heard_at > LOST_S or now - asked_at > ENDS_S:
                    raise LostMachineError(f"{machine.label}: this machine or the cluster is lost")
            return dict(ended.result())
        except LostMachineError:
            self._forget(machine)
            raise
        except (Exception, asyncio.CancelledError) as error:
            # distributed raises errors of many kinds for a task whose worker, scheduler or client has gone.
            self._forget(machine)
            raise LostMachineError(f"{machine.label}: this machine or the cluster is lost ({error!r})") from error
        finally:
            ended.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await ended
            with contextlib.suppress(Exception):
                future.release()

    def _forget(self, machine: Machine) -> None:
        """Give a lost machine no work until the scheduler lists it again."""
        self._seen = tuple(each for each in self._seen if each.address != machine.address)

    async def _exchange(
        self, link: Link, machine: Machine, task: str, wish: str, on_report: Callable[[Facts], object]
    ) -> bool:
        try:
            answer = await asyncio.wait_for(link.ask_worker(machine.address, EXCHANGE, task=task, wish=wish), ASK_S)
        except Exception:  # noqa: BLE001 - as above
            return False
        await asyncio.to_thread(on_report, answer)
        return True

    def bar(self, machine: Machine) -> None:
        """Let a machine get no titles until it joins again, if the cluster answers; `cluster status` shows that."""

        async def bar() -> None:
            if self._link is not None:
                await asyncio.wait_for(self._link.ask_scheduler(BAR, address=machine.address), ASK_S)

        with contextlib.suppress(Exception):  # distributed raises errors of many kinds
            self._call(bar())

    def measure(self, machine: Machine, payload: Payload, check: Callable[[], object]) -> Measured:
        """Let a machine measure its speeds for a title; `check` is called meanwhile and may raise to stop.

        Raises RemoteError with what went wrong there, LostMachineError if it is gone.
        """
        result = _result_of(self._ask(machine, MEASURE, MEASURE_S, check, payload=payload.to_plain()), machine)
        return measured_of(result if isinstance(result, dict) else {}, machine.label)

    def test_locks(self, machine: Machine, share: LocalShare) -> LockTest:
        """Test whether this machine and another one see each other's locks in a share.

        Raises LostMachineError, ShareError, StorageError; ClusterError if the other machine cannot test the share.
        """
        with held_test_lock(share.path) as token:
            is_ours_seen = self._tested(machine, SEES_LOCK, share, token).get("is_seen") is True
        token = new_token()
        try:  # a request that was not answered may have been carried out
            self._tested(machine, HOLD_LOCK, share, token)
            is_theirs_seen = sees_test_lock(share.path, token)
        finally:
            with contextlib.suppress(LostMachineError):  # the machine frees it after a while anyway
                self._ask(machine, FREE_LOCK, token=token)
        return LockTest(share.share_id, machine.label, is_ours_seen, is_theirs_seen, time.time())

    def _tested(self, machine: Machine, request: str, share: LocalShare, token: str) -> Facts:
        """Send one request of a lock test. Raises LostMachineError, ClusterError with the problem of the machine."""
        answer = self._ask(machine, request, share=share.share_id, token=token)
        if answer.get("problem"):
            raise ClusterError(f"{machine.label}: {display_name(str(answer['problem']))}")
        return answer

    def _ask(
        self,
        machine: Machine,
        request: str,
        wait_s: float = ASK_S,
        check: Callable[[], object] = lambda: None,
        **facts: object,
    ) -> Facts:
        async def ask() -> Any:
            if self._link is None:
                raise LostMachineError(f"{machine.label}: the cluster does not answer")
            return await asyncio.wait_for(self._link.ask_worker(machine.address, request, **facts), wait_s)

        try:
            return dict(self._call(ask(), check))
        except DiscpressError:
            raise
        except Exception as error:
            raise LostMachineError(f"{machine.label}: does not answer") from error

    def _call(self, work: Coroutine[Any, Any, Any], check: Callable[[], object] = lambda: None) -> Any:
        """Run a coroutine in the thread of the connection. Raises LostMachineError after the end of the connection."""
        try:
            return self._calls.run(work, check)
        except EndedError as error:
            raise LostMachineError(str(error)) from error


def _result_of(answer: Facts, machine: Machine) -> Any:
    """Return the result in the answer of a machine. Raises RemoteError with what went wrong there."""
    problem = answer.get("error")
    if isinstance(problem, dict):
        raise RemoteError(machine.label, problem)
    return answer.get("result")


class RemoteError(DiscpressError):
    """An error that another machine has reported."""

    def __init__(self, machine: str, problem: Facts) -> None:
        message, hint = display_name(str(problem.get("message", ""))), display_name(str(problem.get("hint", "")))
        super().__init__(f"{machine}: {message}", hint=hint)
        self.kind = str(problem.get("code", ""))
        """The `code` of the error there."""

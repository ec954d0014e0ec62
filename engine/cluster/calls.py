"""One thread with an event loop, and the calls of other threads that run in it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import wait
from typing import Any

from discpress.engine.errors import ClusterError

_POLL_S = 0.5
_POLL_END_S = 0.05
_CLOSES_S = 3.0


class EndedError(ClusterError):
    """The thread has ended, or ends."""


class Calls:
    """The thread; start it once."""

    def __init__(self, live: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """`live` runs in the thread; after it, the thread ends as soon as no other one waits for a result."""
        self._live = live
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True, name="cluster")
        self._lock = threading.Lock()
        self._waiting = 0
        self._is_over = False

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self) -> None:
        """Wait a moment for the end."""
        self._thread.join(_CLOSES_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        finally:
            with self._lock:
                self._is_over = True
            self._loop.close()

    async def _main(self) -> None:
        await self._live()
        while not self._has_ended():
            await asyncio.sleep(_POLL_END_S)

    def _has_ended(self) -> bool:
        """Return whether no thread waits any longer; none may begin to after that."""
        with self._lock:
            self._is_over = not self._waiting
            return self._is_over

    def run(self, work: Coroutine[Any, Any, Any], check: Callable[[], object] = lambda: None) -> Any:
        """Run a coroutine in the thread, and return its result; `check` may raise to stop.

        Raises EndedError if the thread has ended, even without an end in order.
        """
        with self._lock:
            if self._is_over:
                work.close()
                raise EndedError("the cluster has ended")
            self._waiting += 1
        try:
            return self._wait_for(work, check)
        finally:
            with self._lock:
                self._waiting -= 1

    def _wait_for(self, work: Coroutine[Any, Any, Any], check: Callable[[], object]) -> Any:
        try:
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError as error:  # the loop was closed just now
            work.close()
            raise EndedError("the cluster has ended") from error
        while not wait([future], _POLL_S).done:
            try:
                check()
            except BaseException:
                future.cancel()
                raise
            if not self._thread.is_alive() and not future.done():
                with contextlib.suppress(RuntimeError):
                    work.close()
                raise EndedError("the connection to the cluster has ended")
        return future.result()

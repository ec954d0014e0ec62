"""Queries to disks in threads: a share that hangs must freeze neither the screen nor the end of the app."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from textual.dom import DOMNode

from discpress.engine.system.asking import ask_aside

T = TypeVar("T")

TIMEOUT_S = 5.0
"""After so long a disk counts as one that does not answer."""


class DiskQueries:
    """Asks one thing at a time: on a disk that does not answer no more than one thread is ever lost."""

    def __init__(self) -> None:
        self._running: Future[Any] | None = None

    async def ask(self, query: Callable[[], T], on_silence: Callable[[], None] = lambda: None) -> T:
        """Return the answer, however late, or raise what the query raises; after TIMEOUT_S call `on_silence` once."""
        silence = asyncio.get_running_loop().call_later(TIMEOUT_S, on_silence)
        try:
            while self._running is not None and not self._running.done():
                await asyncio.wait([asyncio.wrap_future(self._running)])
            answer = ask_aside(query)
            self._running = answer
            return await asyncio.wrap_future(answer)
        finally:
            silence.cancel()

    async def ask_with_timeout(self, query: Callable[[], T]) -> T:
        """Return the answer, or raise what the query raises; TimeoutError after TIMEOUT_S without an answer."""
        return await asyncio.wait_for(self.ask(query), TIMEOUT_S)


def run_exclusive(node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
    """Run a coroutine function for a screen or widget, in place of the last one of its group; it ends with those."""
    # Not a coroutine: one that is cancelled before it begins would be reported as never awaited.
    worker: Callable[[], Awaitable[None]] = work
    node.run_worker(worker, exclusive=True, group=group)


def run_detached(node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run what a user has asked for to its end, whatever becomes of the screen it was asked on."""
    worker: Callable[[], Awaitable[None]] = work
    node.app.run_worker(worker, exclusive=False, group="detached")

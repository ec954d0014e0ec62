"""What the app asks disks: aside, for a share that hangs must freeze neither the screen nor the end of the app."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from textual.dom import DOMNode

from engine.system.asking import ask_aside

T = TypeVar("T")

PATIENCE_S = 5.0
"""After so long a disk is said not to answer."""


class Inquiry:
    """Asks one thing at a time: on a disk that does not answer no more than one thread is ever lost."""

    def __init__(self) -> None:
        self._under_way: Future[Any] | None = None

    async def ask(self, question: Callable[[], T], on_silence: Callable[[], None] = lambda: None) -> T:
        """Return the answer, however late, or raise what the question raises; after 5 s call `on_silence` once."""
        silence = asyncio.get_running_loop().call_later(PATIENCE_S, on_silence)
        try:
            while self._under_way is not None and not self._under_way.done():
                await asyncio.wait([asyncio.wrap_future(self._under_way)])
            answer = ask_aside(question)
            self._under_way = answer
            return await asyncio.wrap_future(answer)
        finally:
            silence.cancel()

    async def ask_in_time(self, question: Callable[[], T]) -> T:
        """Return the answer, or raise what the question raises; TimeoutError after 5 s without."""
        return await asyncio.wait_for(self.ask(question), PATIENCE_S)


def begin(node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
    """Run a coroutine function beside a screen or widget, in place of the last one of its group; it ends with those."""
    # Not a coroutine: one that is cancelled before it begins would be reported as never awaited.
    worker: Callable[[], Awaitable[None]] = work
    node.run_worker(worker, exclusive=True, group=group)


def begin_wish(node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run what a user has asked for beside all else, to its end, whatever becomes of the screen it was asked on."""
    wish: Callable[[], Awaitable[None]] = work
    node.app.run_worker(wish, exclusive=False, group="wishes")

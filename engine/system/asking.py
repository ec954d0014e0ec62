"""Questions to the system that may never be answered: a network share that hangs holds the thread that asks.

So each is asked in a thread of its own. It ends with the answer, and keeps no process from ending before.
"""

import contextlib
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_LOOK_S = 0.1


def ask_aside(question: Callable[[], T]) -> "Future[T]":
    """Ask in a daemon thread; the result, or what the question raises, is the future's."""
    answer: Future[T] = Future()
    answer.set_running_or_notify_cancel()  # it cannot be taken back: whoever waits for it may only stop waiting

    def ask() -> None:
        try:
            answer.set_result(question())
        except BaseException as error:  # noqa: BLE001 - it is raised in whoever takes the answer
            answer.set_exception(error)

    threading.Thread(target=ask, name="ask-aside", daemon=True).start()
    return answer


def wait_for_answer(answer: "Future[T]", look: Callable[[], object]) -> T:
    """Return an answer, or raise what its question raised; `look`, called ten times a second, may raise to stop."""
    while not wait([answer], _LOOK_S).done:
        look()
    return answer.result()


def touch(folder: Path) -> None:
    """Return when the folder's disk has answered, if only by an error.

    It is asked for its free space: stat is answered from what the system remembers of a share.
    """
    with contextlib.suppress(OSError):
        shutil.disk_usage(folder)

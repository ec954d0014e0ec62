"""Runs system calls that may never return, because a network share that hangs blocks the calling thread.

Each call runs in its own daemon thread, which ends with the answer and does not keep the process alive.
"""

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")

_LOOK_S = 0.1


def ask_aside(question: Callable[[], T]) -> "Future[T]":
    """Call `question` in a daemon thread; the future holds its result or the exception it raised."""
    from concurrent.futures import Future  # noqa: PLC0415 - loads `logging`, which help does without

    answer: Future[T] = Future()
    answer.set_running_or_notify_cancel()  # the call cannot be cancelled: the caller can only stop waiting

    def ask() -> None:
        try:
            answer.set_result(question())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller that takes the result
            answer.set_exception(error)

    threading.Thread(target=ask, name="ask-aside", daemon=True).start()
    return answer


def wait_for_answer(answer: "Future[T]", look: Callable[[], object]) -> T:
    """Return the result of a future, or raise its exception; `look`, called ten times a second, may raise to stop."""
    from concurrent.futures import wait  # noqa: PLC0415 - as above

    while not wait([answer], _LOOK_S).done:
        look()
    return answer.result()


def touch(folder: Path) -> None:
    """Return when the folder's disk has responded, even with an error.

    The call asks for the free space, because the system answers stat from its cache of a share.
    """
    import shutil  # noqa: PLC0415 - loads three compressors

    with contextlib.suppress(OSError):
        shutil.disk_usage(folder)

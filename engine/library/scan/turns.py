"""Turns: the threads of a scan work one after another, as long as none of them waits for a disk."""

import threading
import time
from collections import deque

_TURN_S = 0.02
"""Time after which the next thread may work: a few hundred files in memory."""
_PATIENCE_S = 0.25
"""Longest wait for a turn: whoever has it waits for something, perhaps for ever."""
_REST_S, _MOST_REST_S = 0.25, 4.0
"""Time without turns after one that was mostly spent waiting; twice as long each time, until one was not."""


def mostly_waited(took_s: float, used_s: float) -> bool:
    """Return whether a thread that used so much processor time, s, waited for longer than that."""
    return took_s > 2 * used_s


class Turns:
    """The turns of some threads, each of which calls `take` between two steps and `end` before it waits.

    Python runs one thread at a time. A thread that reads small files from memory lets another one run at each call of
    the system, and must wake up again afterwards. Threads that do so at once take nearly twice as long as one after
    another. Threads that wait for a disk do not, and must not wait for each other.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._owner: int | None = None
        self._waiting: deque[int] = deque()
        self._since_s = self._used_s = self._rest_until_s = 0.0
        self._rest_s = _REST_S

    def take(self) -> None:
        """Go on to work: wait for a turn, if there are turns, or let another thread work after a long one."""
        me = threading.get_ident()
        if self._owner == me and not self._waiting:
            return
        with self._changed:
            now_s = time.monotonic()
            if self._owner == me:
                if now_s - self._since_s < _TURN_S:
                    return
                self._pass_on(now_s)
            if now_s < self._rest_until_s:
                return
            if self._owner is not None:
                self._waiting.append(me)
                if not self._changed.wait_for(lambda: me not in self._waiting, _PATIENCE_S):
                    self._rest(time.monotonic())
                if self._owner != me:
                    return
            self._owner, self._since_s, self._used_s = me, time.monotonic(), time.thread_time()

    def end(self) -> None:
        """Let other threads work while this one waits."""
        with self._changed:
            if self._owner == threading.get_ident():
                self._pass_on(time.monotonic())

    def _pass_on(self, now_s: float) -> None:
        took_s = now_s - self._since_s
        if mostly_waited(took_s - _TURN_S / 10, time.thread_time() - self._used_s):
            self._rest(now_s)
            return
        if took_s >= _TURN_S:
            self._rest_s = _REST_S
        self._owner = self._waiting.popleft() if self._waiting else None
        self._changed.notify_all()

    def _rest(self, now_s: float) -> None:
        self._owner, self._rest_until_s = None, now_s + self._rest_s
        self._rest_s = min(2 * self._rest_s, _MOST_REST_S)
        self._waiting.clear()
        self._changed.notify_all()

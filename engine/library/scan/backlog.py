"""The files that a walk has found and no thread has read yet."""

import queue
import threading
import time
from pathlib import Path

from discpress.engine.library.scan.turns import Turns, mostly_waited

_LOOK_S = 0.25
"""Time between two looks whether the thread that reads needs help."""
_QUICK_S = 0.00025
"""A file that takes less was in memory; one that takes longer was not if its thread mostly waited."""


class Backlog:
    """A queue of limited length between threads that wake each other rarely: a full one is first half emptied.

    A scan that woke a thread for each file would spend more time on that than on the files of a fast disk.
    """

    def __init__(self, limit: int, turns: Turns) -> None:
        """Take the largest number of files, which each thread may exceed by one, and the turns that waiting ends."""
        self._limit = limit
        self._turns = turns
        self._files: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._has_space = threading.Event()
        self._is_closed = threading.Event()
        self._taken = self._slow = 0
        self._taken_s = self._used_s = 0.0

    def put(self, path: Path, timeout_s: float) -> bool:
        """Append a file, if there is space for it within this time; return whether that was done."""
        if self._files.qsize() >= self._limit:
            self._has_space.clear()
            if self._files.qsize() > self._limit // 2 and not self._is_closed.is_set():
                self._turns.end()
                self._has_space.wait(timeout_s)
            if self._files.qsize() >= self._limit:
                return False
        if self._is_closed.is_set():
            return False
        self._files.put(path)
        return True

    def get(self) -> Path | None:
        """Return the next file as soon as there is one; None after `close`."""
        if not self._files.qsize():
            self._turns.end()
        path = self._files.get()
        if path is None or self._is_closed.is_set():
            self._turns.end()
            self._files.put(None)  # for the next thread
            return None
        self._turns.take()
        now_s, used_s = time.monotonic(), time.thread_time()
        took_s = now_s - self._taken_s
        self._slow += took_s > _QUICK_S and mostly_waited(took_s, used_s - self._used_s)
        self._taken_s, self._used_s = now_s, used_s
        self._taken += 1
        if self._files.qsize() <= self._limit // 2 and not self._has_space.is_set():
            self._has_space.set()
        return path

    def is_worth_help(self) -> bool:
        """Wait until files wait for a thread that takes long for most of them; return False after `close`.

        Several threads that read files from memory would take longer than one, because they wait for each other.
        """
        while not self._is_closed.is_set():
            taken, slow = self._taken, self._slow
            self._is_closed.wait(_LOOK_S)
            if self._files.qsize() and 2 * (self._slow - slow) >= self._taken - taken:
                break
        return not self._is_closed.is_set()

    def close(self) -> None:
        """Let no thread wait any more, and give it no file."""
        self._is_closed.set()
        self._files.put(None)
        self._has_space.set()

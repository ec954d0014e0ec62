"""The files that a walk has found and no thread has read yet."""

import queue
import threading
from pathlib import Path


class Backlog:
    """A queue of limited length between threads that wake each other rarely: a full one is first half emptied.

    A scan that woke a thread for each file would spend more time on that than on the files of a fast disk.
    """

    def __init__(self, limit: int) -> None:
        """Take the largest number of files; each thread that puts them may exceed it by one."""
        self._limit = limit
        self._files: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._has_space = threading.Event()
        self._is_closed = False

    def put(self, path: Path, timeout_s: float) -> bool:
        """Append a file, if there is space for it within this time; return whether that was done."""
        if self._files.qsize() >= self._limit:
            self._has_space.clear()
            if self._files.qsize() > self._limit // 2 and not self._is_closed:
                self._has_space.wait(timeout_s)
            if self._files.qsize() >= self._limit:
                return False
        if self._is_closed:
            return False
        self._files.put(path)
        return True

    def get(self) -> Path | None:
        """Return the next file as soon as there is one; None after `close`."""
        path = self._files.get()
        if path is None or self._is_closed:
            self._files.put(None)  # for the next thread
            return None
        if self._files.qsize() <= self._limit // 2 and not self._has_space.is_set():
            self._has_space.set()
        return path

    def close(self) -> None:
        """Let no thread wait any more, and give it no file."""
        self._is_closed = True
        self._files.put(None)
        self._has_space.set()

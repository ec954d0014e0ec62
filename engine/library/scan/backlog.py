"""The files that a walk has found and no thread has read yet."""

import threading
from collections import deque
from pathlib import Path


class Backlog:
    """A queue of limited length between threads that wake each other rarely: a full one is first half emptied.

    A scan that woke a thread for each file would spend more time on that than on the files of a fast disk.
    """

    def __init__(self, limit: int) -> None:
        """Take the largest number of files."""
        self._limit = limit
        self._files: deque[Path] = deque()
        self._is_closed = False
        lock = threading.Lock()
        self._filled = threading.Condition(lock)
        self._emptied = threading.Condition(lock)

    def put(self, path: Path, timeout_s: float) -> bool:
        """Append a file, if there is space for it within this time; return whether that was done."""
        with self._emptied:
            if len(self._files) >= self._limit:
                self._emptied.wait_for(lambda: len(self._files) <= self._limit // 2 or self._is_closed, timeout_s)
            if len(self._files) >= self._limit or self._is_closed:
                return False
            self._files.append(path)
            self._filled.notify()
            return True

    def get(self) -> Path | None:
        """Return the next file as soon as there is one; None after `close`."""
        with self._filled:
            self._filled.wait_for(lambda: self._files or self._is_closed)
            if self._is_closed:
                return None
            path = self._files.popleft()
            if len(self._files) == self._limit // 2:
                self._emptied.notify_all()
            return path

    def close(self) -> None:
        """Drop all files, and let no thread wait any more."""
        with self._filled:
            self._is_closed = True
            self._files.clear()
            self._filled.notify_all()
            self._emptied.notify_all()

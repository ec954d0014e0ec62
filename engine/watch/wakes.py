"""News of changes on local disks, by the package watchfiles: a folder is then looked at before its time has come.

Shares send no news of what other machines write, so the looks at intervals stay.
"""

import threading
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue

_STEP_MS = 500
"""How soon a thread notices that it should end."""
_DEBOUNCE_MS = 500
"""Changes are told together, at most so late."""


class Wakes:
    """Tells in which folders something has changed; one thread for each folder."""

    def __init__(self) -> None:
        self._changed: SimpleQueue[Path] = SimpleQueue()
        self._ends: dict[Path, threading.Event] = {}
        self._is_there = find_spec("watchfiles") is not None

    def follow(self, folders: Iterable[Path]) -> None:
        """Listen to these folders, and no longer to others; without the package to none."""
        wanted = set(folders) if self._is_there else set()
        for folder in self._ends.keys() - wanted:
            self._ends.pop(folder).set()
        for folder in wanted - self._ends.keys():
            end = self._ends[folder] = threading.Event()
            # A daemon: a disk that does not answer must not keep the process from ending.
            threading.Thread(target=self._listen, args=(folder, end), name="wake", daemon=True).start()

    def take(self) -> set[Path]:
        """Return the folders that have changed since the last call."""
        folders = set()
        while True:
            try:
                folders.add(self._changed.get_nowait())
            except Empty:
                return folders

    def _listen(self, folder: Path, end: threading.Event) -> None:
        from watchfiles import watch  # noqa: PLC0415 - an extra

        try:
            for changes in watch(
                folder,
                watch_filter=None,
                debounce=_DEBOUNCE_MS,
                rust_timeout=_STEP_MS,
                yield_on_timeout=True,
                stop_event=end,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                if changes:
                    self._changed.put(folder)
        except (OSError, RuntimeError):
            # The folder is away, or has too many folders for the system: the next turn tries again.
            if self._ends.get(folder) is end:
                del self._ends[folder]

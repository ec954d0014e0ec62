"""The disks that no longer respond during a scan, so that it skips them instead of giving up their files one by one."""

from concurrent.futures import wait
from functools import partial
from pathlib import Path

from discpress.engine.system.asking import ask_aside, touch

ANSWER_S = 1.0
"""When a file or folder is given up, its parent folder is probed; if that takes longer, the whole disk is given up."""


class Silence:
    """The disks of the searched folders; any thread may read, only one writes."""

    def __init__(self) -> None:
        self._devices: dict[Path, int] = {}
        self._silent: set[int] = set()

    def __bool__(self) -> bool:
        """Whether any disk has stopped responding."""
        return bool(self._silent)

    def __contains__(self, device: int) -> bool:
        return device in self._silent

    def note(self, folder: Path, device: int) -> None:
        """Note the device of a folder that has responded."""
        self._devices[folder] = device

    def knows(self, folder: Path) -> bool:
        """Return whether a folder has responded at least once."""
        return folder in self._devices

    def covers(self, folder: Path) -> bool:
        """Return whether a folder's disk has stopped responding."""
        return self._devices.get(folder) in self._silent

    def ask(self, folder: Path) -> bool:
        """Probe a folder's disk, and return whether it has stopped responding."""
        device = self._devices.get(folder)
        if device is None or device in self._silent:
            return device is not None
        if wait([ask_aside(partial(touch, folder))], ANSWER_S).not_done:
            self._silent.add(device)
        return device in self._silent

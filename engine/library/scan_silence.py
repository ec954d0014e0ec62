"""Which disks a scan does not ask any more: what lies on one that does not answer would be given up one by one."""

from concurrent.futures import wait
from functools import partial
from pathlib import Path

from engine.system.asking import ask_aside, touch

ANSWER_S = 1.0
"""When a file or folder is given up the folder around it is asked, and where that takes longer its disk is given up."""


class Silence:
    """The disks of the folders that were searched; any thread may ask, one notes."""

    def __init__(self) -> None:
        self._devices: dict[Path, int] = {}
        self._silent: set[int] = set()

    def __contains__(self, device: int) -> bool:
        return device in self._silent

    def note(self, folder: Path, device: int) -> None:
        """Note the device of a folder that has answered."""
        self._devices[folder] = device

    def knows(self, folder: Path) -> bool:
        """Return whether a folder has answered at least once."""
        return folder in self._devices

    def covers(self, folder: Path) -> bool:
        """Return whether a folder's disk does not answer any more."""
        return self._devices.get(folder) in self._silent

    def ask(self, folder: Path) -> bool:
        """Ask a folder's disk whether it answers, and return whether it does not any more."""
        device = self._devices.get(folder)
        if device is None or device in self._silent:
            return device is not None
        if wait([ask_aside(partial(touch, folder))], ANSWER_S).not_done:
            self._silent.add(device)
        return device in self._silent

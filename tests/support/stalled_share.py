"""A network share that hangs: a folder behind bindfs (FUSE), whose process is stopped and woken up by signals."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Self

from patience import HANG_S


def why_not() -> str:
    """Return why there can be no such share here; empty where there can."""
    if shutil.which("bindfs") is None:
        return "bindfs is not installed"
    return "" if os.access("/dev/fuse", os.R_OK | os.W_OK) else "/dev/fuse cannot be opened"


class StalledShare:
    """`source` seen at `mount`; a context manager that wakes it and takes it away."""

    def __init__(self, source: Path, mount: Path) -> None:
        source.mkdir(parents=True, exist_ok=True)
        mount.mkdir(parents=True, exist_ok=True)
        self.mount = mount
        self._process = subprocess.Popen(["bindfs", "-f", "--no-allow-other", source, mount])
        until = time.monotonic() + HANG_S
        while not os.path.ismount(mount):
            assert time.monotonic() < until, "bindfs has not mounted the folder"
            time.sleep(0.02)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.wake()
        subprocess.run(["umount", "-l", self.mount], check=True, timeout=HANG_S)
        self._process.wait(HANG_S)

    def stall(self) -> None:
        """From now on no access comes back: none fails, none is answered."""
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Let all that waits go on."""
        self._process.send_signal(signal.SIGCONT)

"""A clock for whole processes that runs at any rate, and whose wall clock jumps: virtual_clock.c, from outside."""

import mmap
import os
import struct
import subprocess
import time
from pathlib import Path

_FIELDS = struct.Struct("=Qdddd")
"""turn, rate, real_base, virtual_base, wall: as in virtual_clock.c."""
_SOURCE = Path(__file__).with_name("virtual_clock.c")


class VirtualClock:
    """Shared with every process that is started with its `environment`; times in seconds."""

    def __init__(self, folder: Path) -> None:
        """Build the library and begin at the real time, at the real rate. CalledProcessError without a C compiler."""
        self._library, self._path = folder / "virtual_clock.so", folder / "virtual_clock"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", self._library, _SOURCE, "-ldl"], check=True)
        self._path.write_bytes(bytes(mmap.PAGESIZE))
        with self._path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        now = time.monotonic()
        self._turn, self._rate, self._real_base, self._virtual_base = 0, 1.0, now, now
        self._wall = time.time() - now
        self._write()

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process live in it."""
        return {"LD_PRELOAD": os.fspath(self._library), "VIRTUAL_CLOCK": os.fspath(self._path)}

    def monotonic(self) -> float:
        """Return the virtual monotonic clock."""
        return self._virtual_base + (time.monotonic() - self._real_base) * self._rate

    def now(self) -> float:
        """Return the virtual wall clock."""
        return self.monotonic() + self._wall

    def run_at(self, rate: float) -> None:
        """Let virtual time pass so many times as fast from now on."""
        now = time.monotonic()
        self._virtual_base += (now - self._real_base) * self._rate
        self._real_base, self._rate = now, rate
        self._write()

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back."""
        self._wall += seconds
        self._write()

    def pass_time(self, seconds: float, rate: float, slow: float = 1.0) -> None:
        """Let so much virtual time pass at a rate, then go on slowly."""
        until = self.monotonic() + seconds
        self.run_at(rate)
        while (left := until - self.monotonic()) > 0:
            time.sleep(min(0.05, left / rate))
        self.run_at(slow)

    def _write(self) -> None:
        values = (self._rate, self._real_base, self._virtual_base, self._wall)
        self._memory[:8] = struct.pack("=Q", self._turn + 1)
        self._memory[8 : _FIELDS.size] = struct.pack("=dddd", *values)
        self._turn += 2
        self._memory[:8] = struct.pack("=Q", self._turn)

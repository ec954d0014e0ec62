"""Identity of a process, stored to find out later whether the process still runs."""

import hashlib
import os
import socket
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_PROC = Path("/proc")
_MACHINE_ID = Path("/etc/machine-id")
_DEAD_STATES = {"Z", "X"}
_START_FIELD = 19  # among the fields after the program's name: starttime, proc_pid_stat(5)


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process of one machine; fields that a system does not report are empty."""

    host: str
    """The machine's network name."""
    pid: int
    """The process's number, which the system reuses."""
    machine: str = ""
    """A hash of the machine's own number, because two machines may have the same name."""
    boot: str = ""
    """Number of the machine's start-up."""
    namespace: str = ""
    """The container that `pid` counts in."""
    started: str = ""
    """Start of the process, in clock ticks since the start-up."""

    @classmethod
    def current(cls) -> "ProcessIdentity":
        """Return the identity of this process."""
        return _identity_of(socket.gethostname(), os.getpid())

    @property
    def is_over(self) -> bool:
        """Whether the process has surely ended; False also if its state is unknown here."""
        here = ProcessIdentity.current()
        if (self.host, self.machine) != (here.host, here.machine):
            return False
        if self.boot != here.boot:
            return bool(self.boot and here.boot)
        return self.namespace == here.namespace and not self._is_running()

    def _is_running(self) -> bool:
        if sys.platform == "win32" or self.pid <= 0:
            return True  # os.kill there ends a process instead of querying it
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except (OSError, OverflowError):
            return True
        started = _started(self.pid)
        return not started or started == self.started


@lru_cache(maxsize=1)
def _identity_of(host: str, pid: int) -> ProcessIdentity:
    """Return the identity of this process, read once: each part and each lock asks for it."""
    return ProcessIdentity(host, pid, _machine(), _boot(), _namespace(), _started(pid))


def _machine() -> str:
    # machine-id(5) asks to keep the number itself confidential; a hash is enough.
    text = _read(_MACHINE_ID)
    return hashlib.sha256(b"discpress " + text.encode()).hexdigest()[:16] if text else ""


def _boot() -> str:
    return _read(_PROC / "sys/kernel/random/boot_id")


def _namespace() -> str:
    try:
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Return the start time of a process; a dash for a dead one that is not yet waited for."""
    fields = _read(_PROC / str(pid) / "stat").rpartition(")")[2].split()
    if len(fields) <= _START_FIELD:
        return ""
    return "-" if fields[0] in _DEAD_STATES else fields[_START_FIELD]


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""

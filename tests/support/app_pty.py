"""The real app on a real pty: keys go in, bytes come out and are counted, pyte says what a terminal would show."""

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pyte
from patience import HANG_S

from discpress.engine.queue.background import BackgroundTasks
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import WorkerState
from discpress.engine.store.store import Store

_LOOK_S = 0.02
KEYS = {"enter": "\r", "escape": "\x1b", "down": "\x1b[B", "up": "\x1b[A", "right": "\x1b[C", "left": "\x1b[D",
    "home": "\x1b[H", "end": "\x1b[F"}  # fmt: skip
_ENVIRONMENT = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


class AppPty:
    """One run of discpress; a context manager that kills what is left of it."""

    def __init__(
        self,
        words: Sequence[str | Path],
        folder: Path,
        *,
        width: int = 80,
        height: int = 24,
        environment: dict[str, str] | None = None,
        command: Sequence[str] = (),
    ) -> None:
        """Start `discpress WORDS --state FOLDER/state` with settings of its own in the folder.

        `command` is what Python runs in place of that.
        """
        self.last_byte_at = 0.0
        """When the last byte came, on the monotonic clock."""
        self.received = 0
        """Bytes that came out so far."""
        self.everything = b""
        """All of them."""
        self._screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = os.openpty()
        self._set_size(width, height)
        self._state_folder = folder / "state"
        self.before = termios.tcgetattr(slave)
        """What the terminal was like."""
        self._slave = slave
        own = {"DISCPRESS_CONFIG": str(folder / "config.toml"), "HOME": str(folder), "PATH": os.environ["PATH"]}
        discpress = ["-P", "-m", "discpress.tui", *map(str, words), "--state", str(folder / "state")]
        self.process = subprocess.Popen(
            [sys.executable, *(command or discpress)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=_ENVIRONMENT | own | (environment or {}),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads here
        )

    def __enter__(self) -> "AppPty":
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.hang_up()

    def hang_up(self) -> None:
        """Take the terminal away, as a line that drops does."""
        for end in (self._slave, self._master):
            if end >= 0:
                os.close(end)
        self._slave = self._master = -1

    def _set_size(self, width: int, height: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def resize(self, width: int, height: int) -> None:
        """Change the terminal's size, as dragging a window's edge does."""
        self._screen.resize(height, width)
        self._set_size(width, height)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGWINCH)

    def send(self, *keys: str) -> None:
        """Type keys, by name or as they are."""
        os.write(self._master, "".join(KEYS.get(key, key) for key in keys).encode())

    def read(self, for_s: float = 0.05) -> None:
        """Take in what comes within that time."""
        until = time.monotonic() + for_s
        while (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select([self._master], [], [], left)
            if not ready:
                return
            try:
                data = os.read(self._master, 65536)
            except OSError:  # the other side is closed
                return
            self.received += len(data)
            self.last_byte_at = time.monotonic()
            self.everything += data
            self._stream.feed(data)

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Read until something is so; fails with the screen after a while, or where the app has ended before."""
        until = time.monotonic() + HANG_S
        while not is_so():
            has_ended = self.process.poll() is not None
            self.read()
            if (has_ended or time.monotonic() > until) and not is_so():
                raise AssertionError(("it has ended:\n" if has_ended else "still not so:\n") + self.text)

    def wait_for(self, words: str) -> None:
        """Read until these words are on the screen."""
        self.wait_until(lambda: words in self.text)

    def wait_beyond(self, received: int) -> None:
        """Read until more than so many bytes have come."""
        self.wait_until(lambda: self.received > received)

    def wait_quiet(self, quiet_s: float = 1.2) -> None:
        """Read until nothing came for that long, in which the app had nothing to do: one that is kept from it waits."""
        until = time.monotonic() + HANG_S
        since, before, was_at_work = time.monotonic(), self.received, False
        while time.monotonic() < until:
            self.read(_LOOK_S)
            is_at_work = self._is_at_work()
            # Seen once it may have been a look at the state file; twice it is at work, or the machine is.
            if self.received != before or (was_at_work and is_at_work):
                since, before = time.monotonic(), self.received
            elif time.monotonic() - since >= quiet_s and not is_at_work:
                return
            was_at_work = is_at_work
        raise AssertionError("never quiet:\n" + self.text)

    def wait_rest(self) -> None:
        """Read until it is quiet and its worker has done all that it was asked for: nothing is to come any more."""
        self.wait_quiet()
        with Store(self._state_folder) as store:
            background_tasks, queue = BackgroundTasks(store), JobQueue(store)

            def has_rest() -> bool:
                worker = queue.worker()
                is_at_work = worker is not None and worker.state not in {WorkerState.IDLE, WorkerState.GONE}
                return not is_at_work and not background_tasks.pending() and queue.is_idle()

            self.wait_until(has_rest)
        self.wait_quiet()

    def _is_at_work(self) -> bool:
        """Whether any thread of it runs, or waits for the processor or for a disk."""
        for path in Path(f"/proc/{self.process.pid}/task").glob("*/stat"):
            with suppress(OSError):  # it has ended
                if path.read_text().rpartition(") ")[2][0] in "RD":
                    return True
        return False

    def wait_end(self) -> int:
        """Read until the process is over; return its exit code, negative for a signal."""
        self.wait_until(lambda: self.process.poll() is not None)
        self.read(0.2)
        return self.process.returncode

    def blank(self) -> None:
        """Let the terminal lose all that it shows, as by another program's output."""
        self._screen.erase_in_display(2)

    def measure(self, for_s: float) -> int:
        """Return how many bytes come within that time."""
        before = self.received
        until = time.monotonic() + for_s
        while (left := until - time.monotonic()) > 0:
            self.read(left)
            time.sleep(0.01)  # `read` returns at once when nothing is ready
        return self.received - before

    @property
    def tail(self) -> bytes:
        """The last bytes that came out."""
        return self.everything[-4096:]

    @property
    def cursor_line(self) -> int:
        """The line of the terminal's own cursor, from 1."""
        return int(self._screen.cursor.y) + 1

    @property
    def attributes(self) -> list[object]:
        """The terminal's settings now."""
        return termios.tcgetattr(self._slave)

    @property
    def lines(self) -> list[str]:
        """The screen, without spaces at the ends."""
        # Not pyte's `display`: it fails where a wide character was overwritten in half.
        buffer, columns = self._screen.buffer, range(self._screen.columns)
        return ["".join(buffer[y][x].data for x in columns).rstrip() for y in range(self._screen.lines)]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

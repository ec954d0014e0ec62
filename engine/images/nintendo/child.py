"""The child process in which nod-rs works, started by its path: it imports nothing of discpress.

    descriptors of the image -> nod-rs -> data pipe: the decoded disc, or pieces of a packed file
                                       -> report pipe: lines of JSON

It is a process of its own because nod-rs prints, panics, and has no way to stop. It opens no file by its name: nod-rs
reads the inherited descriptors under the names /proc/self/fd/100, /proc/self/fd/101 and so on, which it takes for the
parts of one file. It ends when the parent's end of its standard input is closed.
"""

import contextlib
import json
import mmap
import os
import signal
import struct
import sys
import threading
from typing import Any

FIRST_FD = 100
"""The descriptor of the first file. nod-rs looks for further parts under the names that differ in the last digit."""
FRAME = struct.Struct(">QI")
"""Before each piece of a packed file: the bytes of the disc that are done, and the length of the piece."""
HEADER = (1 << 64) - 1
"""In place of the first number: the piece is the final header, and belongs at the beginning of the file."""
LEAST_PIECE_BYTES = 64 * 1024
MOST_PIECE_BYTES = 1024 * 1024
MOST_FILES = 10
"""The last digit tells the parts apart."""


class Reporter:
    """Writes lines of JSON to the parent."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def say(self, **facts: object) -> None:
        """Write one line; nobody reads it any more if the parent has ended."""
        with contextlib.suppress(OSError):
            os.write(self._fd, json.dumps(facts).encode("ascii") + b"\n")


def watch_parent() -> None:
    """End this process at once when the parent closes its end of standard input, or ends."""

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 1):
                pass
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def limit_memory(most_bytes: int) -> None:
    """Limit the memory of this process to so many bytes, if the system has such a limit."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def name_of(fd: int) -> str:
    """Return the name of an open file for nod-rs."""
    folder = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"  # noqa: PTH112 - no pathlib here
    return f"{folder}/{fd}"


def place_files(request: dict[str, Any]) -> str:
    """Give the files the descriptors by whose names nod-rs finds the parts; return the name of the first."""
    fds = [away(fd) for fd in request["files"]]
    request["data"] = away(request["data"])
    for number, fd in enumerate(fds):
        os.dup2(fd, FIRST_FD + number, inheritable=False)
        os.close(fd)
    return name_of(FIRST_FD)


def away(fd: int) -> int:
    """Move a descriptor out of the range that the files need, and return its number."""
    import fcntl  # noqa: PLC0415 - not on Windows

    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, FIRST_FD + 2 * MOST_FILES)
    os.close(fd)
    return moved


def run(request: dict[str, Any], reporter: Reporter) -> None:
    """Carry out a request; errors of nod-rs pass through, panics included."""
    sys.path.append(request["packages"])
    import nod_rs  # noqa: PLC0415 - from the folder that the parent names

    disc = nod_rs.DiscReader(place_files(request))
    reporter.say(size_bytes=disc.disc_size())
    if "format" not in request:
        nod_rs.DiscWriter(disc, "ISO", None, 0).process(name_of(request["data"]))
        return
    writer = nod_rs.DiscWriter(disc, request["format"], request["compression"], request["block_size"])
    spool = Spool(request["data"])
    done = writer.process(name_of(spool.fd), callback=spool.take)
    spool.finish(done.header)


class Spool:
    """A file in memory that nod-rs writes, and that is sent and emptied after each chunk.

    nod-rs writes a file in order, and at its end the header once more. Both need a file with places; a pipe has none.
    """

    def __init__(self, data: int) -> None:
        self.fd = os.memfd_create("discpress")
        self._data = data
        self._sent_bytes = 0
        self._freed_bytes = 0

    def take(self, done_bytes: int, total_bytes: int) -> None:
        """Send what nod-rs has written since the last call; `done_bytes` of the disc are in it."""
        end = os.fstat(self.fd).st_size
        if end - self._sent_bytes < LEAST_PIECE_BYTES:
            self._send(done_bytes, b"")
        while self._sent_bytes < end and end - self._sent_bytes >= LEAST_PIECE_BYTES:
            self._send_piece(done_bytes, end)

    def finish(self, header: bytes) -> None:
        """Send the rest, and the final header."""
        end = os.fstat(self.fd).st_size
        while self._sent_bytes < end:
            self._send_piece(0, end)
        self._send(HEADER, header)

    def _send_piece(self, done_bytes: int, end: int) -> None:
        piece = os.pread(self.fd, min(end - self._sent_bytes, MOST_PIECE_BYTES), self._sent_bytes)
        self._send(done_bytes, piece)
        self._sent_bytes += len(piece)
        whole = self._sent_bytes // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
        if whole > self._freed_bytes:
            with mmap.mmap(self.fd, whole - self._freed_bytes, offset=self._freed_bytes) as memory:
                memory.madvise(mmap.MADV_REMOVE)
            self._freed_bytes = whole

    def _send(self, done_bytes: int, piece: bytes) -> None:
        view = memoryview(FRAME.pack(done_bytes, len(piece)) + piece)
        while view:
            view = view[os.write(self._data, view) :]


def main() -> None:
    """Run the request in the only argument, and report how it ended."""
    request = json.loads(sys.argv[1])
    reporter = Reporter(away(request["report"]))
    watch_parent()
    limit_memory(request["memory_bytes"])
    try:
        run(request, reporter)
    except BaseException as error:  # noqa: BLE001 - a panic of Rust is no Exception
        reporter.say(error=str(error)[:2000], kind=type(error).__name__)
        os._exit(1)
    reporter.say(is_done=True)
    os._exit(0)


if __name__ == "__main__":
    main()

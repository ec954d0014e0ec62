"""The parent's side of the processes in which nod-rs works: start, data, report, end.

Every text of nod-rs becomes an error of `engine.errors`. A process never opens a file of the user by its name: it
inherits the open files, so that it reads the file that was checked.
"""

import contextlib
import json
import os
import re
import signal
import sys
import weakref
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from discpress.engine.errors import (
    DamagedImageError,
    DiscpressError,
    MissingPackageError,
    StorageError,
    UnsupportedImageError,
    from_os_error,
    way_to_install,
)
from discpress.engine.images.nintendo import child
from discpress.engine.images.source import ByteSource, shown_name
from discpress.engine.names import display_name
from discpress.engine.units import GIB

if TYPE_CHECKING:
    import subprocess

MEMORY_BYTES = GIB
"""Address space of a process; nod-rs took at most 0.2 GiB of it in all tests, for a WIA of 40 MiB chunks."""
_EXTRA = "nintendo"
_REPORT_BYTES = 64 * 1024
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


@cache
def _package_folder() -> Path | None:
    """Return the folder that contains nod-rs; None if it is not installed."""
    if getattr(sys, "frozen", False):  # no Python to start
        return None
    found = find_spec("nod_rs")
    return None if found is None or found.origin is None else Path(found.origin).parent.parent


def check_installed(name: str, label: str) -> None:
    """Raise MissingPackageError if nod-rs is not installed; `name` is that of the image, `label` that of its format."""
    if _package_folder() is None:
        raise MissingPackageError(
            f"{name}: {label} needs the package nod-rs", hint=way_to_install(f"discpress[{_EXTRA}]")
        )


class Piece(NamedTuple):
    """The next bytes of a packed file, or its final header."""

    done_bytes: int
    """Bytes of the disc that nod-rs has packed; 0 if that is unknown."""
    content: bytes
    """The bytes; none if only the number has changed."""

    @property
    def is_header(self) -> bool:
        """Whether the bytes belong at the beginning of the file."""
        return self.done_bytes == child.HEADER


class NodProcess:
    """A process that decodes or packs one open image; its data are read from `fd`, the read end of a pipe.

    An empty request decodes the disc. One with `format`, `compression` and `block_size` packs it, see `DiscWriter` of
    nod-rs.
    """

    def __init__(self, source: ByteSource, request: Mapping[str, object]) -> None:
        """Start it. Raises UnsupportedImageError for bytes that are no files, StorageError if the system refuses."""
        import subprocess  # noqa: PLC0415 - 8 ms, for what decodes a disc only

        self._path = source.path
        self._name = shown_name(source)
        files = _descriptors(source)
        folder = _package_folder()
        assert folder is not None
        self.fd, data = os.pipe()
        self._report, report = os.pipe()
        words = {
            **request,
            "files": files,
            "data": data,
            "report": report,
            "packages": str(folder),
            "memory_bytes": MEMORY_BYTES,
        }
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", child.__file__, json.dumps(words)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,  # its GCZ writer prints
                stderr=subprocess.DEVNULL,
                pass_fds=(*files, data, report),
                start_new_session=True,  # a signal for discpress is handled there
            )
        except OSError as error:
            os.close(self.fd)
            os.close(self._report)
            raise from_os_error(error, self._path, "start the process of nod-rs for it") from error
        finally:
            os.close(data)
            os.close(report)
        self._end = weakref.finalize(self, _end, self._process, self.fd, self._report)
        self._facts: dict[str, object] = {}
        self._pending = b""

    @property
    def number(self) -> int:
        """The number of the process."""
        return self._process.pid

    def read(self, limit: int) -> bytes:
        """Return the next 1 to `limit` bytes of data; none at the end. Raises the error that ended the process."""
        piece = os.read(self.fd, limit)
        if not piece:
            self.finish()
        return piece

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces of a packed file, the final header last. Raises the error that ended the process."""
        with open(self.fd, "rb", closefd=False) as data:
            while head := data.read(child.FRAME.size):
                if len(head) < child.FRAME.size:
                    break
                done_bytes, length = child.FRAME.unpack(head)
                if length > child.MOST_PIECE_BYTES and done_bytes != child.HEADER:
                    break
                content = data.read(length)
                if len(content) < length:
                    break
                yield Piece(done_bytes, content)
        self.finish()

    def first_fact(self, key: str) -> object:
        """Return a fact that the process reports before its data. Raises the error that ended the process."""
        while key not in self._facts:
            line = self._read_line()
            if line is None:
                self.finish()
                break
        return self._facts.get(key)

    def check_size(self, size_bytes: int) -> None:
        """Raise DamagedImageError unless the disc that nod-rs finds has this size."""
        found = self.first_fact("size_bytes")
        if found != size_bytes:
            raise DamagedImageError(
                f"{self._name}: nod-rs finds a disc of {found} bytes, its header states {size_bytes}",
                hint="restore the file from a backup, or get it again",
            )

    def finish(self) -> Mapping[str, object]:
        """Wait for the process to end, and return all that it reported. Raises the error that ended it."""
        while self._read_line() is not None:
            pass
        exit_code = self._process.wait()
        if not self._facts.get("is_done"):
            raise self._failure(exit_code)
        return self._facts

    def close(self) -> None:
        """End the process; safe to call again."""
        self._end()

    def _read_line(self) -> bytes | None:
        while b"\n" not in self._pending:
            piece = os.read(self._report, _REPORT_BYTES)
            if not piece or len(self._pending) > _REPORT_BYTES:
                return None
            self._pending += piece
        line, _, self._pending = self._pending.partition(b"\n")
        self._facts.update(json.loads(line))
        return line

    def _failure(self, exit_code: int) -> DiscpressError:
        text, kind = display_name(str(self._facts.get("error", ""))), str(self._facts.get("kind", ""))
        if exit_code == -signal.SIGKILL and not text:
            return StorageError(
                f"{self._name}: the system ended the process of nod-rs, perhaps because memory was scarce",
                hint="try again when other programs use less memory",
            )
        number = _OS_ERROR.search(text)
        if number is not None:
            return from_os_error(OSError(int(number[1]), os.strerror(int(number[1]))), self._path, "read it by nod-rs")
        if kind in {"ImportError", "ModuleNotFoundError"}:
            return MissingPackageError(
                f"{self._name}: nod-rs cannot be loaded: {text}", hint=way_to_install(f"discpress[{_EXTRA}]")
            )
        what = text or f"nod-rs ended by {_signal_name(exit_code)}"
        return DamagedImageError(
            f"{self._name}: cannot be decoded: {what}", hint="restore it from a backup, or get it again"
        )


def _signal_name(exit_code: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(-exit_code).name
    return f"exit code {exit_code}"


def _descriptors(source: ByteSource) -> Sequence[int]:
    """Return the descriptors of the files whose bytes, one after the other, are the image."""
    fds = source.descriptors
    if not 0 < len(fds) <= child.MOST_FILES:
        raise UnsupportedImageError(
            f"{shown_name(source)}: an image of {len(fds)} files cannot be read in this form",
            hint=f"join its parts: at most {child.MOST_FILES} can be read",
        )
    return fds


def _end(process: "subprocess.Popen[bytes]", fd: int, report: int) -> None:
    with contextlib.suppress(OSError):
        process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
    os.close(fd)
    os.close(report)

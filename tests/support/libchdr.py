"""CHD files as libchdr reads them: the library that emulators contain, by its C interface."""

import ctypes
import ctypes.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NAME = os.environ.get("DISCPRESS_LIBCHDR") or ctypes.util.find_library("chdr")
needs_libchdr = pytest.mark.skipif(
    NAME is None, reason="libchdr is not installed, and DISCPRESS_LIBCHDR does not name its shared library"
)
_READ = 1
_TEXT_BYTES = 512


class _Header(ctypes.Structure):
    """The first fields of `chd_header`."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("version", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("compression", ctypes.c_uint32 * 4),
        ("hunk_bytes", ctypes.c_uint32),
        ("hunks", ctypes.c_uint32),
        ("logical_bytes", ctypes.c_uint64),
    )


class Libchdr:
    """One open CHD."""

    def __init__(self, library: ctypes.CDLL, chd: ctypes.c_void_p) -> None:
        self._library = library
        self._chd = chd
        library.chd_get_header.restype = ctypes.POINTER(_Header)
        self._header = library.chd_get_header(chd).contents

    def frames(self) -> bytes:
        """Return all decoded bytes. AssertionError if a hunk does not decode, or has a wrong checksum."""
        hunks = []
        for number in range(self._header.hunks):
            hunk = ctypes.create_string_buffer(self._header.hunk_bytes)
            _check(self._library, self._library.chd_read(self._chd, number, hunk))
            hunks.append(hunk.raw)
        return b"".join(hunks)[: self._header.logical_bytes]

    def tracks(self, tag: bytes = b"CHT2") -> Iterator[str]:
        """Yield the entries of a track table."""
        text, length = ctypes.create_string_buffer(_TEXT_BYTES), ctypes.c_uint32()
        number, wanted = 0, int.from_bytes(tag, "big")
        while not self._library.chd_get_metadata(
            self._chd, wanted, number, text, _TEXT_BYTES, ctypes.byref(length), None, None
        ):
            yield text.value.decode("ascii")
            number += 1


@contextmanager
def opened(path: Path) -> Iterator[Libchdr]:
    """Open a CHD; AssertionError if libchdr refuses it."""
    library = ctypes.CDLL(str(NAME))
    chd = ctypes.c_void_p()
    _check(library, library.chd_open(os.fsencode(path), _READ, None, ctypes.byref(chd)))
    try:
        yield Libchdr(library, chd)
    finally:
        library.chd_close(chd)


def _check(library: ctypes.CDLL, code: int) -> None:
    library.chd_error_string.restype = ctypes.c_char_p
    assert code == 0, library.chd_error_string(code).decode("ascii")

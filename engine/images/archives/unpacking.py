"""Unpacks a file of a 7z with the decoders of py7zr, page by page.

py7zr's own extraction returns up to 128 MB at a time, as much as a disc's padding. So this module requests one page at
a time from its decoders, and gives them input only after they have used the last.
"""

import lzma
import struct
import zlib
from typing import Any

from discpress.engine.errors import DamagedImageError
from discpress.engine.images.archives.model import Member, member_damage
from discpress.engine.images.archives.paged import Decoder
from discpress.engine.images.source import FileSource, read_bytes
from discpress.engine.units import KIB

_INPUT_BYTES = 32 * KIB
_SKIP_BYTES = 256 * KIB

PY7ZR_DAMAGE = (
    lzma.LZMAError, zlib.error, struct.error, EOFError, AssertionError, AttributeError,
    ArithmeticError, LookupError, TypeError, ValueError, OSError,
)  # fmt: skip
"""Exceptions of py7zr for damaged bytes, besides its own ArchiveError, because it does not check numbers."""


class _Feed:
    """The packed bytes of a folder, as the file that a decoder of py7zr reads; returns only as much as needed."""

    def __init__(self, file: FileSource, start: int, end: int) -> None:
        self._file = file
        self._at = start
        self._end = end
        self.allowed_bytes = 0

    @property
    def is_over(self) -> bool:
        """Whether all bytes were read."""
        return self._at >= self._end

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most as many as requested, left and allowed."""
        data = read_bytes(self._file, self._at, min(size, self._end - self._at, self.allowed_bytes))
        self._at += len(data)
        self.allowed_bytes -= len(data)
        return data


class Unpacking:
    """A member of a folder, unpacked in order: a `Decoder`."""

    def __init__(self, file: FileSource, member: Member, folder: Any, start: int, end: int, way: int) -> None:
        self._file = file
        self._member = member
        self.folder = folder
        self.position = 0
        """Bytes of the folder unpacked so far."""
        self._feed = _Feed(file, start, end)
        self._decoder = _decoder(file, member, folder, end - start)
        self._way = way
        self._left = member.size_bytes
        self._is_hungry = True

    def read(self, limit: int) -> bytes:
        """Return the next bytes, see `Decoder`."""
        while self._way:
            self._way -= len(self._unpack(min(self._way, _SKIP_BYTES)))
        if not self._left:
            return b""
        piece = self._unpack(min(limit, self._left))
        self._left -= len(piece)
        return piece

    def read_head(self, member: Member, way: int, size_bytes: int) -> bytes:
        """Return the first bytes of a member of the same folder that is not before the position."""
        self._member, self._way, self._left = member, way - self.position, member.size_bytes
        head = bytearray()
        while len(head) < size_bytes and (piece := self.read(size_bytes - len(head))):
            head += piece
        return bytes(head)

    def fork(self) -> Decoder | None:
        """Return None, because these decoders cannot be copied."""
        return None

    def _unpack(self, limit: int) -> bytes:
        while True:
            # A decoder that returned all requested bytes may have more; with more input it would accumulate them.
            was_fed = self._is_hungry
            self._feed.allowed_bytes = _INPUT_BYTES if was_fed else 0
            is_last = was_fed and self._feed.is_over
            try:
                piece = bytes(self._decoder.decompress(self._feed, limit))
            except PY7ZR_DAMAGE as error:
                raise _unpacking_damage(self._file, self._member, error) from error
            self._is_hungry = len(piece) < limit
            self.position += len(piece)
            if piece:
                return piece
            if is_last:
                raise member_damage(self._file, self._member, "its packed data ends too early")


def _decoder(file: FileSource, member: Member, folder: Any, packed_bytes: int) -> Any:
    """Return a new decoder of py7zr for a folder; DamagedImageError if the properties of its methods are invalid."""
    from py7zr.exceptions import ArchiveError  # noqa: PLC0415 - an extra

    try:
        decoder = folder.get_decompressor(packed_bytes, reset=True)
    except (ArchiveError, *PY7ZR_DAMAGE) as error:
        raise _unpacking_damage(file, member, error) from error
    folder.decompressor = None  # it would keep the dictionary in memory while the archive is open
    return decoder


def _unpacking_damage(file: FileSource, member: Member, error: Exception) -> DamagedImageError:
    what = f"it cannot be unpacked: {error}" if str(error) else "it cannot be unpacked"
    return member_damage(file, member, what)

"""Random access to bytes that come only one after the other: the decoded pages of late, and places to go on from.

    decoder -> page, page, page ...  -> the last CACHE_PAGES of them are kept
            `-> now and then a copy of the decoder, where it can be copied

What is read in order, or out of order by less than the cache, is decoded once. What lies further back is decoded
again from the nearest copy before it, or from the beginning where the format has none. No temporary file, and memory
of 32 MiB of pages and 15 MiB of copies, however large the stream is.
"""

import threading
import zlib
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from engine.errors import DamagedImageError
from engine.system.files import Writable
from engine.units import KIB, MIB

PAGE_BYTES = 256 * KIB
CACHE_PAGES = 128
"""32 MiB: more than the chunks that a pipeline's threads are out of order by (pipeline: at most 22 of 1 MiB)."""
MAX_MARKS = 256
"""Copies of an inflating decoder, 58 KiB each with its window and unread input: 15 MiB."""
_FIRST_SPACING = 4 * MIB


class Decoder(Protocol):
    """Gives the decoded bytes of one stream in order."""

    def read(self, limit: int) -> bytes:
        """Return the next 1 to `limit` bytes; none at the end of the stream. DamagedImageError, StorageError."""

    def fork(self) -> "Decoder | None":
        """Return a copy that goes on from the same place; None where there is no such thing."""


class _Cursor:
    __slots__ = ("decoder", "position")

    def __init__(self, decoder: Decoder, position: int) -> None:
        self.decoder = decoder
        self.position = position


class PagedStream:
    """A stream of `size_bytes` decoded bytes that any number of threads may read anywhere.

    Its first way through is checked: its crc32 where one is declared, and that it ends where it should.
    """

    def __init__(
        self,
        size_bytes: int,
        start: Callable[[], Decoder],
        crc32: int | None,
        damage: Callable[[str], DamagedImageError],
        spacing: int = _FIRST_SPACING,
    ) -> None:
        """Read what the decoders that `start` makes give; `damage` makes the error that says what is wrong."""
        self.size_bytes = size_bytes
        self._start = start
        self._crc32 = crc32
        self._damage = damage
        self._lock = threading.Lock()
        self._pages: OrderedDict[int, bytes] = OrderedDict()
        # One for what is read in order, one for what is looked up meanwhile, as an index. The last used is the last.
        self._cursors: list[_Cursor] = []
        self._marks: list[_Cursor] = []
        self._spacing = spacing
        self._can_fork = True
        self._checked_bytes = 0
        self._crc_so_far = 0
        self._broken: DamagedImageError | None = None

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer` from `offset` on; fewer bytes only at the end."""
        view = memoryview(buffer)[: max(0, self.size_bytes - offset)]
        done = 0
        while done < len(view):
            number, skip = divmod(offset + done, PAGE_BYTES)
            piece = self._page(number)[skip : skip + len(view) - done]
            view[done : done + len(piece)] = piece
            done += len(piece)
        return done

    def close(self) -> None:
        """Let go of all that is kept."""
        with self._lock:
            self._pages.clear()
            self._cursors.clear()
            self._marks.clear()

    def _page(self, wanted: int) -> bytes:
        with self._lock:
            if self._broken is not None:
                raise self._broken
            page = self._pages.get(wanted)
            if page is not None:
                self._pages.move_to_end(wanted)
                return page
            cursor = self._cursor_before(wanted * PAGE_BYTES)
            while True:
                number = cursor.position // PAGE_BYTES
                try:
                    page = self._next_page(cursor)
                except BaseException:
                    self._cursors.remove(cursor)  # what stopped in the middle of a page is nowhere
                    raise
                self._keep(number, page)
                if number == wanted:
                    return page

    def _keep(self, number: int, page: bytes) -> None:
        self._pages[number] = page
        self._pages.move_to_end(number)
        if len(self._pages) > CACHE_PAGES:
            self._pages.popitem(last=False)

    def _next_page(self, cursor: _Cursor) -> bytes:
        length = min(PAGE_BYTES, self.size_bytes - cursor.position)
        pieces: list[bytes] = []
        while length:
            piece = cursor.decoder.read(length)
            if not piece:
                end = cursor.position + sum(map(len, pieces))
                raise self._damage(f"it unpacks to {end} bytes, {self.size_bytes} are declared")
            pieces.append(piece)
            length -= len(piece)
        page = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if cursor.position == self._checked_bytes:
            self._check(cursor, page)
        cursor.position += len(page)
        self._mark(cursor)
        return page

    def _check(self, cursor: _Cursor, page: bytes) -> None:
        """Take a page that was not seen before into the checksum; at the end hold it against the declared one."""
        checked_bytes = self._checked_bytes + len(page)
        crc_so_far = zlib.crc32(page, self._crc_so_far)
        if checked_bytes == self.size_bytes:
            if cursor.decoder.read(1):
                self._broken = self._damage(f"it unpacks to more than the {self.size_bytes} bytes that are declared")
            elif self._crc32 is not None and crc_so_far != self._crc32:
                self._broken = self._damage(
                    f"its crc32 is {crc_so_far:08x}, the archive was made with {self._crc32:08x}"
                )
            if self._broken is not None:
                raise self._broken
        self._checked_bytes, self._crc_so_far = checked_bytes, crc_so_far

    def _mark(self, cursor: _Cursor) -> None:
        """Keep a copy of the decoder where none is near; when there are too many, every second one goes."""
        last = self._marks[-1].position if self._marks else 0
        if not self._can_fork or cursor.position < last + self._spacing or cursor.position == self.size_bytes:
            return
        copy = cursor.decoder.fork()
        if copy is None:
            self._can_fork = False
            return
        self._marks.append(_Cursor(copy, cursor.position))
        if len(self._marks) > MAX_MARKS:
            del self._marks[::2]
            self._spacing *= 2

    def _cursor_before(self, position: int) -> _Cursor:
        """Return the cursor that has the shortest way to a position, a new one where a mark is nearer."""
        behind = [each for each in self._cursors if each.position <= position]
        best = max(behind, key=lambda each: each.position, default=None)
        place = bisect_right(self._marks, position, key=lambda each: each.position) - 1
        mark = self._marks[place] if place >= 0 else None
        if best is not None and (mark is None or mark.position <= best.position):
            self._cursors.remove(best)
        else:
            # Dropped first: two decoders of a format that cannot be copied would be two dictionaries in memory.
            while len(self._cursors) > (1 if self._can_fork and self._marks else 0):
                self._cursors.pop(0)
            decoder = self._start() if mark is None else mark.decoder.fork()
            assert decoder is not None
            best = _Cursor(decoder, 0 if mark is None else mark.position)
        self._cursors.append(best)
        return best

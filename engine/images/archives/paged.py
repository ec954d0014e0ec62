"""Random access to bytes that come only one after the other: the decoded pages of late, and places to go on from.

    decoder -> page, page, page ...  -> the last CACHE_PAGES of them are kept
            `-> now and then a copy of the decoder, where it can be copied

What is read in order, or out of order by less than the cache, is decoded once. What lies further back is decoded
again from the nearest copy before it, or from the beginning where the format has none. No temporary file, and memory
of 16 MiB of pages and 7 MiB of copies, however large the stream is.
"""

import mmap
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
CACHE_PAGES = 64
"""16 MiB: more than the chunks that a pipeline has under way, one of 1 MiB for each of MAX_READERS and two."""
MAX_READERS = 12
"""Threads that may go through a stream at once: they are out of order by no more than the pages that are kept."""
MAX_MARKS = 128
"""Copies of an inflating decoder, 58 KiB each with its window and unread input: 7 MiB."""
_FIRST_SPACING = 4 * MIB
_PIECE_BYTES = 64 * KIB
_HOT_HITS = 4
"""A page of an image that is read in order is asked for once or twice."""


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
        self._pages: OrderedDict[int, memoryview] = OrderedDict()
        # One mapping: unlike as many blocks of the heap it is given back to the system when it is let go.
        self._rooms: list[memoryview] = []
        self._hits: dict[int, int] = {}
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
            with self._lock:  # a page is used again for another one
                length = min(PAGE_BYTES, self.size_bytes - number * PAGE_BYTES)
                piece = self._page(number)[skip : min(length, skip + len(view) - done)]
                view[done : done + len(piece)] = piece
            done += len(piece)
        return done

    def forget(self) -> None:
        """Let go of all that is kept; the next read begins at the beginning."""
        with self._lock:
            self._pages.clear()
            self._rooms.clear()
            self._hits.clear()
            self._cursors.clear()
            self._marks.clear()

    def _page(self, wanted: int) -> memoryview:
        if self._broken is not None:
            raise self._broken
        page = self._pages.get(wanted)
        if page is not None:
            self._hits[wanted] = self._hits.get(wanted, 0) + 1
            return page
        cursor = self._cursor_before(wanted * PAGE_BYTES)
        while True:
            number = cursor.position // PAGE_BYTES
            room = self._free_room()
            try:
                self._next_page(cursor, room)
            except BaseException:
                self._rooms.append(room)
                self._cursors.remove(cursor)  # what stopped in the middle of a page is nowhere
                raise
            if number in self._pages:  # read on the way once more
                self._rooms.append(self._pages.pop(number))
            self._pages[number] = room
            if number == wanted:
                return room

    def _free_room(self) -> memoryview:
        """Return memory for a page: that of the oldest, unless it is asked for again and again, as an index is.

        Not of the one that was not asked for the longest: a thread that is late may still want it.
        """
        if not self._pages and not self._rooms:
            memory = memoryview(mmap.mmap(-1, CACHE_PAGES * PAGE_BYTES))
            self._rooms = [memory[start : start + PAGE_BYTES] for start in range(0, len(memory), PAGE_BYTES)]
        while not self._rooms:
            oldest, room = self._pages.popitem(last=False)
            if self._hits.pop(oldest, 0) < _HOT_HITS:
                return room
            self._pages[oldest] = room
        return self._rooms.pop()

    def _next_page(self, cursor: _Cursor, room: memoryview) -> None:
        length = min(PAGE_BYTES, self.size_bytes - cursor.position)
        done = 0
        while done < length:
            piece = cursor.decoder.read(min(length - done, _PIECE_BYTES))
            if not piece:
                end = cursor.position + done
                raise self._damage(f"it unpacks to {end} bytes, {self.size_bytes} are declared")
            room[done : done + len(piece)] = piece
            done += len(piece)
        if cursor.position == self._checked_bytes:
            self._check(cursor, room[:length])
        cursor.position += length
        self._mark(cursor)

    def _check(self, cursor: _Cursor, page: memoryview) -> None:
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
            best = self._cursor_from(mark)
        self._cursors.append(best)
        return best

    def _cursor_from(self, mark: _Cursor | None) -> _Cursor:
        """Return a new cursor at a mark, or at the beginning."""
        # Dropped first: two decoders of a format that cannot be copied would be two dictionaries in memory.
        kept = 1 if self._can_fork and self._marks else 0
        while len(self._cursors) > kept:
            self._cursors.pop(0)
        decoder = self._start() if mark is None else mark.decoder.fork()
        assert decoder is not None
        return _Cursor(decoder, 0 if mark is None else mark.position)

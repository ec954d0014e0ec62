"""Random access to a forward-only stream, by caching recent pages and decoder snapshots.

    decoder -> page, page, page ...  -> the last CACHE_PAGES of them are kept
            `-> sometimes a copy of the decoder, if it can be copied

Reads in order, or out of order by less than the cache, decode each page once. Reads further back decode again from the
nearest copy before them, or from the beginning if the format has no copies. There is no temporary file, and memory
stays at 16 MiB of pages and 7 MiB of copies, however large the stream is.
"""

import threading
import zlib
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from discpress.engine.errors import DamagedImageError
from discpress.engine.system.files import Writable
from discpress.engine.system.processors import mapped_memory
from discpress.engine.units import KIB, MIB

PAGE_BYTES = 256 * KIB
CACHE_PAGES = 48
"""12 MiB, more than the chunks that a pipeline works on: one of 1 MiB for each of MAX_READERS, and two more."""
MAX_READERS = 8
"""Threads that may read a stream at once, so that they are out of order by less than the cached pages."""
MAX_MARKS = 128
"""Copies of an inflating decoder, 58 KiB each with its window and unread input: 7 MiB."""
_FIRST_SPACING = 4 * MIB
_PIECE_BYTES = 64 * KIB
_HOT_HITS = 4
"""Reads after which a page counts as hot; an image read in order requests each page once or twice."""


class Decoder(Protocol):
    """Decodes one stream in order."""

    def read(self, limit: int) -> bytes:
        """Return the next 1 to `limit` bytes; none at the end of the stream. DamagedImageError, StorageError."""

    def fork(self) -> "Decoder | None":
        """Return a copy that continues from the same place; None if it cannot be copied."""


class _Cursor:
    __slots__ = ("decoder", "position")

    def __init__(self, decoder: Decoder, position: int) -> None:
        self.decoder = decoder
        self.position = position


class PagedStream:
    """A stream of `size_bytes` decoded bytes that any number of threads may read anywhere.

    The first pass checks the declared crc32, if any, and the length.
    """

    def __init__(
        self,
        size_bytes: int,
        start: Callable[[], Decoder],
        crc32: int | None,
        damage: Callable[[str], DamagedImageError],
        spacing: int = _FIRST_SPACING,
    ) -> None:
        """Read from the decoders that `start` makes; `damage` makes an error from its description."""
        self.size_bytes = size_bytes
        self._start = start
        self._crc32 = crc32
        self._damage = damage
        self._lock = threading.Lock()
        self._pages: OrderedDict[int, memoryview] = OrderedDict()
        # One mapping, because unlike blocks of the heap it returns to the system when it is freed.
        self._rooms: list[memoryview] = []
        self._hits: dict[int, int] = {}
        # One for reads in order, one for lookups in between, such as an index. The last one was used last.
        self._cursors: list[_Cursor] = []
        self._marks: list[_Cursor] = []
        self._spacing = spacing
        self._can_fork = True
        self._checked_bytes = 0
        self._crc_so_far = 0
        self._broken: DamagedImageError | None = None
        self._lost_from = size_bytes
        self._loss: DamagedImageError | None = None

    @property
    def is_checked(self) -> bool:
        """Whether all bytes were read, and compared with the declared crc32."""
        return self._checked_bytes == self.size_bytes

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer` from `offset` on; fewer bytes only at the end."""
        view = memoryview(buffer)[: max(0, self.size_bytes - offset)]
        done = 0
        while done < len(view):
            number, skip = divmod(offset + done, PAGE_BYTES)
            with self._lock:  # the memory of a page is reused for another one
                length = min(PAGE_BYTES, self.size_bytes - number * PAGE_BYTES)
                piece = self._page(number)[skip : min(length, skip + len(view) - done)]
                view[done : done + len(piece)] = piece
            done += len(piece)
        return done

    def forget(self) -> None:
        """Free all cached pages and copies; the next read starts at the beginning."""
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
        if self._loss is not None and wanted * PAGE_BYTES >= self._lost_from:
            raise self._loss.with_traceback(None)
        return self._decoded_page(wanted)

    def _decoded_page(self, wanted: int) -> memoryview:
        try:
            cursor = self._cursor_before(wanted * PAGE_BYTES)
        except DamagedImageError as error:
            self._lose_from(0, error)
            raise
        while True:
            number = cursor.position // PAGE_BYTES
            room = self._free_room()
            try:
                self._next_page(cursor, room)
            except BaseException as error:
                self._rooms.append(room)
                self._cursors.remove(cursor)  # after an error in the middle of a page, its position is unknown
                if isinstance(error, DamagedImageError):
                    self._lose_from(cursor.position, error)
                raise
            if number in self._pages:  # decoded again on the way
                self._rooms.append(self._pages.pop(number))
            self._pages[number] = room
            if number == wanted:
                return room

    def _lose_from(self, position: int, error: DamagedImageError) -> None:
        """Remember that no decoder gets beyond a position, which would be tried again for each block after it."""
        if position <= self._lost_from:
            # The traceback of this one would keep the pages in memory.
            self._lost_from, self._loss = position, DamagedImageError(str(error), hint=error.hint)

    def _free_room(self) -> memoryview:
        """Return memory for a page: that of the oldest one, unless it is hot, like an index.

        Not that of the least recently used page, because a slower thread may still need it.
        """
        if not self._pages and not self._rooms:
            memory = mapped_memory(CACHE_PAGES * PAGE_BYTES)
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
                raise self._damage(f"it unpacks to {end} bytes instead of the declared {self.size_bytes}")
            room[done : done + len(piece)] = piece
            done += len(piece)
        if cursor.position == self._checked_bytes:
            self._check(cursor, room[:length])
        cursor.position += length
        self._mark(cursor)

    def _check(self, cursor: _Cursor, page: memoryview) -> None:
        """Add a new page to the checksum; at the end of the stream, compare it with the declared one."""
        checked_bytes = self._checked_bytes + len(page)
        crc_so_far = zlib.crc32(page, self._crc_so_far)
        if checked_bytes == self.size_bytes:
            if cursor.decoder.read(1):
                self._broken = self._damage(f"it unpacks to more than the declared {self.size_bytes} bytes")
            elif self._crc32 is not None and crc_so_far != self._crc32:
                self._broken = self._damage(
                    f"its crc32 is {crc_so_far:08x}, the archive was made with {self._crc32:08x}"
                )
            if self._broken is not None:
                raise self._broken
        self._checked_bytes, self._crc_so_far = checked_bytes, crc_so_far

    def _mark(self, cursor: _Cursor) -> None:
        """Store a copy of the decoder if none is near; if there are too many, drop every second one."""
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
        """Return the cursor with the shortest way to a position, or a new one if a mark is nearer."""
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
        # The old one is dropped first, because two decoders that cannot be copied need two dictionaries in memory.
        kept = 1 if self._can_fork and self._marks else 0
        while len(self._cursors) > kept:
            self._cursors.pop(0)
        decoder = self._start() if mark is None else mark.decoder.fork()
        assert decoder is not None
        return _Cursor(decoder, 0 if mark is None else mark.position)

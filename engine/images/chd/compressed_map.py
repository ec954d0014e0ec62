"""The compressed map of a CHD, read a window at a time (docs/formats.md, section 3).

A DVD of 2 KiB hunks has 2.3 million of them. Memory contains one byte a hunk (its kind), the start and checksum of each
window of 256 hunks, and the windows read last. Reaching a window does not build the windows before it, because a few
bytes of runs can claim 8 million hunks.
"""

import struct
import threading
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate, repeat
from typing import NamedTuple

from discpress.engine.codecs.chd.maps import MapReader, ReadHunks, map_reader
from discpress.engine.codecs.chd.rows import CRC_BITS, CRC_START, ROW
from discpress.engine.codecs.huffman import BitReader, HuffmanError, read_run_lengths
from discpress.engine.errors import DamagedImageError
from discpress.engine.images.chd.bitfields import FIELDS_END, Fields
from discpress.engine.images.chd.header import ChdHeader
from discpress.engine.images.chd.map import WINDOW_HUNKS, HunkPlace, Window
from discpress.engine.images.chd.map_kinds import IS_SELF, IS_STORED, SYMBOLS, Kind, decode_kinds
from discpress.engine.images.chd.map_windows import field_widths, origins_of, own_crc, rows_of, shifts
from discpress.engine.images.source import ByteSource, read_bytes, shown_name

MAP_HEADER = struct.Struct(">I6sHBBBx")
"""Bytes of the map after this header, offset of the first hunk, crc16 of the expanded map, and the bits of a length, a
hunk's number and a unit's number in the parent."""
LENGTH_WIDTH = 4
"""Bits of a code length in the tree of kinds."""
_WINDOWS = 16  # as columns, for who goes through the whole map
_ROW_WINDOWS = 512  # 128 Ki hunks, in 2 MiB: those of 256 MiB, and the targets of their references
_TREE_BYTES = 64
_CRC_MASK = (1 << CRC_BITS) - 1
_IS_ANY = bytes((1,)) * WINDOW_HUNKS
_IS_CODEC = bytes(kind <= Kind.CODEC_3 for kind in range(256))
_CODECS = bytes(range(Kind.CODEC_3 + 1))
_STORED = bytes(range(Kind.PLAIN + 1))
_REFERRING = bytes(range(Kind.PLAIN + 1, 256))
_RESOLVED = bytes(min(kind, Kind.SELF) for kind in range(256))
_PARENT_KINDS = (Kind.PARENT, Kind.PARENT_SELF, Kind.PARENT_SAME, Kind.PARENT_NEXT)


class _Start(NamedTuple):
    """The position at the start of a window."""

    bit: int
    """First bit of its fields."""
    offset: int
    """First byte of its first hunk."""
    last_self: int
    """The hunk of the last reference before it."""


class CompressedMap:
    """The map of a CHD with codecs; any window is read independently once its start is known."""

    has_checksums = True

    def __init__(self, source: ByteSource, header: ChdHeader, *, checked: bool = True) -> None:
        """Read the map's header; if `checked`, its crc16 is compared after all windows were read, in any order."""
        self._source = source
        self._header = header
        self._hunks = header.hunks
        self._is_checked = checked
        head = read_bytes(source, header.map_offset, MAP_HEADER.size)
        if len(head) < MAP_HEADER.size:
            raise self._damage(f"the file ends inside the map's {MAP_HEADER.size}-byte header")
        length, first, self._crc, length_bits, self_bits, _ = MAP_HEADER.unpack(head)
        self.first_offset = int.from_bytes(first, "big")
        self.bytes_in_file = MAP_HEADER.size + length
        start = header.map_offset + MAP_HEADER.size
        if start + length > source.size_bytes:
            raise self._damage(f"a map of {length} bytes at byte {start} of {source.size_bytes}")
        if length_bits > 24 or self_bits > 32:
            raise self._damage(f"expected fields of at most 24 and 32 bits, got {length_bits} and {self_bits}")
        self._fields = Fields(source, start, length)
        self._widths = field_widths(length_bits, self_bits)
        self._field_bits = length_bits, self_bits
        self._most_bytes = -(-WINDOW_HUNKS * max(self._widths) // 8) + 1
        self._kinds = bytearray()
        self._starts = array("Q")
        self._windows: OrderedDict[int, Window] = OrderedDict()
        self._rows: OrderedDict[int, bytes] = OrderedDict()
        count = -(-self._hunks // WINDOW_HUNKS)
        self._own_crcs = array("H", bytes(2 * count))
        self._unread = bytearray(b"\1") * count
        self._left = count
        self._lock = threading.Lock()

    @cached_property
    def _read_natively(self) -> MapReader | None:
        return map_reader()

    def places(self, first: int, count: int) -> Sequence[HunkPlace]:
        """Return places, see `HunkMap.places`."""
        rows = ROW.iter_unpack(self.rows(first, count))
        return [HunkPlace(kind, offset, length, crc) for offset, length, crc, kind in rows]

    def rows(self, first: int, count: int) -> bytes:
        """Return the places of existing hunks as rows for the native kernel; errors as for `places`."""
        number, skip = divmod(first, WINDOW_HUNKS)
        with self._lock:
            rows = self._rows_of(number)[ROW.size * skip : ROW.size * (skip + count)]
            while len(rows) < ROW.size * count:
                number += 1
                rows += self._rows_of(number)[: ROW.size * count - len(rows)]
        return rows

    def window(self, number: int) -> Window:
        """Return a window, see `HunkMap.window`."""
        with self._lock:
            return self._window(number)

    def check(self) -> None:
        """Read the windows that were not read yet, and compare the crc16. Raises DamagedImageError."""
        with self._lock:
            for number, is_unread in enumerate(self._unread):
                if is_unread and self._read_rows(number) is None:
                    self._window(number)

    def end(self) -> tuple[int, int]:
        """Return the offset after the last hunk, and the crc16 of all entries."""
        self.check()
        return self._start(len(self._unread)).offset, self._whole_crc()

    def _window(self, number: int) -> Window:
        window = self._windows.get(number)
        if window is not None:
            self._windows.move_to_end(number)
            return window
        self._reach(number)
        try:
            window, following = self._read_window(number)
        except HuffmanError as error:
            raise self._damage(str(error)) from error
        if self._unread[number]:
            self._check(number, own_crc(window))
        self._go_on(number, following)
        self._windows[number] = window
        if len(self._windows) > _WINDOWS:
            self._windows.popitem(last=False)
        return window

    def _rows_of(self, number: int) -> bytes:
        """Return a window as rows: by the native kernel or, if that is missing or the map is damaged, plainly."""
        rows = self._rows.get(number)
        if rows is not None:
            self._rows.move_to_end(number)
            return rows
        found = self._read_rows(number)
        rows = self._rows[number] = rows_of(self._window(number)) if found is None else found
        if len(self._rows) > _ROW_WINDOWS:
            self._rows.popitem(last=False)
        return rows

    def _read_rows(self, number: int) -> bytes | None:
        """Return a window as rows by the native kernel; None if that is up to the plain path."""
        if self._read_natively is None:
            return None
        self._reach(number)
        found = self._natively(number, has_rows=True)
        if found is None:
            return None
        if self._unread[number]:
            self._check(number, found.crc)
        self._go_on(number, _Start(found.bit, found.offset, found.last_self))
        return found.rows

    def _natively(self, number: int, *, has_rows: bool) -> ReadHunks | None:
        """Return a window that `_reach` has reached; None if that is up to the plain path."""
        if self._read_natively is None:
            return None
        bit, offset, last_self = self._start(number)
        first = bit // 8
        fields = self._fields.bytes_from(first, self._most_bytes)
        found = self._read_natively(
            fields,
            bit % 8,
            self._kinds_of(number),
            *self._field_bits,
            self._header.hunk_size,
            offset,
            last_self,
            has_rows,
        )
        if found is None:
            return None
        rows, end, *rest = found
        return ReadHunks(rows, 8 * first + end, *rest)

    def _reach(self, number: int) -> None:
        """Find the start of a window, passing by those before it. DamagedImageError if the map is damaged."""
        try:
            if not self._starts:
                self._read_kinds()
            while len(self._starts) <= len(_Start._fields) * number:
                self._starts.extend(self._pass_by(len(self._starts) // len(_Start._fields) - 1))
        except HuffmanError as error:
            raise self._damage(str(error)) from error

    def _go_on(self, number: int, following: _Start) -> None:
        """Store the start of the window after this one, if it is not known yet."""
        if len(self._starts) == len(_Start._fields) * (number + 1):
            self._starts.extend(following)

    def _start(self, number: int) -> _Start:
        place = len(_Start._fields) * number
        return _Start(*self._starts[place : place + len(_Start._fields)])

    def _check(self, number: int, crc16: int) -> None:
        """Store the own crc16 of a window that was not read yet; after the last one, compare the crc16 of the map."""
        self._own_crcs[number] = crc16
        if self._left == 1 and self._is_checked and (crc := self._whole_crc()) != self._crc:
            raise self._damage(f"its crc16 is {crc:04x}, but the map's header states {self._crc:04x}")
        self._unread[number] = 0
        self._left -= 1

    def _whole_crc(self) -> int:
        """Return the crc16 of all entries: that of two pieces is the first crc, shifted, xor the second."""
        *before, own = self._own_crcs
        high, low = shifts(WINDOW_HUNKS)
        crc = CRC_START
        for each in before:
            crc = high[crc >> 8] ^ low[crc & 0xFF] ^ each
        high, low = shifts((self._hunks - 1) % WINDOW_HUNKS + 1)
        return high[crc >> 8] ^ low[crc & 0xFF] ^ own

    def _read_kinds(self) -> None:
        bits = BitReader(self._fields.head(_TREE_BYTES))
        lengths = read_run_lengths(bits, SYMBOLS, LENGTH_WIDTH)
        self._kinds, end = decode_kinds(self._fields.pieces, bits.position, lengths, self._hunks)
        if any(kind in self._kinds for kind in _PARENT_KINDS):
            raise HuffmanError("it refers to a parent, but the file has none")
        # Runs claim millions of hunks in a few bytes, so missing fields are detected before the hunks are read.
        needed = sum(width * self._kinds.count(kind) for kind, width in enumerate(self._widths) if width)
        if end + needed > self._fields.end:
            raise HuffmanError(FIELDS_END)
        self._starts.extend(_Start(end, self.first_offset, 0))

    def _kinds_of(self, number: int) -> bytes:
        return bytes(self._kinds[number * WINDOW_HUNKS : (number + 1) * WINDOW_HUNKS])

    def _pass_by(self, number: int) -> _Start:
        """Return the start of the next window without reading this one, in a tenth of the time."""
        found = self._natively(number, has_rows=False)
        if found is not None:
            return _Start(found.bit, found.offset, found.last_self)
        bit, offset, last_self = self._start(number)
        kinds = self._kinds_of(number)
        widths = kinds.translate(self._widths)
        if kinds.translate(None, _CODECS) != kinds:
            offset += sum(field >> CRC_BITS for field in self._fields.read(bit, widths, kinds.translate(_IS_CODEC)))
        offset += self._header.hunk_size * kinds.count(Kind.PLAIN)
        last = kinds.rfind(Kind.SELF)
        if last >= 0:
            (last_self,) = self._fields.read(bit + sum(widths[:last]), widths[last : last + 1], _IS_ANY)
        last_self += kinds.count(Kind.SELF_NEXT, last + 1)
        return _Start(bit + sum(widths), offset, last_self)

    def _read_window(self, number: int) -> tuple[Window, _Start]:
        """Return a window and the start of the next one."""
        bit, offset, last_self = self._start(number)
        kinds = self._kinds_of(number)
        widths = kinds.translate(self._widths)
        lengths: Sequence[int] = ()
        offsets: Sequence[int] = ()
        crcs: Sequence[int] = ()
        origins: Sequence[int] = ()
        referring = kinds.translate(None, _STORED)
        if len(referring) < len(kinds):
            fields = self._fields.read(bit, widths, kinds.translate(IS_STORED))
            crcs = [field & _CRC_MASK for field in fields]
            lengths = self._lengths(kinds, fields)
            *offsets, offset = accumulate(lengths, initial=offset)
        if referring:
            has_fields = self._widths[Kind.SELF] and Kind.SELF in referring
            selfs = iter(self._fields.read(bit, widths, kinds.translate(IS_SELF))) if has_fields else repeat(0)
            origins = origins_of(referring, selfs, last_self)
            last_self = origins[-1]
        window = Window(kinds.translate(_RESOLVED), lengths, offsets, crcs, origins)
        return window, _Start(bit + sum(widths), offset, last_self)

    def _lengths(self, kinds: bytes, fields: Sequence[int]) -> Sequence[int]:
        """Return the lengths of the stored hunks; a plain one has none in the map."""
        lengths = [field >> CRC_BITS for field in fields]
        if Kind.PLAIN not in kinds:
            return lengths
        stored, size = kinds.translate(None, _REFERRING), self._header.hunk_size
        return [size if kind == Kind.PLAIN else length for kind, length in zip(stored, lengths, strict=True)]

    def _damage(self, what: str) -> DamagedImageError:
        return DamagedImageError(
            f"{shown_name(self._source)}: its map is damaged: {what}",
            hint="restore the file from a backup or make it again from its source",
        )

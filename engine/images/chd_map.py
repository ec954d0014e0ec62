"""The map of a CHD: where each hunk lies, read a window at a time (FORMATS section 3).

A DVD of 2 KiB hunks has 2.3 million. What stays in memory is one byte a hunk (its kind), where each window of 256
begins, and the windows read last.
"""

import binascii
import struct
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol

from engine.codecs.huffman import BitReader, HuffmanError, read_run_lengths
from engine.errors import DamagedImageError
from engine.images.chd_header import ChdHeader
from engine.images.chd_kinds import SYMBOLS, Kind, decode_kinds
from engine.images.source import ByteSource, read_bytes, shown_name

MAP_HEADER = struct.Struct(">I6sHBBBx")
"""Bytes of the bits behind it, offset of the first hunk, crc16 of the expanded map, bits of a length, of a hunk's
number, of a unit's number in the parent."""
EXPANDED_SIZE = 12
"""An entry of the expanded map: u8 kind, u24 length, u48 offset, u16 crc16."""
CRC_START = 0xFFFF
"""crc16 is CCITT 0x1021 from here on, as `binascii.crc_hqx` takes it."""
CRC_BITS = 16
LENGTH_WIDTH = 4
"""Bits of a code length in the tree of kinds."""
WINDOW_HUNKS = 256
_WINDOWS = 256  # 64 Ki hunks: those of 128 MiB, and the places that equal hunks refer to
_GROUP = 64  # fields taken out of one number: a longer one would be shifted whole for each
_READ_BYTES = 64 * 1024
_TREE_BYTES = 64
_PLAIN_ENTRY = struct.Struct(">I")


class HunkPlace(NamedTuple):
    """Where a hunk is, as the map says."""

    kind: int
    """A Kind up to PARENT; a run or shorthand is resolved."""
    offset: int
    """First stored byte; for SELF the number of the equal hunk."""
    length: int
    """Stored bytes; 0 for SELF."""
    crc: int
    """crc16 of the decoded hunk; 0 for SELF."""


class HunkMap(Protocol):
    """Where the hunks of an open CHD are; any number of threads may ask."""

    bytes_in_file: int
    """Bytes that it takes in the file."""
    first_offset: int
    """Where the first hunk is stored; 0 where they lie anywhere."""
    has_checksums: bool
    """Whether it gives each hunk's crc16."""

    def places(self, first: int, count: int) -> Sequence[HunkPlace]:
        """Return the places of hunks that exist; DamagedImageError where the map cannot be read."""

    def window(self, number: int) -> "Window":
        """Return the places of WINDOW_HUNKS hunks, fewer in the last window; errors as for `places`."""


class Window(NamedTuple):
    """The places of consecutive hunks, by columns: what a HunkPlace says of one."""

    kinds: bytes
    lengths: Sequence[int]
    offsets: Sequence[int]
    crcs: Sequence[int]


class PlainMap:
    """The map of a CHD without codecs: a place in whole hunks each, 0 for a hunk of zeros."""

    first_offset = 0
    has_checksums = False

    def __init__(self, source: ByteSource, header: ChdHeader) -> None:
        self._source = source
        self._header = header
        self.bytes_in_file = _PLAIN_ENTRY.size * header.hunks
        if header.map_offset + self.bytes_in_file > source.size_bytes:
            raise DamagedImageError(
                f"{shown_name(source)}: a map of {header.hunks} hunks at byte {header.map_offset} does not fit a file "
                f"of {source.size_bytes} bytes"
            )

    def places(self, first: int, count: int) -> Sequence[HunkPlace]:
        """Return places as `HunkMap.places` says."""
        stored = read_bytes(
            self._source, self._header.map_offset + _PLAIN_ENTRY.size * first, _PLAIN_ENTRY.size * count
        )
        if len(stored) < _PLAIN_ENTRY.size * count:
            raise DamagedImageError(
                f"{shown_name(self._source)}: the file ends inside its map",
                hint="it became shorter while it was read: try again when nothing writes it",
            )
        hunk_size = self._header.hunk_size
        return [
            HunkPlace(Kind.PLAIN, number * hunk_size, hunk_size if number else 0, 0)
            for (number,) in _PLAIN_ENTRY.iter_unpack(stored)
        ]

    def window(self, number: int) -> Window:
        """Return a window as `HunkMap.window` says."""
        first = number * WINDOW_HUNKS
        places = self.places(first, min(WINDOW_HUNKS, self._header.hunks - first))
        kinds, offsets, lengths, crcs = zip(*places, strict=True)
        return Window(bytes(kinds), lengths, offsets, crcs)


class _Start(NamedTuple):
    """Where the reading of a window begins."""

    bit: int
    offset: int
    last_self: int
    crc: int


class CompressedMap:
    """The map of a CHD with codecs: windows are read in order up to the one wanted, once, and then each by itself."""

    has_checksums = True

    def __init__(self, source: ByteSource, header: ChdHeader, *, checked: bool = True) -> None:
        """Read the map's header; `checked` compares the crc16 in it once all entries were read."""
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
        self._start = header.map_offset + MAP_HEADER.size
        self._bits_end = 8 * length
        if self._start + length > source.size_bytes:
            raise self._damage(f"a map of {length} bytes at byte {self._start} of {source.size_bytes}")
        if length_bits > 24 or self_bits > 32:
            raise self._damage(f"its fields are said to have {length_bits} and {self_bits} bits: 24 and 32 are allowed")
        self._widths = _field_widths(length_bits, self_bits)
        self._kinds = bytearray()
        self._starts: list[_Start] = []
        self._windows: OrderedDict[int, Window] = OrderedDict()
        self._piece = (0, b"")
        self._lock = threading.Lock()

    def places(self, first: int, count: int) -> Sequence[HunkPlace]:
        """Return places as `HunkMap.places` says."""
        found: list[HunkPlace] = []
        with self._lock:
            while len(found) < count:
                number, skip = divmod(first + len(found), WINDOW_HUNKS)
                end = min(skip + count - len(found), WINDOW_HUNKS)
                columns = (column[skip:end] for column in self._window(number))
                kinds, lengths, offsets, crcs = columns
                found += map(HunkPlace, kinds, offsets, lengths, crcs)
        return found

    def window(self, number: int) -> Window:
        """Return a window as `HunkMap.window` says."""
        with self._lock:
            return self._window(number)

    def end(self) -> tuple[int, int]:
        """Return the offset behind the last hunk, and the crc16 of all entries."""
        last = (self._hunks - 1) // WINDOW_HUNKS
        with self._lock:
            self._window(last)
            _, following = self._read_window(last)
        return following.offset, following.crc

    def _window(self, number: int) -> Window:
        window = self._windows.get(number)
        if window is not None:
            self._windows.move_to_end(number)
            return window
        try:
            if not self._starts:
                self._read_kinds()
            while len(self._starts) <= number:
                self._step()
            window, following = self._read_window(number)
        except HuffmanError as error:
            raise self._damage(str(error)) from error
        if number == len(self._starts) - 1:
            self._check_end(number, following)
            self._starts.append(following)
        self._windows[number] = window
        if len(self._windows) > _WINDOWS:
            self._windows.popitem(last=False)
        return window

    def _step(self) -> None:
        """Find out where one more window begins."""
        _, following = self._read_window(len(self._starts) - 1)
        self._starts.append(following)

    def _check_end(self, number: int, following: _Start) -> None:
        is_last = (number + 1) * WINDOW_HUNKS >= self._hunks
        if is_last and self._is_checked and following.crc != self._crc:
            raise self._damage(f"its crc16 is {following.crc:04x}, the map's header says {self._crc:04x}")

    def _read_kinds(self) -> None:
        bits = BitReader(read_bytes(self._source, self._start, min(_TREE_BYTES, self._bits_end // 8)))
        lengths = read_run_lengths(bits, SYMBOLS, LENGTH_WIDTH)
        self._kinds, end = decode_kinds(self._pieces, bits.position, lengths, self._hunks)
        if any(kind in self._kinds for kind in _PARENT_KINDS):
            raise HuffmanError("it refers to a parent, and the file has none")
        # Runs claim millions of hunks in a few bytes: those whose fields are missing are not gone through.
        if end + sum(width * self._kinds.count(kind) for kind, width in enumerate(self._widths)) > self._bits_end:
            raise HuffmanError(_PLACES_END)
        self._starts = [_Start(end, self.first_offset, 0, CRC_START)]

    def _pieces(self) -> Iterator[bytes]:
        for offset in range(0, self._bits_end // 8, _READ_BYTES):
            yield read_bytes(self._source, self._start + offset, min(_READ_BYTES, self._bits_end // 8 - offset))

    def _read_window(self, number: int) -> tuple[Window, _Start]:
        """Return a window and where the next one begins."""
        start = self._starts[number]
        kinds = bytes(self._kinds[number * WINDOW_HUNKS : min((number + 1) * WINDOW_HUNKS, self._hunks)])
        widths = kinds.translate(self._widths)
        last_self = start.last_self
        if not any(widths):
            window = _bare_references(kinds, last_self)
            crc = binascii.crc_hqx(_expand(window), start.crc)
            return window, _Start(start.bit, start.offset, window.offsets[-1], crc)
        fields = self._fields(start.bit, widths)
        if max(kinds) <= Kind.CODEC_3:
            lengths = [field >> CRC_BITS for field in fields]
            crcs = [field & _CRC_MASK for field in fields]
            *offsets, end = accumulate(lengths, initial=start.offset)
        else:
            resolved, lengths, crcs, offsets = bytearray(), [], [], []
            end = start.offset
            for kind, field in zip(kinds, fields, strict=True):
                length, crc, offset = field >> CRC_BITS, field & _CRC_MASK, end
                if kind == Kind.PLAIN:
                    length = self._header.hunk_size
                elif kind > Kind.PLAIN:
                    last_self += kind == Kind.SELF_NEXT
                    offset = last_self = field if kind == Kind.SELF else last_self
                    kind, length, crc = int(Kind.SELF), 0, 0  # noqa: PLW2901 - the shorthand is resolved
                resolved.append(kind)
                lengths.append(length)
                crcs.append(crc)
                offsets.append(offset)
                end += length
            kinds = bytes(resolved)
        window = Window(kinds, lengths, offsets, crcs)
        crc = binascii.crc_hqx(_expand(window), start.crc)
        return window, _Start(start.bit + sum(widths), end, last_self, crc)

    def _fields(self, first_bit: int, widths: bytes) -> list[int]:
        """Return the fields of so many bits each, one behind the other from a bit on."""
        fields: list[int] = []
        bit = first_bit
        for place in range(0, len(widths), _GROUP):
            group = widths[place : place + _GROUP]
            ends = list(accumulate(group))
            end = bit + ends[-1]
            if end > self._bits_end:
                raise HuffmanError(_PLACES_END)
            top = -(-end // 8) * 8
            value = int.from_bytes(self._bytes(bit // 8, top // 8), "big")
            low = top - bit
            fields += [value >> low - stop & _MASKS[width] for stop, width in zip(ends, group, strict=True)]
            bit = end
        return fields

    def _bytes(self, first: int, end: int) -> bytes:
        at, piece = self._piece
        if first < at or end > at + len(piece):
            at, piece = first, read_bytes(self._source, self._start + first, max(_READ_BYTES, end - first))
            self._piece = at, piece
        return piece[first - at : end - at]

    def _damage(self, what: str) -> DamagedImageError:
        return DamagedImageError(
            f"{shown_name(self._source)}: its map is damaged: {what}",
            hint="restore the file from a backup or make it again from its source",
        )


_PLACES_END = "the map ends among the places of its hunks"
_CRC_MASK = (1 << CRC_BITS) - 1
_MASKS = [(1 << width) - 1 for width in range(64)]
_IS_NEXT = bytes(kind == Kind.SELF_NEXT for kind in range(256))
_PARENT_KINDS = (Kind.PARENT, Kind.PARENT_SELF, Kind.PARENT_SAME, Kind.PARENT_NEXT)


def _field_widths(length_bits: int, self_bits: int) -> bytes:
    """Return the bits behind the kinds that each kind has, as a table for `bytes.translate`."""
    widths = bytearray(256)
    widths[Kind.CODEC_0 : Kind.CODEC_3 + 1] = bytes((length_bits + CRC_BITS,)) * 4
    widths[Kind.PLAIN] = CRC_BITS
    widths[Kind.SELF] = self_bits
    return bytes(widths)


def _bare_references(kinds: bytes, last_self: int) -> Window:
    """Return a window of references that have no fields; runs of them claim millions of hunks in a few bytes.

    A SELF whose field has no bits is equal to hunk 0.
    """
    if Kind.SELF in kinds:
        numbers = accumulate(
            kinds, lambda last, kind: 0 if kind == Kind.SELF else last + (kind == Kind.SELF_NEXT), initial=last_self
        )
    else:
        numbers = accumulate(kinds.translate(_IS_NEXT), initial=last_self)
    _, *offsets = numbers
    nothing = [0] * len(kinds)
    return Window(bytes((Kind.SELF,)) * len(kinds), nothing, offsets, nothing)


def _expand(window: Window) -> bytearray:
    """Return the entries of a window as the map's crc16 is taken over them."""
    count = len(window.kinds)
    lengths = struct.pack(f">{count}I", *window.lengths)
    offsets = struct.pack(f">{count}Q", *window.offsets)
    crcs = struct.pack(f">{count}H", *window.crcs)
    expanded = bytearray(EXPANDED_SIZE * count)
    expanded[0::EXPANDED_SIZE] = window.kinds
    for place in range(3):
        expanded[1 + place :: EXPANDED_SIZE] = lengths[1 + place :: 4]
    for place in range(6):
        expanded[4 + place :: EXPANDED_SIZE] = offsets[2 + place :: 8]
    for place in range(2):
        expanded[10 + place :: EXPANDED_SIZE] = crcs[place::2]
    return expanded

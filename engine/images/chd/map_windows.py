"""Converts windows of a CHD's map to places, and computes their crc16 in the form of the expanded map.

Runs are handled fast, because a few bytes of them can claim millions of equal hunks.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, islice

from discpress.engine.codecs.chd.rows import CRC_BITS, ROW
from discpress.engine.codecs.crc import crc16
from discpress.engine.images.chd.map import WINDOW_HUNKS, Window
from discpress.engine.images.chd.map_kinds import SELF, Kind

EXPANDED_SIZE = 12
"""An entry of the expanded map: u8 kind, u24 length, u48 offset, u16 crc16."""
_IS_NEXT = bytes(kind == Kind.SELF_NEXT for kind in range(256))
_SAME, _NEXT = bytes((Kind.SELF_SAME,)), bytes((Kind.SELF_NEXT,))
_RUNS = re.compile(SELF + b"+|[^" + SELF + b"]+")


def field_widths(length_bits: int, self_bits: int) -> bytes:
    """Return the width of each kind's field in bits, as a table for `bytes.translate`."""
    widths = bytearray(256)
    widths[Kind.CODEC_0 : Kind.CODEC_3 + 1] = bytes((length_bits + CRC_BITS,)) * 4
    widths[Kind.PLAIN] = CRC_BITS
    widths[Kind.SELF] = self_bits
    return bytes(widths)


def origins_of(kinds: bytes, selfs: Iterator[int], last_self: int) -> Sequence[int]:
    """Return the hunks of references; fast even for millions of them, which runs claim in a few bytes."""
    if not kinds.translate(None, _SAME):
        return [last_self] * len(kinds)
    if not kinds.translate(None, _NEXT):
        return range(last_self + 1, last_self + 1 + len(kinds))
    if not kinds.translate(None, SELF):
        return list(islice(selfs, len(kinds)))
    numbers: list[int] = []
    for place, run in enumerate(kinds.split(SELF)):
        if place:
            last_self = next(selfs)
            numbers.append(last_self)
        if run:
            numbers += islice(accumulate(run.translate(_IS_NEXT), initial=last_self), 1, None)
            last_self = numbers[-1]
    return numbers


def rows_of(window: Window) -> bytes:
    """Return a window as rows for the native kernel."""
    if not window.origins:
        columns = zip(window.offsets, window.lengths, window.crcs, window.kinds, strict=True)
        return b"".join([ROW.pack(*row) for row in columns])
    stored, referring = zip(window.offsets, window.lengths, window.crcs, strict=True), iter(window.origins)
    found = ((next(referring), 0, 0) if kind == Kind.SELF else next(stored) for kind in window.kinds)
    return b"".join([ROW.pack(*place, kind) for place, kind in zip(found, window.kinds, strict=True)])


def own_crc(window: Window) -> int:
    """Return the crc16 of a window's entries alone, with the start value 0."""
    if not window.origins:
        return crc16(_expand_stored(window.kinds, window), 0)
    if not window.lengths:
        first, count = window.origins[0], len(window.origins)
        is_same = count == WINDOW_HUNKS and window.origins[-1] == first and window.origins.count(first) == count
        return _crc_of_equal(first) if is_same else crc16(_expand_origins(window.origins), 0)
    stored = _expand_stored(window.kinds.translate(None, SELF), window)
    referring = _expand_origins(window.origins)
    entries: list[bytearray] = []
    stored_end = referring_end = 0
    for run in _RUNS.findall(window.kinds):
        size = EXPANDED_SIZE * len(run)
        if run[0] == Kind.SELF:
            entries.append(referring[referring_end : referring_end + size])
            referring_end += size
        else:
            entries.append(stored[stored_end : stored_end + size])
            stored_end += size
    return crc16(b"".join(entries), 0)


@lru_cache(maxsize=64)
def _crc_of_equal(number: int) -> int:
    return crc16(_expand_origins([number] * WINDOW_HUNKS), 0)


@lru_cache(maxsize=8)
def shifts(count: int) -> tuple[Sequence[int], Sequence[int]]:
    """Return the crc16 after `count` entries of zeros, as one table for its high byte and one for its low byte.

    A crc is linear, so the exclusive or of both values is the new crc.
    """
    zeros = bytes(EXPANDED_SIZE * count)
    low, high = ([0], [0])
    for bit in range(8):
        for table, place in ((low, bit), (high, 8 + bit)):
            shifted = crc16(zeros, 1 << place)
            table += [each ^ shifted for each in table]
    return high, low


def _expand_stored(kinds: bytes, window: Window) -> bytearray:
    """Return the entries of stored hunks of these kinds."""
    count = len(kinds)
    lengths = struct.pack(f">{count}I", *window.lengths)
    crcs = struct.pack(f">{count}H", *window.crcs)
    expanded = _expand(kinds, window.offsets)
    for place in range(3):
        expanded[1 + place :: EXPANDED_SIZE] = lengths[1 + place :: 4]
    for place in range(2):
        expanded[10 + place :: EXPANDED_SIZE] = crcs[place::2]
    return expanded


def _expand_origins(origins: Sequence[int]) -> bytearray:
    """Return the entries of references to these hunks."""
    return _expand(SELF * len(origins), origins)


def _expand(kinds: bytes, offsets: Sequence[int]) -> bytearray:
    expanded = bytearray(EXPANDED_SIZE * len(kinds))
    expanded[0::EXPANDED_SIZE] = kinds
    stored = struct.pack(f">{len(offsets)}Q", *offsets)
    for place in range(6):
        expanded[4 + place :: EXPANDED_SIZE] = stored[2 + place :: 8]
    return expanded

"""Windows of a compressed CHD map, and the crc16 that is taken over them as the expanded map has them.

Windows of nothing but references are the quick ones: a few bytes of runs claim millions of hunks.
"""

import binascii
import struct
from collections.abc import Sequence
from functools import lru_cache

from engine.images.chd_kinds import Kind
from engine.images.chd_map import WINDOW_HUNKS, Window

EXPANDED_SIZE = 12
"""An entry of the expanded map: u8 kind, u24 length, u48 offset, u16 crc16."""
_ALL_SELF = bytes((Kind.SELF,)) * WINDOW_HUNKS
_NOTHING = (0,) * WINDOW_HUNKS


def references(numbers: Sequence[int]) -> Window:
    """Return a window of hunks that are each equal to another one."""
    nothing = _NOTHING[: len(numbers)]
    return Window(_ALL_SELF[: len(numbers)], nothing, numbers, nothing)


def own_crc(window: Window) -> int:
    """Return the crc16 of a window's entries alone, from 0 on."""
    first, count = window.offsets[0], len(window.offsets)
    if window.kinds != _ALL_SELF[:count]:
        return binascii.crc_hqx(_expand(window), 0)
    if window.offsets.count(first) == count:
        return _crc_of_equal(first, count)
    return binascii.crc_hqx(_expand_references(window.offsets), 0)


@lru_cache(maxsize=64)
def _crc_of_equal(number: int, count: int) -> int:
    return binascii.crc_hqx(_expand_references([number] * count), 0)


def _expand_references(numbers: Sequence[int]) -> bytearray:
    expanded = bytearray(EXPANDED_SIZE * len(numbers))
    expanded[0::EXPANDED_SIZE] = _ALL_SELF[: len(numbers)]
    _put_offsets(expanded, numbers)
    return expanded


def _expand(window: Window) -> bytearray:
    """Return the entries of a window."""
    count = len(window.kinds)
    lengths = struct.pack(f">{count}I", *window.lengths)
    crcs = struct.pack(f">{count}H", *window.crcs)
    expanded = bytearray(EXPANDED_SIZE * count)
    expanded[0::EXPANDED_SIZE] = window.kinds
    for place in range(3):
        expanded[1 + place :: EXPANDED_SIZE] = lengths[1 + place :: 4]
    _put_offsets(expanded, window.offsets)
    for place in range(2):
        expanded[10 + place :: EXPANDED_SIZE] = crcs[place::2]
    return expanded


def _put_offsets(expanded: bytearray, offsets: Sequence[int]) -> None:
    stored = struct.pack(f">{len(offsets)}Q", *offsets)
    for place in range(6):
        expanded[4 + place :: EXPANDED_SIZE] = stored[2 + place :: 8]

"""A group of an RVZ without its padding, as nod-rs stores it: plain bytes, and seeds in place of padding.

Each piece begins with its length; bit 31 marks a seed. Source: WiaAndRvz.md of Dolphin, wia.rs of nod.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

from discpress.engine.images.nintendo.padding import (
    SECTOR_BYTES,
    SEED_WORDS,
    Padding,
    find_seed,
    looks_like_padding,
    padding_of,
)

_LENGTH = Struct(">I")
_SEED = Struct(f">I{SEED_WORDS}I")
_IS_SEED = 1 << 31
_MOST_PLAIN = _SEED.size
"""nod-rs leaves shorter padding as it is."""
_MOST_ZEROS = 16
"""More zeros in a row are no padding: the generator makes so many once in 2**128 places."""
_NOT_ZERO = re.compile(rb"[^\0]")


class _Area(NamedTuple):
    at: int
    length: int
    seed: Sequence[int]


def pack_padding(data: bytes, start: int, padding: Padding, file_ends: Sequence[int]) -> bytes:
    """Return a group as an RVZ stores it before it is compressed: `data` itself if there is no padding in it.

    `start` is the offset of the group on the disc, or in the content of its partition. Padding is found at the
    beginning of a sector, after zeros, and after the end of a file; `file_ends` are the known ones, ascending.
    """
    areas = _find(data, start, padding, file_ends)
    if not areas:
        return data
    pieces, end = [], 0
    for at, length, seed in areas:
        if at > end:
            pieces += [_LENGTH.pack(at - end), data[end:at]]
        pieces.append(_SEED.pack(length | _IS_SEED, *seed))
        end = at + length
    if end < len(data):
        pieces += [_LENGTH.pack(len(data) - end), data[end:]]
    return b"".join(pieces)


def _find(data: bytes, start: int, padding: Padding, file_ends: Sequence[int]) -> list[_Area]:
    areas = []
    at = 0
    while at < len(data):
        sector, skip = divmod(start + at, SECTOR_BYTES)
        zeros = _zeros(data, at)
        if zeros and (zeros > _MOST_ZEROS or zeros > _zeros(padding.sector(sector), skip)):
            at += zeros
            continue
        end = min(at + SECTOR_BYTES - skip, len(data))
        found = _look(data[at:end], sector, skip, padding)
        if found is not None:
            length, seed = found
            areas.append(_Area(at, length, seed))
            at += length
        if at < end:
            number = bisect_right(file_ends, start + at)
            at = min(end, file_ends[number] - start) if number < len(file_ends) else end
    return areas


def _look(data: bytes, sector: int, skip: int, padding: Padding) -> tuple[int, Sequence[int]] | None:
    """Return the length and the seed of the padding at the beginning of data; None if there is too little.

    The data begin `skip` bytes after the start of a sector, and end with it at most.
    """
    if not looks_like_padding(data, skip):
        return None
    length = _equal(data, padding.sector(sector)[skip:])
    if length > _MOST_PLAIN:
        return length, padding.seed(sector)
    seed = find_seed(data, skip)
    length = 0 if seed is None else _equal(data, padding_of(seed)[skip:])
    return None if seed is None or length <= _MOST_PLAIN else (length, seed)


def _zeros(data: bytes, at: int) -> int:
    """Return the number of zeros from a place on."""
    found = _NOT_ZERO.search(data, at)
    return (len(data) if found is None else found.start()) - at


def _equal(one: bytes, other: bytes) -> int:
    """Return the number of bytes of `one` that `other` begins with, 0 if it is too small to matter."""
    other = other[: len(one)]
    if one[: _MOST_PLAIN + 1] != other[: _MOST_PLAIN + 1]:
        return 0
    difference = int.from_bytes(one, "big") ^ int.from_bytes(other, "big")
    return len(one) - -(-difference.bit_length() // 8)

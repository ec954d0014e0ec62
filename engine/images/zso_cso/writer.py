"""Writes ZSO and CSO: chunks of packed blocks in order become an aligned, indexed, padded file.

The rules are those of docs/formats.md, "The writer every tested reader accepts".
"""

import zlib
from array import array
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from discpress.engine.codecs.blocks import PLAIN_BIT, align_up
from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.layout import Output
from discpress.engine.images.source import ByteSource
from discpress.engine.images.zso_cso.header import (
    ENTRY_SIZE,
    HEADER_SIZE,
    Header,
    entry_bytes,
    new_entries,
)

_NOT_LOOKED_AT = memoryview(b"")
_NO_DIGESTS: Mapping[str, str] = MappingProxyType({})
_INDEX_PIECE = 256 * 1024  # entries written at once: 1 MiB, so that the index is never copied as a whole


class PackedWriter:
    """Writes an index and packed blocks: ZSO and CSO v1."""

    def __init__(self, output: Output, header: Header) -> None:
        self._output = output
        self._header = header
        self._entries = new_entries()
        self.position = align_up(header.data_offset, header.alignment)

    def append(
        self, packed: memoryview, lengths: "array[int]", count: int, source: memoryview = _NOT_LOOKED_AT
    ) -> None:
        """Write the next `count` blocks, in the layout of `discpress.engine.codecs.blocks`."""
        self._output.write_at(self.position, packed)
        entries, end = _entries_of(lengths[:count], self.position >> self._header.index_shift, self._header.index_shift)
        self._entries.extend(entries)
        self.position = end << self._header.index_shift

    @property
    def blocks(self) -> int:
        """Number of blocks written so far."""
        return len(self._entries)

    def save_index(self, first: int) -> int:
        """Write the entries from `first` on and return the crc32 of all entries so far."""
        self._write_entries(first)
        return zlib.crc32(self._entries)

    def restore(self, source: ByteSource, blocks: int, position: int, crc32: int) -> bool:
        """Continue after the blocks that an earlier writer wrote; return False if its entries are not in `source`."""
        stored = bytearray(ENTRY_SIZE * blocks)
        if source.read_into(stored, HEADER_SIZE) != len(stored):
            return False
        entries = new_entries(bytes(stored))
        if zlib.crc32(entries) != crc32:
            return False
        self._entries = entries
        self.position = position
        return True

    def revisit(self, source: memoryview) -> None:
        """Do nothing, because no block depends on another one."""

    def finish(self, digests: Mapping[str, str] = _NO_DIGESTS) -> int:
        """Write end entry, end padding, index and header; return the file's length."""
        if len(self._entries) != self._header.blocks:
            raise RuntimeError(f"expected {self._header.blocks} blocks, got {len(self._entries)}")
        self._entries.append(self.position >> self._header.index_shift)
        file_bytes = align_up(self.position, SECTOR_SIZE)
        self._output.write_at(self.position, bytes(file_bytes - self.position))
        self._write_entries(0)
        self._output.write_at(0, self._header.encode())
        return file_bytes

    def _write_entries(self, start: int) -> None:
        for first in range(start, len(self._entries), _INDEX_PIECE):
            piece = self._entries[first : first + _INDEX_PIECE]
            self._output.write_at(HEADER_SIZE + ENTRY_SIZE * first, entry_bytes(piece))


def _entries_of(lengths: "array[int]", first: int, shift: int) -> "tuple[array[int], int]":
    """Return the index entries of blocks with these lengths from step `first` on, and the step after the last one.

    All lengths are one number with a digit of 32 bits each. Adding it to itself 1, 2, 4 and so on digits higher makes
    each digit the sum of all up to it. No sum exceeds 31 bits, so none carries over. This takes a quarter of the time
    of a loop.
    """
    count, bits = len(lengths), 32 * len(lengths)
    digits = int.from_bytes(entry_bytes(lengths), "little")
    plain = digits & _in_each_digit(PLAIN_BIT, count)
    sums = (digits ^ plain) >> shift
    distance = 32
    while distance < bits:
        sums += sums << distance
        distance *= 2
    mask = (1 << bits) - 1
    starts = ((sums & mask) << 32) + first * _in_each_digit(1, count + 1)
    return new_entries((starts & mask | plain).to_bytes(ENTRY_SIZE * count, "little")), starts >> bits


@lru_cache(maxsize=4)  # chunks of an image have one length, and the last one another
def _in_each_digit(value: int, count: int) -> int:
    return int.from_bytes(value.to_bytes(ENTRY_SIZE, "little") * count, "little")

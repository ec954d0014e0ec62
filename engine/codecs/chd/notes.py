"""Notes of packed hunks for the map of a CHD: their kinds and fields, and references to equal hunks.

The native kernel notes a chunk in one call without the interpreter's lock; plain Python is the reference.
"""

from array import array
from functools import cache
from random import Random

import xxhash

from discpress.engine.codecs.blocks import LENGTH_MASK, PLAIN_BIT
from discpress.engine.codecs.chd.dedup import HunkTable
from discpress.engine.codecs.chd.libraries import HunkLibraries, Library, hunk_libraries
from discpress.engine.codecs.chd.rows import CRC_BITS, CRC_START, PLAIN, SELF
from discpress.engine.codecs.crc import crc16_of_blocks

SLOT_SHIFT = 24
"""Bits 24 and 25 of a length are the number of the codec that packed the hunk; no hunk is longer than 1 MiB."""
_TESTED_BYTES = 512


class MapNotes:
    """The kinds and fields of all hunks so far, and the first hunk of each content; for one thread at a time."""

    def __init__(self, hunks: int, hunk_size: int, length_bits: int, self_bits: int, lead_bits: int) -> None:
        """`length_bits` and `self_bits` are the widths of a length and of a hunk's number.

        `lead_bits` zeros come before the first field.
        """
        self._hunk_size = hunk_size
        self._length_bits, self._self_bits = length_bits, self_bits
        self._table = HunkTable(hunks)
        self.kinds = bytearray()
        """The kind of each hunk."""
        self.fields = bytearray(bool(lead_bits))
        """The fields of all hunks, the highest bit first; the last byte is filled up with zeros."""
        self.bits = lead_bits
        """Number of bits in `fields`."""

    def take(self, packed: memoryview, lengths: "array[int]", count: int, source: memoryview) -> int:
        """Note the next `count` hunks, in the layout of `engine.codecs.hunks`; `source` contains them decoded.

        Those that equal an earlier hunk are removed from `packed`. Return the number of bytes that stay.
        """
        libraries = _note_taker()
        if libraries is None:
            return self.take_plainly(packed, lengths, count, source)
        return self.take_natively(libraries, packed, lengths, count, source)

    def take_natively(
        self, libraries: HunkLibraries, packed: memoryview, lengths: "array[int]", count: int, source: memoryview
    ) -> int:
        """Note hunks by the native kernel, see `take`. ValueError for lengths that the codecs cannot have."""
        lead, widest = self.bits % 8, max(self._length_bits + CRC_BITS, self._self_bits)
        kinds, fields = bytearray(count), bytearray(-(-(lead + count * widest) // 8) or 1)
        if lead:
            fields[0] = self.fields.pop()
        kept, self._table.room, bits = libraries.module.hunk_note(
            libraries.handle,
            self._table.marks,
            self._table.numbers,
            self._table.room,
            source[: count * self._hunk_size],
            packed,
            lengths,
            self._hunk_size,
            len(self.kinds),
            self._length_bits,
            self._self_bits,
            lead,
            kinds,
            fields,
        )
        self.kinds += kinds
        self.fields += memoryview(fields)[: -(-bits // 8)]
        self.bits += bits - lead
        stays: int = kept
        return stays

    def take_plainly(self, packed: memoryview, lengths: "array[int]", count: int, source: memoryview) -> int:
        """Note hunks in plain Python, see `take`."""
        size, position, kept = self._hunk_size, 0, 0
        checksums = crc16_of_blocks(source[: count * size], size, CRC_START)
        lead = self.bits % 8
        bits = lead
        rest = self.fields.pop() >> 8 - lead if lead else 0
        for number, entry in enumerate(lengths[:count]):
            hunk, length = source[number * size : (number + 1) * size], entry & LENGTH_MASK
            origin = self.origin_of(hunk, len(self.kinds))
            if origin is not None:
                kind, field, width = SELF, origin, self._self_bits
            elif entry & PLAIN_BIT:
                kind, field, width = PLAIN, checksums[number], CRC_BITS
            else:
                kind, width = entry >> SLOT_SHIFT, self._length_bits + CRC_BITS
                field = length << CRC_BITS | checksums[number]
            self.kinds.append(kind)
            rest, bits = rest << width | field, bits + width
            if origin is None:
                packed[kept : kept + length] = packed[position : position + length]
                kept += length
            position += length
        self.fields += (rest << -bits % 8).to_bytes(-(-bits // 8), "big")
        self.bits += bits - lead
        return kept

    def origin_of(self, hunk: memoryview, number: int) -> int | None:
        """Return the number of the first equal hunk; None if this one, with its number, is the first."""
        return self._table.find_or_add(xxhash.xxh3_128_intdigest(hunk), number)


@cache
def _note_taker() -> HunkLibraries | None:
    """Return the libraries of a kernel that notes hunks like plain Python; None to note them plainly."""
    libraries = hunk_libraries()
    if libraries is None or not libraries.has(Library.XXH3) or not hasattr(libraries.module, "hunk_note"):
        return None
    return libraries if _is_right(libraries) else None


def _is_right(libraries: HunkLibraries) -> bool:
    """Return whether the kernel notes hunks of three kinds like plain Python, in two chunks."""
    chance = Random(0)
    hunks = [chance.randbytes(_TESTED_BYTES) for _ in range(6)]
    chunks = [[0, 1, 0, 2, 3], [4, 1, 5, 5]]
    native, plain = (MapNotes(9, _TESTED_BYTES, 9, 4, 3) for _ in range(2))
    for numbers in chunks:
        source = memoryview(b"".join(hunks[number] for number in numbers))
        entries = [
            _TESTED_BYTES | PLAIN_BIT if number % 3 == 1 else number % 4 << SLOT_SHIFT | 60 + number
            for number in numbers
        ]
        lengths = array("I", entries)
        stored = chance.randbytes(sum(entry & LENGTH_MASK for entry in entries))
        one, other = bytearray(stored), bytearray(stored)
        kept = native.take_natively(libraries, memoryview(one), lengths, len(lengths), source)
        if kept != plain.take_plainly(memoryview(other), lengths, len(lengths), source) or one[:kept] != other[:kept]:
            return False
    return (native.kinds, native.fields, native.bits) == (plain.kinds, plain.fields, plain.bits)

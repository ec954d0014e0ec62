"""Writes CHD version 5 images of DVDs and CDs (docs/formats.md, section 3).

    header | metadata | map | hunks

The map is before the hunks and is written while it grows: with sixteen codes of four bits each hunk's kind has a fixed
width, and so do all fields after the kinds. A reference has a shorter field than a stored hunk, so some bytes between
map and hunks stay unused.
"""

import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from discpress.engine.codecs.chd.notes import MapNotes
from discpress.engine.codecs.chd.rows import CRC_BITS
from discpress.engine.formats import SECTOR_SIZE, Method
from discpress.engine.images.cd.kept.entry import KEPT_SHA1S, TAG, with_digests
from discpress.engine.images.chd.compressed_map import MAP_HEADER, CompressedMap
from discpress.engine.images.chd.header import HEADER_SIZE, NO_CODEC, NO_SHA1, ChdHeader
from discpress.engine.images.chd.map_kinds import Kind
from discpress.engine.images.chd.metadata import DVD, NewEntry, encode_entries, overall_sha1
from discpress.engine.images.layout import Output
from discpress.engine.images.source import ByteSource, MemorySource

_TREE = "14d"  # as nibbles: length 4, sixteen times
_KIND_BITS = 4
_TREE_BITS = 12
_HEX_DIGITS = bytes.maketrans(bytes(range(16)), b"0123456789abcdef")
_SLOTS = 4


@dataclass(frozen=True, slots=True)
class ChdShape:
    """The layout of a CHD to write."""

    total_bytes: int
    """Size of the decoded image."""
    hunk_size: int
    """Decoded bytes of a hunk."""
    methods: tuple[Method, ...]
    """The methods for its hunks, in the order of the header."""
    unit_size: int = SECTOR_SIZE
    """Bytes of a unit: a sector, or a frame of a CD."""
    metadata: tuple[NewEntry, ...] = (DVD,)
    """The entries of metadata, in the order of the file."""

    @property
    def hunks(self) -> int:
        """Number of hunks."""
        return -(-self.total_bytes // self.hunk_size)

    @property
    def length_bits(self) -> int:
        """Bits of a packed hunk's length, which is less than a hunk."""
        return (self.hunk_size - 1).bit_length()

    @property
    def self_bits(self) -> int:
        """Bits of a hunk's number."""
        return max(1, (self.hunks - 1).bit_length())

    @property
    def map_offset(self) -> int:
        """First byte of the map, after header and metadata."""
        return HEADER_SIZE + len(encode_entries(self.metadata))

    @property
    def kinds_bits(self) -> int:
        """Bits of the map before its fields."""
        return _TREE_BITS + _KIND_BITS * self.hunks

    @property
    def data_offset(self) -> int:
        """First byte of the hunks, after the largest possible map."""
        field_bits = max(self.length_bits + CRC_BITS, self.self_bits)
        return self.map_offset + MAP_HEADER.size + -(-(self.kinds_bits + field_bits * self.hunks) // 8)

    def header(self, raw_sha1: bytes) -> ChdHeader:
        """Return the header of the finished file."""
        codecs = [method.encode("ascii") for method in self.methods]
        counted = [(entry.tag, entry.payload) for entry in self.metadata if entry.is_counted]
        return ChdHeader(
            (*codecs, *[NO_CODEC] * (_SLOTS - len(codecs))),
            self.total_bytes,
            self.map_offset,
            HEADER_SIZE if self.metadata else 0,
            self.hunk_size,
            self.unit_size,
            raw_sha1,
            overall_sha1(raw_sha1, counted),
        )


class ChdWriter:
    """Writes packed hunks and their map; a hunk equal to an earlier one is not stored again."""

    def __init__(self, output: Output, shape: ChdShape) -> None:
        self._output = output
        self._shape = shape
        self.position = shape.data_offset
        self._notes = MapNotes(shape.hunks, shape.hunk_size, shape.length_bits, shape.self_bits, self._lead_bits)
        self._revisited = 0

    @property
    def blocks(self) -> int:
        """Number of hunks written so far."""
        return len(self._notes.kinds)

    @property
    def _lead_bits(self) -> int:
        """Bits of the first byte of the fields that belong to the last kind."""
        return self._shape.kinds_bits % 8

    @property
    def _kinds_offset(self) -> int:
        return self._shape.map_offset + MAP_HEADER.size

    @property
    def _fields_offset(self) -> int:
        return self._kinds_offset + self._shape.kinds_bits // 8

    def append(self, packed: memoryview, lengths: "array[int]", count: int, source: memoryview) -> None:
        """Write the next `count` hunks in the layout of `engine.codecs.hunks`; `source` contains them decoded."""
        kept = self._notes.take(packed, lengths, count, source)
        if kept:
            self._output.write_at(self.position, packed[:kept])
            self.position += kept

    def revisit(self, source: memoryview) -> None:
        """Learn the contents of the hunks that an earlier writer wrote, in order from the first on."""
        size = self._shape.hunk_size
        for start in range(0, len(source), size):
            number = self._revisited
            self._revisited += 1
            if self._notes.kinds[number] != Kind.SELF:
                self._notes.origin_of(source[start : start + size], number)

    def save_index(self, first: int) -> int:
        """Write the map's entries from `first` on and return a crc32 of all entries so far."""
        kinds, fields = self._kind_bytes(), bytearray(self._notes.fields)
        crc32 = zlib.crc32(fields, zlib.crc32(kinds))
        kinds_start = (_TREE_BITS + _KIND_BITS * first) // 8 if first else 0
        fields_start = self._field_bits(first) // 8
        if self._is_joined:
            kinds[-1] |= fields[0]
            fields_start = max(1, fields_start)
        self._output.write_at(self._kinds_offset + kinds_start, memoryview(kinds)[kinds_start:])
        self._output.write_at(self._fields_offset + fields_start, memoryview(fields)[fields_start:])
        return crc32

    def restore(self, source: ByteSource, blocks: int, position: int, crc32: int) -> bool:
        """Continue after the hunks that an earlier writer wrote; return False if the map's entries do not match."""
        kinds = bytearray(-(-(_TREE_BITS + _KIND_BITS * blocks) // 8))
        source.read_into(kinds, self._kinds_offset)
        self._notes.kinds = bytearray.fromhex("".join(f"0{digit}" for digit in kinds.hex()[len(_TREE) :][:blocks]))
        bits = self._field_bits(blocks)
        fields = bytearray(-(-bits // 8))
        source.read_into(fields, self._fields_offset)
        if self._is_joined:
            kinds[-1] &= 0xF0
            fields[0] &= 0x0F
        if zlib.crc32(fields, zlib.crc32(kinds)) != crc32:
            self._notes.kinds.clear()
            return False
        self._notes.fields, self._notes.bits = fields, bits
        self.position = position
        return True

    def finish(self, digests: Mapping[str, str]) -> int:
        """Write metadata, map and header; return the file's length. `digests` of the decoded hunks include `sha1`."""
        shape = self._shape
        if len(self._notes.kinds) != shape.hunks:
            raise RuntimeError(f"expected {shape.hunks} hunks, got {len(self._notes.kinds)}")
        raw_sha1 = bytes.fromhex(digests["sha1"]) if "sha1" in digests else NO_SHA1
        header = shape.header(raw_sha1)
        entries = self._map_bytes()
        crc = _map_crc(entries, shape, header, self.position)
        self._output.write_at(shape.map_offset, _map_header(entries, shape, crc) + entries)
        self._output.write_at(HEADER_SIZE, encode_entries([*_with_sha1s(shape.metadata, digests)]))
        self._output.write_at(0, header.encode())
        return self.position

    @property
    def _is_joined(self) -> bool:
        """Whether all kinds are written, and the last one shares its byte with the first field."""
        return self._lead_bits > 0 and len(self._notes.kinds) == self._shape.hunks

    def _kind_bytes(self) -> bytearray:
        digits = _TREE + self._notes.kinds.translate(_HEX_DIGITS).decode("ascii")
        return bytearray.fromhex(digits + "0" * (len(digits) % 2))

    def _field_bits(self, blocks: int) -> int:
        """Return the bits of the fields of the first `blocks` hunks, including the lead before them."""
        plain, same = (self._notes.kinds.count(kind, 0, blocks) for kind in (Kind.PLAIN, Kind.SELF))
        packed_bits = (blocks - plain - same) * (self._shape.length_bits + CRC_BITS)
        return self._lead_bits + packed_bits + plain * CRC_BITS + same * self._shape.self_bits

    def _map_bytes(self) -> bytes:
        kinds, fields = self._kind_bytes(), bytearray(self._notes.fields)
        if self._is_joined:
            fields[0] |= kinds.pop()
        return bytes(kinds + fields)


def _with_sha1s(metadata: Sequence[NewEntry], digests: Mapping[str, str]) -> Iterator[NewEntry]:
    """Yield the entries, with the SHA-1 of each file in the one that keeps files, if they are known."""
    for entry in metadata:
        is_filled = entry.tag == TAG and KEPT_SHA1S in digests
        sha1s = digests[KEPT_SHA1S].split(",") if is_filled else ()
        yield replace(entry, payload=with_digests(entry.payload, sha1s)) if is_filled else entry


def _map_header(entries: bytes, shape: ChdShape, crc: int) -> bytes:
    first = shape.data_offset.to_bytes(6, "big")
    return MAP_HEADER.pack(len(entries), first, crc, shape.length_bits, shape.self_bits, 0)


def _map_crc(entries: bytes, shape: ChdShape, header: ChdHeader, end: int) -> int:
    """Return the crc16 of the expanded map, computed by reading the map; RuntimeError if the map has another end."""
    source = MemorySource(Path("map"), bytes(shape.map_offset) + _map_header(entries, shape, 0) + entries)
    offset, crc = CompressedMap(source, header, checked=False).end()
    if offset != end:
        raise RuntimeError(f"expected a map up to byte {end}, got one up to {offset}")
    return crc

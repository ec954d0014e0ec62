"""Runs of hunks that the native kernel decodes in one call: what it needs of the map and of the file."""

from typing import Self

from discpress.engine.codecs.chd.rows import KIND_AT, ROW, SELF
from discpress.engine.codecs.chd.runs import RunDecoder, run_decoder
from discpress.engine.images.chd.compressed_map import CompressedMap
from discpress.engine.images.chd.header import ChdHeader
from discpress.engine.images.source import ByteSource, read_bytes


class HunkRuns:
    """The hunks of one file with a compressed map; any number of threads may use them."""

    def __init__(self, source: ByteSource, header: ChdHeader, hunk_map: CompressedMap, decoder: RunDecoder) -> None:
        self._source = source
        self._hunk_size = header.hunk_size
        self._map = hunk_map
        self._decoder = decoder

    @classmethod
    def of(cls, source: ByteSource, header: ChdHeader, hunk_map: CompressedMap) -> Self | None:
        """Return the runs of a file; None if the kernel knows none of its codecs."""
        decoder = run_decoder(header.codecs, header.hunk_size, has_crcs=hunk_map.has_checksums)
        return None if decoder is None else cls(source, header, hunk_map, decoder)

    def decode(self, first: int, count: int, buffer: memoryview) -> bytearray:
        """Decode whole hunks into `buffer`, and return for each whether that was done (1 or 0); empty if for none.

        What is left, damaged hunks included, is up to the plain path. DamagedImageError if the map cannot be read.
        """
        rows = self._map.rows(first, count)
        kinds = rows[KIND_AT :: ROW.size]
        if SELF not in kinds:
            start, stored = self._read(rows, 0, count - 1)
            return self._decoder.decode(stored, start, rows, first, buffer) if stored else bytearray()
        start, stored = 0, b""
        holds_bytes = [number for number, kind in enumerate(kinds) if kind != SELF]
        if holds_bytes:
            start, stored = self._read(rows, holds_bytes[0], holds_bytes[-1])
            if not stored:
                return bytearray()
        table = bytearray(rows)
        stored += self._bring_origins(table, kinds, first, start + len(stored))
        return self._decoder.decode(stored, start, table, first, buffer)

    def _read(self, rows: bytes, first: int, last: int) -> tuple[int, bytes]:
        """Return the place and the bytes of consecutive stored hunks; none if that cannot be, or the file is short."""
        start, *_ = ROW.unpack_from(rows, ROW.size * first)
        offset, length, *_ = ROW.unpack_from(rows, ROW.size * last)
        size = offset + length - start
        if not 0 < size <= (last - first + 1) * self._hunk_size:
            return 0, b""
        stored = read_bytes(self._source, start, size)
        return start, stored if len(stored) == size else b""

    def _bring_origins(self, table: bytearray, kinds: bytes, first: int, end: int) -> bytearray:
        """Return the stored bytes of hunks before the run that it refers to, and place them at byte `end` in the table.

        Each is brought once; further references to it refer to the first one. A reference to another reference stays.
        """
        brought: dict[int, int] = {}
        stored = bytearray()
        for number, kind in enumerate(kinds):
            at = number * ROW.size
            origin, *_ = ROW.unpack_from(table, at) if kind == SELF else (first,)
            if origin >= first:
                continue
            if origin in brought:
                ROW.pack_into(table, at, first + brought[origin], 0, 0, SELF)
                continue
            brought[origin] = number
            row = self._map.rows(origin, 1)
            if row[KIND_AT] != SELF:
                _, piece = self._read(row, 0, 0)
                *_, crc, stored_kind = ROW.unpack(row)
                ROW.pack_into(table, at, end + len(stored), len(piece), crc, stored_kind)
                stored += piece
        return stored

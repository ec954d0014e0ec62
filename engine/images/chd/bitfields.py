"""The fields of a compressed CHD map: consecutive numbers of a few bits each, read independently."""

from collections.abc import Iterator
from itertools import accumulate, compress

from discpress.engine.codecs.huffman import HuffmanError
from discpress.engine.images.source import ByteSource, read_bytes

FIELDS_END = "the map ends among the places of its hunks"
_READ_BYTES = 64 * 1024
_GROUP = 64  # fields extracted from one number; a longer number makes each shift slower
_MASKS = [(1 << width) - 1 for width in range(64)]


class Fields:
    """The bits of one map, read from its file in pieces; for one thread at a time."""

    def __init__(self, source: ByteSource, start: int, size_bytes: int) -> None:
        """Read `size_bytes` of the source from byte `start` on; the first bit is number 0."""
        self._source = source
        self._start = start
        self._size_bytes = size_bytes
        self._piece = (0, b"")
        self.end = 8 * size_bytes
        """The number of bits."""

    def head(self, size_bytes: int) -> bytes:
        """Return the first bytes, at most `size_bytes`."""
        return read_bytes(self._source, self._start, min(size_bytes, self._size_bytes))

    def bytes_from(self, first: int, most: int) -> bytes:
        """Return the bytes from `first` on, at most so many."""
        return read_bytes(self._source, self._start + first, min(most, self._size_bytes - first))

    def pieces(self) -> Iterator[bytes]:
        """Yield all bytes, in pieces."""
        for offset in range(0, self._size_bytes, _READ_BYTES):
            yield read_bytes(self._source, self._start + offset, min(_READ_BYTES, self._size_bytes - offset))

    def read(self, first_bit: int, widths: bytes, wanted: bytes) -> list[int]:
        """Return consecutive fields from `first_bit` on, with these widths in bits, but only those with `wanted` 1.

        HuffmanError if they go beyond the end.
        """
        fields: list[int] = []
        bit = first_bit
        for place in range(0, len(widths), _GROUP):
            group, chosen = widths[place : place + _GROUP], wanted[place : place + _GROUP]
            if 1 not in chosen:
                bit += sum(group)
                continue
            ends = list(accumulate(group))
            end = bit + ends[-1]
            if end > self.end:
                raise HuffmanError(FIELDS_END)
            top = -(-end // 8) * 8
            value = int.from_bytes(self._bytes(bit // 8, top // 8), "big")
            low = top - bit
            pairs = compress(zip(ends, group, strict=True), chosen)
            fields += [value >> low - stop & _MASKS[width] for stop, width in pairs]
            bit = end
        return fields

    def _bytes(self, first: int, end: int) -> bytes:
        at, piece = self._piece
        if first < at or end > at + len(piece):
            at, piece = first, read_bytes(self._source, self._start + first, max(_READ_BYTES, end - first))
            self._piece = at, piece
        return piece[first - at : end - at]

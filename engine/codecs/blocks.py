"""The protocol of block codecs: pack a chunk into blocks, decode one block.

A packed chunk lies in `out` as the writer will store it, block after block, each padded with zeros to a multiple of
the alignment. `lengths[i]` is the stored length of block i; PLAIN_BIT is set if the block was kept uncompressed. The
bytes depend only on the chunk, the settings and the library's version.
"""

from array import array
from collections.abc import Callable
from typing import Protocol, TypeAlias

PLAIN_BIT = 0x80000000
"""Marks a plain block in a length; no block is longer than 1 MiB."""

LENGTH_MASK = 0xFFFFFF
"""The bits of a length that count stored bytes; the bits above are marks."""

CHUNK_BYTES = 1024 * 1024
"""About the bytes packed in one call, see `chunk_bytes_for`. Each call resets the adaptive state, so the packed bytes
depend on the chunk borders."""

_ZEROS = bytes(16 * 1024)

CompressBlock: TypeAlias = Callable[[memoryview], bytes | bytearray]


class BlockError(ValueError):
    """A stored block does not decode to the bytes it must hold."""


class DecoderMissingError(Exception):
    """The decoder of a stored block is not installed; `package` is the package to install."""

    def __init__(self, message: str, package: str) -> None:
        super().__init__(message)
        self.package = package


class Decoder(Protocol):
    """One way to decode blocks; any number of threads may share it."""

    name: str
    """The codec and its kernel as a job records them: `lz4 plain`."""

    def decode(self, stored: memoryview, block_size: int, max_padding: int) -> bytes:
        """Return the `block_size` bytes that `stored` holds; up to `max_padding` bytes of padding may follow them.

        BlockError if it does not decode to exactly that many.
        """


class Codec(Decoder, Protocol):
    """One way to pack blocks and decode them; stateless, so that any number of threads may share it."""

    version: str
    """Version of the compressing library."""
    max_level: int
    """Highest level that differs from the one below."""

    def pack(
        self,
        chunk: memoryview,
        block_size: int,
        alignment: int,
        level: int,
        out: memoryview,
        lengths: "array[int]",
    ) -> int:
        """Pack a chunk of whole blocks into `out` (at least as long) and return the bytes used there."""


def align_up(offset: int, alignment: int) -> int:
    """Return the next multiple of `alignment`, a power of two."""
    return (offset + alignment - 1) & -alignment


def chunk_bytes_for(block_size: int) -> int:
    """Return the bytes packed in one call: the multiple of the block that is nearest to CHUNK_BYTES."""
    fewer = max(1, CHUNK_BYTES // block_size)
    nearest = min((fewer, fewer + 1), key=lambda count: abs(count * block_size - CHUNK_BYTES))
    return nearest * block_size


def is_zero(block: memoryview) -> bool:
    """Return whether all bytes are 0, piece by piece: memoryviews compare slowly, and a whole copy takes 1 MiB."""
    if block[0] or block[-1]:
        return False
    pieces = range(0, len(block), len(_ZEROS))
    return all(bytes(block[start : start + len(_ZEROS)]) == _ZEROS[: len(block) - start] for start in pieces)


def pack_blocks(
    chunk: memoryview,
    block_size: int,
    alignment: int,
    out: memoryview,
    lengths: "array[int]",
    compress: CompressBlock,
    probe: CompressBlock | None,
) -> int:
    """Pack a chunk of whole blocks with a function that compresses one block; shapes as for `Codec.pack`.

    `probe` is a fast compressor. After a plain block it runs first, and if it does not help, the slow one is skipped
    (-20 % time on a game disc, -66 % on data that does not shrink, size +0.003 %). A run of zero blocks is compressed
    once.
    """
    packed_zeros: bytes | bytearray | None = None
    packed: bytes | bytearray
    position = 0
    was_plain = False
    for number in range(len(chunk) // block_size):
        block = chunk[number * block_size : (number + 1) * block_size]
        if is_zero(block):
            if packed_zeros is None:
                packed_zeros = compress(block)
            packed = packed_zeros
        elif was_plain and probe is not None and align_up(len(probe(block)), alignment) >= block_size:
            packed = b""
        else:
            packed = compress(block)
        stored = align_up(len(packed), alignment)
        was_plain = not packed or stored >= block_size
        if was_plain:
            out[position : position + block_size] = block
            lengths[number] = block_size | PLAIN_BIT
            position += block_size
            continue
        end = position + len(packed)
        out[position:end] = packed
        if stored != len(packed):
            out[end : position + stored] = bytes(stored - len(packed))
        lengths[number] = stored
        position += stored
    return position

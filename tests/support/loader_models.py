"""Models of the readers of loaders, from docs/formats.md, independent of the engine."""

import struct
import zlib
from functools import lru_cache

SECTOR = 2048
OPL_MAX_SHIFT = 11


class LoaderError(Exception):
    """The console would have crashed, hung or read garbage; the emulator would have refused the file."""


def opl_read(data: bytes, first: int, count: int) -> bytes:
    """Read sectors as OPL does (docs/formats.md, sections 1 and 2).

    It assumes blocks of 2048 whatever the header says, takes from it the shift and the size only, finds the
    index at 24, and reads each stored block to `buffer + count * 2048 - stored`: a longer one would write
    before the game's buffer. It decodes forward over what it has read, stops when a block is full, and bounds
    nothing else.
    """
    shift = data[21]
    if shift > OPL_MAX_SHIFT:
        raise LoaderError(f"shift {shift} crashes it")
    buffer = bytearray(count * SECTOR)
    for number in range(first, first + count):
        entry, after = struct.unpack_from("<2I", data, 24 + 4 * number)
        offset = (entry & 0x7FFFFFFF) << shift
        stored = ((after & 0x7FFFFFFF) << shift) - offset
        if not 0 < stored <= SECTOR:
            raise LoaderError(f"block {number} has {stored} stored bytes")
        if offset + stored > len(data):
            raise LoaderError(f"block {number} lies behind the file's end")
        at = len(buffer) - stored
        space = bytearray(data[offset : offset + stored])
        if at < 0 or len(space) != stored:
            raise LoaderError(f"block {number} writes before the game's buffer")
        to = (number - first) * SECTOR
        buffer[to : to + SECTOR] = space if entry >> 31 else lz4_forward(bytes(space))
    return bytes(buffer)


@lru_cache(maxsize=1024)
def lz4_forward(stored: bytes) -> bytes:
    """Decode an LZ4 block until a sector is full; what follows is padding to it.

    Kept, because each kill of a story leaves the same blocks.
    """
    made = bytearray()
    position = 0

    def length(nibble: int) -> int:
        nonlocal position
        total = nibble
        while nibble == 15 and (total - 15) % 255 == 0:
            total += stored[position]
            position += 1
            if stored[position - 1] != 255:
                break
        return total

    while True:
        token = stored[position]
        position += 1
        literals = length(token >> 4)
        made += stored[position : position + literals]
        position += literals
        if len(made) >= SECTOR:
            break
        distance = int.from_bytes(stored[position : position + 2], "little")
        position += 2
        if not 0 < distance <= len(made):
            raise LoaderError(f"a match {distance} bytes back in {len(made)}")
        for _ in range(length(token & 15) + 4):
            made.append(made[-distance])
    if len(made) != SECTOR or position > len(stored):
        raise LoaderError(f"a block of {len(made)} bytes")
    return bytes(made)


def opl_decode(data: bytes) -> bytes:
    """Read a whole disc in requests of eight sectors, as the console's drive would be asked."""
    if data[:4] != b"ZISO" or len(data) % SECTOR:
        raise LoaderError("no ZSO of whole sectors")
    (size,) = struct.unpack_from("<Q", data, 8)
    sectors = -(-size // SECTOR)
    pieces = [opl_read(data, first, min(8, sectors - first)) for first in range(0, sectors, 8)]
    return b"".join(pieces)[:size]


def cso_decode(data: bytes, *, most_block: int = 1 << 20) -> bytes:
    """Read a CSO version 1 as PPSSPP does, or as a PSP with older firmware does with `most_block` 2048.

    The version is 0 or 1, a block is a power of two of sectors, the shift leaves room for the offsets, and each packed
    block is a whole deflate stream.
    """
    magic, _, size, block, version, shift = struct.unpack_from("<4sIQIBB", data)
    if magic != b"CISO" or version > 1:
        raise LoaderError(f"not a CSO of version 0 or 1: {magic!r}, {version}")
    if block < SECTOR or block & (block - 1) or block > most_block or shift > OPL_MAX_SHIFT:
        raise LoaderError(f"blocks of {block}, shift {shift}")
    pieces = []
    for number in range(-(-size // block)):
        entry, after = struct.unpack_from("<2I", data, 24 + 4 * number)
        offset, end = (entry & 0x7FFFFFFF) << shift, (after & 0x7FFFFFFF) << shift
        if entry >> 31:
            pieces.append(data[offset : offset + block])
            continue
        stream = zlib.decompressobj(-15)
        made = stream.decompress(data[offset:end], block)
        if stream.decompress(stream.unconsumed_tail, 1) or not stream.eof:
            raise LoaderError(f"block {number} is not one whole deflate stream")
        pieces.append(made)
    return b"".join(pieces)[:size]


def chd_codecs(data: bytes) -> set[str]:
    """Return the codecs in the header of a CHD version 5: a loader refuses the file if it lacks one of them."""
    magic, _, version = struct.unpack_from(">8sII", data)
    if magic != b"MComprHD" or version != 5:
        raise LoaderError("not a CHD of version 5")
    return {tag.decode() for tag in struct.unpack_from(">4s4s4s4s", data, 16) if any(tag)}

"""The demo's ready-made ZSO and CSO, and the damage in one of them.

Written as FORMATS section 1 says, "The writer every tested reader accepts", in one thread without settings; real
conversions go through `engine.images.writer`.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import lz4.block

from engine.formats import SECTOR_SIZE, ImageFormat

_HEADER = struct.Struct("<4sIQIBB2x")
_MAGICS = {ImageFormat.ZSO: b"ZISO", ImageFormat.CSO: b"CISO"}
_PLAIN = 0x80000000
_OFFSET_MASK = 0x7FFFFFFF
_DEFLATE_LEVEL = 9
_RAW_DEFLATE = -15
_DAMAGE_BYTES = 48


def write_packed(
    file: BinaryIO, chunks: Iterable[bytes], total_bytes: int, *, format: ImageFormat, block_size: int
) -> None:
    """Write the image that `chunks` add up to as ZSO (LZ4 HC) or CSO v1 (deflate) to a seekable file."""
    blocks = -(-total_bytes // block_size)
    shift = max(0, (_HEADER.size + 4 * (blocks + 1) + total_bytes).bit_length() - 31)
    position = _HEADER.size + 4 * (blocks + 1)
    file.seek(position)
    index = []
    for block in _blocks(chunks, block_size):
        position += _align(file, position, 1 << shift)
        packed = _pack(block, format)
        plain = len(packed) + -len(packed) % (1 << shift) >= block_size
        index.append(position >> shift | (_PLAIN if plain else 0))
        position += file.write(block if plain else packed)
    position += _align(file, position, 1 << shift)
    index.append(position >> shift)
    _align(file, position, SECTOR_SIZE)
    file.seek(0)
    file.write(_HEADER.pack(_MAGICS[format], _HEADER.size, total_bytes, block_size, 1, shift))
    file.write(struct.pack(f"<{len(index)}I", *index))


def is_packed(path: Path, total_bytes: int, *, format: ImageFormat, block_size: int) -> bool:
    """Return whether the file is such an image of `total_bytes`, complete by its own index; reads 28 bytes.

    Its length cannot be known beforehand: it depends on the versions of liblz4 and zlib.
    """
    blocks = -(-total_bytes // block_size)
    with path.open("rb") as file:
        head = file.read(_HEADER.size)
        file.seek(_HEADER.size + 4 * blocks)
        entry = file.read(4)
        length = file.seek(0, 2)
    if len(head) < _HEADER.size or len(entry) < 4:
        return False
    magic, _, header_total, header_block, version, shift = _HEADER.unpack(head)
    end = (int.from_bytes(entry, "little") & _OFFSET_MASK) << shift
    expected = (_MAGICS[format], total_bytes, block_size, 1)
    return (magic, header_total, header_block, version) == expected and length == end + -end % SECTOR_SIZE


def damage(file: BinaryIO) -> int:
    """Flip a run of bytes inside one packed block of a CSO, so that it no longer inflates; return its number.

    The first such block from the middle on: the directories at the front stay readable. ValueError where
    there is none: nothing in the format would show damage to a plain block.
    """
    file.seek(0)
    _, _, total_bytes, block_size, _, shift = _HEADER.unpack(file.read(_HEADER.size))
    blocks = -(-total_bytes // block_size)
    index = struct.unpack(f"<{blocks + 1}I", file.read(4 * (blocks + 1)))
    for number in range(blocks // 2, blocks):
        start, end = ((entry & _OFFSET_MASK) << shift for entry in index[number : number + 2])
        if index[number] & _PLAIN or end - start < 2 * _DAMAGE_BYTES:
            continue
        file.seek(start)
        stored = file.read(end - start)
        at = (len(stored) - _DAMAGE_BYTES) // 2
        flipped = bytes(byte ^ 0xFF for byte in stored[at : at + _DAMAGE_BYTES])
        if not _inflates(stored[:at] + flipped + stored[at + _DAMAGE_BYTES :], block_size):
            file.seek(start + at)
            file.write(flipped)
            return number
    raise ValueError("no packed block to damage")


def _blocks(chunks: Iterable[bytes], block_size: int) -> Iterator[bytes]:
    """Cut the chunks into blocks; the last one is filled with zeros."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        whole = len(waiting) - len(waiting) % block_size
        for start in range(0, whole, block_size):
            yield bytes(waiting[start : start + block_size])
        del waiting[:whole]
    if waiting:
        yield bytes(waiting.ljust(block_size, b"\x00"))


def _pack(block: bytes, format: ImageFormat) -> bytes:
    if format is ImageFormat.ZSO:
        packed: bytes = lz4.block.compress(block, mode="high_compression", store_size=False)
        return packed
    deflate = zlib.compressobj(_DEFLATE_LEVEL, zlib.DEFLATED, _RAW_DEFLATE)
    return deflate.compress(block) + deflate.flush()


def _inflates(stored: bytes, block_size: int) -> bool:
    inflate = zlib.decompressobj(_RAW_DEFLATE)
    try:
        return len(inflate.decompress(stored, block_size + 1)) == block_size and inflate.eof
    except zlib.error:
        return False


def _align(file: BinaryIO, position: int, alignment: int) -> int:
    """Write zeros up to the next multiple and return how many."""
    return file.write(bytes(-position % alignment))

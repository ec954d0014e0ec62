"""The demo's ready-made ZSO and CSO, and the damage in one of them."""

import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.codecs.deflate import RAW
from discpress.engine.formats import DEFAULT_LEVEL, SECTOR_SIZE, ImageFormat, Settings
from discpress.engine.images.registry import codec_of
from discpress.engine.images.zso_cso.header import (
    HEADER_SIZE,
    INDEX_PLAIN,
    OFFSET_MASK,
    Header,
    parse_header,
    smallest_shift,
)
from discpress.engine.images.zso_cso.writer import PackedWriter
from discpress.engine.system.files import Readable

_VERSION = 1
_DAMAGE_BYTES = 48


class _FileOutput:
    """A file object as the writer's output."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write_at(self, offset: int, data: Readable) -> None:
        """Write at a byte offset."""
        self._file.seek(offset)
        self._file.write(data)


def write_packed(
    file: BinaryIO, chunks: Iterable[bytes], total_bytes: int, *, format: ImageFormat, block_size: int
) -> None:
    """Write the image in `chunks` as ZSO (LZ4 HC) or CSO v1 (deflate) to a seekable file."""
    shift = smallest_shift(total_bytes, block_size)
    header = Header(format, total_bytes, block_size, _VERSION, shift)
    writer = PackedWriter(_FileOutput(file), header)
    codec = codec_of(Settings(format, block_size))
    packed = memoryview(bytearray(CHUNK_BYTES))
    lengths = array("I", bytes(4 * (CHUNK_BYTES // SECTOR_SIZE)))
    for piece in _pieces(chunks, block_size):
        length = codec.pack(memoryview(piece), block_size, header.alignment, DEFAULT_LEVEL, packed, lengths)
        writer.append(packed[:length], lengths, len(piece) // block_size)
    writer.finish()


def is_packed(path: Path, total_bytes: int, *, format: ImageFormat, block_size: int) -> bool:
    """Return whether the file is such an image of `total_bytes`, complete according to its index; reads 28 bytes.

    The index is used because the length depends on the versions of liblz4 and zlib.
    """
    expected = Header(format, total_bytes, block_size, _VERSION, smallest_shift(total_bytes, block_size))
    with path.open("rb") as file:
        head = file.read(HEADER_SIZE)
        file.seek(expected.data_offset - 4)
        entry = file.read(4)
        length = file.seek(0, 2)
    if head != expected.encode() or len(entry) < 4:
        return False
    end = (int.from_bytes(entry, "little") & OFFSET_MASK) << expected.index_shift
    return length == end + -end % SECTOR_SIZE


def damage(file: BinaryIO) -> int:
    """Flip a run of bytes inside one packed block of a CSO, so that it no longer inflates; return its number.

    The block is the first packed one from the middle on, so that the directories at the start stay readable. ValueError
    if there is none, because the format cannot reveal damage to a plain block.
    """
    file.seek(0)
    header = parse_header(file.read(HEADER_SIZE), "demo")
    index = struct.unpack(f"<{header.blocks + 1}I", file.read(4 * (header.blocks + 1)))
    for number in range(header.blocks // 2, header.blocks):
        start, end = ((entry & OFFSET_MASK) << header.index_shift for entry in index[number : number + 2])
        if index[number] & INDEX_PLAIN or end - start < 2 * _DAMAGE_BYTES:
            continue
        file.seek(start)
        stored = file.read(end - start)
        at = (len(stored) - _DAMAGE_BYTES) // 2
        flipped = bytes(byte ^ 0xFF for byte in stored[at : at + _DAMAGE_BYTES])
        if not _inflates(stored[:at] + flipped + stored[at + _DAMAGE_BYTES :], header.block_size):
            file.seek(start + at)
            file.write(flipped)
            return number
    raise ValueError("no packed block to damage")


def _pieces(chunks: Iterable[bytes], block_size: int) -> Iterator[bytes]:
    """Join the chunks into pieces of CHUNK_BYTES; the last piece is padded to whole blocks with zeros."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= CHUNK_BYTES:
            yield bytes(waiting[:CHUNK_BYTES])
            del waiting[:CHUNK_BYTES]
    if waiting:
        yield bytes(waiting.ljust(-(-len(waiting) // block_size) * block_size, b"\0"))


def _inflates(stored: bytes, block_size: int) -> bool:
    inflate = zlib.decompressobj(RAW)
    try:
        return len(inflate.decompress(stored, block_size + 1)) == block_size and inflate.eof
    except zlib.error:
        return False

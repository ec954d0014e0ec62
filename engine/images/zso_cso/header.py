"""The 24-byte header of ZSO and CSO, and the index table after it (docs/formats.md, section 1)."""

import struct
import sys
from array import array
from typing import NamedTuple

from discpress.engine.codecs.blocks import align_up
from discpress.engine.errors import DamagedImageError, SettingError
from discpress.engine.formats import MAX_BLOCK_SIZE, SECTOR_SIZE, ImageFormat, is_block_size
from discpress.engine.units import format_size

HEADER = struct.Struct("<4sIQIBB2s")
"""magic, header_size, total_bytes, block_size, version, index_shift, reserved."""
HEADER_SIZE = HEADER.size
ENTRY_SIZE = 4
INDEX_PLAIN = 0x80000000
"""Bit 31 of an entry: a plain block (ZSO, CSO v0/1), an LZ4 block (CSO v2)."""
OFFSET_MASK = 0x7FFFFFFF
MAX_SHIFT = 31
"""With a larger shift, one step of an offset would be larger than any disc."""

MAGICS = {b"ZISO": ImageFormat.ZSO, b"CISO": ImageFormat.CSO}
MAX_VERSIONS = {ImageFormat.ZSO: 1, ImageFormat.CSO: 2}


class Header(NamedTuple):
    """The header of a file; its fields are unchecked until `check_header`."""

    format: ImageFormat
    """zso or cso."""
    total_bytes: int
    """Size of the decoded image."""
    block_size: int
    """Decoded bytes of a block."""
    version: int
    """0 or 1; 2 for CSO with LZ4 blocks."""
    index_shift: int
    """Offsets in the index count steps of 1 << index_shift bytes."""

    @property
    def blocks(self) -> int:
        """Number of blocks; the index has one entry more."""
        return -(-self.total_bytes // self.block_size)

    @property
    def data_offset(self) -> int:
        """First byte after the index."""
        return HEADER_SIZE + ENTRY_SIZE * (self.blocks + 1)

    @property
    def alignment(self) -> int:
        """Every block starts at a multiple of this many bytes."""
        return 1 << self.index_shift

    def encode(self) -> bytes:
        """Return the 24 bytes of the header."""
        magic = next(key for key, value in MAGICS.items() if value is self.format)
        return HEADER.pack(
            magic, HEADER_SIZE, self.total_bytes, self.block_size, self.version, self.index_shift, b"\0\0"
        )


def parse_header(head: bytes, name: str) -> Header:
    """Return the header at the start of `head` with unchecked fields; DamagedImageError if it is cut short."""
    if len(head) < HEADER_SIZE:
        raise DamagedImageError(f"{name}: the file ends inside its {HEADER_SIZE}-byte header")
    magic, _, total_bytes, block_size, version, index_shift, _ = HEADER.unpack_from(head)
    return Header(MAGICS[magic], total_bytes, block_size, version, index_shift)


def check_header(header: Header, file_bytes: int, name: str) -> None:
    """Check that the header's fields are allowed and its index fits the file; DamagedImageError if not."""
    for problem in header_problems(header, file_bytes):
        raise DamagedImageError(f"{name}: {problem.message}", hint=problem.hint)


class HeaderProblem(NamedTuple):
    """One rule that a header breaks."""

    code: str
    """Stable short name, used by the doctor."""
    message: str
    """The wrong value and the allowed ones."""
    hint: str = "the file is damaged or not of this format: get it again or restore it from a backup"
    """An instruction for the user."""


def header_problems(header: Header, file_bytes: int) -> list[HeaderProblem]:
    """Return every rule that the header breaks, the worst first; allocates nothing."""
    problems = []
    if header.version > MAX_VERSIONS[header.format]:
        allowed = " or ".join(str(version) for version in range(MAX_VERSIONS[header.format] + 1))
        name = header.format.upper()
        problems.append(HeaderProblem("version", f"expected {name} version {allowed}, got {header.version}"))
    if not is_block_size(header.block_size):
        problems.append(
            HeaderProblem(
                "block-size",
                f"block size {header.block_size} is not a power of two from {SECTOR_SIZE} to {MAX_BLOCK_SIZE}",
            )
        )
        return problems
    if header.index_shift > MAX_SHIFT:
        problems.append(HeaderProblem("shift", f"expected an index shift up to {MAX_SHIFT}, got {header.index_shift}"))
    if header.total_bytes == 0:
        problems.append(HeaderProblem("empty", "the header claims an image of 0 bytes"))
    elif header.data_offset > file_bytes:
        problems.append(
            HeaderProblem(
                "index-size",
                f"an index of {header.blocks + 1} entries for {header.total_bytes} bytes of image "
                f"does not fit a file of {file_bytes} bytes",
            )
        )
    elif header.blocks > OFFSET_MASK:
        problems.append(
            HeaderProblem(
                "index-size",
                f"the header claims {header.total_bytes} bytes of image in {header.blocks} blocks; offsets of 31 bits "
                f"reach {OFFSET_MASK}",
            )
        )
    return problems


def smallest_shift(total_bytes: int, block_size: int) -> int:
    """Return the smallest shift whose 31-bit offsets reach the end of the file even if all blocks are plain."""
    blocks = -(-total_bytes // block_size)
    data_offset = HEADER_SIZE + ENTRY_SIZE * (blocks + 1)
    shift = 0
    while align_up(data_offset, 1 << shift) + blocks * block_size > OFFSET_MASK << shift:
        shift += 1
    return shift


def least_block_size(total_bytes: int) -> int | None:
    """Return the smallest block size whose index reaches the end of an image, all blocks plain; None if none does."""
    sizes = (SECTOR_SIZE << power for power in range((MAX_BLOCK_SIZE // SECTOR_SIZE).bit_length()))
    return next((size for size in sizes if 1 << smallest_shift(total_bytes, size) <= size), None)


def check_reach(name: str, total_bytes: int, block_size: int) -> None:
    """Raise SettingError unless an index reaches the end of an image: its steps must not be larger than a block."""
    if 1 << smallest_shift(total_bytes, block_size) <= block_size:
        return
    least = least_block_size(total_bytes)
    raise SettingError(
        f"{name}: {format_size(total_bytes)} is too large for blocks of {block_size}: the offsets of their index reach "
        f"{format_size(OFFSET_MASK * block_size)}",
        hint="check what this file is: no disc is as large" if least is None else f"choose larger blocks: -b {least}",
    )


def new_entries(values: bytes = b"") -> "array[int]":
    """Return an array of 32-bit entries, read from the little-endian bytes of a file; empty by default."""
    entries = array("I" if array("I").itemsize == ENTRY_SIZE else "L", values)
    if sys.byteorder == "big":
        entries.byteswap()
    return entries


def entry_bytes(entries: "array[int]") -> bytes:
    """Return entries as the little-endian bytes of a file."""
    if sys.byteorder == "little":
        return entries.tobytes()
    swapped = entries[:]
    swapped.byteswap()
    return swapped.tobytes()

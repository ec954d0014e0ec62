"""Frames of CDs in a CHD: splits them into streams to pack, and joins these again, by the native kernel if it can.

A frame has 2,448 bytes: a sector of 2,352, and its subcode of 96. The streams are a bitmap, the sectors, the subcode. A
bit of the bitmap, one a frame from the lowest bit on, means that sync and ECC of its sector are zeros in the stream,
because they can be made again exactly. A sector of zeros has no sync, and is never marked.
"""

from collections.abc import Callable
from functools import cache
from random import Random
from types import ModuleType
from typing import NamedTuple

from discpress.engine.codecs.sector_codes import (
    ECC_BYTES,
    ECC_START,
    MODE_OFFSET,
    SECTOR_BYTES,
    has_right_ecc,
    with_ecc,
)
from discpress.engine.formats import SYNC
from discpress.engine.system.files import Readable

SUBCODE_BYTES = 96
FRAME_BYTES = SECTOR_BYTES + SUBCODE_BYTES
"""Bytes of a frame in a CHD."""


class Streams(NamedTuple):
    """The streams of some frames."""

    bitmap: bytes
    sectors: bytes
    subcode: bytes


class FrameCodes(NamedTuple):
    """The two functions, by one kernel."""

    split: Callable[[Readable], tuple[bytes, bytes, bytes]]
    join: Callable[[Readable, Readable, Readable], bytes]


def split_frames(frames: Readable) -> Streams:
    """Return the streams of whole frames; ValueError for another number of bytes. UsageError as `chosen_kernel`."""
    return Streams(*_chosen_codes().split(frames))


def join_frames(bitmap: Readable, sectors: Readable, subcode: Readable) -> bytes:
    """Return the frames of streams. ValueError if their lengths do not fit; UsageError as `chosen_kernel`."""
    return _chosen_codes().join(bitmap, sectors, subcode)


@cache
def _chosen_codes() -> FrameCodes:
    """Return the functions of the native kernel, unless this process takes the plain one or they fail their test."""
    from discpress.engine.codecs.kernels import native_or_plain  # noqa: PLC0415 - loads lz4, which few users need

    return native_or_plain(native_codes, PLAIN_CODES, are_right)


def native_codes(module: ModuleType) -> FrameCodes:
    """Return the functions of the native kernel; the plain ones if it was built before it had any."""
    if not hasattr(module, "split"):
        return PLAIN_CODES
    return FrameCodes(module.split, module.join)


def are_right(codes: FrameCodes) -> bool:
    """Return whether functions equal the plain ones: the self-test of a kernel, of 3 ms."""
    chance = Random(0)
    frames: list[bytes] = []
    for mode in (1, 2, 1, 2, 0, 1, 1, 2, 2):
        sector = bytearray(SYNC + chance.randbytes(SECTOR_BYTES - len(SYNC)))
        sector[MODE_OFFSET] = mode
        frames.append((with_ecc(sector) if len(frames) % 4 else bytes(sector)) + chance.randbytes(SUBCODE_BYTES))
    data = b"".join(frames)
    streams = plain_split(data)
    return codes.split(data) == streams and codes.join(*streams) == data


def plain_split(frames: Readable) -> tuple[bytes, bytes, bytes]:
    """Split frames in plain Python, see `split_frames`."""
    if len(frames) % FRAME_BYTES:
        raise ValueError(f"expected whole frames of {FRAME_BYTES} bytes, got {len(frames)} bytes")
    bits = 0
    sectors, subcode = [], []
    for start in range(0, len(frames), FRAME_BYTES):
        sector = bytes(frames[start : start + SECTOR_BYTES])
        if has_right_ecc(sector):
            bits |= 1 << start // FRAME_BYTES
            sector = bytes(len(SYNC)) + sector[len(SYNC) : ECC_START] + bytes(ECC_BYTES)
        sectors.append(sector)
        subcode.append(frames[start + SECTOR_BYTES : start + FRAME_BYTES])
    return bits.to_bytes(-(-len(sectors) // 8), "little"), b"".join(sectors), b"".join(subcode)


def plain_join(bitmap: Readable, sectors: Readable, subcode: Readable) -> bytes:
    """Join streams in plain Python, see `join_frames`."""
    count = len(sectors) // SECTOR_BYTES
    if (len(sectors), len(subcode), len(bitmap)) != (count * SECTOR_BYTES, count * SUBCODE_BYTES, -(-count // 8)):
        raise ValueError("the lengths of bitmap, sectors and subcode do not fit")
    pieces: list[Readable] = []
    for number in range(count):
        sector = sectors[number * SECTOR_BYTES : (number + 1) * SECTOR_BYTES]
        pieces.append(with_ecc(sector) if bitmap[number // 8] >> number % 8 & 1 else sector)
        pieces.append(subcode[number * SUBCODE_BYTES : (number + 1) * SUBCODE_BYTES])
    return b"".join(pieces)


PLAIN_CODES = FrameCodes(plain_split, plain_join)
"""The reference."""

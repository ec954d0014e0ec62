"""FLAC frames of 16-bit stereo at 44.1 kHz, in plain Python (RFC 9639, section 9): the reference of the native kernel.

A frame takes the cheapest of four pairs of channels: left and right, one of them and their difference (side), or their
mean (mid) and side.
"""

import sys
from array import array
from itertools import starmap
from operator import sub

from discpress.engine.codecs.crc import crc, with_reversed_bits
from discpress.engine.codecs.flac.bits import BitWriter
from discpress.engine.codecs.flac.prediction import MAX_BLOCK
from discpress.engine.codecs.flac.subframes import best_subframe
from discpress.engine.system.files import Readable

SAMPLE_BYTES = 4
"""Bytes of a sample of both channels."""
_SAMPLE_BITS = 16
_SYNC = b"\xff\xf8"  # blocks of one size, which are numbered
_SIZE_AND_RATE = 0x79  # two bytes with the size follow; 44.1 kHz
_DEPTH = 0x08  # 16 bits
_LEFT_RIGHT, _LEFT_SIDE, _SIDE_RIGHT, _MID_SIDE = 1, 8, 9, 10
_CRC8, _CRC16 = 0xE0, 0xA001  # 0x07 and 0x8005 reflected


def check_arguments(samples: Readable, block_size: int) -> None:
    """Raise ValueError unless these are whole samples and a block size from 1 to MAX_BLOCK."""
    if len(samples) % SAMPLE_BYTES or not 1 <= block_size <= MAX_BLOCK:
        raise ValueError(f"expected samples of {SAMPLE_BYTES} bytes and blocks of 1 to {MAX_BLOCK}")


def plain_encode(samples: Readable, block_size: int) -> bytes:
    """Encode samples, see `encode_flac`."""
    check_arguments(samples, block_size)
    words = array("h", bytes(samples))
    if sys.byteorder == "little":
        words.byteswap()
    step = 2 * block_size
    return b"".join(_frame(words[start : start + step], start // step) for start in range(0, len(words), step))


def _frame(words: "array[int]", number: int) -> bytes:
    left, right = words[0::2].tolist(), words[1::2].tolist()
    side = list(map(sub, left, right))
    mid = list(starmap(lambda one, other: one + other >> 1, zip(left, right, strict=True)))
    lefts, rights, mids = (best_subframe(channel, _SAMPLE_BITS) for channel in (left, right, mid))
    sides = best_subframe(side, _SAMPLE_BITS + 1)
    pairs = (
        (_LEFT_RIGHT, lefts, rights),
        (_LEFT_SIDE, lefts, sides),
        (_SIDE_RIGHT, sides, rights),
        (_MID_SIDE, mids, sides),
    )
    assignment, first, second = min(pairs, key=lambda pair: pair[1].bits + pair[2].bits)
    head = _SYNC + bytes([_SIZE_AND_RATE, assignment << 4 | _DEPTH]) + _coded_number(number)
    head += (len(left) - 1).to_bytes(2, "big")
    out = BitWriter()
    first.write(out)
    second.write(out)
    frame = head + bytes([_checksum(head, _CRC8, 8)]) + out.encode()
    return frame + _checksum(frame, _CRC16, 16).to_bytes(2, "big")


def _coded_number(number: int) -> bytes:
    """Return a frame's number in the way of UTF-8, of up to 31 bits."""
    if number < 0x80:
        return bytes([number])
    tail = bytearray()
    limit = 0x40  # of what the first byte can hold
    while number >= limit:
        tail.insert(0, 0x80 | number & 0x3F)
        number >>= 6
        limit = 0x40 >> len(tail)
    return bytes([0xFF00 >> len(tail) + 1 & 0xFF | number, *tail])


def _checksum(data: bytes, polynomial: int, width: int) -> int:
    """Return a CRC that takes the highest bit first."""
    return int(f"{crc(with_reversed_bits(data), polynomial, width):0{width}b}"[::-1], 2)

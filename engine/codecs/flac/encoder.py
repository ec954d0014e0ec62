"""Encodes 16-bit stereo as FLAC frames, by the native kernel or in plain Python; both write the same bytes.

The reasons for an encoder of our own: docs/decisions/own-flac-encoder.md.
"""

from discpress.engine.codecs.flac.frames import plain_encode
from discpress.engine.system.files import Readable


def encode_flac(samples: Readable, block_size: int) -> bytes:
    """Return FLAC frames of big-endian stereo samples of 16 bits; the last block may be shorter than `block_size`.

    The frames are numbered from 0, and no file header precedes them. ValueError for a part of a sample, or for a block
    size that is not between 1 and 4,608.
    """
    return plain_encode(samples, block_size)

"""Encodes 16-bit stereo as FLAC frames, by the native kernel or in plain Python; both write the same bytes.

The reasons for an encoder of our own: docs/decisions/own-flac-encoder.md.
"""

from collections.abc import Callable
from functools import cache
from random import Random
from types import ModuleType
from typing import TypeAlias

from discpress.engine.codecs.flac.frames import plain_encode
from discpress.engine.system.files import Readable

EncodeFlac: TypeAlias = Callable[[Readable, int], bytes]

_TESTED_SAMPLES = 96
_TESTED_BLOCK = 72


def encode_flac(samples: Readable, block_size: int) -> bytes:
    """Return FLAC frames of big-endian stereo samples of 16 bits; the last block may be shorter than `block_size`.

    The frames are numbered from 0, and no file header precedes them. ValueError for a part of a sample, or for a block
    size that is not between 1 and 4,608. UsageError if DISCPRESS_KERNEL names a kernel that is missing.
    """
    return chosen_encoder()(samples, block_size)


def is_fast() -> bool:
    """Return whether the native kernel encodes; the plain encoder takes 0.4 s for a hunk of 8 sectors."""
    return chosen_encoder() is not plain_encode


@cache
def chosen_encoder() -> EncodeFlac:
    """Return the encoder of the native kernel, unless this process takes the plain one or the native one fails."""
    from discpress.engine.codecs.kernels import native_or_plain  # noqa: PLC0415 - loads lz4, which few users need

    plain: EncodeFlac = plain_encode
    return native_or_plain(native_encoder, plain, is_right)


def native_encoder(module: ModuleType) -> EncodeFlac:
    """Return the encoder of the native kernel; the plain one if it was built before it had one."""
    found: EncodeFlac = getattr(module, "flac_encode", plain_encode)
    return found


def is_right(encode: EncodeFlac) -> bool:
    """Return whether an encoder equals the plain one: the self-test of a kernel, of 40 ms."""
    if encode is plain_encode:
        return True
    return all(encode(sample, _TESTED_BLOCK) == plain_encode(sample, _TESTED_BLOCK) for sample in sample_sounds())


def sample_sounds() -> list[bytes]:
    """Return short sounds that need all parts of the encoder: noise, tones, silence, zeros in the lowest bits."""
    chance = Random(0)
    count = 2 * _TESTED_SAMPLES
    walk, value = [], 0
    for _ in range(count):
        value = (value * 15 >> 4) + chance.randrange(-900, 900)
        walk.append(value)
    tone = [(at % 50 - 25) ** 3 + chance.randrange(4) for at in range(count)]
    halves = [0] * (count // 2) + [-32768, 32767] * (count // 4)
    sounds = (walk, tone, halves, [value << 5 for value in walk], [at // 2 * 3 for at in range(count)])
    return [b"".join((word & 0xFFFF).to_bytes(2, "big") for word in sound) for sound in sounds]

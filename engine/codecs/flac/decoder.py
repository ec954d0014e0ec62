"""Decodes FLAC frames and the codec `flac` of CHD hunks by the package `miniaudio` (docs/formats.md, section 3).

A hunk is one byte for the byte order, L or B, and bare FLAC frames of 16-bit stereo. The package decodes only files,
so this module puts a header in front: `fLaC` and a STREAMINFO block (RFC 9639, section 8.2).
"""

import struct
import sys
from array import array
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from discpress.engine.codecs.blocks import BlockError, DecoderMissingError
from discpress.engine.system.files import Readable

_FRAME_BYTES = 4  # two channels of 16 bits
_SAMPLE_RATE = 44100
_CHANNELS = 2
_SAMPLE_BITS = 16
_MOST_SAMPLES = 65535
_LEAST_SAMPLES = 16
_STREAM_INFO = struct.Struct(">4sB3sHH3s3sQ16x")
_LAST_BLOCK = 0x80
_LITTLE, _BIG = ord("L"), ord("B")


@cache
def load_miniaudio() -> Any:
    """Return the package; None if it cannot be imported, because it is compiled and not for every machine."""
    try:
        import miniaudio  # noqa: PLC0415 - 20 ms (it brings urllib.request) that only FLAC should cost
    except (ImportError, OSError):
        return None
    return miniaudio


LoadPackage: TypeAlias = Callable[[], Any]


def decode_frames(frames: Readable, block_size: int, load_package: LoadPackage = load_miniaudio) -> "array[int]":
    """Return the samples of bare FLAC frames that decode to `block_size` bytes, both channels in turn.

    BlockError if there are more or fewer: the package leaves out a frame whose checksum is wrong. DecoderMissingError
    if the package is not installed.
    """
    package = load_package()
    if package is None:
        raise DecoderMissingError("it is FLAC, for which the package miniaudio is needed", "miniaudio")
    try:
        sound = package.flac_read_s16(_stream_info(block_size // _FRAME_BYTES) + frames)
    except package.DecodeError as error:
        raise BlockError(f"flac hunk does not decode: {error}") from error
    samples: array[int] = sound.samples
    if sound.nchannels != _CHANNELS or len(samples) * samples.itemsize != block_size:
        raise BlockError(f"flac hunk does not decode to {block_size} bytes")
    return samples


def in_byte_order(samples: "array[int]", *, is_big: bool) -> bytes:
    """Return samples as bytes in this order; the array is changed."""
    if is_big != (sys.byteorder == "big"):
        samples.byteswap()
    return samples.tobytes()


class FlacDecoder:
    """Decodes hunks of 16-bit stereo frames."""

    name = "flac"

    def __init__(self, load_package: LoadPackage = load_miniaudio) -> None:
        self._load_package = load_package

    def decode(self, stored: memoryview, block_size: int, max_padding: int) -> bytes:
        """Decode one hunk, see `Decoder.decode`; DecoderMissingError if the package is not installed."""
        if not stored or stored[0] not in {_LITTLE, _BIG}:
            raise BlockError("flac hunk does not decode: expected the byte order L or B")
        samples = decode_frames(stored[1:], block_size, self._load_package)
        return in_byte_order(samples, is_big=stored[0] == _BIG)


def _stream_info(samples: int) -> bytes:
    """Return the header of a FLAC file with this many samples, any block sizes and no checksum."""
    facts = _SAMPLE_RATE << 44 | (_CHANNELS - 1) << 41 | (_SAMPLE_BITS - 1) << 36 | samples
    return _STREAM_INFO.pack(
        b"fLaC", _LAST_BLOCK, (34).to_bytes(3, "big"), _LEAST_SAMPLES, _MOST_SAMPLES, bytes(3), bytes(3), facts
    )

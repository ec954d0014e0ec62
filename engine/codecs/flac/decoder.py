"""Decodes FLAC frames and the codec `flac` of CHD hunks, by the native kernel or the package `miniaudio`.

A hunk is one byte for the byte order, L or B, and bare FLAC frames of 16-bit stereo (docs/formats.md, section 3). The
package decodes only files, so this module puts a header in front: `fLaC` and a STREAMINFO block (RFC 9639, section
8.2). It also decides what the native kernel does not decode.
"""

import struct
import sys
from array import array
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, TypeAlias

from discpress.engine.codecs.blocks import BlockError, DecoderMissingError
from discpress.engine.system.files import Readable

_FRAME_BYTES = 4  # two channels of 16 bits
_SAMPLE_RATE = 44100
_CHANNELS = 2
_SAMPLE_BITS = 16
_MOST_SAMPLES = 65535
_LEAST_SAMPLES = 16
_TESTED_SAMPLES = 70
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
DecodeFlac: TypeAlias = Callable[[Readable, int], tuple[bytes, int] | None]


def decode_natively(stored: Readable, block_size: int) -> tuple[bytes, int] | None:
    """Decode the FLAC frames at the beginning of some bytes, until they have given `block_size` bytes of sound.

    Return the sound as big-endian samples, and the bytes that its frames take. None if they are not as expected, or if
    this process does without the native kernel: then `decode_frames` decides. UsageError as `chosen_kernel`.
    """
    return chosen_decoder()(stored, block_size // _FRAME_BYTES)


@cache
def chosen_decoder() -> DecodeFlac:
    """Return the decoder of the native kernel; if it fails its test or there is none, one that decodes nothing."""
    from discpress.engine.codecs.kernels import native_or_plain  # noqa: PLC0415 - loads lz4, which few users need

    plain: DecodeFlac = _decode_nothing
    return native_or_plain(native_decoder, plain, is_right)


def native_decoder(module: ModuleType) -> DecodeFlac:
    """Return the decoder of the native kernel; if it was built before it had one, one that decodes nothing."""
    found: DecodeFlac = getattr(module, "flac_decode", _decode_nothing)
    return found


def is_right(decode: DecodeFlac) -> bool:
    """Return whether a decoder returns sound that was encoded in plain Python: the self-test of a kernel, of 10 ms."""
    if decode is _decode_nothing:
        return True
    from discpress.engine.codecs.flac.frames import plain_encode  # noqa: PLC0415 - what only the test needs

    for step in (3, 251):
        sound = b"".join((at * at * step + at % 3 & 0xFFFF).to_bytes(2, "big") for at in range(2 * _TESTED_SAMPLES))
        frames = plain_encode(sound, _TESTED_SAMPLES)
        if decode(frames + b"\xff", _TESTED_SAMPLES) != (sound, len(frames)):
            return False
    return True


def _decode_nothing(stored: Readable, samples: int) -> None:
    return None


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
        found = decode_natively(stored[1:], block_size)
        if found is not None and found[1] == len(stored) - 1:
            return found[0] if stored[0] == _BIG else in_byte_order(array("h", found[0]), is_big=sys.byteorder != "big")
        samples = decode_frames(stored[1:], block_size, self._load_package)
        return in_byte_order(samples, is_big=stored[0] == _BIG)


def _stream_info(samples: int) -> bytes:
    """Return the header of a FLAC file with this many samples, any block sizes and no checksum."""
    facts = _SAMPLE_RATE << 44 | (_CHANNELS - 1) << 41 | (_SAMPLE_BITS - 1) << 36 | samples
    return _STREAM_INFO.pack(
        b"fLaC", _LAST_BLOCK, (34).to_bytes(3, "big"), _LEAST_SAMPLES, _MOST_SAMPLES, bytes(3), bytes(3), facts
    )

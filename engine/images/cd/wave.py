"""The place of the samples in a WAVE file (RIFF; Microsoft's Multimedia Programming Interface, 1991)."""

from struct import Struct

from discpress.engine.errors import DamagedImageError, UnsupportedImageError
from discpress.engine.images.known_disc import ReadAt

_RIFF = Struct("<4sI4s")
_CHUNK = Struct("<4sI")
_FORMAT = Struct("<HHIIHH")
_PCM = {1, 0xFFFE}
"""Plain samples: the usual header, and the longer one that also states the places of the speakers."""
_CD = (2, 44_100, 16)
_MAX_CHUNKS = 1000
_STREAMED = {0, 0xFFFFFFFF}
"""Lengths of the samples in a file that a program wrote without going back to its header."""


def find_samples(read_at: ReadAt, file_bytes: int, name: str) -> tuple[int, int]:
    """Return the offset and the number of bytes of the samples; `name` is the file's name for messages.

    UnsupportedImageError for other samples than those of a CD: stereo, 44,100 Hz, 16 bits. DamagedImageError for a
    faulty header, or if the file ends before its samples.
    """
    head = read_at(0, _RIFF.size)
    if len(head) < _RIFF.size or not head.startswith(b"RIFF") or head[8:] != b"WAVE":
        raise _damaged(name, "expected a WAVE file, which begins with RIFF and WAVE")
    offset, is_described = _RIFF.size, False
    for _ in range(_MAX_CHUNKS):
        chunk = read_at(offset, _CHUNK.size)
        if len(chunk) < _CHUNK.size:
            break
        kind, length = _CHUNK.unpack(chunk)
        offset += _CHUNK.size
        if kind == b"fmt ":
            _check_format(read_at(offset, min(length, _FORMAT.size)), name)
            is_described = True
        elif kind == b"data":
            if not is_described:
                break
            return offset, _sample_bytes(length, file_bytes - offset, name)
        offset += length + length % 2
    raise _damaged(name, "the WAVE file has no samples, or no description of them")


def _check_format(data: bytes, name: str) -> None:
    if len(data) < _FORMAT.size:
        raise _damaged(name, "the WAVE file's description of its samples is too short")
    code, channels, rate, _, _, bits = _FORMAT.unpack(data)
    if code not in _PCM or (channels, rate, bits) != _CD:
        got = f"{channels} channels, {rate} Hz, {bits} bits" + ("" if code in _PCM else f", encoded ({code})")
        raise UnsupportedImageError(
            f"{name}: expected the samples of a CD (2 channels, 44100 Hz, 16 bits), got {got}",
            hint="convert it with another program to the samples of a CD",
        )


def _sample_bytes(stated: int, available: int, name: str) -> int:
    if stated in _STREAMED:
        return available
    if stated > available:
        raise _damaged(name, f"the file ends too early: it has {available} of {stated} bytes of samples")
    return stated


def _damaged(name: str, problem: str) -> DamagedImageError:
    return DamagedImageError(f"{name}: {problem}", hint="get the file again, or restore it from a backup")

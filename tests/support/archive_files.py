"""Real archives for tests: made by zipfile and py7zr, and bent where a test wants them hostile."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from unittest import mock

import py7zr

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
SEVEN_ZIP_FILTERS: Mapping[str, list[dict[str, Any]]] = {
    "lzma2": [{"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "lzma": [{"id": py7zr.FILTER_LZMA, "preset": 1}],
    "bzip2": [{"id": py7zr.FILTER_BZIP2}],
    "copy": [{"id": py7zr.FILTER_COPY}],
    "bcj-lzma2": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "bcj-lzma": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA, "preset": 1}],
    "delta-lzma2": [{"id": py7zr.FILTER_DELTA}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
}


def write_zip(path: Path, members: Mapping[str, bytes] | Sequence[tuple[str, bytes]], method: int = DEFLATED) -> Path:
    """Write a ZIP of these members, in this order; a sequence may hold a name twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pairs = members.items() if isinstance(members, Mapping) else members
    with zipfile.ZipFile(path, "w", method, compresslevel=1) as archive:
        for name, data in pairs:
            # ZipInfo keeps names that writestr would make relative.
            info = zipfile.ZipInfo("x", (2001, 2, 3, 4, 5, 6))
            info.filename, info.compress_type = name, method
            with archive.open(info, "w", force_zip64=len(data) > 1 << 31) as file:
                file.write(data)
    return path


def write_7z(path: Path, members: Mapping[str, bytes], filters: str = "lzma2") -> Path:
    """Write a solid 7z of these members."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pairs = tuple(members.items())
    if sum(len(data) for _, data in pairs) <= _MOST_KEPT_BYTES:
        path.write_bytes(_small_7z(pairs, filters))
    else:
        with path.open("wb") as file, mock.patch.object(lzma, "LZMACompressor", _InPieces):
            _pack_7z(file, pairs, filters)
    return path


_MOST_KEPT_BYTES = 8 << 20


@lru_cache(maxsize=16)
def _small_7z(pairs: tuple[tuple[str, bytes], ...], filters: str) -> bytes:
    """Return a 7z; it is kept, because many tests begin with the same one and LZMA packs 5 MB/s."""
    buffer = BytesIO()
    _pack_7z(buffer, pairs, filters)
    return buffer.getvalue()


class _InPieces:
    """A maker of LZMA2 that begins anew with each piece, as 7-Zip does with many threads, and packs no noise.

    Noise is stored, as LZMA2 has it: liblzma finds out at 2 MB/s that it does not shrink.
    """

    def __init__(self, format: int, filters: list[dict[str, Any]]) -> None:
        assert (format, [each["id"] for each in filters]) == (lzma.FORMAT_RAW, [py7zr.FILTER_LZMA2])
        self._preset = int(filters[0]["preset"])

    def compress(self, data: bytes) -> bytes:
        return _piece(bytes(data), self._preset)

    def flush(self) -> bytes:
        return _END


_LzmaCompressor = lzma.LZMACompressor
_END = b"\0"
_STORED_BYTES = 1 << 16
_RESETS_DICTIONARY, _GOES_ON = 1, 2


@lru_cache(maxsize=64)
def _piece(data: bytes, preset: int) -> bytes:
    """Return LZMA2 without an end; pieces recur."""
    if len(zlib.compress(data, 1)) < 0.98 * len(data):
        options = [{"id": lzma.FILTER_LZMA2, "preset": preset}]
        packer = _LzmaCompressor(lzma.FORMAT_RAW, filters=options)
        return (packer.compress(data) + packer.flush()).removesuffix(_END)
    stored = [data[at : at + _STORED_BYTES] for at in range(0, len(data), _STORED_BYTES)]
    kinds = [_RESETS_DICTIONARY] + [_GOES_ON] * (len(stored) - 1)
    heads = [struct.pack(">BH", kind, len(each) - 1) for kind, each in zip(kinds, stored, strict=True)]
    return b"".join(part for pair in zip(heads, stored, strict=True) for part in pair)


def _pack_7z(file: BinaryIO, pairs: tuple[tuple[str, bytes], ...], filters: str) -> None:
    with py7zr.SevenZipFile(file, "w", filters=SEVEN_ZIP_FILTERS[filters]) as archive:
        for name, data in pairs:
            archive.writestr(data, name)


def patch_directory(path: Path, number: int, offset: int, value: bytes) -> Path:
    """Overwrite bytes of one entry of a ZIP's central directory."""
    data = bytearray(path.read_bytes())
    at = -1
    for _ in range(number + 1):
        at = data.index(b"PK\x01\x02", at + 1)
    data[at + offset : at + offset + len(value)] = value
    path.write_bytes(data)
    return path


FLAGS, METHOD, CRC32, PACKED_BYTES, SIZE_BYTES, HEADER_OFFSET = 8, 10, 16, 20, 24, 42
"""Where the fields of a central directory entry are."""


def u16(value: int) -> bytes:
    """Return a 16-bit field."""
    return struct.pack("<H", value)


def u32(value: int) -> bytes:
    """Return a 32-bit field."""
    return struct.pack("<I", value)

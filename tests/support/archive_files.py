"""Real archives for tests: made by zipfile and py7zr, and bent where a test wants them hostile."""

import struct
import zipfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

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
    with zipfile.ZipFile(path, "w", method, compresslevel=6) as archive:
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
        with path.open("wb") as file:
            _pack_7z(file, pairs, filters)
    return path


_MOST_KEPT_BYTES = 8 << 20


@lru_cache(maxsize=16)
def _small_7z(pairs: tuple[tuple[str, bytes], ...], filters: str) -> bytes:
    """Return a 7z; it is kept, because many tests begin with the same one and LZMA packs 5 MB/s."""
    buffer = BytesIO()
    _pack_7z(buffer, pairs, filters)
    return buffer.getvalue()


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

"""Decodes runs of CHD hunks by the native kernel: one call a run, with the crc16 of each hunk."""

import lzma
import zlib
from collections.abc import Sequence
from functools import cache
from random import Random

import zstandard

from discpress.engine.codecs.chd.libraries import HunkLibraries, Library, hunk_libraries
from discpress.engine.codecs.chd.rows import CRC_START, PLAIN, ROW, SELF
from discpress.engine.codecs.crc import crc16
from discpress.engine.codecs.lzma_hunks import lzma_filter
from discpress.engine.system.files import Readable, Writable

_LIBRARIES = {b"zlib": Library.ZLIB, b"zstd": Library.ZSTD, b"lzma": Library.LZMA}
_TESTED_BYTES = 4096


class RunDecoder:
    """Decodes hunks of one file; any number of threads may share it."""

    def __init__(self, libraries: HunkLibraries, tags: Sequence[bytes], hunk_size: int, *, has_crcs: bool) -> None:
        """`tags` are the four codecs in the header, of which the kernel may know some."""
        self._libraries = libraries
        self._numbers = bytes(_number_of(libraries, tag) for tag in tags)
        self._hunk_size = hunk_size
        self._has_crcs = has_crcs

    def decode(self, stored: Readable, start: int, rows: Readable, first: int, out: Writable) -> bytearray:
        """Decode hunks from number `first` on, one for each row, and return for each whether it was decoded (1 or 0).

        `stored` contains the file's bytes from `start` on. A hunk that is not decoded is damaged, has a codec that the
        kernel does not know, or lies elsewhere: the plain codecs decide that. References lead to hunks before them in
        this run.
        """
        done = bytearray(len(rows) // ROW.size)
        self._libraries.module.hunk_decode(
            self._libraries.handle,
            stored,
            start,
            rows,
            first,
            self._numbers,
            self._hunk_size,
            self._has_crcs,
            out,
            done,
        )
        return done


def run_decoder(tags: Sequence[bytes], hunk_size: int, *, has_crcs: bool) -> RunDecoder | None:
    """Return a decoder for a file with these codecs; None if the kernel knows none of them. UsageError as `crc16`."""
    known = [_LIBRARIES[tag] for tag in tags if tag in _LIBRARIES]
    libraries = hunk_libraries() if known else None
    if libraries is None or not any(_works(libraries, library) for library in known):
        return None
    return RunDecoder(libraries, tags, hunk_size, has_crcs=has_crcs)


def _number_of(libraries: HunkLibraries, tag: bytes) -> int:
    library = _LIBRARIES.get(tag)
    return library if library is not None and _works(libraries, library) else 0


@cache
def _works(libraries: HunkLibraries, library: Library) -> bool:
    """Return whether the kernel decodes hunks of a library's codec as expected, and refuses a damaged one."""
    if not libraries.has(library):
        return False
    data = _sample()
    hunk = _packed(library, data)
    stored = hunk + data
    rows = [
        ROW.pack(0, len(hunk), crc16(data, CRC_START), 0),
        ROW.pack(0, len(hunk), 1 ^ crc16(data, CRC_START), 0),
        ROW.pack(len(hunk), len(data), crc16(data, CRC_START), PLAIN),
        ROW.pack(0, 0, 0, SELF),
        ROW.pack(0, len(hunk) // 2, crc16(data, CRC_START), 0),
    ]
    out, done = bytearray(len(rows) * len(data)), bytearray(len(rows))
    numbers = bytes((library, 0, 0, 0))
    libraries.module.hunk_decode(libraries.handle, stored, 0, b"".join(rows), 0, numbers, len(data), True, out, done)
    size = len(data)
    return done == bytes((1, 0, 1, 1, 0)) and all(out[at : at + size] == data for at in (0, 2 * size, 3 * size))


def _sample() -> bytes:
    chance = Random(0)
    words = [chance.randbytes(chance.randrange(1, 20)) for _ in range(50)]
    return b"".join(chance.choices(words, k=_TESTED_BYTES))[:_TESTED_BYTES]


def _packed(library: Library, data: bytes) -> bytes:
    if library is Library.ZLIB:
        return zlib.compress(data, 9, -zlib.MAX_WBITS)
    if library is Library.ZSTD:
        packed: bytes = zstandard.ZstdCompressor().compress(data)
        return packed
    return lzma.compress(data, lzma.FORMAT_RAW, filters=[lzma_filter(len(data))])

"""Packs chunks of CHD hunks by the native kernel: one call a chunk, with the bytes of the plain codecs."""

from array import array
from collections.abc import Sequence
from functools import cache
from random import Random
from typing import NamedTuple

from discpress.engine.codecs.blocks import CompressBlock
from discpress.engine.codecs.chd.libraries import HunkLibraries, Library, hunk_libraries

_TESTED_BYTES = 4096
_TESTED_HUNKS = 5


class Packing(NamedTuple):
    """One way to pack a hunk."""

    library: Library
    """The library that packs it."""
    level: int
    """The level of that library, from 1 on."""
    compress: CompressBlock
    """The plain codec, which the kernel must equal."""


class ChunkPacker:
    """Packs chunks, each hunk in the way that makes it smallest; any number of threads may share it."""

    def __init__(self, libraries: HunkLibraries, ways: Sequence[Packing], probe_level: int) -> None:
        """`probe_level` is the level at which Zstandard is tried after a plain hunk; 0 for no probe."""
        self._libraries = libraries
        self._numbers = bytes(way.library for way in ways)
        self._levels = bytes(way.level for way in ways)
        self._probe_level = probe_level

    def pack(self, chunk: memoryview, hunk_size: int, out: memoryview, lengths: "array[int]") -> int:
        """Pack a chunk like `HunkCodec.pack`. MemoryError, or RuntimeError if a library fails."""
        used: int = self._libraries.module.hunk_pack(
            self._libraries.handle, chunk, hunk_size, self._numbers, self._levels, self._probe_level, out, lengths
        )
        return used


def chunk_packer(ways: Sequence[Packing], probe: Packing | None) -> ChunkPacker | None:
    """Return a packer; None if the kernel does not pack in each of these ways as expected. UsageError as `crc16`."""
    libraries = hunk_libraries()
    every = (*ways, probe) if probe else ways
    if libraries is None or not all(_packs_alike(libraries, way.library, way.level, way.compress) for way in every):
        return None
    return ChunkPacker(libraries, ways, probe.level if probe else 0)


_results: dict[tuple[HunkLibraries, Library, int], bool] = {}


def _packs_alike(libraries: HunkLibraries, library: Library, level: int, compress: CompressBlock) -> bool:
    """Return whether the kernel packs hunks of words, noise and zeros to the same bytes; tried once a level."""
    key = libraries, library, level
    if key not in _results:
        _results[key] = libraries.has(library) and _packed_natively(libraries, library, level) == [
            compress(memoryview(hunk)) for hunk in _samples()
        ]
    return _results[key]


def _packed_natively(libraries: HunkLibraries, library: Library, level: int) -> list[bytes] | None:
    """Return the sample's hunks, packed one after the other in one call; None if one of them does not shrink."""
    hunks = _samples()
    out, lengths = memoryview(bytearray(len(hunks) * _TESTED_BYTES)), array("I", bytes(4 * len(hunks)))
    packer = ChunkPacker(libraries, [Packing(library, level, bytes)], 0)
    try:
        packer.pack(memoryview(b"".join(hunks)), _TESTED_BYTES, out, lengths)
    except RuntimeError:
        return None
    ends = [sum(lengths[: number + 1]) for number in range(len(hunks))]
    return [bytes(out[end - length : end]) for end, length in zip(ends, lengths, strict=True)]


@cache
def _samples() -> list[bytes]:
    """Return hunks that shrink with any codec."""
    chance = Random(0)
    hunks = []
    for number in range(_TESTED_HUNKS):
        words = [chance.randbytes(chance.randrange(1, 30)) for _ in range(20 + 20 * number)]
        text = b"".join(chance.choices(words, k=_TESTED_BYTES))[: _TESTED_BYTES - 500 * number]
        hunks.append(text + chance.randbytes(_TESTED_BYTES - len(text)))
    return [bytes(_TESTED_BYTES), *hunks]

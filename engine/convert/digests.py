"""Digests of a decoded image: crc32 for DAT files, XXH3-128 for verification, and others on request.

The proof of a conversion compares chunk by chunk, with digests that are never stored.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import xxhash

from discpress.engine.codecs.crc import crc32, join_crc32
from discpress.engine.images.sets.joined import Joined
from discpress.engine.request import ON_REQUEST
from discpress.engine.system.files import Readable

Step: TypeAlias = Callable[[Readable], None]
"""Takes the next bytes for some of the digests."""
CHANGED_HINT = "check the disk and the memory of this machine: one changed the data; the source is untouched"
"""The hint about a result that is not what was packed."""
CHECKED_TOO = ("sha224", "sha384", "sha512")
"""Kinds that checksum files of others may have; discpress writes none."""


@dataclass(frozen=True, slots=True)
class DigestSet:
    """The digests of one image, by name, as lower-case hex."""

    values: dict[str, str]
    """`crc32` and `xxh3` always; those of ON_REQUEST and CHECKED_TOO if requested."""
    size_bytes: int
    """Number of digested bytes."""
    files: "tuple[DigestSet, ...]" = field(default=(), compare=False)
    """The digests of each file that the bytes are written to, if there are several, or of each track in a CHD."""
    stored: dict[str, str] = field(default_factory=dict, compare=False)
    """The digests of what is packed, if that is more than the image: `sha1` of the frames of a CD."""

    @property
    def recorded(self) -> dict[str, str]:
        """The digests that the file of a result may contain, see `Layout.records`."""
        return self.stored or self.values


Accept = Callable[[DigestSet], None]
"""A check of digests, which may raise VerifyError."""


def accept_all(digests: DigestSet) -> None:
    """Accept any digests."""


class Digester:
    """Computes the requested digests of bytes that arrive in order; for one thread, or one for each of its steps."""

    def __init__(self, wanted: tuple[str, ...] = ()) -> None:
        self._crc32 = 0
        self._sums: dict[int, int] = {}
        self._size = 0
        self._xxh3 = xxhash.xxh3_128()
        self._others = {
            name: hashlib.new(name, usedforsecurity=False) for name in wanted if name in (*ON_REQUEST, *CHECKED_TOO)
        }

    def update(self, data: Readable) -> None:
        """Digest the next bytes."""
        for step in self.steps:
            step(data)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The parts of `update`; each takes all bytes in order, and may do so in a thread of its own."""
        return (self._take_always, *(other.update for other in self._others.values()))

    def sum_up(self, offset: int, data: Readable) -> None:
        """Compute the crc32 of a piece in advance, in any thread; `steps` then get exactly this piece from `offset` on.

        The thread that has just read the bytes has them in its cache.
        """
        self._sums[offset] = crc32(data)

    def _take_always(self, data: Readable) -> None:
        known = self._sums.pop(self._size, None)
        self._size += len(data)
        self._crc32 = crc32(data, self._crc32) if known is None else join_crc32(self._crc32, known, len(data))
        self._xxh3.update(data)

    @property
    def crc32(self) -> int:
        """The crc32 of all bytes so far."""
        return self._crc32

    @property
    def size_bytes(self) -> int:
        """Number of all bytes so far."""
        return self._size

    def finish(self) -> DigestSet:
        """Return the digests of all bytes so far."""
        values = {"crc32": f"{self._crc32:08x}", "xxh3": self._xxh3.hexdigest()}
        values |= {name: other.hexdigest() for name, other in self._others.items()}
        return DigestSet(values, self._size)


class ChunkDigests:
    """XXH3-128 of each chunk of an image, in memory; any number of threads may take and compare them.

    16 bytes for each chunk: 0.8 MiB for an image of 50 GiB.
    """

    def __init__(self, total_bytes: int, chunk_bytes: int) -> None:
        self.total_bytes = total_bytes
        """Bytes of the image."""
        self.chunk_bytes = chunk_bytes
        """Bytes of each chunk but the last."""
        self.chunks = -(-total_bytes // chunk_bytes)
        """Number of chunks."""
        self._values = memoryview(bytearray(_CHUNK_DIGEST_BYTES * self.chunks))

    def take(self, number: int, data: Readable) -> None:
        """Record the digest of a chunk."""
        self._values[_place(number)] = xxhash.xxh3_128_digest(data)

    def is_of(self, number: int, data: Readable) -> bool:
        """Return whether data has the digest of a chunk; False if none was recorded."""
        recorded = self._values[_place(number)]
        return any(recorded) and recorded == xxhash.xxh3_128_digest(data)

    def to_bytes(self) -> bytes:
        """Return all digests, for `load`."""
        return bytes(self._values)

    def load(self, values: bytes) -> bool:
        """Take over digests that another machine took; return False if there are too few or too many."""
        if len(values) != len(self._values):
            return False
        self._values[:] = values
        return True


_CHUNK_DIGEST_BYTES = 16


def _place(number: int) -> slice:
    return slice(number * _CHUNK_DIGEST_BYTES, (number + 1) * _CHUNK_DIGEST_BYTES)


class FileDigester(Digester):
    """Computes the digests of all bytes, and of each of the files that contain them one after the other."""

    def __init__(self, wanted: tuple[str, ...], sizes: Sequence[int]) -> None:
        """`sizes` are those of the files, in bytes."""
        super().__init__(wanted)
        self._position = 0
        self._files = [Digester(wanted) for _ in sizes]
        self._joined = Joined(self._files, sizes)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The parts of `update`, see `Digester.steps`; that of the files takes all of their digests."""
        return (*super().steps, self._take_files)

    def _take_files(self, data: Readable) -> None:
        for digester, _, piece in self._joined.cut(self._position, memoryview(data)):
            digester.update(piece)
        self._position += len(data)

    def finish(self) -> DigestSet:
        """Return the digests of all bytes so far, and of the files."""
        return replace(super().finish(), files=tuple(each.finish() for each in self._files))

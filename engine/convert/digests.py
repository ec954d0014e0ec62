"""Digests of a decoded image: crc32 for DAT files, XXH3-128 for verification, and others on request."""

import hashlib
import zlib
from dataclasses import dataclass

import xxhash

from discpress.engine.system.files import Readable

ALWAYS = ("crc32", "xxh3")
ON_REQUEST = ("md5", "sha1", "sha256")
CHECKED_TOO = ("sha224", "sha384", "sha512")
"""Kinds that checksum files of others may have; discpress writes none."""


@dataclass(frozen=True, slots=True)
class DigestSet:
    """The digests of one image, by name, as lower-case hex."""

    values: dict[str, str]
    """`crc32` and `xxh3` always; those of ON_REQUEST and CHECKED_TOO if requested."""
    size_bytes: int
    """Number of digested bytes."""


class Digester:
    """Computes the requested digests of bytes that arrive in order; for one thread."""

    def __init__(self, wanted: tuple[str, ...] = ()) -> None:
        self._crc32 = 0
        self._size = 0
        self._xxh3 = xxhash.xxh3_128()
        self._others = {
            name: hashlib.new(name, usedforsecurity=False) for name in wanted if name in (*ON_REQUEST, *CHECKED_TOO)
        }

    def update(self, data: Readable) -> None:
        """Digest the next bytes."""
        self._size += len(data)
        self._crc32 = zlib.crc32(data, self._crc32)
        self._xxh3.update(data)
        for other in self._others.values():
            other.update(data)

    @property
    def crc32(self) -> int:
        """The crc32 of all bytes so far."""
        return self._crc32

    def finish(self) -> DigestSet:
        """Return the digests of all bytes so far."""
        values = {"crc32": f"{self._crc32:08x}", "xxh3": self._xxh3.hexdigest()}
        values |= {name: other.hexdigest() for name, other in self._others.items()}
        return DigestSet(values, self._size)

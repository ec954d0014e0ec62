"""Fingerprints of files, by which two machines notice that they do not see the same one."""

import os
from dataclasses import dataclass
from pathlib import Path

import xxhash

from discpress.engine.errors import ShareError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.system.files import open_regular, read_at
from discpress.engine.units import format_count

HEAD_BYTES = 64 * 1024
TIME_STEP_NS = 2_000_000_000
"""Protocols round times: SMB to 100 ns, and a FAT disk behind a share to 2 s."""
_HINT = "mount the same folder on both machines, or run discpress share add for the right one"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Size, time and first bytes of a file."""

    size_bytes: int
    """Its size."""
    mtime_ns: int
    """Time of the last change of its content, ns since the epoch."""
    head: str
    """XXH3-128 of its first 64 KiB, lower-case hex."""

    @classmethod
    def of(cls, path: Path) -> "Fingerprint":
        """Return the fingerprint of a regular file. Raises StorageError."""
        fd, facts = open_regular(path)
        try:
            head = read_at(fd, 0, HEAD_BYTES)
        except OSError as error:
            raise from_os_error(error, path, "read it") from error
        finally:
            os.close(fd)
        return cls(facts.st_size, facts.st_mtime_ns, xxhash.xxh3_128_hexdigest(head))

    def check(self, path: Path) -> None:
        """Raise ShareError unless the file of this machine is the one that another machine meant.

        Raises StorageError if it cannot be read.
        """
        try:
            path.stat()
        except FileNotFoundError as error:
            raise ShareError(f"{display_name(path)}: this machine does not see the file", hint=_HINT) from error
        except OSError as error:
            raise from_os_error(error, path, "read it") from error
        if difference := self._difference(Fingerprint.of(path)):
            raise ShareError(f"{display_name(path)}: this machine sees another file: {difference}", hint=_HINT)

    def _difference(self, here: "Fingerprint") -> str:
        if here.size_bytes != self.size_bytes:
            sizes = f"{format_count(here.size_bytes, 'byte')}, expected {format_count(self.size_bytes, 'byte')}"
            return f"it has {sizes}"
        if here.head != self.head:
            return "its first bytes differ"
        if abs(here.mtime_ns - self.mtime_ns) > TIME_STEP_NS:
            return "it was changed at another time"
        return ""

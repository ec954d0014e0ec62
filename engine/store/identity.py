"""The identity of a file, or of a set of files, between scans."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import xxhash

from discpress.engine.system.files import FileIdentity as OpenIdentity
from discpress.engine.system.filesystems import StableInodes


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Identity of a file for a scan: if it is unchanged, the file need not be read again.

    It lacks the device number of `engine.system.files.FileIdentity`, which changes with every mount of a share, and the
    ctime: a chmod or a new link is not a reason to read an image again, but a conversion must notice it.
    """

    ino: int
    """st_ino, the number of the file in its file system; 0 if that may change with the next mount."""
    size_bytes: int
    """st_size."""
    mtime_ns: int
    """Time of the last content change, ns since the epoch."""
    member: int = 0
    """Number of the file in an archive, from 1; the other fields then describe the archive. 0 for a separate file."""
    member_bytes: int = 0
    """Its share of the archive; 0 for a separate file."""
    others: int = 0
    """A number for the sizes and times of the other files of a set, in their order; 0 for a title of one file."""

    @classmethod
    def of(cls, path: Path, facts: os.stat_result, inodes: StableInodes | None = None) -> "FileIdentity":
        """Return the identity of a file with this stat result; `inodes` saves a look at the mounts for each file."""
        inode = (inodes or StableInodes()).of(path, facts.st_dev, facts.st_ino)
        return cls(inode, facts.st_size, facts.st_mtime_ns)

    @classmethod
    def of_source(cls, path: Path, source: OpenIdentity, inodes: StableInodes | None = None) -> "FileIdentity":
        """Return the identity of a file that a conversion holds open."""
        inode = (inodes or StableInodes()).of(path, source.dev, source.ino)
        return cls(inode, source.size_bytes, source.mtime_ns)

    @classmethod
    def of_set(cls, path: Path, facts: Sequence[os.stat_result], inodes: StableInodes | None = None) -> "FileIdentity":
        """Return the identity of a set of files with these stat results; the first file, the main one, is at `path`."""
        return cls.of(path, facts[0], inodes).with_others([(each.st_size, each.st_mtime_ns) for each in facts[1:]])

    @classmethod
    def at(cls, path: Path) -> "FileIdentity":
        """Return the identity of the file that a path leads to. Raises OSError."""
        return cls.of(path, path.stat())

    def in_archive(self, member: int, member_bytes: int) -> "FileIdentity":
        """Return the identity of an image in this file; of the file itself for member 0."""
        return replace(self, member=member, member_bytes=member_bytes) if member else self

    def with_others(self, others: Sequence[tuple[int, int]]) -> "FileIdentity":
        """Return the identity of this file together with others, each by its size and mtime in ns."""
        if not others:
            return replace(self, others=0) if self.others else self
        digest = xxhash.xxh3_64(repr(list(others)).encode())
        return replace(self, others=digest.intdigest() >> 1 or 1)

    @property
    def of_file(self) -> "FileIdentity":
        """The identity of the file or the set of files on the disk: of the archive, for a file in one."""
        return replace(self, member=0, member_bytes=0) if self.member or self.member_bytes else self

    @property
    def of_main(self) -> "FileIdentity":
        """The identity of the main file alone."""
        return self.of_file.with_others(())

    @property
    def without_inode(self) -> "FileIdentity":
        """The part that stays the same after a move to another disk."""
        return replace(self, ino=0) if self.ino else self

    def fits(self, other: "FileIdentity") -> bool:
        """Return whether two identities of one path are of one file: inodes count only if both of them last."""
        return self == other or (0 in {self.ino, other.ino} and self.without_inode == other.without_inode)


NO_FILE = FileIdentity(0, 0, -1)
"""Of a title that is to be read again: the identity of no file, because none has its time."""

"""Records of the library: an image file's identity, content, settings and estimated conversion."""

import os
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from discpress.engine.discs.info import UNIDENTIFIED, DiscInfo
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.registry import spec_of
from discpress.engine.measure.estimate import Estimate
from discpress.engine.names import fold
from discpress.engine.request import ConversionRequest
from discpress.engine.store.digests import Digests
from discpress.engine.system.files import FileIdentity as OpenIdentity
from discpress.engine.system.filesystems import StableInodes
from discpress.engine.systems import System

SKIP = "skip"
"""The advice of an estimate to leave a title unconverted."""

_ARCHIVE_LABELS = {"ZIP", "7Z"}


class State(StrEnum):
    """State of a title's row; the first that applies, in this order."""

    DAMAGED = "damaged"
    NO_DISC = "no-disc"
    ERROR = "error"
    PACKED = "packed"
    SKIP = "skip"
    OK = "ok"


class Fault(StrEnum):
    """A fault that a scan found in a file, independent of any conversion; each is a state of the same name."""

    DAMAGED = "damaged"
    """Its header, or the part read to identify it, breaks the rules of its format."""
    NO_DISC = "no-disc"
    """It is readable and contains nothing known."""


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

    @classmethod
    def of(cls, path: Path, facts: os.stat_result, inodes: StableInodes | None = None) -> "FileIdentity":
        """Return the identity of a file with this stat result; `inodes` saves a look at the mounts for each file."""
        inode = (inodes or StableInodes()).of(path, facts.st_dev, facts.st_ino)
        return cls(inode, facts.st_size, facts.st_mtime_ns)

    @classmethod
    def of_source(cls, path: Path, source: OpenIdentity) -> "FileIdentity":
        """Return the identity of a file that a conversion holds open."""
        return cls(StableInodes().of(path, source.dev, source.ino), source.size_bytes, source.mtime_ns)

    @classmethod
    def at(cls, path: Path) -> "FileIdentity":
        """Return the identity of the file that a path leads to. Raises OSError."""
        return cls.of(path, path.stat())

    def in_archive(self, member: int, member_bytes: int) -> "FileIdentity":
        """Return the identity of an image in this file; of the file itself for member 0."""
        return replace(self, member=member, member_bytes=member_bytes) if member else self

    @property
    def of_file(self) -> "FileIdentity":
        """The identity of the file on the disk: of the archive, for a file in one."""
        return FileIdentity(self.ino, self.size_bytes, self.mtime_ns)

    @property
    def without_inode(self) -> "FileIdentity":
        """What stays the same after a move to another disk."""
        return replace(self, ino=0)

    def fits(self, other: "FileIdentity") -> bool:
        """Return whether two identities of one path are of one file: inodes count only if both of them last."""
        return self == other or (0 in {self.ino, other.ino} and self.without_inode == other.without_inode)


NO_FILE = FileIdentity(0, 0, -1)
"""Of a title that is to be read again: the identity of no file, because none has its time."""


@dataclass(frozen=True, slots=True)
class StoredEstimate:
    """The last estimate for one file under one choice of settings."""

    settings: Settings
    """The settings that were estimated."""
    original_bytes: int
    """Decoded size of the image."""
    packed_bytes: int
    """Size of the converted file, header, index and padding included."""
    low_bytes: int
    """Lower end of the 95 % margin."""
    high_bytes: int
    """Upper end of the 95 % margin, used by the space planner."""
    sampled_bytes: int
    """Original bytes that were packed for the estimate; equal to original_bytes if all were."""
    advice: str
    """The advice: `convert` or `skip`."""
    reason: str
    """The reason for the advice, as a sentence; empty if there is nothing to explain."""
    seconds: float
    """Conversion time expected on the machine that made the estimate; 0 for an ISO, which is not rehearsed."""
    seek_us: float = 0.0
    """Seek latency measured on the sample, microseconds; 0 if unknown."""

    @classmethod
    def of(cls, found: Estimate) -> "StoredEstimate":
        """Return the stored part of an estimate."""
        return cls(
            found.settings,
            found.original_bytes,
            found.packed_bytes,
            found.low_bytes,
            found.high_bytes,
            found.sampled_bytes,
            str(found.advice),
            found.reason,
            found.conversion_s or 0.0,
            found.seek_us or 0.0,
        )

    @property
    def ratio(self) -> float:
        """Packed / original; 1.0 for an empty image."""
        return self.packed_bytes / self.original_bytes if self.original_bytes else 1.0


JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"


@dataclass(frozen=True, slots=True)
class Title:
    """One image file of the library, as found by the last scan."""

    path: Path
    """Absolute path; for an image in an archive, the archive's path and the name in it."""
    identity: FileIdentity
    """Its identity when it was read."""
    format: ImageFormat | None
    """Format detected from the content; None if it was not recognised or read."""
    disc: DiscInfo = UNIDENTIFIED
    """The facts of its disc."""
    original_bytes: int = 0
    """Decoded size; 0 if it could not be read."""
    block_size: int = 0
    """Bytes of one block; 0 for an image without blocks."""
    index_shift: int = 0
    """Left shift of its index entries."""
    version: int = 0
    """Version in its header; 0 if the format has none."""
    links: int = 1
    """Number of names (hard links) of this file; with more than one, removing this name frees nothing."""
    error: str = ""
    """The reason it could not be read or identified, as a sentence; empty if it could."""
    fault: Fault | None = None
    """The fault of the file; None if it has none, or if `error` is not damage."""
    estimate: StoredEstimate | None = None
    """The estimate under its settings; None if not estimated yet."""
    overrides: ConversionRequest | None = None
    """The settings chosen for this title; None if it follows the defaults."""
    device: int = 0
    """st_dev at the last scan, to know an unmounted disk by; no part of any identity."""
    inode: int = 0
    """st_ino at the last scan, to know hard links by."""
    stated: Digests | None = field(default=None, compare=False, repr=False)
    """Digests that its header states, as found by a scan; the store keeps them with the others."""
    _search_text: str = field(default="", init=False, repr=False, compare=False)
    _group: str = field(default="", init=False, repr=False, compare=False)

    @property
    def system(self) -> System:
        """The system that plays the disc."""
        return self.disc.system

    @property
    def serial(self) -> str:
        """`SLUS-20312`; empty if the disc has none."""
        return self.disc.serial

    @property
    def title(self) -> str:
        """Name from the disc, otherwise the cleaned file name."""
        return self.disc.title

    @property
    def region(self) -> str:
        """`US`; empty if unknown."""
        return self.disc.region

    @property
    def file_path(self) -> Path:
        """The file on the disk: the archive, for an image in one."""
        return self.path.parent if self.identity.member else self.path

    @property
    def is_archived(self) -> bool:
        """Whether the image is in an archive."""
        return self.identity.member > 0

    @property
    def is_packed(self) -> bool:
        """Whether the image has a compressed format."""
        return self.format is not None and spec_of(self.format).is_packed

    @property
    def archive_label(self) -> str:
        """The usual name of the archive's kind, by its file name: `ZIP`, `7Z`; empty if the image is not in one."""
        suffix = self.file_path.suffix.lstrip(".").upper()
        return "" if not self.is_archived else suffix if suffix in _ARCHIVE_LABELS else "ARCHIVE"

    @property
    def file_bytes(self) -> int:
        """Size of the file on the disk, or of the image's share of an archive."""
        return self.identity.member_bytes if self.identity.member else self.identity.size_bytes

    @property
    def ratio(self) -> float:
        """File size / current decoded size: 1.0 for a plain ISO, or if the sizes are unknown."""
        return self.file_bytes / self.original_bytes if self.original_bytes else 1.0

    @property
    def saving_bytes(self) -> int | None:
        """File size - estimated size, negative if the file would grow; None without an estimate."""
        return None if self.estimate is None else self.file_bytes - self.estimate.packed_bytes

    @property
    def saving_percent(self) -> float | None:
        """The saving in percent of the current file size; None without an estimate."""
        saving = self.saving_bytes
        return None if saving is None or not self.file_bytes else 100 * saving / self.file_bytes

    @property
    def state(self) -> State:
        """The state that its row shows."""
        if self.fault is not None:
            return State(self.fault)
        if self.error:
            return State.ERROR
        if self.is_packed:
            return State.PACKED
        return State.SKIP if self.estimate is not None and self.estimate.advice == SKIP else State.OK

    @property
    def group(self) -> str:
        """Key shared by images of one title: equal serial and decoded size; otherwise its own path. Computed once."""
        if not self._group:
            is_known = self.serial and self.original_bytes
            group = f"serial:{self.serial}:{self.original_bytes}" if is_known else f"path:{self.path}"
            object.__setattr__(self, "_group", group)
        return self._group

    @property
    def search_text(self) -> str:
        """Title, serial (also without punctuation) and file name, folded for comparison; computed once."""
        if not self._search_text:
            plain_serial = self.serial.replace("-", "").replace("_", "").replace(".", "")
            text = fold("\n".join((self.title, self.serial, plain_serial, self.path.name)))
            object.__setattr__(self, "_search_text", text)
        return self._search_text

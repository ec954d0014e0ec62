"""What the library knows of one image file: who it is, what is in it, what a conversion would make of it."""

import os
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from discpress.engine.formats import ImageFormat, Method, Settings
from discpress.engine.measure.estimate import Estimate
from discpress.engine.system.files import FileIdentity as OpenIdentity

SKIP = "skip"
"""The advice of an estimate that says: leave this title as it is."""

_ARCHIVE_LABELS = {"ZIP", "7Z"}
_UNPACKED_FORMATS = {ImageFormat.ISO, ImageFormat.RAW_CD, ImageFormat.PART}


class State(StrEnum):
    """What a row of the library says of its title; the first that applies, in this order."""

    DAMAGED = "damaged"
    NO_DISC = "no-disc"
    ERROR = "error"
    PACKED = "packed"
    SKIP = "skip"
    OK = "ok"


class Fault(StrEnum):
    """What a scan found wrong with a file whatever is to be done with it; each is a state of the same name."""

    DAMAGED = "damaged"
    """Its header, or what is read to identify it, breaks the rules of its format."""
    NO_DISC = "no-disc"
    """It can be read, and nothing known is inside."""


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Which file it was, as a scan compares it: the same identity, nothing to read again.

    Without the ctime of `engine.system.files.FileIdentity`: a chmod or a new link is no reason to read an image
    again, whereas a conversion must not let it pass.
    """

    dev: int
    """st_dev, the file system's number."""
    ino: int
    """st_ino, the file's number within it."""
    size_bytes: int
    """st_size."""
    mtime_ns: int
    """Time of the last change of the content, ns since the epoch."""
    member: int = 0
    """Which file of an archive it is, from 1, where the rest describes the archive; 0 for a file of its own."""
    member_bytes: int = 0
    """Its share of the archive; 0 for a file of its own."""

    @classmethod
    def of(cls, facts: os.stat_result) -> "FileIdentity":
        """Return the identity that a stat result describes."""
        return cls(facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)

    @classmethod
    def of_source(cls, source: OpenIdentity, member: int = 0, member_bytes: int = 0) -> "FileIdentity":
        """Return what a scan would compare of a file that a conversion holds open, or of an image in it."""
        share = member_bytes if member else 0
        return cls(source.dev, source.ino, source.size_bytes, source.mtime_ns, member, share)

    @property
    def of_file(self) -> "FileIdentity":
        """The identity of the file on the disk: of the archive for what is in one."""
        return FileIdentity(self.dev, self.ino, self.size_bytes, self.mtime_ns)


@dataclass(frozen=True, slots=True)
class StoredEstimate:
    """What one file would become under one choice of settings, as last estimated."""

    settings: Settings
    """What the estimate was made for."""
    original_bytes: int
    """Decoded size of the image."""
    packed_bytes: int
    """Size of the converted file, header, index and padding included."""
    low_bytes: int
    """Lower end of the 95 % margin."""
    high_bytes: int
    """Upper end of the 95 % margin; what the space planner counts with."""
    sampled_bytes: int
    """Original bytes that were packed for it; all of them where it equals original_bytes."""
    advice: str
    """What to do: `convert` or `skip`."""
    reason: str
    """Why, as a sentence; empty where there is nothing to explain."""
    seconds: float
    """Conversion time expected on the machine that made the estimate; 0 for an ISO, which is not rehearsed."""
    seek_us: float = 0.0
    """Seek latency that the sample promises, microseconds; 0 where it is not known."""

    @classmethod
    def of(cls, found: Estimate) -> "StoredEstimate":
        """Return what is kept of an estimate."""
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


@dataclass(frozen=True, slots=True)
class Overrides:
    """The settings chosen for one title; what is None follows the defaults."""

    format: ImageFormat | None = None
    """The container."""
    block_size: int | None = None
    """Bytes packed as one unit."""
    level: int | None = None
    """Effort of the codec."""
    methods: tuple[Method, ...] | None = None
    """What the hunks of a CHD may be packed by."""
    alignment: int | None = None
    """Bytes every block starts at a multiple of."""
    target: str | None = None
    """Name of what will play it."""


@dataclass(frozen=True, slots=True)
class Digests:
    """What is known of a decoded image's content, each as lower-case hex; empty where never taken."""

    crc32: str = ""
    """8 digits, what DAT files list."""
    xxh3: str = ""
    """XXH3-128, 32 digits, the proof of a conversion."""
    sha1: str = ""
    """40 digits."""
    md5: str = ""
    """32 digits."""
    sha256: str = ""
    """64 digits."""
    at: float = 0.0
    """When the last of them was taken, seconds since the epoch; the store sets it."""


JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One thing done to a user's files, written down before anybody is told."""

    id: int
    """Its number; later entries have larger ones."""
    at: float
    """When, seconds since the epoch."""
    kind: str
    """`published`, `trashed`, `undone`, ..."""
    payload: dict[str, JsonValue]
    """What belongs to the kind: paths, identities, digests."""


@dataclass(frozen=True, slots=True)
class Title:
    """One image file of the library, as the last scan found it."""

    path: Path
    """Where it is, absolute; of an image in an archive, the path below the archive that names it."""
    identity: FileIdentity
    """Who it was when it was read."""
    format: ImageFormat | None
    """What its content says it is; None where nothing was recognised or read."""
    system: str = ""
    """`ps2`, `ps1`, `psp`, `other`; empty where unknown."""
    serial: str = ""
    """`SLUS-20312`; empty where the disc has none."""
    title: str = ""
    """Name from the disc, else the cleaned file name."""
    region: str = ""
    """Where it was sold; empty where unknown."""
    disc_number: int | None = None
    """1 and up in a set of discs; None for a single one."""
    tags: tuple[str, ...] = ()
    """Words in brackets that were cleaned off the file name."""
    original_bytes: int = 0
    """Decoded size; 0 where it could not be read."""
    block_size: int = 0
    """Bytes of one block; 0 for an image without blocks."""
    index_shift: int = 0
    """Left shift of its index entries."""
    version: int = 0
    """Version in its header; 0 where the format has none."""
    links: int = 1
    """Names of this file; more than one, and removing this name frees nothing."""
    error: str = ""
    """Why it could not be read or identified, as a sentence; empty where it could."""
    fault: Fault | None = None
    """What is wrong with it; None where nothing is, or where `error` is no damage."""
    estimate: StoredEstimate | None = None
    """What it would become under its settings; None where not estimated yet."""
    overrides: Overrides | None = None
    """The settings chosen for this title; None where it follows the defaults."""
    _search_text: str = field(default="", init=False, repr=False, compare=False)
    _group: str = field(default="", init=False, repr=False, compare=False)

    @property
    def file_path(self) -> Path:
        """The file on the disk: the archive of an image that lies in one."""
        return self.path.parent if self.identity.member else self.path

    @property
    def is_archived(self) -> bool:
        """Whether it lies in an archive."""
        return self.identity.member > 0

    @property
    def archive_label(self) -> str:
        """What people call the archive it lies in, by its name: `ZIP`, `7Z`; empty where it lies in none."""
        suffix = self.file_path.suffix.lstrip(".").upper()
        return "" if not self.is_archived else suffix if suffix in _ARCHIVE_LABELS else "ARCHIVE"

    @property
    def file_bytes(self) -> int:
        """Size of the file as it lies there, or of its share of an archive."""
        return self.identity.member_bytes if self.identity.member else self.identity.size_bytes

    @property
    def ratio(self) -> float:
        """File size / decoded size as it is now: 1.0 for a plain ISO or where nothing is known."""
        return self.file_bytes / self.original_bytes if self.original_bytes else 1.0

    @property
    def saving_bytes(self) -> int | None:
        """File size - estimated size, negative where it would grow; None without an estimate."""
        return None if self.estimate is None else self.file_bytes - self.estimate.packed_bytes

    @property
    def saving_percent(self) -> float | None:
        """The saving in percent of the file as it is now; None without an estimate."""
        saving = self.saving_bytes
        return None if saving is None or not self.file_bytes else 100 * saving / self.file_bytes

    @property
    def state(self) -> State:
        """What its row says."""
        if self.fault is not None:
            return State(self.fault)
        if self.error:
            return State.ERROR
        if self.format is not None and self.format not in _UNPACKED_FORMATS:
            return State.PACKED
        return State.SKIP if self.estimate is not None and self.estimate.advice == SKIP else State.OK

    @property
    def group(self) -> str:
        """The same string for images of one title: equal serial and decoded size; else its own path. Computed once."""
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


def fold(text: str) -> str:
    """Return text for comparison without case, and with accents in one form (macOS writes them as two characters)."""
    return text.casefold() if text.isascii() else unicodedata.normalize("NFC", text.casefold())

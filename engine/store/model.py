"""Records of the library: an image file's identity, content, settings and estimated conversion."""

import os
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from discpress.engine.discs.info import UNIDENTIFIED, DiscInfo
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.images.doctor.findings import Finding
from discpress.engine.images.registry import spec_of
from discpress.engine.names import fold, natural_key
from discpress.engine.request import ConversionRequest
from discpress.engine.store.digests import Digests
from discpress.engine.store.identity import FileIdentity
from discpress.engine.systems import System

if TYPE_CHECKING:
    from discpress.engine.measure.estimate import Estimate

SKIP = "skip"
"""The advice of an estimate to leave a title unconverted."""

_ARCHIVE_LABELS = {"ZIP", "7Z"}


class Fault(StrEnum):
    """A fault that a scan found in a file, independent of any conversion; each is a state of the same name."""

    DAMAGED = "damaged"
    """Its header, or the part read to identify it, breaks the rules of its format."""
    NO_DISC = "no-disc"
    """It is readable and contains nothing known."""
    CUT_SHORT = "cut-short"
    """It is shorter than its own volume, or ends within a sector of a raw dump."""
    SPLIT_PART = "split-part"
    """It is one file of a set whose other files are missing."""
    UNREAD = "unread"
    """It could not be read: a right or a package is missing."""
    OTHER = "other"
    """It is recognised and not read."""

    @property
    def is_sick(self) -> bool:
        """Whether the image is not whole, so that no result proves anything about it (Safety rule 5)."""
        return self not in {Fault.UNREAD, Fault.OTHER}


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
    """Conversion time expected on the machine that made the estimate; 0 if it is unknown."""
    seek_us: float = 0.0
    """Seek latency measured on the sample, microseconds; 0 if unknown."""

    @classmethod
    def of(cls, found: "Estimate") -> "StoredEstimate":
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

    def is_for(self, settings: Settings) -> bool:
        """Return whether it was made for these settings, under whatever target."""
        return replace(self.settings, target=settings.target) == settings

    @property
    def ratio(self) -> float:
        """Packed / original; 1.0 for an empty image."""
        return self.packed_bytes / self.original_bytes if self.original_bytes else 1.0


JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"


class OtherFile(NamedTuple):
    """A file of a title besides its main one."""

    name: str
    """Its name in the folder of the main file."""
    size_bytes: int
    """Its size."""


@dataclass(frozen=True, slots=True)
class Title:
    """One image of the library, as found by the last scan."""

    path: Path
    """Absolute path of its main file; for an image in an archive, the archive's path and the name in it."""
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
    """The reason why it was not read or identified, or is not whole, as a sentence; empty if there is none."""
    fault: Fault | None = None
    """The fault of the file; None if it has none."""
    estimate: StoredEstimate | None = None
    """The estimate under its settings; None if not estimated yet."""
    overrides: ConversionRequest | None = None
    """The settings chosen for this title; None if it follows the defaults."""
    device: int = 0
    """st_dev at the last scan, to know an unmounted disk by; no part of any identity."""
    inode: int = 0
    """st_ino at the last scan, to know hard links by."""
    others: tuple[OtherFile, ...] = ()
    """The other files of a title that is a set: the parts of a split image, or those of a sheet, in their order."""
    whole_name: str = ""
    """The name of the image without the mark of a part, if the main file has one; empty if it has none."""
    findings: tuple[Finding, ...] = ()
    """Everything that a scan found in the file without decoding it, the worst first."""
    codecs: tuple[str, ...] = ()
    """Names of the codecs that its header lists."""
    tracks: TrackCounts | None = None
    """The tracks of a CD; None for an image without tracks, such as that of a DVD."""
    is_outdated: bool = field(default=False, compare=False, repr=False)
    """Whether an earlier version read it, which did not find all that this one does: the next scan reads it again."""
    stated: Digests | None = field(default=None, compare=False, repr=False)
    """Digests that its header states, as found by a scan; the store keeps them with the others."""
    _search_text: str = field(default="", init=False, repr=False, compare=False)

    @property
    def key(self) -> bytes:
        """The path as stored: it takes a quarter of a Path's memory."""
        return os.fsencode(self.path)

    @property
    def name_key(self) -> str:
        """The key that sorts its name."""
        return natural_key(self.title)

    @property
    def mtime_s(self) -> float:
        """Time of the last change of the file, seconds since the epoch."""
        return self.identity.mtime_ns / 1e9

    @property
    def node(self) -> tuple[int, int, int] | None:
        """Device, inode and number in an archive if the file has several names, otherwise None."""
        return (self.device, self.inode, self.identity.member) if self.links > 1 else None

    @property
    def packed_bytes(self) -> int | None:
        """The estimated size; None if not estimated yet."""
        return None if self.estimate is None else self.estimate.packed_bytes

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
        """The main file on the disk: the archive, for an image in one."""
        return self.path.parent if self.identity.member else self.path

    @property
    def named_path(self) -> Path:
        """The path from which results and the like are named: without the mark of a part."""
        return self.path.with_name(self.whole_name) if self.whole_name else self.path

    @property
    def file_paths(self) -> tuple[Path, ...]:
        """All its files on the disk, the main one first."""
        return (self.file_path, *(self.path.with_name(each.name) for each in self.others))

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
        """Size of all its files on the disk, or of the image's share of an archive."""
        own_bytes = self.identity.member_bytes if self.identity.member else self.identity.size_bytes
        return own_bytes + sum(each.size_bytes for each in self.others)

    @property
    def ratio(self) -> float:
        """File size / current decoded size: 1.0 for a plain ISO, or if the sizes are unknown."""
        return self.file_bytes / self.original_bytes if self.original_bytes else 1.0

    @property
    def saving_bytes(self) -> int | None:
        """File size - estimated size, negative if the file would grow; None without an estimate.

        None for an image that is not whole, which never counts as saving (Safety rule 5).
        """
        is_sick = self.fault is not None and self.fault.is_sick
        return None if self.estimate is None or is_sick else self.file_bytes - self.estimate.packed_bytes

    @property
    def saving_percent(self) -> float | None:
        """The saving in percent of the current file size; None as for `saving_bytes`."""
        saving = self.saving_bytes
        return None if saving is None or not self.file_bytes else 100 * saving / self.file_bytes

    @property
    def known_fault(self) -> Fault | None:
        """Its fault; of a title that an older version stored with an error only, the one that the error means."""
        if self.fault is not None or not self.error:
            return self.fault
        is_other = self.format is not None and not spec_of(self.format).is_read
        return Fault.OTHER if is_other else Fault.UNREAD

    @property
    def search_text(self) -> str:
        """Title, serial (also without punctuation) and file name, folded for comparison; computed once."""
        if not self._search_text:
            object.__setattr__(self, "_search_text", search_text(self.title, self.serial, self.path.name))
        return self._search_text


def search_text(title: str, serial: str, name: str) -> str:
    """Return the text in which the words of a filter are looked for."""
    plain_serial = serial.replace("-", "").replace("_", "").replace(".", "")
    return fold("\n".join((title, serial, plain_serial, name)))

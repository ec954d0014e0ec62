"""Records of a deployment: the device, the place of each title on it, and the plan."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.manifest import DeviceFile, Entry
from discpress.engine.formats import ImageFormat
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import StoredEstimate, Title


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """The facts of a device that decide names, sizes and free space; measured once for a plan."""

    root: Path
    """Absolute path of the folder that is the device's root."""
    file_system: str = ""
    """Type of its file system, `vfat`, `exfat`, `ext4`; empty if unknown."""
    free_bytes: int = 0
    """Free for an ordinary user."""
    total_bytes: int = 0
    """Size of the file system."""
    cluster_bytes: int = 4096
    """Bytes of the unit in which files occupy space."""
    max_file_bytes: int | None = None
    """Size of the largest possible file; None if there is no limit that matters."""

    @property
    def is_fat(self) -> bool:
        """Whether names follow the rules of FAT and exFAT: no `"*/:<>?\\|`, no case, no dot or space at the end."""
        return self.file_system in {"vfat", "msdos", "exfat"}

    @property
    def has_size(self) -> bool:
        """Whether it reports its size and free space; some file systems in user space (MTP) report nothing."""
        return self.total_bytes > 0

    def occupied(self, size_bytes: int) -> int:
        """Return the bytes that a file of this size occupies."""
        return -(-size_bytes // self.cluster_bytes) * self.cluster_bytes


@dataclass(frozen=True, slots=True)
class UlGame:
    """A game that OPL reads from parts and lists in `ul.cfg`."""

    name: str
    """Its name in the list: at most 32 bytes."""
    serial: str
    """Its serial as OPL writes it, `SLUS_203.12`."""
    parts: int
    """Its number of parts."""
    is_cd: bool
    """Whether the disc is a CD."""


@dataclass(frozen=True, slots=True)
class LayoutRequest:
    """The choices of a user that a layout obeys, and what a title's record does not tell."""

    format: ImageFormat | None = None
    """The format that the user asks for; None converts only what the loader does not load."""
    ul: bool = False
    """Whether OPL's games become parts with an entry in `ul.cfg`, even if one file would do."""
    is_dvd: bool = False
    """Whether the content of the title is that of a DVD; False if nobody looked, because the layout does not ask."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The place and form of one title on a device, or the reason why it has none."""

    paths: tuple[PurePosixPath, ...] = ()
    """Paths below the device's root, always with `/`.

    Of a copy one for each file of the title, in the order of `Title.file_paths`; of a file that is cut into parts one
    for each part; of a conversion one, the main file of the result. Empty if the title is refused.
    """
    format: ImageFormat | None = None
    """The format to convert to on the way; None copies the files as they are."""
    target: str = "any"
    """The target (`engine/targets`) that the settings of a conversion are checked against."""
    part_bytes: int | None = None
    """Bytes of each part but the last, if a single file is cut into parts; None if it is not cut."""
    ul: UlGame | None = None
    """The entry for `ul.cfg`; None if it gets none."""
    refused: str = ""
    """The reason why the title does not go to the device, as a clause; empty if it does."""
    hint: str = ""
    """A way out of the refusal, in the imperative; empty if there is none."""

    @classmethod
    def refusal(cls, reason: str, hint: str = "") -> "Placement":
        """Return the placement of a title that does not go to the device."""
        return cls(refused=reason, hint=hint)

    @property
    def is_refused(self) -> bool:
        """Whether the title does not go to the device."""
        return bool(self.refused)


Layout: TypeAlias = Callable[[Title, DeviceFacts, LayoutRequest], Placement]
"""The place of a title by the rules of one kind of device: pure, without a look at any disk.

`engine/deploy/layouts/__init__.py` has `LAYOUTS: Mapping[DeviceKind, Layout]`.
"""


class Action(StrEnum):
    """The treatment of one title."""

    COPY = "copy"
    """It is missing on the device: its files are copied."""
    CONVERT = "convert"
    """It is missing on the device: its conversion is written there."""
    CHANGED = "changed"
    """An earlier or damaged copy by discpress is there: the new one is proven next to it, then replaces it."""
    SAME = "same"
    """It is on the device."""
    REFUSED = "refused"
    """It does not go to the device."""


@dataclass(frozen=True, slots=True)
class DeployRow:
    """One title of a plan."""

    title: Title
    """The title."""
    placement: Placement
    """Its place on the device."""
    action: Action
    """Its treatment."""
    write_bytes: int = 0
    """Bytes that are written to the device; of a conversion as estimated, else its size before. 0 if none are."""
    occupied_bytes: int = 0
    """Bytes that those occupy there, in whole clusters."""
    request: ConversionRequest | None = None
    """The settings of the conversion; None if its files are copied as they are."""
    replaces: tuple[DeviceFile, ...] = ()
    """The files on the device that it replaces, as they are now."""
    found: Entry | None = None
    """The entry that the list on the device lacks for files that are there already; None if it lacks none."""
    freed_bytes: int = 0
    """Bytes that the earlier copy occupies, free after it is replaced."""
    estimate: StoredEstimate | None = None
    """The estimate of the conversion; None if there is none."""
    reason: str = ""
    """The reason for a refusal, or for writing it again, as a clause; empty if there is none."""
    hint: str = ""
    """A way out of the refusal, in the imperative; empty if there is none."""
    code: str = ""
    """The reason as a word for programs: `layout`, `copy`, `file-limit`, `conflict`, a state; empty without one."""

    @property
    def is_written(self) -> bool:
        """Whether something is written to the device for it."""
        return self.action in {Action.COPY, Action.CONVERT, Action.CHANGED}

    @property
    def is_converted(self) -> bool:
        """Whether it is converted on the way, now or when it was copied."""
        return self.placement.format is not None


@dataclass(frozen=True)
class DeployPlan:
    """The plan of a deployment."""

    kind: DeviceKind
    """The layout."""
    device: DeviceFacts
    """The device."""
    rows: tuple[DeployRow, ...]
    """Each title, in the order in which they are written."""

    @cached_property
    def written(self) -> tuple[DeployRow, ...]:
        """The titles that are written."""
        return tuple(row for row in self.rows if row.is_written)

    @property
    def counts(self) -> Counter[Action]:
        """The number of titles for each treatment."""
        return Counter(row.action for row in self.rows)

    @property
    def write_bytes(self) -> int:
        """Bytes that are written."""
        return sum(row.write_bytes for row in self.written)

    @property
    def occupied_bytes(self) -> int:
        """Bytes that those occupy on the device."""
        return sum(row.occupied_bytes for row in self.written)

    @property
    def after_bytes(self) -> int:
        """Free on the device after everything is written; negative if it does not fit."""
        return self.device.free_bytes - self.occupied_bytes + sum(row.freed_bytes for row in self.written)

    @cached_property
    def missing_bytes(self) -> int:
        """Free space that is missing at the moment of the greatest need; 0 if all fits, or if nothing is known of it.

        A changed title needs room for both copies until the earlier one goes.
        """
        if not self.device.has_size:
            return 0
        free = lowest = self.device.free_bytes
        for row in self.written:
            lowest = min(lowest, free - row.occupied_bytes)
            free += row.freed_bytes - row.occupied_bytes
        return max(0, -lowest)

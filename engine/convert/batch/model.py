"""Records of a planned batch: a row for each title, the free space of each disk, the totals."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from discpress.engine.convert.batch.disk_space import DiskSpace
from discpress.engine.convert.output_names import Obstacle
from discpress.engine.formats import Settings
from discpress.engine.request import ConversionRequest
from discpress.engine.states import State
from discpress.engine.store.model import StoredEstimate, Title
from discpress.engine.units import format_duration


class Skip(StrEnum):
    """The reasons to leave a title out; the first that applies, in this order."""

    DAMAGED = "damaged"
    CUT_SHORT = "cut-short"
    """It is shorter than its own volume."""
    SPLIT_PART = "split-part"
    """A part of it is missing."""
    OTHER = "other"
    """Its format is recognised only."""
    UNREAD = "unread"
    """It could not be read."""
    QUEUED = "queued"
    """The queue works on it already."""
    WRONG_SYSTEM = "wrong-system"
    """Its target does not play discs of its system."""
    SETTING = "setting"
    """Its target does not load the settings, or they cannot be written."""
    LOADS = "loads"
    """Its target loads it as it is, so there is nothing to repair."""
    ARCHIVED = "archived"
    """It is in an archive, where nothing is repaired."""
    NO_DISC = "no-disc"
    NO_PLAYER = "no-player"
    """Nothing loads what would be made."""
    WONT_LOAD = "wont-load"
    """It is compressed, and not as its target loads it."""
    SAME_FORMAT = "same-format"
    """It has the format already, or the result would replace it."""
    PACKED = "packed"
    """It is compressed, and nobody asked to convert it."""
    DONE = "done"
    """Its result exists, and recorded digests prove that it is the same disc."""
    COPY = "copy"
    """It is the same file as another title, or the same disc."""
    GROWS = "grows"
    NO_GAIN = "no-gain"
    NAME = "name"
    """The result's name is reserved, or the system does not allow to look for it."""
    EXISTS = "exists"
    """The result's name is taken."""
    LINK = "link"
    """It is a link, and the original is to be moved to the trash."""


FAILURES = frozenset({Skip.DAMAGED, Skip.OTHER, Skip.UNREAD, Skip.SETTING, Skip.NAME, Skip.LINK})
"""Reasons that are an error if the title is converted all the same."""
NEVER_UNNAMED = frozenset({Skip.NO_DISC, Skip.CUT_SHORT, Skip.SPLIT_PART, Skip.NO_PLAYER})
"""Reasons that leave a title out unless the user named this very file."""
USELESS = frozenset({Skip.GROWS, Skip.NO_GAIN})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A title offered to the planner."""

    title: Title
    """The title."""
    request: ConversionRequest | None = None
    """Settings in place of its own, for this batch."""
    output_folder: Path | None = None
    """The folder of its result, in place of the folder for all."""
    is_named: bool = False
    """Whether the user named this very file, so that only an obstacle leaves it out."""


@dataclass(frozen=True, slots=True)
class PlannedTitle:
    """One title of a batch."""

    title: Title
    """The title."""
    request: ConversionRequest
    """The request for its conversion, with every setting that the user chose."""
    settings: Settings | None = None
    """The form of the result; None if the target refuses it, or if it was not looked at."""
    index_shift: int = 0
    """Offsets in the result's index count steps of 1 << index_shift bytes."""
    output_path: Path | None = None
    """The result; another name than usual if the usual one is taken and the rule is to rename."""
    own_path: Path | None = None
    """The result that it asks for, if folders are in its name to tell it from others of the batch."""
    estimate: StoredEstimate | None = None
    """The estimate under these settings; None if there is none yet."""
    skip: Skip | None = None
    """The reason to leave it out; None if it is converted."""
    reason: str = ""
    """The same as a clause; empty if it is converted."""
    obstacle: Obstacle | None = None
    """The file or result that has the name already, even if the conflict rule finds another name."""
    copy_of: Path | None = None
    """The title that it is a copy of."""
    warnings: tuple[str, ...] = ()
    """Warnings for the user before the conversion."""
    missing_discs: str = ""
    """The warning among them that other discs of the same game are not converted; empty if there is none."""
    repairs: tuple[str, ...] = ()
    """The reasons why its target does not load it, if it is rewritten for that."""
    is_useless: bool = False
    """Whether it would hardly shrink by its estimate."""
    state: State = State.READY
    """The state of the title under this request."""
    keeps_source: bool = False
    """Whether its original stays whatever the request: it is not whole, has more, or a sheet needs it."""
    device: int = 0
    """The device of its file; 0 if unknown."""
    output_device: int = 0
    """The device of the result's folder, or of the nearest existing one above it; 0 if unknown."""
    output_mount: str = ""
    """The mount point of that folder; empty if unknown."""

    @property
    def trashes_source(self) -> bool:
        """Whether its original goes to the trash."""
        return self.request.trash_source and not self.keeps_source

    @property
    def is_converted(self) -> bool:
        """Whether the title is converted."""
        return self.skip is None

    @property
    def is_failure(self) -> bool:
        """Whether converting the title would be an error of its own, not just needless."""
        return self.skip in FAILURES

    @property
    def saving_bytes(self) -> int | None:
        """The expected saving, negative if the file grows, 0 if its original stays; None without an estimate."""
        return 0 if self.keeps_source and self.estimate is not None else self.smaller_bytes

    @property
    def smaller_bytes(self) -> int | None:
        """The bytes by which the result is expected to be smaller than its files; None without an estimate."""
        return None if self.estimate is None else self.title.file_bytes - self.estimate.packed_bytes


@dataclass(frozen=True)
class Batch:
    """A planned batch."""

    rows: tuple[PlannedTitle, ...]
    """Each title, in the order in which they were given."""
    spaces: tuple[DiskSpace, ...] = ()
    """The disks."""

    @cached_property
    def converted(self) -> tuple[PlannedTitle, ...]:
        """The titles that are converted."""
        return tuple(row for row in self.rows if row.is_converted)

    @property
    def skipped(self) -> Counter[Skip]:
        """The number of titles left out for each reason."""
        return Counter(row.skip for row in self.rows if row.skip is not None)

    @property
    def file_bytes(self) -> int:
        """Present size of the files that are converted."""
        return sum(row.title.file_bytes for row in self.converted)

    @property
    def read_bytes(self) -> int:
        """Decoded bytes that are read and packed."""
        return sum(row.title.original_bytes for row in self.converted)

    @property
    def _estimated(self) -> list[tuple[PlannedTitle, StoredEstimate]]:
        return [(row, row.estimate) for row in self.converted if row.estimate is not None]

    @property
    def unknown(self) -> int:
        """Titles that are converted and have no estimate yet."""
        return len(self.converted) - len(self._estimated)

    @property
    def bounds(self) -> tuple[int, int, int]:
        """Bytes written: least, expected, most; of the titles with an estimate."""
        return _bounds_of([estimate for _, estimate in self._estimated])

    @property
    def saving(self) -> tuple[int, int, int]:
        """Bytes saved: least, expected, most; of the titles with an estimate whose originals may go."""
        leaving = [(row, estimate) for row, estimate in self._estimated if not row.keeps_source]
        before = sum(row.title.file_bytes for row, _ in leaving)
        low, expected, high = _bounds_of([estimate for _, estimate in leaving])
        return before - high, before - expected, before - low

    @property
    def seconds(self) -> float:
        """Expected time, one title after the other; of the titles whose estimate has one."""
        return sum(estimate.seconds for _, estimate in self._estimated)

    @property
    def duration(self) -> str:
        """That time in words: `about 5 min`, `more than 5 min` if some estimates have none; empty if none has one."""
        lacks_times = not all(estimate.seconds for _, estimate in self._estimated)
        return f"{'more than' if lacks_times else 'about'} {format_duration(self.seconds)}" if self.seconds else ""


def _bounds_of(estimates: Sequence[StoredEstimate]) -> tuple[int, int, int]:
    """Return the sums of the least, expected and most bytes of results."""
    return (
        sum(each.low_bytes for each in estimates),
        sum(each.packed_bytes for each in estimates),
        sum(each.high_bytes for each in estimates),
    )

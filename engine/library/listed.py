"""Titles in a list: the facts that order, filter, group and total need, in a quarter of the memory of whole titles.

Whatever few titles differ in is one object for all titles that share it, and a path is made when it is asked for.
"""

import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

from discpress.engine.discs.info import DiscInfo
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.names import natural_key
from discpress.engine.request import ConversionRequest
from discpress.engine.states import State
from discpress.engine.store.model import Title, search_text
from discpress.engine.systems import System

Node: TypeAlias = tuple[int, int, int]
"""Device, inode, and the number of the image in an archive."""


class Shared(NamedTuple):
    """The facts that many titles of a library have in common."""

    disc: DiscInfo
    """The facts of the disc, without its serial and title."""
    format: ImageFormat | None
    block_size: int
    tracks: TrackCounts | None
    archive_label: str
    """As in a title."""
    is_archived: bool
    has_error: bool
    """Whether the title was not read or is not whole."""
    is_sick: bool
    """Whether its fault is one that counts as no saving (Safety rule 5)."""
    overrides: ConversionRequest | None
    planned: tuple[int, int] | None
    """As `planned_form` returns it."""
    state: State
    """The state of the file, without what is recorded about it."""
    lacks_estimate: bool
    """Whether it has no estimate and can get one."""


_shared = lru_cache(maxsize=1 << 12)(Shared)
_bare_disc = lru_cache(maxsize=1 << 12)(DiscInfo)


@dataclass(slots=True, eq=False)
class ListedTitle:
    """One title of a list; everything else is read again from the store."""

    key: bytes
    """Its path as stored."""
    title: str
    serial: str
    name_key: str
    """The key that sorts its name."""
    file_bytes: int
    original_bytes: int
    packed_bytes: int | None
    """The estimated size; None if not estimated yet."""
    mtime_s: float
    """Time of the last change of the file, seconds since the epoch."""
    node: Node | None
    """The numbers of its file if that has several names, otherwise None."""
    shared: Shared
    _search_text: str = field(default="", init=False, repr=False)

    @property
    def path(self) -> Path:
        """The path of the title; of few titles at a time, because it takes 5 us."""
        return Path(os.fsdecode(self.key))

    @property
    def file_path(self) -> Path:
        """The main file on the disk."""
        return self.path.parent if self.shared.is_archived else self.path

    @property
    def disc(self) -> DiscInfo:
        """The facts of the disc, without its serial and title."""
        return self.shared.disc

    @property
    def system(self) -> System:
        """The system that plays the disc."""
        return self.shared.disc.system

    @property
    def region(self) -> str:
        """`US`; empty if unknown."""
        return self.shared.disc.region

    @property
    def format(self) -> ImageFormat | None:
        """The format; None if it was not recognised or read."""
        return self.shared.format

    @property
    def block_size(self) -> int:
        """Bytes of one block; 0 for an image without blocks."""
        return self.shared.block_size

    @property
    def tracks(self) -> TrackCounts | None:
        """The tracks of a CD; None for an image without tracks."""
        return self.shared.tracks

    @property
    def is_archived(self) -> bool:
        """Whether the image is in an archive."""
        return self.shared.is_archived

    @property
    def archive_label(self) -> str:
        """The usual name of the archive's kind; empty if the image is not in one."""
        return self.shared.archive_label

    @property
    def overrides(self) -> ConversionRequest | None:
        """The settings chosen for this title; None if it follows the defaults."""
        return self.shared.overrides

    @property
    def saving_bytes(self) -> int | None:
        """File size - estimated size; None as for a whole title."""
        return None if self.packed_bytes is None or self.shared.is_sick else self.file_bytes - self.packed_bytes

    @property
    def saving_percent(self) -> float | None:
        """The saving in percent of the current file size; None as for `saving_bytes`."""
        saving = self.saving_bytes
        return None if saving is None or not self.file_bytes else 100 * saving / self.file_bytes

    @property
    def search_text(self) -> str:
        """Title, serial and file name, folded for comparison; computed once."""
        if not self._search_text:
            name = os.fsdecode(self.key).rpartition(os.sep)[2]
            self._search_text = search_text(self.title, self.serial, name)
        return self._search_text


AnyTitle: TypeAlias = Title | ListedTitle
TitleT = TypeVar("TitleT", bound=Title | ListedTitle)


def listed(title: Title, state: State, *, lacks_estimate: bool = False) -> ListedTitle:
    """Return what a list keeps of a title; `state` is that of its file."""
    disc = title.disc
    bare = _bare_disc(
        disc.system, "", "", disc.region, disc.disc_number, disc.disc_total, disc.revision, disc.tags, disc.found,
        disc.has_disc,
    )  # fmt: skip
    shared = _shared(
        bare,
        title.format,
        title.block_size,
        title.tracks,
        title.archive_label,
        title.is_archived,
        bool(title.error),
        title.fault is not None and title.fault.is_sick,
        title.overrides,
        planned_form(title),
        state,
        lacks_estimate,
    )
    file_bytes = title.file_bytes
    return ListedTitle(
        title.key,
        title.title,
        title.serial,
        natural_key(title.title),
        file_bytes,
        file_bytes if title.original_bytes == file_bytes else title.original_bytes,
        title.packed_bytes,
        title.mtime_s,
        title.node,
        shared,
    )


def planned_form(title: AnyTitle) -> tuple[int, int] | None:
    """Return block size and level: the title's own, else those of its estimate, else those of the file; 0 for none."""
    if isinstance(title, ListedTitle):
        return title.shared.planned
    chosen = title.overrides or ConversionRequest()
    estimated = None if title.estimate is None else title.estimate.settings
    image_format = chosen.format or (None if estimated is None else estimated.format)
    if image_format is not None and Settings(image_format).is_plain and not chosen.block_size:
        return 0, 0
    block_size = chosen.block_size or (estimated.block_size if estimated else title.block_size)
    level = chosen.level or (estimated.level if estimated else 0)
    return (block_size, level) if block_size else None

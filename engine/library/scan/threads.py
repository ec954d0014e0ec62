"""The progress of a scan's threads, and the message for a file whose thread is given up."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from discpress.engine.discs.info import DiscInfo
from discpress.engine.formats import image_stem
from discpress.engine.library.scan.gathering import KnownFiles, gather
from discpress.engine.store.identity import NO_FILE
from discpress.engine.store.model import Title
from discpress.engine.store.rows.known_rows import KnownTitle


@dataclass(slots=True)
class Probing:
    """The progress of one prober."""

    path: Path | None = None
    """The file being read; None while idle."""
    since: float = 0.0
    """Time of its last progress."""
    is_in_archive: bool = False
    """Whether the file is an archive and its storage has responded."""
    is_given_up: bool = False


@dataclass(slots=True)
class Walk:
    """The position of one folder's walker, from which another walker can continue."""

    top: Path
    folder: Path
    """The folder that is searched."""
    since: float
    pending: list[Path]
    entries: list["os.DirEntry[str]"] = field(default_factory=list)
    others: dict[str, list["os.DirEntry[str]"]] = field(default_factory=dict)
    """The files that form a title with one of `entries`, by that one's name, and are not in `entries` themselves."""
    entry: "os.DirEntry[str] | None" = None
    """The entry of the folder that is looked at; None while the folder is opened."""
    mark: int = 0
    is_done: bool = False
    is_given_up: bool = False

    @property
    def place(self) -> Path:
        """The file or folder that is looked at."""
        entry = self.entry
        return self.folder if entry is None else Path(entry.path)

    def enter(self, folder: Path) -> None:
        """Begin to open a folder."""
        self.folder, self.entry = folder, None

    def take(self, entries: Sequence["os.DirEntry[str]"], known_files: KnownFiles) -> None:
        """Go on with the entries of a folder. Raises OSError if an entry cannot be looked at."""
        gathered = gather(entries, known_files)
        self.entries, self.others = gathered.entries, gathered.others
        self.mark = len(self.pending)

    def anew(self, pending: list[Path], entries: list["os.DirEntry[str]"], since: float) -> "Walk":
        """Return a walk of the same folders that goes on with these paths and entries."""
        return Walk(self.top, self.top, since, pending, entries, self.others, mark=min(self.mark, len(pending)))


def why_given_up(probing: Probing, stall_s: float) -> str:
    """Return the reason as a sentence; an archive has responded, but is large, damaged or slow to unpack."""
    if probing.is_in_archive:
        return f"reading this archive took more than {stall_s:.0f} s without progress: skipped"
    return f"the storage has not responded for {stall_s:.0f} s"


def given_up_title(path: Path, known: KnownTitle | None, why: str) -> Title:
    """Return the row of a file that is given up, without accessing it; known values stay."""
    identity = known.identity if known else NO_FILE
    device, inode = known.node if known else (0, 0)
    return Title(path, identity, None, DiscInfo(title=image_stem(path.name)), error=why, device=device, inode=inode)

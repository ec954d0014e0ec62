"""The progress of a scan's threads, and the message for a file whose thread is given up."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from discpress.engine.discs.info import DiscInfo
from discpress.engine.images.sets.part_names import group_parts, read_part_name
from discpress.engine.store.model import NO_FILE, Title


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
    at: Path
    since: float
    pending: list[Path]
    entries: list["os.DirEntry[str]"] = field(default_factory=list)
    others: dict[str, list["os.DirEntry[str]"]] = field(default_factory=dict)
    """The files that form an image with one of `entries`, by that one's name, and are not in `entries` themselves."""
    mark: int = 0
    is_done: bool = False
    is_given_up: bool = False

    def take(self, entries: Sequence["os.DirEntry[str]"]) -> None:
        """Go on with the entries of a folder. Raises OSError if an entry cannot be looked at."""
        self.entries, self.others = _gathered(entries)
        self.mark = len(self.pending)

    def anew(self, pending: list[Path], entries: list["os.DirEntry[str]"], since: float) -> "Walk":
        """Return a walk of the same folders that goes on with these paths and entries."""
        return Walk(self.top, self.top, since, pending, entries, self.others, min(self.mark, len(pending)))


def _gathered(
    entries: Sequence["os.DirEntry[str]"],
) -> tuple[list["os.DirEntry[str]"], dict[str, list["os.DirEntry[str]"]]]:
    """Return the entries of a folder without the later parts of split images, and those parts by the first one's name.

    Names alone count here: `probe_titles` looks at the content. Raises OSError if an entry cannot be looked at.
    """
    by_name = {entry.name: entry for entry in entries if read_part_name(entry.name) is not None and entry.is_file()}
    others: dict[str, list[os.DirEntry[str]]] = {}
    for group in group_parts(by_name):
        if len(group.names) > 1:
            others[group.first.name] = [by_name[part.name] for part in group.names[1:]]
    later = {entry.name for parts in others.values() for entry in parts}
    return [entry for entry in entries if entry.name not in later], others


def why_given_up(probing: Probing, stall_s: float) -> str:
    """Return the reason as a sentence; an archive has responded, but is large, damaged or slow to unpack."""
    if probing.is_in_archive:
        return f"reading this archive took more than {stall_s:.0f} s without progress: skipped"
    return f"the storage has not responded for {stall_s:.0f} s"


def given_up_title(path: Path, known: Title | None, why: str) -> Title:
    """Return the row of a file that is given up, without accessing it; known values stay."""
    identity = known.identity if known else NO_FILE
    device, inode = (known.device, known.inode) if known else (0, 0)
    return Title(path, identity, None, DiscInfo(title=path.stem), error=why, device=device, inode=inode)

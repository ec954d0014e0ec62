"""What the threads of a scan are at, and what is said of a file whose thread is given up."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from engine.library.model import FileIdentity, Title


@dataclass(slots=True)
class Probing:
    """What one prober is at."""

    path: Path | None = None
    """The file; None while there is none."""
    since: float = 0.0
    """When it last gave a sign of life."""
    is_in_archive: bool = False
    """Whether the storage has answered: it is an archive, and looked into."""
    is_given_up: bool = False


@dataclass(slots=True)
class Walk:
    """Where one folder's walker is; another one can go on from here."""

    top: Path
    at: Path
    since: float
    pending: list[Path]
    entries: list["os.DirEntry[str]"] = field(default_factory=list)
    mark: int = 0
    is_done: bool = False
    is_given_up: bool = False


def why_given_up(probing: Probing, stall_s: float) -> str:
    """Return the reason as a sentence: what was an archive has answered, and is large, damaged or slow to unpack."""
    if probing.is_in_archive:
        return f"one look into this archive took more than {stall_s:.0f} s: it was given up"
    return f"the storage has not answered for {stall_s:.0f} s"


def given_up_title(path: Path, known: Title | None, why: str) -> Title:
    """Return the row of a file that is given up: not even stat may be asked of it, what was known before stays."""
    identity = known.identity if known else FileIdentity(0, 0, 0, 0)
    return Title(path, identity, None, "unknown", title=path.stem, error=why)

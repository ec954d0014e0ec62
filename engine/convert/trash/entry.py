"""An entry of the trash: what was moved, what replaced it, and who moved it.

    FOLDER/.discpress-trash/<id>/entry.json   the description; enough to undo it without any store, on another machine
    FOLDER/.discpress-trash/<id>/1.kept       the files of one title, renamed, never copied
    FOLDER/.discpress-trash/<id>/2.kept
    FOLDER/.discpress-trash/<id>/undoing      stands there while the files are being put back
    FOLDER/.discpress-trash/<id>/text.draft   a playlist that is being written

All names in here are the program's own: those of the user's files stand in the description only, so that no file can
have the name of a marker. `.kept` is a suffix that no game list takes; some search hidden folders too (PCSX2).
Schema 1, of versions before, had one file an entry, under its own name (`.file` was added to `entry.json` in any case),
and called the marker `undo`.
"""

import getpass
import os
import socket
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Self

from discpress.engine.convert.playlists.edits import TextEdit
from discpress.engine.convert.trash.folder import OPEN_TO_OTHERS, user_id, user_name
from discpress.engine.convert.trash.journal import DUPLICATE
from discpress.engine.names import shell_word
from discpress.engine.system.files import FileIdentity, absolute

ENTRY_NAME = "entry.json"
UNDO_MARKER = "undoing"
UNDO_MARKER_1 = "undo"
"""The marker of schema 1."""
SCHEMA = 2
_DAY_S = 24 * 3600
_FIRST_YEAR = 2020
"""No version of discpress is older."""


class Role(StrEnum):
    """The role of a file in its title."""

    MAIN = "main"
    """The file that is opened: the only one, the CUE, the first of several parts."""
    PART = "part"
    """A file that the main one needs."""


def stored_name(number: int) -> str:
    """Return the name of the file with this number, from 1 on, in an entry."""
    return f"{number}.kept"


def is_met(name: str, other: str) -> bool:
    """Return whether two names may be one to some file system: without regard to case, Unicode form, final dots."""
    return _folded(name) == _folded(other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).rstrip(". ")


@dataclass(frozen=True, slots=True)
class TrashedFile:
    """One file of an entry."""

    name: str
    """Its path below the home folder of the trash, with `/` between the parts."""
    stored: str
    """Its name in the entry."""
    size_bytes: int
    """Its size."""
    mtime_ns: int
    """Its time of change."""
    ino: int | None
    """st_ino; None in schema 1."""
    role: Role
    """Its role in its title."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A file that stands for a trashed title, or one of several that do."""

    path: str
    """Its absolute path at that time."""
    ino: int
    """st_ino; st_dev is left out, for it changes with every mount."""
    size_bytes: int
    """Its size."""
    mtime_ns: int
    """Its time of change."""

    @classmethod
    def of(cls, path: Path, identity: FileIdentity) -> Self:
        """Return the record of a published file."""
        return cls(str(path), identity.ino, identity.size_bytes, identity.mtime_ns)

    def is_recorded(self, facts: os.stat_result | None, *, by_inode: bool = True) -> bool:
        """Return whether a stat result is that of the recorded file, or at least has its size and time."""
        return (
            facts is not None
            and (facts.st_size, facts.st_mtime_ns) == (self.size_bytes, self.mtime_ns)
            and (facts.st_ino == self.ino or not by_inode)
        )


@dataclass(frozen=True, slots=True)
class Owner:
    """Who moved something to the trash, as of then: shown; whose an entry is depends on the file system."""

    uid: int | None
    """User id; None on a system without."""
    user: str
    """Name of the account."""
    host: str
    """Name of the machine."""

    @classmethod
    def current(cls) -> Self:
        """Return the user of this process."""
        uid = user_id()
        if uid is not None:
            return cls(uid, user_name(uid), socket.gethostname())
        try:
            return cls(None, getpass.getuser(), socket.gethostname())
        except (OSError, KeyError, ImportError):  # Windows without USERNAME; OSError from Python 3.13 on
            return cls(None, "", socket.gethostname())


@dataclass(frozen=True, slots=True)
class TrashEntry:
    """A title in the trash: one or more files that are moved and put back together."""

    folder: Path
    """`.discpress-trash/<id>`."""
    files: tuple[TrashedFile, ...]
    """The main file first."""
    original: str
    """The absolute path of the main file at that time; shown, but undo uses the place of the trash itself."""
    digests: Mapping[str, str]
    """Digests of the decoded image that the replacement must give; none if it replaced a file by its name only."""
    replacements: tuple[Replacement, ...]
    """The files that replaced it, the main one first."""
    trashed_at: str
    """When, ISO 8601, UTC."""
    reason: str
    """`converted`, `repaired`, `overwritten`, `duplicate` or `undone`."""
    owner: Owner | None = None
    """Who moved it; None in schema 1."""
    folder_ino: int | None = None
    """st_ino of the entry's folder then: if it is another one now, the entry is a copy, and inodes tell nothing."""
    schema: int = SCHEMA
    """Schema of the description."""
    texts: tuple[TextEdit, ...] = ()
    """The playlists and sheets that were changed to name the replacement."""
    problem: str = field(default="", compare=False)
    """The reason to list the entry and not obey it, as a clause; empty if it is ours, as far as reading shows."""

    @property
    def id(self) -> str:
        """The entry's name."""
        return self.folder.name

    @property
    def trashed_time(self) -> float | None:
        """When it was moved, in seconds since the epoch; None if the description has no valid time.

        Neither has one of a clock that was not set yet: an entry of 1970 would be old as soon as the clock is right.
        """
        try:
            moment = datetime.fromisoformat(self.trashed_at)
            return None if moment.tzinfo is None or moment.year < _FIRST_YEAR else moment.timestamp()
        except (ValueError, OverflowError):
            return None

    def age_days(self, now: float) -> float | None:
        """Return the days since it was moved, at `now` seconds since the epoch; None if it has no valid time."""
        return None if self.trashed_time is None else (now - self.trashed_time) / _DAY_S

    @property
    def is_of_others(self) -> bool:
        """Whether it belongs to another user."""
        return self.problem not in {"", OPEN_TO_OTHERS}

    @property
    def is_duplicate(self) -> bool:
        """Whether its replacement is a copy that was there before, so that an undo leaves that where it is."""
        return self.reason == DUPLICATE

    @property
    def main(self) -> TrashedFile:
        """The main file."""
        return self.files[0]

    @property
    def name(self) -> str:
        """File name that the main file had."""
        return PurePosixPath(self.main.name).name

    @property
    def size_bytes(self) -> int:
        """Size of all files."""
        return sum(each.size_bytes for each in self.files)

    @property
    def file_path(self) -> Path:
        """The main file in the trash."""
        return self.folder / self.main.stored

    @property
    def file_paths(self) -> tuple[Path, ...]:
        """All its files in the trash, the main one first."""
        return tuple(self.folder / each.stored for each in self.files)

    @property
    def home(self) -> Path:
        """The folder that the trash is in; all files come from there or from below."""
        return self.folder.parent.parent

    @property
    def home_path(self) -> Path:
        """The path to which undo restores the main file."""
        return self.home / self.main.name

    @property
    def undo_command(self) -> str:
        """The command that restores it, in whatever folder it is run."""
        return f"discpress undo {shell_word(absolute(self.home_path))}"

    @property
    def home_paths(self) -> tuple[Path, ...]:
        """The paths to which undo restores the files."""
        return tuple(self.home / each.name for each in self.files)

    @property
    def replacement(self) -> Replacement:
        """The main file of what replaced it."""
        return self.replacements[0]

    @property
    def replacement_path(self) -> Path:
        """The path at which the main file of the replacement is expected."""
        return self.place_of(self.replacement)

    @property
    def replacement_paths(self) -> tuple[Path, ...]:
        """The paths at which all files of the replacement are expected, the main one first."""
        return tuple(map(self.place_of, self.replacements))

    def place_of(self, replacement: Replacement) -> Path:
        """Return where a replacement is looked for: next to the trash if it was made there, as the trash may move."""
        recorded, home = Path(replacement.path), Path(self.original)
        for _ in PurePosixPath(self.main.name).parts:
            home = home.parent
        return self.home / recorded.name if recorded.parent == home else recorded

    def is_beside(self, replacement: Replacement) -> bool:
        """Return whether a replacement is looked for in the home folder itself."""
        return self.place_of(replacement).parent == self.home

    @property
    def undo_marker(self) -> str:
        """Name of the marker of a begun undo, met by no file of the entry."""
        if self.schema == 1 and not any(is_met(each.stored, UNDO_MARKER_1) for each in self.files):
            return UNDO_MARKER_1
        return UNDO_MARKER

    @property
    def undo_markers(self) -> tuple[str, ...]:
        """Names that the marker may have: versions before used theirs also if the file was called `Undo`."""
        return (UNDO_MARKER,) if self.schema > 1 else (UNDO_MARKER, UNDO_MARKER_1)

    @property
    def is_whole(self) -> bool:
        """Whether all its files are in the trash."""
        return all(os.path.lexists(self.folder / each.stored) for each in self.files)

    @property
    def is_there(self) -> bool:
        """Whether a file of it is in the trash; an entry without is what a crash or an undo left."""
        return any(os.path.lexists(self.folder / each.stored) for each in self.files)

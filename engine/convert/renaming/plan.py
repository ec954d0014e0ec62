"""The plan of a rename: for each title the old names, the new ones, and the reason; nothing is written here."""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from discpress.engine.convert.part.name import is_reserved
from discpress.engine.convert.renaming.names import Pattern, clean_name, folded, opl_name, with_stem
from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.dats.match import Match
from discpress.engine.formats import GD_SHEET, ImageFormat, image_stem
from discpress.engine.names import display_name
from discpress.engine.store.model import Fault, Title
from discpress.engine.system.ignored import is_ignored
from discpress.engine.systems import System

CHECKSUM_SUFFIXES = (".crc32", ".md5", ".sha1", ".sha256", ".sha512", ".sfv")
_UL_PREFIX = "ul."
_MOST_NAME_BYTES = 255


@dataclass(frozen=True, slots=True)
class FileRename:
    """One file of a title, in its folder."""

    before: str
    """Its name."""
    after: str
    """Its new name."""


@dataclass(frozen=True, slots=True)
class RenamePlan:
    """One title and its new names."""

    title: Title
    """The title."""
    files: tuple[FileRename, ...] = ()
    """Its files with a new name, the main one last; with them the checksum files named after it."""
    why: str = ""
    """The reason for the name."""
    problem: str = ""
    """The reason why it is not renamed, as a clause; empty if it is."""

    @property
    def new_path(self) -> Path:
        """The path of its main file afterwards."""
        after = {each.before: each.after for each in self.files}
        return self.title.path.with_name(after.get(self.title.path.name, self.title.path.name))


def plan_renames(
    titles: Iterable[Title],
    match_of: Callable[[Title], Match],
    track_names: Callable[[Title, Match], Sequence[str]],
    pattern: Pattern,
    busy: Collection[Path] = (),
) -> list[RenamePlan]:
    """Return a plan for each title.

    `track_names` returns the listed names of the other files of a CD, in their order; nothing if they are not known.
    `busy` are the titles that jobs work on. A serial alone never names a title.
    """
    taken: set[tuple[Path, str]] = set()
    folders = _Folders()
    plans = []
    for title in titles:
        plan = _plan(title, match_of(title), track_names, pattern, folders)
        if not plan.problem and title.path in busy:
            plan = replace(plan, problem="a job works on it", files=())
        if not plan.problem:
            plan = _checked(plan, taken, folders)
        taken.update((title.path.parent, folded(each.after)) for each in plan.files)
        plans.append(plan)
    return plans


class _Folders:
    """The names in each folder and the originals in its trash, read once for all titles of a plan."""

    def __init__(self) -> None:
        self._folded: dict[Path, frozenset[str]] = {}
        self._waiting: dict[Path, dict[Path, str]] = {}

    def folded(self, folder: Path) -> frozenset[str]:
        """Return the names in a folder in the form in which they are compared. OSError."""
        if folder not in self._folded:
            self._folded[folder] = frozenset(map(folded, os.listdir(folder)))  # noqa: PTH208 - no Path method
        return self._folded[folder]

    def waiting(self, folder: Path) -> dict[Path, str]:
        """Return the replacements of the originals in the trash of a folder, each with the name of its original."""
        if folder not in self._waiting:
            entries = [entry for entry in entries_in(folder) if isinstance(entry, TrashEntry)]
            self._waiting[folder] = {
                path: entry.home_path.name for entry in reversed(entries) for path in entry.replacement_paths
            }
        return self._waiting[folder]


def _plan(
    title: Title,
    match: Match,
    track_names: Callable[[Title, Match], Sequence[str]],
    pattern: Pattern,
    folders: _Folders,
) -> RenamePlan:
    problem = _problem_of(title, match, pattern)
    if problem:
        return RenamePlan(title, problem=problem)
    stem = image_stem(title.whole_name or title.path.name)
    if pattern is Pattern.OPL:
        new_stem = opl_name(title.serial, match.game)
        listed: Sequence[str] = ()
    else:
        new_stem, listed = clean_name(match.game), track_names(title, match)
    if not new_stem:
        return RenamePlan(title, problem="its name in the list cannot be a file name")
    names = [each.name for each in title.others]
    if title.format is GD_SHEET:  # it names its tracks, which never have the name of the game
        after = names
    elif len(listed) == len(names):
        after = [_track_name(each, name) for each, name in zip(listed, names, strict=True)]
    else:
        after = [with_stem(name, stem, new_stem) for name in names]
    pairs = [*zip(names, after, strict=True), *_checksum_files(title, stem, new_stem, folders)]
    pairs.append((title.path.name, with_stem(title.path.name, stem, new_stem)))
    files = tuple(FileRename(before, new) for before, new in pairs if before != new)
    if not files:
        return RenamePlan(title, problem="it has this name already")
    return RenamePlan(title, files, match.sentence)


def _track_name(listed: str, name: str) -> str:
    return clean_name(PurePath(listed).stem) + PurePath(name).suffix


def _problem_of(title: Title, match: Match, pattern: Pattern) -> str:
    if title.is_archived:
        return "it is in an archive"
    if title.fault is Fault.SPLIT_PART:
        return "files of it are missing"
    if title.path.name.casefold().startswith(_UL_PREFIX):
        return "the names of its parts contain a checksum that OPL needs"
    if title.format is ImageFormat.MDS:
        return "its MDS sheet contains the name of its other file"
    if not match.names_game:
        return "no list has this very disc" if match.number < 0 else match.reason
    if pattern is Pattern.OPL and title.system is not System.PS2:
        return "OPL plays PS2 discs only"
    if pattern is Pattern.OPL and not opl_name(title.serial, match.game):
        return "it has no serial that OPL knows"
    return ""


def _checksum_files(title: Title, stem: str, new_stem: str, folders: _Folders) -> list[tuple[str, str]]:
    """Return the checksum files named after a title, each with its new name."""
    wanted = {f"{base}{suffix}" for base in (title.path.name, stem) for suffix in CHECKSUM_SUFFIXES}
    others = {each.name for each in title.others}
    folder = title.path.parent
    try:
        there = folders.folded(folder)
    except OSError:
        return []  # the check of the plan reports that
    found = [name for name in wanted - others if folded(name) in there and (folder / name).is_file()]
    return [(name, with_stem(name, stem, new_stem)) for name in sorted(found)]


def _checked(plan: RenamePlan, taken: Collection[tuple[Path, str]], folders: _Folders) -> RenamePlan:
    """Return the plan, or why a name of it cannot be had."""
    folder = plan.title.path.parent
    own = {folded(each.before) for each in plan.files}
    try:
        there = folders.folded(folder)
    except OSError as error:
        return replace(plan, files=(), problem=f"its folder cannot be read: {error.strerror}")
    after = [folded(each.after) for each in plan.files]
    problem = ""
    for each in plan.files:
        name = folded(each.after)
        shown = display_name(each.after)
        if len(os.fsencode(each.after)) > _MOST_NAME_BYTES:
            problem = f"{shown} is too long"
        elif is_ignored(each.after) or is_reserved(each.after):
            problem = f"{shown} is a name that searches ignore"
        elif (name in there and name not in own) or os.path.lexists(folder / each.after):
            problem = f"{shown} exists already"
        elif (folder, name) in taken or after.count(name) > 1:
            problem = f"another file would be called {shown}"
        if problem:
            break
    problem = problem or _waiting_original(plan.title, folders)
    return replace(plan, files=(), problem=problem) if problem else plan


def _waiting_original(title: Title, folders: _Folders) -> str:
    """Return the reason if an original in the trash has this title as its replacement: it is found by its name."""
    waiting = folders.waiting(title.path.parent)
    original = next((waiting[path] for path in title.file_paths if path in waiting), None)
    if original is None:
        return ""
    return f"it replaces {display_name(original)} in the trash: empty the trash or undo first"

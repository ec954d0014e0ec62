"""Sheets and the files that they name: which files of a folder form one title.

Game.cue, Game (Track 1).bin, Game (Track 2).bin     one title, called Game.cue
Game.gdi, track01.bin, track02.raw, track03.bin      one title, called Game.gdi
Game.cue, Game.ccd, Game.img, Game.sub               one title as well: both sheets name Game.img
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from discpress.engine.errors import DiscpressError
from discpress.engine.images.cd.beside import Neighbours, find_name, last_part, possible_names
from discpress.engine.images.cd.format import SheetSpec
from discpress.engine.images.cd.sheet_source import is_packed_name, read_sheet
from discpress.engine.images.cd.sheets.detection import MAX_SHEET_BYTES
from discpress.engine.images.registry import detect
from discpress.engine.images.source import FileSource, read_bytes
from discpress.engine.images.spec import SNIFF_BYTES
from discpress.engine.names import fold, natural_key
from discpress.engine.system.files import is_file_entry, read_regular

SHEET_SUFFIXES = (".gdi", ".cue", ".ccd", ".mds")
"""Suffixes of sheets; of two that name one file, the format that comes first here has the title."""

_SUFFIX_LENGTH = 4
"""A name of so many characters has no suffix: `.cue` is a hidden file."""
_NOT_PLAIN = bytes((*range(ord(" ")), *range(ord("~") + 1, 256)))
"""All bytes but those of printable ASCII characters."""


@dataclass(frozen=True, slots=True)
class NamedFiles:
    """The files that a sheet names, by their base names as it spells them."""

    needed: tuple[str, ...] = ()
    """Those without which the disc cannot be read."""
    optional: tuple[str, ...] = ()
    """Those that belong to it if they are there, such as the subchannels of a CloneCD image."""


@dataclass(frozen=True, slots=True)
class SheetSet:
    """The files of one title, by their names in one folder."""

    main: str
    """The sheet."""
    others: tuple[str, ...] = ()
    """The files that are there: those that it names, then other sheets of the same files, and what only these name."""
    missing: tuple[str, ...] = ()
    """The needed files that are not there, by the last part of their names in the sheet."""


@dataclass(slots=True)
class _Group:
    main: str
    missing: tuple[str, ...]
    others: dict[str, None] = field(default_factory=dict)
    """Names in their order."""


@dataclass(slots=True)
class _Folder:
    """The names of one folder, found without regard to case if there is none that fits exactly."""

    names: frozenset[str]
    folded: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Iterable[str]) -> "_Folder":
        made = cls(frozenset(names))
        for name in sorted(made.names):
            made.folded.setdefault(fold(name), []).append(name)
        return made

    def find(self, wanted: str) -> str | None:
        """Return the file that a sheet means by a name, see `find_name`."""
        return find_name(wanted, self.names.__contains__, lambda folded: self.folded.get(folded, ()))


def is_sheet_name(name: str) -> bool:
    """Return whether a file is a sheet by its name."""
    return name.lower().endswith(SHEET_SUFFIXES) and len(name) > _SUFFIX_LENGTH


def named_files(path: Path) -> NamedFiles:
    """Return the files that a sheet names; none if it cannot be read or is not a sheet. Never raises."""
    try:
        source = FileSource(path)
    except DiscpressError:
        return NamedFiles()
    with closing(source), suppress(DiscpressError):
        spec = detect(read_bytes(source, 0, SNIFF_BYTES), source.size_bytes)
        if isinstance(spec, SheetSpec):
            sheet = read_sheet(source, spec.name)
            names = (file.name for file in sheet.files)
            return NamedFiles(tuple(name for name in names if not is_packed_name(name)), sheet.companions)
    return NamedFiles()


def find_sheet_set(path: Path) -> SheetSet:
    """Return the set that a sheet stands for, by the names in its folder and in the sheets of its files there.

    A sheet that is part of another one's set stands for nothing but itself. Never raises.
    """
    return next((each for each in _sets_about(path) if each.main == path.name), SheetSet(path.name))


def find_sheet_of(path: Path) -> Path | None:
    """Return the sheet whose title a file belongs to, also if the file is gone; None if there is none. Never raises.

    Of several sheets for one file, it is the one that stands for the title.
    """
    name = fold(path.name)
    for each in _sets_about(path):
        if path.name in each.others or name in map(fold, each.missing):
            return path.with_name(each.main)
    return None


def missing_files(path: Path) -> list[str]:
    """Return the needed files that a sheet names and that are not next to it, by the last part of their names.

    No other sheet is read for that. Never raises.
    """
    neighbours = Neighbours(path.parent)
    missing = (name for name in named_files(path).needed if neighbours.find(name) is None)
    return list(dict.fromkeys(last_part(name) or name for name in missing))


class SheetsBeside:
    """The sheets of one folder, read once to ask about the files of several titles. Never raises."""

    def __init__(self, folder: Path) -> None:
        there = _file_names(folder)
        self._folder = folder
        self._names = _Folder.of(there)
        self._texts = {name: _text_of(folder / name) for name in there if is_sheet_name(name)}

    def find(self, files: Collection[str]) -> str:
        """Return the name of a sheet that is none of the files and names one of them; empty if there is none."""
        for sheet in _sheets_about(files, self._texts):
            if sheet in files:
                continue
            found, _ = _found(self._names, sheet, named_files(self._folder / sheet))
            if not set(files).isdisjoint(found):
                return sheet
        return ""


def _sets_about(path: Path) -> list[SheetSet]:
    """Return the sets of the sheets that have to do with a file: that name it, or share files with those that do.

    Of all other sheets in the folder only the bytes are searched, which takes a hundredth of the time to parse them.
    """
    there = _file_names(path.parent)
    texts = {name: _text_of(path.with_name(name)) for name in there if is_sheet_name(name)}
    wanted = new = {path.name}
    named: dict[str, NamedFiles] = {}
    while related := _sheets_about(new, texts):
        found: set[str] = set()
        for name in related:
            del texts[name]
            named[name] = named_files(path.with_name(name))
            files = (*named[name].needed, *named[name].optional)
            found.update(possible for each in files for possible in possible_names(each))
        new = found - wanted
        wanted = wanted | new
    return group_sheets(there, named)


def _text_of(path: Path) -> bytes:
    """Return the printable ASCII characters of a sheet in lower case, for names in any encoding; none if unreadable."""
    try:
        return _plain(read_regular(path, MAX_SHEET_BYTES))
    except OSError:
        return b""


def _sheets_about(names: Collection[str], texts: Mapping[str, bytes]) -> list[str]:
    """Return the sheets that are, or may name, one of these files: in its text, or by its own name with another suffix.

    Without names, there are none.
    """
    stems = {fold(PurePath(name).stem) for name in names}
    plain = {_plain(name.encode("ascii", "ignore")) for name in names}
    return [
        sheet
        for sheet, text in texts.items()
        if fold(PurePath(sheet).stem) in stems or any(name in text for name in plain)
    ]


def _plain(text: bytes) -> bytes:
    return text.translate(None, _NOT_PLAIN).lower()


def sheet_sets_in(folder: Path, names: Collection[str] | None = None) -> list[SheetSet]:
    """Return the sets among files of a folder, all of them without `names`. Never raises."""
    names = _file_names(folder) if names is None else names
    return group_sheets(names, {name: named_files(folder / name) for name in names if is_sheet_name(name)})


def _file_names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [each.name for each in entries if is_file_entry(each)]
    except OSError:
        return []


def group_sheets(names: Collection[str], named: Mapping[str, NamedFiles]) -> list[SheetSet]:
    """Return the sets of one folder, in the natural order of their sheets; no file is in two of them.

    `names` are the files of the folder, `named` its sheets with the files that each names. Of sheets that share a file,
    the one that finds all its files stands for the set, then the one with the better format, then the one with more
    files.
    """
    folder = _Folder.of(names)
    found = {sheet: _found(folder, sheet, its) for sheet, its in named.items()}
    groups: dict[str, _Group] = {}
    owners: dict[str, str] = {}
    for sheet in sorted(named, key=lambda each: _rank(each, *found[each])):
        files, missing = found[sheet]
        owner = next((owners[each] for each in (sheet, *files) if each in owners), None)
        if owner is None:
            owner, group = sheet, _Group(sheet, missing)
            groups[sheet] = group
            owners[sheet] = sheet
        else:
            group = groups[owner]
        for each in (sheet, *files):
            if owners.setdefault(each, owner) == owner and each != owner:
                group.others[each] = None
    sets = (SheetSet(each.main, tuple(each.others), each.missing) for each in groups.values())
    return sorted(sets, key=lambda each: natural_key(each.main))


def _found(folder: _Folder, sheet: str, named: NamedFiles) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the files that a sheet names and that are there, each once, and the needed ones that are not."""
    places = {wanted: folder.find(wanted) for wanted in (*named.needed, *named.optional)}
    there = dict.fromkeys(name for name in places.values() if name is not None and name != sheet)
    missing = dict.fromkeys(last_part(wanted) or wanted for wanted in named.needed if places[wanted] is None)
    return tuple(there), tuple(missing)


def _rank(sheet: str, files: Sequence[str], missing: Sequence[str]) -> tuple[bool, int, int, object]:
    order = SHEET_SUFFIXES.index(PurePath(sheet).suffix.lower()) if is_sheet_name(sheet) else len(SHEET_SUFFIXES)
    return bool(missing) or not files, order, -len(files), natural_key(sheet)

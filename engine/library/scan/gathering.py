"""The entries of a folder that form one title: the parts of split images, and the files of sheets."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from discpress.engine.images.sets.part_names import group_parts, read_part_name
from discpress.engine.images.sets.sheet_sets import NamedFiles, group_sheets, is_sheet_name, named_files
from discpress.engine.system.files import is_file_entry

Entry: TypeAlias = "os.DirEntry[str]"
KnownFiles: TypeAlias = Callable[[Entry], Sequence[str]]
"""Returns the files of the title of an unchanged sheet; none if the sheet must be read."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The entries of a folder."""

    entries: list[Entry]
    """Those that a scan looks at: of several that form a title, the main one."""
    others: dict[str, list[Entry]] = field(default_factory=dict)
    """The entries that form a title with one of `entries`, by that one's name."""


def gather(entries: Sequence[Entry], known_files: KnownFiles) -> Gathered:
    """Return the entries of a folder without the later parts of split images and without the files of sheets.

    Names decide, and the texts of sheets, which are read unless they are known; `probe_titles` looks at the content.
    Raises OSError if an entry cannot be looked at.
    """
    others = _parts(entries)
    others |= _files_of_sheets(entries, known_files)
    later = {entry.name for parts in others.values() for entry in parts}
    return Gathered([entry for entry in entries if entry.name not in later], others)


def _parts(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    by_name = {
        entry.name: entry for entry in entries if read_part_name(entry.name) is not None and is_file_entry(entry)
    }
    groups = [group for group in group_parts(by_name) if len(group.names) > 1]
    return {group.first.name: [by_name[part.name] for part in group.names[1:]] for group in groups}


def _files_of_sheets(entries: Sequence[Entry], known_files: KnownFiles) -> dict[str, list[Entry]]:
    sheets = [entry for entry in entries if is_sheet_name(entry.name) and is_file_entry(entry)]
    if not sheets:
        return {}
    by_name = {entry.name: entry for entry in entries if is_file_entry(entry)}
    named = {}
    for entry in sheets:
        known = known_files(entry)
        is_whole = bool(known) and all(name in by_name for name in known)
        named[entry.name] = NamedFiles(tuple(known)) if is_whole else named_files(Path(entry.path))
    return {each.main: [by_name[name] for name in each.others] for each in group_sheets(by_name, named) if each.others}

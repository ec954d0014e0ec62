"""Groups of a library: its titles by the folder that has them or by system."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from discpress.engine.discs.file_titles import read_file_title
from discpress.engine.library.families import TitleFamily
from discpress.engine.names import fold, natural_key
from discpress.engine.store.model import Title
from discpress.engine.systems import System


class Grouping(StrEnum):
    """The fact that the titles of a group share."""

    NONE = ""
    FOLDER = "folder"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class TitleGroup:
    """The group of some titles."""

    key: str
    """The path of its folder or the name of its system."""
    name: str
    """Its name for people: a folder as seen from the one that all groups share. Not safe to show."""

    @property
    def order(self) -> str:
        """The key that sorts groups by name, as people would."""
        return natural_key(self.name)


def groups_of(
    titles: Iterable[Title], grouping: Grouping, families: Mapping[Path, TitleFamily]
) -> dict[Path, TitleGroup]:
    """Return the group of each title, by the path of the title; none without a grouping.

    A folder that has a single game and is named after it counts as the folder above it, and all discs of a family
    belong to the folder of the family.
    """
    if grouping is Grouping.NONE:
        return {}
    if grouping is Grouping.SYSTEM:
        systems = {system: TitleGroup(str(system), system.label) for system in System}
        return {title.path: systems[title.system] for title in titles}
    known = list(titles)
    folders = _folders_of(known, families)
    found = set(folders.values())
    shared = Path(os.path.commonpath(found)) if found else Path()
    groups = {folder: TitleGroup(str(folder), _name_below(folder, shared)) for folder in found}
    return {path: groups[folder] for path, folder in folders.items()}


def _folders_of(titles: Iterable[Title], families: Mapping[Path, TitleFamily]) -> dict[Path, Path]:
    own: dict[Path, Path] = {}
    games: dict[Path, Title] = {}
    counts: Counter[Path] = Counter()
    for title in titles:
        family = families.get(title.path)
        folder = own[title.path] = title.file_path.parent if family is None else family.family.folder
        if family is None or family.titles[0].path == title.path:
            counts[folder] += 1
            games[folder] = title
    lifted = {folder: folder.parent for folder, count in counts.items() if count == 1 and _is_of(folder, games[folder])}
    return {path: lifted.get(folder, folder) for path, folder in own.items()}


def _is_of(folder: Path, title: Title) -> bool:
    """Return whether a folder is named after the game in it."""
    name = fold(read_file_title(folder.name).title)
    return name in {fold(title.title), fold(read_file_title(title.file_path.name).title)}


def _name_below(folder: Path, shared: Path) -> str:
    return folder.name or str(folder) if folder == shared else str(folder.relative_to(shared))

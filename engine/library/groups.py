"""Groups of a library: its titles by the folder that has them or by system."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from discpress.engine.discs.file_titles import read_file_title
from discpress.engine.library.families import TitleFamily
from discpress.engine.library.listed import AnyTitle, TitleT
from discpress.engine.names import fold, natural_key
from discpress.engine.systems import System


class Grouping(StrEnum):
    """The fact that the titles of a group share."""

    NONE = ""
    FOLDER = "folder"
    SYSTEM = "system"


class TitleGroup(NamedTuple):
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
    titles: Iterable[AnyTitle], grouping: Grouping, families: Mapping[bytes, TitleFamily[TitleT]]
) -> dict[bytes, TitleGroup]:
    """Return the group of each title, by the key of the title; none without a grouping.

    A folder that has a single game and is named after it counts as the folder above it, and all discs of a family
    belong to the folder of the family.
    """
    if grouping is Grouping.NONE:
        return {}
    if grouping is Grouping.SYSTEM:
        systems = {system: TitleGroup(str(system), system.label) for system in System}
        return {title.key: systems[title.system] for title in titles}
    folders = _folders_of(titles, families)
    found = set(folders.values())
    shared = Path(os.path.commonpath(found)) if found else Path()
    groups = {folder: TitleGroup(str(folder), _name_below(folder, shared)) for folder in found}
    return {key: groups[folder] for key, folder in folders.items()}


def _folders_of(titles: Iterable[AnyTitle], families: Mapping[bytes, TitleFamily[TitleT]]) -> dict[bytes, Path]:
    own: dict[bytes, Path] = {}
    games: dict[Path, AnyTitle] = {}
    counts: Counter[Path] = Counter()
    path_of = lru_cache(maxsize=None)(Path)  # a path for each folder, not for each title
    for title in titles:
        family = families.get(title.key)
        folder = own[title.key] = path_of(_folder_of(title)) if family is None else family.family.folder
        if family is None or family.titles[0].key == title.key:
            counts[folder] += 1
            games[folder] = title
    lifted = {folder: folder.parent for folder, count in counts.items() if count == 1 and _is_of(folder, games[folder])}
    return {key: lifted.get(folder, folder) for key, folder in own.items()}


def _folder_of(title: AnyTitle) -> str:
    """Return the folder of the main file of a title."""
    folder = os.path.dirname(os.fsdecode(title.key))  # noqa: PTH120 - a Path takes 5 us
    return os.path.dirname(folder) if title.is_archived else folder  # noqa: PTH120


def _is_of(folder: Path, title: AnyTitle) -> bool:
    """Return whether a folder is named after the game in it."""
    name = fold(read_file_title(folder.name).title)
    return name in {fold(title.title), fold(read_file_title(title.file_path.name).title)}


def _name_below(folder: Path, shared: Path) -> str:
    return folder.name or str(folder) if folder == shared else str(folder.relative_to(shared))

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
    groups = {folder: TitleGroup(folder, _name_below(Path(folder), shared)) for folder in found}
    return {key: groups[folder] for key, folder in folders.items()}


def _folders_of(titles: Iterable[AnyTitle], families: Mapping[bytes, TitleFamily[TitleT]]) -> dict[bytes, str]:
    """Return the folder of each title as text: a path for each of 50,000 titles takes longer than all else here."""
    own: dict[bytes, str] = {}
    games: dict[bytes, AnyTitle] = {}
    for title in titles:
        family = families.get(title.key) if families else None
        own[title.key] = folder_of(title) if family is None else str(family.family.folder)
        if family is None or family.titles[0].key == title.key:
            games[title.key] = title
    counts = Counter(map(own.__getitem__, games))
    lifted = {
        folder: os.path.dirname(folder)  # noqa: PTH120 - of a text
        for key, folder in own.items()
        if counts[folder] == 1 and key in games and _is_of(folder, games[key])
    }
    return {key: lifted.get(folder, folder) for key, folder in own.items()} if lifted else own


def folder_of(title: AnyTitle) -> str:
    """Return the folder of the main file of a title."""
    folder = title.key.rpartition(_SEPARATOR)[0]
    if title.is_archived or _SEPARATOR not in folder:  # the folder of the archive, or the root
        folder = os.fsencode(title.file_path.parent)
    return _text(folder)


_SEPARATOR = os.fsencode(os.sep)
_text = lru_cache(maxsize=1 << 10)(os.fsdecode)
"""Of a folder, which many titles share."""


def _is_of(folder: str, title: AnyTitle) -> bool:
    """Return whether a folder is named after the game in it."""
    name = fold(read_file_title(Path(folder).name).title)
    return name in {fold(title.title), fold(read_file_title(title.file_path.name).title)}


def _name_below(folder: Path, shared: Path) -> str:
    return folder.name or str(folder) if folder == shared else str(folder.relative_to(shared))

"""Families: the discs of one game, found by their names, numbers and serials; different games are never one.

Two discs belong together if the folder, the system, the title, the region, the revision, the letters of the serial and
all tags of the file names are equal, apart from the tag of the number. Regions, revisions, translations, demos and
patched discs differ in one of these. Two images with one number are copies of a disc.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from discpress.engine.discs.file_titles import read_file_title, shared_tags, without_number
from discpress.engine.discs.info import DiscInfo
from discpress.engine.formats import image_stem
from discpress.engine.names import fold, natural_key
from discpress.engine.systems import System

_LETTERS = re.compile(r"[A-Z]*", re.IGNORECASE)
_UNFIT = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')
"""Characters that a file name has on no system, or not on Windows."""


class FamilyDisc(NamedTuple):
    """One image of a family."""

    number: int
    """The number of its disc, from 1; images of one number are copies."""
    path: Path
    """Its path."""


@dataclass(frozen=True, slots=True)
class Family:
    """The discs of one game."""

    folder: Path
    """The folder that has its images, each in the folder itself or in a folder named after its disc."""
    name: str
    """The name of the game with its tags, as part of a file name: `Saga (USA)`."""
    discs: tuple[FamilyDisc, ...]
    """Its images by number, those of one number in natural order; they have at least two numbers."""
    total: int | None = None
    """The number of discs that a disc or a name states; None if none does."""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its discs, in order, each once."""
        return tuple(dict.fromkeys(each.number for each in self.discs))

    @property
    def count(self) -> str:
        """The number of discs for people: `3 discs`, `2 of 3 discs` if some are missing."""
        found, wanted = len(self.numbers), max(self.numbers[-1], self.total or 0)
        return f"{found} discs" if found == wanted else f"{found} of {wanted} discs"


def families_of(images: Iterable[tuple[Path, DiscInfo]]) -> list[Family]:
    """Return the families among some images, in the order of their first images.

    A number with two different serials, two different totals, or a number above the total are no family.
    """
    groups: dict[_Key, list[tuple[Path, DiscInfo]]] = {}
    for path, disc in images:
        if disc.disc_number is not None and disc.disc_total != 1 and disc.system is not System.UNKNOWN:
            key = _key_of(path, disc)
            if key is not None:
                groups.setdefault(key, []).append((path, disc))
    return [family for key, group in groups.items() if (family := _family(key[0], group)) is not None]


_Key = tuple[Path, *tuple[object, ...]]
"""The folder of a family, then everything else that its discs share."""


@lru_cache(maxsize=1 << 13)  # a screen looks for families again whenever a scan finds a title
def _key_of(path: Path, disc: DiscInfo) -> _Key | None:
    """Return everything that the discs of a family share; None if name and disc contradict each other."""
    named = read_file_title(path.name)
    if named.disc_number not in {None, disc.disc_number}:
        return None
    title = without_number(disc.title)
    # A name that states no number need not be that of the game.
    file_title = "" if named.disc_number is None else fold(named.title)
    letters = _LETTERS.match(disc.serial)
    return (
        folder_of(path, disc.disc_number),
        disc.system,
        fold(title),
        file_title,
        tuple(map(fold, shared_tags(disc.tags))),
        disc.region,
        disc.revision,
        "" if letters is None else letters[0].upper(),
    )


def folder_of(path: Path, number: int | None) -> Path:
    """Return the folder of the family of an image: its own, or the one above if that is named after this disc."""
    folder = path.parent
    named, own = read_file_title(path.name), read_file_title(folder.name)
    is_of_disc = own.disc_number is not None and own.disc_number == number and fold(own.title) == fold(named.title)
    return folder.parent if is_of_disc else folder


def family_stem(file_name: str) -> str:
    """Return the name of a game from the name of one of its discs: `Saga (USA)` of `Saga (USA) (Disc 2).iso`.

    Empty if the name states no number.
    """
    named = read_file_title(file_name)
    if named.disc_number is None:
        return ""
    return without_number(image_stem(file_name))


def _family(folder: Path, group: list[tuple[Path, DiscInfo]]) -> Family | None:
    serials: dict[int, set[str]] = {}
    for _, disc in group:
        serials.setdefault(disc.disc_number or 0, set()).update({disc.serial} - {""})
    totals = {disc.disc_total for _, disc in group} - {None}
    if len(serials) < 2 or len(totals) > 1 or any(len(some) > 1 for some in serials.values()):
        return None
    total = next(iter(totals), None)
    if total is not None and max(serials) > total:
        return None
    in_order = sorted(group, key=lambda each: (each[1].disc_number or 0, natural_key(str(each[0]))))
    first_path, first = in_order[0]
    name = family_stem(first_path.name) or _UNFIT.sub("-", " ".join((first.title, *shared_tags(first.tags))))
    return Family(folder, name, tuple(FamilyDisc(disc.disc_number or 0, path) for path, disc in in_order), total)

"""The images of a family in the folders on the disk, each opened and identified; nothing is written here."""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.discs.families import Family, FamilyDisc, families_of, folder_of
from discpress.engine.discs.file_titles import read_file_title, shared_tags
from discpress.engine.discs.info import DiscInfo
from discpress.engine.discs.reach import identify_image
from discpress.engine.errors import DiscpressError
from discpress.engine.formats import DISC_SUFFIXES, ImageFormat
from discpress.engine.images.open import open_image
from discpress.engine.images.registry import FORMATS
from discpress.engine.images.spec import Kind
from discpress.engine.names import fold, natural_key
from discpress.engine.system.files import is_file_entry, is_folder
from discpress.engine.system.ignored import entries_in

_ORDER: Mapping[ImageFormat, tuple[bool, bool, int]] = {
    spec.name: (not spec.is_packed, spec.kind is not Kind.SHEET, number) for number, spec in enumerate(FORMATS)
}
"""Formats as a playlist prefers them: packed ones, then sheets, then plain images."""


NameKey = tuple[str, tuple[str, ...]]
"""The folded title and tags in the names of a game's discs."""


@dataclass(frozen=True, slots=True)
class _Found:
    path: Path
    disc: DiscInfo
    format: ImageFormat


def game_at(path: Path) -> tuple[Family, tuple[Path, ...]] | None:
    """Return the family of an image whose file name states its number, and one image for each of its discs.

    Images with the same name but for the number are opened, in its folder and in the folders of the other discs. None
    if they are no family. OSError if the folder cannot be listed.
    """
    game = name_key(path.name)
    if game is None:
        return None
    home = folder_of(path, read_file_title(path.name).disc_number)
    found = _without_tracks(_opened(_candidates(home, game)))
    for family in families_of((each.path, each.disc) for each in found.values()):
        if any(each.path == path for each in family.discs):
            return family, _chosen(family, found)
    return None


def name_key(file_name: str) -> NameKey | None:
    """Return what the file names of all discs of a game share; None for a name that states no disc number."""
    named = read_file_title(file_name)
    return None if named.disc_number is None else (fold(named.title), tuple(map(fold, shared_tags(named.tags))))


def games_below(folder: Path) -> list[Path]:
    """Return one image of each title in a folder and below whose file name states a disc number, in natural order.

    Folders that cannot be read are left out.
    """
    games: dict[tuple[Path, NameKey], Path] = {}
    folders = [folder]
    while folders:
        try:
            entries = entries_in(folders.pop())
        except OSError:
            continue
        folders += [Path(each.path) for each in entries if each.is_dir(follow_symlinks=False)]
        for path in _images([each for each in entries if is_file_entry(each)]):
            key = name_key(path.name)
            if key is not None:
                games.setdefault((folder_of(path, read_file_title(path.name).disc_number), key), path)
    return sorted(games.values(), key=lambda path: natural_key(str(path)))


def disc_names(folder: Path, game: NameKey) -> dict[int, list[Path]]:
    """Return the images of a game by the numbers in their names, unopened; none if the folder cannot be listed."""
    found: dict[int, list[Path]] = {}
    with contextlib.suppress(OSError):
        for path in _candidates(folder, game):
            found.setdefault(read_file_title(path.name).disc_number or 0, []).append(path)
    return found


def _candidates(home: Path, game: NameKey) -> Iterator[Path]:
    """Yield the images of a game by their names, in a folder and in those of its discs. OSError."""
    for entry in sorted(entries_in(home), key=lambda each: each.name):
        key = name_key(entry.name)
        if key is None or key[0] != game[0]:
            continue
        below = entries_in(Path(entry.path)) if is_folder(Path(entry.path)) else [entry]
        yield from _images([each for each in below if name_key(each.name) == game and is_file_entry(each)])


def _images(entries: Sequence["os.DirEntry[str]"]) -> Iterator[Path]:
    yield from (path for path in map(Path, entries) if path.suffix.lower() in DISC_SUFFIXES)


def _opened(paths: Iterable[Path]) -> Iterator[tuple[_Found, tuple[Path, ...]]]:
    """Yield what each image contains, and the other files that belong to it; those that cannot be read are left out."""
    for path in paths:
        try:
            with open_image(path) as image:
                others = tuple(file.path for file in image.source.files if file.path != path)
                yield _Found(path, identify_image(image), image.format), others
        except (DiscpressError, OSError):
            continue


def _without_tracks(opened: Iterable[tuple[_Found, tuple[Path, ...]]]) -> dict[Path, _Found]:
    """Return the images by their paths, without files that only belong to a sheet."""
    known = list(opened)
    tracks = {path for _, others in known for path in others}
    return {found.path: found for found, _ in known if found.path not in tracks}


def _chosen(family: Family, found: Mapping[Path, _Found]) -> tuple[Path, ...]:
    """Return an image for each disc: all of one format if there is one, packed before plain."""
    formats: dict[ImageFormat, set[int]] = {}
    for each in family.discs:
        formats.setdefault(found[each.path].format, set()).add(each.number)
    whole = {each for each, numbers in formats.items() if len(numbers) == len(family.numbers)}

    def rank(disc: FamilyDisc) -> tuple[object, ...]:
        image_format = found[disc.path].format
        return image_format not in whole, _ORDER[image_format]

    return tuple(
        min((each for each in family.discs if each.number == number), key=rank).path for number in family.numbers
    )

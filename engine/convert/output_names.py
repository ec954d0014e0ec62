"""Names of results: the source's name with another suffix, and whether a file or another result has that name.

Plan and pipeline decide by the same function. On FAT, exFAT, Windows and a Mac, names that differ only in case or in
their Unicode form are one name, so they count as one everywhere.
"""

import os
import stat
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from discpress.engine.convert.nintendo.loader_names import path_by_id
from discpress.engine.convert.part.name import is_reserved
from discpress.engine.convert.part.part_set import is_interrupted
from discpress.engine.errors import ConflictError, UsageError, from_os_error
from discpress.engine.formats import SHEETS, ImageFormat, image_stem
from discpress.engine.images.registry import spec_of, written
from discpress.engine.images.sets.sheet_sets import sheet_sets_in
from discpress.engine.names import display_name
from discpress.engine.request import OnConflict
from discpress.engine.system.files import absolute, same_file

_RENAME_LIMIT = 10_000
_SHEET_SUFFIXES = frozenset(f".{each}" for each in SHEETS)


class Clash(StrEnum):
    """Kinds of obstacles to a result's name."""

    SOURCE = "source"
    """The result would be the source itself, perhaps through a link or another spelling."""
    NO_FILE = "no-file"
    """Something that is not a regular file has the name."""
    TWIN = "twin"
    """An existing name differs only in case or Unicode form."""
    BATCH = "batch"
    """Another result of the same batch gets the name."""
    SHEET = "sheet"
    """The file would be overwritten, and the sheet of another title names it."""
    FILE = "file"
    """A file has the name."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """The reason why a result cannot simply get its name."""

    clash: Clash
    """Its kind."""
    wanted_path: Path
    """The name that the result would get."""
    found_path: Path
    """The file, or the other result, that has it."""

    @property
    def problem(self) -> str:
        """The problem, as a clause about the wanted name."""
        match self.clash:
            case Clash.SOURCE:
                return "input and output are the same file"
            case Clash.NO_FILE:
                return "exists and is not a regular file, so it is never replaced"
            case Clash.TWIN:
                is_form = _composed(self.wanted_path.name) == _composed(self.found_path.name)
                difference = "its Unicode form" if is_form else "case"
                return f"differs only in {difference} from the existing {display_name(self.found_path)}"
            case Clash.BATCH:
                return "another input of this run has the same result"
            case Clash.SHEET:
                return f"{display_name(self.found_path.name)} names this file, so it is not replaced"
            case Clash.FILE:
                return "exists already"

    @property
    def error(self) -> ConflictError:
        """The error of a conversion that cannot have the name."""
        hint = "use --on-conflict skip, rename or overwrite; overwrite moves the old file to the trash"
        if self.clash is Clash.SOURCE:
            hint = "choose another name with -o, another folder with -O, or --on-conflict rename"
            if self.wanted_path.suffix.lower() in _SHEET_SUFFIXES:
                hint = f"add -f iso for the ISO of a disc with one data track; or {hint}"
            elif self.wanted_path.suffix.lower() == self.found_path.suffix.lower() != ".iso":
                hint = f"it has this format already: add -f for another, or -d to unpack it; or {hint}"
        elif self.clash in {Clash.NO_FILE, Clash.SHEET}:
            hint = "choose another name with -o or another folder with -O"
        return ConflictError(f"{display_name(self.wanted_path)}: {self.problem}", hint=hint)


@dataclass(frozen=True, slots=True)
class Settled:
    """A result's name after its rule for conflicts."""

    path: Path
    """The name; another one than wanted if the rule is to rename."""
    obstacle: Obstacle | None
    """The obstacle to the wanted name; None if there is none."""
    is_refused: bool
    """Whether the rule leaves no name."""


def folded_name(name: str) -> str:
    """Return a name in the form in which equal names are one file on some file systems."""
    return _composed(unicodedata.normalize("NFD", name).casefold())


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def result_path(
    image_path: Path,
    file_path: Path,
    image_format: ImageFormat,
    output_path: Path | None,
    output_folder: Path | None,
    *,
    replaces_source: bool = False,
    game_id: str = "",
) -> Path:
    """Return the wanted path of a result: `output_path`, or the image's name with the format's suffix.

    The latter is in `output_folder`, otherwise next to the image's file. With `replaces_source` it is the file itself
    if that has the suffix, in whatever case. With a `game_id`, the result is named after that, see `path_by_id`.
    """
    suffix = spec_of(image_format).suffix
    is_next_to_source = output_path is None and output_folder is None and image_path == file_path
    if replaces_source and is_next_to_source and file_path.suffix.lower() == suffix:
        return file_path
    folder, stem = output_folder or file_path.parent, image_stem(image_path.name)
    if game_id and output_path is None:
        return path_by_id(folder, stem, game_id, suffix, is_next_to_source=output_folder is None)
    return output_path or folder / f"{stem}{suffix}"


def refuse_reserved(path: Path) -> None:
    """Raise UsageError if a result would have the name of an unfinished one."""
    if is_reserved(path.name):
        raise UsageError(
            f"{display_name(path)}: this suffix is reserved for unfinished results", hint="choose another name with -o"
        )


class OutputNames:
    """The names in the folders of results: files there, each folder read once, and results added before."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, list[str]]] = {}
        self._results: dict[tuple[str, str], Path] = {}

    def add(self, path: Path) -> None:
        """Reserve the name of a result."""
        self._results.setdefault(self._key(path), path)

    def settle(
        self,
        path: Path,
        source_paths: Sequence[Path],
        rule: OnConflict,
        *,
        replaces_source: bool = False,
        paths_at: Callable[[Path], Sequence[Path]] = lambda path: (path,),
    ) -> Settled:
        """Return the name that a result gets instead of `path` by a rule; `source_paths` are the files that are read.

        With `replaces_source` the result may have the source's name, unless another result of the batch has it.
        `paths_at` returns all files of a result in several, its main one first: the rule is for all of them.
        StorageError if the system does not allow the look, ConflictError if no name is free.
        """
        if replaces_source and path in source_paths[:1] and self._key(path) not in self._results:
            return Settled(path, None, is_refused=False)
        paths = paths_at(path)
        obstacles = list(self._obstacles(paths, source_paths))
        # The one that cannot be moved away decides.
        obstacle = next((each for each in obstacles if each.clash is not Clash.FILE), next(iter(obstacles), None))
        if obstacle is None:
            return Settled(path, None, is_refused=False)
        if rule is OnConflict.RENAME:
            return Settled(self._free_name(path, paths_at), obstacle, is_refused=False)
        if rule is OnConflict.OVERWRITE and obstacle.clash is Clash.FILE and len(paths) > 1:
            obstacle = _of_another_title(path, obstacles) or obstacle
        is_replaced = obstacle.clash is Clash.FILE and rule is OnConflict.OVERWRITE
        return Settled(path, obstacle, is_refused=not is_replaced)

    def _obstacles(self, paths: Sequence[Path], source_paths: Sequence[Path]) -> Iterator[Obstacle]:
        """Yield the obstacles to the names of a result. Files that a killed run has published are none yet."""
        is_going_on = len(paths) > 1 and is_interrupted(paths[0])
        for path in paths:
            obstacle = self._obstacle(path, source_paths)
            if obstacle is not None and not (is_going_on and obstacle.clash is Clash.FILE):
                yield obstacle

    def _obstacle(self, path: Path, source_paths: Sequence[Path]) -> Obstacle | None:
        result, facts = self._results.get(self._key(path)), _stat_of(path)
        if facts is not None:
            if (source_path := _same_among(path, source_paths)) is not None:
                return Obstacle(Clash.SOURCE, path, source_path)
            if not stat.S_ISREG(facts.st_mode):
                return Obstacle(Clash.NO_FILE, path, path)
        elif result is None and (twin := self._twin(path)) is not None:
            return Obstacle(Clash.TWIN if _same_among(twin, source_paths) is None else Clash.SOURCE, path, twin)
        if result is not None:
            return Obstacle(Clash.BATCH, path, result)
        return None if facts is None else Obstacle(Clash.FILE, path, path)

    def _free_name(self, path: Path, paths_at: Callable[[Path], Sequence[Path]]) -> Path:
        fixed = {*paths_at(path)} & {*paths_at(path.with_name(f"{path.stem} (2){path.suffix}"))}
        if taken := next((each for each in sorted(fixed) if not self._is_free(each)), None):
            raise ConflictError(
                f"{display_name(taken)}: exists already, and has this name under every name of the sheet",
                hint="choose another folder with -O",
            )
        for number in range(2, _RENAME_LIMIT):
            candidate = path.with_name(f"{path.stem} ({number}){path.suffix}")
            if all(map(self._is_free, paths_at(candidate))):
                return candidate
        raise ConflictError(f"{display_name(path)}: all names up to ({_RENAME_LIMIT}) are taken")

    def _is_free(self, path: Path) -> bool:
        is_result = self._key(path) in self._results
        return not is_result and self._twin(path) is None and not os.path.lexists(path)

    def _twin(self, path: Path) -> Path | None:
        """Return a file next to `path` whose name differs only in case or Unicode form."""
        folder, folded = self._key(path)
        if folder not in self._files:
            self._files[folder] = _names_in(folder)
        other = next((name for name in self._files[folder].get(folded, ()) if name != path.name), None)
        return None if other is None else path.with_name(other)

    def _key(self, path: Path) -> tuple[str, str]:
        return os.path.realpath(absolute(path).parent), folded_name(path.name)


def _of_another_title(sheet_path: Path, taken: Sequence[Obstacle]) -> Obstacle | None:
    """Return the obstacle of a file that the sheet of another title names: it would name tracks of this one."""
    by_name = {each.wanted_path.name: each for each in taken}
    for title in sheet_sets_in(sheet_path.parent):
        if sheet_path.name not in (title.main, *title.others):
            shared = next((name for name in (title.main, *title.others) if name in by_name), None)
            if shared is not None:
                return replace(by_name[shared], clash=Clash.SHEET, found_path=sheet_path.with_name(title.main))
    return None


def _names_in(folder: str) -> dict[str, list[str]]:
    """Return the names in a folder by their folded form; none if it cannot be read."""
    names: dict[str, list[str]] = {}
    try:
        for name in os.listdir(folder):  # noqa: PTH208 - Path.iterdir makes a Path of each of thousands
            names.setdefault(folded_name(name), []).append(name)
    except OSError:
        return {}
    return names


def _stat_of(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise from_os_error(error, path, "look for an existing file") from error


def _same_among(path: Path, source_paths: Sequence[Path]) -> Path | None:
    return next((each for each in source_paths if _is_same(path, each)), None)


def _is_same(path: Path, source_path: Path) -> bool:
    try:
        return same_file(source_path.stat(), path.stat())
    except OSError:
        return False


def format_of_suffix(output_path: Path | None) -> ImageFormat | None:
    """Return the format that the name of a result promises; None if it promises none."""
    suffix = output_path.suffix.lower().lstrip(".") if output_path else ""
    return next((each for each in (*written(), *SHEETS) if each == suffix), None)

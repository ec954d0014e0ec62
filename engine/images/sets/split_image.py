"""Split images: finds the parts of a file by their names, and judges by their content whether they are all there."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from discpress.engine.errors import (
    DamagedImageError,
    DiscpressError,
    SplitImageError,
    UnsupportedImageError,
    UsageError,
)
from discpress.engine.images.known_disc import volume_bytes
from discpress.engine.images.recognise import is_disc
from discpress.engine.images.registry import detect
from discpress.engine.images.sets.opl_list import LIST_NAME, MAX_LIST_BYTES, ListedGame, find_game, read_list
from discpress.engine.images.sets.part_names import PartName, PartNames, group_parts, read_part_name
from discpress.engine.images.sets.source_set import JoinedSource
from discpress.engine.images.source import ByteSource, FileSource, read_bytes
from discpress.engine.images.spec import SNIFF_BYTES, FormatSpec, Kind
from discpress.engine.images.wbfs import read_wbfs_header
from discpress.engine.names import display_name, safe_file_name
from discpress.engine.system.files import is_file_entry
from discpress.engine.units import GIB, MIB

_PADDING_BYTES = MIB
"""An image may be this much longer than its volume and still end with it: 300 KiB of padding are usual."""
_FAT_MARGIN_BYTES = 64 * 1024
"""Programs that split files for FAT32 stop so far before 4 GiB."""


class SplitImage(JoinedSource):
    """The parts of a split image that are there, read as one file."""

    def __init__(self, names: PartNames, files: Sequence[FileSource], game: ListedGame | None) -> None:
        """Take over the open files of these names; `game` is their entry in OPL's list."""
        super().__init__(files, _whole_name(names.first, game))
        self.problem = _problem(self, names, 0 if game is None else game.parts)
        """The reason why it cannot be read as an image; empty if all parts are there."""

    def check_whole(self, named: Path) -> None:
        """Raise SplitImageError if a part is missing, UsageError if `named` is not the part that stands for all."""
        if self.problem:
            raise SplitImageError(
                f"{display_name(named)}: {self.problem}", hint="put all parts into one folder, under their own names"
            )
        if named.name != self.path.name:
            raise UsageError(
                f"{display_name(named)}: is a part of {display_name(self.path.name)}",
                hint=f"name the first part: {display_name(self.path)}",
            )


def open_split(path: Path) -> SplitImage | None:
    """Open the parts of the split image that a file belongs to; None if the file is not a part of one.

    The caller looks at `problem`, or calls `check_whole`. Raises StorageError.
    """
    names = find_parts(path)
    return open_parts(path.parent, names) if names is not None and path.is_file() else None


def find_parts(path: Path) -> PartNames | None:
    """Return the files next to a file, and itself, that may be parts of one image by their names; None if none may.

    If the folder cannot be listed, the file is the only part.
    """
    part = read_part_name(path.name)
    if part is None:
        return None
    try:
        with os.scandir(path.parent) as entries:
            names = [each.name for each in entries if each.name.startswith(part.before) and is_file_entry(each)]
    except OSError:
        names = []
    alone = PartNames((part,))
    return next((group for group in group_parts(names) if part in group.names), alone)


def open_parts(folder: Path, names: PartNames) -> SplitImage | None:
    """Open files as the parts of one image; None if their content shows that they are none. Raises StorageError."""
    with contextlib.ExitStack() as stack:
        files = []
        for each in names.names:
            files.append(FileSource(folder / each.name))
            stack.callback(files[-1].close)
        if not _is_split(names, files):
            return None
        joined = SplitImage(names, files, _listed_game(names.first, folder))
        if joined.problem and not names.is_certain and _excess_bytes(files[0]) == 0:
            return None  # an image of its own next to other files with numbers
        stack.pop_all()
        return joined


def _is_split(names: PartNames, files: Sequence[FileSource]) -> bool:
    """Return whether files are parts of one image, as opposed to images of their own, archives or anything else."""
    first, *others = files
    found = detect(read_bytes(first, 0, SNIFF_BYTES), first.size_bytes)
    is_other = found.kind is not Kind.IMAGE or not (found.is_read or found.promises)
    if is_other or any(_has_header(file) or is_disc(file) for file in others):
        return False
    if names.first.is_wbfs:
        return bool(others) or names.first.number > 0 or (_lacks_blocks(first) and _is_round(first.size_bytes))
    if names.is_certain:
        return bool(others) or names.first.number == names.start or not _is_whole_alone(first, is_certain=True)
    if not (found.promises or is_disc(first)):
        return False  # any other files with numbers
    if others and not names.missing():
        return True
    return names.first.number == names.start and is_disc(first) and not _is_whole_alone(first)


def _has_header(source: ByteSource) -> bool:
    """Return whether a file begins with the magic of a format."""
    found = detect(read_bytes(source, 0, SNIFF_BYTES), source.size_bytes)
    return found.promises and bool(found.magics)


def _is_whole_alone(source: ByteSource, *, is_certain: bool = False) -> bool:
    """Return whether a first part without others is an image that fitted into one part."""
    excess = _excess_bytes(source)
    if excess is None:
        return not is_certain and not _is_round(source.size_bytes)
    return excess == 0 or (excess > 0 and (excess <= _PADDING_BYTES or not _is_round(source.size_bytes)))


def _excess_bytes(source: ByteSource) -> int | None:
    """Return by how much a plain image is longer than its volume, negative if it is shorter; None without a volume."""
    volume = volume_bytes(source.read_at)
    return None if volume is None else source.size_bytes - volume


def _is_round(size_bytes: int) -> bool:
    """Return whether a program that splits files may have ended a part here."""
    is_at_limit = 0 <= 4 * GIB - size_bytes <= _FAT_MARGIN_BYTES
    return is_at_limit or size_bytes % MIB == 0 or size_bytes % 1_000_000 == 0


def _problem(joined: JoinedSource, names: PartNames, parts: int) -> str:
    """Return why files are no whole image; empty if they are. `parts` is their number if a list states it, else 0."""
    missing = names.missing(parts)
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        return f"split image: {display_name(missing[0])}{more} is missing"
    sizes = [file.size_bytes for file in joined.files]
    odd = next((file for file in joined.files[:-1] if file.size_bytes != sizes[0]), None)
    if odd is not None:
        return f"split image: {display_name(odd.path.name)} has another size than the first part"
    following = display_name(names.first.with_number(names.names[-1].number + 1))
    if names.first.is_wbfs:
        return f"split image: {following} is missing, or the last part is cut short" if _lacks_blocks(joined) else ""
    spec = detect(read_bytes(joined, 0, SNIFF_BYTES), joined.size_bytes)
    if spec.promises and spec.is_read:
        return f"split image: it ends too early, so {following} is missing" if _ends_early(joined, spec) else ""
    if names.first.number == 1 and spec.is_read and not is_disc(joined):
        return f"split image: no known disc begins in {display_name(names.first.name)}: a part before it may be missing"
    if len(sizes) == 1 and _is_whole_alone(joined, is_certain=names.is_certain):
        return ""
    excess = _excess_bytes(joined)
    if excess is not None and excess < 0:
        return f"split image: {-excess} bytes of its volume and {following} are missing"
    is_end_shown = parts > 0 or sizes[-1] != sizes[0] or (excess is not None and excess <= _PADDING_BYTES)
    return "" if is_end_shown else f"split image: {following} may be missing, because all parts have the same size"


def _lacks_blocks(source: ByteSource) -> bool:
    """Return whether a WBFS ends before the last block that its map names; False for an impossible header."""
    header = read_wbfs_header(source)
    return header is not None and source.size_bytes < header.needed_bytes


def _ends_early(joined: JoinedSource, spec: FormatSpec) -> bool:
    """Return whether the last byte of a packed image of this format cannot be read."""
    try:
        image = spec.open(joined)
        return len(image.read_at(image.size - 1, 1)) < 1
    except UnsupportedImageError:
        return False
    except DamagedImageError:
        return True


def _listed_game(part: PartName, folder: Path) -> ListedGame | None:
    """Return a game's entry in OPL's list; None if the list is missing or does not contain it."""
    if not part.opl_serial:
        return None
    try:
        source = FileSource(folder / LIST_NAME)
    except DiscpressError:
        return None
    with contextlib.closing(source), contextlib.suppress(DiscpressError):
        return find_game(read_list(read_bytes(source, 0, MAX_LIST_BYTES)), part.opl_serial, part.opl_crc)
    return None


def _whole_name(part: PartName, game: ListedGame | None) -> str:
    """Return a name for the joined image; a game of OPL gets the one that OPL gives to its ISO."""
    if game is None or not game.name.strip():
        return part.whole_name
    return safe_file_name(f"{part.opl_serial}.{game.name.replace('/', '_')}.iso")

"""The files of a disc: a sheet, and the files that it names."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from pkgutil import resolve_name
from typing import cast

from discpress.engine.errors import DiscpressError, SplitImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.beside import Neighbours, last_part
from discpress.engine.images.cd.sheets.detection import MAX_MDS_BYTES
from discpress.engine.images.cd.sheets.sheet import OWN_NAME, Sheet, SheetFile, damaged, unsupported
from discpress.engine.images.sets.source_set import JoinedSource
from discpress.engine.images.source import ByteSource, FileSource, read_bytes, shown_name
from discpress.engine.names import display_name

_PACKED_SUFFIXES = frozenset(
    {".zso", ".ziso", ".cso", ".ciso", ".dax", ".jso", ".chd", ".wbfs", ".wia", ".rvz", ".gcz"}
)
"""Suffixes of images that contain no raw sectors."""

_SHEETS = "discpress.engine.images.cd.sheets"
PARSERS = {
    ImageFormat.CUE: f"{_SHEETS}.cue:parse_cue",
    ImageFormat.GDI: f"{_SHEETS}.gdi:parse_gdi",
    ImageFormat.CCD: f"{_SHEETS}.ccd:parse_ccd",
    ImageFormat.MDS: f"{_SHEETS}.mds:parse_mds",
}
"""The parsers of sheets by format; a module is imported for the first sheet of its format."""


class SheetSource(JoinedSource):
    """A sheet and its files, read as one: the bytes of the sheet come first, then those of each file in its order."""

    def __init__(self, sheet: ByteSource, files: Sequence[ByteSource] = (), problem: DiscpressError | None = None):
        """Take over open sources: a sheet, and the files that it names in its order; none if there is a problem."""
        super().__init__((sheet, *files))
        self.problem = problem
        """The reason why the disc cannot be read: a faulty sheet, or a missing file."""
        self._extents = tuple((each.path, each.size_bytes) for each in (sheet, *files))
        self._companions: tuple[FileSource, ...] = ()
        self.beside_bytes = 0
        """Bytes of the title's files that are not among those of its disc: subchannels, tracks of another sheet."""

    def take_along(self, files: Sequence[FileSource], beside_bytes: int = 0) -> None:
        """Take over open files that belong to the title, but have none of its bytes: other sheets of the same files.

        `beside_bytes` is the size of those that are no sheets.
        """
        self._companions, self.beside_bytes = tuple(files), beside_bytes

    @property
    def files(self) -> tuple[FileSource, ...]:
        """All files, with those that belong to the title."""
        return (*super().files, *self._companions)

    @property
    def held_bytes(self) -> int:
        """The bytes of all files."""
        return self.size_bytes + sum(file.size_bytes for file in self._companions)

    def close(self) -> None:
        """Close all files; safe to call again."""
        super().close()
        for file in self._companions:
            file.close()

    @property
    def extents(self) -> tuple[tuple[Path, int], ...]:
        """The sheet and the files, see `ByteSource`."""
        return self._extents


def parse_sheet(data: bytes, image_format: ImageFormat, name: str) -> Sheet:
    """Return the content of a sheet, called `name` in messages. Raises DamagedImageError, UnsupportedImageError."""
    parse = cast(Callable[[bytes, str], Sheet], resolve_name(PARSERS[image_format]))
    return parse(data, name)


def read_sheet(source: ByteSource, image_format: ImageFormat) -> Sheet:
    """Return the content of a sheet; bytes after it are not read. Raises the errors of the parsers."""
    length = source.extents[0][1]
    sheet = parse_sheet(read_bytes(source, 0, min(length, MAX_MDS_BYTES + 1)), image_format, shown_name(source))
    files = (replace(file, name=named_like(source.path, file.name)) for file in sheet.files)
    companions = (named_like(source.path, name) for name in sheet.companions)
    return replace(sheet, files=tuple(files), companions=tuple(companions))


def named_like(sheet_path: PurePath, name: str) -> str:
    """Return the name of a file; `*.img` is called like the sheet, with a suffix in the same case."""
    if not name.startswith(OWN_NAME):
        return name
    suffix = name[1:].upper() if sheet_path.suffix.isupper() else name[1:]
    return sheet_path.stem + suffix


def open_files(sheet: FileSource, image_format: ImageFormat) -> SheetSource:
    """Open the files next to a sheet, and return all as one source, which owns the sheet as well.

    If a line is faulty, or a file cannot be opened, only the sheet is in it, and `problem` has the reason.
    """
    with contextlib.ExitStack() as stack:
        files: list[FileSource] = []
        try:
            for file in _open_each(sheet, read_sheet(sheet, image_format)):
                files.append(file)
                stack.callback(file.close)
        except DiscpressError as error:
            return SheetSource(sheet, problem=error)
        stack.pop_all()
        return SheetSource(sheet, files)


def _open_each(source: FileSource, sheet: Sheet) -> Iterator[FileSource]:
    """Yield the open files that a sheet names. SplitImageError for a missing one, UnsupportedImageError for a packed
    image.
    """
    neighbours = Neighbours(source.path.parent)
    nodes = {_node(source)}
    for file in sheet.files:
        refuse_packed(shown_name(source), file)
        path = neighbours.find(file.name)
        if path is None:
            raise _missing(shown_name(source), file)
        opened = FileSource(path)
        if _node(opened) in nodes:
            opened.close()
            problem = f"{display_name(path.name)} is the sheet itself, or was already named"
            raise damaged(shown_name(source), file.line, problem)
        nodes.add(_node(opened))
        yield opened


def _node(file: FileSource) -> object:
    """Return what two names of one file share; some file systems have no numbers of files."""
    return (file.opened_as.dev, file.opened_as.ino) if file.opened_as.ino else file.path


def refuse_packed(name: str, file: SheetFile) -> None:
    """Raise UnsupportedImageError if a sheet, called `name` in messages, names a packed image.

    discpress itself lets the line of a sheet follow an ISO to its ZSO, so that no text names a missing file.
    """
    if is_packed_name(file.name):
        problem = f"{display_name(last_part(file.name))} is a compressed image, and a sheet describes raw sectors"
        raise unsupported(name, file.line, problem, "open that file itself: it needs no sheet")


def is_packed_name(name: str) -> bool:
    """Return whether a file that a sheet names is a packed image by its suffix."""
    return PurePath(last_part(name)).suffix.lower() in _PACKED_SUFFIXES


def _missing(name: str, file: SheetFile) -> SplitImageError:
    where = f"line {file.line}: " if file.line else ""
    wanted = display_name(last_part(file.name) or file.name)
    hint = ", or correct its name in the sheet" if file.line else ", under that name"
    return SplitImageError(f"{name}: {where}{wanted} is missing", hint=f"put the file next to the sheet{hint}")

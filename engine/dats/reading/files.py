"""Lists in files, ZIP archives and folders, read whole and within limits."""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from discpress.engine.dats.model import ParsedDat
from discpress.engine.dats.reading.clrmamepro import read_clrmamepro
from discpress.engine.dats.reading.games import RefusedDatError, without_aliases
from discpress.engine.dats.reading.xml import read_xml
from discpress.engine.errors import CancelledError, DatfileError, DiscpressError, from_os_error
from discpress.engine.garbage import few_collections
from discpress.engine.images.archives.bounded import BoundedFile
from discpress.engine.images.source import FileSource, read_bytes
from discpress.engine.names import display_name
from discpress.engine.system.ignored import entries_in
from discpress.engine.units import MIB, format_size

MOST_BYTES = 256 * MIB
"""The largest list; the largest known one has 70 MB."""
MOST_LISTS = 2000
"""Lists in one archive or folder."""
MOST_DIRECTORY_BYTES = 16 * MIB
"""Bytes of a ZIP that are read before its directory is known."""
LIST_SUFFIXES = (".dat", ".xml")
"""Names of lists in archives and folders; a list that is named itself may have any name."""
_ARCHIVE_SUFFIX = ".zip"
_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_PIECE_BYTES = 256 * 1024
_XML_STARTS = (b"<", b"\xff\xfe", b"\xfe\xff")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MOST_DEPTH = 16
# zipfile checks neither names nor numbers before it uses them.
_ZIP_FAULTS = (
    zipfile.BadZipFile, zlib.error, struct.error, ValueError, NotImplementedError, RuntimeError, EOFError,
    OverflowError, IndexError, KeyError,
)  # fmt: skip


class _File(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class FoundDat:
    """A list and its place."""

    path: Path
    """Absolute path of its file; of the archive, for a list in one."""
    member: str
    """Its name in the archive; empty for a file."""
    dat: ParsedDat
    """Its content."""


def read_dats(
    path: Path, on_problem: Callable[[Path, DiscpressError], None], check: Callable[[], None] = lambda: None
) -> Iterator[FoundDat]:
    """Yield the lists of a file, a ZIP or a folder.

    A file that is named itself must be one: DatfileError, StorageError. Those in an archive or a folder that are none
    are passed to `on_problem`. `check` may raise CancelledError.
    """
    if not path.is_dir():
        if path.exists() and not path.is_file():
            raise DatfileError(f"{display_name(path)}: neither a file nor a folder")
        yield from _lists_in_file(path, on_problem, check)
        return
    for each in _files_below(path, check):
        try:
            yield from _lists_in_file(each, on_problem, check)
        except CancelledError:
            raise
        except DiscpressError as error:
            on_problem(each, error)


def _files_below(folder: Path, check: Callable[[], None]) -> Iterator[Path]:
    """Yield the lists and archives below a folder in the order of their names; links to folders are not followed."""
    waiting = [(folder, 0)]
    count = 0
    while waiting:
        check()
        place, depth = waiting.pop()
        try:
            entries = sorted(entries_in(place), key=lambda entry: entry.name)
        except OSError as error:
            raise from_os_error(error, place, "search it") from error
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if depth < _MOST_DEPTH:
                    waiting.append((Path(entry.path), depth + 1))
            elif entry.name.lower().endswith((*LIST_SUFFIXES, _ARCHIVE_SUFFIX)):
                count += 1
                if count > MOST_LISTS:
                    raise DatfileError(f"{display_name(folder)}: more than {MOST_LISTS} lists in one folder")
                yield Path(entry.path)


def _lists_in_file(
    path: Path, on_problem: Callable[[Path, DiscpressError], None], check: Callable[[], None]
) -> Iterator[FoundDat]:
    with closing(FileSource(path)) as source:
        file = BoundedFile(source, MOST_DIRECTORY_BYTES)
        try:
            if read_bytes(source, 0, len(_ZIP_MAGICS[0])) in _ZIP_MAGICS:
                yield from _lists_in_zip(path, file, on_problem, check)
                return
            yield FoundDat(path, "", _read(file, source.size_bytes, check))
        except RefusedDatError as error:
            raise DatfileError(
                f"{display_name(path)}: {display_name(str(error))}",
                hint="give a datfile: Logiqx XML, a software list of MAME, or a text of ClrMamePro",
            ) from error


def _lists_in_zip(
    path: Path, file: BoundedFile, on_problem: Callable[[Path, DiscpressError], None], check: Callable[[], None]
) -> Iterator[FoundDat]:
    name = display_name(path)
    try:
        archive = zipfile.ZipFile(file)
    except _ZIP_FAULTS as error:
        raise DatfileError(f"{name}: not a sound ZIP archive: {display_name(str(error))}") from error
    entries = [each for each in archive.infolist() if each.filename.lower().endswith(LIST_SUFFIXES)]
    if len(entries) > MOST_LISTS:
        raise DatfileError(f"{name}: more than {MOST_LISTS} lists in one archive")
    if not entries:
        raise DatfileError(f"{name}: it contains no {' or '.join(LIST_SUFFIXES)} file")
    for entry in entries:
        check()
        address = path / entry.filename.lstrip("/")
        try:
            with archive.open(entry) as member:
                dat = _read(member, entry.file_size, check)
        except RefusedDatError as error:
            on_problem(address, DatfileError(f"{display_name(address)}: {display_name(str(error))}"))
        except _ZIP_FAULTS as error:
            problem = f"it cannot be unpacked: {display_name(str(error))}"
            on_problem(address, DatfileError(f"{display_name(address)}: {problem}"))
        else:
            yield FoundDat(path, entry.filename, dat)


def _read(file: _File, size_bytes: int, check: Callable[[], None]) -> ParsedDat:
    """Return the list in an open file. Raises RefusedDatError, OSError and the faults of an archive."""
    if size_bytes > MOST_BYTES:
        raise RefusedDatError(f"{format_size(size_bytes)}; a list has at most {format_size(MOST_BYTES)}")
    first = file.read(_PIECE_BYTES)
    pieces = _pieces(first, file, check)
    with few_collections():
        if first.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(_XML_STARTS):
            found = read_xml(pieces)
        else:
            found = read_clrmamepro(_text(b"".join(pieces)))
        found.games = list(without_aliases(found.games))
    if not found.games:
        raise RefusedDatError("it lists no file with a digest")
    return found


def _pieces(first: bytes, file: _File, check: Callable[[], None]) -> Iterator[bytes]:
    read_bytes, piece = 0, first
    while piece:
        check()
        read_bytes += len(piece)
        if read_bytes > MOST_BYTES:
            raise RefusedDatError(f"more than {format_size(MOST_BYTES)}")
        yield piece
        piece = file.read(_PIECE_BYTES)


def _text(data: bytes) -> str:
    """Return a text; one that is not UTF-8 is read as Windows-1252, which old programs write."""
    if b"\0" in data:
        raise RefusedDatError("it contains zero bytes: not a list of games")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")

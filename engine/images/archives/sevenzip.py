"""7z archives: the table of contents, read by py7zr, and access to each file.

Members follow one another in packed folders, so the third is reached only by unpacking the first two; going back means
starting again.
"""

from typing import TYPE_CHECKING, Any, BinaryIO, cast

from discpress.engine.errors import DamagedImageError, MissingPackageError, UnsupportedImageError, way_to_install
from discpress.engine.formats import ImageFormat
from discpress.engine.images.archives.bounded import BoundedFile, TooLargeError
from discpress.engine.images.archives.model import (
    MAX_DIRECTORY_BYTES,
    Archive,
    Member,
    MemberSource,
    StoredMember,
    StreamedMember,
    archive_damage,
    give_addresses,
    member_damage,
    size_problem,
)
from discpress.engine.images.archives.paged import Decoder, PagedStream
from discpress.engine.images.archives.unpacking import PY7ZR_DAMAGE, Unpacking
from discpress.engine.images.source import FileSource, shown_name
from discpress.engine.units import MIB, format_size

if TYPE_CHECKING:
    from py7zr import SevenZipFile

MAX_DICTIONARY_BYTES = 256 * MIB
"""Largest dictionary for unpacking: that of 7-Zip's largest preset. Larger ones are rare, and refused."""
_MAX_FILES = 100_000
_MAX_FOLDERS = 20_000

_COPY, _LZMA, _LZMA2, _BZIP2 = b"\x00", b"\x03\x01\x01", b"\x21", b"\x04\x02\x02"
_DELTA, _BCJ_X86 = b"\x03", b"\x03\x03\x01\x03"
_AES = b"\x06\xf1\x07\x01"
_PACKERS = {_COPY, _LZMA, _LZMA2, _BZIP2}
_FILTERS = {_DELTA, _BCJ_X86}


class SevenZipArchive(Archive):
    """A 7z, solid or not."""

    format = ImageFormat.SEVEN_ZIP

    def __init__(self, file: FileSource) -> None:
        """Read the table of contents; DamagedImageError if it cannot be read.

        UnsupportedImageError if py7zr is not installed, or the names in the archive are encrypted.
        """
        super().__init__(file)
        archive = _open(file)
        files: list[Any] = []
        ways: list[int] = []
        way: dict[int, int] = {}
        for each in archive.files if hasattr(archive, "files") else []:
            if each.is_directory or each.emptystream or each.folder is None:
                continue
            files.append(each)
            ways.append(way.get(id(each.folder), 0))
            way[id(each.folder)] = ways[-1] + each.uncompressed
        places = _places(archive)
        addresses = give_addresses(each.filename for each in files)
        self._files, self._ways, self._places = files, ways, places
        self._passing: Unpacking | None = None
        self.members = tuple(
            Member(
                number,
                each.filename,
                address,
                each.uncompressed,
                _share(each, places, way[id(each.folder)]),
                each.crc32,
                _problem(file, each, places),
            )
            for number, (each, address) in enumerate(zip(files, addresses, strict=True), start=1)
        )

    def way_to(self, member: Member) -> int:
        """Return how much is unpacked before the member: everything before it in its folder, if that is packed."""
        is_stored = [coder["method"] for coder in self._files[member.number - 1].folder.coders] == [_COPY]
        return 0 if is_stored else self._ways[member.number - 1]

    def open_member(self, member: Member) -> MemberSource:
        """Open a member, see `Archive.open_member`."""
        file, folder = self.file, self._files[member.number - 1].folder
        way = self._ways[member.number - 1]
        start, end = self._places[id(folder)]
        if [coder["method"] for coder in folder.coders] == [_COPY]:
            if start + way + member.size_bytes > end:
                raise member_damage(file, member, "it is longer than its stored data")
            return StoredMember(file, member, start + way)

        def damage(what: str) -> DamagedImageError:
            return member_damage(file, member, what)

        def begin() -> Decoder:
            return Unpacking(file, member, folder, start, end, way)

        return StreamedMember(
            file, member, PagedStream(member.size_bytes, begin, member.crc32, damage), can_go_back=False
        )

    def head_of(self, member: Member, size_bytes: int) -> bytes:
        """Return the first bytes, see `Archive.head_of`; continues from the last member if it lies on the way."""
        folder, way = self._files[member.number - 1].folder, self._ways[member.number - 1]
        if self.way_to(member) == 0:
            return super().head_of(member, size_bytes)
        passing, self._passing = self._passing, None  # after an error its position is unknown
        if passing is None or passing.folder is not folder or passing.position > way:
            passing = None  # freed first, because two decoders need two dictionaries in memory
            passing = Unpacking(self.file, member, folder, *self._places[id(folder)], way)
        self.passed_bytes += way - passing.position
        head = passing.read_head(member, way, size_bytes)
        self._passing = passing
        return head

    def let_go(self) -> None:
        """Free the decoder, see `Archive.let_go`."""
        self._passing = None


def _open(file: FileSource) -> "SevenZipFile":
    try:
        import py7zr  # noqa: PLC0415 - an extra
        from py7zr import archiveinfo  # noqa: PLC0415
        from py7zr.exceptions import ArchiveError, PasswordRequired  # noqa: PLC0415
    except ImportError as error:
        raise MissingPackageError(
            f"{shown_name(file)}: 7z archives need the package py7zr, which is not installed",
            hint=f"{way_to_install('py7zr')}, or unpack the archive first",
        ) from error
    # With its own limits a header of a few KiB can become gigabytes of Python objects.
    archiveinfo.MAX_HEADER_SIZE = 2 * MAX_DIRECTORY_BYTES
    archiveinfo.MAX_NUMFILES = archiveinfo.MAX_SUBSTREAMS = _MAX_FILES
    archiveinfo.MAX_NUMFOLDERS = _MAX_FOLDERS
    try:
        return py7zr.SevenZipFile(cast(BinaryIO, BoundedFile(file, MAX_DIRECTORY_BYTES)))
    except PasswordRequired as error:
        raise UnsupportedImageError(
            f"{shown_name(file)}: this 7z archive is encrypted, including its file names",
            hint="unpack it with its password first",
        ) from error
    except TooLargeError as error:
        limit = format_size(MAX_DIRECTORY_BYTES)
        raise archive_damage(file.path, f"its header is larger than {limit}, the most for discs") from error
    except (ArchiveError, *PY7ZR_DAMAGE) as error:
        raise archive_damage(file.path, str(error) or "its header is damaged") from error


def _places(archive: "SevenZipFile") -> dict[int, tuple[int, int]]:
    """Return start and end of the packed bytes of each folder, by the folder's id()."""
    streams = getattr(getattr(archive, "header", None), "main_streams", None)
    if streams is None or streams.packinfo is None or streams.unpackinfo is None:
        return {}
    pack = streams.packinfo
    places = {}
    stream = 0
    for folder in streams.unpackinfo.folders:
        first, stream = stream, stream + len(folder.packed_indices)
        if stream < len(pack.packpositions):
            start = archive.afterheader + pack.packpos
            places[id(folder)] = start + pack.packpositions[first], start + pack.packpositions[stream]
    return places


def _share(each: Any, places: dict[int, tuple[int, int]], folder_bytes: int) -> int:
    """Return one file's share of a folder's packed bytes, in proportion to the unpacked bytes."""
    start, end = places.get(id(each.folder), (0, 0))
    unpacked_bytes: int = each.uncompressed
    return (end - start) * unpacked_bytes // max(1, folder_bytes)


def _problem(file: FileSource, each: Any, places: dict[int, tuple[int, int]]) -> str:
    coders = each.folder.coders
    methods = [coder["method"] for coder in coders]
    if _AES in methods:
        return "it is encrypted: unpack it with its password first"
    is_simple = all(coder["numinstreams"] == coder["numoutstreams"] == 1 for coder in coders)
    packers = [method for method in methods if method in _PACKERS]
    if not is_simple or len(packers) != 1 or len(methods) > 2 or not set(methods) <= _PACKERS | _FILTERS:
        return "it is not packed with LZMA, LZMA2 or bzip2: unpack it first"
    if (dictionary_bytes := max(map(_dictionary_bytes, coders))) > MAX_DICTIONARY_BYTES:
        return f"unpacking it needs {format_size(dictionary_bytes)} of memory, above the limit: unpack it first"
    start, end = places.get(id(each.folder), (0, -1))
    if not 0 <= start <= end <= file.size_bytes:
        return "the archive ends before it: the archive is damaged, or one of several parts"
    return size_problem(each.uncompressed)


def _dictionary_bytes(coder: dict[str, Any]) -> int:
    """Return the bytes of a coder's dictionary; for the layouts see 7-Zip's DOC/Methods and lzma.txt."""
    properties: bytes = coder.get("properties") or b""
    if coder["method"] == _LZMA and len(properties) == 5:
        return int.from_bytes(properties[1:5], "little")
    if coder["method"] == _LZMA2 and len(properties) == 1:
        bits = properties[0]
        return 0xFFFFFFFF if bits >= 40 else (2 | bits & 1) << (bits // 2 + 11)
    return 0

"""Finds files in an ISO 9660 image by name, reading only the directories on their path.

Layout: ECMA-119 (the free text of ISO 9660), sections 8.4 and 9.1. Only the primary tree is read, because Joliet and
Rock Ridge are other views of the same files, and no console reads them. Sectors are always 2048 bytes, whatever the
descriptor states, as in the consoles' own drivers. Every number from the image is checked against the size of the image
before it is used.
"""

from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import islice
from struct import Struct
from typing import NamedTuple, Protocol

from discpress.engine.formats import SECTOR_SIZE

FIRST_DESCRIPTOR_SECTOR = 16
MAX_DESCRIPTORS = 16
"""Most descriptors read in search of the primary one; real discs have two to four."""

MAX_DIRECTORY_BYTES = 1024 * 1024
"""Most bytes read of one directory: about 20,000 records."""

MAX_TREE_BYTES = 32 * 1024 * 1024
MAX_DIRECTORIES = MAX_TREE_BYTES // SECTOR_SIZE
MAX_PATH_LENGTH = 1024
"""Limits of `list_files`: bytes of directories, directories, and characters of one path."""

# type, magic, system id, volume id, sectors, root record
_DESCRIPTOR = Struct("<B5s2x32s32s8xI72x34s")
# length, attribute sectors, start sector, bytes, flags, length of the name that follows
_RECORD = Struct("<BBI4xI11xB6xB")
_RECORD_BYTES, _read_record = _RECORD.size, _RECORD.unpack_from
_MAGIC = b"CD001"
_PRIMARY = 1
_TERMINATOR = 255
_DIRECTORY = 0x02
_ASSOCIATED = 0x04
_SELF_AND_PARENT = (b"\0", b"\1")


class SectorSource(Protocol):
    """Decoded bytes of a disc image, whatever the file's format."""

    @property
    def size(self) -> int:
        """Decoded size in bytes."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Return `length` decoded bytes from `offset`, fewer only at the end. DamagedImageError, OSError."""


class FileExtent(NamedTuple):
    """The place of a file or a directory; always inside the image."""

    offset: int
    """Bytes from the start of the decoded image."""
    length: int
    """Bytes."""


class DirectoryRecord(NamedTuple):
    """One directory entry that was found by name."""

    extent: FileExtent
    is_directory: bool


class Volume(NamedTuple):
    """The used fields of the primary volume descriptor."""

    system_id: str
    """`PLAYSTATION`, `PSP GAME`, `LINUX`, ...; unchecked text."""
    volume_id: str
    """The disc's label; unchecked text."""
    volume_sectors: int
    """Sectors that the volume claims; the image may have fewer or more."""
    root: FileExtent
    """The root directory of the primary tree."""


def read_volume(source: SectorSource) -> Volume | None:
    """Return the first primary descriptor whose root directory lies in the image, else None.

    Reads one sector if the primary descriptor is the first, as on nearly every disc. Errors of `read_at` pass through.
    """
    for sector in range(FIRST_DESCRIPTOR_SECTOR, FIRST_DESCRIPTOR_SECTOR + MAX_DESCRIPTORS):
        data = source.read_at(sector * SECTOR_SIZE, SECTOR_SIZE)
        if len(data) < SECTOR_SIZE:
            return None
        kind, magic, system_id, volume_id, volume_sectors, root_record = _DESCRIPTOR.unpack_from(data)
        if magic != _MAGIC or kind == _TERMINATOR:
            return None
        if kind != _PRIMARY:
            continue
        _, attribute_sectors, start_sector, length, _, _ = _read_record(root_record)
        root = _extent(source, start_sector + attribute_sectors, length)
        if root is not None and length > 0:
            return Volume(_identifier(system_id), _identifier(volume_id), volume_sectors, root)
    return None


def lookup(source: SectorSource, directory: FileExtent, names: Collection[str]) -> dict[str, DirectoryRecord]:
    """Return those of the upper-case ASCII `names` that the directory contains, in one pass.

    Case, a version (`;1`) and the dot of an empty extension are ignored. Of several versions the first, which is the
    newest, is returned. A name whose extent leaves the image is not found. The pass stops when all names are found.
    """
    wanted = _encoded(frozenset(names))
    found: dict[str, DirectoryRecord] = {}
    for raw_name, start_sector, length, flags in _records(source, directory):
        name = wanted.get(raw_name.partition(b";")[0].rstrip(b".").upper())
        if name is None or name in found or flags & _ASSOCIATED:
            continue
        extent = _extent(source, start_sector, length)
        if extent is not None:
            found[name] = DirectoryRecord(extent, bool(flags & _DIRECTORY))
            if len(found) == len(wanted):
                break
    return found


@lru_cache(maxsize=16)
def _encoded(names: frozenset[str]) -> dict[bytes, str]:
    return {name.encode("ascii"): name for name in names}


def find(source: SectorSource, path: str) -> FileExtent | None:
    """Return the extent of the file at `path` (`/PSP_GAME/PARAM.SFO`), or None if there is no such file.

    Reads the descriptor and one directory for each step of the path. Of a file in several extents (over 4 GiB) the
    first is returned. Errors of `read_at` pass through.
    """
    volume = read_volume(source)
    if volume is None or not path.isascii():
        return None
    step = DirectoryRecord(volume.root, is_directory=True)
    for name in path.strip("/").upper().split("/"):
        found = lookup(source, step.extent, (name,)) if step.is_directory else {}
        if name not in found:
            return None
        step = found[name]
    return None if step.is_directory else step.extent


def is_directory_at(source: SectorSource, extent: FileExtent) -> bool:
    """Return whether a directory begins there: its first record is that of itself (ECMA-119, 6.8.2.2)."""
    first = next(_records(source, extent), None)
    return first is not None and first[0] == _SELF_AND_PARENT[0] and first[1] * SECTOR_SIZE == extent.offset


def read_file(source: SectorSource, extent: FileExtent, limit: int) -> bytes:
    """Return the first `limit` bytes of a file, or all of a shorter one."""
    return source.read_at(extent.offset, min(extent.length, limit))


def list_files(source: SectorSource, limit: int) -> Iterator[tuple[str, FileExtent]]:
    """Return at most `limit` files of the primary tree as (path, extent): `("DATA/TEXT.BIN", ...)`.

    Names lose their version and keep undecodable bytes as surrogates. No directory is read twice, whatever the image
    claims, and the walk ends at MAX_TREE_BYTES of directories. Errors of `read_at` pass through.
    """
    return islice(_walk(source), max(0, limit))


def _walk(source: SectorSource) -> Iterator[tuple[str, FileExtent]]:
    volume = read_volume(source)
    if volume is None:
        return
    pending = [("", volume.root)]
    seen = {volume.root.offset}
    tree_bytes = 0
    while pending:
        folder, directory = pending.pop()
        tree_bytes += min(directory.length, MAX_DIRECTORY_BYTES)
        if tree_bytes > MAX_TREE_BYTES:
            return
        for name, extent, is_directory in _entries(source, directory):
            path = folder + name
            if not is_directory:
                yield path, extent
            elif extent.offset not in seen and len(seen) < MAX_DIRECTORIES and len(path) < MAX_PATH_LENGTH:
                seen.add(extent.offset)
                pending.append((path + "/", extent))


def _entries(source: SectorSource, directory: FileExtent) -> Iterator[tuple[str, FileExtent, bool]]:
    """Yield (name without its version, extent, whether it is a directory) of what lies inside the image."""
    for raw_name, start_sector, length, flags in _records(source, directory):
        extent = _extent(source, start_sector, length)
        if extent is None or raw_name in _SELF_AND_PARENT or not raw_name or flags & _ASSOCIATED:
            continue
        name = raw_name.partition(b";")[0].rstrip(b".").decode("ascii", "surrogateescape")
        yield name, extent, bool(flags & _DIRECTORY)


def _records(source: SectorSource, directory: FileExtent) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield (name, start sector, bytes, flags) of a directory, one sector read at a time.

    A record never crosses a sector border (ECMA-119, 6.8.1.1): a length of 0, or one that would cross it, ends the
    sector.
    """
    end = directory.offset + min(directory.length, MAX_DIRECTORY_BYTES)
    for offset in range(directory.offset, end, SECTOR_SIZE):
        sector = source.read_at(offset, min(SECTOR_SIZE, end - offset))
        position, last = 0, len(sector) - _RECORD_BYTES
        while position <= last:
            length, attribute_sectors, start, size, flags, name_length = _read_record(sector, position)
            name_offset = position + _RECORD_BYTES
            position += length
            if position < name_offset + name_length or position > len(sector):
                break
            yield sector[name_offset : name_offset + name_length], start + attribute_sectors, size, flags


def _extent(source: SectorSource, start_sector: int, length: int) -> FileExtent | None:
    offset = start_sector * SECTOR_SIZE
    return FileExtent(offset, length) if offset + length <= source.size else None


def _identifier(field: bytes) -> str:
    return field.decode("ascii", "replace").rstrip(" \0")

"""The content of an open GameCube or Wii disc as RVZ and WIA pack it: areas in groups, partitions without encryption.

Source: wia.rs of nod; the offsets are those of its headers (wiibrew.org, Wii disc; YAGCD, section 13).
"""

from collections.abc import Callable, Iterator, Sequence
from struct import Struct
from typing import NamedTuple

from discpress.engine.errors import DamagedImageError, UnsupportedImageError
from discpress.engine.images.image import Image, no_check
from discpress.engine.images.known_disc import ReadAt, find_mark
from discpress.engine.images.nintendo.clusters import CLUSTER_BYTES, CONTENT_BYTES, Clusters
from discpress.engine.images.nintendo.padding import Padding
from discpress.engine.images.nintendo.partitions import find_partitions
from discpress.engine.systems import System
from discpress.engine.units import MIB

_HEAD_BYTES = 0x440
_NO_HASHES, _NO_ENCRYPTION = 0x60, 0x61
_FILES = Struct(">4xII")
"""At _FILES_OFFSET: place and size of the list of files, on a Wii disc in units of 4 bytes."""
_FILES_OFFSET = 0x420
_ENTRY = Struct(">B3xII")  # kind, place, length; of the first one, the length is the number of entries
_FILE = 0
_MOST_LIST_BYTES = 64 * MIB
_WII_UNIT = 4


class Area(NamedTuple):
    """A part of the disc that is packed in groups of its own."""

    start: int
    end: int
    clusters: Clusters | None
    """The partition whose data it is; None for what is not encrypted."""


class Origin(NamedTuple):
    """The padding of an area."""

    padding: Padding
    file_ends: Sequence[int]
    """The ends of files, ascending: padding begins there too."""


class Piece(NamedTuple):
    """A piece of an area."""

    data: bytes
    """Its bytes, those of a partition decrypted and without hashes."""
    offset: int
    """Its offset on the disc, or in the content of its partition."""
    origin: Origin
    is_in_partition: bool


class DiscContent:
    """An open disc, read by areas."""

    def __init__(self, image: Image, check: Callable[[], None] = no_check) -> None:
        """Read the tables of the disc and the lists of files in its partitions.

        `check` may raise to stop. UnsupportedImageError or DamagedImageError for a disc whose partitions cannot be
        read; the errors of `Clusters.read`.
        """
        self.image = image
        head = image.read_at(0, _HEAD_BYTES)
        system = find_mark(lambda offset, length: head[offset : offset + length])
        self._check = check
        ends = _file_ends(head, 1, image.read_at) if system is System.GAMECUBE else []
        self.disc = Origin(Padding(head), ends)
        self.partitions = tuple(self._find_partitions(head)) if system is System.WII else ()
        self._origins = {each.partition: self._origin_of(each) for each in self.partitions}
        self.areas = tuple(self._find_areas())

    @property
    def size(self) -> int:
        """Bytes of the disc."""
        return self.image.size

    def read(self, area: Area, spans: Sequence[tuple[int, int]]) -> list[Piece]:
        """Return spans of an area, as (offset on the disc, length). Errors as for `Clusters.read`."""
        if area.clusters is None:
            found = []
            for offset, length in spans:
                self._check()
                data = bytearray(length)
                self.image.read_all(data, offset)
                found.append(Piece(bytes(data), offset, self.disc, is_in_partition=False))
            return found
        origin = self._origins[area.clusters.partition]
        start = area.clusters.partition.data_start
        return [
            Piece(data, (offset - start) // CLUSTER_BYTES * CONTENT_BYTES, origin, is_in_partition=True)
            for (offset, _), data in zip(spans, area.clusters.read(spans, self._check), strict=True)
        ]

    def _find_partitions(self, head: bytes) -> Iterator[Clusters]:
        end = 0
        for found in find_partitions(self.image.read_at):
            places = found.start, found.data_start, found.data_end
            if not end <= places[0] < places[1] <= places[2] <= self.size or any(at % CLUSTER_BYTES for at in places):
                raise DamagedImageError(f"{self.image.name}: its table of partitions is impossible, or the disc is cut")
            if head[_NO_HASHES]:
                raise UnsupportedImageError(f"{self.image.name}: the partitions of this Wii disc have no hashes")
            end = found.data_end
            yield Clusters(self.image, found, is_encrypted=not head[_NO_ENCRYPTION])

    def _origin_of(self, clusters: Clusters) -> Origin:
        head = clusters.read_content(0, _HEAD_BYTES, self._check).ljust(_HEAD_BYTES, b"\0")
        is_game = find_mark(lambda offset, length: head[offset : offset + length]) is System.WII

        def read_at(offset: int, length: int) -> bytes:
            return clusters.read_content(offset, length, self._check) if is_game else b""

        return Origin(Padding(head), _file_ends(head, _WII_UNIT, read_at))

    def _find_areas(self) -> Iterator[Area]:
        end = 0
        for clusters in self.partitions:
            partition = clusters.partition
            yield Area(end, partition.start, None)
            yield Area(partition.start, partition.data_start, None)
            yield Area(partition.data_start, partition.data_end, clusters)
            end = partition.data_end
        yield Area(end, self.size, None)


def _file_ends(head: bytes, unit: int, read_at: ReadAt) -> list[int]:
    """Return the ends of the list of files and of all files in it, ascending; only the first if the list is impossible.

    `head` are the first bytes of the disc or of a partition.
    """
    place, length = (each * unit for each in _FILES.unpack_from(head, _FILES_OFFSET))
    ends = {place + length}
    entries = read_at(place, min(length, _MOST_LIST_BYTES))
    _, _, count = _ENTRY.unpack(entries[: _ENTRY.size].ljust(_ENTRY.size, b"\0"))
    if count * _ENTRY.size <= len(entries):
        found = _ENTRY.iter_unpack(entries[: count * _ENTRY.size])
        ends |= {place * unit + length for kind, place, length in found if kind == _FILE}
    return sorted(ends)

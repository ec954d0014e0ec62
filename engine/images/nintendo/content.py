"""The content of an open GameCube or Wii disc as RVZ and WIA pack it: areas in groups, partitions without encryption.

Source: wia.rs of nod; the offsets are those of its headers (wiibrew.org, Wii disc; YAGCD, section 13).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from operator import attrgetter
from struct import Struct
from typing import NamedTuple

from discpress.engine.errors import DamagedImageError
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
_MOST_LIST_BYTES = 4 * MIB
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
        """Take an open disc; `check` may raise to stop. Everything is read when it is needed.

        Raises DamagedImageError then if the partitions are at impossible places, and the errors of `Clusters.read`.
        """
        self.image = image
        self._head = image.read_at(0, _HEAD_BYTES).ljust(_HEAD_BYTES, b"\0")
        self._check = check
        self._origins: dict[Clusters | None, Origin] = {}

    @property
    def size(self) -> int:
        """Bytes of the disc."""
        return self.image.size

    def read(self, area: Area, spans: Sequence[tuple[int, int]]) -> list[Piece]:
        """Return spans of an area, as (offset on the disc, length). Errors as for `Clusters.read`."""
        origin = self.origin_of(area.clusters)
        if area.clusters is None:
            found = []
            for offset, length in spans:
                self._check()
                data = bytearray(length)
                self.image.read_all(data, offset)
                found.append(Piece(bytes(data), offset, origin, is_in_partition=False))
            return found
        start = area.clusters.partition.data_start
        return [
            Piece(data, (offset - start) // CLUSTER_BYTES * CONTENT_BYTES, origin, is_in_partition=True)
            for (offset, _), data in zip(spans, area.clusters.read(spans, self._check), strict=True)
        ]

    def origin_of(self, clusters: Clusters | None) -> Origin:
        """Return the padding of a partition, or of the rest of the disc. Errors as for `Clusters.read`."""
        if clusters not in self._origins:
            self._origins[clusters] = self._find_origin(clusters)
        return self._origins[clusters]

    def _find_origin(self, clusters: Clusters | None) -> Origin:
        if clusters is None:
            ends = _file_ends(self._head, 1, self.image.read_at) if _is_of(System.GAMECUBE, self._head) else []
            return Origin(Padding(self._head), ends)
        head = clusters.read_content(0, _HEAD_BYTES, self._check).ljust(_HEAD_BYTES, b"\0")
        is_game = _is_of(System.WII, head)

        def read_at(offset: int, length: int) -> bytes:
            return clusters.read_content(offset, length, self._check) if is_game else b""

        return Origin(Padding(head), _file_ends(head, _WII_UNIT, read_at))

    @cached_property
    def partitions(self) -> Sequence[Clusters]:
        """The partitions of a Wii disc, in their order on it.

        None if they have no hashes, because nod-rs packs them like the rest then.
        """
        return [*self._find_partitions()] if _is_of(System.WII, self._head) and not self._head[_NO_HASHES] else []

    def _find_partitions(self) -> Iterator[Clusters]:
        end = 0
        for found in sorted(find_partitions(self.image.read_at), key=attrgetter("start")):
            places = found.start, found.data_start, found.data_end
            if not end <= places[0] < places[1] <= places[2] <= self.size or any(at % CLUSTER_BYTES for at in places):
                raise DamagedImageError(
                    f"{self.image.name}: its table of partitions is impossible, or the disc is cut",
                    hint="restore the file from a backup, or get it again",
                )
            end = found.data_end
            yield Clusters(self.image, found, is_encrypted=not self._head[_NO_ENCRYPTION])

    @cached_property
    def areas(self) -> Sequence[Area]:
        """The areas of the disc, in order; some may be empty."""
        return [*self._find_areas()]

    def _find_areas(self) -> Iterator[Area]:
        end = 0
        for clusters in self.partitions:
            partition = clusters.partition
            yield Area(end, partition.start, None)
            yield Area(partition.start, partition.data_start, None)
            yield Area(partition.data_start, partition.data_end, clusters)
            end = partition.data_end
        yield Area(end, self.size, None)


def _is_of(system: System, head: bytes) -> bool:
    return find_mark(lambda offset, length: head[offset : offset + length]) is system


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

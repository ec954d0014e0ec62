"""The content of a partition of a Wii disc, decrypted by nod-rs.

A partition has clusters of 32 KiB: 0x400 bytes of hashes and 0x7C00 bytes of content, both encrypted. nod-rs packs a
small disc of such clusters as a WIA without a codec, which contains the content in order. A cluster decrypts at any
place. Layout: wiibrew.org, Wii disc; WiaAndRvz.md of Dolphin.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from struct import Struct

from discpress.engine.errors import DamagedImageError, from_os_error
from discpress.engine.images.image import Image
from discpress.engine.images.nintendo.partitions import (
    DATA,
    DATA_OFFSET,
    PAIR,
    TABLES_OFFSET,
    UNIT,
    Partition,
)
from discpress.engine.images.nintendo.process import NodProcess
from discpress.engine.images.source import FileSource
from discpress.engine.units import MIB

CLUSTER_BYTES = 0x8000
HASH_BYTES = 0x400
CONTENT_BYTES = CLUSTER_BYTES - HASH_BYTES
_HEADER_BYTES = 0x2C0
"""The ticket, and the places of all other things."""

# A small disc: tables, the header of a partition, a cluster of zeros where the beginning of its content would be, which
# nod-rs then does not read, and the clusters.
_NO_FLAGS_OFFSET = 0x60
_REGION_OFFSET, _REGION_MARK = 0x4FFFC, bytes.fromhex("c3f81a8e")
_SMALL_PARTITION = 0x50000
_SMALL_DATA = _SMALL_PARTITION + CLUSTER_BYTES
_SMALL_ENTRY = 0x40020
_HEAD_BYTES = 0x400
_MOST_CLUSTERS = 512
"""Decrypted at once: 16 MiB."""
_GROUP_BYTES = 2 * MIB
_GROUP_CLUSTERS = _GROUP_BYTES // CLUSTER_BYTES
_GROUPS_BEFORE = 2
"""Groups of the WIA before those of the partition: for the tables, and for its header."""
_WIA_GROUPS_OFFSET = 0x110
_WIA_GROUP = Struct(">II")  # offset in units of 4 bytes, stored bytes; 0 bytes are zeros
_EXCEPTIONS_BYTES = 4
"""At the start of a group: the empty list of its exceptions."""


class Clusters:
    """Reads the content of one partition of an open disc."""

    def __init__(self, image: Image, partition: Partition, *, is_encrypted: bool) -> None:
        self._image = image
        self._is_encrypted = is_encrypted
        self._header = image.read_at(partition.start, _HEADER_BYTES)
        self.partition = partition

    def read(self, spans: Sequence[tuple[int, int]], check: Callable[[], None]) -> list[bytes]:
        """Return the content of spans of the disc, as (offset, length); each begins with a cluster of the partition.

        If a span ends within a cluster, so does its content. `check` may raise to stop. Raises the errors of reading
        the image and of `NodProcess`, and StorageError if there is no space for a temporary file.
        """
        found, waiting, clusters = list[bytes](), list[bytes](), 0
        for offset, length in spans:
            check()
            waiting.append(self._image.read_at(offset, length))
            clusters += -(-length // CLUSTER_BYTES)
            if clusters >= _MOST_CLUSTERS:
                found += self._contents(waiting)
                waiting, clusters = [], 0
        return [*found, *self._contents(waiting)]

    def read_content(self, offset: int, length: int, check: Callable[[], None]) -> bytes:
        """Return bytes of the content by their offset in it, see `read`."""
        first, skip = divmod(offset, CONTENT_BYTES)
        clusters = -(-(skip + length) // CONTENT_BYTES)
        start = self.partition.data_start + first * CLUSTER_BYTES
        end = min(start + clusters * CLUSTER_BYTES, self.partition.data_end)
        if start >= end:
            return b""
        (content,) = self.read([(start, end - start)], check)
        return content[skip : skip + length]

    def _contents(self, spans: Sequence[bytes]) -> Iterator[bytes]:
        clusters = [data[at : at + CLUSTER_BYTES] for data in spans for at in range(0, len(data), CLUSTER_BYTES)]
        if self._is_encrypted and clusters:
            decrypted = iter(self._decrypt(clusters))
        else:
            decrypted = iter([cluster[HASH_BYTES:] for cluster in clusters])
        for data in spans:
            whole, rest = divmod(len(data), CLUSTER_BYTES)
            pieces = [next(decrypted) for _ in range(whole + bool(rest))]
            yield b"".join(pieces)[: whole * CONTENT_BYTES + max(0, rest - HASH_BYTES)]

    def _decrypt(self, clusters: Sequence[bytes]) -> list[bytes]:
        """Return the content of clusters; of one that is cut, the bytes after the cut mean nothing."""
        path = self._write_small_disc(clusters)
        try:
            source = FileSource(path)
            source.path = self._image.path  # for messages
            try:
                packed = _pack(source, path)
            finally:
                source.close()
        finally:
            path.unlink(missing_ok=True)
        found = list(_groups(packed, len(clusters) + 1))
        if sum(map(len, found)) != (len(clusters) + 1) * CONTENT_BYTES:
            raise DamagedImageError(f"{self._image.name}: nod-rs cannot decrypt its partitions")
        content = b"".join(found)
        return [content[at : at + CONTENT_BYTES] for at in range(CONTENT_BYTES, len(content), CONTENT_BYTES)]

    def _write_small_disc(self, clusters: Sequence[bytes]) -> Path:
        """Write a temporary file with a disc of these clusters. StorageError if there is no space for it."""
        try:
            fd, name = tempfile.mkstemp(prefix="discpress-")
        except OSError as error:
            raise from_os_error(error, Path(error.filename or "").parent, "make a temporary file there") from error
        path = Path(name)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(self._small_disc(len(clusters)))
                file.truncate(_SMALL_DATA + (len(clusters) + 2) * CLUSTER_BYTES)
                for number, cluster in enumerate(clusters, 1):
                    file.seek(_SMALL_DATA + number * CLUSTER_BYTES)
                    file.write(cluster)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise from_os_error(error, path, "write it") from error
        return path

    def _small_disc(self, clusters: int) -> bytes:
        """Return a disc up to the data of its only partition."""
        disc = bytearray(_SMALL_DATA)
        disc[:_HEAD_BYTES] = self._image.read_at(0, _HEAD_BYTES)
        disc[_NO_FLAGS_OFFSET : _NO_FLAGS_OFFSET + 2] = bytes(2)
        disc[_REGION_OFFSET : _REGION_OFFSET + len(_REGION_MARK)] = _REGION_MARK
        PAIR.pack_into(disc, TABLES_OFFSET, 1, _SMALL_ENTRY // UNIT)
        PAIR.pack_into(disc, _SMALL_ENTRY, _SMALL_PARTITION // UNIT, DATA)
        disc[_SMALL_PARTITION : _SMALL_PARTITION + len(self._header)] = self._header
        data_bytes = (clusters + 1) * CLUSTER_BYTES
        places = (_SMALL_DATA - _SMALL_PARTITION) // UNIT, data_bytes // UNIT
        PAIR.pack_into(disc, _SMALL_PARTITION + DATA_OFFSET, *places)
        return bytes(disc)


def _pack(source: FileSource, path: Path) -> bytes:
    """Return a disc as a WIA without a codec; its file loses its name `path` as soon as nod-rs has opened it."""
    process = NodProcess(source, {"format": "WIA", "compression": "None", "block_size": _GROUP_BYTES})
    packed = bytearray()
    try:
        process.first_fact("size_bytes")
        path.unlink()
        for piece in process.pieces():
            if piece.is_header:
                packed[: len(piece.content)] = piece.content
            else:
                packed += piece.content
    finally:
        process.close()
    return bytes(packed)


def _groups(packed: bytes, clusters: int) -> Iterator[bytes]:
    """Yield the content of the partition's groups in a WIA without a codec."""
    (table,) = Struct(">Q").unpack_from(packed, _WIA_GROUPS_OFFSET)
    for number in range(-(-clusters // _GROUP_CLUSTERS)):
        offset, length = _WIA_GROUP.unpack_from(packed, table + (_GROUPS_BEFORE + number) * _WIA_GROUP.size)
        content_bytes = min(_GROUP_CLUSTERS, clusters - number * _GROUP_CLUSTERS) * CONTENT_BYTES
        start = offset * UNIT + _EXCEPTIONS_BYTES
        yield packed[start : start + content_bytes] if length else bytes(content_bytes)

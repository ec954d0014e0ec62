"""Recognition of the kind of a disc by its first sectors, without identifying the game."""

from collections.abc import Callable, Iterator
from struct import Struct
from typing import TypeAlias

from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.systems import MARKS, System

ReadAt: TypeAlias = Callable[[int, int], bytes]
"""Returns the given number of decoded bytes from an offset on, fewer only at the end of the image."""

PVD_SECTOR = 16
PVD_MAGIC = b"\x01CD001"
_VOLUME_SECTORS = Struct("<80xI")

# The volume recognition sequence (ECMA-167, 2/8.3 and 3/9.1), of which the descriptors of ISO 9660 are a part.
_DESCRIPTORS = range(PVD_SECTOR, PVD_SECTOR + 16)
_UDF_IDS = {b"NSR02", b"NSR03"}
_IDS = _UDF_IDS | {b"CD001", b"BEA01", b"BOOT2", b"CDW02", b"TEA01"}
_START_BYTES = max(mark.offset + len(mark.content) for _, mark in MARKS if mark.offset < 2 * SECTOR_SIZE)
"""Bytes that contain the marks of the first two sectors, so that one read finds them all."""
_NEAR_MARKS = tuple(each for each in MARKS if each[1].offset < _START_BYTES)
_FAR_MARKS = tuple(each for each in MARKS if each[1].offset >= _START_BYTES)


def volume_bytes(read_at: ReadAt) -> int | None:
    """Return the size of the volume that the primary descriptor of ISO 9660 states; None without a descriptor.

    Raises the errors of `read_at`.
    """
    sector = read_at(PVD_SECTOR * SECTOR_SIZE, SECTOR_SIZE)
    if not sector.startswith(PVD_MAGIC) or len(sector) < SECTOR_SIZE:
        return None
    return int(_VOLUME_SECTORS.unpack_from(sector)[0]) * SECTOR_SIZE


def find_disc(read_at: ReadAt) -> System | None:
    """Return the kind of disc in decoded bytes; None if there is no known magic. Raises the errors of `read_at`.

    A disc with a file system is ISO9660 or UDF, whatever console it is for.
    """
    for head in _descriptors(read_at):
        if head == PVD_MAGIC:
            return System.ISO9660
        if head[1:] in _UDF_IDS:
            return System.UDF
    return find_mark(read_at)


def has_udf(read_at: ReadAt) -> bool:
    """Return whether decoded bytes have a UDF volume, alone or next to ISO 9660. Raises the errors of `read_at`."""
    return any(head[1:] in _UDF_IDS for head in _descriptors(read_at))


def _descriptors(read_at: ReadAt) -> Iterator[bytes]:
    """Yield the type and the id of each descriptor in the volume recognition sequence."""
    for sector in _DESCRIPTORS:
        head = read_at(sector * SECTOR_SIZE, len(PVD_MAGIC))
        if head[1:] not in _IDS:
            return
        yield head


def find_mark(read_at: ReadAt) -> System | None:
    """Return the system whose mark the decoded bytes have; None if they have none. Raises the errors of `read_at`."""
    start = read_at(0, _START_BYTES)
    for system, mark in _NEAR_MARKS:
        if start.startswith(mark.content, mark.offset):
            return system
    for system, mark in _FAR_MARKS:
        if read_at(mark.offset, len(mark.content)) == mark.content:
            return system
    return None

"""Xbox and Xbox 360 discs: finds the game partition and reads the header of its program.

Layouts: xdvdfs_structs.h, xbox_xbe_structs.h and xbox360_xex_structs.h of rom-properties. XDVDFS and XBE are
little-endian, XEX is big-endian. Every number is checked before it is used.
"""

import re
from collections.abc import Iterator
from struct import Struct

from discpress.engine.discs.file_titles import clean_text
from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.discs.iso9660 import FileExtent, SectorSource
from discpress.engine.discs.playstation import small_number
from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.systems import SYSTEMS, System

# Offsets of the game partition: an image of it alone, then whole discs by their generation (XGD1, XGD2, XGD3).
_PARTITIONS = {
    0: System.XBOX,
    0x30600 * SECTOR_SIZE: System.XBOX,
    0x1FB20 * SECTOR_SIZE: System.XBOX_360,
    0x4100 * SECTOR_SIZE: System.XBOX_360,
}
(_MARK,) = SYSTEMS[System.XBOX].marks
_VOLUME = Struct("<20sII")  # magic, sector and bytes of the root directory
_ENTRY = Struct("<4xIIBB")  # subtrees, first sector, bytes, attributes, length of the name that follows
_MAX_DIRECTORY_BYTES = 64 * 1024
_PROGRAMS = {b"default.xbe": System.XBOX, b"default.xex": System.XBOX_360}

_XBE = Struct("<4s256xI16xI")  # magic, base address, address of the certificate
_CERTIFICATE = Struct("<8xHH80s68xI4xI")  # number and publisher of the title, its name, regions, disc from 0
_MAX_HEADER_BYTES = 64 * 1024
_REGION_BITS = {1: "US", 2: "JP", 4: "EU"}

_XEX = Struct(">4s16xI")  # magic, number of the optional headers that follow
_XEX_OPTION = Struct(">II")  # key, offset in the file
_XEX_EXECUTION = 0x00040006
_EXECUTION = Struct(">12xHH2xBB")  # publisher and number of the title, disc, discs of the set
_MAX_OPTIONS = 64
_PUBLISHER = re.compile(rb"[A-Z0-9]{2}")


def read_xbox(source: SectorSource) -> tuple[DiscInfo, tuple[str, ...]]:
    """Return the facts of the disc and the regions that it states; of a disc without a game partition, no system."""
    for offset, system in _PARTITIONS.items():
        if offset + _MARK.offset + SECTOR_SIZE > source.size:
            continue
        magic, sector, length = _VOLUME.unpack(source.read_at(offset + _MARK.offset, _VOLUME.size))
        if magic == _MARK.content:
            return _read_partition(source, offset, FileExtent(offset + sector * SECTOR_SIZE, length), system)
    return DiscInfo(), ()


def _read_partition(
    source: SectorSource, offset: int, root: FileExtent, system: System
) -> tuple[DiscInfo, tuple[str, ...]]:
    for name, start_sector in _entries(source, root):
        program = _PROGRAMS.get(name.lower())
        start = offset + start_sector * SECTOR_SIZE
        if program is System.XBOX:
            return _read_xbe(source, start)
        if program is System.XBOX_360:
            return _read_xex(source, start), ()
    return DiscInfo(system, found=Found.INSIDE), ()


def _entries(source: SectorSource, directory: FileExtent) -> Iterator[tuple[bytes, int]]:
    """Yield (name, first sector) of a directory; entries begin at multiples of 4 and never cross a sector border."""
    data = source.read_at(directory.offset, min(directory.length, _MAX_DIRECTORY_BYTES))
    for sector in range(0, len(data), SECTOR_SIZE):
        position, end = sector, min(sector + SECTOR_SIZE, len(data))
        while position + _ENTRY.size <= end:
            start, _, _, name_length = _ENTRY.unpack_from(data, position)
            name = data[position + _ENTRY.size : position + _ENTRY.size + name_length]
            if not name_length or position + _ENTRY.size + name_length > end:
                break
            yield name, start
            position += (_ENTRY.size + name_length + 3) & ~3


def _read_xbe(source: SectorSource, start: int) -> tuple[DiscInfo, tuple[str, ...]]:
    disc = DiscInfo(System.XBOX, found=Found.INSIDE)
    head = source.read_at(start, _XBE.size)
    if len(head) < _XBE.size:
        return disc, ()
    magic, base, address = _XBE.unpack(head)
    if magic != b"XBEH" or not 0 < address - base < _MAX_HEADER_BYTES:
        return disc, ()
    certificate = source.read_at(start + address - base, _CERTIFICATE.size)
    if len(certificate) < _CERTIFICATE.size:
        return disc, ()
    number, publisher, name, bits, disc_number = _CERTIFICATE.unpack(certificate)
    title = clean_text(name.decode("utf-16-le", "replace").partition("\0")[0])
    regions = tuple(region for bit, region in _REGION_BITS.items() if bits & bit)
    # The first disc has the number 0, as single discs do.
    later_disc = small_number(disc_number + 1) if disc_number else None
    return disc._replace(serial=_serial(publisher, number), title=title, disc_number=later_disc), regions


def _read_xex(source: SectorSource, start: int) -> DiscInfo:
    disc = DiscInfo(System.XBOX_360, found=Found.INSIDE)
    head = source.read_at(start, _XEX.size + _MAX_OPTIONS * _XEX_OPTION.size)
    if len(head) < _XEX.size or not head.startswith(b"XEX2"):
        return disc
    _, count = _XEX.unpack_from(head)
    options = head[_XEX.size : _XEX.size + min(count, _MAX_OPTIONS) * _XEX_OPTION.size]
    whole = options[: len(options) // _XEX_OPTION.size * _XEX_OPTION.size]
    offset = next((offset for key, offset in _XEX_OPTION.iter_unpack(whole) if key == _XEX_EXECUTION), 0)
    execution = source.read_at(start + offset, _EXECUTION.size) if 0 < offset < _MAX_HEADER_BYTES else b""
    if len(execution) < _EXECUTION.size:
        return disc
    publisher, number, disc_number, disc_total = _EXECUTION.unpack(execution)
    is_set = 1 <= disc_number <= disc_total <= 99
    return disc._replace(
        serial=_serial(publisher, number),
        disc_number=disc_number if is_set else None,
        disc_total=disc_total if is_set else None,
    )


def _serial(publisher: int, number: int) -> str:
    """Return `MS-004`: a title id is two letters of the publisher and a number; empty if it is another id."""
    letters = publisher.to_bytes(2, "big")
    return f"{letters.decode('ascii')}-{number:03}" if _PUBLISHER.fullmatch(letters) else ""

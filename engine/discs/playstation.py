"""PlayStation discs: reads serials and names from the files in their root directories."""

import re
from collections.abc import Mapping
from struct import Struct

from discpress.engine.discs.file_titles import clean_text
from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.discs.iso9660 import DirectoryRecord, FileExtent, SectorSource, lookup, read_file
from discpress.engine.discs.sfo import MAX_SFO_BYTES, parse_sfo
from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.systems import System

Root = Mapping[str, DirectoryRecord]
"""The found entries of the root directory, by name."""

_PSP_FOLDERS = {"PSP_GAME": System.PSP, "UMD_VIDEO": System.UMD_VIDEO}
_BOM = "\ufeff"
_LINE_ENDS = re.compile(r"[\r\n\0\x1a]+")
# The last step of `cdrom0:\SLUS_123.45;1`, with anything before and after it.
_BOOT_SERIAL = re.compile(r"(?:^|[\\/:])\s*([A-Z]{4})[_-]?([0-9]{3})[._]?([0-9]{2})(?![A-Z0-9])", re.IGNORECASE)
_DISC_ID = re.compile(r"\s*([A-Z]{4})-?([0-9]{5})(?![A-Z0-9])", re.IGNORECASE)
_VERSION = re.compile(r"\s*([0-9]{1,2})\.([0-9]{1,2})\s*", re.ASCII)

# PS3_DISC.SFB, big-endian: magic, then entries of key, offset and length of the value from 0x20 on.
_SFB_MAGIC = b".SFB"
_SFB_ENTRY = Struct(">16sII8x")
_SFB_ENTRIES = range(0x20, 0x200, _SFB_ENTRY.size)
_SFB_SERIAL = b"TITLE_ID"


def read_playstation(source: SectorSource, root: Root) -> DiscInfo | None:
    """Return the facts of a PS2 or PS1 disc from its SYSTEM.CNF; None if that boots neither."""
    extent = file_in(root, "SYSTEM.CNF")
    if extent is None:
        return None
    values = _lines(read_file(source, extent, SECTOR_SIZE))
    for key, system in (("BOOT2", System.PS2), ("BOOT", System.PS1)):
        if key in values:
            match = _BOOT_SERIAL.search(values[key])
            serial = f"{match[1]}-{match[2]}{match[3]}".upper() if match else ""
            return DiscInfo(system, serial, revision=version_name(values.get("VER", "")), found=Found.INSIDE)
    return None


def _lines(system_cnf: bytes) -> dict[str, str]:
    """Return the lines of a SYSTEM.CNF by key, in upper case; of repeated keys, the first counts."""
    values: dict[str, str] = {}
    for line in _LINE_ENDS.split(system_cnf.decode(errors="replace").removeprefix(_BOM)):
        key, equals, value = line.partition("=")
        if equals:
            values.setdefault(key.strip().upper(), value.strip())
    return values


def read_psp(source: SectorSource, root: Root) -> DiscInfo | None:
    """Return the facts of a PSP disc from PARAM.SFO and UMD_DATA.BIN; None if it has neither folder nor file."""
    name = next((name for name in _PSP_FOLDERS if name in root and root[name].is_directory), None)
    umd_data = file_in(root, "UMD_DATA.BIN")
    if name is None and umd_data is None:
        return None
    values = {} if name is None else _read_sfo(source, root[name].extent)
    serial = psp_serial(str(values.get("DISC_ID", "")))
    if not serial and umd_data is not None:
        serial = psp_serial(read_file(source, umd_data, SECTOR_SIZE).decode("ascii", "replace"))
    return DiscInfo(
        System.PSP if name is None else _PSP_FOLDERS[name],
        serial,
        clean_text(str(values.get("TITLE", ""))),
        disc_number=small_number(values.get("DISC_NUMBER")),
        disc_total=small_number(values.get("DISC_TOTAL")),
        revision=version_name(str(values.get("DISC_VERSION", ""))),
        found=Found.INSIDE,
    )


def read_ps3(source: SectorSource, root: Root) -> DiscInfo | None:
    """Return the facts of a PS3 disc from PS3_DISC.SFB and PARAM.SFO, both of which encrypted dumps keep readable.

    None if it has no PS3_DISC.SFB.
    """
    extent = file_in(root, "PS3_DISC.SFB")
    if extent is None:
        return None
    serial = _sfb_serial(read_file(source, extent, SECTOR_SIZE))
    folder = root.get("PS3_GAME")
    values = _read_sfo(source, folder.extent) if folder is not None and folder.is_directory else {}
    return DiscInfo(
        System.PS3,
        serial or psp_serial(str(values.get("TITLE_ID", ""))),
        clean_text(str(values.get("TITLE", ""))),
        revision=version_name(str(values.get("VERSION", ""))),
        found=Found.INSIDE,
    )


def _sfb_serial(data: bytes) -> str:
    if not data.startswith(_SFB_MAGIC):
        return ""
    for position in _SFB_ENTRIES:
        if position + _SFB_ENTRY.size > len(data):
            break
        key, offset, length = _SFB_ENTRY.unpack_from(data, position)
        if key.rstrip(b"\0") == _SFB_SERIAL:
            return psp_serial(data[offset : offset + min(length, 16)].decode("ascii", "replace"))
    return ""


def _read_sfo(source: SectorSource, folder: FileExtent) -> dict[str, str | int]:
    extent = file_in(lookup(source, folder, ("PARAM.SFO",)), "PARAM.SFO")
    return {} if extent is None else parse_sfo(read_file(source, extent, MAX_SFO_BYTES))


def psp_serial(text: str) -> str:
    """Return the serial at the start of a DISC_ID or UMD_DATA.BIN: `ULUS-10000`; empty if there is none."""
    match = _DISC_ID.match(text)
    return f"{match[1]}-{match[2]}".upper() if match else ""


def version_name(text: str) -> str:
    """Return a version as a revision, `v1.02`, without a leading zero; empty if it is none."""
    match = _VERSION.fullmatch(text)
    return f"v{int(match[1])}.{match[2]}" if match else ""


def small_number(value: str | int | None) -> int | None:
    """Return a plausible number of a disc, from 1 to 99; None for anything else."""
    return value if isinstance(value, int) and 1 <= value <= 99 else None


def file_in(records: Root, name: str) -> FileExtent | None:
    """Return the extent of a file, not of a directory, of that name."""
    record = records.get(name)
    return None if record is None or record.is_directory else record.extent

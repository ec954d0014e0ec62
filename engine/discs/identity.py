"""Identifies the game on a disc: system, serial, title, region and disc number, from a few sectors.

A PS2 or PS1 disc costs three sector reads (descriptor, root directory, SYSTEM.CNF), a PSP disc four
(descriptor, root, PSP_GAME, PARAM.SFO). The rules are docs/formats.md, section 4.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from discpress.engine.discs.file_titles import clean_text, read_file_title
from discpress.engine.discs.iso9660 import (
    DirectoryRecord,
    FileExtent,
    SectorSource,
    Volume,
    lookup,
    read_file,
    read_volume,
)
from discpress.engine.discs.sfo import MAX_SFO_BYTES, parse_sfo
from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.known_disc import DiscKind, find_disc

_PSP_FOLDERS = ("PSP_GAME", "UMD_VIDEO")
_ROOT_NAMES = ("SYSTEM.CNF", "PSX.EXE", "UMD_DATA.BIN", *_PSP_FOLDERS)
_LINE_ENDS = re.compile(r"[\r\n\0\x1a]+")
# The last step of `cdrom0:\SLUS_123.45;1`, with anything before and after it.
_BOOT_SERIAL = re.compile(r"(?:^|[\\/:])\s*([A-Z]{4})[_-]?([0-9]{3})[._]?([0-9]{2})(?![A-Z0-9])", re.IGNORECASE)
_DISC_ID = re.compile(r"\s*([A-Z]{4})-?([0-9]{5})(?![A-Z0-9])", re.IGNORECASE)

# The third letter of Sony's serials is the region (serialstation.com/serials/guide): S.. for PS1 and PS2
# discs, U.. for UMDs, NP. for downloads, in which H (Hong Kong) is Asia.
_REGION_PREFIX = re.compile(r"(?:S[CIL]|U[CLMT]|NP)([ACEHJKPU])[A-Z]")
_REGION_LETTERS = {"A": "AS", "C": "CN", "E": "EU", "H": "AS", "J": "JP", "K": "KR", "P": "JP", "U": "US"}
# Promotion discs and publishers' own prefixes. PBPX is left out: PBPX-95503 is American, -95205 European,
# -95523 Japanese. Compared, with the rule above, with 13,000 PS2 and 7,600 PSP serials of
# github.com/niemasd/GameDB-PS2 and -PSP, which have NTSC-U, PAL and NTSC-J (here JP, KR, AS and CN).
_REGION_EXCEPTIONS = {
    **dict.fromkeys(("PAPX", "PCPX", "ALCH", "CPCS", "GUST", "KOEI", "TCPS"), "JP"),
    **dict.fromkeys(("TCES", "TLES"), "EU"),
    "PUPX": "US",
}


class System(StrEnum):
    """The system that plays the disc."""

    PS2 = "ps2"
    PS1 = "ps1"
    PSP = "psp"
    GAMECUBE = "gamecube"
    WII = "wii"
    ISO9660 = "iso9660"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """Its name for people: `PS2`, `ISO 9660`, `unknown`."""
        return _LABELS[self]


_LABELS = {
    System.PS2: "PS2",
    System.PS1: "PS1",
    System.PSP: "PSP",
    System.GAMECUBE: "GameCube",
    System.WII: "Wii",
    System.ISO9660: "ISO 9660",
    System.UNKNOWN: "unknown",
}


_CONSOLES: dict[DiscKind | None, System] = {DiscKind.GAMECUBE: System.GAMECUBE, DiscKind.WII: System.WII}
"""Discs without a file system that is read here, whose first bytes tell the console all the same."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of a disc; texts are single lines, but not escaped for a terminal."""

    system: System
    serial: str
    """`SLUS-12345`; empty if the disc has none, like homebrew."""
    title: str
    region: str
    """`US`, `EU`, `JP`, `KR`, `CN` or `AS` (Asia), from the serial, else from the file name; empty if unknown."""
    disc_number: int | None
    """From 1; None if neither the disc nor the file name states it."""
    disc_total: int | None
    tags: tuple[str, ...]
    """The bracketed parts of the file name, with the brackets."""
    has_disc: bool = True
    """Whether discpress knows any of the content; False for an image that may be any bytes."""


@dataclass(slots=True)
class _Facts:
    """The facts on the disc itself."""

    system: System
    serial: str = ""
    title: str = ""
    disc_number: int | None = None
    disc_total: int | None = None


def identify(source: SectorSource, file_name: str) -> Identity:
    """Return the identity of the disc in `source`; facts missing on the disc are completed from `file_name`.

    No content makes it fail: without a usable file system, or the mark of a console, the system is UNKNOWN.
    DamagedImageError and OSError of `read_at` pass through.
    """
    volume = read_volume(source)
    kind = find_disc(source.read_at) if volume is None else DiscKind.ISO9660
    facts = _Facts(_CONSOLES.get(kind, System.UNKNOWN)) if volume is None else _read_facts(source, volume)
    volume_id = "" if volume is None else clean_text(volume.volume_id)
    named = read_file_title(file_name)
    return Identity(
        system=facts.system,
        serial=facts.serial,
        title=facts.title or named.title or volume_id or clean_text(file_name),
        region=region_of(facts.serial) or named.region,
        disc_number=named.disc_number if facts.disc_number is None else facts.disc_number,
        disc_total=named.disc_total if facts.disc_total is None else facts.disc_total,
        tags=named.tags,
        has_disc=kind is not None,
    )


def region_of(serial: str) -> str:
    """Return the region of a serial's prefix: `US` for `SLUS-12345`, empty if it has none."""
    prefix = serial[:4]
    match = _REGION_PREFIX.fullmatch(prefix)
    return _REGION_LETTERS[match[1]] if match else _REGION_EXCEPTIONS.get(prefix, "")


def _read_facts(source: SectorSource, volume: Volume) -> _Facts:
    root = lookup(source, volume.root, _ROOT_NAMES)
    readers = [_read_playstation, _read_psp]
    if volume.system_id.startswith("PSP"):
        readers.reverse()
    for reader in readers:
        facts = reader(source, root)
        if facts is not None:
            return facts
    if volume.system_id.startswith("PSP"):
        return _Facts(System.PSP)
    # If a disc has no SYSTEM.CNF, a PS1 starts PSX.EXE.
    is_ps1 = volume.system_id.startswith("PLAYSTATION") and _file(root, "PSX.EXE") is not None
    return _Facts(System.PS1 if is_ps1 else System.ISO9660)


def _read_playstation(source: SectorSource, root: dict[str, DirectoryRecord]) -> _Facts | None:
    extent = _file(root, "SYSTEM.CNF")
    if extent is None:
        return None
    boot_paths = _boot_paths(read_file(source, extent, SECTOR_SIZE))
    for key, system in (("BOOT2", System.PS2), ("BOOT", System.PS1)):
        if key in boot_paths:
            match = _BOOT_SERIAL.search(boot_paths[key])
            return _Facts(system, f"{match[1]}-{match[2]}{match[3]}".upper() if match else "")
    return None


def _boot_paths(system_cnf: bytes) -> dict[str, str]:
    """Return the lines of a SYSTEM.CNF by key, in upper case; of repeated keys, the first counts."""
    values: dict[str, str] = {}
    for line in _LINE_ENDS.split(system_cnf.decode("utf-8-sig", "replace")):
        key, equals, value = line.partition("=")
        if equals:
            values.setdefault(key.strip().upper(), value.strip())
    return values


def _read_psp(source: SectorSource, root: dict[str, DirectoryRecord]) -> _Facts | None:
    folder = next((root[name] for name in _PSP_FOLDERS if name in root and root[name].is_directory), None)
    umd_data = _file(root, "UMD_DATA.BIN")
    if folder is None and umd_data is None:
        return None
    facts = _Facts(System.PSP)
    if folder is not None:
        files = lookup(source, folder.extent, ("PARAM.SFO",))
        sfo = _file(files, "PARAM.SFO")
        values = parse_sfo(read_file(source, sfo, MAX_SFO_BYTES)) if sfo is not None else {}
        facts.serial = psp_serial(str(values.get("DISC_ID", "")))
        facts.title = clean_text(str(values.get("TITLE", "")))
        facts.disc_number = _small_number(values.get("DISC_NUMBER"))
        facts.disc_total = _small_number(values.get("DISC_TOTAL"))
    if not facts.serial and umd_data is not None:
        facts.serial = psp_serial(read_file(source, umd_data, SECTOR_SIZE).decode("ascii", "replace"))
    return facts


def psp_serial(text: str) -> str:
    """Return the serial at the start of a DISC_ID or UMD_DATA.BIN: `ULUS-10000`; empty if there is none."""
    match = _DISC_ID.match(text)
    return f"{match[1]}-{match[2]}".upper() if match else ""


def _small_number(value: str | int | None) -> int | None:
    return value if isinstance(value, int) and 1 <= value <= 99 else None


def _file(records: dict[str, DirectoryRecord], name: str) -> FileExtent | None:
    record = records.get(name)
    return None if record is None or record.is_directory else record.extent

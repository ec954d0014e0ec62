"""Identifies the game on a disc: system, serial, title, region and disc number, from a few sectors.

A PS2 or PS1 disc costs three sector reads (descriptor, root directory, SYSTEM.CNF), a PSP disc four
(descriptor, root, PSP_GAME, PARAM.SFO). The rules are docs/formats.md, section 4.
"""

import re
from typing import TYPE_CHECKING

from discpress.engine.discs.file_titles import clean_text, read_file_title
from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.discs.iso9660 import SectorSource, Volume, lookup, read_file, read_volume
from discpress.engine.discs.playstation import Root, file_in, read_playstation, read_ps3, read_psp
from discpress.engine.images.known_disc import find_disc, find_mark
from discpress.engine.systems import SYSTEMS, System

if TYPE_CHECKING:
    from discpress.engine.discs.headers import Reading

_ROOT_NAMES = frozenset(name for spec in SYSTEMS.values() for name in spec.root_names)
_NEO_GEO_LIST = re.compile(rb"\s*[A-Z0-9_]{1,8}\.[A-Z0-9]{3},", re.IGNORECASE)
"""The first line of IPL.TXT: `TITLE.PRG,0,0`."""


def identify(source: SectorSource, file_name: str) -> DiscInfo:
    """Return the facts of the disc in `source`; those missing on the disc are completed from `file_name`.

    No content makes it fail: without a usable file system, or the mark of a console, the system is UNKNOWN.
    DamagedImageError and OSError of `read_at` pass through.
    """
    volume = read_volume(source)
    disc, regions = _read_marked(source) if volume is None else _read_files(source, volume)
    volume_id = "" if volume is None else clean_text(volume.volume_id)
    return disc.completed(
        read_file_title(file_name), regions=regions, fallback_title=volume_id or clean_text(file_name)
    )


def _read_marked(source: SectorSource) -> "Reading":
    """Return the facts of a disc without a usable ISO 9660 file system."""
    system = find_disc(source.read_at)
    if system is None:
        return DiscInfo(has_disc=False), ()
    if system is System.ISO9660:  # a descriptor whose root directory is outside the image
        system = find_mark(source.read_at)
    return (DiscInfo(), ()) if system is None else _read_header(source, system)


def _read_header(source: SectorSource, system: System) -> "Reading":
    from discpress.engine.discs.headers import read_header  # noqa: PLC0415 - 5 ms, for discs of consoles with a mark

    return read_header(source, system)


def _read_files(source: SectorSource, volume: Volume) -> "Reading":
    root = lookup(source, volume.root, _ROOT_NAMES)
    readers = [read_playstation, read_psp]
    if volume.system_id.startswith("PSP"):
        readers.reverse()
    for reader in readers:
        disc = reader(source, root)
        if disc is not None:
            return disc, ()
    if volume.system_id.startswith("PSP"):
        return DiscInfo(System.PSP, found=Found.INSIDE), ()
    # If a disc has no SYSTEM.CNF, a PS1 starts PSX.EXE.
    if volume.system_id.startswith("PLAYSTATION") and file_in(root, "PSX.EXE") is not None:
        return DiscInfo(System.PS1, found=Found.INSIDE), ()
    marked = find_mark(source.read_at)
    return _read_other(source, root) if marked is None else _read_header(source, marked)


def _read_other(source: SectorSource, root: Root) -> "Reading":
    """Return the facts of a disc that is known only by its files."""
    ps3 = read_ps3(source, root)
    if ps3 is not None:
        return ps3, ()
    system = System.ISO9660
    ipl, video = file_in(root, "IPL.TXT"), root.get("VIDEO_TS")
    if ipl is not None and _NEO_GEO_LIST.match(read_file(source, ipl, 64)):
        system = System.NEO_GEO_CD
    elif video is not None and video.is_directory:
        from discpress.engine.discs.xbox import read_xbox  # noqa: PLC0415 - for DVD-Videos only

        # In front of the game of an Xbox disc is a DVD-Video that asks for an Xbox.
        xbox = read_xbox(source)
        if xbox[0].system is not System.UNKNOWN:
            return xbox
        system = System.DVD_VIDEO
    elif file_in(root, "AUTORUN.INF") is not None:
        system = System.PC
    return DiscInfo(system, found=Found.INSIDE), ()

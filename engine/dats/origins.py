"""The publisher, the version and the system of a list, from its head."""

import re

from discpress.engine.dats.model import DatHeader
from discpress.engine.systems import System

_PUBLISHERS = (
    ("mameredump", "MAMERedump"),
    ("mame redump", "MAMERedump"),
    ("libretro", "libretro"),
    ("redump", "Redump"),
    ("no-intro", "No-Intro"),
    ("tosec", "TOSEC"),
)
"""Words in the addresses and the author of a list, each with its publisher; the first that fits."""
_MOST_CHARACTERS = 60
_DATE = re.compile(r"([0-9]{4})[-.]?([0-9]{2})[-.]?([0-9]{2})(?![0-9])")
_IN_BRACKETS = re.compile(r"\s*[(\[].*")
_SYSTEMS = {
    "playstation 2": System.PS2,
    "playstation": System.PS1,
    "playstation portable": System.PSP,
    "playstation 3": System.PS3,
    "umd video": System.UMD_VIDEO,
    "psp umd video": System.UMD_VIDEO,
    "gamecube": System.GAMECUBE,
    "wii": System.WII,
    "saturn": System.SATURN,
    "dreamcast": System.DREAMCAST,
    "mega cd & sega cd": System.MEGA_CD,
    "mega-cd - sega cd": System.MEGA_CD,
    "pc engine cd & turbografx cd": System.PC_ENGINE_CD,
    "pc engine cd - turbografx-cd": System.PC_ENGINE_CD,
    "pc-fx & pc-fxga": System.PC_FX,
    "pc-fx": System.PC_FX,
    "3do interactive multiplayer": System.THREE_DO,
    "3do": System.THREE_DO,
    "neo geo cd": System.NEO_GEO_CD,
    "cd-i": System.CD_I,
    "xbox": System.XBOX,
    "xbox 360": System.XBOX_360,
    "ibm pc compatible": System.PC,
    "pc compatible": System.PC,
    "dvd-video": System.DVD_VIDEO,
    "audio cd": System.AUDIO_CD,
}
"""Names of systems in lists, without the maker."""
_SOFTWARE_LISTS = {
    "psx": System.PS1,
    "saturn": System.SATURN,
    "dc": System.DREAMCAST,
    "megacd": System.MEGA_CD,
    "megacdj": System.MEGA_CD,
    "segacd": System.MEGA_CD,
    "pcecd": System.PC_ENGINE_CD,
    "pcfx": System.PC_FX,
    "3do_m2": System.UNKNOWN,
    "neocd": System.NEO_GEO_CD,
    "cdi": System.CD_I,
    "xbox": System.XBOX,
    "gc": System.GAMECUBE,
}
"""Names of MAME's software lists."""


def publisher_of(header: DatHeader) -> str:
    """Return who publishes a list: `Redump`, else its author; empty if its head names nobody."""
    if header.is_software_list:
        return "MAME"
    # MAMERedump and libretro take their facts from Redump, and their addresses contain its name.
    text = " ".join((header.url, header.homepage, header.author, header.description)).casefold()
    known = next((name for word, name in _PUBLISHERS if word in text), "")
    return known or (header.author or header.homepage)[:_MOST_CHARACTERS]


def version_of(header: DatHeader) -> str:
    """Return the version of a list: a date as `2026-08-01` if its head has one."""
    for text in (header.version, header.date, header.description):
        found = _DATE.search(text)
        if found is not None:
            return "-".join(found.groups())
    return header.version[:_MOST_CHARACTERS]


def system_of(header: DatHeader) -> System:
    """Return the system whose discs a list has, by its name; UNKNOWN if the name tells none."""
    if header.is_software_list:
        return _SOFTWARE_LISTS.get(header.name.casefold(), System.UNKNOWN)
    name = _IN_BRACKETS.sub("", header.name).casefold().strip()
    maker, _, rest = name.partition(" - ")
    return _SYSTEMS.get(rest.partition(" - datfile")[0]) or _SYSTEMS.get(maker, System.UNKNOWN)

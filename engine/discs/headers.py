"""Headers in the first sectors of discs: Sega's consoles, PC Engine CD, GameCube and Wii.

Layouts: saturn_structs.h, dc_structs.h and md_structs.h of rom-properties, and Dolphin's DiscIO.
"""

import re
from collections.abc import Callable, Mapping
from struct import Struct
from typing import TypeAlias

from discpress.engine.discs.file_titles import clean_text
from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.discs.iso9660 import SectorSource
from discpress.engine.discs.xbox import read_xbox
from discpress.engine.systems import SYSTEMS, System

Reading: TypeAlias = tuple[DiscInfo, tuple[str, ...]]
"""The facts of a disc, and the regions that its header states; none if the serial has to tell them."""

_SATURN = Struct("<32x10s6s8x8s10s22x112s")  # product, version, device, areas, title
_DREAMCAST = Struct("<32x16s8s8x10s6s48x128s")  # device, areas, product, version, title
_MEGA_CD = Struct("<288x48s48s14s98x16s")  # titles of Japan and of other regions, product, areas
_PC_ENGINE = Struct("<2154x22s")  # title
_NINTENDO = Struct(">6sBB24x64s")  # id, disc from 0, version, title
_GAME_ID = re.compile(rb"[A-Z0-9]{6}")
_KOREAN_VERSION = 0x30
"""From this version on a GameCube disc is a Korean one in English, not a revision."""

_AREAS = {"J": "JP", "U": "US", "E": "EU", "T": "AS", "K": "KR", "A": "AS", "B": "US", "L": "US"}
"""Sega's letters; B and L are Brazil and Latin America."""
_AREA_LIST = re.compile(r"[JUETKABL]+")
_DEVICE_NUMBER = re.compile(r"([0-9]{1,2})/([0-9]{1,2})\Z", re.ASCII)
_VERSION = re.compile(r"V([0-9]{1,2}\.[0-9]{1,4})", re.ASCII)
_SOFTWARE_KIND = re.compile(r"[A-Z]{2} +")
"""`GM T-12345-00`: the kind of software is before the product."""


def read_header(source: SectorSource, system: System) -> Reading:
    """Return the facts of a disc that a mark has identified. Errors of `read_at` pass through."""
    reader = _READERS.get(system)
    return (DiscInfo(system, found=Found.INSIDE), ()) if reader is None else reader(source)


def nintendo_disc(head: bytes) -> DiscInfo | None:
    """Return the facts in the first bytes of a GameCube or Wii disc; None if they are neither's."""
    if len(head) < _NINTENDO.size:
        return None
    system = next((each for each in (System.WII, System.GAMECUBE) if _has_mark(head, each)), None)
    if system is None:
        return None
    game_id, disc, version, title = _NINTENDO.unpack_from(head)
    serial = game_id.decode("ascii") if _GAME_ID.fullmatch(game_id) else ""
    return DiscInfo(
        system,
        serial,
        header_text(title, "cp932" if serial[3:4] == "J" else "latin-1"),
        # A single disc has the number 0 as well: only a higher number states that there is a set.
        disc_number=disc + 1 if 0 < disc < 9 else None,
        revision=f"Rev {version}" if 0 < version < _KOREAN_VERSION else "",
        found=Found.INSIDE,
    )


def header_text(raw: bytes, encoding: str = "cp932") -> str:
    """Return the text of a padded field as one line, from UTF-8 or else `encoding`; empty if it is no text."""
    raw = raw.partition(b"\0")[0]
    for name in ("utf-8", encoding):
        try:
            text = clean_text(raw.decode(name))
        except UnicodeDecodeError:
            continue
        return text if any(map(str.isalnum, text)) else ""
    return ""


def _has_mark(head: bytes, system: System) -> bool:
    return any(head.startswith(mark.content, mark.offset) for mark in SYSTEMS[system].marks)


def _read_nintendo(source: SectorSource) -> Reading:
    return nintendo_disc(source.read_at(0, _NINTENDO.size).ljust(_NINTENDO.size, b"\0")) or DiscInfo(), ()


def _read_saturn(source: SectorSource) -> Reading:
    product, version, device, areas, title = _fields(source, _SATURN)
    return _sega(System.SATURN, product, version, device, title), _regions(areas)


def _read_dreamcast(source: SectorSource) -> Reading:
    device, areas, product, version, title = _fields(source, _DREAMCAST)
    return _sega(System.DREAMCAST, product, version, device, title), _regions(areas)


def _read_mega_cd(source: SectorSource) -> Reading:
    japanese, title, product, areas = _fields(source, _MEGA_CD)
    serial = _SOFTWARE_KIND.sub("", product, count=1).replace(" -", "-")
    return _sega(System.MEGA_CD, serial, "", "", title or japanese), _regions(areas)


def _read_pc_engine(source: SectorSource) -> Reading:
    (title,) = _fields(source, _PC_ENGINE)
    return DiscInfo(System.PC_ENGINE_CD, title=title, found=Found.INSIDE), ()


def _sega(system: System, product: str, version: str, device: str, title: str) -> DiscInfo:
    disc, revision = _DEVICE_NUMBER.search(device), _VERSION.fullmatch(version)
    number, total = (int(disc[1]), int(disc[2])) if disc else (0, 0)
    is_plausible = 0 < number <= total
    return DiscInfo(
        system,
        product,
        title,
        disc_number=number if is_plausible else None,
        disc_total=total if is_plausible else None,
        revision=f"v{revision[1]}" if revision else "",
        found=Found.INSIDE,
    )


def _regions(areas: str) -> tuple[str, ...]:
    letters = areas.replace(" ", "")
    return tuple(dict.fromkeys(_AREAS[letter] for letter in letters)) if _AREA_LIST.fullmatch(letters) else ()


def _fields(source: SectorSource, layout: Struct) -> list[str]:
    """Return the texts of a header at the start of a disc; fields after the end of the image are empty."""
    head = source.read_at(0, layout.size).ljust(layout.size, b"\0")
    return [header_text(field) for field in layout.unpack(head)]


_READERS: Mapping[System, Callable[[SectorSource], Reading]] = {
    System.GAMECUBE: _read_nintendo,
    System.WII: _read_nintendo,
    System.SATURN: _read_saturn,
    System.DREAMCAST: _read_dreamcast,
    System.MEGA_CD: _read_mega_cd,
    System.PC_ENGINE_CD: _read_pc_engine,
    System.XBOX: read_xbox,
}

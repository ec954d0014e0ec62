"""Regions of discs: from serials, from headers, and from the names of files."""

import re
from collections.abc import Sequence

from discpress.engine.systems import System

WORLD = "WW"
"""The region of a disc for all of the world."""

# The third letter of Sony's serials is the region (serialstation.com/serials/guide): S.. for PS1 and PS2
# discs, U.. for UMDs, B.. for PS3 discs, NP. for downloads, in which H (Hong Kong) is Asia.
_SONY_PREFIX = re.compile(r"(?:S[CIL]|U[CLMT]|B[CL]|NP)([ACEHJKPU])[A-Z]")
_SONY_LETTERS = {"A": "AS", "C": "CN", "E": "EU", "H": "AS", "J": "JP", "K": "KR", "P": "JP", "U": "US"}
# Promotion discs and publishers' own prefixes. PBPX is left out: PBPX-95503 is American, -95205 European,
# -95523 Japanese. Compared, with the rule above, with 13,000 PS2 and 7,600 PSP serials of
# github.com/niemasd/GameDB-PS2 and -PSP, which have NTSC-U, PAL and NTSC-J (here JP, KR, AS and CN).
_SONY_EXCEPTIONS = {
    **dict.fromkeys(("PAPX", "PCPX", "ALCH", "CPCS", "GUST", "KOEI", "TCPS", "SCZS", "ESPM"), ("JP",)),
    **dict.fromkeys(("TCES", "TLES"), ("EU",)),
    "PUPX": ("US",),
    # Prefixes that several regions share: in libretro's database of August 2026, 81 of 3,164 PS2 discs with SLPM and 27
    # of 268 with SCPS are Korean or Asian. UMDs for Asia have American and Japanese serials as well.
    **dict.fromkeys(("SLPM", "SCPS", "SLPS"), ("JP", "KR", "AS", "CN")),
    **dict.fromkeys(("ULJM", "ULJS", "UCJS", "NPJH"), ("JP", "AS")),
    "ULUS": ("US", "AS"),
    "UCKS": ("KR", "AS"),
}
_SONY_SERIAL = re.compile(r"[A-Z]{4}-[0-9]{5}")

# The fourth letter of Nintendo's ids (Dolphin, DiscIO/Enums.cpp): E is also on Korean GameCube discs in English, and
# X, Y and Z are special versions.
_NINTENDO_SERIAL = re.compile(r"[A-Z0-9]{6}")
_NINTENDO_LETTERS: dict[str, tuple[str, ...]] = {
    "A": (WORLD,),
    **dict.fromkeys("BN", ("US",)),
    "C": ("CN",),
    "E": ("US", "KR"),
    "J": ("JP",),
    **dict.fromkeys("KQT", ("KR",)),
    **dict.fromkeys("DFHILMPRSUV", ("EU",)),
    "W": ("AS",),
    **dict.fromkeys("XYZ", ("EU", "US")),
}
_KOREAN_GAMECUBE = "W"

_NAMES = {
    name: code
    for code, names in {
        "US": "usa|us|u|america|north america|canada|ntsc-u|ntsc u|ntsc-u/c|ntsc-us",
        "EU": "europe|eu|e|pal|uk|united kingdom|great britain|ireland|germany|france|spain|italy|netherlands|belgium"
        "|portugal|switzerland|austria|scandinavia|sweden|norway|denmark|finland|poland|greece|russia|croatia|czech"
        "|hungary|turkey|australia|new zealand|south africa|india",
        "JP": "japan|jp|j|jpn|ntsc-j|ntsc j",
        "KR": "korea|south korea|kr|k|kor|ntsc-k",
        "CN": "china|cn|ntsc-c",
        "AS": "asia|as|hong kong|taiwan|singapore|thailand",
        WORLD: "world|worldwide|w|region free|region-free",
    }.items()
    for name in names.split("|")
}
_SEPARATORS = re.compile(r"[,+&]|/(?!c$)", re.IGNORECASE)  # `NTSC-U/C` is one name
# Languages of games that are sold in one region only. English, French and Spanish are those of American discs as well.
_EUROPEAN = frozenset({"de", "it", "nl", "pt", "sv", "no", "da", "fi", "pl", "ru", "cs", "el", "hu", "tr", "hr"})
_LANGUAGE_REGIONS = {"ja": "JP", "ko": "KR"}
_ALL_OVER = {"US", "EU", "JP"}


def region_of(serial: str, named: str = "", system: System = System.UNKNOWN, stated: Sequence[str] = ()) -> str:
    """Return the region of a disc; empty if nothing tells.

    `stated` are the regions in the disc's header, else the serial gives them, the likeliest first. `named`, the region
    in the file's name, decides between several, and if there are none.
    """
    possible = tuple(stated) or _regions_of_serial(serial, system)
    if named in possible or not possible:
        return named
    return WORLD if set(possible) >= _ALL_OVER else possible[0]


def _regions_of_serial(serial: str, system: System) -> tuple[str, ...]:
    if _SONY_SERIAL.fullmatch(serial):
        prefix = serial[:4]
        if prefix in _SONY_EXCEPTIONS:
            return _SONY_EXCEPTIONS[prefix]
        match = _SONY_PREFIX.fullmatch(prefix)
        return (_SONY_LETTERS[match[1]],) if match else ()
    if system in {System.GAMECUBE, System.WII} and _NINTENDO_SERIAL.fullmatch(serial):
        is_korean = system is System.GAMECUBE and serial[3] == _KOREAN_GAMECUBE
        return ("KR",) if is_korean else _NINTENDO_LETTERS.get(serial[3], ())
    return ()


def region_of_tags(tags: tuple[str, ...]) -> str:
    """Return the region that the bracketed parts of a file name tell, from the first that names one; else empty.

    Without a name of a region, languages tell: `(En,Fr,De)` is European, `(Ja)` Japanese.
    """
    parts = [[word.strip().casefold() for word in _SEPARATORS.split(tag[1:-1])] for tag in tags]
    region = next((_NAMES[word] for words in parts for word in words if word in _NAMES), "")
    return region or next(filter(None, map(_region_of_languages, parts)), "")


def _region_of_languages(words: Sequence[str]) -> str:
    if len(words) == 1:
        return _LANGUAGE_REGIONS.get(words[0], "")
    codes = [word.partition("-")[0] for word in words]
    is_list = all(len(code) == 2 and code.isalpha() for code in codes)
    return "EU" if is_list and not _EUROPEAN.isdisjoint(codes) else ""

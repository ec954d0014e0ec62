"""New names for files: those of a datfile, or those that OPL reads."""

import re
import unicodedata
from enum import StrEnum
from pathlib import PurePath

from discpress.engine.names import is_reserved_by_windows

_REPLACED = re.compile(r'[<>:"/\\|?*]')
"""Characters that Windows, FAT or a playlist cannot have in a name."""
_UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_ADDITIONS = re.compile(r"\s*\((?!Dis[ck] )[^()]*\)")
_SONY_SERIAL = re.compile(r"([A-Z]{4})-?([0-9]{3})([0-9]{2})")
_MOST_BYTES = 200
"""Of a name without its suffix: file systems allow 255, and tracks and checksum files have longer endings."""
_MOST_OPL_BYTES = 160
"""Of a name for OPL without its suffix, the serial included, as the doctor and `deploy` count it. OPL itself counts the
title alone: ISO_GAME_NAME_MAX in its include/supportbase.h, 160 since commit 0d6f8844 of 2023-07-04, before that 64."""


class Pattern(StrEnum):
    """The forms of new names."""

    LIST = "list"
    """The name in the datfile."""
    OPL = "opl"
    """`SLUS_203.12.Title.zso`."""


def clean_name(name: str, most_bytes: int = _MOST_BYTES) -> str:
    """Return a name that every file system and Windows take; empty if nothing of it is left."""
    plain = unicodedata.normalize("NFC", name)
    safe = "".join("_" if unicodedata.category(each) in _UNSAFE_CATEGORIES else each for each in plain)
    kept = _REPLACED.sub("_", safe).encode()[:most_bytes].decode(errors="ignore")
    clean = kept.strip(" .")
    return clean_name(f"_{clean}", most_bytes) if is_reserved_by_windows(clean) else clean


def opl_name(serial: str, game: str) -> str:
    """Return the name that OPL reads, without the suffix; empty if the serial is not that of a PlayStation disc.

    The title loses what is in brackets, except the number of the disc.
    """
    number = opl_serial(serial)
    title = clean_name(_ADDITIONS.sub("", game), _MOST_OPL_BYTES - len(number) - 1)
    return f"{number}.{title}" if number and title else ""


def opl_serial(serial: str) -> str:
    """Return a serial as OPL writes it, `SLUS_203.12`; empty if it is not that of a PlayStation disc."""
    found = _SONY_SERIAL.fullmatch(serial)
    return f"{found[1]}_{found[2]}.{found[3]}" if found is not None else ""


def with_stem(name: str, stem: str, new_stem: str) -> str:
    """Return a name with another stem; the same if it does not begin with the stem."""
    return f"{new_stem}{name[len(stem) :]}" if name.startswith(stem) else name


def folded(name: str) -> str:
    """Return the form under which some file systems take two names for one."""
    return unicodedata.normalize("NFC", PurePath(name).name).casefold()

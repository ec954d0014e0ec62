"""Names from outside: makes them safe for a terminal, and sorts them in natural order."""

import re
import shlex
import unicodedata
from collections.abc import Iterable
from os import PathLike, fsdecode, fsencode, fspath
from pathlib import PurePath

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e"}
# Cc control, Cf format (bidi overrides, zero-width), Cs lone surrogates (undecodable bytes), Zl/Zp line separators.
_UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_FIRST_SURROGATE_ESCAPE = 0xDC80
_LAST_SURROGATE_ESCAPE = 0xDCFF


def display_name(name: "str | bytes | PathLike[str]") -> str:
    """Return the name with visible escapes for everything that a terminal could interpret.

    Control and format characters (ESC, newline, bidi overrides) become `\\e`, `\\n`, `\\u202e`; bytes that cannot be
    decoded become `\\xff`. Brackets stay, because the caller switches markup off.
    """
    text = fsdecode(name)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_display_character(character) for character in text)


def display_beside(path: PurePath, neighbour: PurePath) -> str:
    """Return a path for a sentence about its neighbour: the name alone if both are in one folder."""
    return display_name(path.name if path.parent == neighbour.parent else path)


def _display_character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if unicodedata.category(character) not in _UNSAFE_CATEGORIES:
        return character
    code = ord(character)
    if _FIRST_SURROGATE_ESCAPE <= code <= _LAST_SURROGATE_ESCAPE:
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def shell_word(path: "str | PathLike[str]") -> str:
    """Return a path as one word of a shell's command line, safe to show and to copy.

    Bytes that a terminal could interpret are written as `$'\\x1b'`, which bash and zsh read (ANSI-C quoting).
    """
    text = fspath(path)
    if display_name(text) == text:
        return shlex.quote(text)
    plain = (chr(byte) if 32 <= byte < 127 and byte not in b"\\'" else f"\\x{byte:02x}" for byte in fsencode(text))
    return f"$'{''.join(plain)}'"


_DIGITS = re.compile("[0-9]+")
_LOWEST = "\0"
"""Sorts before all characters of a name, so that the end of a text comes before a longer one."""
_MOST_DIGITS = 0xFFFF
"""Numbers of more digits count as equally long; no name has them."""


def natural_key(name: str) -> str:
    """Return a sort key that puts `Game 2` before `Game 10` and ignores case.

    One string takes a seventh of the memory of a tuple of parts, and sorts in half the time: a library has thousands.
    """
    return _DIGITS.sub(_number_key, name.casefold())


def _number_key(match: re.Match[str]) -> str:
    """Sort by the number of digits, then by digits, because int() refuses more than 4,300 of them."""
    digits = match[0].lstrip("0")
    length = len(digits)
    return f"{_LOWEST}{chr(1 + (length if length < _MOST_DIGITS else _MOST_DIGITS))}{digits}{_LOWEST}"


# Characters that Windows, FAT and exFAT refuse in names, and devices that Windows opens whatever the suffix.
_UNUSABLE = re.compile(r'[<>:"|?*]')
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10))}
MAX_FILE_NAME_BYTES = 200
"""Limit of a name made from outside text; leaves space for suffixes on any file system."""


def safe_file_name(name: str, fallback: str = "image") -> str:
    """Return the last step of any path as a file name for every system: without separators or drive, and not hidden.

    `..\\games/Okami\\x1b.iso` is `Okami_.iso`. If nothing is left of the name, the result is `fallback`.
    """
    last = _UNUSABLE.sub("_", re.split(r"[/\\]", name.rstrip("/\\"))[-1])
    plain = "".join("_" if unicodedata.category(each) in _UNSAFE_CATEGORIES else each for each in last)
    plain = plain.lstrip(". ").rstrip(". ")
    if is_reserved_by_windows(plain):
        plain = f"_{plain}"
    stem, dot, suffix = plain.rpartition(".")
    if not dot or len(suffix.encode()) > 16:
        stem, dot, suffix = plain, "", ""
    room = MAX_FILE_NAME_BYTES - len((dot + suffix).encode())
    return (stem.encode()[:room].decode(errors="ignore").rstrip(". ") + dot + suffix) or fallback


def is_reserved_by_windows(name: str) -> bool:
    """Return whether Windows opens a device by this name, whatever its suffix: `CON`, `nul.iso`."""
    return name.partition(".")[0].strip().upper() in _RESERVED


def fold(text: str) -> str:
    """Return text for comparison without case, and with accents in one form (macOS writes them as two characters)."""
    return text.casefold() if text.isascii() else unicodedata.normalize("NFC", text.casefold())


def listed(words: Iterable[str], joint: str = "or") -> str:
    """Return words as a text: `ISO, ZSO or CSO`."""
    *first, last = words
    return f"{', '.join(first)} {joint} {last}" if first else last


def differing_folders(folders: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the steps of some folders without those that all of them begin and end with."""
    shortest = min(map(len, folders))
    first = 0
    while first < shortest and len({steps[first].casefold() for steps in folders}) == 1:
        first += 1
    last = 0
    while last < shortest - first and len({steps[-1 - last].casefold() for steps in folders}) == 1:
        last += 1
    return [steps[first : len(steps) - last] for steps in folders]

"""The file names in a playlist (M3U) or a CUE sheet, found and replaced without touching any other byte.

A playlist has one path a line; lines that begin with `#` are comments. A sheet has lines `FILE "name" TYPE`. Texts are
UTF-8 with or without a BOM, UTF-16, or in an encoding of Windows; BOM, encoding and line ends stay as they are.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import PurePath

from discpress.engine.convert.playlists.encodings import forms_of

PLAYLIST_SUFFIXES = (".m3u", ".m3u8")
SHEET_SUFFIXES = (".cue",)
MAX_TEXT_BYTES = 64 * 1024
"""Hundreds of lines; larger files are no playlists of discs."""
MAX_LIST_BYTES = 4 * 1024 * 1024
"""Tens of thousands of lines of a checksum list."""

Rename = Callable[[str], str | None]
"""Returns the new form of a name in a text, or None to leave it."""

_LINE_END = re.compile(r"(\r\n|\r|\n)")
_FILE_LINE = re.compile(r'([ \t]*FILE[ \t]+)(?:"([^"]*)"|([^\s"]+))([ \t]+[A-Za-z0-9]+[ \t]*)', re.I)


class _UnwritableError(Exception):
    """A new name would not be read back from its line."""


def is_text_name(name: str) -> bool:
    """Return whether a file name is that of a playlist or sheet."""
    return PurePath(name).suffix.lower() in (*PLAYLIST_SUFFIXES, *SHEET_SUFFIXES)


def renamed(data: bytes, is_sheet: bool, rename: Rename) -> bytes | None:
    """Return a text with its names replaced; the same bytes if `rename` leaves all.

    None if the text cannot contain a new name: in its encoding, or because the name would be read otherwise, as with a
    line break in it.
    """
    is_foreign = False
    for form in forms_of(data):
        text = form.decode(data)
        if text is None:
            continue
        try:
            changed = _renamed_text(text, is_sheet, rename)
            after = form.encode(changed)
        except (UnicodeError, _UnwritableError):
            is_foreign = True
            continue
        if changed != text and any(each.decode(after) == changed for each in forms_of(after)):
            return after
        is_foreign = is_foreign or changed != text
    return None if is_foreign else data


def is_one_path(line: str) -> bool:
    """Return whether a line of a playlist is read as the path that it is."""
    return bool(line) and _path_in(line) == line and not _LINE_END.search(line)


def _renamed_text(text: str, is_sheet: bool, rename: Rename) -> str:
    change = _renamed_file_line if is_sheet else _renamed_path_line
    pieces = _LINE_END.split(text)
    pieces[::2] = [change(line, rename) for line in pieces[::2]]
    return "".join(pieces)


def _renamed_path_line(line: str, rename: Rename) -> str:
    name = _path_in(line)
    new = rename(name) if name else None
    if new is None:
        return line
    changed = line.replace(name, new, 1)
    if _path_in(changed) != new or _LINE_END.search(new):
        raise _UnwritableError
    return changed


def _path_in(line: str) -> str:
    """Return the path in a line; empty if it contains none."""
    name = line.strip(" \t")
    return "" if name.startswith("#") else name


def _renamed_file_line(line: str, rename: Rename) -> str:
    match = _FILE_LINE.fullmatch(line)
    new = None if match is None else rename(match[2] or match[3] or "")
    if match is None or new is None:
        return line
    if '"' in new or _LINE_END.search(new):
        raise _UnwritableError
    is_bare = match[2] is None and not re.search(r"\s", new)
    return f"{match[1]}{new}{match[4]}" if is_bare else f'{match[1]}"{new}"{match[4]}'


def lines_of(data: bytes, text: bytes) -> list[bytes]:
    """Return the lines of `data` as bytes, if it has the encoding of `text`; the inverse of `joined`."""
    feed = _feed_of(text)
    if len(feed) == 1:
        return data.split(feed)
    lines, start, at = [], 0, 0
    while (at := data.find(feed, at)) >= 0:
        if at % len(feed):  # the halves of two characters
            at += 1
            continue
        lines.append(data[start:at])
        start = at = at + len(feed)
    return [*lines, data[start:]]


def joined(lines: Iterable[bytes], text: bytes) -> bytes:
    """Return lines as one text in the encoding of `text`."""
    return _feed_of(text).join(lines)


def _feed_of(text: bytes) -> bytes:
    """Return the bytes of a line feed in a text: two in UTF-16, in which one alone may be half of a character."""
    encoding = next(forms_of(text)).encoding
    return "\n".encode(encoding)

"""The file names in a playlist (M3U) or a CUE sheet, found and replaced without touching any other byte.

A playlist has one path a line; lines that begin with `#` are comments. A sheet has lines `FILE "name" TYPE`. Texts are
UTF-8 with or without a BOM, UTF-16, or in an encoding of Windows; BOM, encoding and line ends stay as they are.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

PLAYLIST_SUFFIXES = (".m3u", ".m3u8")
SHEET_SUFFIXES = (".cue",)
MAX_TEXT_BYTES = 64 * 1024
"""Hundreds of lines; larger files are no playlists of discs."""

Rename = Callable[[str], str | None]
"""Returns the new form of a name in a text, or None to leave it."""

_OLD_ENCODINGS = ("cp1252", "cp932")
_LINE_END = re.compile(r"(\r\n|\r|\n)")
_FILE_LINE = re.compile(r'([ \t]*FILE[ \t]+)(?:"([^"]*)"|([^\s"]+))([ \t]+[A-Za-z0-9]+[ \t]*)', re.I)


@dataclass(frozen=True, slots=True)
class _Form:
    """A way to read a text."""

    mark: bytes
    """Its BOM, or nothing."""
    encoding: str
    errors: str = "strict"

    def decode(self, data: bytes) -> str | None:
        """Return the text; None unless it gives the same bytes again."""
        try:
            text = data[len(self.mark) :].decode(self.encoding, self.errors)
            return text if self.encode(text) == data else None
        except UnicodeError:
            return None

    def encode(self, text: str) -> bytes:
        """Return the bytes of a text. UnicodeError if it cannot be written in this encoding."""
        return self.mark + text.encode(self.encoding, self.errors)


def is_text_name(name: str) -> bool:
    """Return whether a file name is that of a playlist or sheet."""
    return PurePath(name).suffix.lower() in (*PLAYLIST_SUFFIXES, *SHEET_SUFFIXES)


def renamed(data: bytes, is_sheet: bool, rename: Rename) -> bytes | None:
    """Return a text with its names replaced; the same bytes if `rename` leaves all.

    None if a new name cannot be written in the encoding of the text.
    """
    is_foreign = False
    for form in _forms_of(data):
        text = form.decode(data)
        if text is None:
            continue
        changed = _renamed_text(text, is_sheet, rename)
        if changed == text:
            continue
        try:
            return form.encode(changed)
        except UnicodeError:
            is_foreign = True
    return None if is_foreign else data


def _forms_of(data: bytes) -> Iterator[_Form]:
    if data.startswith(codecs.BOM_UTF8):
        yield _Form(codecs.BOM_UTF8, "utf-8", "surrogateescape")
    elif data.startswith(codecs.BOM_UTF16_LE):
        yield _Form(codecs.BOM_UTF16_LE, "utf-16-le")
    elif data.startswith(codecs.BOM_UTF16_BE):
        yield _Form(codecs.BOM_UTF16_BE, "utf-16-be")
    elif data[1:2] == b"\0" != data[:1]:
        yield _Form(b"", "utf-16-le")
    elif data[:1] == b"\0":
        yield _Form(b"", "utf-16-be")
    else:
        # The bytes of a file name that is not UTF-8 become surrogates, as in paths.
        yield _Form(b"", "utf-8", "surrogateescape")
        if not data.isascii():  # ASCII is the same text in all of them
            yield from (_Form(b"", encoding) for encoding in _OLD_ENCODINGS)


def _renamed_text(text: str, is_sheet: bool, rename: Rename) -> str:
    change = _renamed_file_line if is_sheet else _renamed_path_line
    pieces = _LINE_END.split(text)
    pieces[::2] = [change(line, rename) for line in pieces[::2]]
    return "".join(pieces)


def _renamed_path_line(line: str, rename: Rename) -> str:
    name = line.strip(" \t")
    new = rename(name) if name and not name.startswith("#") else None
    return line if new is None else line.replace(name, new, 1)


def _renamed_file_line(line: str, rename: Rename) -> str:
    match = _FILE_LINE.fullmatch(line)
    new = None if match is None else rename(match[2] or match[3] or "")
    if match is None or new is None:
        return line
    is_bare = match[2] is None and not re.search(r"\s", new)
    return f"{match[1]}{new}{match[4]}" if is_bare else f'{match[1]}"{new}"{match[4]}'

"""Encodings of small texts that other programs write: UTF-8 and UTF-16, with or without a BOM, and those of Windows."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

_OLD_ENCODINGS = ("cp1252", "cp932")


@dataclass(frozen=True, slots=True)
class TextForm:
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

    def decode_all(self, data: bytes) -> str:
        """Return the text, with a replacement character for what is none in this encoding."""
        errors = "replace" if self.errors == "strict" else self.errors
        return data[len(self.mark) :].decode(self.encoding, errors)

    def encode(self, text: str) -> bytes:
        """Return the bytes of a text. UnicodeError if it cannot be written in this encoding."""
        return self.mark + text.encode(self.encoding, self.errors)


def forms_of(data: bytes) -> Iterator[TextForm]:
    """Yield the ways in which bytes may be a text, the likeliest first; at least one."""
    if data.startswith(codecs.BOM_UTF8):
        yield TextForm(codecs.BOM_UTF8, "utf-8", "surrogateescape")
    elif data.startswith(codecs.BOM_UTF16_LE):
        yield TextForm(codecs.BOM_UTF16_LE, "utf-16-le")
    elif data.startswith(codecs.BOM_UTF16_BE):
        yield TextForm(codecs.BOM_UTF16_BE, "utf-16-be")
    elif data[1:2] == b"\0" != data[:1]:
        yield TextForm(b"", "utf-16-le")
    elif data[:1] == b"\0":
        yield TextForm(b"", "utf-16-be")
    else:
        # The bytes of a file name that is not UTF-8 become surrogates, as in paths.
        yield TextForm(b"", "utf-8", "surrogateescape")
        if not data.isascii():  # ASCII is the same text in all of them
            yield from (TextForm(b"", encoding) for encoding in _OLD_ENCODINGS)

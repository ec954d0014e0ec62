"""Lists in the text form of ClrMamePro: blocks of names and values in parentheses."""

import re

from discpress.engine.dats.model import DatFile, DatGame, DatHeader, ParsedDat
from discpress.engine.dats.reading.games import FileTaker, RefusedDatError, checked_name, game_from

MOST_DEPTH = 8
"""Blocks inside each other; known lists have two."""
_TOKEN = re.compile(r'\s*+(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|(\S++))', re.DOTALL)
_FLAGS = frozenset({"baddump", "nodump", "verified"})
"""Words that stand for themselves: `flags nodump` and the older `nodump`."""
_VALUE = r'(?:"[^"\\]*+"|[^\s()"\\]++)'
_BARE = r'[^\s()"\\]++'


def _other_pair(*keys: str) -> str:
    """Return the pattern of a name and its value, but of no flag and of none of these names."""
    return rf"(?!(?:{'|'.join((*sorted(_FLAGS), *keys))})\b)\w++\s++{_VALUE}"


_OF_GAME = _other_pair("name", "serial", "cloneof")
_PLAIN_GAME = re.compile(
    rf"\s*+(?:game|machine)\s++\((?:\s++{_OF_GAME})*+\s++name\s++({_VALUE})(?:\s++{_OF_GAME})*+"
    rf"(?:\s++serial\s++({_VALUE}))?+(?:\s++{_OF_GAME})*+(?=\s)"
)
"""The begin of a game without anything unusual: nearly all games. A match of it and one of each file take less than
half of the time of their tokens."""
_PLAIN_FILE = re.compile(
    rf"\s++(rom|disk)\s++\((?:\s++(?:name\s++({_VALUE})|size\s++({_BARE})|crc\s++({_BARE})|sha1\s++({_BARE})"
    rf"|serial\s++({_VALUE})|status\s++({_BARE})"
    rf"|{_other_pair('name', 'size', 'crc', 'sha1', 'serial', 'status', 'flags', 'mia')}))++\s++\)(?=\s)"
)
_MOST_PLAIN_FILES = 1000
"""Files whose matches are kept until the end of their game is seen."""
_PLAIN_END = re.compile(r"\s++\)(?!\S)")
_END = re.compile(r"\s*+\Z")
_ESCAPE = re.compile(r'\\(["\\])')
_GAMES = frozenset({"game", "machine", "resource", "set"})
_HEADS = frozenset({"clrmamepro", "emulator"})
_FILES = frozenset({"rom", "disk"})
_HEADER = frozenset({"name", "description", "version", "date", "author", "homepage", "url"})


def read_clrmamepro(text: str) -> ParsedDat:
    """Return the list in a text. Raises RefusedDatError."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._taker = FileTaker()

    def read(self) -> ParsedDat:
        found = ParsedDat()
        try:
            while True:
                game = self._plain_game()
                if game is not None:
                    found.games.append(game)
                    continue
                word = self._block_name()
                if word is None:
                    break
                name = word.lower()
                if self._next() != ("(", False):
                    raise RefusedDatError(f"expected ( after {word!r:.60}: not a list of games")
                if name in _HEADS:
                    found.header = self._header()
                elif name in _GAMES:
                    found.games.append(self._game())
                else:
                    self._skip(1)
        except RefusedDatError as error:
            line = self._text.count("\n", 0, self._at) + 1
            raise RefusedDatError(f"line {line}: {error}") from error.__cause__
        return found

    def _next(self) -> tuple[str, bool]:
        """Return the next token, and whether it was quoted. Raises RefusedDatError at the end of the text."""
        token = _TOKEN.match(self._text, self._at)
        if token is None:
            raise RefusedDatError("the list ends inside a block")
        self._at = token.end()
        quoted, word = token.groups()
        if quoted is not None:
            return _ESCAPE.sub(r"\1", quoted) if "\\" in quoted else quoted, True
        if word[0] == '"':
            raise RefusedDatError("a quotation mark is not closed")
        return word, False

    def _block_name(self) -> str | None:
        """Return the name of the next block; None at the end of the text."""
        if _END.match(self._text, self._at):
            return None
        name, is_quoted = self._next()
        if is_quoted or name in {"(", ")"}:
            raise RefusedDatError(f"expected the name of a block, got {name!r:.60}")
        return name

    def _pair(self, depth: int) -> tuple[str, str | None] | None:
        """Return the next name and value of an open block; None as the value of a block, and None at its end."""
        if depth > MOST_DEPTH:
            raise RefusedDatError(f"more than {MOST_DEPTH} blocks inside each other")
        name, is_quoted = self._next()
        if not is_quoted:
            if name == ")":
                return None
            if name in _FLAGS:
                return "status", name
        value, is_text = self._next()
        if value == ")" and not is_text:
            return None  # a name without its value
        return name, None if value == "(" and not is_text else value

    def _skip(self, depth: int) -> None:
        while (pair := self._pair(depth)) is not None:
            if pair[1] is None:
                self._skip(depth + 1)

    def _header(self) -> DatHeader:
        header = DatHeader()
        while (pair := self._pair(1)) is not None:
            name, value = pair
            if value is None:
                self._skip(2)
            elif name in _HEADER:
                setattr(header, name, checked_name(value))
        return header

    def _plain_game(self) -> DatGame | None:
        """Return the next block if it is a game without anything unusual."""
        begin = _PLAIN_GAME.match(self._text, self._at)
        if begin is None:
            return None
        found: list[re.Match[str]] = []
        at = begin.end()
        while len(found) < _MOST_PLAIN_FILES and (file := _PLAIN_FILE.match(self._text, at)) is not None:
            found.append(file)
            at = file.end()
        end = _PLAIN_END.match(self._text, at)
        if end is None:
            return None
        game_name, game_serial = begin.groups("")
        files: list[DatFile] = []
        serials = [_bare(game_serial)] if game_serial else []
        for file in found:
            self._at = file.end()
            kind, name, size, crc32, sha1, serial, status = file.groups("")
            attributes = {"name": _bare(name), "size": size, "crc": crc32, "sha1": sha1, "status": status}
            if serial:
                attributes["serial"] = _bare(serial)
            self._taker.take(attributes, files, serials, is_disk=kind == "disk")
        self._at = end.end()
        return game_from(_bare(game_name), files, serials)

    def _game(self) -> DatGame:
        game = _Game()
        while (pair := self._pair(1)) is not None:
            key, value = pair
            if value is not None:
                game.take(key, value)
            elif key in _FILES:
                self._taker.take(self._attributes(), game.files, game.serials, is_disk=key == "disk")
            else:
                self._skip(2)
        return game.made()

    def _attributes(self) -> dict[str, str]:
        attributes: dict[str, str] = {}
        while (pair := self._pair(2)) is not None:
            key, value = pair
            if value is None:
                self._skip(3)
            else:
                attributes[key] = value
        return attributes


def _bare(value: str) -> str:
    """Return a value without its quotation marks; a plain one contains no others."""
    return value.strip('"')


class _Game:
    """A game while its block is read."""

    def __init__(self) -> None:
        self.files: list[DatFile] = []
        self.serials: list[str] = []
        self._name = self._parent = ""

    def take(self, key: str, value: str) -> None:
        if key == "name":
            self._name = value
        elif key == "serial":
            self.serials.append(value)
        elif key == "cloneof":
            self._parent = value

    def made(self) -> DatGame:
        return game_from(self._name, self.files, self.serials, self._parent)

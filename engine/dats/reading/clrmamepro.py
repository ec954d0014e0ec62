"""Lists in the text form of ClrMamePro: blocks of names and values in parentheses."""

import re

from discpress.engine.dats.model import DatFile, DatGame, DatHeader, ParsedDat
from discpress.engine.dats.reading.games import FileTaker, RefusedDatError, checked_name, game_from

MOST_DEPTH = 8
"""Blocks inside each other; known lists have two."""
_TOKEN = re.compile(r'\s*+(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|(\S++))', re.DOTALL)
_VALUE = r'(?:"[^"\\]*+"|[^\s()"\\]++)'
_PLAIN_PAIRS = rf"(?:\s++\w++\s++{_VALUE})++\s++"
_PLAIN_GAME = re.compile(rf"\s*+(?:game|machine)\s++\(((?:\s++\w++\s++(?:{_VALUE}|\({_PLAIN_PAIRS}\)))++)\s++\)")
"""A game without an escape or a block in a file: nearly all games. Three matches are five times as fast as its
tokens."""
_ITEM = re.compile(rf'(\w++)\s++(?:"([^"]*+)"|\(({_PLAIN_PAIRS})\)|([^\s()"]++))')
_PAIR = re.compile(r'(\w++)\s++(?:"([^"]*+)"|([^\s"]++))')
_END = re.compile(r"\s*+\Z")
_ESCAPE = re.compile(r'\\(["\\])')
_GAMES = frozenset({"game", "machine", "resource", "set"})
_HEADS = frozenset({"clrmamepro", "emulator"})
_FILES = frozenset({"rom", "disk"})
_FLAGS = frozenset({"baddump", "nodump", "verified"})
"""Words that stand for themselves: `flags nodump` and the older `nodump`."""
_FLAG = re.compile("|".join(_FLAGS))
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
        found = _PLAIN_GAME.match(self._text, self._at)
        if found is None or _FLAG.search(found[1]) is not None:
            return None
        self._at = found.end()
        game = _Game()
        for key, quoted, block, bare in _ITEM.findall(found[1]):
            if not block:
                game.take(key, quoted or bare)
            elif key in _FILES:
                attributes = {name: text or word for name, text, word in _PAIR.findall(block)}
                self._taker.take(attributes, game.files, game.serials, is_disk=key == "disk")
        return game.made()

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

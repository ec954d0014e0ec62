"""Lists in XML: Logiqx as Redump, No-Intro and MAMERedump write it, and the software lists of MAME.

Expat reads them in pieces. A list that declares entities is refused, so that none expands; nothing outside is loaded.
"""

import re
from collections.abc import Callable, Iterable
from pyexpat import ErrorString, ExpatError, ParserCreate

from discpress.engine.dats.model import DatFile, DatGame, ParsedDat
from discpress.engine.dats.reading.games import FileTaker, RefusedDatError, checked_name, game_from

MOST_DEPTH = 16
"""Elements inside each other; a software list has six."""
_MOST_TEXT = 64 * 1024
_GAMES = frozenset({"game", "machine", "software"})
_ROOTS = frozenset({"datafile", "softwarelist", "softwarelists", "mame"})
_HEADER = frozenset({"name", "description", "version", "date", "author", "homepage", "url"})
_TEXTS = frozenset({"serial"})
"""Elements of a game whose text counts."""
_TEXTS_OF_SOFTWARE = _TEXTS | {"description"}
_SPACES = re.compile(r"\s+")


def read_xml(pieces: Iterable[bytes]) -> ParsedDat:
    """Return the list in the bytes of an XML file, piece by piece. Raises RefusedDatError."""
    reader = _Reader()
    try:
        for piece in pieces:
            reader.feed(piece)
        return reader.finish()
    except ExpatError as error:
        raise RefusedDatError(f"line {error.lineno}: {ErrorString(error.code)}") from error
    except (LookupError, UnicodeError, MemoryError) as error:  # an encoding that Python does not have
        raise RefusedDatError(f"line {reader.line}: {error}") from error


class _Reader:
    def __init__(self) -> None:
        self._found = ParsedDat()
        self._path: list[str] = []
        self._texts = _TEXTS
        self._text: list[str] = []
        self._text_length = self._text_depth = 0
        self._game: dict[str, str] = {}
        self._files: list[DatFile] = []
        self._serials: list[str] = []
        self._taker = FileTaker()
        self._names: dict[str, str] = {}
        self._parser = ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.EntityDeclHandler = self._refuse_entity

    @property
    def line(self) -> int:
        return int(self._parser.CurrentLineNumber)

    def feed(self, piece: bytes) -> None:
        self._located(lambda: self._parser.Parse(piece, False))

    def finish(self) -> ParsedDat:
        self._located(lambda: self._parser.Parse(b"", True))
        games = self._found.games
        for at, game in enumerate(games):
            if game.parent in self._names:
                games[at] = game._replace(parent=self._names[game.parent])
        return self._found

    def _located(self, step: Callable[[], object]) -> None:
        try:
            step()
        except RefusedDatError as error:
            raise RefusedDatError(f"line {self.line}: {error}") from error.__cause__

    def _refuse_entity(self, *_: object) -> None:
        raise RefusedDatError("it declares entities, which no list needs")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        path = self._path
        if len(path) >= MOST_DEPTH:
            raise RefusedDatError(f"more than {MOST_DEPTH} elements inside each other")
        if not path:
            self._begin(name, attributes)
        elif name in {"rom", "disk"}:
            self._taker.take(attributes, self._files, self._serials, is_disk=name == "disk")
        elif name in _GAMES:
            self._game, self._files, self._serials = {"name": "", **attributes}, [], []
        elif name == "info" and attributes.get("name") == "serial":
            self._serials.append(attributes.get("value", ""))
        elif name in _HEADER if path[-1] == "header" else name in self._texts and path[-1] in _GAMES:
            self._text, self._text_length, self._text_depth = [], 0, len(path)
            self._parser.CharacterDataHandler = self._take_text
        path.append(name)

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if name not in _ROOTS:
            raise RefusedDatError(f"expected one of {', '.join(sorted(_ROOTS))}, got {name!r:.60}: not a list of games")
        if name == "softwarelist":
            header = self._found.header
            header.is_software_list = True
            self._texts = _TEXTS_OF_SOFTWARE
            header.name = checked_name(attributes.get("name", ""))
            header.description = checked_name(attributes.get("description", ""))

    def _take_text(self, text: str) -> None:
        self._text_length += len(text)
        if self._text_length > _MOST_TEXT:
            raise RefusedDatError(f"a text of more than {_MOST_TEXT} characters")
        self._text.append(text)

    def _end(self, name: str) -> None:
        self._path.pop()
        if self._parser.CharacterDataHandler is not None and len(self._path) == self._text_depth:
            self._parser.CharacterDataHandler = None  # most texts are of no use
            text = _SPACES.sub(" ", "".join(self._text)).strip()
            if self._path[-1] == "header":
                setattr(self._found.header, name, text)
            elif name == "serial":
                self._serials.append(text)
            else:
                self._game["description"] = text
        if name in _GAMES:
            self._found.games.append(self._made_game())

    def _made_game(self) -> DatGame:
        its = self._game
        # A software list calls a game by a short word, and has its title in the description.
        is_short = self._found.header.is_software_list and its.get("description")
        name = its["description"] if is_short else its["name"]
        parent = its.get("cloneofid") or its.get("cloneof") or ""
        for key in (its.get("id"), its["name"]):  # games name their parent by its number or its short word
            if key and key != name:
                self._names[key] = name
        return game_from(name, self._files, self._serials, parent)

"""Games of a list that are one game in several regions or revisions: those with one parent (`cloneof`)."""

import sqlite3
from collections import Counter
from collections.abc import Mapping

from discpress.engine.dats.match import GameFamily
from discpress.engine.store.rows.checked import NUMBER, TEXT, Shape, UnreadableError

_GAME = Shape({"dat": NUMBER, "number": NUMBER, "name": TEXT, "parent": TEXT})
_SELECT = f"""SELECT {_GAME.select()} FROM dat_games
WHERE dat IN (SELECT dat FROM dat_games WHERE parent != '') ORDER BY dat, number"""
_MOST_STEPS = 16
"""Parents of parents; the lists have one step."""


def game_families(connection: sqlite3.Connection) -> dict[tuple[int, int], GameFamily]:
    """Return the families of games that have relatives, by list and place; unreadable rows are left out."""
    names: dict[tuple[int, int], str] = {}
    parents: dict[tuple[int, str], str] = {}
    for row in connection.execute(_SELECT):
        try:
            dat, number, name, parent = _GAME.read(row)
        except UnreadableError:
            continue
        names[dat, number] = name
        if parent and parent != name:
            parents[dat, name] = parent
    found = {(dat, number): GameFamily(dat, _first(dat, name, parents)) for (dat, number), name in names.items()}
    sizes = Counter(found.values())
    return {key: family for key, family in found.items() if sizes[family] > 1}


def _first(dat: int, name: str, parents: Mapping[tuple[int, str], str]) -> str:
    """Return the game without a parent that a game comes from; lists that go in a circle end somewhere."""
    for _ in range(_MOST_STEPS):
        parent = parents.get((dat, name))
        if parent is None:
            break
        name = parent
    return name

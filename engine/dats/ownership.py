"""The games of the lists that the library has: a disc counts in every list that has it."""

import sqlite3

from discpress.engine.dats.matching import find_all_matches


def owned_games(connection: sqlite3.Connection) -> set[tuple[int, int]]:
    """Return the games that a title of the library is, each as list and place; bad dumps count too."""
    return {
        (match.dat, match.number)
        for matches in find_all_matches(connection).values()
        for match in matches
        if match.names_game
    }

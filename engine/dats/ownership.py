"""The games of the lists that the library has, and counts per list: a disc counts in every list that has it."""

import sqlite3
from collections import Counter
from dataclasses import dataclass

from discpress.engine.dats.index import read_lists
from discpress.engine.dats.match import Match, Verdict
from discpress.engine.dats.matching import find_all_matches
from discpress.engine.store.digests import Grade

_Game = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ListCounts:
    """The games of a list by the best title of the library, and titles that are other revisions of them."""

    exact: int = 0
    """Games that a decoded title is."""
    header: int = 0
    """Games that a title is by its header, or by digests that followed it: nothing was decoded there."""
    bad: int = 0
    """Games of which the list has a bad dump, and the library that dump."""
    mia: int = 0
    """Games that the library has and the list lacks."""
    revisions: int = 0
    """Titles with the serial of a listed game and other digests."""
    missing: int = 0
    """Games that no title is."""

    @property
    def owned(self) -> int:
        """Games that a title is, good or bad."""
        return self.exact + self.header + self.bad + self.mia


def owned_games(connection: sqlite3.Connection) -> set[_Game]:
    """Return the games that a title of the library is, each as list and place; bad dumps count too."""
    hits, _ = find_all_matches(connection)
    return {(match.dat, match.number) for matches in hits.values() for match in matches if match.names_game}


def count_lists(connection: sqlite3.Connection) -> dict[int, ListCounts]:
    """Return the counts of each list by its number."""
    hits, matches = find_all_matches(connection)
    best: dict[_Game, str] = {}
    for found in hits.values():
        for match in found:
            if match.names_game:
                game, word = (match.dat, match.number), _word_of(match)
                best[game] = min(best.get(game, word), word, key=_WORDS.index)
    counts = Counter((dat, word) for (dat, _), word in best.items())
    revisions = Counter(match.dat for match in matches.values() if match.verdict is Verdict.REVISION)
    result = {}
    for each in read_lists(connection):
        words = {word: counts[each.id, word] for word in _WORDS}
        missing = max(0, each.games - sum(words.values()))
        result[each.id] = ListCounts(**words, revisions=revisions[each.id], missing=missing)
    return result


_WORDS = ("mia", "exact", "header", "bad")
"""Of several titles that are a game, the first one counts; one that is wanted stays so."""


def _word_of(match: Match) -> str:
    if match.verdict is Verdict.EXACT:
        return "exact" if match.grade is Grade.DECODED else "header"
    return "mia" if match.verdict is Verdict.MIA else "bad"

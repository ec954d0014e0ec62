"""The comparison of a title with the lists: a verdict, and the game that it names."""

from enum import StrEnum
from typing import NamedTuple

from discpress.engine.store.digests import Grade


class Verdict(StrEnum):
    """The result of the comparison, the best first; the words of the filter `id:`."""

    EXACT = "exact"
    """A list has this very disc."""
    MIA = "mia"
    """A list has it, and nobody of that list has the disc: it is wanted."""
    BAD = "bad"
    """A list has it as a bad dump, or it is a disc that was trimmed or padded."""
    REVISION = "rev"
    """The lists have its serial with other digests."""
    NONE = "no"
    """The lists for its system do not have it."""
    UNKNOWN = "unknown"
    """Its digests are not known yet, or no list is for its system."""

    @property
    def label(self) -> str:
        """The verdict for people."""
        return _LABELS[self]


_LABELS = {
    Verdict.EXACT: "exact",
    Verdict.MIA: "exact, and wanted by the list",
    Verdict.BAD: "bad dump",
    Verdict.REVISION: "other revision",
    Verdict.NONE: "no match",
    Verdict.UNKNOWN: "unknown",
}
_GRADES = {
    Grade.FOLLOWED: "decoded before it was moved",
    Grade.STATED: "its header says so",
}


class GameFamily(NamedTuple):
    """One game in several regions or revisions, as a list joins them."""

    dat: int
    """Number of the list."""
    name: str
    """Name of the game that the others are variants of."""


class Match(NamedTuple):
    """The comparison of a title with all lists; the best result counts."""

    verdict: Verdict = Verdict.UNKNOWN
    """The result."""
    grade: Grade | None = None
    """The reason to believe it: `decoded` is exact, the others are not; None without a matching file."""
    dat: int = 0
    """Number of the list; 0 for none."""
    label: str = ""
    """Publisher and version of the list: `Redump 2026-08-01`."""
    list_name: str = ""
    """Name of the list: `Sony - PlayStation 2`."""
    game: str = ""
    """Name of the game in the list."""
    number: int = -1
    """Place of the game in the list, from 0; -1 for none."""
    reason: str = ""
    """An explanation, as a clause; empty if there is nothing to explain."""
    sheet: bool | None = None
    """Whether a sheet with the layout of the tracks equals the sheet in the list; None if the list has none."""
    family: GameFamily | None = None
    """The game in all its regions and revisions; None if no list that has it names such relatives."""

    @property
    def is_proven(self) -> bool:
        """Whether this very file was decoded and is the disc of the list."""
        return self.verdict in {Verdict.EXACT, Verdict.MIA} and self.grade is Grade.DECODED

    @property
    def names_game(self) -> bool:
        """Whether the file is that of the game in the list, good or bad."""
        return self.verdict in {Verdict.EXACT, Verdict.MIA, Verdict.BAD} and self.number >= 0

    @property
    def sentence(self) -> str:
        """The result for people, on one line: `Redump 2026-08-01: exact`; without display escapes."""
        said = self.verdict.label
        if self.grade is not None and self.grade is not Grade.DECODED:
            said = _GRADES.get(self.grade, said) if self.verdict is Verdict.EXACT else f"{said}, {_GRADES[self.grade]}"
        parts = [said, *([self.game] if self.game else []), *([self.reason] if self.reason else [])]
        text = ": ".join(parts[:2]) + "".join(f"; {part}" for part in parts[2:])
        return f"{self.label}: {text}" if self.label else text


UNKNOWN = Match()
"""Of a title that no list can be compared with yet."""

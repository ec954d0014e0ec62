"""Which titles read differently than before: what triggers noted of titles, their settings and their estimates."""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

# Numbers have no gaps: where the number itself is still there, so is all that came after it.
_SELECT_LAST = "SELECT MAX(number) FROM title_changes"
_SELECT_IS_KEPT = "SELECT 1 FROM title_changes WHERE number = ?"
_SELECT_SINCE = "SELECT DISTINCT path FROM title_changes WHERE number > ?"


@dataclass(frozen=True, slots=True)
class TitleChanges:
    """What became different in the library after some earlier look."""

    number: int
    """The last change; what the next look asks with."""
    paths: frozenset[Path] | None
    """The titles to read again, dropped ones among them; None: too many, read all of them."""


def changes_since(connection: sqlite3.Connection, number: int) -> TitleChanges:
    """Return the changes after a number."""
    (last,) = connection.execute(_SELECT_LAST).fetchone()
    if last == number:
        return TitleChanges(number, frozenset())
    if last is None or connection.execute(_SELECT_IS_KEPT, (number,)).fetchone() is None:
        return TitleChanges(last or 0, None)
    found = connection.execute(_SELECT_SINCE, (number,)).fetchall()
    return TitleChanges(last, frozenset(Path(os.fsdecode(path)) for (path,) in found if isinstance(path, bytes)))

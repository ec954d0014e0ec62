"""The titles that have changed: triggers record changes of titles, their settings and their estimates."""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

# Numbers have no gaps: if a number is still there, so are all later ones.
_SELECT_LAST = "SELECT MAX(number) FROM title_changes"
_SELECT_IS_KEPT = "SELECT 1 FROM title_changes WHERE number = ?"
_SELECT_SINCE = "SELECT DISTINCT path FROM title_changes WHERE number > ?"


@dataclass(frozen=True, slots=True)
class TitleChanges:
    """The changes of the library since an earlier poll."""

    number: int
    """Number of the last change, for the next poll."""
    paths: frozenset[Path] | None
    """The titles to read again, including dropped ones; None if there are too many, so that all must be read."""


def changes_since(connection: sqlite3.Connection, number: int) -> TitleChanges:
    """Return the changes after a number."""
    (last,) = connection.execute(_SELECT_LAST).fetchone()
    if last == number:
        return TitleChanges(number, frozenset())
    if last is None or connection.execute(_SELECT_IS_KEPT, (number,)).fetchone() is None:
        return TitleChanges(last or 0, None)
    found = connection.execute(_SELECT_SINCE, (number,)).fetchall()
    return TitleChanges(last, frozenset(Path(os.fsdecode(path)) for (path,) in found if isinstance(path, bytes)))

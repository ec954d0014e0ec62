"""The titles that have changed: triggers record changes of titles, their settings and their estimates."""

import contextlib
import sqlite3
from pathlib import Path
from typing import NamedTuple

from discpress.engine.store.rows.checked import path_of
from discpress.engine.store.schema import immediate

# Numbers have no gaps: if a number is still there, so are all later ones.
_SELECT_LAST = "SELECT MAX(number) FROM title_changes"
_SELECT_IS_KEPT = "SELECT 1 FROM title_changes WHERE number = ?"
_SELECT_SINCE = "SELECT DISTINCT path FROM title_changes WHERE number > ?"
# Microseconds since the epoch, and one more for each change. After the largest number SQLite chooses new ones at
# random. A new beginning, as in a new file, makes every reader read all titles again.
_HIGHEST = 2**62
_BEGIN_ANEW = "INSERT INTO title_changes VALUES (CAST(strftime('%s', 'now') AS INTEGER) * 1000000, x'')"


class TitleChanges(NamedTuple):
    """The changes of the library since an earlier poll."""

    number: int
    """Number of the last change, for the next poll."""
    paths: frozenset[Path] | None
    """The titles to read again, including dropped ones; None if there are too many, so that all must be read."""


def changes_since(connection: sqlite3.Connection, number: int) -> TitleChanges:
    """Return the changes after a number."""
    (last,) = connection.execute(_SELECT_LAST).fetchone()
    if last is not None and last > _HIGHEST:
        with immediate(connection):
            connection.execute("DELETE FROM title_changes")
            connection.execute(_BEGIN_ANEW)
        (last,) = connection.execute(_SELECT_LAST).fetchone()
    if last == number:
        return TitleChanges(number, frozenset())
    if last is None or connection.execute(_SELECT_IS_KEPT, (number,)).fetchone() is None:
        return TitleChanges(last or 0, None)
    paths = set()
    for (key,) in connection.execute(_SELECT_SINCE, (number,)):
        with contextlib.suppress(ValueError, TypeError):  # of a title that cannot be read
            paths.add(path_of(key))
    return TitleChanges(last, frozenset(paths))

"""Rows of the titles in portions: all rows of a large library at once would take as much memory as its titles."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from discpress.engine.store.rows.checked import Row

ReadRows: TypeAlias = Callable[[str, Mapping[str, Any]], list[Row]]

# One range, in the order of the key: for two ranges SQLite would collect and sort all rows.
WITHIN = "WHERE t.path >= :folder AND t.path < :end AND (t.path = :folder OR t.path >= :first)"
PORTION = 250
"""Rows that are read at once; the file is free for other threads while they are decoded."""


def folder_range(folder: Path) -> dict[str, bytes]:
    """Return the parameters of WITHIN: the folder itself, and the keys of everything below it."""
    first = os.fsencode(os.path.join(folder, ""))  # noqa: PTH118 - a Path has no trailing separator
    return {"folder": os.fsencode(folder), "first": first, "end": first[:-1] + bytes([first[-1] + 1])}


def title_portions(read: ReadRows, select: str, where: str, parameters: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of a SELECT of titles `t` whose first column is the path, in the order of their paths.

    `where` is its condition, from the word WHERE on, or empty. A title that is added, moved or dropped between two
    portions may be missing or be still there; it is among the changes since then.
    """
    values = dict(parameters)
    condition = where
    while True:
        found = read(f"{select}{condition} ORDER BY t.path LIMIT {PORTION}", values)
        yield from found
        if len(found) < PORTION:
            return
        values["after"] = found[-1][0]
        # First, because SQLite searches with the first of several bounds: each portion begins at its first row.
        condition = f"WHERE t.path > :after{where.replace('WHERE', ' AND', 1)}"

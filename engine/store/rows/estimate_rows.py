"""Estimates in the state file: several for one content, one for each choice of settings."""

import sqlite3
from collections.abc import Iterable

from discpress.engine.formats import Settings
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import StoredEstimate
from discpress.engine.store.rows import keys, title_rows

_KEY = "identity = ?1 AND format = ?2 AND block_size = ?3 AND level = ?4 AND alignment = ?5 AND methods = ?6"
_VALUES = ", ".join(f"?{number}" for number in range(1, 18))
_SAVE = f"INSERT OR REPLACE INTO estimates VALUES ({_VALUES})"
_SAVE_BETTER = f"""
INSERT OR REPLACE INTO estimates SELECT {_VALUES}
WHERE NOT EXISTS (SELECT 1 FROM estimates WHERE {_KEY} AND sampled_bytes > ?12)
"""
# The clusters of a table hold whole blocks of its largest size, so a separate estimate of as many bytes is better.
_SAVE_CELL = f"""
INSERT OR REPLACE INTO estimates SELECT {_VALUES} WHERE NOT EXISTS (
    SELECT 1 FROM estimates WHERE {_KEY}
    AND (sampled_bytes > ?12 OR (2 * sampled_bytes > ?12 AND high_bytes - low_bytes <= ?11 - ?10)))
"""
_TOUCH = f"UPDATE estimates SET at = ?7 WHERE {_KEY}"
_SELECT_ALL = f"{title_rows.SELECT_ESTIMATES} ORDER BY e.format, e.block_size, e.level, e.alignment, e.methods"
_SELECT_ONE = (
    f"{title_rows.SELECT_ESTIMATES} AND e.format = ? AND e.block_size = ? AND e.level = ? AND e.alignment = ?"
    " AND e.methods = ?"
)


def save(
    connection: sqlite3.Connection, identity: FileIdentity, estimate: StoredEstimate, now: float, *, keep_better: bool
) -> None:
    """Store an estimate as the last one; `keep_better`: an earlier one from more bytes becomes the last one instead."""
    row = title_rows.estimate_row(identity, estimate, now)
    if connection.execute(_SAVE_BETTER if keep_better else _SAVE, row).rowcount == 0:
        connection.execute(_TOUCH, (*row[:6], now))


def save_grid(connection: sqlite3.Connection, identity: FileIdentity, cells: Iterable[StoredEstimate]) -> None:
    """Store the cells of a table of settings unless there is a better estimate.

    They date from the beginning of time, because nobody asked for any single one: a title without its own settings must
    not be shown under the last cell of the table.
    """
    connection.executemany(_SAVE_CELL, [title_rows.estimate_row(identity, cell, 0.0) for cell in cells])


def all_of(connection: sqlite3.Connection, identity: FileIdentity) -> list[StoredEstimate]:
    """Return all estimates of one content."""
    found = map(title_rows.estimate_from, connection.execute(_SELECT_ALL, (keys.identity_key(identity),)))
    return [estimate for estimate in found if estimate is not None]


def one_of(connection: sqlite3.Connection, identity: FileIdentity, settings: Settings) -> StoredEstimate | None:
    """Return the estimate for these settings, made for any target."""
    row = connection.execute(_SELECT_ONE, (keys.identity_key(identity), *title_rows.settings_key(settings))).fetchone()
    return None if row is None else title_rows.estimate_from(row)

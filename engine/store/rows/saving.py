"""Titles as a scan found them, written with what their headers state."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace

from discpress.engine.store.model import Title
from discpress.engine.store.rows import digest_rows, gone_rows, title_rows


def save_titles(connection: sqlite3.Connection, titles: Sequence[Title], now: Callable[[], float]) -> None:
    """Add or replace titles by path, and store the digests that their headers state. They count as gone no longer."""
    connection.executemany(title_rows.SAVE_TITLE, [title_rows.title_row(title) for title in titles])
    gone_rows.recall(connection, (title.path for title in titles))
    for title in titles:
        if title.stated is not None:
            digest_rows.save(connection, title.path, title.identity, replace(title.stated, at=now()))

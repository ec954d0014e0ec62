"""The first titles by name, which the app shows before it has read the rest."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from title_fields import title_at

from discpress.engine.formats import ImageFormat
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.store import FILE_NAME, Store

NAMES = ("Game 10", "game 2", "Zebra", os.fsdecode(b"Game 3 \xff"), "Atlas")


def save(store: Store) -> None:
    titles = [
        title_at(Path(f"/games/{number}.iso"), FileIdentity(number + 1, 700, 5), format=ImageFormat.ISO, title=name)
        for number, name in enumerate(NAMES)
    ]
    store.save_titles(titles)


def first(store: Store, count: int, folders: list[Path] | None = None) -> list[str]:
    return [title.title for title in store.first_by_name(count, folders)]


def test_they_come_in_natural_order_whatever_their_case(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        save(store)
        assert first(store, 3) == ["Atlas", "game 2", NAMES[3]]


def test_folders_that_overlap_give_each_title_once(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        save(store)
        assert first(store, 9, [Path("/games"), Path("/"), Path("/other")]) == [
            "Atlas", "game 2", NAMES[3], "Game 10", "Zebra",
        ]  # fmt: skip


@pytest.mark.parametrize(("column", "then"), [("path", []), ("title", ["game 2"])])
def test_a_row_that_cannot_be_read_is_left_out(column: str, then: list[str], tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        save(store)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection, connection:
        connection.execute(f"UPDATE titles SET {column} = CAST('x' AS BLOB) WHERE title = 'Atlas'")
    with Store(tmp_path) as store:
        assert first(store, 1) == then

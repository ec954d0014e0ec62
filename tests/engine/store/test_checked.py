"""What a row may hold, and what is made of one that holds something else."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.store.rows.checked import (
    BYTES,
    FEW_NAMES,
    FLAG,
    LARGEST,
    LAST_TIME_S,
    NAME,
    NUMBER,
    PATH,
    TEXT,
    TIME,
    Column,
    NotText,
    Shape,
    UnreadableError,
    integer,
    made_by,
    path_of,
    real,
    text_or_bytes,
    token,
)

COLUMNS = {
    "text": TEXT,
    "bytes": BYTES,
    "name": NAME,
    "path": PATH,
    "flag": FLAG,
    "number": NUMBER,
    "time": TIME,
    "few": integer(-2, 5),
    "share": real(-1.0, 1.0),
    "word": token({"on": 1, "off": 2}, 0),
    "made": made_by(int, 0),
    "either": NUMBER.or_null,
    "maybe": PATH.or_null,
}
SOUND = ("a", b"b", "c", b"/d", 1, 7, 1.5, -2, 0.5, "off", "12", None, b"/e")
ANY_VALUE = (
    st.none()
    | st.integers(-(2**63), LARGEST)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.binary().map(NotText)
    | st.sampled_from(SOUND)
)


def test_a_sound_row_becomes_values() -> None:
    values = ["a", b"b", "c", Path("/d"), True, 7, 1.5, -2, 0.5, 2, 12, None, Path("/e")]
    assert Shape(COLUMNS).read(SOUND) == values
    assert Shape(COLUMNS).salvage(SOUND) == (values, [])


@pytest.mark.slow
@given(st.tuples(*[ANY_VALUE] * len(COLUMNS)))
def test_any_row_is_read_or_refused_and_what_is_left_of_it_is_sound(row: tuple[Any, ...]) -> None:
    shape = Shape(COLUMNS)
    values, faults = shape.salvage(row)
    try:
        read = shape.read(row)
    except UnreadableError as error:
        assert error.column in faults
    else:
        assert (read, []) == (values, faults)
    for name, value in zip(COLUMNS, values, strict=True):
        if name in faults:
            assert value == COLUMNS[name].default


WRONG = [
    (TEXT, b"a"),
    (TEXT, NotText(b"\xff")),
    (BYTES, "a"),
    (BYTES, NotText(b"a")),
    (NAME, 5),
    (PATH, "/a"),
    (PATH, b""),
    (PATH, b"a"),
    (PATH, b"/a\0b"),
    (PATH, NotText(b"/\xff")),
    (PATH, None),
    (FLAG, 2),
    (FLAG, None),
    (NUMBER, -1),
    (NUMBER, 1.0),
    (NUMBER, "1"),
    (NUMBER.or_null, -1),
    (TIME, float("inf")),
    (TIME, float("-inf")),
    (TIME, -0.1),
    (TIME, 1),
    (TIME, LAST_TIME_S * 2),
    (integer(-2, 5), 6),
    (integer(-2, 5), -3),
    (token({"on": 1}, 0), "of the future"),
    (made_by(int, 0), "x"),
]


@pytest.mark.parametrize(("column", "value"), WRONG)
def test_a_wrong_value_names_its_column(column: Column, value: object) -> None:
    with pytest.raises(UnreadableError, match=r"^wrong cannot be read$"):
        Shape({"right": TEXT, "wrong": column}).read(("a", value))


@pytest.mark.parametrize("key", [b"/", b"/a b/[c].iso", b"/bad \xff.iso", "/紙灯籠".encode()])
def test_paths_of_any_bytes_are_paths(key: bytes) -> None:
    assert os.fsencode(path_of(key)) == key


def test_a_part_of_a_shape_selects_less() -> None:
    part = Shape(COLUMNS).part("path", "number")
    assert (part.select("t"), part.read((b"/a", 3))) == ("t.path, t.number", [Path("/a"), 3])


def test_text_that_is_not_utf_8_is_no_text() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.text_factory = text_or_bytes
        row = connection.execute("SELECT CAST(x'61ff' AS TEXT), 'a\u00e9', CAST(x'6100' AS TEXT)").fetchone()
    assert (row, [type(each) for each in row]) == ((b"a\xff", "a\u00e9", "a\0"), [NotText, str, str])


def test_texts_that_many_rows_share_are_kept_once() -> None:
    shape = Shape({"region": FEW_NAMES})

    rows = [shape.read((each,)) for each in ("".join(("U", "S")), b"US", "".join(("U", "S")))]

    assert rows == [["US"]] * 3
    assert {id(text) for (text,) in rows} == {id(rows[0][0])}

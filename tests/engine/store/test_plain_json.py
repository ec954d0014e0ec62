"""JSON of the state file: what is believed of it, and what is not."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from discpress.engine.store.rows.plain_json import (
    MOST_DEPTH,
    fields_in,
    has_schema,
    load_json,
    load_object,
    load_texts,
    path_in,
    texts_in,
)

PLAIN: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**127), 2**127)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@given(PLAIN)
def test_what_discpress_writes_comes_back(value: Any) -> None:
    assert load_json(json.dumps(value)) == value


def test_names_of_undecodable_bytes_come_back() -> None:
    assert load_object(json.dumps({"path": "/bad \udcff"})) == {"path": "/bad \udcff"}


@pytest.mark.parametrize(
    ("found", "is_ours"), [("1", True), ("true", False), ("1.0", False), ("2", False), ("[1]", False)]
)
def test_a_version_is_a_whole_number(found: str, is_ours: bool) -> None:
    assert has_schema(load_object(f'{{"schema": {found}}}'), 1) is is_ours


@given(st.text(st.sampled_from('[]{}",:0123456789eE.-\\udtrfalsn \x00é')) | st.text())
@example("[" * 100_000)
@example('{"a":' * 100_000)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = load_json(text)
    except ValueError:
        return
    json.dumps(value, allow_nan=False).encode("ascii")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "NaN",
        "[Infinity]",
        '{"a": -Infinity}',
        "1e999",
        "9" * 60,
        "9" * 5000,
        '"\\ud800"',
        '{"\\uD800": 1}',
        '[["\\udfff"]]',
        "[" * (MOST_DEPTH + 1) + "]" * (MOST_DEPTH + 1),
        '{"a":' * 900 + "1" + "}" * 900,
    ],
)
def test_what_nothing_can_be_done_with_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        load_json(text)


@pytest.mark.parametrize("text", ["[]", "5", "null", '"a"'])
def test_an_object_is_an_object(text: str) -> None:
    with pytest.raises(ValueError, match="not an object"):
        load_object(text)


def test_texts_are_all_texts() -> None:
    assert load_texts('["a", "b"]') == ("a", "b")
    for value in (["a", 1], {"a": 1}, "ab", None):
        with pytest.raises(ValueError, match="not an array"):
            texts_in(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["", "a", "a/b", "/a\0b", 5, None, ["/a"]])
def test_a_path_is_absolute_and_can_be_one(value: object) -> None:
    with pytest.raises(ValueError, match="not an absolute path"):
        path_in(value)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Record:
    count: int = 1
    share: float = 0.5
    is_on: bool = False
    name: str = ""
    colour: Colour | None = None
    folder: Path | None = None
    colours: tuple[Colour, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()
    curve: Sequence[float] = ()
    other: object = None


def test_fields_have_their_types() -> None:
    values = {
        "count": 3, "share": 2, "is_on": True, "name": "a", "colour": "red", "folder": "/mnt", "colours": ["red"],
        "pairs": [[1, 2], [3, 4]], "curve": [1.5, 2], "other": 5, "unknown": [],
    }  # fmt: skip
    assert Record(**fields_in(Record, values)) == Record(  # type: ignore[arg-type]
        3, 2, True, "a", Colour.RED, Path("/mnt"), (Colour.RED,), ((1, 2), (3, 4)), (1.5, 2)
    )


def test_what_is_null_may_be() -> None:
    assert fields_in(Record, {"colour": None, "folder": None}) == {"colour": None, "folder": None}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", 1.5),
        ("count", True),
        ("count", -1),
        ("count", 2**64),
        ("count", None),
        ("share", "1"),
        ("share", -0.5),
        ("share", math.inf),
        ("share", math.nan),
        ("is_on", 1),
        ("name", 5),
        ("colour", "green"),
        ("colour", {}),
        ("folder", "mnt"),
        ("colours", "red"),
        ("colours", ["green"]),
        ("pairs", [[1]]),
        ("pairs", [[1, 2, 3]]),
        ("pairs", [1]),
        ("curve", ["fast"]),
    ],
)
def test_fields_of_other_types_are_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError):
        fields_in(Record, {name: value})

"""JSON from the state file, checked against limits and converted to the records that were stored.

The standard parser accepts unbounded numbers, `NaN`, and as many brackets as the stack holds. Text in it may be
impossible as a file name.
"""

import json
import math
import os
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from discpress.engine.store.model import JsonValue
from discpress.engine.store.rows.checked import LARGEST

MOST_DEPTH = 16
"""No stored value is nested deeper than five."""
_MOST_WHOLE = 2**128  # an inode of Windows


def load_json(text: str) -> JsonValue:
    """Return the value of a JSON text.

    Raises ValueError if it is not JSON or contains an unusable value: a whole number beyond 128 bits, one that is not
    finite, more than 16 levels, or text that is impossible as a name.
    """
    try:
        value: JsonValue = _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    # Nearly all values are flat and plain, and need no deep check.
    if text.count("[") + text.count("{") > MOST_DEPTH or "\\ud" in text or "\\uD" in text:
        _check(value)
    return value


def load_object(text: str) -> dict[str, JsonValue]:
    """Return the object in a JSON text. Raises ValueError if it is not an object, and as `load_json` does."""
    value = load_json(text)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def has_schema(facts: Mapping[str, JsonValue], schema: int) -> bool:
    """Return whether a record states this version of its form: as a whole number, because `true` and 1.0 equal 1."""
    found = facts.get("schema")
    return type(found) is int and found == schema


def load_texts(text: str) -> tuple[str, ...]:
    """Return the array of texts in a JSON text. Raises ValueError if it is not one."""
    return tuple(texts_in(load_json(text)))


@lru_cache(maxsize=1024)  # a library has few different tags
def texts_json(texts: tuple[str, ...]) -> str:
    """Return texts as a JSON array, for `load_texts`."""
    return json.dumps(texts)


def texts_in(value: JsonValue) -> list[str]:
    """Return an array of texts. Raises ValueError if it is not one."""
    if not isinstance(value, list):
        raise ValueError("not an array")
    texts = [each for each in value if isinstance(each, str)]
    if len(texts) != len(value):
        raise ValueError("not an array of texts")
    return texts


def path_in(value: object) -> Path:
    """Return the absolute path that a text names. Raises ValueError if it is not one, or impossible as a name."""
    if not isinstance(value, str) or "\0" in value or not Path(value).is_absolute():
        raise ValueError("not an absolute path")
    os.fsencode(value)
    return Path(value)


def fields_in(kind: type, values: Mapping[str, JsonValue]) -> dict[str, Any]:
    """Return the values that are fields of a dataclass, converted to the fields' types.

    Numbers are finite and at least 0, paths are absolute. A missing value keeps its default. Raises ValueError if a
    value does not fit its field.
    """
    readers = _readers(kind)
    return {name: readers[name](value) for name, value in values.items() if name in readers}


def _whole(digits: str) -> int:
    number = int(digits)
    if abs(number) > _MOST_WHOLE:
        raise ValueError("more than 128 bits")
    return number


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("not finite")
    return number


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_finite, parse_constant=_refuse)


def _check(value: JsonValue) -> None:
    """Raise ValueError for values nested too deeply, and for text that is impossible as a file name."""
    level: list[JsonValue] = [value]
    for _ in range(MOST_DEPTH):
        inner: list[JsonValue] = []
        for each in level:
            if isinstance(each, str):
                os.fsencode(each)
            elif isinstance(each, list):
                inner += each
            elif isinstance(each, dict):
                inner += [*each.keys(), *each.values()]
        if not inner:
            return
        level = inner
    raise ValueError("nested too deeply")


@lru_cache(maxsize=16)
def _readers(kind: type) -> dict[str, Callable[[Any], Any]]:
    """Return the converter for each field of a dataclass whose type JSON can represent."""
    hints = get_type_hints(kind)
    found = {each.name: _reader(hints[each.name]) for each in fields(kind)}
    return {name: reader for name, reader in found.items() if reader is not None}


def _reader(hint: Any) -> Callable[[Any], Any] | None:
    origin, inner = get_origin(hint), get_args(hint)
    if isinstance(hint, types.UnionType):
        return _optional(_reader(inner[0]))
    if origin is tuple and inner[-1] is not Ellipsis:
        return _fixed([_reader(each) for each in inner])
    if origin in {tuple, Sequence}:
        return _many(_reader(inner[0]))
    if hint is Path:
        return path_in
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    return _PLAIN.get(hint)


def _optional(reader: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    return None if reader is None else lambda value: None if value is None else reader(value)


def _many(reader: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    return None if reader is None else lambda value: tuple(map(reader, _array(value)))


def _fixed(readers: Sequence[Callable[[Any], Any] | None]) -> Callable[[Any], Any] | None:
    known = [reader for reader in readers if reader is not None]
    if len(known) < len(readers):
        return None
    return lambda value: tuple(reader(each) for reader, each in zip(known, _array(value), strict=True))


def _array(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r:.80} is not an array")
    return value


def _of_type(*kinds: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) not in kinds or (type(value) in {int, float} and not 0 <= value <= LARGEST):
            raise ValueError("of another type, or out of range")
        return value

    return read


_PLAIN: Mapping[Any, Callable[[Any], Any]] = {
    bool: _of_type(bool),
    int: _of_type(int),
    float: _of_type(int, float),
    str: _of_type(str),
}

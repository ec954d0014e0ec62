"""What each value of the settings file may be: ValueError says what is wrong, and what is allowed."""

import contextlib
import difflib
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from engine.formats import HUNK_METHODS, Method, in_order, is_block_size
from engine.names import display_name
from engine.targets import AUTO
from engine.units import parse_size


def nearest(word: str, known: Collection[str]) -> str:
    """Return `: did you mean X?` for a word like a known one, else `: allowed are X, Y, Z`."""
    matches = difflib.get_close_matches(word.casefold(), known, n=1)
    return f": did you mean {matches[0]}?" if matches else f": allowed are {', '.join(known)}"


def folders(value: object) -> tuple[Path, ...]:
    """Return folders, each absolute."""
    if not isinstance(value, list):
        _refuse(value, 'a list of folders, ["/games"]')
    return tuple(_folder(item) for item in value)


def _folder(value: object) -> Path:
    allowed = "an absolute path, or one that starts with ~"
    if not isinstance(value, str) or "\0" in value:
        _refuse(value, allowed)
    # Relative to what? The worker runs in /, the app anywhere.
    path = Path(os.path.expanduser(value))  # noqa: PTH111 - the Path's raises RuntimeError without a home
    if not path.is_absolute():
        _refuse(value, allowed)
    return path


def target(value: object, targets: Collection[str]) -> str:
    """Return the name of one of the targets."""
    if not isinstance(value, str):
        _refuse(value, f"one of {', '.join(targets)}")
    if value not in targets:
        raise ValueError(f"unknown target {quoted(value)}{nearest(value, targets)}")
    return value


def whole(value: object, low: int, high: int | None) -> int:
    """Return a whole number from `low` to `high`, both included; None is without an end."""
    # A bool is an int to Python, and a mistake here.
    if not isinstance(value, int) or isinstance(value, bool) or value < low or (high is not None and value > high):
        _refuse(value, f"a whole number from {low}" + ("" if high is None else f" to {high}"))
    return value


def boolean(value: object) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        _refuse(value, "true or false")
    return value


def one_of(value: object, allowed: Collection[str]) -> str:
    """Return one of some words."""
    if not isinstance(value, str) or value not in allowed:
        _refuse(value, f"one of {', '.join(allowed)}")
    return value


def methods(value: object) -> tuple[Method, ...]:
    """Return what hunks may be packed by, in the one order."""
    if not isinstance(value, list) or not value:
        _refuse(value, 'a list of methods, ["zstd"]')
    return in_order(Method(one_of(each, HUNK_METHODS)) for each in value)


def block_size(value: object) -> int:
    """Return bytes of a block: a number, or text as `--block-size` takes it."""
    size = value
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            size = parse_size(value)
    if not isinstance(size, int) or isinstance(size, bool) or not is_block_size(size):
        _refuse(value, 'a power of two from "2K" to "1M"')
    return size


def mouse(value: object) -> bool | None:
    """Return whether the mouse is taken; None for `auto`."""
    if value != AUTO and not isinstance(value, bool):
        _refuse(value, 'true, false or "auto"')
    return None if value == AUTO else bool(value)


def keys(value: object) -> Mapping[str, str]:
    """Return keys by the names of commands, unchecked."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value.values()):
        _refuse(value, 'a table of commands with their keys, { quit = "ctrl+q" }')
    return MappingProxyType(dict(value))


def _refuse(value: object, allowed: str) -> NoReturn:
    raise ValueError(f"{quoted(value)} is not allowed: write {allowed}")


def quoted(value: object) -> str:
    """Return a value as the user may recognise it, at most 60 characters long."""
    try:
        text = repr(value)
    except ValueError:  # an int of more than 4300 digits, written in hexadecimal
        text = "a very large number"
    return display_name(text if len(text) <= 60 else f"{text[:57]}...")

"""Checks of the values in the settings file; each ValueError names the wrong value and the allowed ones."""

import contextlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from discpress.engine.formats import HUNK_METHODS, Method, in_order
from discpress.engine.images.registry import block_size_range, is_block_size
from discpress.engine.names import display_name
from discpress.engine.systems import System
from discpress.engine.targets import AUTO, TARGETS
from discpress.engine.targets.by_system import DEFAULT, PLAYED, choices
from discpress.engine.units import format_option_size, parse_size

_TARGET_NAMES = (AUTO, *TARGETS)


def nearest(word: str, known: Collection[str]) -> str:
    """Return `: did you mean X?` if the word resembles a known one, else `: expected one of X, Y, Z`."""
    import difflib  # noqa: PLC0415 - for messages only

    matches = difflib.get_close_matches(word.casefold(), known, n=1)
    return f": did you mean {matches[0]}?" if matches else f": expected one of {', '.join(known)}"


def folders(value: object) -> tuple[Path, ...]:
    """Return folders as absolute paths."""
    if not isinstance(value, list):
        _refuse(value, 'a list of folders like ["/games"]')
    return tuple(folder(item) for item in value)


def folder(value: object) -> Path:
    """Return a folder as an absolute path."""
    allowed = "an absolute path or one that starts with ~"
    if not isinstance(value, str) or "\0" in value:
        _refuse(value, allowed)
    # A relative path would be ambiguous: the worker runs in /, the app anywhere.
    path = Path(os.path.expanduser(value))  # noqa: PTH111 - Path.expanduser raises RuntimeError without a home
    if not path.is_absolute():
        _refuse(value, allowed)
    return path


def target(value: object) -> str:
    """Return the name of one of the targets."""
    if not isinstance(value, str):
        _refuse(value, f"one of {', '.join(_TARGET_NAMES)}")
    if value not in _TARGET_NAMES:
        raise ValueError(f"unknown target {quoted(value)}{nearest(value, _TARGET_NAMES)}")
    return value


def targets(value: object) -> Mapping[str, str]:
    """Return names of targets by system; each plays the discs of its system."""
    if not isinstance(value, dict):
        _refuse(value, 'a table of systems and targets like { ps2 = "opl", psp = "ark" }')
    return MappingProxyType({system: _target_of(system, name) for system, name in value.items()})


def _target_of(system: str, name: object) -> str:
    systems = (*PLAYED, DEFAULT, *(each for each in System if each not in PLAYED))
    if system not in systems:
        raise ValueError(f"unknown system {quoted(system)}{nearest(system, systems)}")
    try:
        known = target(name)
    except ValueError as error:
        raise ValueError(f"{system}: {error}") from error
    allowed = choices(system)
    if known not in allowed:
        raise ValueError(f"{system}: expected one of {', '.join(allowed)}, got {known}, which plays no such discs")
    return known


def whole(value: object, low: int, high: int | None) -> int:
    """Return a whole number from `low` to `high`, both included; None means no upper limit."""
    # A bool is an int in Python, but a mistake here.
    if not isinstance(value, int) or isinstance(value, bool) or value < low or (high is not None and value > high):
        _refuse(value, f"a whole number {f'of at least {low}' if high is None else f'from {low} to {high}'}")
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
    """Return methods for hunks, in their fixed order."""
    if not isinstance(value, list) or not value:
        _refuse(value, 'a list of methods like ["zstd"]')
    return in_order(Method(one_of(each, HUNK_METHODS)) for each in value)


def block_size(value: object) -> int:
    """Return the bytes of a block, given as a number or as text like that of `--block-size`."""
    size = value
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            size = parse_size(value)
    if not isinstance(size, int) or isinstance(size, bool) or not is_block_size(size):
        smallest, largest = map(format_option_size, block_size_range())
        _refuse(value, f'a power of two from "{smallest}" to "{largest}"')
    return size


def mouse(value: object) -> bool | None:
    """Return whether the app uses the mouse; None for `auto`."""
    if value != AUTO and not isinstance(value, bool):
        _refuse(value, 'true, false or "auto"')
    return None if value == AUTO else bool(value)


def keys(value: object) -> Mapping[str, str]:
    """Return keys by command name; the names are not checked."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value.values()):
        _refuse(value, 'a table of commands and keys like { quit = "ctrl+q" }')
    return MappingProxyType(dict(value))


def _refuse(value: object, allowed: str) -> NoReturn:
    raise ValueError(f"expected {allowed}, got {quoted(value)}")


def quoted(value: object) -> str:
    """Return a value in a form that the user recognises, at most 60 characters long."""
    try:
        text = repr(value)
    except ValueError:  # an int of more than 4300 digits, written in hexadecimal
        text = "a very large number"
    return display_name(text if len(text) <= 60 else f"{text[:57]}...")

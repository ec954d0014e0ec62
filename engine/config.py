"""The user's settings file: read, never written here; what it does not say has a default.

folders = ["~/games"]
target = "opl"
level = 9
threads = 4
trash = true
keys = { quit = "ctrl+q" }
"""

import difflib
import os
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from platformdirs import user_config_path

from engine.errors import StoreError, from_os_error
from engine.formats import DEFAULT_LEVEL, MAX_LEVEL
from engine.names import display_name
from engine.targets import AUTO

FILE_NAME = "config.toml"


@dataclass(frozen=True, slots=True)
class Config:
    """What the user has set once and for all."""

    folders: tuple[Path, ...] = ()
    """Where the images are; absolute."""
    target: str = AUTO
    """Name of what will play them; `auto` goes by each disc."""
    level: int = DEFAULT_LEVEL
    """Effort of the codec, 1 to 12."""
    threads: int | None = None
    """Packing threads; None is one for each core of this process."""
    trash: bool = False
    """Whether originals go into the trash once their conversion is proven; else they are kept."""
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Key by command name, in place of the built-in one; whoever has the commands checks the names."""


def config_path(environ: Mapping[str, str]) -> Path:
    """Return where the settings file is: DISCPRESS_CONFIG (the file or its folder), else the system's place."""
    chosen = environ.get("DISCPRESS_CONFIG")
    if not chosen:
        return user_config_path("discpress", appauthor=False) / FILE_NAME
    path = Path(chosen).absolute()
    return path / FILE_NAME if path.is_dir() else path


def load_config(path: Path, targets: Collection[str]) -> Config:
    """Read the settings file; a missing one is all defaults.

    `targets` are the names allowed as target. StoreError that names the file for text that is no TOML, an unknown
    key (with the nearest known one), or a value of the wrong type or out of range (with what is allowed).
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise from_os_error(error, path, "read the settings") from error
    try:
        values = tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        raise StoreError(f"{display_name(path)}: not UTF-8 text", hint="save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        # int() refuses a number of more than 4300 digits with a plain ValueError.
        raise StoreError(f"{display_name(path)}: not TOML: {display_name(str(error))}") from error
    return parse_config(values, path, targets)


def parse_config(values: Mapping[str, Any], path: Path, targets: Collection[str]) -> Config:
    """Return the settings of a decoded file; `path` is for the messages."""
    parsers: dict[str, Callable[[Any], object]] = {
        "folders": _folders,
        "target": lambda value: _target(value, targets),
        "level": lambda value: _whole(value, 1, MAX_LEVEL),
        "threads": lambda value: _whole(value, 1, None),
        "trash": _boolean,
        "keys": _keys,
    }
    checked: dict[str, Any] = {}
    for key, value in values.items():
        if key not in parsers:
            raise StoreError(f"{display_name(path)}: unknown key {_quoted(key)}{nearest(key, parsers)}")
        try:
            checked[key] = parsers[key](value)
        except ValueError as error:
            raise StoreError(f"{display_name(path)}: {key}: {error}") from error
    return Config(**checked)


def nearest(word: str, known: Collection[str]) -> str:
    """Return `: did you mean X?` for a word like a known one, else `: allowed are X, Y, Z`."""
    matches = difflib.get_close_matches(word.casefold(), known, n=1)
    return f": did you mean {matches[0]}?" if matches else f": allowed are {', '.join(known)}"


def _folders(value: object) -> tuple[Path, ...]:
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


def _target(value: object, targets: Collection[str]) -> str:
    if not isinstance(value, str):
        _refuse(value, f"one of {', '.join(targets)}")
    if value not in targets:
        raise ValueError(f"unknown target {_quoted(value)}{nearest(value, targets)}")
    return value


def _whole(value: object, low: int, high: int | None) -> int:
    # A bool is an int to Python, and a mistake here.
    if not isinstance(value, int) or isinstance(value, bool) or value < low or (high is not None and value > high):
        _refuse(value, f"a whole number from {low}" + ("" if high is None else f" to {high}"))
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        _refuse(value, "true or false")
    return value


def _keys(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value.values()):
        _refuse(value, 'a table of commands with their keys, { quit = "ctrl+q" }')
    return MappingProxyType(dict(value))


def _refuse(value: object, allowed: str) -> NoReturn:
    raise ValueError(f"{_quoted(value)} is not allowed: write {allowed}")


def _quoted(value: object) -> str:
    """Return a value as the user may recognise it, at most 60 characters long."""
    try:
        text = repr(value)
    except ValueError:  # an int of more than 4300 digits, written in hexadecimal
        text = "a very large number"
    return display_name(text if len(text) <= 60 else f"{text[:57]}...")

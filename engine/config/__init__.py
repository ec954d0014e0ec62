"""The user's settings file: what it says, and what it leaves to the defaults.

folders = ["~/games"]
target = "opl"
level = 9
format = "chd"
methods = ["zstd"]
block_size = "16K"
threads = 4
trash = true
theme = "light"
mouse = "auto"
ascii = false
keys = { quit = "ctrl+q" }
"""

import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from platformdirs import user_config_path

from engine.config import values
from engine.errors import StoreError, from_os_error
from engine.formats import DEFAULT_LEVEL, HIGHEST_LEVEL, ImageFormat, Method
from engine.names import display_name
from engine.targets import AUTO

FILE_NAME = "config.toml"
THEMES = ("dark", "light", "contrast", "ansi")
"""The looks of the app; `ansi` has the terminal's own 16 colours."""
WRITTEN_FORMATS = (ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD, ImageFormat.ISO)
"""What a conversion may be asked for."""


@dataclass(frozen=True, slots=True)
class Config:
    """What the user has set once and for all."""

    folders: tuple[Path, ...] = ()
    """Where the images are; absolute."""
    target: str = AUTO
    """Name of what will play them; `auto` goes by each disc."""
    level: int = DEFAULT_LEVEL
    """Effort of the codec, 1 to 19; one that knows less takes its highest."""
    threads: int | None = None
    """Packing threads; None is one for each core of this process."""
    trash: bool = False
    """Whether originals go into the trash once their conversion is proven; else they are kept."""
    theme: str = THEMES[0]
    """How the app looks, one of THEMES."""
    mouse: bool | None = None
    """Whether the app takes the mouse; None goes by the terminal, and is what `auto` says."""
    ascii: bool | None = None
    """Whether the app draws with ASCII only; None goes by the terminal."""
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Key by command name, in place of the built-in one; whoever has the commands checks the names."""
    format: ImageFormat | None = None
    """The container to write; None is what the target loads best."""
    methods: tuple[Method, ...] = ()
    """What the hunks of a CHD may be packed by; empty is what the target loads best."""
    block_size: int | None = None
    """Bytes of a block or hunk; None is what the target loads best."""


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
    return parse_config(read_file(path)[1], path, targets)


def read_file(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the text of the settings file and what it says; nothing where there is none."""
    try:
        text = path.read_bytes().decode()
        return text, tomllib.loads(text)
    except FileNotFoundError:
        return "", {}
    except OSError as error:
        raise from_os_error(error, path, "read the settings") from error
    except UnicodeDecodeError as error:
        raise StoreError(f"{display_name(path)}: not UTF-8 text", hint="save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        # int() refuses a number of more than 4300 digits with a plain ValueError.
        raise StoreError(f"{display_name(path)}: not TOML: {display_name(str(error))}") from error


def parse_config(said: Mapping[str, Any], path: Path, targets: Collection[str]) -> Config:
    """Return the settings of a decoded file; `path` is for the messages."""
    parsers: dict[str, Callable[[Any], object]] = {
        "folders": values.folders,
        "target": lambda value: values.target(value, targets),
        "level": lambda value: values.whole(value, 1, HIGHEST_LEVEL),
        "threads": lambda value: values.whole(value, 1, None),
        "trash": values.boolean,
        "theme": lambda value: values.one_of(value, THEMES),
        "mouse": values.mouse,
        "ascii": values.boolean,
        "keys": values.keys,
        "format": lambda value: ImageFormat(values.one_of(value, WRITTEN_FORMATS)),
        "methods": values.methods,
        "block_size": values.block_size,
    }
    checked: dict[str, Any] = {}
    for key, value in said.items():
        if key not in parsers:
            raise StoreError(f"{display_name(path)}: unknown key {values.quoted(key)}{values.nearest(key, parsers)}")
        try:
            checked[key] = parsers[key](value)
        except ValueError as error:
            raise StoreError(f"{display_name(path)}: {key}: {error}") from error
    return Config(**checked)

"""The user's settings file: what it says, what it leaves to the defaults, and how one setting is changed in it.

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

import contextlib
import difflib
import os
import stat
import tempfile
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from filelock import FileLock, Timeout
from platformdirs import user_config_path

from engine.errors import StoreError, from_os_error
from engine.formats import DEFAULT_LEVEL, HIGHEST_LEVEL, HUNK_METHODS, ImageFormat, Method, in_order, is_block_size
from engine.names import display_name
from engine.system.files import sync_file
from engine.system.rename import sync_folder
from engine.targets import AUTO
from engine.units import parse_size

FILE_NAME = "config.toml"
THEMES = ("dark", "light", "contrast", "ansi")
"""The looks of the app; `ansi` has the terminal's own 16 colours."""
WRITTEN_FORMATS = (ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD, ImageFormat.ISO)
"""What a conversion may be asked for."""
LOCK_TIMEOUT_S = 5.0


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
    return parse_config(_read(path)[1], path, targets)


def _read(path: Path) -> tuple[str, dict[str, Any]]:
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


def parse_config(values: Mapping[str, Any], path: Path, targets: Collection[str]) -> Config:
    """Return the settings of a decoded file; `path` is for the messages."""
    parsers: dict[str, Callable[[Any], object]] = {
        "folders": _folders,
        "target": lambda value: _target(value, targets),
        "level": lambda value: _whole(value, 1, HIGHEST_LEVEL),
        "threads": lambda value: _whole(value, 1, None),
        "trash": _boolean,
        "theme": lambda value: _one_of(value, THEMES),
        "mouse": _mouse,
        "ascii": _boolean,
        "keys": _keys,
        "format": lambda value: ImageFormat(_one_of(value, WRITTEN_FORMATS)),
        "methods": _methods,
        "block_size": _block_size,
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


def save_config(path: Path, changes: Mapping[str, object], targets: Collection[str]) -> None:
    """Write some settings into the file, None takes one out; everything else in it stays, comments too.

    The values are what the file may hold, and checked as `load_config` does, before anything is written: StoreError
    says what is wrong with them, or with the file. The file is replaced at once and whole, under a lock; a link is
    followed, and the file's permissions are kept.
    """
    plain = {key: _plain(value) for key, value in changes.items()}
    parse_config({key: value for key, value in plain.items() if value is not None}, path, targets)
    known = Config.__slots__
    for key in plain.keys() - set(known):
        raise StoreError(f"{display_name(path)}: unknown key {_quoted(key)}{nearest(key, known)}")
    real_path = Path(os.path.realpath(path))
    try:
        real_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(f"{real_path}.lock", timeout=LOCK_TIMEOUT_S, mode=0o600):
            text, values = _read(path)
            _replace(real_path, _changed_text(text, values, plain, path))
    except Timeout as error:
        raise StoreError(f"{display_name(path)}: another discpress is writing it", hint="try again") from error
    except OSError as error:
        raise from_os_error(error, path, "write the settings") from error


def _plain(value: object) -> object:
    """Return a value as TOML has it."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _changed_text(text: str, values: Mapping[str, Any], changes: Mapping[str, object], path: Path) -> bytes:
    import tomlkit  # noqa: PLC0415 - 45 ms that only a change of settings should cost
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    merged = {**values, **changes}
    expected = {key: value for key, value in merged.items() if value is not None}
    # What it makes of the text is read again before it counts, with Python's own reader.
    with contextlib.suppress(TOMLKitError, ValueError):
        document = tomlkit.parse(text)
        for key, value in changes.items():
            if value is None or isinstance(value, dict):
                document.pop(key, None)
            if isinstance(value, dict):
                table = tomlkit.inline_table()
                table.update(value)
                document[key] = table
            elif value is not None:
                document[key] = value
        content = document.as_string().encode()
        if tomllib.loads(content.decode()) == expected:
            return content
    raise StoreError(
        f"{display_name(path)}: {', '.join(sorted(changes))} cannot be written into it",
        hint="edit the file yourself",
    )


def _replace(path: Path, content: bytes) -> None:
    """Put a file in the place of another at once: after a crash it is the old or the new one."""
    fd, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            with contextlib.suppress(FileNotFoundError):
                Path(name).chmod(stat.S_IMODE(path.stat().st_mode))
            file.flush()
            sync_file(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


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


def _one_of(value: object, allowed: Collection[str]) -> str:
    if not isinstance(value, str) or value not in allowed:
        _refuse(value, f"one of {', '.join(allowed)}")
    return value


def _methods(value: object) -> tuple[Method, ...]:
    if not isinstance(value, list) or not value:
        _refuse(value, 'a list of methods, ["zstd"]')
    return in_order(Method(_one_of(each, HUNK_METHODS)) for each in value)


def _block_size(value: object) -> int:
    size = value
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            size = parse_size(value)
    if not isinstance(size, int) or isinstance(size, bool) or not is_block_size(size):
        _refuse(value, 'a power of two from "2K" to "1M"')
    return size


def _mouse(value: object) -> bool | None:
    if value != AUTO and not isinstance(value, bool):
        _refuse(value, 'true, false or "auto"')
    return None if value == AUTO else bool(value)


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

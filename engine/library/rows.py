"""Titles, estimates and settings as rows of the state file, and back.

A row that does not read (a flipped bit that SQLite cannot see) is no row: the next scan or estimate makes it anew.
"""

import contextlib
import json
import os
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from engine.formats import ImageFormat, Method, Settings
from engine.library.model import Fault, FileIdentity, Overrides, StoredEstimate, Title

Row: TypeAlias = Sequence[Any]
SqlValue: TypeAlias = str | int | bytes | None

SAVE_TITLE = f"INSERT OR REPLACE INTO titles VALUES ({', '.join('?' * 16)})"


_TITLE = (
    "t.path, t.identity, t.format, t.system, t.serial, t.title, t.region, t.disc_number, t.tags, t.original_bytes,"
    " t.block_size, t.index_shift, t.version, t.links, t.error, t.fault"
)
_TITLE_TYPES = (bytes, str, str, str, str, str, str, int, str, int, int, int, int, int, str, str)
_ESTIMATE = (
    "e.format, e.block_size, e.level, e.alignment, e.methods, e.target, e.original_bytes, e.packed_bytes, e.low_bytes,"
    " e.high_bytes, e.sampled_bytes, e.advice, e.reason, e.seconds, e.seek_us"
)
_ESTIMATE_TYPES = (str, int, int, int, str, str, int, int, int, int, int, str, str, float, float)
_NO_SETTINGS = (type(None),) * 6
_SETTINGS = "s.format, s.block_size, s.level, s.method, s.alignment, s.target"

# The estimate of a title: for its own settings, then the defaults where the caller gives them (NULL is any); of those
# that agree, the last one made.
SELECT_TITLES = f"""
SELECT {_TITLE}, {_ESTIMATE}, {_SETTINGS} FROM titles t
LEFT JOIN title_settings s ON s.path = t.path
LEFT JOIN estimates e ON e.identity = t.identity AND (e.format, e.block_size, e.level, e.alignment, e.methods) = (
    SELECT n.format, n.block_size, n.level, n.alignment, n.methods FROM estimates n WHERE n.identity = t.identity
    AND n.format = COALESCE(s.format, :format, n.format)
    AND n.block_size = COALESCE(s.block_size, :block_size, n.block_size)
    AND n.level = COALESCE(s.level, :level, n.level)
    AND n.alignment = COALESCE(s.alignment, :alignment, n.alignment)
    AND (n.methods = '' OR n.methods = COALESCE(s.method, :methods, n.methods))
    ORDER BY n.at DESC LIMIT 1)
"""
WITHIN = "WHERE t.path = :folder OR (t.path >= :first AND t.path < :end)"
SELECT_ESTIMATES = f"SELECT {_ESTIMATE} FROM estimates e WHERE identity = ?"
SELECT_SETTINGS = f"SELECT {_SETTINGS} FROM title_settings s WHERE path = ?"
SAVE_SETTINGS = "INSERT OR REPLACE INTO title_settings VALUES (?, ?, ?, ?, ?, ?, ?)"

_ESTIMATE_START = len(_TITLE_TYPES)
_SETTINGS_START = _ESTIMATE_START + len(_ESTIMATE_TYPES)
_FORMATS: dict[str, ImageFormat | None] = {"": None, **{format.value: format for format in ImageFormat}}
KEYS_AT_ONCE = 500
"""Paths that one statement asks for: SQLite before 3.32 binds 999 values at the most."""
_IDENTITY_LENGTHS = (4, 6)  # of a file, of an image in an archive
_LARGEST = 2**63 - 1
"""What an INTEGER column holds; a damaged header may claim more, and its row says so in `error`."""


def path_key(path: Path) -> bytes:
    """Return a path as it is stored: the bytes the file system knows it by."""
    return os.fsencode(path)


def path_of(key: bytes) -> Path:
    """Return the path that was stored so."""
    return Path(os.fsdecode(key))


def folder_range(folder: Path) -> dict[str, SqlValue]:
    """Return the parameters of WITHIN: the folder itself, and the keys of everything below it."""
    first = os.fsencode(os.path.join(folder, ""))  # noqa: PTH118 - a Path has no trailing separator
    return {"folder": os.fsencode(folder), "first": first, "end": first[:-1] + bytes([first[-1] + 1])}


def path_parameters(keys: Iterable[bytes]) -> dict[str, SqlValue]:
    """Return paths as parameters of one statement."""
    return {f"path_{place}": key for place, key in enumerate(keys)}


def default_parameters(defaults: Settings | None) -> dict[str, SqlValue]:
    """Return the parameters of SELECT_TITLES that say which estimates count."""
    names = ("format", "block_size", "level", "alignment", "methods")
    values: tuple[SqlValue, ...] = (None,) * len(names)
    if defaults is not None:
        image_format, block_size, level, alignment, methods = settings_key(defaults)
        values = (image_format, block_size, level, alignment, methods or None)
    return dict(zip(names, values, strict=True))


def settings_key(settings: Settings) -> tuple[str, int, int, int, str]:
    """Return the part of an estimate's key that is settings: what decides the bytes."""
    methods = _joined(settings.methods)
    return str(settings.format), settings.block_size, settings.level, settings.alignment or 0, methods


def identity_key(identity: FileIdentity) -> str:
    """Return an identity as it is stored: `dev ino size mtime_ns`, and of what is in an archive `member bytes`."""
    file = f"{identity.dev} {identity.ino} {identity.size_bytes} {identity.mtime_ns}"
    return f"{file} {identity.member} {identity.member_bytes}" if identity.member else file


def identity_from(text: object) -> FileIdentity | None:
    """Return the identity that was stored so; None where it does not read."""
    try:
        numbers = tuple(map(int, str(text).split(" ")))
    except ValueError:
        return None
    return FileIdentity(*numbers) if len(numbers) in _IDENTITY_LENGTHS else None


def title_row(title: Title) -> Row:
    """Return the values of SAVE_TITLE; estimate and overrides have tables of their own."""
    return (
        path_key(title.path),
        identity_key(title.identity),
        "" if title.format is None else str(title.format),
        _text(title.system),
        _text(title.serial),
        _text(title.title),
        _text(title.region),
        title.disc_number or 0,
        json.dumps(title.tags),
        min(title.original_bytes, _LARGEST),
        title.block_size,
        title.index_shift,
        title.version,
        title.links,
        _text(title.error),
        "" if title.fault is None else str(title.fault),
    )


def title_from(row: Row) -> Title | None:
    """Return the title of a row of SELECT_TITLES; None where the row does not read."""
    types = tuple(map(type, row))
    if types[:_ESTIMATE_START] != _TITLE_TYPES:
        row = (row[0], *map(_as_text, row[1:]))
        types = tuple(map(type, row))
        if types[:_ESTIMATE_START] != _TITLE_TYPES:
            return None
    try:
        (
            path, identity, format_name, system, serial, title, region, disc_number, tags, original_bytes,
            block_size, index_shift, version, links, error, fault,
        ) = row[:_ESTIMATE_START]  # fmt: skip
        identity = identity_from(identity)
        if identity is None:
            return None
        return Title(
            path_of(path),
            identity,
            _FORMATS[format_name],
            system,
            serial,
            title,
            region,
            disc_number or None,
            _tags(tags),
            original_bytes,
            block_size,
            index_shift,
            version,
            links,
            error,
            Fault(fault) if fault else None,
            estimate_from(row[_ESTIMATE_START:_SETTINGS_START]) if row[_ESTIMATE_START] else None,
            None if types[_SETTINGS_START:] == _NO_SETTINGS else overrides_from(row[_SETTINGS_START:]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def estimate_row(identity: FileIdentity, estimate: StoredEstimate, at: float) -> Row:
    """Return the values of a row of estimates."""
    return (
        identity_key(identity),
        *settings_key(estimate.settings),
        estimate.settings.target,
        estimate.original_bytes,
        estimate.packed_bytes,
        estimate.low_bytes,
        estimate.high_bytes,
        estimate.sampled_bytes,
        estimate.advice,
        estimate.reason,
        estimate.seconds,
        at,
        estimate.seek_us,
    )


def estimate_from(row: Row) -> StoredEstimate | None:
    """Return the estimate of its fifteen columns; None where they do not read."""
    if tuple(map(type, row)) != _ESTIMATE_TYPES:
        return None
    try:
        return StoredEstimate(_settings(*row[:6]), *row[6:])
    except ValueError:
        return None


def settings_row(path: Path, overrides: Overrides) -> Row:
    """Return the values of SAVE_SETTINGS."""
    format_name = None if overrides.format is None else str(overrides.format)
    methods = None if overrides.methods is None else _joined(overrides.methods)
    return (
        path_key(path), format_name, overrides.block_size, overrides.level, methods, overrides.alignment,
        overrides.target,
    )  # fmt: skip


def overrides_from(row: Row) -> Overrides | None:
    """Return the settings of six columns; None where all are NULL or one does not read."""
    format_name, block_size, level, methods, alignment, target = row
    if row.count(None) == len(row):
        return None
    try:
        return Overrides(
            None if format_name is None else ImageFormat(format_name),
            None if block_size is None else int(block_size),
            None if level is None else int(level),
            None if methods is None else _methods(methods),
            None if alignment is None else int(alignment),
            None if target is None else str(target),
        )
    except ValueError:
        return None


# A library has few different settings and tags; sharing them halves the time that 20,000 titles take to read.
@lru_cache(maxsize=1024)
def _settings(format_name: str, block_size: int, level: int, alignment: int, methods: str, target: str) -> Settings:
    return Settings(ImageFormat(format_name), block_size, level, alignment or None, target, _methods(methods))


def _methods(text: str) -> tuple[Method, ...]:
    return tuple(map(Method, text.split(","))) if text else ()


def _joined(methods: Iterable[Method]) -> str:
    return ",".join(methods)


@lru_cache(maxsize=1024)
def _tags(text: str) -> tuple[str, ...]:
    return tuple(map(str, json.loads(text)))


def _text(text: str) -> str | bytes:
    """Return text to bind: file names carry surrogates, which SQLite takes as a blob only."""
    try:
        text.encode()
    except UnicodeEncodeError:
        with contextlib.suppress(UnicodeEncodeError):
            return text.encode(errors="surrogateescape")
        return text.encode(errors="backslashreplace")
    return text


def _as_text(value: object) -> object:
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else value

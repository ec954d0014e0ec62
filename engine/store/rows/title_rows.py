"""Conversion between titles or estimates and rows of the state file.

Every cell is checked. An unreadable row is left out, and the next scan or estimate makes it anew.
"""

import contextlib
import heapq
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.doctor.findings import RAW_SIZE
from discpress.engine.names import natural_key
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.losses import Losses
from discpress.engine.store.model import Fault, StoredEstimate, Title
from discpress.engine.store.rows import settings_rows as title_settings
from discpress.engine.store.rows.checked import (
    FEW_NAMES,
    FEW_TEXTS,
    LARGEST,
    NAME,
    NUMBER,
    PATH,
    TEXT,
    TIME,
    Row,
    Shape,
    UnreadableError,
    integer,
    made_by,
    token,
)
from discpress.engine.store.rows.finding_text import findings_from, findings_text
from discpress.engine.store.rows.keys import identity_from, identity_key, node_from, node_key, path_key
from discpress.engine.store.rows.plain_json import load_texts, texts_json
from discpress.engine.store.rows.settings_rows import methods_from, methods_text
from discpress.engine.store.rows.stored_parts import StoredParts, parts_from, parts_text
from discpress.engine.systems import System, system_from

SqlValue: TypeAlias = str | int | bytes | None

KEYS_AT_ONCE = 500
"""Paths in one statement: SQLite before 3.32 binds at most 999 values."""


# A library has few different settings and tags; sharing them halves the time to read 20,000 titles.
@lru_cache(maxsize=1024)
def _tags(text: str) -> tuple[str, ...]:
    return load_texts(text)


@lru_cache(maxsize=1024)
def _settings(format_name: str, block_size: int, level: int, alignment: int, methods: str, target: str) -> Settings:
    return Settings(ImageFormat(format_name), block_size, level, alignment or None, target, methods_from(methods))


@lru_cache(maxsize=64)
def _format(text: str) -> ImageFormat | None:
    return ImageFormat(text) if text else None


_FAULTS = {"": None, **{fault.value: fault for fault in Fault}}
_FOUND = {found.value: found for found in Found}
TITLE = Shape(
    {
        "path": PATH,
        "identity": made_by(identity_from, None),
        "format": made_by(_format, None),
        "system": made_by(system_from, System.UNKNOWN),
        "serial": NAME,
        "title": NAME,
        "region": FEW_NAMES,
        "disc_number": NUMBER,
        "tags": made_by(_tags, ()),
        "original_bytes": NUMBER,
        "block_size": NUMBER,
        "index_shift": integer(high=255),
        "version": NUMBER,
        "links": NUMBER,
        "error": NAME,
        "fault": token(_FAULTS, None),
        "disc_total": NUMBER,
        "revision": FEW_NAMES,
        "found": token(_FOUND, Found.NAME),
        "node": made_by(node_from, (0, 0)),
        "parts": made_by(parts_from, StoredParts()),
        "findings": made_by(findings_from, ()),
        "codecs": made_by(_tags, ()),
    }
)
_NAME = Shape({"path": PATH, "title": NAME})
SAVE_TITLE = f"INSERT OR REPLACE INTO titles ({TITLE.select()}) VALUES ({', '.join('?' * len(TITLE))})"
_ESTIMATE = Shape(
    {
        "format": TEXT,
        "block_size": NUMBER,
        "level": NUMBER,
        "alignment": NUMBER,
        "methods": TEXT,
        "target": FEW_TEXTS,
        "original_bytes": NUMBER,
        "packed_bytes": NUMBER,
        "low_bytes": NUMBER,
        "high_bytes": NUMBER,
        "sampled_bytes": NUMBER,
        "advice": FEW_TEXTS,
        "reason": TEXT,
        "seconds": TIME,
        "seek_us": TIME,
    }
)
_ESTIMATE_START = len(TITLE)
_SETTINGS_START = _ESTIMATE_START + len(_ESTIMATE)

# The last estimate of a title that agrees with its own settings, then with the caller's defaults (NULL is any).
SELECT_TITLES = f"""
SELECT {TITLE.select("t")}, {_ESTIMATE.select("e")}, {title_settings.SHAPE.select("s")} FROM titles t
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
SELECT_TITLES_ALONE = f"SELECT {TITLE.select('t')} FROM titles t"
SELECT_NAMES = "SELECT t.path, t.title FROM titles t"
SELECT_ESTIMATES = f"SELECT {_ESTIMATE.select('e')} FROM estimates e WHERE identity = ?"


def path_parameters(keys: Iterable[bytes]) -> dict[str, SqlValue]:
    """Return paths as parameters of one statement."""
    return {f"path_{place}": key for place, key in enumerate(keys)}


def default_parameters(defaults: Settings | None) -> dict[str, SqlValue]:
    """Return the parameters of SELECT_TITLES that select the estimates."""
    names = ("format", "block_size", "level", "alignment", "methods")
    values: tuple[SqlValue, ...] = (None,) * len(names)
    if defaults is not None:
        image_format, block_size, level, alignment, methods = settings_key(defaults)
        values = (image_format, block_size, level, alignment, methods or None)
    return dict(zip(names, values, strict=True))


def settings_key(settings: Settings) -> tuple[str, int, int, int, str]:
    """Return the settings in an estimate's key: those that decide the bytes."""
    methods = methods_text(settings.methods)
    return str(settings.format), settings.block_size, settings.level, settings.alignment or 0, methods


def title_row(title: Title) -> Row:
    """Return the values of SAVE_TITLE; estimates and overrides have their own tables."""
    disc = title.disc
    return (
        path_key(title.path),
        identity_key(title.identity),
        "" if title.format is None else str(title.format),
        str(disc.system),
        _text(disc.serial),
        _text(disc.title),
        _text(disc.region),
        disc.disc_number or 0,
        texts_json(disc.tags),
        min(title.original_bytes, LARGEST),
        title.block_size,
        title.index_shift,
        title.version,
        title.links,
        _text(title.error),
        "" if title.fault is None else str(title.fault),
        disc.disc_total or 0,
        _text(disc.revision),
        str(disc.found),
        node_key(title.device, title.inode),
        parts_text(title),
        findings_text(title.findings),
        texts_json(title.codecs),
    )


def title_from(row: Row, losses: Losses) -> Title | None:
    """Return the title of a row of SELECT_TITLES; None if it is unreadable. `losses` collects unreadable parts."""
    try:
        (
            path, identity, image_format, system, serial, title, region, disc_number, tags, original_bytes,
            block_size, index_shift, version, links, error, fault, disc_total, revision, found, node, parts,
            findings, codecs,
        ) = TITLE.read(row[:_ESTIMATE_START])  # fmt: skip
    except UnreadableError:
        losses.titles += 1
        return None
    settings, overrides = row[_SETTINGS_START:], None
    if settings != title_settings.NONE:
        try:
            overrides = title_settings.overrides_from(settings)
        except UnreadableError as unread:
            losses.settings[path] = unread.column
    device, inode = node
    if inode == identity.ino:
        inode = identity.ino  # one object: 1.5 MB of 50,000 titles
    if original_bytes == identity.size_bytes:
        original_bytes = identity.size_bytes
    has_disc = fault is not Fault.NO_DISC and not (findings and any(each.code == RAW_SIZE for each in findings))
    disc = DiscInfo(
        system, serial, title, region, disc_number or None, disc_total or None, revision, tags, found, has_disc
    )
    return Title(
        path,
        identity,
        image_format,
        disc,
        original_bytes,
        block_size,
        index_shift,
        version,
        links,
        error,
        fault,
        None if row[_ESTIMATE_START] is None else estimate_from(row[_ESTIMATE_START:_SETTINGS_START]),
        overrides,
        device=device,
        inode=inode,
        others=parts.files,
        whole_name=parts.whole_name,
        tracks=parts.tracks,
        findings=findings,
        codecs=codecs,
        is_outdated=not parts.is_known,
    )


def is_title(row: Row) -> bool:
    """Return whether a row of SELECT_TITLES_ALONE is readable."""
    try:
        TITLE.read(row)
    except UnreadableError:
        return False
    return True


def first_by_name(found: Iterable[Row], count: int) -> list[Path]:
    """Return the paths of the first titles by name, from rows of SELECT_NAMES; only those rows are checked."""
    found = list(found)
    rows = [row for row in found if isinstance(row[1], str)]
    rows += [(row[0], os.fsdecode(row[1])) for row in found if isinstance(row[1], bytes)]
    first = heapq.nsmallest(count, rows, key=lambda row: natural_key(row[1]))
    paths = []
    for row in first:
        with contextlib.suppress(UnreadableError):
            paths.append(_NAME.read(row)[0])
    return paths


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
    """Return the estimate of its fifteen columns; None if they are unreadable."""
    try:
        values = _ESTIMATE.read(row)
        return StoredEstimate(_settings(*values[:6]), *values[6:])
    except ValueError:
        return None


def _text(text: str) -> str | bytes:
    """Return text to bind: file names contain surrogates, which SQLite accepts only as a blob."""
    try:
        text.encode()
    except UnicodeEncodeError:
        with contextlib.suppress(UnicodeEncodeError):
            return text.encode(errors="surrogateescape")
        return text.encode(errors="backslashreplace")
    return text

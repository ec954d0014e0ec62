"""Digests in the state file: of one content, as found under one path, by grade."""

import contextlib
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from discpress.engine.store.digests import DIGEST_NAMES, Digests, Grade, ListedDigests, TrackDigest
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.rows import keys
from discpress.engine.store.rows.checked import (
    LARGEST,
    NUMBER,
    PATH,
    TEXT,
    TIME,
    Row,
    Shape,
    UnreadableError,
    made_by,
    token,
)

_HEX = re.compile(r"[0-9a-f]*")
DigestsT = TypeVar("DigestsT", Digests, ListedDigests)
_NO_PATH = b""
"""Of digests that an older version stored without a path."""


def _hex(text: str) -> str:
    if text and _HEX.fullmatch(text) is None:
        raise ValueError
    return text


def tracks_from(text: str) -> tuple[TrackDigest, ...]:
    """Return the tracks of a stored text. Raises ValueError if it is malformed."""
    return tuple(map(_track_from, text.split(";"))) if text else ()


def _track_from(text: str) -> TrackDigest:
    kind, pregap, size, crc32, sha1 = text.split(" ")
    track = TrackDigest(kind, int(pregap), int(size), _hex(crc32), _hex(sha1))
    if not (0 <= track.pregap <= LARGEST and 0 <= track.size_bytes <= LARGEST):
        raise ValueError
    return track


def _tracks_text(tracks: Iterable[TrackDigest]) -> str:
    return ";".join(f"{each.kind} {each.pregap} {each.size_bytes} {each.crc32} {each.sha1}" for each in tracks)


_DIGEST = made_by(_hex, "")
_SHAPE = Shape(
    {
        **dict.fromkeys(DIGEST_NAMES, _DIGEST),
        "at": TIME,
        "size_bytes": NUMBER,
        "overall_sha1": _DIGEST,
        "grade": token({str(grade): grade for grade in Grade}, None),
        "fingerprint": _DIGEST,
        "tracks": made_by(tracks_from, ()),
    },
)
_VALUES = _SHAPE.names[:-1]
_COLUMNS = f"identity, path, {_SHAPE.select()}"
_SAVE = f"INSERT OR REPLACE INTO digests ({_COLUMNS}) VALUES ({', '.join('?' * (2 + len(_SHAPE)))})"
_SELECT = f"SELECT path, {_SHAPE.select()} FROM digests WHERE identity = ? AND path IN (?, x'')"
_SELECT_ALL = f"SELECT t.path, d.path, {_SHAPE.select('d')} FROM titles t JOIN digests d ON d.identity = t.identity"
LISTED = _SHAPE.part(*ListedDigests._fields)
"""The columns that datfiles are compared with: half of all, in half the time."""
_SELECT_DISCS = f"""SELECT t.path, t.format, d.path, {_SHAPE.select("d")} FROM digests d
JOIN titles t ON t.identity = d.identity WHERE d.xxh3 != ''"""
_DISC = Shape({"path": PATH, "format": TEXT})
_DROP = "DELETE FROM digests WHERE identity = ? AND path = ? AND grade = ?"


def save(connection: sqlite3.Connection, path: Path, identity: FileIdentity, digests: Digests) -> None:
    """Store digests of a grade. An empty one does not erase a known one, unless a common one differs."""
    known = next((each for each in read(connection, path, identity) if each.grade is digests.grade), None)
    if known is not None and not _differs(known, digests):
        digests = digests.or_else(known)
    key = keys.identity_key(identity), keys.path_key(path)
    connection.execute(_SAVE, (*key, *(getattr(digests, name) for name in _VALUES), _tracks_text(digests.tracks)))
    if digests.grade is Grade.DECODED:  # nothing else is needed any more
        connection.execute(_DROP, (*key, str(Grade.FOLLOWED)))


def rename(
    connection: sqlite3.Connection, before: Path, identity: FileIdentity, now: Path, now_identity: FileIdentity
) -> None:
    """Let digests follow a file that discpress renamed. A changed sheet makes its fingerprint worthless."""
    keep = "fingerprint" if identity == now_identity else "''"
    connection.execute(
        f"UPDATE OR REPLACE digests SET identity = ?, path = ?, fingerprint = {keep} WHERE identity = ? AND path = ?",
        (keys.identity_key(now_identity), keys.path_key(now), keys.identity_key(identity), keys.path_key(before)),
    )


def _differs(one: Digests, other: Digests) -> bool:
    common = one.values.keys() & other.values.keys()
    return any(one.values[name] != other.values[name] for name in common)


def read(connection: sqlite3.Connection, path: Path, identity: FileIdentity) -> list[Digests]:
    """Return the digests of a content under a path, the best grade first; unreadable ones are left out."""
    key = keys.path_key(path)
    rows = connection.execute(_SELECT, (keys.identity_key(identity), key)).fetchall()
    return best_first(digests for row in rows if (digests := _digests_from(row, key)) is not None)


def read_all(connection: sqlite3.Connection) -> dict[Path, list[Digests]]:
    """Return the digests of all titles that have some, by path."""
    found: dict[bytes, list[Digests]] = {}
    for key, *row in connection.execute(_SELECT_ALL):
        digests = _digests_from(row, key)
        if digests is not None:
            found.setdefault(key, []).append(digests)
    return {keys.path_from(key): best_first(digests) for key, digests in found.items()}


def read_discs(
    connection: sqlite3.Connection, paths: Iterable[Path] | None = None
) -> Iterator[tuple[Path, str, Digests]]:
    """Yield the titles whose decoded bytes are known: path, format and digests, one for each grade.

    `paths` are the titles to look at; None for all.
    """
    rows = connection.execute(_SELECT_DISCS) if paths is None else _disc_rows(connection, paths)
    for key, image_format, *row in rows:
        digests = _digests_from(row, key)
        if digests is not None and digests.grade is not Grade.STATED:
            with contextlib.suppress(UnreadableError):
                path, name = _DISC.read((key, image_format))
                yield path, name, digests


def _disc_rows(connection: sqlite3.Connection, paths: Iterable[Path]) -> Iterator[Row]:
    if not connection.execute("SELECT EXISTS (SELECT 1 FROM digests)").fetchone()[0]:
        return  # as for most titles that a first scan finds
    for path in paths:
        yield from connection.execute(f"{_SELECT_DISCS} AND t.path = ?", (keys.path_key(path),))


def _digests_from(row: Row, key: bytes) -> Digests | None:
    """Return the digests of a row for the path of that key; None if they are of another path or unreadable."""
    if row[0] not in (key, _NO_PATH):
        return None
    try:
        digests = Digests(*_SHAPE.read(row[1:]))
    except UnreadableError:
        return None
    # Without a path nothing tells this file from another one with its size, time and inode.
    is_loose = row[0] == _NO_PATH and digests.grade is Grade.DECODED
    return replace(digests, grade=Grade.FOLLOWED) if is_loose else digests


def listed_from(values: Sequence[Any], path: bytes, key: bytes) -> ListedDigests | None:
    """Return the digests of the columns LISTED, which were read, for the path of that key; None if of another path."""
    if path == key:
        return ListedDigests._make(values)
    if path != _NO_PATH:
        return None
    digests = ListedDigests._make(values)
    return digests._replace(grade=Grade.FOLLOWED) if digests.grade is Grade.DECODED else digests


def best_first(found: Iterable[DigestsT]) -> list[DigestsT]:
    """Return digests in the order of their grades."""
    return sorted(found, key=lambda digests: list(Grade).index(digests.grade))


def fingerprinted(connection: sqlite3.Connection, path: Path, identity: FileIdentity) -> Iterator[Digests]:
    """Yield the digests that may follow their file to another path."""
    for digests in read(connection, path, identity):
        if digests.fingerprint and digests.grade in {Grade.DECODED, Grade.FOLLOWED}:
            yield digests

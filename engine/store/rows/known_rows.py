"""The stored titles as a scan compares them with the files: a third of the memory of the titles themselves."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.losses import Losses
from discpress.engine.store.model import Fault, Title
from discpress.engine.store.rows.checked import Column, Row, UnreadableError, made_by
from discpress.engine.store.rows.keys import identity_from, identity_key, node_from, node_key
from discpress.engine.store.rows.title_rows import TITLE

_USUAL_IDENTITY = re.compile(r"[0-9]{1,18} [0-9]{1,18} [0-9]{1,18}")
"""Of a separate file, with numbers that no limit excludes."""
_SPACES_IN_ARCHIVE = 4
"""In the identity of an image in an archive."""


class KnownTitle(NamedTuple):
    """The part of a stored title that a scan needs if its file is unchanged."""

    text: str
    """Its path."""
    identity_key: str
    """Its identity, as stored."""
    node_key: str
    """Device and inode at the last scan, as stored."""
    serial: str
    """Its serial; empty if the disc has none."""
    original_bytes: int
    """Its decoded size."""
    others: tuple[str, ...]
    """The names of its files besides the main one."""
    is_part: bool
    """Whether files of it are missing."""
    is_outdated: bool
    """Whether an earlier version read it, so that its file is to be read again."""

    @classmethod
    def of(cls, title: Title) -> "KnownTitle":
        """Return that part of a title."""
        return cls(
            os.fspath(title.path),
            identity_key(title.identity),
            node_key(title.device, title.inode),
            title.serial,
            title.original_bytes,
            tuple(each.name for each in title.others),
            title.fault is Fault.SPLIT_PART,
            title.is_outdated,
        )

    @property
    def path(self) -> Path:
        """Its path."""
        return Path(self.text)

    @property
    def identity(self) -> FileIdentity:
        """Its identity when it was read."""
        return identity_from(self.identity_key)

    @property
    def node(self) -> tuple[int, int]:
        """Device and inode at the last scan."""
        return node_from(self.node_key)

    @property
    def file_text(self) -> str:
        """The path of its main file: of the archive, for an image in one."""
        is_archived = self.identity_key.count(" ") == _SPACES_IN_ARCHIVE
        return os.path.dirname(self.text) if is_archived else self.text  # noqa: PTH120 - no Path for each title


def _checked_identity(text: str) -> str:
    if _USUAL_IDENTITY.fullmatch(text) is None:
        identity_from(text)
    return text


def _checked_node(text: str) -> str:
    node_from(text)
    return text


def _path_text(key: bytes) -> str:
    text = os.fsdecode(key)
    if "\0" in text or not os.path.isabs(text):  # noqa: PTH117 - no Path for each title
        raise ValueError
    return text


# Every column is checked: a title that cannot be read later must be found anew by the scan.
_KNOWN = TITLE.altered(
    {
        "path": Column(frozenset({bytes}), "", _path_text),
        "identity": made_by(_checked_identity, None),
        "node": made_by(_checked_node, ""),
    }
)
_COLUMNS = ("path", "identity", "node", "serial", "original_bytes", "fault", "parts")
_PLACES = tuple(map(_KNOWN.names.index, _COLUMNS))


def known_titles(rows: Iterator[Row], losses: Losses) -> Iterator[KnownTitle]:
    """Yield the known titles of rows of SELECT_TITLES_ALONE; `losses` counts those that cannot be read."""
    for row in rows:
        try:
            values = _KNOWN.read(row)
        except UnreadableError:
            losses.titles += 1
            continue
        text, identity, node, serial, original_bytes, fault, parts = [values[place] for place in _PLACES]
        names = tuple(each.name for each in parts.files) if parts.files else ()
        is_part = fault is Fault.SPLIT_PART
        yield KnownTitle(text, identity, node, serial, original_bytes, names, is_part, not parts.is_known)

"""The shares that this machine knows, and the lock tests with other machines, in the state file."""

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.shares.mark import is_id, is_name
from discpress.engine.store.rows import keys
from discpress.engine.store.rows.checked import FLAG, PATH, TIME, Shape, UnreadableError, made_by


@dataclass(frozen=True, slots=True)
class LocalShare:
    """A share, and its folder on this machine."""

    share_id: str
    """Its id."""
    path: Path
    """The folder where this machine sees its root."""
    name: str
    """Its name for people."""


@dataclass(frozen=True, slots=True)
class LockTest:
    """The result of a lock test between this machine and another one."""

    share_id: str
    """The share in which it was made."""
    machine: str
    """The name of the other machine."""
    is_ours_seen: bool
    """Whether the other machine sees a lock of this one."""
    is_theirs_seen: bool
    """Whether this machine sees a lock of the other one."""
    at: float
    """The time of the test, seconds since the epoch."""

    @property
    def is_passed(self) -> bool:
        """Whether both machines see each other's locks."""
        return self.is_ours_seen and self.is_theirs_seen


def _checked_id(text: str) -> str:
    if not is_id(text):
        raise ValueError
    return text


def _checked_name(text: str) -> str:
    if not is_name(text):
        raise ValueError
    return text


_ID = made_by(_checked_id, "")
_NAME = made_by(_checked_name, "")
_SHARE = Shape({"id": _ID, "path": PATH, "name": _NAME})
_TEST = Shape({"share": _ID, "machine": _NAME, "is_ours_seen": FLAG, "is_theirs_seen": FLAG, "at": TIME})


def read_shares(connection: sqlite3.Connection) -> list[LocalShare]:
    """Return the known shares by name; unreadable rows are left out, as if the share was never added."""
    found = []
    for row in connection.execute(f"SELECT {_SHARE.select()} FROM shares ORDER BY name, id"):
        with contextlib.suppress(UnreadableError):
            found.append(LocalShare(*_SHARE.read(row)))
    return found


def save_share(connection: sqlite3.Connection, share: LocalShare) -> None:
    """Store a share, in place of what was known of its id or at its folder."""
    key = keys.path_key(share.path)
    connection.execute("DELETE FROM shares WHERE path = ?", (key,))
    connection.execute("INSERT OR REPLACE INTO shares VALUES (?, ?, ?)", (share.share_id, key, share.name))


def remove_share(connection: sqlite3.Connection, share_id: str) -> None:
    """Forget a share and its lock tests."""
    connection.execute("DELETE FROM shares WHERE id = ?", (share_id,))
    connection.execute("DELETE FROM share_locks WHERE share = ?", (share_id,))


def read_tests(connection: sqlite3.Connection) -> list[LockTest]:
    """Return all lock tests by machine; unreadable rows are left out, as if the test was never made."""
    found = []
    for row in connection.execute(f"SELECT {_TEST.select()} FROM share_locks ORDER BY machine, share"):
        with contextlib.suppress(UnreadableError):
            found.append(LockTest(*_TEST.read(row)))
    return found


def save_test(connection: sqlite3.Connection, test: LockTest) -> None:
    """Store a lock test, in place of an earlier one of this share and machine."""
    connection.execute(
        "INSERT OR REPLACE INTO share_locks VALUES (?, ?, ?, ?, ?)",
        (test.share_id, test.machine, test.is_ours_seen, test.is_theirs_seen, test.at),
    )

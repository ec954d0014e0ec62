"""The images that the rules of watched folders have taken up, and how far they have come."""

import contextlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.rows import keys
from discpress.engine.store.rows.checked import PATH, TEXT, Shape, UnreadableError, integer, made_by, real, token


class WatchStep(StrEnum):
    """The progress of a rule with an image."""

    ESTIMATING = "estimating"
    """A job estimates what it would save."""
    ESTIMATED = "estimated"
    """That job is over."""
    QUEUED = "queued"
    """A job converts it."""
    CHECKING = "checking"
    """The doctor examines it, because it is not whole."""
    DONE = "done"
    """It was converted, or examined."""
    FAILED = "failed"
    """Its job failed."""
    LEFT = "left"
    """It is left alone: it saves too little, a job was cancelled or skipped."""


LIVING = frozenset({WatchStep.ESTIMATING, WatchStep.QUEUED, WatchStep.CHECKING})
"""Steps whose job may not be over."""


@dataclass(frozen=True, slots=True)
class Watched:
    """An image that a rule has taken up."""

    path: Path
    """Its path."""
    identity: FileIdentity
    """Its file, as it was then."""
    rule: str
    """The rule, as its key."""
    step: WatchStep
    """The progress of the rule."""
    job: int
    """The number of the last job; 0 without one."""
    at: float
    """When that was, in seconds since the epoch."""


_SHAPE = Shape(
    {
        "path": PATH,
        "identity": made_by(keys.identity_from, None),
        "rule": TEXT,
        "step": token({str(each): each for each in WatchStep}, WatchStep.DONE),
        "job": integer(),
        "at": real(),
    }
)
_SELECT = f"SELECT {_SHAPE.select('w')} FROM watched w"


def read(connection: sqlite3.Connection) -> dict[Path, Watched]:
    """Return all images that rules have taken up; unreadable rows are skipped, so their images count as new."""
    found = {}
    for row in connection.execute(_SELECT):
        with contextlib.suppress(UnreadableError):
            watched = Watched(*_SHAPE.read(row))
            found[watched.path] = watched
    return found


def save(connection: sqlite3.Connection, rows: Iterable[Watched]) -> None:
    """Store what rules have done, in place of what they did with the same images before."""
    connection.executemany(
        "INSERT OR REPLACE INTO watched VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                keys.path_key(each.path),
                keys.identity_key(each.identity),
                each.rule,
                str(each.step),
                each.job,
                each.at,
            )
            for each in rows
        ],
    )


def forget_failures(connection: sqlite3.Connection) -> int:
    """Forget the images whose jobs failed, so that they are tried again; return their number."""
    return connection.execute("DELETE FROM watched WHERE step = ?", (str(WatchStep.FAILED),)).rowcount

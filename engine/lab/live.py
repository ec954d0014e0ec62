"""Progress of a running benchmark: written twice a second, read by the screen that shows it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from discpress.engine.store.rows.checked import Shape, made_by
from discpress.engine.store.rows.plain_json import fields_in, load_object
from discpress.engine.store.store import Store

CURVE_POINTS = 60
"""Half a minute at two a second: the width of a pane."""

_SAVE = "INSERT OR REPLACE INTO lab_live VALUES (?, ?)"
_SELECT = "SELECT facts FROM lab_live WHERE job = ?"
_SHAPE = Shape({"facts": made_by(load_object, {})})
_DROP = "DELETE FROM lab_live WHERE job = ?"


@dataclass(frozen=True, slots=True)
class LiveTest:
    """Progress of a benchmark."""

    number: int
    """Number of its step, from 1."""
    steps: int
    """Number of steps."""
    format: str
    """The format that is read or packed."""
    block_size: int
    """Bytes of a block; 0 for a plain image."""
    level: int
    """Compression level; 0 if there is none."""
    pattern: str = ""
    """Read pattern; empty while it is packed."""
    reads: int = 0
    """Reads of this step so far."""
    p50_us: float = 0.0
    """Half of the reads took no longer."""
    p95_us: float = 0.0
    """95 % of the reads took no longer."""
    curve: Sequence[float] = ()
    """The median latency of each half second, microseconds, newest last."""


def save_live(store: Store, job_id: int, live: LiveTest) -> None:
    """Store the progress of a job's benchmark."""
    facts = json.dumps(asdict(live))
    store.file.write(lambda connection: connection.execute(_SAVE, (job_id, facts)))


def read_live(store: Store, job_id: int) -> LiveTest | None:
    """Return the progress of a job's benchmark; None if it is not running or has not begun."""
    row = store.file.row(_SELECT, (job_id,))
    try:
        return None if row is None else LiveTest(**fields_in(LiveTest, _SHAPE.read(row)[0]))
    except (ValueError, TypeError):
        return None


def drop_live(store: Store, job_id: int) -> None:
    """Delete the progress: the benchmark has ended."""
    store.file.write(lambda connection: connection.execute(_DROP, (job_id,)))

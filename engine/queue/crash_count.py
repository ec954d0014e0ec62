"""Workers that died at a job or an errand: a native crash, a kill, a power cut. Counted, for it may be the reason."""

import os
import sqlite3
from pathlib import Path

from discpress.engine.errors import WorkerEndedError
from discpress.engine.names import display_name
from discpress.engine.queue.log_rows import read_checkpoint
from discpress.engine.queue.worker_process import LOG_NAME

MOST_DEATHS = 3
"""So many workers die at one thing without a new checkpoint in between, and it fails: the next one would die too."""
_SEALED_BYTES = 2**62  # further than any image is long: all of it is written and proven
_COUNT = """
UPDATE queue_jobs SET worker_deaths = CASE WHEN :reached > reached_bytes THEN 1 ELSE worker_deaths + 1 END,
    reached_bytes = CASE WHEN typeof(reached_bytes) = 'integer' THEN MAX(reached_bytes, :reached) ELSE :reached END
WHERE id = :id
"""


def count_death(connection: sqlite3.Connection, job_id: int) -> int:
    """Count a worker that died at a job; return how many have since its last new checkpoint."""
    connection.execute(_COUNT, {"id": job_id, "reached": _reached_bytes(connection, job_id)})
    row = connection.execute("SELECT worker_deaths FROM queue_jobs WHERE id = ?", (job_id,)).fetchone()
    return int(row[0])


def is_suspect(worker_deaths: int) -> bool:
    """Return whether the next death at something fails it: it then runs alone, so that nothing else is to blame."""
    return worker_deaths >= MOST_DEATHS - 1


def describe_death(worker_deaths: int) -> str:
    """Return the line for the log of a job that is taken up again."""
    so_far = f" ({worker_deaths} of {MOST_DEATHS} times in a row, then it fails)" if worker_deaths > 1 else ""
    return f"a worker that was killed had begun it; it goes on from its checkpoint{so_far}"


def worker_ended(path: bytes, state_path: Path) -> WorkerEndedError:
    """Return the error of what too many workers died at, whose log is beside the state file."""
    name, log_path = display_name(os.fsdecode(path)), state_path.with_name(LOG_NAME)
    return WorkerEndedError(
        f"{name}: the worker ended {MOST_DEATHS} times while it did this; its log is {display_name(log_path)}",
        hint="retry it where the power failed or the worker was killed, else try other settings; or report it with "
        "the log",
    )


def _reached_bytes(connection: sqlite3.Connection, job_id: int) -> int:
    """Return how far the checkpoint of a job is; 0 where it has none."""
    stored = read_checkpoint(connection, job_id)
    if stored is None:
        return 0
    if "sealed" in stored.facts:
        return _SEALED_BYTES
    done_bytes = stored.facts.get("done_bytes")
    return done_bytes if type(done_bytes) is int else 0

"""Count of the workers that died during a job or background task: by a native crash, a kill or a power cut."""

import os
import sqlite3
from pathlib import Path

from discpress.engine.errors import WorkerEndedError
from discpress.engine.names import display_name
from discpress.engine.queue.log_rows import read_checkpoint
from discpress.engine.queue.worker_process import LOG_NAME

MOST_DEATHS = 3
"""A job fails after so many deaths without a new checkpoint in between: the next worker would die too."""
_SEALED_BYTES = 2**62  # beyond the size of any image: all of it is written and verified
_COUNT = """
UPDATE queue_jobs SET worker_deaths = CASE WHEN :reached > reached_bytes THEN 1 ELSE worker_deaths + 1 END,
    reached_bytes = CASE WHEN typeof(reached_bytes) = 'integer' THEN MAX(reached_bytes, :reached) ELSE :reached END
WHERE id = :id
"""


def count_death(connection: sqlite3.Connection, job_id: int) -> int:
    """Count a worker that died during a job; return the number since its last new checkpoint."""
    connection.execute(_COUNT, {"id": job_id, "reached": _reached_bytes(connection, job_id)})
    row = connection.execute("SELECT worker_deaths FROM queue_jobs WHERE id = ?", (job_id,)).fetchone()
    return int(row[0])


def is_suspect(worker_deaths: int) -> bool:
    """Return whether the next death fails a job: it then runs alone, so that nothing else can be the cause."""
    return worker_deaths >= MOST_DEATHS - 1


def describe_death(worker_deaths: int) -> str:
    """Return the line for the log of a job that is taken up again."""
    so_far = f" ({worker_deaths} times in a row; it fails after {MOST_DEATHS})" if worker_deaths > 1 else ""
    return f"its worker was killed; the job resumes from its checkpoint{so_far}"


def worker_ended(path: bytes, state_path: Path) -> WorkerEndedError:
    """Return the error of a job during which too many workers died; their log is next to the state file."""
    name, log_path = display_name(os.fsdecode(path)), state_path.with_name(LOG_NAME)
    return WorkerEndedError(
        f"{name}: the worker ended {MOST_DEATHS} times while it did this; its log is {display_name(log_path)}",
        hint="retry it if the power failed or the worker was killed; otherwise try other settings, or report it with "
        "the log",
    )


def _reached_bytes(connection: sqlite3.Connection, job_id: int) -> int:
    """Return the progress in a job's checkpoint; 0 if it has none."""
    stored = read_checkpoint(connection, job_id)
    if stored is None:
        return 0
    if "sealed" in stored.facts:
        return _SEALED_BYTES
    done_bytes = stored.facts.get("done_bytes")
    return done_bytes if type(done_bytes) is int else 0

"""The states of titles as far as the jobs of the queue decide them."""

from collections.abc import Iterator, Set
from pathlib import Path

from discpress.engine.queue.job_rows import ALIVE_STATES, SELECT_JOBS, job_from
from discpress.engine.queue.jobs import Job
from discpress.engine.queue.reader import QueueReader
from discpress.engine.queue.tasks.kinds import CONVERSION_KINDS, TaskKind
from discpress.engine.queue.titles.examined import DAMAGE_CODES, found_damage, has_examined
from discpress.engine.store.store import Store

_MOST_JOBS = 20
"""Latest jobs of a title among which its last whole check is found."""
_DAMAGE = ", ".join(f"'{code}'" for code in DAMAGE_CODES)
_KINDS = ", ".join(f"'{kind}'" for kind in CONVERSION_KINDS)
_SELECT_WORKING = f"{SELECT_JOBS} WHERE kind IN ({_KINDS}) AND state IN ({ALIVE_STATES})"
_SELECT_SUSPECT = f"""{SELECT_JOBS} WHERE ended_at IS NOT NULL
AND (error_code IN ({_DAMAGE}) OR (kind = '{TaskKind.DOCTOR}' AND state = 'done'))"""


def working_paths(store: Store) -> frozenset[Path]:
    """Return the titles that conversions of the queue work on or wait for. Raises StoreError."""
    return frozenset(job.path for job in _select(store, _SELECT_WORKING) if job.is_alive)


def damage_of_jobs(store: Store, others: Set[Path]) -> Iterator[tuple[Path, list[tuple[float, str]]]]:
    """Yield the images in which a job ever found damage, and some others, with the time and result of the last check.

    The list is empty if no job has checked the whole image, and the result if the check found no damage. StoreError.
    """
    suspect = others | {job.path for job in _select(store, _SELECT_SUSPECT) if found_damage(job)}
    reader = QueueReader(store)
    for path in suspect:
        over = (job for job in reader.of_path(path, _MOST_JOBS) if job.is_over)
        last = next(filter(has_examined, over), None)
        yield path, [] if last is None else [(last.ended_at or 0.0, _damage_of(last))]


def _select(store: Store, query: str) -> list[Job]:
    return [job_from(row) for row in store.file.rows(query)]


def _damage_of(job: Job) -> str:
    """Return the damage that a job found; empty if it found none."""
    if not found_damage(job):
        return ""
    found = job.result.get("damage")  # jobs of older versions have only numbers
    return job.error_message or (found if isinstance(found, str) else "") or f"{job.kind} found damage"

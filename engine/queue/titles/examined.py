"""Jobs that decoded a whole image, and whether they found damage."""

from discpress.engine.errors import DamagedImageError, VerifyError
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.tasks.kinds import CONVERSION_KINDS, TaskKind

DAMAGE_CODES = (DamagedImageError.code, VerifyError.code)
"""Error codes of jobs that found damage."""
EXAMINING_KINDS = frozenset({TaskKind.DOCTOR, TaskKind.VERIFY, *CONVERSION_KINDS})
"""Kinds of jobs that decode a whole image."""


def has_examined(job: Job) -> bool:
    """Return whether a job that is over has decoded the image it was about, to its end or to the failure."""
    return job.kind in EXAMINING_KINDS and (job.state is JobState.DONE or found_damage(job))


def found_damage(job: Job) -> bool:
    """Return whether a job that is over found the image damaged, or not what it should be."""
    if job.kind is TaskKind.DOCTOR and job.state is JobState.DONE:
        return bool(job.result.get("damaged", job.result.get("errors")))  # what an older version counted
    return job.state is JobState.FAILED and job.error_code in DAMAGE_CODES

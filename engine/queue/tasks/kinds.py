"""The kinds of jobs and background tasks."""

from enum import StrEnum


class TaskKind(StrEnum):
    """Kind of a job or of a background task."""

    CONVERT = "convert"
    REPAIR = "repair"
    """A conversion that rewrites an image for its target, perhaps under the same name."""
    VERIFY = "verify"
    SCAN = "scan"
    ESTIMATE = "estimate"
    GRID = "grid"
    """An estimate for every block size and level of a format; only a background task."""
    SEEK = "seek"
    THROUGHPUT = "throughput"
    DOCTOR = "doctor"
    PURGE = "purge"
    """Removes trashed titles for good after their replacements are verified; the path is that of the first entry."""
    UNDO = "undo"
    """Restores trashed titles; the path is that of the first entry."""
    DUPLICATES = "duplicates"
    """Moves copies of a disc to the trash; the path is that of the copy that stays."""
    DEPLOY = "deploy"
    """Puts titles on a device; the path is the folder where the device is mounted."""


JOB_KINDS = frozenset(TaskKind) - {TaskKind.GRID}
"""Kinds of jobs."""
CONVERSION_KINDS = frozenset({TaskKind.CONVERT, TaskKind.REPAIR})
"""Work that makes another file of an image."""
LAB_KINDS = frozenset({TaskKind.SEEK, TaskKind.THROUGHPUT})
"""Benchmarks: one at a time, because two would measure each other; their output is deleted when they end."""
TRASH_KINDS = frozenset({TaskKind.PURGE, TaskKind.UNDO})
"""Work on an entry of the trash."""
SUMMARY_KINDS = TRASH_KINDS | {TaskKind.DUPLICATES, TaskKind.DEPLOY}
"""Work whose result has a sentence for people, `summary`."""

"""Counts what conversions have saved, when their originals leave the trash for good."""

from collections.abc import Mapping

from discpress.engine.convert.trash.journal import PURGED
from discpress.engine.queue.queue import JobQueue


def count_savings(queue: JobQueue, kind: str, facts: Mapping[str, object]) -> None:
    """Take in an entry of the journal: a conversion has saved nothing before its original is removed.

    Nothing is saved if the original has other names, because they keep its space.
    """
    entry, freed = facts.get("entry"), facts.get("freed_bytes")
    if kind == PURGED and isinstance(entry, str) and freed not in {0, "0"}:
        queue.count_saved(entry)

"""The news of jobs that have ended: their summaries, and an offer to empty the trash after a batch."""

from collections.abc import Iterable
from pathlib import Path

from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.engine.queue.tasks.kinds import CONVERSION_KINDS, SUMMARY_KINDS, TaskKind
from discpress.engine.queue.tasks.trash import others_of
from discpress.engine.units import format_size
from discpress.tui.commands import Keys


def ended_between(before: QueueSnapshot | None, now: QueueSnapshot) -> list[Job]:
    """Return the jobs that have ended since the snapshot before; none if there is none."""
    if before is None:
        return []
    alive = {job.id for job in before.jobs if job.is_alive}
    newest = max((job.id for job in before.jobs), default=0)
    return [job for job in now.jobs if job.is_over and (job.id in alive or job.id > newest)]


def summary_news(ended: Iterable[Job]) -> tuple[str, bool]:
    """Return the summary of the last job on a device, on copies or on several entries of the trash.

    With it comes whether a title failed or stays.
    """
    for job in sorted(ended, key=lambda job: job.id, reverse=True):
        if job.kind in {TaskKind.DUPLICATES, TaskKind.DEPLOY} or (job.kind in SUMMARY_KINDS and others_of(job.task)):
            if job.state is JobState.FAILED:
                return job.error_message, True
            return str(job.result.get("summary", "")), bool(job.result.get("stayed"))
    return "", False


class BatchEnd:
    """Counts the conversions of a batch, to tell of its end once."""

    def __init__(self) -> None:
        self._ended: dict[int, str] = {}

    def follow(self, ended: Iterable[Job], now: QueueSnapshot) -> str:
        """Return `3 converted, 1 failed` at the end of a batch; empty before it, or if nothing came of it."""
        self._ended |= {job.id: _came_to(job) for job in ended if job.kind in CONVERSION_KINDS}
        if any(job.is_alive and job.kind in CONVERSION_KINDS for job in now.jobs):
            return ""
        ends = list(self._ended.values())
        self._ended = {}
        return ", ".join(f"{ends.count(word)} {word}" for word in ("converted", "repaired", "failed") if word in ends)


def _came_to(job: Job) -> str:
    done = "repaired" if job.kind is TaskKind.REPAIR else "converted"
    return {JobState.DONE: done, JobState.FAILED: "failed"}.get(job.state, "")


def notification(how: str, text: str) -> str:
    """Return what a terminal takes as a notification, by the setting `notify`; empty for `off`.

    BEL, or an OSC sequence as iTerm2 (9) or rxvt-unicode (777) define it; `text` has no control character.
    """
    return {
        "bell": "\a",
        "osc9": f"\x1b]9;discpress: {text}\a",
        "osc777": f"\x1b]777;notify;discpress;{text}\a",
    }.get(how, "")


class EmptyingOffer:
    """Counts the originals that a batch moves to the trash, and offers once to empty it when the batch is over."""

    def __init__(self) -> None:
        self._entries: set[Path] = set()
        self._kinds: set[TaskKind] = set()
        self._bytes = 0

    def follow(self, ended: Iterable[Job], now: QueueSnapshot, keys: Keys) -> tuple[str, frozenset[Path]]:
        """Return the offer and the entries it is about; no text while conversions go on or if originals were kept."""
        for job in ended:
            trashed = job.result.get("trashed")
            if job.kind in CONVERSION_KINDS and job.state is JobState.DONE and isinstance(trashed, str):
                self._entries.add(Path(trashed).parent)
                self._kinds.add(job.kind)
                self._bytes += job.source_bytes
        if not self._entries or any(job.is_alive and job.kind in CONVERSION_KINDS for job in now.jobs):
            return "", frozenset()
        entries, size_bytes = frozenset(self._entries), self._bytes
        done = "Repaired" if self._kinds == {TaskKind.REPAIR} else "Converted"
        self._entries, self._kinds, self._bytes = set(), set(), 0
        key = keys.of("show_trash")
        if not key:
            return "", frozenset()
        count = len(entries)
        originals = f"{count} originals are" if count > 1 else "1 original is"
        return (
            f"{done}: {originals} in the trash, {format_size(size_bytes)}. "
            f"Press {key} in the library, then {keys.of('purge')}, to verify again and free the space.",
            entries,
        )

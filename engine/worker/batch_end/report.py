"""The result of a batch, as a sentence and as JSON (docs/queue.md, "Notifications")."""

from collections.abc import Sequence
from dataclasses import dataclass

from discpress.engine.names import display_name
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.store.model import JsonValue
from discpress.engine.units import format_size

_WORDS = {
    JobState.DONE: "converted",
    JobState.FAILED: "failed",
    JobState.SKIPPED: "skipped",
    JobState.CANCELLED: "cancelled",
}
MOST_TITLES = 1000
"""A message lists no more of them; its counts are of all."""
_SOME, _MORE = 3, 4
"""Priorities that ntfy (1 to 5) and Gotify (0 to 10) both take: nothing failed, something did."""


@dataclass(frozen=True, slots=True)
class BatchReport:
    """The conversions of a batch that is over."""

    batch: str
    """Its name in the queue."""
    jobs: Sequence[Job]
    """Its conversions and repairs, all of them over."""

    @property
    def last(self) -> int:
        """The number of the job that ended last: its log says who was told."""
        return max(self.jobs, key=lambda job: (job.ended_at or 0.0, job.id)).id

    @property
    def is_worth_telling(self) -> bool:
        """Whether anything was converted or failed."""
        return bool(self._count(JobState.DONE) or self._count(JobState.FAILED))

    @property
    def text(self) -> str:
        """Its result in words: `3 converted, 1 failed; 12.4 GiB became 7.1 GiB`."""
        counts = ", ".join(f"{self._count(state)} {word}" for state, word in _WORDS.items() if self._count(state))
        source, packed = self._bytes
        return f"{counts}; {format_size(source)} became {format_size(packed)}" if source else counts

    def facts(self, *, has_paths: bool) -> dict[str, JsonValue]:
        """Return it as JSON; without paths it has no words of errors either, because those name files."""
        source, packed = self._bytes
        titles: list[JsonValue] = [_title(job, has_paths=has_paths) for job in self.jobs[:MOST_TITLES]]
        return {
            "event": "batch-done",
            "batch": self.batch,
            **{word: self._count(state) for state, word in _WORDS.items()},
            "source_bytes": source,
            "packed_bytes": packed,
            "titles": titles,
        }

    def message(self, topic: str, *, has_paths: bool) -> dict[str, JsonValue]:
        """Return it as ntfy, Gotify and Home Assistant take it: a title, a message, a priority, and the facts."""
        priority = _MORE if self._count(JobState.FAILED) else _SOME
        named: dict[str, JsonValue] = {"topic": topic} if topic else {}
        return {
            **named,
            "title": "discpress",
            "message": self.text,
            "priority": priority,
            **self.facts(has_paths=has_paths),
        }

    @property
    def _bytes(self) -> tuple[int, int]:
        """Bytes of the originals and of the results of what was converted."""
        done = [job for job in self.jobs if job.state is JobState.DONE]
        return sum(job.source_bytes for job in done), sum(job.result_bytes for job in done)

    def _count(self, state: JobState) -> int:
        return sum(1 for job in self.jobs if job.state is state)


def _title(job: Job, *, has_paths: bool) -> dict[str, JsonValue]:
    facts: dict[str, JsonValue] = {"title": display_name(job.path.stem), "state": job.state, "kind": job.kind}
    if job.error_code:
        facts["code"] = job.error_code
    if has_paths:
        output = job.result.get("output")
        facts |= {"path": str(job.path), "output": output if isinstance(output, str) else None}
        if job.error_message:
            facts["message"] = job.error_message
    return facts

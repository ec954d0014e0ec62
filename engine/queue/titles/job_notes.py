"""The remark about a job next to its figures, for people."""

from discpress.engine.names import display_name
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.tasks.kinds import SUMMARY_KINDS, TaskKind
from discpress.engine.units import format_size


def note_of(job: Job) -> str:
    """Return why a job waits or failed, what it found or what it saves, safe to show; mostly empty."""
    if job.fault:
        return display_name(job.fault)
    if job.is_alive:
        return display_name(job.waiting) or job.restart_note
    if job.state is not JobState.DONE:
        # Messages begin with the file's name, which the line has already.
        return display_name(job.error_message).removeprefix(f"{display_name(job.path)}: ")
    if job.kind is TaskKind.DOCTOR:
        errors, warnings = job.result.get("errors"), job.result.get("warnings")
        return f"errors: {errors}, warnings: {warnings}; its log has them" if errors or warnings else "nothing found"
    if job.kind in SUMMARY_KINDS:
        return display_name(str(job.result.get("summary", "")))
    return f"{format_size(job.saving_bytes)} smaller" if job.saving_bytes > 0 else ""

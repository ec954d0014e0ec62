"""Jobs that keep one copy of a disc and move the others to the trash."""

from discpress.engine.library.duplicates import CopyChoice
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.trash import DuplicatesTask


def duplicates_request(choice: CopyChoice, name: str = "") -> JobRequest:
    """Return the job for a choice that has a kept title; `name` is that of the disc. ValueError without one."""
    kept = choice.kept
    if kept is None:
        raise ValueError("no copy is kept")
    source = Source.of(kept.path, kept.file_path, kept.device, name)
    return JobRequest(DuplicatesTask(source, tuple(title.path for title in choice.going)), kept.path)

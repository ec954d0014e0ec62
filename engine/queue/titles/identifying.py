"""Jobs that decode titles whole, so that they can be compared with datfiles."""

from pathlib import Path

from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.records import VerifyTask
from discpress.engine.store.model import Fault, Title

_UNREADABLE = {Fault.UNREAD, Fault.OTHER, Fault.SPLIT_PART, Fault.DAMAGED}


def is_identifiable(title: Title) -> bool:
    """Return whether a title can be decoded whole, as far as its scan found."""
    return title.fault not in _UNREADABLE


def identify_request(path: Path, file_path: Path, device: int, name: str = "") -> JobRequest:
    """Return the job for an image; `file_path` is its file, the archive for an archived one. It runs when idle."""
    return JobRequest(VerifyTask(source=Source.of(path, file_path, device, name)), path, idle_priority=True)

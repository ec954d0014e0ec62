"""The counters of a run on another machine, as plain data."""

from discpress.engine.progress import Progress, Stage
from discpress.engine.store.model import JsonValue

_NUMBERS = ("total_bytes", "done_bytes", "packed_bytes", "read_bytes", "resumed_bytes", "resumed_packed_bytes")


def progress_json(progress: Progress) -> JsonValue:
    """Return counters as plain data."""
    return [str(progress.stage), *(getattr(progress, name) for name in _NUMBERS)]


def apply_progress(progress: Progress, value: JsonValue) -> None:
    """Take over counters in plain data; anything else changes nothing."""
    if not isinstance(value, list) or len(value) != 1 + len(_NUMBERS):
        return
    stage, *numbers = value
    if stage not in {str(each) for each in Stage} or not all(type(each) is int and each >= 0 for each in numbers):
        return
    progress.stage = Stage(str(stage))
    for name, number in zip(_NUMBERS, numbers, strict=True):
        setattr(progress, name, number)

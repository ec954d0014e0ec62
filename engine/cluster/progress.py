"""The counters of a run on another machine, as plain data."""

from typing import TypeGuard

from discpress.engine.progress import Progress, Stage
from discpress.engine.store.model import JsonValue

MOST_NUMBER = 1 << 62
"""No count of bytes is larger; SQLite stores less than twice as much."""
_NUMBERS = ("total_bytes", "done_bytes", "packed_bytes", "read_bytes", "resumed_bytes", "resumed_packed_bytes")


def progress_json(progress: Progress) -> JsonValue:
    """Return counters as plain data."""
    return [str(progress.stage), *(getattr(progress, name) for name in _NUMBERS)]


def apply_progress(progress: Progress, value: JsonValue) -> None:
    """Take over counters in plain data; anything else changes nothing."""
    if not isinstance(value, list) or len(value) != 1 + len(_NUMBERS):
        return
    stage, *numbers = value
    if str(stage) not in {str(each) for each in Stage} or not all(map(is_count, numbers)):
        return
    progress.stage = Stage(str(stage))
    for name, number in zip(_NUMBERS, numbers, strict=True):
        setattr(progress, name, number)


def is_count(value: JsonValue) -> TypeGuard[int]:
    """Return whether a value that a machine sent can be a number of bytes or blocks."""
    return type(value) is int and 0 <= value <= MOST_NUMBER

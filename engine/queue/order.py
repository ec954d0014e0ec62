"""The order of waiting jobs: by priority, then by position, changed by hand or by gain."""

import contextlib
import sqlite3
from itertools import groupby
from typing import Literal, NamedTuple, TypeAlias

from discpress.engine.errors import UsageError
from discpress.engine.queue.job_rows import WAITING
from discpress.engine.store.rows.checked import UnreadableError

Place: TypeAlias = Literal["top", "bottom", "up", "down"] | int
"""New place of a job among the waiting ones; a number counts from 1."""

_SELECT = (
    f"SELECT {WAITING.select()} FROM queue_jobs WHERE state IN ('queued', 'paused')"
    " ORDER BY priority DESC, position, id"
)
_SAVE = "UPDATE queue_jobs SET priority = ?, position = ?, changed = ? WHERE id = ?"


class _Slot(NamedTuple):
    """A waiting job's place."""

    id: int
    priority: int
    position: float
    gain_bytes: int | None


def move(connection: sqlite3.Connection, revision: int, job_id: int, to: Place) -> None:
    """Move a waiting job. Raises UsageError if it is not waiting.

    The job takes the priority of its new neighbours if its own would not leave it there.
    """
    slots = _read(connection)
    index = next((index for index, slot in enumerate(slots) if slot.id == job_id), None)
    if index is None:
        raise UsageError(f"job {job_id} cannot be moved: expected one that is queued or paused")
    last = len(slots) - 1
    named = {"top": 0, "bottom": last, "up": index - 1, "down": index + 1}
    target = min(max(to - 1 if isinstance(to, int) else named[to], 0), last)
    if target == index:
        return
    moved = slots[index]
    order = slots[:index] + slots[index + 1 :]
    placed = _between(moved, order[target - 1] if target else None, order[target] if target < last else None)
    if placed is None:  # some 50 moves into one gap use up its halves
        order = [slot._replace(position=float(place)) for place, slot in enumerate(order)]
        placed = _between(moved, order[target - 1] if target else None, order[target] if target < last else None)
        assert placed is not None
    _save(connection, revision, slots, [*order, placed])


def order_by_gain(connection: sqlite3.Connection, revision: int) -> None:
    """Put the largest expected saving first within each priority; jobs without an estimate come last."""
    slots = _read(connection)
    ordered: list[_Slot] = []
    for _, group in groupby(slots, key=lambda slot: slot.priority):
        equals = list(group)
        first = equals[0].position
        equals.sort(key=lambda slot: (slot.gain_bytes is None, -(slot.gain_bytes or 0)))
        ordered += [slot._replace(position=first + place) for place, slot in enumerate(equals)]
    _save(connection, revision, slots, ordered)


def _read(connection: sqlite3.Connection) -> list[_Slot]:
    slots = []
    for row in connection.execute(_SELECT):
        with contextlib.suppress(UnreadableError):  # an unreadable job runs in no order
            slots.append(_Slot(*WAITING.read(row)))
    return slots


def _between(moved: _Slot, before: _Slot | None, after: _Slot | None) -> _Slot | None:
    """Return the moved job between two neighbours; None if no position is left between theirs."""
    priority = moved.priority
    if before is not None:
        priority = min(priority, before.priority)
    if after is not None:
        priority = max(priority, after.priority)
    low = before.position if before is not None and before.priority == priority else None
    high = after.position if after is not None and after.priority == priority else None
    if low is not None and high is not None:
        position = (low + high) / 2
        if not low < position < high:
            return None
    elif low is not None:
        position = low + 1
    else:
        position = moved.position if high is None else high - 1
    return moved._replace(priority=priority, position=position)


def _save(connection: sqlite3.Connection, revision: int, old: list[_Slot], new: list[_Slot]) -> None:
    known = set(old)
    values = [(slot.priority, slot.position, revision, slot.id) for slot in new if slot not in known]
    connection.executemany(_SAVE, values)

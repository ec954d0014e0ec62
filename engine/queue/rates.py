"""Rates of a job: the mean of the last two minutes, from counts that the worker saves twice a second."""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from discpress.engine.progress import RATE_QUIET_S, RATE_WINDOW_S
from discpress.engine.queue.jobs import JobProgress

RATE_GAP_S = 10.0  # counts come every 0.5 s: after such a gap the machine slept or the clock was set
_MARK_S = 1.0  # one mark a second holds two minutes in 120


class Rates(NamedTuple):
    """The rates stored with the counts; None until there are three seconds of data."""

    read_rate: float | None
    """Bytes of the decoded image a second."""
    write_rate: float | None
    """Bytes of output a second."""
    eta_s: float | None
    """Seconds to the end of the stage; None also without any progress."""


NO_RATES = Rates(None, None, None)


@dataclass(slots=True)
class JobRates:
    """The counts of one job over the window.

    The window begins anew with a stage, when counts decrease, and when its clock steps back or far ahead. So no rate is
    negative or made of time that did not pass.
    """

    _marks: deque[tuple[float, int, int]] = field(default_factory=deque)
    _stage: str = ""
    _last_at: float = 0.0

    def rates(self, progress: JobProgress, now: float) -> Rates:
        """Add the counts at `now` (seconds of any clock) and return the rates."""
        done, packed = progress.done_bytes, progress.packed_bytes
        marks = self._marks
        if marks and (
            progress.stage != self._stage
            or not 0 <= now - self._last_at <= RATE_GAP_S
            or done < marks[-1][1]
            or packed < marks[-1][2]
        ):
            marks.clear()
        self._stage, self._last_at = progress.stage, now
        if not marks or now - marks[-1][0] >= _MARK_S:
            marks.append((now, done, packed))
        while now - marks[0][0] > RATE_WINDOW_S:
            marks.popleft()
        since, done_before, packed_before = marks[0]
        span_s = now - since
        if span_s < RATE_QUIET_S:
            return NO_RATES
        rate = (done - done_before) / span_s
        remaining = max(0, progress.total_bytes - done)
        return Rates(rate, (packed - packed_before) / span_s, remaining / rate if rate else None)

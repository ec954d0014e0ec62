"""Rates of a job: the mean of the last two minutes, from counts that the worker saves twice a second."""

from dataclasses import dataclass, field
from typing import NamedTuple

from discpress.engine.progress import RateWindow
from discpress.engine.queue.jobs import JobProgress

RATE_GAP_S = 10.0  # counts come every 0.5 s: after such a gap the machine slept or the clock was set


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
    """The rates of one job.

    The window begins anew with a stage, when counts decrease, and when its clock steps back or far ahead. So no rate is
    negative or made of time that did not pass.
    """

    _window: RateWindow = field(default_factory=RateWindow)
    _stage: str = ""
    _last_at: float = 0.0

    def rates(self, progress: JobProgress, now: float) -> Rates:
        """Add the counts at `now` (seconds of any clock) and return the rates."""
        if progress.stage != self._stage or not 0 <= now - self._last_at <= RATE_GAP_S:
            self._window = RateWindow()
        self._stage, self._last_at = progress.stage, now
        rates = self._window.rates(now, progress.done_bytes, progress.packed_bytes)
        if rates is None:
            return NO_RATES
        read_rate, write_rate = rates
        remaining = max(0, progress.total_bytes - progress.done_bytes)
        return Rates(read_rate, write_rate, remaining / read_rate if read_rate else None)

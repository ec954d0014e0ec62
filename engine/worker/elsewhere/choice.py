"""The other machine that packs the title of a job, if one does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.worker.checkpoint_store import JobCheckpointStore
from discpress.engine.worker.turn import Turn

if TYPE_CHECKING:
    from discpress.engine.convert.elsewhere import Elsewhere


@contextmanager
def packed_elsewhere(
    turn: Turn, plan: ConversionPlan, checkpoint_store: JobCheckpointStore
) -> "Iterator[Elsewhere | None]":
    """Yield the other machine that packs, None for this one; what other machines left is cleared afterwards."""
    if turn.place is None and not turn.job.was_elsewhere:
        yield None
        return
    from discpress.engine.worker.elsewhere.sending import Sending, clearing_claim

    with clearing_claim(turn, plan, is_here=turn.place is None):
        if turn.place is None:
            yield None
            return
        sending = Sending(turn, turn.place, checkpoint_store)
        try:
            yield sending.elsewhere(plan)
        finally:
            sending.close()

"""The question whether another machine is worth it for a title, with the measured speeds of both."""

from collections.abc import Callable

from discpress.engine.cluster.packing import measured
from discpress.engine.cluster.payload import Payload
from discpress.engine.convert.checkpoint import maker_of
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.measure.placement import Work, place
from discpress.engine.measure.speeds import Measured
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.worker.elsewhere.lane import RemotePlace
from discpress.engine.worker.turn import Turn


def reason_to_stay(turn: Turn, remote: RemotePlace, plan: ConversionPlan, payload: Payload) -> str:
    """Return the reason to pack a title on this machine, as a sentence; empty if the other one is worth it.

    Each machine is measured once for a share and a way to pack, as long as this worker lives. Raises the errors of
    `Machines.measure`, and of reading the source.
    """
    lane = remote.lane
    if lane.is_prove_only:
        return ""
    way = maker_of(plan)
    own = lane.measured.get(("", payload.source.share_id, way))
    if own is None:
        own = measured(
            payload, plan.source_path, plan.output_path, "this machine", turn.threads, turn.control.raise_if_stopped
        )
        lane.measured["", payload.source.share_id, way] = own
    other = _measured_there(remote, payload, way, turn.control.raise_if_stopped)
    work = Work(plan.original_bytes, plan.source_bytes, round(plan.original_bytes * own.packed_share))
    others = sum(job.kind is TaskKind.CONVERT for job in turn.queue.runnable()) + 1  # one runs here now
    found = place(own.speeds, other.speeds, work, others * plan.original_bytes)
    if not found.is_remote:
        return found.reason
    turn.log(found.reason)
    return ""


def _measured_there(remote: RemotePlace, payload: Payload, way: str, check: Callable[[], object]) -> Measured:
    key = (remote.machine.address, payload.source.share_id, way)
    known = remote.lane.measured.get(key)
    if known is None:
        known = remote.lane.measured[key] = remote.machines.measure(remote.machine, payload, check)
    return known

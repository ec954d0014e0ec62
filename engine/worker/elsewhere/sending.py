"""Sends the title of a job to another machine, and takes the part that comes of it."""

import contextlib
import logging
import threading
from collections.abc import Iterator

from discpress.engine.cluster.claim import drop_claim, is_claimed
from discpress.engine.cluster.connection import Facts
from discpress.engine.cluster.owner import LostMachineError, RemoteError
from discpress.engine.cluster.packing import can_go, remote_request
from discpress.engine.cluster.payload import Payload, checkpoint_of
from discpress.engine.cluster.progress import apply_progress
from discpress.engine.convert.checkpoint import identity_of, maker_of
from discpress.engine.convert.elsewhere import Elsewhere, Order, Packed
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.convert.verify import digest_image
from discpress.engine.errors import (
    CancelledError,
    ClusterError,
    DiscpressError,
    FileLimitError,
    ShareError,
    SpaceError,
    StorageError,
    SuspendedError,
    UselessError,
    VerifyError,
)
from discpress.engine.images.open import open_image
from discpress.engine.progress import Control
from discpress.engine.queue.record_digests import earlier_digests
from discpress.engine.shares.fingerprint import Fingerprint
from discpress.engine.shares.shares import Shares, check_lock_test
from discpress.engine.worker.checkpoint_store import JobCheckpointStore
from discpress.engine.worker.elsewhere.lane import RemotePlace
from discpress.engine.worker.elsewhere.worth import reason_to_stay
from discpress.engine.worker.turn import HeldPartError, Turn, part_owner

_log = logging.getLogger("discpress.worker")
_WAIT_S = 0.5
_SAME = {each.code: each for each in (UselessError, SpaceError, FileLimitError)}
"""Errors that mean the same as if they had come from this machine."""


class Sending:
    """One job, and the machine that packs its title."""

    def __init__(self, turn: Turn, place: RemotePlace, checkpoint_store: JobCheckpointStore) -> None:
        self._turn = turn
        self._place = place
        self._checkpoint_store = checkpoint_store
        self._shares = Shares(turn.store.file)
        self._checkpoint: object = None
        self._plan: ConversionPlan | None = None
        self._proof: threading.Lock | None = None

    def close(self) -> None:
        """Let the next result be proven."""
        if self._proof is not None:
            self._proof.release()
            self._proof = None

    def elsewhere(self, plan: ConversionPlan) -> Elsewhere:
        """Return the other machine as a conversion uses it.

        Raises SuspendedError, and the job runs here then, if no other machine can carry out the plan.
        """
        if reason := can_go(plan):
            raise self._stay(f"packed here: {reason}")
        return Elsewhere(self._send, self._refuse, self._stay)

    def _send(self, order: Order) -> Packed:
        turn, machine = self._turn, self._place.machine
        self._plan = order.plan
        try:
            payload = self._payload(order)
        except (ShareError, ClusterError, StorageError) as error:
            raise self._stay(f"packed here: {error}") from error
        try:
            if reason := reason_to_stay(turn, self._place, order.plan, payload):
                raise self._stay(reason)
            turn.queue.set_machine(turn.job.id, machine.label)
            turn.log(f"packed on {machine.label}")
            packed = self._place.machines.pack(machine, payload, lambda: wish_of(turn.control), self._on_report)
        except LostMachineError as error:
            turn.control.raise_if_stopped()
            raise self._lost(str(error)) from error
        except RemoteError as error:
            raise self._as_error(error) from error
        except ClusterError as error:
            raise self._stay(f"packed here: {error}") from error
        self._place.lane.note_packed(turn.job.id)
        turn.log(f"{machine.label} has packed it; now this machine proves the result")
        proof = self._place.lane.proof_of(payload.output.share_id)
        while not proof.acquire(timeout=_WAIT_S):
            turn.control.check()
        self._proof = proof
        self._check_reading(order.plan, packed)
        return packed

    def _check_reading(self, plan: ConversionPlan, packed: Packed) -> None:
        """Read the source here, and compare it with what the other machine has read, if nothing else would show that.

        The proof decodes what that machine packed: if it read a wrong byte, the result has it, and the original would
        be moved all the same. Raises SuspendedError after a difference, and the job runs here then.
        """
        turn, now = self._turn, packed.digests.values
        known = [each.values for each in earlier_digests(turn.store, plan)]
        is_other = any(now.get(name, value) != value for each in known for name, value in each.items())
        if not is_other and (known or not plan.trashes_source):
            return
        with open_image(plan.source_path) as image:
            found = digest_image(plan.view(image), turn.threads, turn.control, turn.progress, tuple(now))
        if found != packed.digests:
            self._refuse(
                VerifyError(f"{image.name}: {self._place.machine.label} has read other bytes than this machine")
            )
            self._place.lane.keep_here(turn.job.id)
            raise SuspendedError

    def _payload(self, order: Order) -> Payload:
        plan = order.plan
        source, output = self._shares.to_share(plan.source_path), self._shares.to_share(plan.output_path)
        self._check_locks(output.share_id)
        return Payload(
            part_owner(self._turn.job),
            source,
            Fingerprint.of(plan.source_path),
            output,
            remote_request(plan),
            maker_of(plan),
            plan.original_bytes,
            order.max_file_bytes,
            order.checkpoint,
        )

    def _check_locks(self, share_id: str) -> None:
        """Raise ShareError unless a test showed that the locks of a share work on both machines.

        They are tested once for each time that a machine joins: another one may have its name, and the share may be
        mounted anew.
        """
        machine, tests = self._place.machine, self._place.lane.lock_tests
        share = next(each for each in self._shares.known() if each.share_id == share_id)
        test = tests.get((machine.address, share_id))
        if test is None:
            test = tests[machine.address, share_id] = self._place.machines.test_locks(machine, share)
            self._shares.save_lock_test(test)
        check_lock_test(share, test)

    def _on_report(self, answer: Facts) -> None:
        apply_progress(self._turn.progress, answer.get("progress"))
        found, plan = answer.get("checkpoint"), self._plan
        if found is None or found == self._checkpoint or plan is None:
            return
        self._checkpoint = found
        with contextlib.suppress(ValueError, TypeError, KeyError):
            checkpoint = checkpoint_of(found, identity_of(plan))
            if checkpoint.made_by == maker_of(plan):
                self._checkpoint_store.save(checkpoint)

    def _as_error(self, error: RemoteError) -> DiscpressError:
        """Return what an error of the other machine means for the job."""
        control = self._turn.control
        if error.kind in {SuspendedError.code, CancelledError.code}:
            control.raise_if_stopped()
            return self._lost(str(error))
        if error.kind == "part":  # an earlier start still runs; no machine is lost
            turn = self._turn
            turn.queue.set_machine(turn.job.id, turn.job.machine)  # the next try prefers that one
            return HeldPartError()
        if error.kind in _SAME:
            return _SAME[error.kind](str(error), hint=error.hint)
        return self._stay(f"{error}; it is tried here")

    def _lost(self, reason: str) -> SuspendedError:
        self._turn.log(f"{reason}; the job is queued again")
        self._place.lane.note_loss(self._turn.job.id)
        return SuspendedError()

    def _stay(self, reason: str) -> SuspendedError:
        self._turn.log(reason)
        self._place.lane.keep_here(self._turn.job.id)
        return SuspendedError()

    def _refuse(self, error: Exception) -> None:
        """Forget all that the machine has made of the title, and give it no other one."""
        turn, machine = self._turn, self._place.machine
        turn.log(f"{error}; the result of {machine.label} was discarded, and the title is packed here")
        turn.log(f"{machine.label} gets no more titles until it joins again")
        _log.warning("%s at %s gets no more titles until it joins again: %s", machine.label, machine.address, error)
        self._place.lane.bar(machine)
        self._place.machines.bar(machine)
        turn.queue.set_machine(turn.job.id, "")
        if self._plan is not None:
            self._checkpoint_store.begin(self._plan.output_path)
            drop_claim(self._plan.output_path, part_owner(turn.job))


def wish_of(control: Control) -> str:
    """Return the word for what a control asks of a run."""
    try:
        control.raise_if_stopped()
    except SuspendedError:
        return "suspend"
    except CancelledError:
        return "cancel"
    return "go"


@contextlib.contextmanager
def clearing_claim(turn: Turn, plan: ConversionPlan, *, is_here: bool) -> Iterator[None]:
    """Remove the claim of a job that another machine worked on, after its end.

    `is_here`: the title is packed on this machine. Raises HeldPartError if the other one has not let go of it yet: a
    lost machine may keep a lock for hours, and the disk is free for other titles meanwhile.
    """
    if is_here:
        if is_claimed(plan.output_path):
            raise HeldPartError
        turn.queue.set_machine(turn.job.id, "")
    try:
        yield
    except SuspendedError:
        raise
    except BaseException:
        drop_claim(plan.output_path, part_owner(turn.job))
        raise
    drop_claim(plan.output_path, part_owner(turn.job))

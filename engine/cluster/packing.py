"""Packing of one title for the owner of a queue on another machine: it writes and syncs the part, and no more."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TypeAlias

from discpress.engine.cluster.claim import Claim, claimed
from discpress.engine.cluster.payload import Payload, with_identity
from discpress.engine.convert.checkpoint import Checkpoint, fits, identity_of, maker_of
from discpress.engine.convert.elsewhere import Packed
from discpress.engine.convert.packing import ConversionRun
from discpress.engine.convert.part.new_part import new_output_part
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.plan import ConversionPlan, plan_image
from discpress.engine.errors import ClusterError, SpaceError, StorageError, SuspendedError
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image
from discpress.engine.measure.metering import FilesCache
from discpress.engine.measure.speeds import Measured, measure_speeds
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest
from discpress.engine.system.files import FileIdentity

CheckpointSink: TypeAlias = Callable[[Checkpoint], None]
"""Gets the checkpoints of a run; the part of each was synced before."""


@dataclass(frozen=True, slots=True)
class _Checkpoints:
    """Sends checkpoints to the owner, who keeps them: a `CheckpointStore`."""

    sink: CheckpointSink

    def begin(self, output_path: Path) -> None:
        """Do nothing: the owner has recorded it."""

    def seal(self, output_path: Path, identity: FileIdentity) -> None:
        """Do nothing: only the owner publishes."""

    def load(self) -> Checkpoint | None:
        """Return None: the owner sends the checkpoint with the task."""
        return None

    def save(self, checkpoint: Checkpoint) -> None:
        """Send a checkpoint."""
        self.sink(checkpoint)

    def drop(self) -> None:
        """Do nothing: the owner drops it."""


def can_go(plan: ConversionPlan) -> str:
    """Return why a conversion stays on the machine of its queue, as half a sentence; empty if another one can do it."""
    form = plan.form
    if plan.member or len(plan.sources.files) > 1:
        return "its source is not a single file"
    if plan.tracks or plan.part_count or form.is_cut or form.form_bytes or form.kept is not None:
        return "its result is not a single file of blocks"
    if not plan.layout.packs or not plan.layout.is_resumable:
        return f"{plan.settings.form} files are written here only"
    return "it replaces its source" if plan.replaces_source else ""


def remote_request(plan: ConversionPlan) -> ConversionRequest:
    """Return the request with which another machine comes to the same plan."""
    settings = plan.settings
    return replace(
        plan.request,
        format=settings.format,
        block_size=settings.block_size,
        level=settings.level,
        target=settings.target,
        methods=settings.methods,
        trash_source=False,
        replaces_source=False,
        playlists=False,
        output_path=None,
        output_folder=None,
    )


def measured(
    payload: Payload,
    source_path: Path,
    output_path: Path,
    machine: str,
    threads: int,
    check: Callable[[], None] = lambda: None,
) -> Measured:
    """Measure this machine with the title of a payload. Raises ShareError if it sees another file, DiscpressError."""
    payload.seen.check(source_path)
    with open_image(source_path) as image:
        plan = plan_image(image, payload.request, output_path)
        cache = FilesCache(image.source)
        return measure_speeds(image, plan.settings, cache, machine, threads=threads, random=Random(), check=check)


def pack(
    payload: Payload,
    source_path: Path,
    output_path: Path,
    threads: int,
    control: Control,
    progress: Progress,
    sink: CheckpointSink,
) -> Packed:
    """Pack a title into the part of its result, unless an earlier start of the task has done that.

    SuspendedError leaves the part, for a start that continues. Raises ClusterError if this machine would write other
    bytes, and the errors of a conversion.
    """
    payload.seen.check(source_path)
    with open_image(source_path) as image:
        plan = plan_image(image, payload.request, output_path)
        _check_plan(plan, payload)
        with claimed(output_path, payload.task, source_path, plan.source_identity) as claim:
            packed = claim.finished(output_path)
            if packed is not None:
                return packed
            return _pack(payload, plan, image, claim, ConversionRun(image, plan, threads, control, progress), sink)


def _pack(
    payload: Payload, plan: ConversionPlan, image: Image, claim: Claim, run: ConversionRun, sink: CheckpointSink
) -> Packed:
    run.job = payload.task
    checkpoint = with_identity(payload.checkpoint, identity_of(plan))
    if checkpoint is not None and not fits(checkpoint, plan):
        checkpoint = None
    part = new_output_part(run, payload.max_file_bytes, checkpoint)
    if not isinstance(part, PartFile):
        part.discard()
        raise ClusterError(f"{image.name}: the result is not a single file")
    try:
        digests = run.pack(part, _Checkpoints(sink), checkpoint if part.is_resumed else None)
        run.check_source()
        packed = Packed(digests, run.chunks.to_bytes(), part.head, part.size_bytes)
        claim.finish(packed)
    except (SuspendedError, SpaceError, StorageError):
        part.close()
        raise
    except BaseException:
        part.discard()
        raise
    part.close()
    return packed


def _check_plan(plan: ConversionPlan, payload: Payload) -> None:
    """Raise ClusterError if this machine would write other bytes than the owner."""
    name = display_name(plan.source_path)
    if plan.original_bytes != payload.original_bytes:
        raise ClusterError(f"{name}: decodes to {plan.original_bytes} bytes here, to {payload.original_bytes} there")
    if maker_of(plan) != payload.made_by:
        raise ClusterError(
            f"{name}: this machine would write other bytes: {maker_of(plan)}, expected {payload.made_by}",
            hint="install the same versions of discpress and its packages on both machines",
        )
    if reason := can_go(plan):
        raise ClusterError(f"{name}: {reason}")

"""Checkpoints of a conversion, so that a killed one can resume; verified by reading again (Safety rule 7)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from discpress.engine.convert.digests import Digester
from discpress.engine.convert.part.marker import HEAD_BYTES
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.images.layout import BlockWriter
from discpress.engine.images.registry import codec_of, encoder_for
from discpress.engine.system.files import FileIdentity
from discpress.engine.system.filesystems import StableInodes
from discpress.engine.units import MIB

EVERY_BYTES = 64 * MIB
"""A kill loses at most this many bytes of work, or..."""
EVERY_S = 5.0
"""...this many seconds of work; an fsync costs little in comparison."""
_NUMBERS = 4
"""Numbers of one file in an identity."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a conversion at the last sync of its part."""

    done_bytes: int
    """Bytes of the source that the part contains; a multiple of the layout's chunk, or all."""
    part_bytes: int
    """Offset of the next block."""
    blocks: int
    """Index entries that the part contains."""
    index_crc32: int
    """crc32 of those entries."""
    source_crc32: int
    """crc32 of the source up to `done_bytes`."""
    identity: tuple[int, ...]
    """Inode, size, mtime and ctime of each file of the source; inode and ctime are 0 if they may change with the next
    mount."""
    made_by: str
    """Settings, kernel and library version that the packed bytes depend on."""
    head: bytes
    """The first bytes of the output, which the part does not contain yet."""


class CheckpointStore(Protocol):
    """Stores the checkpoint of one job."""

    def begin(self, output_path: Path) -> None:
        """Record the output's path, which determines the part's; remove an earlier checkpoint."""

    def seal(self, output_path: Path, identity: FileIdentity) -> None:
        """Record the file that is about to be published under that name."""

    def load(self) -> Checkpoint | None:
        """Return the last checkpoint; None if there is no readable one."""

    def save(self, checkpoint: Checkpoint) -> None:
        """Replace the last checkpoint."""

    def drop(self) -> None:
        """Remove the checkpoint."""


def maker_of(plan: ConversionPlan) -> str:
    """Return a text of everything the output's bytes depend on; if it differs, a conversion starts again."""
    settings = plan.settings
    encoder = encoder_for(settings)
    return encoder.recipe(settings, plan.index_shift, codec_of(settings), plan.layout.chunk_bytes)


def identity_of(plan: ConversionPlan) -> tuple[int, ...]:
    """Return the identity of the source's files as a checkpoint records it: without the device, which changes with
    every mount."""
    inodes = StableInodes()
    numbers: list[int] = []
    for file in plan.sources.files:
        its = file.identity
        inode = inodes.of(file.path, its.dev, its.ino)
        numbers += (inode, its.size_bytes, its.mtime_ns, its.ctime_ns if inode else 0)
    return tuple(numbers)


def _is_of(recorded: tuple[int, ...], now: tuple[int, ...]) -> bool:
    """Return whether a recorded identity is the present one. Earlier versions recorded the device first, and any inode.

    What a checkpoint stands for is read again in any case (Safety rule 7).
    """
    before = recorded[1:] if len(recorded) == _NUMBERS + 1 else recorded
    if len(before) != len(now):
        return False
    files = range(0, len(now), _NUMBERS)
    return all(_is_same(before[at : at + _NUMBERS], now[at : at + _NUMBERS]) for at in files)


def _is_same(before: tuple[int, ...], now: tuple[int, ...]) -> bool:
    """Return whether two identities are of one file: inodes count only if both of them last."""
    return before == now or (0 in {before[0], now[0]} and before[1:3] == now[1:3])


class CheckpointWriter:
    """Saves checkpoints at chunk borders: the `Border` of a pipeline."""

    def __init__(
        self,
        plan: ConversionPlan,
        part: PartFile,
        writer: BlockWriter,
        digester: Digester,
        checkpoint_store: CheckpointStore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan
        self._part = part
        self._writer = writer
        self._digester = digester
        self._checkpoint_store = checkpoint_store
        self._clock = clock
        self._saved_bytes = 0
        self._saved_blocks = writer.blocks
        self._saved_at = clock()

    def start_at(self, done_bytes: int) -> None:
        """Count from here: earlier work is stored already."""
        self._saved_bytes = done_bytes

    def is_due(self, done_bytes: int) -> bool:
        """Return whether 64 MiB or 5 s have passed since the last checkpoint."""
        new_bytes = done_bytes - self._saved_bytes
        return new_bytes > 0 and (new_bytes >= EVERY_BYTES or self._clock() - self._saved_at >= EVERY_S)

    def save(self, done_bytes: int) -> None:
        """Write the index so far, sync the part and store the checkpoint, in this order."""
        index_crc32 = self._writer.save_index(self._saved_blocks)
        blocks = self._saved_blocks = self._writer.blocks
        self._part.sync()
        self._checkpoint_store.save(
            Checkpoint(
                done_bytes,
                self._writer.position,
                blocks,
                index_crc32,
                self._digester.crc32,
                identity_of(self._plan),
                maker_of(self._plan),
                self._part.head,
            )
        )
        self._saved_bytes, self._saved_at = done_bytes, self._clock()


def is_resumable(plan: ConversionPlan) -> bool:
    """Return whether an interrupted conversion can continue after the bytes that it wrote."""
    return plan.files is None and plan.layout.is_resumable


def fits(checkpoint: Checkpoint, plan: ConversionPlan) -> bool:
    """Return whether a checkpoint is valid and belongs to this source, these settings and this kernel."""
    done_bytes, layout = checkpoint.done_bytes, plan.layout
    is_border = done_bytes % layout.chunk_bytes == 0 or done_bytes == layout.total_bytes
    is_possible = layout.has_border(done_bytes, checkpoint.blocks, checkpoint.part_bytes)
    return (
        _is_of(checkpoint.identity, identity_of(plan))
        and checkpoint.made_by == maker_of(plan)
        and is_border
        and is_possible
        and 0 < done_bytes <= layout.total_bytes
        and len(checkpoint.head) == HEAD_BYTES
    )

"""Checkpoints: what a killed conversion need not do again, trusted as far as it is read again (Safety rule 7)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.convert.digests import Digester
from discpress.engine.convert.part.name import HEAD_BYTES
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.formats import ImageFormat
from discpress.engine.images.layout import BlockWriter
from discpress.engine.images.written import codec_of
from discpress.engine.images.zso_cso.writer import PlainWriter
from discpress.engine.system.files import FileIdentity
from discpress.engine.units import MIB

EVERY_BYTES = 64 * MIB
"""So much is packed again after a kill at the most, or..."""
EVERY_S = 5.0
"""...so many seconds of work: an fsync costs little beside either."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a conversion had come when its part was last synced."""

    done_bytes: int
    """Bytes of the source that are in the part; a multiple of CHUNK_BYTES, or all."""
    part_bytes: int
    """Where the next block goes."""
    blocks: int
    """Index entries that stand in the part."""
    index_crc32: int
    """crc32 of those entries."""
    source_crc32: int
    """crc32 of the source up to `done_bytes`."""
    identity: tuple[int, ...]
    """Device, inode, size, mtime and ctime of the source."""
    made_by: str
    """Settings, kernel and library version that the packed bytes depend on."""
    head: bytes
    """The first bytes of the coming image, which the part does not hold yet."""


class CheckpointStore(Protocol):
    """Where one job's checkpoint is kept."""

    def begin(self, output_path: Path) -> None:
        """Note where the output goes, and thereby its part; what was kept before is forgotten."""

    def seal(self, output_path: Path, identity: FileIdentity) -> None:
        """Note which file is about to be published under that name."""

    def load(self) -> Checkpoint | None:
        """Return the last one; None when there is none that can be read."""

    def save(self, checkpoint: Checkpoint) -> None:
        """Keep this one in place of the last."""

    def drop(self) -> None:
        """Forget it."""


def maker_of(plan: ConversionPlan) -> str:
    """Return what the bytes of the output depend on: under another one a conversion starts again."""
    settings = plan.settings
    if settings.format is ImageFormat.ISO:
        return "iso"
    codec = codec_of(settings)
    return (
        f"{settings.format} {settings.block_size} level {settings.level} shift {plan.index_shift} "
        f"by {codec.name} {codec.version} in chunks of {CHUNK_BYTES}"
    )


def identity_of(plan: ConversionPlan) -> tuple[int, ...]:
    """Return the source's identity as a checkpoint records it."""
    source = plan.source_identity
    return (source.dev, source.ino, source.size_bytes, source.mtime_ns, source.ctime_ns)


class CheckpointWriter:
    """Saves checkpoints at chunk borders: the `Border` of a pipeline."""

    def __init__(
        self,
        plan: ConversionPlan,
        part: PartFile,
        writer: BlockWriter | PlainWriter,
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
        self._saved_blocks = 0 if isinstance(writer, PlainWriter) else writer.blocks
        self._saved_at = clock()

    def start_at(self, done_bytes: int) -> None:
        """Count from here: what is before is kept already."""
        self._saved_bytes = done_bytes

    def is_due(self, done_bytes: int) -> bool:
        """Return whether 64 MiB or 5 s have gone by since the last one."""
        new_bytes = done_bytes - self._saved_bytes
        return new_bytes > 0 and (new_bytes >= EVERY_BYTES or self._clock() - self._saved_at >= EVERY_S)

    def save(self, done_bytes: int) -> None:
        """Write the index so far, sync the part, keep the checkpoint, in this order."""
        blocks = index_crc32 = 0
        if not isinstance(self._writer, PlainWriter):
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


def fits(checkpoint: Checkpoint, plan: ConversionPlan) -> bool:
    """Return whether a checkpoint is of this source, these settings and this kernel, and possible at all."""
    done_bytes = checkpoint.done_bytes
    is_border = done_bytes % CHUNK_BYTES == 0 or done_bytes == plan.original_bytes
    if plan.settings.format is ImageFormat.ISO:
        is_possible = checkpoint.blocks == 0 and checkpoint.part_bytes == done_bytes
    else:
        blocks = -(-done_bytes // plan.settings.block_size)
        is_possible = checkpoint.blocks == blocks and plan.layout.start <= checkpoint.part_bytes <= plan.worst_bytes
    return (
        checkpoint.identity == identity_of(plan)
        and checkpoint.made_by == maker_of(plan)
        and is_border
        and is_possible
        and 0 < done_bytes <= plan.original_bytes
        and len(checkpoint.head) == HEAD_BYTES
    )

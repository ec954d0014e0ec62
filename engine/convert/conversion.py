"""One conversion from the first byte to the published, proven file: the order of Safety rule 1."""

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random

from engine.codecs.registry import codec_for
from engine.convert.digests import Digester, DigestSet
from engine.convert.part import PartFile
from engine.convert.pipeline import Slot, run_chunks
from engine.convert.plan import ConversionPlan, OnConflict
from engine.convert.preflight import check_room, ensure_folder, output_bounds
from engine.convert.progress import Control, Progress, Stage
from engine.convert.replace import Journal, no_journal
from engine.convert.trash import Replacement, TrashEntry, move_to_trash, wait_until_settled
from engine.convert.verify import check_digests, digest_image, read_chunk
from engine.errors import DiscpressError, SourceChangedError, UselessError
from engine.formats import ImageFormat
from engine.images.indexed import IndexedImage
from engine.images.opening import open_image
from engine.images.reader import Image, PlainImage
from engine.images.source import FileSource
from engine.images.writer import PackedWriter, PlainWriter
from engine.names import display_name
from engine.system.files import FileIdentity


class ReadBack(StrEnum):
    """Where the proof read the result from."""

    COLD = "cold"
    CACHED = "cached"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Conversion:
    """A finished conversion."""

    plan: ConversionPlan
    """What was done."""
    packed_bytes: int
    """Size of the output file."""
    digests: DigestSet
    """Digests of the decoded image: what was read, and, where verified, what the output gives."""
    read_back: ReadBack
    """Whether the proof came from the disk (`cold`), perhaps from memory (`cached`), or was not asked for."""
    trashed: TrashEntry | None
    """The source in the trash, where that was asked for."""
    overwritten: TrashEntry | None
    """The file that had the output's name, in the trash."""
    notices: tuple[str, ...]
    """What came up on the way."""
    elapsed_s: float
    """Wall time of all of it."""

    @property
    def ratio(self) -> float:
        """Packed over original."""
        return self.packed_bytes / self.plan.original_bytes

    @property
    def is_verified(self) -> bool:
        """Whether the output was decoded whole and gave the source's digests."""
        return self.read_back is not ReadBack.NONE


def convert(
    plan: ConversionPlan,
    *,
    threads: int,
    control: Control,
    progress: Progress,
    journal: Journal = no_journal,
    random: Random | None = None,
    job: str = "",
) -> Conversion:
    """Carry out a plan; on any error the source is as it was, no file has a final name and the part is gone.

    `random` starts the sample of the estimate that is made where room is scarce; `job` names the part's owner.
    """
    started = time.monotonic()
    ensure_folder(plan)
    low, high = output_bounds(plan, threads, control.check, random or Random())
    file_system = check_room(plan, low, high)
    with open_image(plan.source_path) as image:
        run = _Run(image, plan, threads, control, progress)
        part = PartFile(
            plan.output_path,
            job=job or secrets.token_hex(8),
            source_path=plan.source_path,
            source=plan.source_identity,
            is_copy_of_source=run.is_copy_of_source,
            max_file_bytes=file_system.max_file_bytes,
        )
        try:
            digests = run.pack(part)
            read_back = run.prove(part, digests)
            run.check_source()
            identity = part.seal(plan.source_identity.mtime_ns)
            run.check_source()
            progress.begin(Stage.REPLACING, plan.original_bytes)
            replacement = Replacement.of(Path(os.path.abspath(plan.output_path)), identity)  # noqa: PTH100
            overwritten = _trash_existing(plan, replacement, digests)
            part.publish()
        except BaseException:
            part.discard()
            raise
        part.close()
        journal("published", {"source": str(plan.source_path), "output": str(plan.output_path), **digests.values})
        notices: list[str] = []
        trashed = _trash_source(plan, run, replacement, digests, control, journal) if plan.wish.trash_source else None
        if trashed is not None and os.fstat(run.source.fd).st_nlink > 1:
            notices.append(f"{run.image.name} has other hard links: moving it to the trash frees nothing")
    progress.begin(Stage.DONE, plan.original_bytes)
    elapsed_s = time.monotonic() - started
    return Conversion(plan, identity.size_bytes, digests, read_back, trashed, overwritten, tuple(notices), elapsed_s)


class _Run:
    """The steps of one conversion that need the open source."""

    def __init__(self, image: Image, plan: ConversionPlan, threads: int, control: Control, progress: Progress) -> None:
        assert isinstance(image.source, FileSource)
        self.image = image
        self.source = image.source
        self._plan = plan
        self._threads = threads
        self._control = control
        self._progress = progress
        self.check_source()

    def check_source(self, so: str = "nothing was published") -> None:
        """Raise SourceChangedError unless the open file and its path are what was planned (Safety rule 2)."""
        try:
            at_path = FileIdentity.of(self._plan.source_path.stat())
        except OSError:
            at_path = None
        if self.source.identity() != self._plan.source_identity or at_path != self._plan.source_identity:
            raise SourceChangedError(
                f"{self.image.name}: it was changed, replaced or removed meanwhile; {so}",
                hint="convert it again when nothing writes to it",
            )

    def pack(self, part: PartFile) -> DigestSet:
        """Write the whole output into the part and make it last; return the source's digests."""
        image, plan, progress = self.image, self._plan, self._progress
        digester = Digester(plan.wish.digests)
        fill, take, finish = self._packing(part) if plan.settings.format is not ImageFormat.ISO else self._copying(part)
        stage = Stage.UNPACKING if plan.settings.format is ImageFormat.ISO else Stage.PACKING
        progress.begin(stage, image.size)
        try:
            run_chunks(
                image.size,
                self._threads,
                self._control,
                fill=fill,
                take=take,
                follow=lambda slot: digester.update(slot.data),
                with_packed=plan.settings.format is not ImageFormat.ISO,
            )
        except DiscpressError as error:
            if error.code in {"damaged", "storage"}:
                self.check_source()  # a source that was cut short or replaced says so, not that it is damaged
            raise
        self.check_source()
        file_bytes = finish()
        if plan.wish.skip_useless and file_bytes >= plan.source_identity.size_bytes:
            raise UselessError(
                f"{image.name}: it would not shrink: {file_bytes} bytes packed, {plan.source_identity.size_bytes} now"
            )
        progress.begin(Stage.SYNCING, image.size)
        part.sync()
        return digester.finish()

    def _copying(self, part: PartFile) -> tuple[Callable[[Slot], None], Callable[[Slot], None], Callable[[], int]]:
        writer = PlainWriter(part)

        def take(slot: Slot) -> None:
            writer.append(slot.data)
            self._count(slot, writer.position)

        return lambda slot: read_chunk(self.image, slot), take, writer.finish

    def _packing(self, part: PartFile) -> tuple[Callable[[Slot], None], Callable[[Slot], None], Callable[[], int]]:
        settings, header = self._plan.settings, self._plan.header
        codec = codec_for(settings.format)
        writer = PackedWriter(part, header)

        def fill(slot: Slot) -> None:
            read_chunk(self.image, slot)
            padded = -(-slot.length // settings.block_size) * settings.block_size
            slot.source[slot.length : padded] = bytes(padded - slot.length)
            slot.packed_bytes = codec.pack(
                slot.source[:padded],
                settings.block_size,
                header.alignment,
                settings.level,
                slot.packed,
                slot.lengths,
            )

        def take(slot: Slot) -> None:
            count = -(-slot.length // settings.block_size)
            writer.append(slot.packed[: slot.packed_bytes], slot.lengths, count)
            self._count(slot, writer.position)

        return fill, take, writer.finish

    def _count(self, slot: Slot, packed_bytes: int) -> None:
        progress = self._progress
        progress.packed_bytes = packed_bytes
        progress.read_bytes = progress.done_bytes = slot.offset + slot.length

    def prove(self, part: PartFile, expected: DigestSet) -> ReadBack:
        """Read the part back from the disk, decode it whole and compare the digests; VerifyError on a difference."""
        if not self._plan.wish.verify:
            return ReadBack.NONE
        is_cold = part.drop_cached()
        # The part is read as what it will be: the format was asked for, so it is not sniffed and cannot be mistaken.
        is_plain = self._plan.settings.format is ImageFormat.ISO
        image: Image = PlainImage(part) if is_plain else IndexedImage(part)
        actual = digest_image(image, self._threads, self._control, self._progress, self._plan.wish.digests)
        check_digests(display_name(self._plan.output_path), actual, expected)
        return ReadBack.COLD if is_cold else ReadBack.CACHED

    def is_copy_of_source(self, path: Path) -> bool:
        """Return whether a file is a complete image in the output's format that decodes to exactly the source."""
        try:
            with open_image(path) as other:
                if other.format is not self._plan.settings.format or other.size != self.image.size:
                    return False
                theirs = digest_image(other, self._threads, self._control, self._progress)
            ours = digest_image(self.image, self._threads, self._control, self._progress)
        except DiscpressError as error:
            if error.code == "cancelled":
                raise
            return False
        return theirs == ours


def _trash_existing(plan: ConversionPlan, replacement: Replacement, digests: DigestSet) -> TrashEntry | None:
    path = plan.output_path
    if plan.wish.on_conflict is not OnConflict.OVERWRITE or not os.path.lexists(path):
        return None
    identity = FileIdentity.of(path.lstat())
    return move_to_trash(path, identity, None, replacement=replacement, digests=digests.values, reason="overwritten")


def _trash_source(
    plan: ConversionPlan,
    run: _Run,
    replacement: Replacement,
    digests: DigestSet,
    control: Control,
    journal: Journal,
) -> TrashEntry:
    wait_until_settled(plan.source_path, control)
    run.check_source("the result is published, the source stays where it is")
    entry = move_to_trash(
        plan.source_path,
        plan.source_identity,
        run.source.fd,
        replacement=replacement,
        digests=digests.values,
        reason="converted",
    )
    journal("trashed", {"path": entry.original, "entry": entry.id, "folder": str(entry.folder)})
    return entry

"""Packing of a source into a part, and its verification: the steps that need the source open."""

import secrets
from collections.abc import Callable
from functools import partial

from discpress.engine.convert.cd.file_set import TrackFile
from discpress.engine.convert.checkpoint import Checkpoint, CheckpointStore, CheckpointWriter
from discpress.engine.convert.digests import ChunkDigests, Digester, DigestSet
from discpress.engine.convert.part.copy_check import CopyCheck
from discpress.engine.convert.part.deferred import DeferredOutput
from discpress.engine.convert.part.exposed import ExposedPart
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.part.unpacked import new_unpacked
from discpress.engine.convert.part.written import OutputPart, open_written
from discpress.engine.convert.pipeline import ChunkWork, Slot, SlotWork, followers_of, run_chunks
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.convert.running.source_watch import SourceWatch, do_respond
from discpress.engine.convert.running.threads import packing_crew, readers_of
from discpress.engine.convert.verify import (
    ReadBack,
    check_archived,
    check_metadata,
    check_recorded,
    digest_image,
    prove_image,
    read_chunk,
)
from discpress.engine.errors import DiscpressError, SourceChangedError, VerifyError
from discpress.engine.images.image import Image
from discpress.engine.images.layout import BlockWriter, WholeLayout
from discpress.engine.images.plain.image import PlainImage
from discpress.engine.images.registry import codec_of, encoder_for
from discpress.engine.measure.worth import refuse_result
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress, Stage
from discpress.engine.system.access import Access


class ConversionRun(CopyCheck):
    """One conversion's use of its open source, from the first check to the last."""

    def __init__(self, image: Image, plan: ConversionPlan, threads: int, control: Control, progress: Progress) -> None:
        super().__init__(image, plan, threads, control, progress)
        self._watch = SourceWatch(self._check_between_chunks)
        self.chunks = ChunkDigests(self._packed.size, self._layout.chunk_bytes)
        self.disk_kind = ""  # of the result's file system, as far as it is known
        self.job = secrets.token_hex(8)  # the owner of its parts
        self.check_source()

    def check_source(self, so: str = "no result was written") -> None:
        """Raise SourceChangedError unless all open files and their paths are the planned ones (Safety rule 2)."""
        changed = self.plan.sources.find_change(self.source)
        if changed is not None:
            name = self.image.name if len(self.plan.sources.files) == 1 else display_name(changed)
            raise SourceChangedError(
                f"{name}: the source changed or was removed during the conversion; {so}",
                hint="convert it again when no program writes to it",
            )

    def _check_between_chunks(self) -> None:
        """Check the source as `check_source` does; a share that does not respond is asked again later."""
        if do_respond(self.plan.sources.paths):
            self.check_source()

    def pack(
        self, part: OutputPart, checkpoint_store: CheckpointStore | None, checkpoint: Checkpoint | None
    ) -> DigestSet:
        """Write the whole output into the part and sync it; return the source's digests."""
        image, plan, progress, layout = self._packed, self.plan, self.progress, self._layout
        check_metadata(self.image)  # it describes the tracks of a CD
        if isinstance(layout, WholeLayout):
            return self._pack_whole(part, layout)
        output = DeferredOutput(part)
        digester, writer = self._digester(), layout.writer(output)
        start_bytes = 0
        try:
            if checkpoint is not None:
                start_bytes = self._take_up(part, checkpoint, digester, writer)
                if not start_bytes:
                    part.start_again()
                    digester, writer = self._digester(), layout.writer(output)
            border = None
            if checkpoint_store is not None and isinstance(part, PartFile):
                border = CheckpointWriter(plan, part, writer, digester, checkpoint_store)
                border.start_at(start_bytes)
            progress.begin(Stage.PACKING if layout.packs else Stage.UNPACKING, image.size)
            progress.done_bytes = start_bytes
            if start_bytes < image.size:
                self._pack_chunks(start_bytes, self._packing(output, writer, digester), border)
        except DiscpressError as error:
            self._blame(error)
            raise
        self.check_source()
        self._check_recorded(digester.finish())
        if border is not None and start_bytes < image.size:
            border.save(image.size)
        return self._settle(part, digests := digester.finish(), writer.finish(digests.recorded))

    def _blame(self, error: DiscpressError) -> None:
        """Raise SourceChangedError if the source was truncated or replaced, which looks like damage."""
        if error.code in {"damaged", "storage"}:
            self.check_source()

    def _settle(self, part: OutputPart, digests: DigestSet, file_bytes: int) -> DigestSet:
        self._check_gain(file_bytes)
        self.progress.begin(Stage.SYNCING, self._packed.size)
        part.sync()
        check_archived(self.image, digests, self.control)
        self.source.let_go()  # the verification needs the memory
        return digests

    def _pack_whole(self, part: OutputPart, layout: WholeLayout) -> DigestSet:
        digester = self._digester()

        def take(number: int, data: memoryview) -> None:
            self.control.check()
            self.chunks.take(number, data)
            digester.update(data)

        try:
            if encoder_for(self.plan.settings).unpacked_bytes(self.image):
                file_bytes = self._pack_unpacked(part, layout, digester)
            else:
                file_bytes = self._pack_image(self.image, part, layout, take)
        except DiscpressError as error:
            self._blame(error)
            raise
        self.check_source()
        self._check_recorded(digester.finish())
        return self._settle(part, digester.finish(), file_bytes)

    def _pack_image(
        self, image: Image, part: OutputPart, layout: WholeLayout, take: Callable[[int, memoryview], None]
    ) -> int:
        self.progress.begin(Stage.PACKING, image.size)
        return layout.pack(image, part, take, self._note)

    def _pack_unpacked(self, part: OutputPart, layout: WholeLayout, digester: Digester) -> int:
        """Pack the source from a plain file next to the result; its digests are taken where it is unpacked."""
        image, whole = self.image, TrackFile("", 0, self.image.size, ())
        access = Access.of_all([file.stat() for file in self.source.files])
        unpacked = new_unpacked(self.plan, self.job, access, lambda path: self.has_sectors(path, whole))
        try:
            self.progress.begin(Stage.UNPACKING, image.size)

            def take(slot: Slot) -> None:
                unpacked.write_at(slot.offset, slot.data)
                self._note(slot.offset + slot.length, 0)

            self._read_chunks(image.size, digester, take)
            unpacked.sync()
            plain = PlainImage(ExposedPart(unpacked))
            return self._pack_image(plain, part, layout, lambda number, data: self.control.check())
        finally:
            unpacked.discard()

    def _check_recorded(self, digests: DigestSet) -> None:
        """Compare the source with the digests in its file. Raises VerifyError if they differ.

        If its blocks contain more than the disc, the digests are of all that: it is only read again to be put away, or
        if its blocks have no checksums.
        """
        self.image.check_index()  # the sectors between the tracks of a GD-ROM are not read
        check_recorded(self._packed, digests)
        self.plan.form.check_kept(self.image.name, digests)
        stored = self.image.stored_form
        is_proven = not stored.recorded or bool(stored.codec_names)
        if self._packed is self.image and stored is not self.image and (self.plan.trashes_source or not is_proven):
            digest_image(self.image, self._threads, self.control, self.progress)

    def _pack_chunks(self, start_bytes: int, work: ChunkWork, border: CheckpointWriter | None) -> None:
        size, chunk_bytes = self._packed.size, self._layout.chunk_bytes
        threads, self.progress.limit = packing_crew(self._packed, self.plan, self._threads)
        run_chunks(size, threads, self.control, work, start_bytes=start_bytes, border=border, chunk_bytes=chunk_bytes)

    def _read_chunks(self, end: int, digester: Digester, take: SlotWork) -> None:
        """Read the source up to a byte, and digest it; `take` gets the chunks in order."""
        threads, chunk_bytes = readers_of(self._packed, self._threads), self._layout.chunk_bytes
        work = ChunkWork(partial(self._read, digester), take, followers=followers_of(digester.steps))
        run_chunks(end, threads, self.control, work, chunk_bytes=chunk_bytes)

    def _check_gain(self, file_bytes: int) -> None:
        """Raise UselessError if useless images are to be skipped, and the file shows one; large ones were estimated."""
        plan = self.plan
        if plan.request.skip_useless and self._layout.packs:
            sizes = (plan.original_bytes, plan.source_bytes, file_bytes)
            refuse_result(plan.source_path, *sizes, is_in_archive=plan.member > 0)

    def _take_up(self, part: OutputPart, checkpoint: Checkpoint, digester: Digester, writer: BlockWriter) -> int:
        """Read the source again up to the checkpoint; return the offset to continue at, 0 if anything differs."""
        if not writer.restore(part, checkpoint.blocks, checkpoint.part_bytes, checkpoint.index_crc32):
            return 0
        self.progress.begin(Stage.RESUMING, checkpoint.done_bytes)

        def take(slot: Slot) -> None:
            writer.revisit(self._pad(slot))
            self.progress.done_bytes += slot.length
            self._watch.look()

        self._read_chunks(checkpoint.done_bytes, digester, take)
        if digester.crc32 != checkpoint.source_crc32:
            return 0
        self.progress.resumed_bytes = self.progress.read_bytes = checkpoint.done_bytes
        self.progress.resumed_packed_bytes = self.progress.packed_bytes = checkpoint.part_bytes
        return checkpoint.done_bytes

    def _packing(self, output: DeferredOutput, writer: BlockWriter, digester: Digester) -> ChunkWork:
        level, block_size, alignment = self.plan.settings.level, self._layout.block_size, self._layout.alignment
        codec = codec_of(self.plan.settings)

        def fill(slot: Slot) -> None:
            self._read(digester, slot)
            slot.packed_bytes = codec.pack(self._pad(slot), block_size, alignment, level, slot.packed, slot.lengths)

        def take(slot: Slot) -> None:
            source = self._padded(slot)
            with output.deferring(slot.writes):
                writer.append(slot.packed[: slot.packed_bytes], slot.lengths, len(source) // block_size, source)
            self._note(slot.offset + slot.length, writer.position)

        followers = followers_of(digester.steps)
        return ChunkWork(fill, take, lambda slot: output.write_all(slot.writes), followers, self._layout.packs)

    def _read(self, digester: Digester, slot: Slot) -> None:
        """Read a chunk of the source, and compute its crc32 and its digest for the proof while its bytes are cached."""
        read_chunk(self._packed, slot)
        digester.sum_up(slot.offset, slot.data)
        self.chunks.take(slot.number, slot.data)

    def _pad(self, slot: Slot) -> memoryview:
        """Fill up the slot's last block with zeros and return its whole blocks."""
        source = self._padded(slot)
        source[slot.length :] = bytes(len(source) - slot.length)
        return source

    def _padded(self, slot: Slot) -> memoryview:
        return slot.source[: -(-slot.length // self._layout.block_size) * self._layout.block_size]

    def _note(self, done_bytes: int, packed_bytes: int) -> None:
        """Count what is done and check the source: this is the border between two chunks."""
        progress = self.progress
        progress.packed_bytes, progress.read_bytes, progress.done_bytes = packed_bytes, done_bytes, done_bytes
        self._watch.look()

    def prove(self, part: OutputPart, expected: DigestSet, *, is_needed: bool = False) -> ReadBack:
        """Read the part back from the disk, decode it and compare each chunk. Raises VerifyError if one differs."""
        return self._prove(part, expected) if self.plan.request.verify or is_needed else ReadBack.NONE

    def prove_copy(self, part: OutputPart, chunks: bytes, digester: Digester, expected: DigestSet) -> ReadBack:
        """Prove a part that another machine wrote, by its digests of the chunks; `digester` gets what is decoded."""
        name = display_name(self.plan.output_path)
        kinds = self._digester().finish().values.keys()
        if not self.chunks.load(chunks) or expected.values.keys() != kinds:
            raise VerifyError(f"{name}: another machine has packed something else")
        self.check_source()
        self._check_gain(part.size_bytes)
        return self._prove(part, expected, digester)

    def _prove(self, part: OutputPart, expected: DigestSet, digester: Digester | None = None) -> ReadBack:
        name = display_name(self.plan.output_path)
        with open_written(part, self._layout, self.disk_kind, name) as image:
            is_cold = part.drop_cached()
            prove_image(
                image,
                self.chunks,
                expected,
                self._frames,
                self._threads,
                self.control,
                self.progress,
                name=name,
                digester=digester,
            )
        return ReadBack.COLD if is_cold else ReadBack.CACHED

"""Verification: decodes a whole image and computes its digests."""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from discpress.engine.codecs.blocks import CHUNK_BYTES, chunk_bytes_for
from discpress.engine.convert.digests import CHANGED_HINT, ChunkDigests, Digester, DigestSet
from discpress.engine.convert.part.stored_chunks import StoredChunks
from discpress.engine.convert.pipeline import ChunkWork, Slot, followers_of, run_chunks
from discpress.engine.convert.running.threads import PROOF_BYTES, readers_of
from discpress.engine.errors import VerifyError
from discpress.engine.images.image import Image
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.progress import Control, Progress, Stage

if TYPE_CHECKING:
    from discpress.engine.images.chd.cd.disc_frames import DiscFrames


class ReadBack(StrEnum):
    """The places from which a verification can read the result."""

    COLD = "cold"
    CACHED = "cached"
    NONE = "none"


def digest_image(
    image: Image,
    threads: int,
    control: Control,
    progress: Progress,
    wanted: tuple[str, ...] = (),
    *,
    on_data: Callable[[memoryview], None] | None = None,
) -> DigestSet:
    """Decode every block of an image and return the digests of the decoded bytes, which `on_data` gets in order.

    Each digest has a thread of its own. If blocks contain more than the disc, all that its bytes go to shares one.
    Raises DamagedImageError with the first block that does not decode, or with the file in an archive that differs from
    its checksum there. VerifyError if blocks contain more than the disc and the digests of all that they contain are
    not those in the file.
    """
    stored = image.stored_form
    digester = Digester(wanted)
    read_digester = digester if stored is image else Digester(tuple(stored.recorded))
    disc_steps = [*(() if stored is image else digester.steps), *([on_data] if on_data else [])]
    followers = followers_of(read_digester.steps)
    progress.begin(Stage.VERIFYING, stored.size)

    def fill(slot: Slot) -> None:
        read_chunk(stored, slot)
        read_digester.sum_up(slot.offset, slot.data)

    def follow_disc(slot: Slot) -> None:
        data = memoryview(image.disc_bytes(slot.data, slot.offset))
        for step in disc_steps:
            step(data)

    def take(slot: Slot) -> None:
        progress.done_bytes += slot.length

    if disc_steps:
        followers.append(follow_disc)

    work, chunk_bytes = ChunkWork(fill, take, followers=followers), chunk_bytes_for(stored.block_size)
    run_chunks(stored.size, readers_of(image, threads), control, work, chunk_bytes=chunk_bytes)
    if read_digester is not digester:
        check_recorded(stored, read_digester.finish())
    digests = digester.finish()
    check_archived(image, digests, control)
    return digests


def prove_image(
    image: Image,
    chunks: ChunkDigests,
    expected: DigestSet,
    frames: "DiscFrames | None",
    threads: int,
    control: Control,
    progress: Progress,
    *,
    name: str,
    digester: Digester | None = None,
) -> None:
    """Decode all that a result contains and compare each chunk with its digest, in the thread that decoded it.

    `chunks` and `expected` are the digests of what was packed: `frames`, or an image without tracks. `name` is the
    result's name for messages; `digester` gets all decoded bytes. Raises VerifyError with the chunk that differs, or if
    the result states other digests, tracks or files; DamagedImageError with the block that does not decode.
    """
    stored, place_of, source = image.stored_form, _bytes_at, image.source
    if frames is not None:
        from discpress.engine.convert.cd.frame_digester import check_frames, tracks_at  # noqa: PLC0415 - for CDs only

        check_frames(name, image, frames)
        place_of = partial(tracks_at, frames)
    if stored.size != chunks.total_bytes:
        raise VerifyError(f"{name}: decodes to {stored.size} bytes, but the source has {chunks.total_bytes}")
    _check_stated(name, stored, expected)
    progress.begin(Stage.VERIFYING, stored.size)

    def fill(slot: Slot) -> None:
        if isinstance(source, StoredChunks):
            span = stored.stored_span(slot.offset, slot.length)
            is_plain = span == (slot.offset, slot.offset + slot.length)
            source.fetch(slot.source if is_plain else slot.packed, *span)
        read_chunk(stored, slot)
        if not chunks.is_of(slot.number, slot.data):
            raise VerifyError(
                f"{name}: chunk {slot.number + 1} of {chunks.chunks} of the decoded image differs from the source: "
                f"{place_of(slot.offset, slot.length)}",
                hint=CHANGED_HINT,
            )
        if digester is not None:
            digester.sum_up(slot.offset, slot.data)

    def take(slot: Slot) -> None:
        progress.done_bytes += slot.length

    followers = () if digester is None else followers_of(digester.steps)
    work = ChunkWork(fill, take, followers=followers, with_packed=True)
    threads = readers_of(image, threads, chunks=2, room=PROOF_BYTES)
    run_chunks(stored.size, threads, control, work, chunk_bytes=chunks.chunk_bytes)


def _bytes_at(offset: int, length: int) -> str:
    return f"bytes {offset} to {offset + length - 1}"


def _check_stated(name: str, stored: Image, expected: DigestSet) -> None:
    """Raise VerifyError unless the digests in a result are those of what was packed."""
    for kind, stated in stored.recorded.items():
        if stated != expected.recorded.get(kind):
            raise VerifyError(f"{name}: its header states another {kind} than the source has", hint=CHANGED_HINT)
    if problem := stored.recorded_problem:
        raise VerifyError(f"{name}: {problem}", hint=CHANGED_HINT)


def check_archived(image: Image, digests: DigestSet, control: Control) -> None:
    """Compare an image that was read whole with the checksum in its archive. Raises DamagedImageError if they differ.

    A plain image is the file in the archive, so `digests` are the file's own; if the image is packed itself, the file
    is read once more.
    """
    if image.is_packed:
        image.source.check_stored(control.check)
    else:
        image.source.check_crc32(int(digests.values["crc32"], 16))


def digest_checked(
    image: Image,
    threads: int,
    control: Control,
    progress: Progress,
    wanted: tuple[str, ...] = (),
    *,
    on_data: Callable[[memoryview], None] | None = None,
) -> DigestSet:
    """Decode an image as `digest_image` does, and compare it with the digests in its file. Raises VerifyError."""
    check_metadata(image)
    digests = digest_image(image, threads, control, progress, (*wanted, *image.recorded), on_data=on_data)
    check_recorded(image, digests)
    return digests


def check_metadata(image: Image) -> None:
    """Raise VerifyError if a digest in a file shows that its header or its metadata was changed."""
    if problem := image.recorded_problem:
        raise VerifyError(
            f"{image.name}: {problem}", hint="restore it from a backup: its header or metadata was changed"
        )


def check_recorded(image: Image, digests: DigestSet) -> None:
    """Raise VerifyError unless the digests of a decoded image equal those in its file."""
    for kind, recorded in image.recorded.items():
        if digests.recorded[kind] != recorded:
            raise VerifyError(
                f"{image.name}: {kind} of the decoded image is {digests.recorded[kind]}, the header states {recorded}",
                hint="restore it from a backup: the file is damaged",
            )


def digest_stored(source: ByteSource, control: Control, progress: Progress, wanted: tuple[str, ...]) -> DigestSet:
    """Return the digests of stored bytes, as they are. Raises StorageError, DamagedImageError."""
    digester = Digester(wanted)
    progress.begin(Stage.VERIFYING, source.size_bytes)
    for offset in range(0, source.size_bytes, CHUNK_BYTES):
        control.check()
        data = read_bytes(source, offset, CHUNK_BYTES)
        digester.update(data)
        progress.done_bytes += len(data)
    return digester.finish()


def read_chunk(image: Image, slot: Slot) -> None:
    """Fill the slot with its chunk of the image. Raises DamagedImageError if the file ends too early."""
    image.read_all(slot.data, slot.offset)


def check_digests(name: str, actual: DigestSet, expected: DigestSet) -> None:
    """Raise VerifyError unless both digest sets belong to the same bytes."""
    if actual.size_bytes != expected.size_bytes:
        raise VerifyError(f"{name}: decodes to {actual.size_bytes} bytes, but the source has {expected.size_bytes}")
    for kind in actual.values.keys() & expected.values.keys():
        if actual.values[kind] != expected.values[kind]:
            raise VerifyError(
                f"{name}: {kind} of the decoded image is {actual.values[kind]}, of the source {expected.values[kind]}",
                hint=CHANGED_HINT,
            )

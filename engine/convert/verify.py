"""The proof: an image decoded whole, and its digests."""

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.convert.digests import Digester, DigestSet
from discpress.engine.convert.pipeline import Slot, run_chunks
from discpress.engine.errors import VerifyError
from discpress.engine.images.archives.checking import check_crc32, check_member
from discpress.engine.images.archives.model import MemberSource
from discpress.engine.images.archives.paged import MAX_READERS
from discpress.engine.images.chd.image import ChdImage
from discpress.engine.images.chd.metadata import sha1_problem
from discpress.engine.images.image import RUN_BYTES, Image, PlainImage
from discpress.engine.progress import Control, Progress, Stage
from discpress.engine.units import MIB

_READERS_BYTES = 32 * MIB


def digest_image(
    image: Image,
    threads: int,
    control: Control,
    progress: Progress,
    wanted: tuple[str, ...] = (),
) -> DigestSet:
    """Decode every block of an image and return the digests of what came out.

    DamagedImageError names the first block that does not decode, or the file in an archive that is not what its
    checksum there says.
    """
    digester = Digester(wanted)
    progress.begin(Stage.VERIFYING, image.size)

    def fill(slot: Slot) -> None:
        read_chunk(image, slot)

    def take(slot: Slot) -> None:
        progress.done_bytes += slot.length

    run_chunks(
        image.size,
        readers_of(image, threads),
        control,
        fill=fill,
        take=take,
        follow=lambda slot: digester.update(slot.data),
        with_packed=False,
    )
    digests = digester.finish()
    check_archived(image, digests, control)
    return digests


def readers_of(image: Image, threads: int) -> int:
    """Return how many of so many threads may read an image in chunks: of one that is unpacked in order not all.

    And no more than fit the memory: each has a chunk, and what it reads at once, stored, decoded and in between.
    """
    most = min(threads, MAX_READERS) if image.is_sequential else threads
    read_bytes = max(RUN_BYTES, image.block_size)
    return min(most, _READERS_BYTES // (CHUNK_BYTES + 3 * read_bytes))


def check_archived(image: Image, digests: DigestSet, control: Control) -> None:
    """Raise DamagedImageError where an image that was read whole is not what its archive has the checksum of.

    A plain image is the file in the archive, and the digests are its digests; of one that is packed itself the file
    is read once more.
    """
    source = image.source
    if not isinstance(source, MemberSource):
        return
    if isinstance(image, PlainImage):
        check_crc32(source, int(digests.values["crc32"], 16))
    else:
        check_member(source, control.check)


def digest_checked(
    image: Image, threads: int, control: Control, progress: Progress, wanted: tuple[str, ...] = ()
) -> DigestSet:
    """Decode an image as `digest_image` does, and compare it with the digests that its file gives (VerifyError)."""
    if isinstance(image, ChdImage):
        problem = sha1_problem(image.source, image.header)
        if problem:
            raise VerifyError(f"{image.name}: {problem}", hint="its header or metadata was changed")
    digests = digest_image(image, threads, control, progress, (*wanted, *image.recorded))
    check_recorded(image, digests)
    return digests


def check_recorded(image: Image, digests: DigestSet) -> None:
    """Raise VerifyError unless the digests of a decoded image are those that its file gives."""
    for kind, recorded in image.recorded.items():
        if digests.values[kind] != recorded:
            raise VerifyError(
                f"{image.name}: {kind} of the decoded image is {digests.values[kind]}, its header says {recorded}",
                hint="the file is damaged: restore it from a backup",
            )


def read_chunk(image: Image, slot: Slot) -> None:
    """Fill the slot with its share of the image; DamagedImageError when the file ends before it should."""
    image.read_all(slot.data, slot.offset)


def check_digests(name: str, actual: DigestSet, expected: DigestSet) -> None:
    """Raise VerifyError unless both were taken over the same bytes."""
    if actual.size_bytes != expected.size_bytes:
        raise VerifyError(f"{name}: decodes to {actual.size_bytes} bytes, the source has {expected.size_bytes}")
    for kind in actual.values.keys() & expected.values.keys():
        if actual.values[kind] != expected.values[kind]:
            raise VerifyError(
                f"{name}: {kind} of the decoded image is {actual.values[kind]}, of the source {expected.values[kind]}",
                hint="the disk or the memory of this machine changed the data: check both; the source is untouched",
            )

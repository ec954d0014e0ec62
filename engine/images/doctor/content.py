"""The doctor's checks of the decoded content, for any data disc in any format."""

from collections.abc import Iterator

from discpress.engine.errors import DamagedImageError, UnsupportedImageError
from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.doctor.findings import NO_DISC, RAW_SIZE, VOLUME_SIZE, Finding, Severity
from discpress.engine.images.image import Image
from discpress.engine.images.known_disc import PVD_MAGIC, PVD_SECTOR, find_disc, volume_bytes
from discpress.engine.images.nintendo.format import as_nintendo
from discpress.engine.images.nintendo_loss import FULL_BYTES, LOSS_BYTES, describe_loss
from discpress.engine.images.recognised import RAW_SYNC
from discpress.engine.systems import System

NO_VOLUME = "no-volume"
"""Code of the finding on an image that contains no disc."""
LOSSY = "lossy"
"""Code of the finding on an image that lacks the padding of its disc."""
ASSUMED_SIZE = "assumed-size"
"""Code of the finding on an image that does not state the size of its disc."""
_PSP_SYSTEM_ID = b"PSP GAME"
_SYSTEM_ID_OFFSET = 8


def is_psp_disc(image: Image) -> bool:
    """Return whether the volume descriptor is that of a PSP disc; False if it is unreadable."""
    try:
        sector = image.read_at(PVD_SECTOR * SECTOR_SIZE, SECTOR_SIZE)
    except (DamagedImageError, UnsupportedImageError):
        return False
    return sector.startswith(PVD_MAGIC) and sector[_SYSTEM_ID_OFFSET:].startswith(_PSP_SYSTEM_ID)


def content_findings(image: Image) -> Iterator[Finding]:
    """Yield unusual properties of the decoded content: its size, sector 16, the volume's length."""
    yield from size_findings(image)
    if (nintendo := as_nintendo(image)) is not None:
        yield from loss_findings(nintendo, nintendo.system)
        return
    try:
        kind, message = find_disc(image.read_at), cut_short(image)
    except (DamagedImageError, UnsupportedImageError):
        return  # the block has its own finding
    if kind is None:
        yield from no_disc_findings(image)
    elif message:
        yield Finding(Severity.ERROR, VOLUME_SIZE, message, sector=image.size // SECTOR_SIZE)
    else:
        yield from loss_findings(image, kind)


def loss_findings(image: Image, system: System) -> Iterator[Finding]:
    """Yield findings if the image lacks the padding of a GameCube or Wii disc, or its size; no other image is read."""
    nintendo = as_nintendo(image)
    if nintendo is not None:
        message = nintendo.packed.describe_loss(system)
    else:
        message = describe_loss(system, image.read_at(0, LOSS_BYTES), image.size) if system in FULL_BYTES else ""
    if message:
        yield Finding(Severity.WARNING, LOSSY, message)
    if nintendo is not None and not nintendo.packed.states_size:
        assumed = f"the size of the disc is assumed, {image.size} bytes as in a full dump: the file states none"
        yield Finding(Severity.NOTE, ASSUMED_SIZE, f"{assumed}; results are compared with all these bytes")


def size_findings(image: Image) -> Iterator[Finding]:
    """Yield a finding if the decoded size is not that of whole sectors."""
    rest = image.size % SECTOR_SIZE
    if rest:
        message = (
            f"the image's size {image.size} is not a multiple of {SECTOR_SIZE}: loaders ignore the last {rest} bytes"
        )
        yield Finding(Severity.WARNING, "size", message)


def no_disc_findings(image: Image) -> Iterator[Finding]:
    """Yield the finding on an image without a known disc; the bytes of a raw dump show that some are missing."""
    if image.read_at(0, len(RAW_SYNC)) == RAW_SYNC:
        message = f"a raw CD dump of {image.size} bytes ends within a sector: some of it is missing"
        yield Finding(Severity.ERROR, RAW_SIZE, message)
    else:
        yield Finding(Severity.WARNING, NO_VOLUME, NO_DISC, sector=PVD_SECTOR)


def cut_short(image: Image) -> str:
    """Return the problem of an image that is shorter than its own volume; empty if it is not.

    Raises DamagedImageError if the descriptor cannot be read.
    """
    # A GameCube or Wii disc has no volume, and looking for one would decode its start.
    volume = None if as_nintendo(image) is not None else volume_bytes(image.read_at)
    if volume is None or volume <= image.size:
        return ""
    sectors, held = volume // SECTOR_SIZE, image.size // SECTOR_SIZE
    return f"cut short: the volume has {sectors} sectors, the image only {held}: its end is missing"

"""Identify an open image, reading at most REACH_BYTES of an archive member."""

from discpress.engine.discs.file_titles import read_file_title
from discpress.engine.discs.identity import Identity, System, identify
from discpress.engine.discs.iso9660 import Volume, read_volume
from discpress.engine.images.archives.contents import REACH_BYTES
from discpress.engine.images.image import Image
from discpress.engine.units import MIB

_LARGEST_CD_BYTES = 900 * MIB
"""A larger PlayStation disc is a DVD, which only a PS2 reads."""


class _TooFarError(Exception):
    """The identifying bytes are beyond REACH_BYTES in a compressed stream; caught in this module."""


class _Near:
    """The first REACH_BYTES of an image: a `SectorSource`."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self.size = image.size

    def read_at(self, offset: int, length: int) -> bytes:
        """Read from the image, see `Image.read_at`; _TooFarError beyond REACH_BYTES."""
        if offset + length > REACH_BYTES:
            raise _TooFarError
        return self._image.read_at(offset, length)


def identify_image(image: Image) -> Identity:
    """Return the identity of an open image, with its own file name for `identify`.

    Of an image compressed in an archive, only the first REACH_BYTES are read. If its directory or its files are beyond
    them, the volume descriptor gives the system, and the file name the title. DamagedImageError, StorageError.
    """
    name = image.path.name
    if not image.is_sequential:
        return identify(image, name)
    near = _Near(image)
    try:
        return identify(near, name)
    except _TooFarError:
        volume = read_volume(near)  # succeeds: sector 16 was read before the read that failed
    named = read_file_title(name)
    return Identity(
        system=_system(volume, image.size),
        serial="",
        title=named.title,
        region=named.region,
        disc_number=named.disc_number,
        disc_total=named.disc_total,
        tags=named.tags,
    )


def _system(volume: Volume | None, size: int) -> System:
    system_id = "" if volume is None else volume.system_id
    if system_id.startswith("PSP"):
        return System.PSP
    if system_id.startswith("PLAYSTATION") and size > _LARGEST_CD_BYTES:
        return System.PS2
    return System.UNKNOWN

"""GameCube and Wii discs in packed forms: reads the header of the disc through that of the file."""

from discpress.engine.discs.headers import nintendo_disc
from discpress.engine.discs.info import DiscInfo, ForeignImage, Found
from discpress.engine.formats import ImageFormat
from discpress.engine.images.nintendo.header import PackedDisc, read_packed_disc
from discpress.engine.images.source import ByteSource
from discpress.engine.systems import System


def read_nintendo(source: ByteSource, image_format: ImageFormat) -> ForeignImage:
    """Return the facts of a packed GameCube or Wii disc, without implausible ones. StorageError if the disk fails."""
    packed = read_packed_disc(source, image_format)
    disc = disc_in(packed)
    if source.size_bytes < packed.needed_bytes:
        return ForeignImage(disc, problem=packed.describe_cut(source.size_bytes), is_cut=True)
    return ForeignImage(disc, packed.disc_bytes, problem=packed.describe_loss(disc.system))


def disc_in(packed: PackedDisc) -> DiscInfo:
    """Return the facts of a disc that the header of its file contains."""
    found = Found.NAME if packed.system is System.UNKNOWN else Found.INSIDE
    return nintendo_disc(packed.head) or DiscInfo(packed.system, found=found)

"""What the decoded bytes should look like on any data disc, whatever holds them."""

import struct

from engine.formats import SECTOR_SIZE
from engine.images.reader import Image

PVD_SECTOR = 16
PVD_MAGIC = b"\x01CD001"
_VOLUME_SECTORS = struct.Struct("<I")
_VOLUME_SECTORS_AT = 80


def content_warnings(image: Image) -> list[str]:
    """Return what is unusual about an image's content: its size, sector 16, the volume's length."""
    warnings = []
    if image.size % SECTOR_SIZE:
        warnings.append(f"the size {image.size} is no multiple of {SECTOR_SIZE}: a disc has whole sectors")
    sector = image.read_at(PVD_SECTOR * SECTOR_SIZE, SECTOR_SIZE)
    if not sector.startswith(PVD_MAGIC):
        warnings.append("sector 16 holds no ISO 9660 volume descriptor: this may be no data disc")
    elif len(sector) == SECTOR_SIZE:
        (sectors,) = _VOLUME_SECTORS.unpack_from(sector, _VOLUME_SECTORS_AT)
        if sectors * SECTOR_SIZE > image.size:
            warnings.append(
                f"the volume has {sectors} sectors, the image only {image.size // SECTOR_SIZE}: its end may be missing"
            )
    return warnings

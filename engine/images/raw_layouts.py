"""The layouts of raw CD and DVD dumps: bytes of a sector, and the place of its 2,048 bytes of data.

Sources: ECMA-130 (sync, header, mode), the Yellow and XA books as cdrdao and libcdio read them, redump.org for those
with subchannels and C2 error flags, ECMA-267 for DVD sectors.
"""

from dataclasses import dataclass

from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.cd.tracks import user_data
from discpress.engine.images.known_disc import PVD_MAGIC, PVD_SECTOR, ReadAt
from discpress.engine.images.recognised import RAW_SECTOR_SIZES, RAW_SYNC


@dataclass(frozen=True, slots=True)
class RawLayout:
    """The place of the data in the sectors of a raw dump."""

    sector_bytes: int
    """Stored bytes of a sector."""
    data_offset: int | None
    """The place of its data; None if each sector has sync and mode, which decide it."""

    def data_of(self, sector: bytes) -> bytes | None:
        """Return the 2,048 bytes of data of a stored sector; None if it has none."""
        if self.data_offset is None:
            return user_data(sector)
        return sector[self.data_offset : self.data_offset + SECTOR_SIZE]


_WITHOUT_SYNC = (
    RawLayout(2336, 8),  # mode 2 without sync and header
    RawLayout(2340, 12),  # mode 2 without sync
    RawLayout(2340, 4),  # mode 1 without sync
    RawLayout(2056, 8),  # mode 2 form 1 without error codes
    RawLayout(2432, 8),  # 2,336 bytes with subchannels
    RawLayout(2352, 0),  # data first, as padded by some rippers
    RawLayout(2064, 12),  # a DVD's sector with its header
)


def find_raw_layout(read_at: ReadAt, file_bytes: int) -> RawLayout | None:
    """Return the layout of a raw dump; None if the bytes are not one.

    A dump with sync patterns has a second one after the first sector, or is one of whole sectors. One without them has
    an ISO 9660 volume in sector 16. Raises the errors of `read_at`.
    """
    if read_at(0, len(RAW_SYNC)) == RAW_SYNC:
        sizes = [size for size in RAW_SECTOR_SIZES if read_at(size, len(RAW_SYNC)) == RAW_SYNC]
        sizes = sizes or [size for size in RAW_SECTOR_SIZES if file_bytes % size == 0]
        return RawLayout(sizes[0], None) if sizes else None
    for layout in _WITHOUT_SYNC:
        if read_at(PVD_SECTOR * layout.sector_bytes + (layout.data_offset or 0), len(PVD_MAGIC)) == PVD_MAGIC:
            return layout
    return None

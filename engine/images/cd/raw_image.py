"""Raw dumps without a sheet, as discs of one track."""

from discpress.engine.errors import UnsupportedImageError
from discpress.engine.formats import RAW_SECTOR_SIZE, ImageFormat
from discpress.engine.images.cd.arrange import StoredFile
from discpress.engine.images.cd.sheet_image import SheetImage
from discpress.engine.images.cd.sheets.sheet import Sheet, SheetFile
from discpress.engine.images.cd.track_layouts import dumped_track
from discpress.engine.images.recognised import RAW_SYNC
from discpress.engine.images.source import ByteSource, read_bytes, shown_name
from discpress.engine.names import display_name


class RawImage(SheetImage):
    """A raw dump without a sheet: one data track, whatever its later sectors are."""

    def find_other_sector(self, distances: int = 16) -> int | None:
        """Return a sector that is not data, from 0, although the track is; None if all that are looked at are data.

        Those are the first, the last, and more at equal distances. A dump with another sector probably has several
        tracks, which only a sheet can tell apart.
        """
        (track,) = self.tracks
        if not track.kind.is_raw:
            return None
        last = track.sectors - 1
        numbers = sorted({last * step // distances for step in range(distances + 1)})
        syncs = (self.read_at(number * RAW_SECTOR_SIZE, len(RAW_SYNC)) for number in numbers)
        return next((number for number, sync in zip(numbers, syncs, strict=True) if sync != RAW_SYNC), None)


def open_raw(source: ByteSource) -> RawImage:
    """Open a raw dump. DamagedImageError if it ends within a sector, UnsupportedImageError if it is none."""
    track = dumped_track(lambda at, length: read_bytes(source, at, length), source.size_bytes)
    if track is None:
        raise UnsupportedImageError(f"{shown_name(source)}: no layout of raw sectors fits", hint="name its CUE sheet")
    name = source.path.name
    sheet = Sheet((SheetFile(name),), (track,))
    return RawImage(source, ImageFormat.RAW_CD, sheet, [StoredFile(display_name(name), 0, source.size_bytes)])

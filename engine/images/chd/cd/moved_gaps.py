"""GD-ROMs that chdman packed from a CUE sheet, whose gaps are in the tracks before (findings/chdman-gd-gaps.sh)."""

from discpress.engine.formats import RAW_SECTOR_SIZE, ImageFormat
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.image import Image
from discpress.engine.images.recognised import RAW_SYNC

MOVED_GAPS = (
    "chdman moved the gaps of its tracks to the tracks before, so no datfile lists these tracks: "
    "`chdman extractcd -sb` to a CUE sheet cuts them as a dump does"
)
"""The fault and the advice, without the image's name."""


def has_moved_gaps(image: Image) -> bool:
    """Return whether the gaps of a CHD's tracks are in the tracks before them. DamagedImageError, OSError.

    Then the first track, which contains data, ends with sectors of sound. They have no sync. If kept files show the
    gaps, the tracks have them back.
    """
    if not isinstance(image, CdImage) or image.format is not ImageFormat.CHD or not image.is_gd_rom:
        return False
    first, second, *_ = image.tracks
    if not first.kind.is_raw or not second.kind.is_audio or second.pregap:
        return False
    starts = (image.read_at(offset, len(RAW_SYNC)) for offset in (first.start, first.end - RAW_SECTOR_SIZE))
    return [start == RAW_SYNC for start in starts] == [True, False]

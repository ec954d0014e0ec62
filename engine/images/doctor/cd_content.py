"""The doctor's checks of the content of a disc with tracks that read its volume descriptor only."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from discpress.engine.errors import DamagedImageError, UnsupportedImageError
from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.doctor.content import NO_VOLUME, content_findings
from discpress.engine.images.doctor.findings import NO_DISC, NO_SHEET, VOLUME_SIZE, Finding, Severity
from discpress.engine.images.image import Image
from discpress.engine.images.known_disc import PVD_SECTOR, volume_bytes

if TYPE_CHECKING:
    from discpress.engine.images.cd.raw_image import RawImage

_MARGIN_SECTORS = 150
"""A volume may count the two seconds after its track, which some dumps store with the track that follows."""


def disc_findings(image: Image, *, has_disc: bool) -> Iterator[Finding]:
    """Yield unusual properties of the content of any image; `has_disc` is whether a known disc was found in it."""
    return cd_content_findings(image, has_disc=has_disc) if isinstance(image, CdImage) else content_findings(image)


def cd_content_findings(image: CdImage, *, has_disc: bool) -> Iterator[Finding]:
    """Yield unusual properties of the content; `has_disc` is whether a known disc was found in it."""
    if not has_disc:
        yield Finding(Severity.WARNING, NO_VOLUME, NO_DISC, sector=PVD_SECTOR)
    elif message := cd_cut_short(image):
        yield Finding(Severity.ERROR, VOLUME_SIZE, message)


def no_sheet_findings(image: "RawImage", distances: int = 16) -> Iterator[Finding]:
    """Yield the finding on a dump without a sheet that has other sectors than data, as a disc with sound does.

    With one distance, the first and the last sector are looked at, see `RawImage.find_other_sector`.
    """
    number = image.find_other_sector(distances)
    if number is not None:
        message = (
            f"sector {number} is not data, so the dump probably has several tracks, which only its CUE sheet tells "
            "apart: put the sheet next to it"
        )
        yield Finding(Severity.WARNING, NO_SHEET, message, sector=number)


def cd_cut_short(image: CdImage) -> str:
    """Return the problem of a disc that ends before its volume does; empty if it does not, or if it has no volume.

    The volume of a disc with several tracks may end with a later track.
    """
    track = image.game_track
    if track is None:
        return ""
    try:
        volume = volume_bytes(image.user_data(track).read_at)
    except (DamagedImageError, UnsupportedImageError):
        return ""  # the block has its own finding
    held = max(each.first_sector + each.length for each in image.tracks)
    margin = _MARGIN_SECTORS if len(image.tracks) > 1 else 0
    if volume is None or volume // SECTOR_SIZE <= held + margin:
        return ""
    return f"cut short: the volume has {volume // SECTOR_SIZE} sectors, the disc only {held}: its end is missing"

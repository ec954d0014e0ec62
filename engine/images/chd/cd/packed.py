"""Decides whether an image is packed as frames; loads the module of the frames for CDs only."""

from typing import TYPE_CHECKING

from discpress.engine.formats import Settings
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.image import Image

if TYPE_CHECKING:
    from discpress.engine.images.chd.cd.disc_frames import DiscFrames


def frames_for(image: Image, settings: Settings) -> "DiscFrames | None":
    """Return the frames of a disc that these settings pack into a CHD; None if the image is packed as it is.

    Raises UnsupportedImageError as `frames_of`.
    """
    if not (settings.is_cd and isinstance(image, CdImage)):
        return None
    from discpress.engine.images.chd.cd.disc_frames import frames_of  # noqa: PLC0415 - 20 ms, for CDs only

    return frames_of(image)


def packed_form(image: Image, settings: Settings) -> Image:
    """Return what of an open image is packed: itself, or the frames of a disc for its CHD. Errors of `frames_for`."""
    frames = frames_for(image, settings)
    return image if frames is None else frames

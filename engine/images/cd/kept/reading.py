"""The files that the CHD of a disc keeps."""

from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.kept.checked import Kept, kept_of
from discpress.engine.images.cd.kept.entry import KeptFiles, PartKind
from discpress.engine.images.chd.cd.image import ChdCdImage
from discpress.engine.images.image import Image


def kept_in(image: Image) -> Kept:
    """Return the files that the CHD of a disc keeps; nothing for any other image. Raises StorageError."""
    if not isinstance(image, ChdCdImage):
        return Kept()
    return kept_of(image.source, image.frames.metadata, image.size)


def are_slices(kept: KeptFiles, image: CdImage) -> bool:
    """Return whether the files with tracks are slices of the decoded image, in its order, without a gap."""
    at, files = 0, [file for file in kept.files if file.literal is None]
    for file in files:
        if len(file.parts) != 1 or file.parts[0].kind is not PartKind.DISC or file.parts[0].start != at:
            return False
        at += file.size_bytes
    return at == image.size

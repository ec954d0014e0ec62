"""The open files of a title, as the files that a copy of it has on the device."""

from contextlib import ExitStack, closing

from discpress.engine.deploy.copying import CopyStep
from discpress.engine.deploy.records import Placement
from discpress.engine.errors import DiscpressError
from discpress.engine.images.image import Image
from discpress.engine.images.known_disc import has_udf
from discpress.engine.images.open import open_image, open_stored
from discpress.engine.images.source import ByteSource, FileSource
from discpress.engine.store.model import Title
from discpress.engine.system.files import Writable


class DecodedSource(ByteSource):
    """The decoded bytes of an open image, which it closes."""

    def __init__(self, image: Image) -> None:
        self.path = image.path
        self.size_bytes = image.size
        self._image = image

    @property
    def files(self) -> tuple[FileSource, ...]:
        """The files of the image."""
        return self._image.source.files

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer`, see `ByteSource`. Raises DamagedImageError too."""
        return self._image.read_into(buffer, offset)

    def close(self) -> None:
        """Close the image."""
        self._image.close()


def holds_udf(title: Title) -> bool:
    """Return whether the image of a title has a UDF volume; False if it cannot be read."""
    try:
        with open_image(title.path) as image:
            return has_udf(image.read_at)
    except DiscpressError:
        return False


def open_steps(title: Title, placement: Placement, stack: ExitStack) -> list[CopyStep]:
    """Open the files of a title that is copied as it is; `stack` closes them. Return the files to write.

    As many files as the title has are copied one by one. Else its image is written into one file, or cut into parts of
    `placement.part_bytes`. Raises the errors of `open_image`.
    """
    paths = placement.paths
    if placement.part_bytes is None and len(paths) == len(title.file_paths):
        sources = [stack.enter_context(closing(FileSource(path))) for path in title.file_paths]
        return [CopyStep(path, source, source.size_bytes) for path, source in zip(paths, sources, strict=True)]
    is_decoded = placement.ul is not None and title.is_packed
    opened = DecodedSource(open_image(title.path)) if is_decoded else open_stored(title.path)
    source = stack.enter_context(closing(opened))
    part_bytes = placement.part_bytes or source.size_bytes
    starts = range(0, len(paths) * part_bytes, part_bytes) if part_bytes else [0]
    lengths = [max(0, min(part_bytes, source.size_bytes - start)) for start in starts]
    steps = zip(paths, starts, lengths, strict=True)
    return [CopyStep(path, source, length, start) for path, start, length in steps]

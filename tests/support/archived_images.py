"""The images that discpress finds in an archive."""

from contextlib import closing
from pathlib import Path

from discpress.engine.images.open import formats_in
from discpress.engine.images.source import FileSource


def images_at(path: Path) -> list[Path]:
    """Return the paths of the images in the archive at `path`."""
    with closing(FileSource(path)) as file:
        return [image for image, _ in formats_in(file)]

"""Refuses, before any work, to plan a conversion whose source cannot go to the trash."""

from pathlib import Path

from discpress.engine.convert.trash.folder import refuse_link
from discpress.engine.errors import UsageError
from discpress.engine.images.archives.contents import archive_worth
from discpress.engine.images.image import Image
from discpress.engine.images.sets.source_set import SourceSet
from discpress.engine.system.files import holder_of


def refuse_linked(source_path: Path) -> None:
    """Raise UsageError if the file of a source, or the archive that contains it, is a link."""
    refuse_link(holder_of(source_path), source_path)


def refuse_unmovable(image: Image, sources: SourceSet) -> None:
    """Raise UsageError if a part of an open source is a link, or its archive has more worth keeping than the image."""
    for file in sources.parts:
        refuse_link(file.path, file.path)
    if why := archive_worth(image.source):
        raise UsageError(
            f"{image.name}: its archive cannot be moved to the trash: {why}",
            hint="leave out --delete-source, and remove the archive yourself if you need nothing in it",
        )

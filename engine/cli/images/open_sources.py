"""Files that stay open between the steps of a command, so that each image is opened and identified once."""

from dataclasses import dataclass
from pathlib import Path

from discpress.engine.discs.info import DiscInfo
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_owned, open_stored
from discpress.engine.images.source import ByteSource
from discpress.engine.system.files import FileIdentity

MOST_KEPT = 16
"""Titles that wait open for their turn: few, because a deleted file takes its space on the disk until then."""
MOST_FILES = 256
"""Files of these titles: a CD may have a hundred, and a process may open 1,024 on most systems."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An image that is open."""

    source: ByteSource
    """Its stored bytes."""
    disc: DiscInfo | None = None
    """The disc in it; None if that was not read yet."""


class OpenSources:
    """The open sources of one command, by the paths of their images; for one thread.

    A source is handed out only if its file is unchanged since it was opened, and still has its name. Else the path is
    opened again.
    """

    def __init__(self) -> None:
        self._kept: dict[Path, Kept] = {}

    def keep(self, source: ByteSource, path: Path, disc: DiscInfo | None = None) -> None:
        """Keep a source open for a later step on its path, unless there is one, or too many files are open."""
        files = len(source.files) + sum(len(kept.source.files) for kept in self._kept.values())
        if path in self._kept or files > MOST_FILES:
            source.close()
            return
        source.let_go()
        self._kept[path] = Kept(source, disc)

    def trim(self) -> None:
        """Close all but the MOST_KEPT sources that were kept first."""
        for path in list(self._kept)[MOST_KEPT:]:
            self.drop(path)

    def drop(self, path: Path) -> bool:
        """Close the source of a path that needs no further step; return whether one was open."""
        kept = self._kept.pop(path, None)
        if kept is not None:
            kept.source.close()
        return kept is not None

    def find(self, path: Path) -> Kept | None:
        """Return the source of a path, which the caller closes; None if none is open, or its file has changed."""
        kept = self._kept.pop(path, None)
        if kept is None or _is_current(kept.source):
            return kept
        kept.source.close()
        return None

    def take(self, path: Path) -> Kept:
        """Return the source of a path, opened now if none was; the caller closes it.

        Raises the errors of `open_stored`.
        """
        return self.find(path) or Kept(open_stored(path))

    def open_image(self, path: Path) -> tuple[Image, DiscInfo | None]:
        """Open the image at a path, which the caller closes, with the disc in it if that is known.

        Raises the errors of `open_image`.
        """
        kept = self.take(path)
        return open_owned(kept.source), kept.disc

    def close(self) -> None:
        """Close all sources."""
        for path in list(self._kept):
            self.drop(path)


def _is_current(source: ByteSource) -> bool:
    try:
        return all(FileIdentity.of(file.path.stat()) == file.opened_as == file.identity() for file in source.files)
    except OSError:
        return False

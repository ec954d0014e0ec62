"""The titles that a scan finds in a file, for tests of files in which there are some."""

from collections.abc import Callable
from pathlib import Path

from discpress.engine.library.scan.probe import probe_titles
from discpress.engine.store.model import Title


def titles_in(path: Path, on_look: Callable[[], None] = lambda: None) -> list[Title]:
    """Return the titles of a file; AssertionError for an archive without images."""
    titles = []
    for found in probe_titles(path, on_look):
        assert isinstance(found, Title), f"{path}: no images in it"
        titles.append(found)
    return titles


def title_in(path: Path) -> Title:
    """Return the only title of a file."""
    (title,) = titles_in(path)
    return title

"""Titles of the library, by the words of a command line."""

from collections.abc import Sequence
from pathlib import Path

from discpress.engine.errors import UsageError
from discpress.engine.names import display_name
from discpress.engine.store.model import Title
from discpress.engine.system.files import absolute


def titles_named(titles: Sequence[Title], name: str) -> list[Title]:
    """Return the title with a path, a serial or a name. Raises UsageError if there is none, or several."""
    path = absolute(Path(name))
    found = [title for title in titles if title.path == path]
    if not found and name:
        found = [title for title in titles if name.casefold() in {title.serial.casefold(), title.title.casefold()}]
    if not found:
        raise UsageError(
            f"{display_name(name)}: no title of the library has this path, serial or name",
            hint="run discpress ls to see the titles, or discpress scan FOLDER to find new ones",
        )
    if len(found) > 1:
        listed = ", ".join(display_name(title.path) for title in found)
        raise UsageError(f"{display_name(name)}: matches {len(found)} titles: {listed}", hint="give the path of one")
    return found

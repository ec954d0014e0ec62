"""The order, groups, filter and cursor of the library from one run to the next: a small file next to the state file."""

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, Self

from discpress.engine.errors import UsageError
from discpress.engine.library.groups import Grouping
from discpress.tui.app.json_file import MOST_BYTES, read_facts, write_facts
from discpress.tui.views.library import LibraryView

FILE_NAME = "app-view.json"
_MOST_ROWS = 100
"""Folded groups, and unfolded families, that are remembered of a library."""
_MOST_LIBRARIES = 50
"""Sets of folders that are remembered; the one that was left first is forgotten first."""


class Shown(NamedTuple):
    """The order, groups, filter and cursor of a library, as they were last."""

    sort_key: str = ""
    """The column that it was sorted by."""
    is_reversed: bool = False
    """Whether the other way round."""
    filter_text: str = ""
    """The words of the filter."""
    cursor: str = ""
    """The path of the title under the cursor, or the key of a group."""
    group_by: str = ""
    """The fact that its titles are grouped by."""
    folded: tuple[str, ...] = ()
    """The keys of folded groups."""
    unfolded: tuple[str, ...] = ()
    """The folder and the name of each unfolded family, as one path: a name has no slash."""

    @classmethod
    def of(cls, view: LibraryView) -> Self:
        """Return how a library is shown now."""
        cursor = "" if view.cursor_key is None else str(view.cursor_key)
        folded = tuple(sorted(view.groups.folded)[:_MOST_ROWS])
        unfolded = tuple(sorted(f"{folder}/{name}" for folder, name in view.families.unfolded)[:_MOST_ROWS])
        return cls(view.sort_key, view.is_reversed, view.filter_text, cursor, view.grouping, folded, unfolded)

    def apply(self, view: LibraryView) -> None:
        """Show a library like that, as far as this version can."""
        view.groups.folded = set(self.folded)
        parted = (each.rpartition("/") for each in self.unfolded)
        view.families.unfolded = {(Path(folder), name) for folder, _, name in parted}
        if self.group_by in list(Grouping):
            view.grouping = Grouping(self.group_by)
        if self.sort_key in view.SORTS:
            view.sort_by(self.sort_key, is_reversed=self.is_reversed)
        with contextlib.suppress(UsageError):  # a word of another version
            view.set_filter(self.filter_text)
        view.cursor_key = Path(self.cursor) if self.cursor else None


def load_shown(state_folder: Path, folders: Iterable[Path]) -> Shown:
    """Return how the library of these folders was shown last; the usual way if that is not known or not readable."""
    found = read_facts(state_folder / FILE_NAME).get(_key_of(folders))
    known = found if isinstance(found, dict) else {}
    usual = Shown()._asdict()
    values: dict[str, Any] = {name: _value(known.get(name)) for name in usual}
    return Shown(**{name: value for name, value in values.items() if type(value) is type(usual[name])})


def save_shown(state_folder: Path, folders: Iterable[Path], shown: Shown) -> None:
    """Remember how the library of these folders is shown; a folder that takes no file is left as it is."""
    path, key = state_folder / FILE_NAME, _key_of(folders)
    libraries = read_facts(path)
    libraries.pop(key, None)
    libraries[key] = shown._asdict()
    newest = dict(list(libraries.items())[-_MOST_LIBRARIES:])
    while len(json.dumps(newest)) > MOST_BYTES and len(newest) > 1:  # a longer file would not be read
        newest.pop(next(iter(newest)))
    write_facts(path, newest)


def _value(found: object) -> object:
    """Return a list of texts as a tuple, and everything else as it is."""
    if isinstance(found, list) and all(isinstance(each, str) for each in found):
        return tuple(found)
    return found


def _key_of(folders: Iterable[Path]) -> str:
    return "\n".join(sorted(map(str, folders)))

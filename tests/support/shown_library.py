"""The rows of a library without an app: its whole titles are in a dict in place of a store."""

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from discpress.engine.config import Config
from discpress.engine.library.listed import ListedTitle, listed
from discpress.engine.library.states import TitleStates
from discpress.engine.queue.titles.chooser import Chooser
from discpress.engine.store.model import Title
from discpress.tui.views.library import LibraryView
from discpress.tui.widgets.marked_rows import Signs


class ShownLibrary(LibraryView):
    """The rows of whole titles, under the default settings."""

    def __init__(self, titles: Iterable[Title] = (), signs: Signs = Signs()) -> None:  # noqa: B008 - frozen
        self.stored: dict[Path, Title] = {}
        self.readings = 0
        super().__init__(Chooser.of(Config()).settings, signs, TitleStates(), self._read)
        self.show(titles)

    def _read(self, paths: Collection[Path]) -> list[Title]:
        self.readings += 1
        return [self.stored[path] for path in paths if path in self.stored]

    def show(self, titles: Iterable[Title]) -> None:
        """Store titles in place of all, and show them."""
        self.stored.clear()
        self.show_arranged(self.arrange(self._stored(titles)))

    def change(self, titles: Iterable[Title], gone: Iterable[Path] = ()) -> None:
        """Store changed titles, and show them."""
        self.update(self._stored(titles), gone)

    def _stored(self, titles: Iterable[Title]) -> list[ListedTitle]:
        known = list(titles)
        self.stored.update((title.path, title) for title in known)
        return [listed(title, self.states.of_file(title).state) for title in known]

    def state_at(self, title: Title) -> str:
        """Return the text for the state of a title."""
        found = self.titles.at(title.path)
        assert found is not None
        return self.state_of(found)

    @property
    def marked(self) -> set[Path]:
        """The paths of the marked titles."""
        return marked_in(self)


def marked_in(view: LibraryView) -> set[Path]:
    """Return the paths of the marked titles."""
    return {Path(os.fsdecode(key)) for key in view.marks}

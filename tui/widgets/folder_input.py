"""An input for the path of a folder: what is typed is completed with the names that exist."""

import os
import re
from functools import partial
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote

from textual.binding import Binding, BindingType
from textual.suggester import Suggester

from discpress.engine.names import display_name
from discpress.engine.system.files import absolute
from discpress.tui.app.disk_queries import DiskQueries, run_exclusive
from discpress.tui.widgets.plain_input import PlainInput

_URL = "file://"
_QUOTES = ("'", '"')
_WHOLE_PATHS = ("/", "~", _URL, *_QUOTES)
_MOST_NAMES = 5000  # a folder with more is not worth the wait for a completion


class FolderInput(PlainInput):
    """Tab or the right arrow takes what is suggested; the cursor does not blink."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "take", show=False)]

    def __init__(self, value: str, *, id: str) -> None:
        # What stands there is a beginning to go on from: selected, the first key would take its place.
        self._queries = DiskQueries()
        self._asked: str | None = None
        self._is_submitted = False
        self._beginning = value
        self.offered = ""
        """A folder that was picked from a list: Tab and Enter take it before anything else."""
        super().__init__(
            value,
            placeholder="/path/to/your/games",
            suggester=_Folders(self._queries),
            select_on_focus=False,
            compact=True,
            id=id,
        )

    def action_take(self) -> None:
        """Take the suggestion, also if the disk is slower than the typing; do nothing without one."""
        if self._has_taken():
            return
        self._asked, self._is_submitted = self.value, False
        run_exclusive(self, partial(self._take, self.value), "take")

    async def _take(self, typed: str) -> None:
        try:
            suggestion = await self._queries.ask_with_timeout(partial(complete, typed))
        except TimeoutError:
            suggestion = None
        if self.value != typed:
            return  # something else was typed meanwhile
        self._asked = None
        if suggestion is not None:
            self.value = suggestion
            self.action_end()
        if self._is_submitted:
            await self.action_submit()

    def _has_taken(self) -> bool:
        """Take what was picked, if anything was."""
        if not self.offered:
            return False
        self.value, self.offered = self.offered, ""
        self.action_end()
        return True

    async def action_submit(self) -> None:
        """Submit what stands there, with the suggestion that was asked for just before: keys come in one go."""
        if self._has_taken():
            return
        self._is_submitted = self._asked == self.value
        if not self._is_submitted:
            await super().action_submit()

    def insert_text_at_cursor(self, text: str) -> None:
        """Insert typed or pasted text; the beginning of a whole path takes the place of what stood there at first."""
        if self.value == self._beginning and text.startswith(_WHOLE_PATHS):
            self.value = ""
        super().insert_text_at_cursor(text)

    @property
    def folder(self) -> Path | None:
        """The typed path, absolute; None if nothing is typed, or no possible path."""
        text = self.value.strip()
        if text != self._beginning.strip():
            text = plain_path(text.removeprefix(self._beginning) if _URL in text else text)
        return None if not text or "\0" in text else absolute(Path(expanded(text)))


class _Folders(Suggester):
    def __init__(self, queries: DiskQueries) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._queries = queries

    async def get_suggestion(self, value: str) -> str | None:
        return await self._queries.ask(partial(complete, value))


def plain_path(text: str) -> str:
    """Return the path in a text as terminals and file managers paste it: quoted, escaped for a shell, or a file:// URL.

    An escape is a backslash before a sign that is no letter and no digit.
    """
    if text[:1] in _QUOTES and text.endswith(text[:1]) and len(text) > 1:
        text = text[1:-1]
    elif not text.startswith(_URL):
        text = re.sub(r"\\([^\w\s]|\s)", r"\1", text)
    if not text.startswith(_URL):
        return text
    _, slash, path = text.removeprefix(_URL).partition("/")  # the host is this one
    return unquote(slash + path)


def expanded(text: str) -> str:
    """Return the text with `~` as the home folder."""
    return os.path.expanduser(text)  # noqa: PTH111 - the Path's raises RuntimeError without a home


def complete(text: str) -> str | None:
    """Return the text up to the end of the first folder name that it begins, with a slash; None without one."""
    offered = folders_at(text)
    return offered[0] if offered else None


def folders_at(text: str) -> list[str]:
    """Return the text up to the end of each folder name that it begins, with a slash; none if there are too many.

    Names that cannot be shown as they are are left out: what is drawn is what would be taken.
    """
    head, slash, start = text.rpartition("/")
    if not slash:
        return []
    try:
        with os.scandir(expanded(head + "/")) as entries:
            names: list[str] = []
            for entry in entries:
                if len(names) > _MOST_NAMES:
                    return []
                is_hidden = entry.name.startswith(".") and not start.startswith(".")
                if entry.name.startswith(start) and not is_hidden and entry.is_dir():
                    names.append(entry.name)
    except (OSError, ValueError):
        return []
    return [f"{head}/{name}/" for name in sorted(names) if display_name(name) == name and name != start]

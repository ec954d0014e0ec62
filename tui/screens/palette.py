"""The palette: find a command of the screen below, a value or a title by a few letters of its name."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.fuzzy import Matcher
from textual.screen import ModalScreen
from textual.widgets import Input

from discpress.engine.names import fold
from discpress.tui.app.session import Session
from discpress.tui.commands import Command, Place, all_key_labels, commands_at
from discpress.tui.dialogs.own_screen import OwnScreen
from discpress.tui.messages import Request, RunCommand, SelectTitle
from discpress.tui.screens.base import Value
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import wrapped
from discpress.tui.widgets.plain_input import PlainInput
from discpress.tui.widgets.table import Column, Table

COLUMNS = (
    Column("key", "KEY", 10),
    Column("name", "NAME", 34),
    Column("about", "WHAT IT DOES", 28, flexible=True, rank=1),
)
_MOST_TITLES = 200
_ABOUT_LINES = 2
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of the palette."""

    key: str
    """Keys of a command, or what a value or title is."""
    name: str
    """Its name."""
    about: str
    """Its effect, in a sentence; empty if it has none."""
    request: Request | Callable[[], None] | None
    """The request that Enter posts, or the function that it calls; None for a line that only explains."""


class PaletteScreen(OwnScreen[Hit | None], ModalScreen[Hit | None]):
    """An input and what it finds; the cursor keys move in the list while the input keeps the focus."""

    COLUMNS: ClassVar[Sequence[Column]] = COLUMNS
    PLACEHOLDER: ClassVar[str] = "find a command, a value or a title: enter takes it, escape leaves"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("down", "step(1)", show=False, priority=True),
        Binding("up", "step(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
    ]

    def __init__(self, session: Session, place: Place, values: Sequence[Value] = ()) -> None:
        """`place` is the screen below, whose commands are listed, `values` are what can be chosen there."""
        super().__init__()
        self.session = session
        self.place = place
        self._values = values
        self.hits: list[Hit] = []

    def compose(self) -> ComposeResult:
        """Lay out the palette."""
        yield PlainInput(placeholder=self.PLACEHOLDER, id="palette")
        yield Table(self.COLUMNS, _Rows(self), id="palette-list", ellipsis=self.session.view.signs.ellipsis)
        about = Lines(id="about")
        about.styles.height = _ABOUT_LINES
        yield about

    def on_mount(self) -> None:
        """List all commands."""
        for field in self.query(PlainInput).results():  # none if it was left meanwhile
            field.focus()
        self.call_after_refresh(self._find, "")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Find as it is typed."""
        self._find(event.value)

    def on_input_submitted(self) -> None:
        """Do what the cursor stands on; a line that only explains does nothing."""
        hit = self._under_cursor
        if hit is not None and hit.request is not None:
            self.dismiss(hit)

    def on_table_chosen(self) -> None:
        """Do what was clicked twice."""
        self.on_input_submitted()

    def on_table_moved(self) -> None:
        """Show the whole sentence of the line under the cursor."""
        hit = self._under_cursor
        for about in self.query("#about").results(Lines):
            about.show(wrapped(self.describe(hit) if hit is not None else "", about.size.width, "dim")[:_ABOUT_LINES])

    @property
    def _under_cursor(self) -> Hit | None:
        cursor = self.query_one(Table).cursor
        return self.hits[cursor] if cursor < len(self.hits) else None

    def action_leave(self) -> None:
        """Go back without doing anything."""
        self.dismiss(None)

    def action_step(self, count: int) -> None:
        """Move in the list."""
        self.query_one(Table).action_step(count)

    def action_page(self, count: int) -> None:
        """Move in the list by screens."""
        self.query_one(Table).action_page(count)

    def describe(self, hit: Hit) -> str:
        """Return what stands below the list about a line."""
        return hit.about

    def find(self, wanted: str) -> list[Hit]:
        """Return the lines for what is typed, without spaces around it."""
        commands = [hit for command, hit in self.commands() if command.in_palette]
        if not wanted:
            return commands
        named = [hit for hit in (*commands, *self._value_hits()) if has_words(hit.name, wanted)]
        return [*named, *self._titles(wanted), *_alike([hit for hit in commands if hit not in named], wanted)]

    def commands(self) -> list[tuple[Command, Hit]]:
        """Return the commands that are valid on the screen below."""
        keys = self.session.config.keys
        return [
            (each, Hit(all_key_labels(each, keys), each.title, each.help, RunCommand(each.name)))
            for each in commands_at(self.place, is_read_only=self.session.is_read_only)
        ]

    def _find(self, text: str) -> None:
        self.hits = self.find(text.strip())
        for table in self.query(Table).results():
            table.show_empty("Nothing here has these words or letters.")
            table.show_rows(0)

    def _value_hits(self) -> list[Hit]:
        return [Hit("value", value.name, value.about, value.take) for value in self._values]

    def _titles(self, wanted: str) -> list[Hit]:
        view, words = self.session.view, fold(wanted).split()
        found = [title for title in view.titles.values() if all(word in title.search_text for word in words)]
        return [
            Hit(f"{title.system.label} title", view.names.of(title), "", SelectTitle(title.path))
            for title in found[:_MOST_TITLES]
        ]


def has_words(name: str, wanted: str) -> bool:
    """Return whether each of some words begins a word of a name."""
    begun = _WORD.findall(fold(name))
    return all(any(word.startswith(each) for word in begun) for each in _WORD.findall(fold(wanted)) or [fold(wanted)])


def _alike(hits: Sequence[Hit], wanted: str) -> list[Hit]:
    """Return the lines whose names only have the letters in that order, the best first."""
    matcher = Matcher(wanted)
    scored = sorted(((matcher.match(hit.name), place) for place, hit in enumerate(hits)), key=lambda pair: -pair[0])
    return [hits[place] for score, place in scored if score > 0]


class _Rows:
    """The hits as a table."""

    def __init__(self, screen: PaletteScreen) -> None:
        self._screen = screen

    def __len__(self) -> int:
        return len(self._screen.hits)

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the texts of one row."""
        hit = self._screen.hits[index]
        texts = {"key": hit.key, "name": hit.name, "about": hit.about}
        return [texts[key] for key in keys]

    def style(self, index: int, key: str) -> str:
        """Return the style of one cell."""
        return {"key": "accent", "about": "dim"}.get(key, "normal")

"""The palette: find a command of the screen below, or a title, by a few letters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.fuzzy import Matcher
from textual.screen import ModalScreen
from textual.widgets import Input

from discpress.engine.library.naming import system_label
from discpress.engine.names import fold
from discpress.tui.app.session import Session
from discpress.tui.commands import Command, Place, all_key_labels, commands_at
from discpress.tui.messages import Request, RunCommand, SelectTitle
from discpress.tui.screens.base import OwnScreen
from discpress.tui.widgets.plain_input import PlainInput
from discpress.tui.widgets.table import Column, Table

COLUMNS = (Column("name", "KEY", 10), Column("text", "WHAT IT DOES", 20, flexible=True))
_MOST_TITLES = 200


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of the palette."""

    name: str
    """Keys of a command, or what a title is."""
    text: str
    """What it does, or is called."""
    request: Request
    """What Enter asks the app for."""


class PaletteScreen(OwnScreen[Hit | None], ModalScreen[Hit | None]):
    """An input and what it finds; the cursor keys move in the list while the input keeps the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("down", "step(1)", show=False, priority=True),
        Binding("up", "step(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
    ]

    def __init__(self, session: Session, place: Place) -> None:
        """`place` is the screen below, whose commands are listed."""
        super().__init__()
        self._session = session
        self._place = place
        self.hits: list[Hit] = []

    def compose(self) -> ComposeResult:
        """Lay out the palette."""
        yield PlainInput(placeholder="a command or a title", compact=True, id="palette")
        yield Table(COLUMNS, _Rows(self), id="palette-list", ellipsis=self._session.view.signs.ellipsis)

    def on_mount(self) -> None:
        """List all commands."""
        for field in self.query(PlainInput).results():  # none if it was left meanwhile
            field.focus()
        self.call_after_refresh(self._find, "")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Find as it is typed."""
        self._find(event.value)

    def on_input_submitted(self) -> None:
        """Do what the cursor stands on."""
        table = self.query_one(Table)
        if table.cursor < len(self.hits):
            self.dismiss(self.hits[table.cursor])

    def on_table_chosen(self) -> None:
        """Do what was clicked twice."""
        self.on_input_submitted()

    def action_leave(self) -> None:
        """Go back without doing anything."""
        self.dismiss(None)

    def action_step(self, count: int) -> None:
        """Move in the list."""
        self.query_one(Table).action_step(count)

    def action_page(self, count: int) -> None:
        """Move in the list by screens."""
        self.query_one(Table).action_page(count)

    def _find(self, text: str) -> None:
        wanted = text.strip()
        named, alike = self._commands(wanted)
        self.hits = [*named, *self._titles(wanted), *alike]
        for table in self.query(Table).results():
            table.show_rows(0)

    def _commands(self, wanted: str) -> tuple[list[Hit], list[Hit]]:
        """Return the commands with a word that begins so, and those that only have the letters in that order."""
        commands = commands_at(self._place, is_read_only=self._session.is_read_only)
        listed = [command for command in commands if command.in_palette]
        if wanted:
            matcher = Matcher(wanted)
            scored = [(self._score(matcher, command), command) for command in listed]
            best = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0])
            listed = [command for _, command in best]
        named = [command for command in listed if _has_word(command, wanted)]
        return self._hits(named), self._hits([command for command in listed if command not in named])

    def _hits(self, commands: Sequence[Command]) -> list[Hit]:
        keys = self._session.config.keys
        return [Hit(all_key_labels(each, keys), each.help, RunCommand(each.name)) for each in commands]

    @staticmethod
    def _score(matcher: Matcher, command: Command) -> float:
        return max(matcher.match(command.name.replace("_", " ")), matcher.match(command.label)) or (
            0.5 * matcher.match(command.help)
        )

    def _titles(self, wanted: str) -> list[Hit]:
        if not wanted:
            return []
        words = fold(wanted).split()
        found = [
            title
            for title in self._session.view.titles.values()
            if all(word in title.search_text for word in words)
        ]  # fmt: skip
        return [
            Hit(f"{system_label(title)} title", self._session.view.names.of(title), SelectTitle(title.path))
            for title in found[:_MOST_TITLES]
        ]


def _has_word(command: Command, wanted: str) -> bool:
    text = f" {command.name.replace('_', ' ')} {command.label} {command.help}"
    return f" {fold(wanted)}" in fold(text)


class _Rows:
    """The hits as a table."""

    def __init__(self, screen: PaletteScreen) -> None:
        self._screen = screen

    def __len__(self) -> int:
        return len(self._screen.hits)

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the texts of one row."""
        hit = self._screen.hits[index]
        return [hit.name if key == "name" else hit.text for key in keys]

    def style(self, index: int, key: str) -> str:
        """Return the style of one cell."""
        return "accent" if key == "name" else "normal"

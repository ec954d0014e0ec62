"""Bases of the screens: place in the table of commands, session, and changes found by the app's poll."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, NamedTuple, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.geometry import Size
from textual.message import Message

from discpress.engine.config import THEMES
from discpress.engine.errors import DiscpressError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.engine.targets import AUTO, TARGETS
from discpress.engine.targets.by_system import PLAYED, choices
from discpress.tui.app.disk_queries import DiskQueries
from discpress.tui.app.session import Changes, Session
from discpress.tui.commands import BY_NAME, Keys, Place, commands_at
from discpress.tui.dialogs.own_screen import OwnScreen
from discpress.tui.messages import (
    GoTo,
    Notify,
    OpenQueue,
    OpenScreen,
    OpenTrash,
    Refresh,
    Request,
    SaveSettings,
    StartWorker,
)
from discpress.tui.views.frame.title_bar import tab_of, tabs_of, totals_of
from discpress.tui.views.library import LibraryView
from discpress.tui.views.settings import changed_target
from discpress.tui.widgets.footer import KeyLine
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import Line, Painted
from discpress.tui.widgets.table import Column, Table
from discpress.tui.widgets.title_bar import TitleBar

T = TypeVar("T")
ABOUT_LINES = 2
BOXED = 100
"""Columns from which boxes have room."""
_VALUE = Column("value", "VALUE", 16, flexible=True)


class Value(NamedTuple):
    """One value that the palette finds by its name."""

    name: str
    """`Theme: nord`."""
    about: str
    """Its purpose, in a sentence."""
    take: Callable[[], None]
    """Takes it."""


class DiscScreen(OwnScreen[None]):
    """A screen of the app; its keys come from the table of commands."""

    PLACE: ClassVar[Place]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.opened_by: type[OpenScreen] | None = None
        """The request that opened it."""

    @property
    def view(self) -> LibraryView:
        """The library's rows and marks."""
        return self.session.view

    @property
    def keys(self) -> Keys:
        """The keys that are valid, for what names one."""
        return self.session.keys

    def key_line(self) -> KeyLine:
        """Return the line of keys for this place."""
        return KeyLine(commands_at(self.PLACE, is_read_only=self.session.is_read_only), self.keys.chosen)

    def title_bar(self) -> TitleBar:
        """Return the first line of the screen, whose classes fit the terminal then: it is laid out once."""
        self.fit_size(self.app.size)
        return TitleBar(id="top")

    def fit_size(self, size: Size) -> None:
        """Lay the screen out for a size of the terminal; before it is mounted nothing needs to be styled again."""
        self.update_classes(self.classes_at(size), update=self.is_mounted)

    def classes_at(self, size: Size) -> dict[str, bool]:
        """Return the classes of the screen: boxes are drawn if the terminal has room for them."""
        return {"-boxed": size.width >= BOXED}

    def on_resize(self, event: events.Resize) -> None:
        """Fit the new size; called besides the method of this name of a subclass."""
        self.fit_size(event.size)

    @property
    def inner_width(self) -> int:
        """The cells of a line within a box, or of the whole screen if there is none."""
        return self.size.width - 2 if self.has_class("-boxed") else self.size.width

    def on_mount(self) -> None:
        """Show the counts; called besides the method of this name of a subclass."""
        self.show_title_bar()

    def show_title_bar(self) -> None:
        """Show the counts of the places, and what the library comes to."""
        for bar in self.query("#top").results(TitleBar):  # none if the screen was left meanwhile
            bar.show(tabs_of(self.session), tab_of(self.PLACE), totals_of(self.session))

    def compose(self) -> ComposeResult:
        """Lay out the screen; the line of keys comes last."""
        yield self.key_line()

    def values(self) -> list[Value]:
        """Return what the palette can choose here: the themes, and the targets of the systems in the library."""
        if self.session.is_read_only:
            return []
        config = self.session.config
        about = "The colours of the app."
        found = [Value(f"Theme: {name}", about, partial(self.save_settings, {"theme": name})) for name in THEMES]
        present = {title.system for title in self.view.titles.values()}
        for system in PLAYED:
            for name in choices(system) if system in present else ():
                label = name if name == AUTO else TARGETS[name].label
                changes = changed_target(config, system, name)
                about = f"Plays your {system.label} discs."
                found.append(Value(f"Target: {label} ({system.label})", about, partial(self.save_settings, changes)))
        return found

    def save_settings(self, changes: Mapping[str, object]) -> None:
        """Write settings into the user's file."""
        self.post_message(SaveSettings(changes))

    def pick(
        self, question: str, values: Sequence[T], describe: Callable[[T], str], present: T, take: Callable[[T], None]
    ) -> None:
        """Ask for one of some values; `take` is called with the one that was chosen, not if the list was left."""
        from discpress.tui.dialogs.pick import Pick, PickRow  # noqa: PLC0415 - 5 ms, once a list is opened

        offered = [PickRow(place, (display_name(describe(value)),)) for place, value in enumerate(values)]
        first = values.index(present) if present in values else 0

        def answer(place: int | None) -> None:
            if place is not None:
                take(values[place])

        self.app.push_screen(Pick(question, offered, first, self.view.signs.ellipsis, (_VALUE,)), answer)

    def fail(self, problem: str) -> None:
        """Show what went wrong."""
        self.post_message(Notify(problem, is_error=True))

    def say(self, text: str) -> None:
        """Show a message of one line: the result of a command, or the reason why it has nothing to do here."""
        self.post_message(Notify(text))

    async def add_job(
        self, queries: DiskQueries, path: Path, make: Callable[[], JobRequest], *, only_new: bool = False
    ) -> bool:
        """Queue a job whose request needs the disk of a path; return False after a message if that fails."""
        queue = self.session.queue
        try:
            request = await queries.ask_with_timeout(make)
            (queue.add_new if only_new else queue.add)([request])
        except TimeoutError:
            self.fail(f"{display_name(path)}: its disk does not answer")
        except DiscpressError as error:
            self.fail(str(error))
        except OSError as error:
            self.fail(str(from_os_error(error, path, "look at it")))
        else:
            self.post_message(StartWorker())
            self.post_message(Refresh())
            return True
        return False

    def show_about(self, lines: Sequence[Line]) -> None:
        """Show what is said below the table of the row under its cursor: in two lines, or in as many as it takes."""
        self.query_one("#about", Lines).show_whole(lines, ABOUT_LINES)

    def on_screen_resume(self) -> None:
        """Paint what has changed while another screen was in front."""
        self.show_title_bar()
        for painted in self.query(Painted):
            painted.refresh()

    def on_snapshot(self, snapshot: QueueSnapshot) -> None:
        """Take in the queue as it is now; called for each screen when something in it has changed."""

    def on_changes(self, changes: Changes) -> None:
        """Take in what has changed in the library."""

    def on_settings(self) -> None:
        """Take in changed settings; called for each screen once they are in the file."""

    def post_message(self, message: Message) -> bool:
        """Post a message; a request goes to the app itself, for it may outlive the screen."""
        if isinstance(message, Request):
            return self.app.post_message(message)
        return super().post_message(message)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out the commands that write, if nothing is to be written."""
        command = BY_NAME.get(action)
        return bool(self.children) and not (command is not None and command.writes and self.session.is_read_only)

    def on_title_bar_picked(self, message: TitleBar.Picked) -> None:
        """Open the place whose tab was clicked."""
        if message.place is not self.PLACE:
            self.post_message(GoTo(message.place))

    async def on_key_line_clicked(self, message: KeyLine.Clicked) -> None:
        """Run the command whose key was clicked."""
        await self.run_action(message.command.name)

    def action_show_queue(self) -> None:
        """Show the queue."""
        self.post_message(OpenQueue())

    def action_show_trash(self) -> None:
        """Show what conversions replaced."""
        self.post_message(OpenTrash())

    def ask_to_leave(self, leave: Callable[[], object]) -> None:
        """Call `leave`, after a question if something would be lost; not if the user stays."""
        leave()

    def action_back(self) -> None:
        """Go back to the screen before."""
        self.ask_to_leave(self.dismiss)


class TableScreen(DiscScreen):
    """A table with lines about all of its rows above, and lines about the one under its cursor below."""

    def new_table(self) -> Table:
        """Return the table."""
        raise NotImplementedError

    def lines_above(self, width: int) -> Sequence[Line]:
        """Return what to show above the table, in that many cells."""
        raise NotImplementedError

    def lines_below(self, cursor: int, width: int) -> Sequence[Line]:
        """Return what to show below the table, in that many cells; there may be no row at the cursor."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield self.title_bar()
        yield Lines(id="summary")
        yield self.new_table()
        yield Lines(id="about")
        yield self.key_line()

    def on_mount(self) -> None:
        """Show what is known; called besides the method of this name of a subclass."""
        self.query_one(Table).focus()
        self.call_after_refresh(self.show_all)

    def on_resize(self, event: events.Resize) -> None:
        """Break the lines anew."""
        self.show_all()

    def on_table_moved(self) -> None:
        """Describe the row under the cursor."""
        self.show_about(self.lines_below(self.query_one(Table).cursor, self.size.width))

    def show_all(self) -> None:
        """Show what there is now."""
        for table in self.query(Table):  # none if the screen was left meanwhile
            self.show_above()
            table.show_rows(table.cursor)
            self.on_table_moved()

    def show_above(self) -> None:
        """Show only the lines above the table."""
        for summary in self.query("#summary").results(Lines):
            summary.show_whole(self.lines_above(self.size.width))

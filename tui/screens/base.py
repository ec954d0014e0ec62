"""Base of all screens: place in the table of commands, session, and changes found by the app's poll."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.message import Message
from textual.screen import Screen

from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.tui.app.session import Changes, Session
from discpress.tui.commands import BY_NAME, Keys, Place, commands_at
from discpress.tui.messages import GoTo, Notify, Request
from discpress.tui.views.library import LibraryView
from discpress.tui.views.title_bar import tab_of, tabs_of, totals_of
from discpress.tui.widgets.footer import KeyLine
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import Line, Painted
from discpress.tui.widgets.title_bar import TitleBar

ABOUT_LINES = 2
ResultT = TypeVar("ResultT")


class OwnScreen(Screen[ResultT]):
    """A screen for keys that come in bursts, as on a slow line: none finds it half laid out, or left already."""

    def __init__(self) -> None:
        super().__init__()
        self.is_ready = asyncio.Event()
        """Set once it has been laid out, or was left before."""

    def on_mount(self) -> None:
        """Take keys; called besides, and after, the method of this name of a subclass."""
        self.is_ready.set()

    def on_unmount(self) -> None:
        """Hold up no key that waits."""
        self.is_ready.set()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what finds the screen taken down."""
        return bool(self.children)

    def dismiss(self, result: ResultT | None = None) -> AwaitComplete:
        """Leave the screen if it is in front; otherwise another one would be left."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()


class DiscScreen(OwnScreen[None]):
    """A screen of the app; its keys come from the table of commands."""

    PLACE: ClassVar[Place]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

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
        """Return the first line of the screen."""
        return TitleBar(id="top")

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

    def say(self, why: str) -> None:
        """Answer a key that has nothing to do here, with the reason in one line."""
        self.post_message(Notify(why))

    def show_about(self, lines: Sequence[Line]) -> None:
        """Show what is said below the table of the row under its cursor: in two lines, or in as many as it takes."""
        about = self.query_one("#about", Lines)
        height = max(ABOUT_LINES, len(lines))
        if about.styles.height is None or about.styles.height.value != height:
            about.styles.height = height
        about.show(lines)

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

    def action_back(self) -> None:
        """Go back to the screen before."""
        self.dismiss()

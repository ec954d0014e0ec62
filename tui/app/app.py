"""The app: one session, the parts that serve its screens, and the requests that the screens post.

It never compresses, hashes or walks folders; what takes time happens in the worker process, what may wait for a disk
in a thread.
"""

import os
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.actions import ActionParseResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.message import Message

from discpress.engine.errors import DiscpressError
from discpress.engine.store.model import Title
from discpress.engine.store.rows.keys import path_key
from discpress.tui.app.input_order import OrderedApp
from discpress.tui.app.navigation import Router
from discpress.tui.app.notifications import Notifier
from discpress.tui.app.polling import Poller
from discpress.tui.app.quit import QuitFlow
from discpress.tui.app.session import ON_SCREEN, Changes, Session
from discpress.tui.app.worker_control import WorkerControl
from discpress.tui.commands import BY_NAME, SINGLE_KEYS, Place, bindings_at
from discpress.tui.keymap import check_keymap
from discpress.tui.messages import (
    CopyText,
    GoTo,
    Notify,
    OpenFolders,
    OpenMessages,
    OpenScreen,
    Quit,
    Refresh,
    Request,
    Rescan,
    RunCommand,
    SaveSettings,
    SelectTitle,
    StartWorker,
    TitlesQueued,
    WantEstimates,
)
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.terminal.capabilities import Terminal
from discpress.tui.terminal.themes import THEMES, theme_name
from discpress.tui.widgets.palette import PAINTS

WATCH_S = 15.0
"""How often the app checks whether the worker is alive: nobody waits for that at the screen."""
TMUX_CLIPBOARD = 'tmux passes it on only after "set -g set-clipboard on".'


class DiscpressApp(OrderedApp):
    """discpress on a terminal."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    COMPONENT_CLASSES = PAINTS
    TITLE = "discpress"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_at(Place.ANYWHERE),
        Binding("ctrl+c", "quit_anywhere"),
        *(Binding(key, f"unknown_key('{key}')", show=False) for key in SINGLE_KEYS),
    ]

    def __init__(self, session: Session, terminal: Terminal, notices: Sequence[str] = ()) -> None:
        """Show an open session; `notices` are shown once it is up. UsageError for a keymap that cannot be."""
        check_keymap(session.config.keys)
        self._requests: deque[Request] = deque()
        super().__init__(ansi_color=True if terminal.is_plain else None)
        self.session = session
        self.terminal = terminal
        self.is_ascii = session.is_ascii
        """Whether widgets draw only ASCII."""
        self.notifier = Notifier(self)
        self.router = Router(self, session)
        self.worker_control = WorkerControl(self, session, self.notifier)
        self.poller = Poller(self, session, self.notifier, self.worker_control)
        self.quit_flow = QuitFlow(self, session, self.notifier)
        self.forget_screen: Callable[[], None] = lambda: None
        """Lets the next update send all cells, if only changed ones are sent."""
        self._notices = list(notices)
        for theme in THEMES.values():
            self.register_theme(theme)
        # Before the style sheets are read for the first time: another theme later reads all of them again.
        self.set_reactive(DiscpressApp.theme, theme_name(session.config.theme, is_plain=terminal.is_plain))
        self.stylesheet.set_variables(self.get_css_variables())
        self.add_class(*(["-plain"] if terminal.is_plain else []), *(["-ascii"] if self.is_ascii else []))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return our own names for colours: the style sheet is read before a theme is chosen."""
        return THEMES["dark"].variables

    def get_default_screen(self) -> LibraryScreen:
        """Return the stored library, in place of Textual's blank screen."""
        self.poller.load_first()
        return LibraryScreen(self.session)

    async def on_mount(self) -> None:
        """Look for what has changed since the library was stored."""
        self.set_keymap(dict(self.session.config.keys))
        self.app_resume_signal.subscribe(self, lambda _: self.action_redraw())  # the terminal shows none of it any more
        if self._notices:
            self.notifier.notify(" ".join(self._notices))
        if self.session.folders:
            self.poller.scan()
        elif not self.session.view.titles:
            self.router.open_first_run()
        self.poller.load_rest()
        self.set_interval(self.terminal.refresh_s, self.poller.poll)
        self.set_interval(WATCH_S, self.worker_control.watch)
        await self.router.wait_for_layout()  # so that it is painted once: nothing is before this returns

    # Requests of the screens

    def post_message(self, message: Message) -> bool:
        """Post a message; requests have a queue of their own."""
        if not isinstance(message, Request):
            return super().post_message(message)
        self._requests.append(message)
        return self.call_later(self._handle_requests)

    async def run_action(
        self,
        action: "str | ActionParseResult",
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an action on the laid out screen, and handle its requests before the next key."""
        await self.router.wait_for_layout()
        command = BY_NAME.get(str(action).rpartition(".")[2].partition("(")[0])
        if command is not None and command.writes and self.session.is_read_only:
            self.notifier.notify("discpress was started with --read-only: it changes nothing.")
            return True
        has_run = await super().run_action(action, default_namespace, namespaces)
        self._handle_requests()
        return has_run

    def _handle_requests(self) -> None:
        while self._requests:
            self.handle(self._requests.popleft())

    def handle(self, request: Request) -> None:
        """Do what a screen asks for."""
        match request:
            case OpenScreen():
                self.router.open(request)
            case SelectTitle(path):
                self.router.select_title(path)
            case GoTo(place):
                self.router.go_to(place, self._run_later)
            case RunCommand(name):
                self._run_later(name)
            case Quit():
                self.quit_flow.quit()
            case Notify(text, is_error):
                self.notifier.notify(text, is_error=is_error)
            case Refresh():
                self.poller.poll()
            case StartWorker():
                self.worker_control.start()
            case WantEstimates(titles):
                self._want_estimates(titles)
            case Rescan():
                self._rescan()
            case OpenFolders(folders):
                self._open_folders(folders)
            case SaveSettings(changes, notice):
                self._save_settings(changes, notice)
            case TitlesQueued(paths):
                self._follow_queued(paths)
            case CopyText(text):
                self._copy_text(text)

    def _run_later(self, command: str) -> None:
        """Run a command on the screen or the app, wherever it is valid."""
        is_mine = Place.ANYWHERE in BY_NAME[command].places
        self.call_later(self.run_action, command if is_mine else f"screen.{command}")

    def _want_estimates(self, titles: Sequence[Title]) -> None:
        if self.session.want_estimates(self.session.view.titles.listed(titles), ON_SCREEN):
            self.worker_control.start()

    def _rescan(self) -> None:
        if self.poller.scan():
            self.notifier.notify("Looking for new and changed images; the table changes as they are found.")

    def _follow_queued(self, paths: Collection[Path]) -> None:
        self.worker_control.start()
        self.poller.poll()
        self.session.view.marks -= set(map(path_key, paths))
        self.poller.apply(Changes())
        self.router.go_home()

    def _copy_text(self, wanted: str) -> None:
        """Send a text to the clipboard of the terminal (OSC 52), which never answers whether it took it."""
        text = os.fsencode(wanted).decode(errors="replace")
        self.copy_to_clipboard(text)
        lost = "" if text == wanted else " It has bytes that are no text: they are replaced."
        tmux = f" {TMUX_CLIPBOARD}" if self.terminal.is_tmux else ""
        self.notifier.notify(f"Sent to the clipboard of your terminal: {wanted}.{lost}{tmux}")

    # Settings

    def _open_folders(self, folders: Sequence[Path]) -> None:
        kept = [str(folder) for folder in dict.fromkeys((*self.session.config.folders, *folders))]
        if not self.session.is_read_only:
            self._save_settings({"folders": kept})  # if that fails, they are shown this time all the same
        self.session.folders = tuple(folders)
        self.poller.load()
        self.poller.scan()

    def _save_settings(self, changes: Mapping[str, object], notice: str = "") -> None:
        before = self.session.config
        try:
            self.session.save_settings(changes)
        except DiscpressError as error:
            self.notifier.notify(str(error), is_error=True)
            return
        self._follow_settings()
        if self.session.config.folders != before.folders:
            self.session.folders = self.session.config.folders
            self.poller.scan()
        self.poller.load()
        self.poller.follow_settings()
        if notice:
            self.notifier.notify(notice)

    def _follow_settings(self) -> None:
        """Take theme and keys from the settings."""
        self.theme = theme_name(self.session.config.theme, is_plain=self.terminal.is_plain)
        try:
            check_keymap(self.session.config.keys)
        except DiscpressError as error:  # the file was written by hand meanwhile
            self.notifier.notify(f"Fix the settings file to use your own keys: {error}", is_error=True)
            self.session.config = replace(self.session.config, keys=self._keymap)
        self.set_keymap(dict(self.session.config.keys))  # becomes `_keymap`, which is Textual's

    # What Textual calls

    async def on_event(self, event: events.Event) -> None:
        """Clear the message before a click; drop keys after the one that ends the app: its screens are taken down."""
        if isinstance(event, events.MouseDown) and not event.is_forwarded:
            self.notifier.clear()
        if not (self.quit_flow.has_quit and isinstance(event, events.Key)):
            await super().on_event(event)

    async def handle_input(self, event: events.Event) -> None:
        """Clear the message before a key or a paste."""
        self.notifier.clear()
        await super().handle_input(event)

    def pop_screen(self) -> AwaitComplete:
        """Leave a screen, and show the message that had no place on it."""
        popped = super().pop_screen()
        self.notifier.on_screen_left()
        return popped

    def on_resize(self, event: events.Resize) -> None:
        """Cover the screens while the terminal is too small for them."""
        self.router.fit(event.size)

    def action_help(self) -> None:
        """Show the keys valid here, to run one of them."""
        self.router.open_help(self.handle)

    def action_palette(self) -> None:
        """Find a command or a title."""
        self.router.open_palette(self.handle)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let the user's own keys be known everywhere."""
        return action != "unknown_key" or parameters[0] not in self.session.keys.chosen_keys

    def action_messages(self) -> None:
        """Show the messages since the start."""
        self.router.open(OpenMessages(tuple(self.notifier.shown)))

    def action_unknown_key(self, key: str) -> None:
        """Say that a key does nothing on this screen."""
        self.notifier.notify(self.session.keys.refuse(key))

    def action_redraw(self) -> None:
        """Draw the whole screen again."""
        self.forget_screen()
        self.screen.refresh()

    def action_quit_anywhere(self) -> None:
        """Leave from any screen."""
        self.router.ask_to_leave(self.quit_flow.quit_anywhere)

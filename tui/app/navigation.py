"""The router: opens screens, goes back to the library, and covers a terminal that is too small.

A screen is imported when it is opened: all of them would take a fifth of the time to the first frame.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App
from textual.geometry import Size
from textual.screen import Screen

from discpress.tui.app.session import Session
from discpress.tui.commands import Place
from discpress.tui.dialogs.own_screen import OwnScreen
from discpress.tui.dialogs.too_small import TooSmall
from discpress.tui.messages import (
    OpenBench,
    OpenDatfiles,
    OpenDetails,
    OpenDevice,
    OpenDuplicates,
    OpenLog,
    OpenMessages,
    OpenPlan,
    OpenQueue,
    OpenRename,
    OpenScreen,
    OpenSettings,
    OpenTrash,
    OpenTune,
    Request,
)
from discpress.tui.screens.base import DiscScreen
from discpress.tui.screens.library import LibraryScreen

if TYPE_CHECKING:
    from discpress.tui.screens.palette import Hit

LEAST_WIDTH, LEAST_HEIGHT = 60, 16
WAYS = {Place.QUEUE: "show_queue", Place.TRASH: "show_trash", Place.BENCH: "bench"}
"""The commands of the library that lead to the tabs of the title bar."""
_ONE_OF_EACH = frozenset({OpenQueue, OpenTrash, OpenMessages})
"""Requests whose screens lead to each other, or to themselves."""
_LAYOUT_S = 1.0
"""A screen takes some 20 ms; a key must not wait for one that never comes."""


class Router:
    """The stack of screens: the library, and what lies over it."""

    def __init__(self, app: App[int], session: Session) -> None:
        self._app = app
        self._session = session

    async def wait_for_layout(self) -> None:
        """Wait until the screen in front has been laid out: a burst of keys opens it and goes on."""
        screen = self._app.screen
        if isinstance(screen, OwnScreen) and not screen.is_ready.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(screen.is_ready.wait(), _LAYOUT_S)

    def open(self, request: OpenScreen) -> None:
        """Open the screen that a request asks for, over the one in front; go back to it if it is open already."""
        kind = type(request)
        stack = [each for each in self._app.screen_stack if isinstance(each, DiscScreen) and kind in _ONE_OF_EACH]
        open_already = next((each for each in stack if each.opened_by is kind), None)
        while open_already is not None and self._app.screen is not open_already:
            self._app.pop_screen()
        if open_already is None:
            screen = self._screen_of(request)
            screen.opened_by = kind
            self._app.push_screen(screen)

    def _screen_of(self, request: OpenScreen) -> DiscScreen:
        session = self._session
        match request:
            case OpenDetails(path):
                from discpress.tui.screens.detail import DetailScreen

                return DetailScreen(session, path)
            case OpenPlan(titles, requests, is_repair):
                from discpress.tui.screens.plan import PlanScreen

                return PlanScreen(session, titles, requests, is_repair=is_repair)
            case OpenRename(titles):
                from discpress.tui.screens.rename import RenameScreen

                return RenameScreen(session, titles)
            case OpenDevice(titles):
                from discpress.tui.screens.device.deploy import DeployScreen

                return DeployScreen(session, titles)
            case OpenDuplicates(marked):
                from discpress.tui.screens.dats.duplicates import DuplicatesScreen

                return DuplicatesScreen(session, frozenset(marked))
            case OpenDatfiles():
                from discpress.tui.screens.dats.datfiles import DatfilesScreen

                return DatfilesScreen(session)
            case OpenTune(titles, block_size, form):
                from discpress.tui.screens.tune import TuneScreen

                return TuneScreen(session, titles, block_size, form)
            case OpenBench(title):
                from discpress.tui.screens.bench import BenchScreen

                return BenchScreen(session, title)
            case OpenQueue():
                from discpress.tui.screens.queue import QueueScreen

                return QueueScreen(session)
            case OpenLog(job):
                from discpress.tui.screens.log import LogScreen

                return LogScreen(session, job)
            case OpenTrash():
                from discpress.tui.screens.trash import TrashScreen

                return TrashScreen(session)
            case OpenSettings():
                from discpress.tui.screens.settings import SettingsScreen

                return SettingsScreen(session)
            case OpenMessages(notices):
                from discpress.tui.screens.log import MessagesScreen

                return MessagesScreen(session, notices)
        raise AssertionError(f"no screen for {request!r}")

    def open_first_run(self) -> None:
        """Ask for a folder of games."""
        from discpress.tui.screens.first_run import FirstRun

        self._app.push_screen(FirstRun(self._session))

    def open_help(self, choose: Callable[[Request], None]) -> None:
        """Show the keys that are valid on the screen in front; `choose` takes the request of the chosen one."""
        from discpress.tui.screens.help import HelpScreen

        screen = self._app.screen
        if isinstance(screen, DiscScreen):
            self._app.push_screen(HelpScreen(self._session, screen.PLACE), _answer(choose))

    def open_palette(self, choose: Callable[[Request], None]) -> None:
        """Search the commands of the screen in front and the titles; `choose` takes the request of the chosen one."""
        from discpress.tui.screens.palette import PaletteScreen

        screen = self._app.screen
        if isinstance(screen, DiscScreen):
            self._app.push_screen(PaletteScreen(self._session, screen.PLACE, screen.values()), _answer(choose))

    def go_home(self) -> None:
        """Go back to the library from whatever lies over it."""
        while len(self._app.screen_stack) > 1:
            self._app.pop_screen()

    def ask_to_leave(self, leave: Callable[[], object]) -> None:
        """Call `leave` after the questions of all open screens; not if the user stays on one of them."""
        stack: Sequence[Screen[object]] = self._app.screen_stack
        is_small = isinstance(self._app.screen, TooSmall)  # which has no room for a question
        screens = [] if is_small else [each for each in stack if isinstance(each, DiscScreen)]

        def ask_next() -> None:
            if screens:
                screens.pop().ask_to_leave(ask_next)
            else:
                leave()

        ask_next()

    def go_to(self, place: Place, run: Callable[[str], None]) -> None:
        """Open the place of a tab, from the library; `run` runs the command that leads there."""

        def go() -> None:
            self.go_home()
            if place in WAYS:
                run(WAYS[place])

        self.ask_to_leave(go)

    def select_title(self, path: Path) -> None:
        """Go back to the library and put its cursor on a title, even if the filter hides that."""

        def select() -> None:
            self.go_home()
            library = self._app.screen
            if isinstance(library, LibraryScreen):
                library.go_to(path)

        self.ask_to_leave(select)

    def fit(self, size: Size) -> None:
        """Cover the screens while the terminal is too small for them."""
        is_small = size.width < LEAST_WIDTH or size.height < LEAST_HEIGHT
        shown: Screen[object] = self._app.screen
        if is_small and not isinstance(shown, TooSmall):
            self._app.push_screen(TooSmall(LEAST_WIDTH, LEAST_HEIGHT))
        elif not is_small and isinstance(shown, TooSmall):
            self._app.pop_screen()


def _answer(choose: Callable[[Request], None]) -> "Callable[[Hit | None], None]":
    def answer(hit: "Hit | None") -> None:
        wanted = None if hit is None else hit.request
        if isinstance(wanted, Request):
            choose(wanted)
        elif wanted is not None:
            wanted()

    return answer

"""The way from screen to screen: which one is opened by what, over which."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from textual import events
from textual.actions import ActionParseResult
from textual.dom import DOMNode
from textual.screen import Screen

from engine.convert.wish import Wish
from engine.library.model import Title
from engine.work.jobs import Job
from tui.benching import TARGETS_OWN, Form
from tui.library_view import LibraryView
from tui.screens.base import DiscScreen, OwnScreen
from tui.screens.bench import BenchScreen
from tui.screens.detail import DetailScreen
from tui.screens.help import HelpScreen
from tui.screens.library import LibraryScreen
from tui.screens.log import LogScreen
from tui.screens.palette import PaletteScreen
from tui.screens.plan import PlanScreen
from tui.screens.queue import QueueScreen
from tui.screens.settings import SettingsScreen
from tui.screens.too_small import TooSmall
from tui.screens.trash import TrashScreen
from tui.screens.tune import TuneScreen
from tui.telling import Telling

LEAST_WIDTH, LEAST_HEIGHT = 60, 16
_LAYOUT_S = 1.0
"""A screen takes some 20 ms; a key must not wait for one that never comes."""


class Navigation(Telling):
    """The half of the app that opens screens."""

    view: LibraryView
    """The rows of the library."""

    async def run_action(
        self,
        action: "str | ActionParseResult",
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an action, once the screen in front has been laid out: a burst of keys opens it and goes on."""
        if isinstance(self.screen, OwnScreen) and not self.screen.is_ready.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self.screen.is_ready.wait(), _LAYOUT_S)
        return await super().run_action(action, default_namespace, namespaces)

    def show_details(self, path: Path) -> None:
        """Show everything known of a title."""
        self.push_screen(DetailScreen(self.view, path))

    def show_plan(self, titles: Sequence[Title], wishes: Mapping[Path, Wish] | None = None) -> None:
        """Show what converting titles will do; `wishes` are settings in place of their own, for this one time."""
        self.push_screen(PlanScreen(titles, wishes))

    def show_tune(self, titles: Sequence[Title], block_size: int | None = None, form: Form = TARGETS_OWN) -> None:
        """Let settings be chosen for titles, beginning with a block size and a container."""
        self.push_screen(TuneScreen(titles, block_size, form))

    def show_bench(self, title: Title) -> None:
        """Show what was measured of a title, and measure."""
        self.push_screen(BenchScreen(title))

    def show_queue(self) -> None:
        """Show the queue."""
        self.push_screen(QueueScreen())

    def show_log(self, job: Job) -> None:
        """Show what a job said."""
        self.push_screen(LogScreen(job))

    def show_trash(self) -> None:
        """Show what conversions replaced."""
        self.push_screen(TrashScreen())

    def show_settings(self) -> None:
        """Show the settings."""
        self.push_screen(SettingsScreen())

    def go_home(self) -> None:
        """Go back to the library from whatever lies over it."""
        while len(self.screen_stack) > 2:  # Textual's own blank screen, then the library
            self.pop_screen()

    def go_to(self, path: Path) -> None:
        """Put the library's cursor on a title, whatever filter hides it."""
        self.go_home()
        library = self.screen
        if isinstance(library, LibraryScreen):
            library.go_to(path)

    def action_help(self) -> None:
        """Show the keys valid here."""
        screen = self.screen
        if isinstance(screen, DiscScreen) and not isinstance(screen, HelpScreen):
            self.push_screen(HelpScreen(screen.PLACE))

    def action_palette(self) -> None:
        """Find a command or a title."""
        screen = self.screen
        if isinstance(screen, DiscScreen):
            self.push_screen(PaletteScreen(screen), lambda hit: hit.run() if hit is not None else None)

    def on_resize(self, event: events.Resize) -> None:
        """Say so where the terminal is too small, and come back where it is not."""
        is_small = event.size.width < LEAST_WIDTH or event.size.height < LEAST_HEIGHT
        shown: Screen[object] = self.screen
        if is_small and not isinstance(shown, TooSmall):
            self.push_screen(TooSmall(LEAST_WIDTH, LEAST_HEIGHT))
        elif not is_small and isinstance(shown, TooSmall):
            self.pop_screen()

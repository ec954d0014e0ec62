"""The app: it looks at the state file on a timer, tells the screens what has changed, and carries wishes there.

It never compresses, hashes or walks folders; what takes time happens in the worker, what may wait for a disk in a
thread.
"""

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from engine.convert.wish import Wish
from engine.errors import DiscpressError
from engine.library.model import Title
from engine.names import display_name
from engine.units import format_size
from engine.work.jobs import Job, JobKind, JobState
from engine.work.snapshot import QueueSnapshot
from engine.work.starting import stop_worker
from tui.capabilities import Terminal
from tui.commands import BY_NAME, Place, bindings_at, check_keymap
from tui.library_view import ASCII_SIGNS, LibraryView, Signs
from tui.screens.base import DiscScreen
from tui.screens.confirm import Confirm
from tui.screens.detail import DetailScreen
from tui.screens.first_run import FirstRun
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
from tui.session import LATER, Changes, Session
from tui.themes import THEMES

LEAST_WIDTH, LEAST_HEIGHT = 60, 16
_FIRST_TITLES = 200
"""Loaded before the first frame: more than any terminal has lines."""


class DiscpressApp(App[int]):
    """discpress on a terminal."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    TITLE = "discpress"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.ANYWHERE), Binding("ctrl+c", "quit_anywhere")]

    def __init__(self, session: Session, terminal: Terminal, notices: Sequence[str] = ()) -> None:
        """Show an open session; `notices` are told once it is up. UsageError for a keymap that cannot be."""
        check_keymap(session.config.keys)
        super().__init__(ansi_color=True if terminal.is_plain else None)
        self.session = session
        self.terminal = terminal
        self.is_ascii = terminal.is_ascii
        self.view = LibraryView(session.chooser.settings, ASCII_SIGNS if terminal.is_ascii else Signs())
        self.summary: list[str] = []
        self._notices = list(notices)
        for theme in THEMES.values():
            self.register_theme(theme)
        self._last: QueueSnapshot | None = None
        self.is_loading = False
        """Whether only the beginning of the library is there yet."""
        self._was_scanning = False
        self._told: set[Path] = set()
        self._started_at = time.time()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return our own names for colours: the stylesheet is read before a theme is chosen."""
        return THEMES["dark"].variables

    def on_mount(self) -> None:
        """Show the stored library, then look for what has changed."""
        self._follow_settings()
        first = self.session.load_first(_FIRST_TITLES).titles
        self.view.replace_all(first)
        self.push_screen(LibraryScreen(self.view))
        for notice in self._notices:
            self.tell(notice)
        if self.session.folders:
            self.scan()
        elif not first:
            self.push_screen(FirstRun())
        self.is_loading = len(first) == _FIRST_TITLES
        if self.is_loading:
            self.call_after_refresh(self._load_rest)
        else:
            self._begin_to_look(self.session.load())

    def _load_rest(self) -> None:
        """Load the whole library in a thread, so that the screen with its beginning can be used meanwhile."""

        def load() -> None:
            self.call_from_thread(self._begin_to_look, self.session.load())

        self.run_worker(load, thread=True)

    def _begin_to_look(self, library: Changes) -> None:
        self.is_loading = False
        self.take_changes(library)
        self.set_interval(self.terminal.refresh_s, self.look)

    def _follow_settings(self) -> None:
        """Take theme and keys from the settings."""
        self.theme = THEMES["ansi" if self.terminal.is_plain else self.session.config.theme].name
        self.set_class(self.terminal.is_plain, "-plain")
        self.set_keymap(dict(self.session.config.keys))

    # News

    def look(self) -> None:
        """Look at the state file, and tell the screens where something has changed."""
        try:
            changes = self.session.look()
            snapshot = self.session.snapshot()
        except DiscpressError as error:
            self.tell(str(error), is_error=True)
            return
        if changes is not None:
            self.take_changes(changes)
        elif self.session.is_scanning != self._was_scanning:
            self._each(lambda screen: screen.on_changes(Changes((), (), is_all=False)))
        self._was_scanning = self.session.is_scanning
        for folder in self.session.problems.keys() - self._told:
            self._told.add(folder)
            self.tell(self.session.problems[folder], is_error=True)
        if snapshot is not self._last:
            self._take_snapshot(snapshot)

    def take_changes(self, changes: Changes) -> None:
        """Let the view and the screens know what is different in the library."""
        if changes.is_all:
            self.view.replace_all(changes.titles)
        else:
            self.view.update(changes.titles, changes.gone)
        self._each(lambda screen: screen.on_changes(changes))
        self._ask_later()

    def _ask_later(self) -> None:
        if self.session.want_estimates(self.view.rows, LATER):
            self.call_worker()

    def _take_snapshot(self, snapshot: QueueSnapshot) -> None:
        before = {} if self._last is None else {job.id: job.state for job in self._last.jobs}
        finished = {
            _folder_of(job)
            for job in snapshot.jobs
            if job.kind in {JobKind.CONVERT, JobKind.UNDO}
            and job.state is JobState.DONE
            and before.get(job.id, JobState.DONE) is not JobState.DONE
        }
        self._last = snapshot
        self._each(lambda screen: screen.on_snapshot(snapshot))
        if finished and self.session.want_scan(finished):
            self.call_worker()

    def _each(self, tell: Callable[[DiscScreen], None]) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, DiscScreen) and screen.is_mounted:
                tell(screen)

    @property
    def ellipsis(self) -> str:
        """The sign of a text that was cut."""
        return "~" if self.is_ascii else "…"

    @property
    def snapshot(self) -> QueueSnapshot:
        """The queue as it was last looked at."""
        return self._last or self.session.snapshot()

    # Doing

    def call_worker(self) -> None:
        """Start a worker where something waits for one; in a thread, for it takes a moment."""

        def start() -> None:
            notice = self.session.start_worker()
            if notice:
                self.call_from_thread(self.tell, notice)

        self.run_worker(start, thread=True, group="worker", exclusive=False)

    def scan(self) -> None:
        """Let the worker look for new, changed and vanished images."""
        if self.session.want_scan(self.session.folders or {path.parent for path in self.view.titles}):
            self.call_worker()

    def open_folders(self, folders: Sequence[Path]) -> None:
        """Keep folders in the settings, show them, and scan them."""
        kept = [str(folder) for folder in dict.fromkeys((*self.session.config.folders, *folders))]
        if self.session.is_read_only or self.save_settings({"folders": kept}):
            self.session.folders = tuple(folders)
            self._reload()
            self.scan()

    def save_settings(self, changes: Mapping[str, object]) -> bool:
        """Write changed settings and follow them; return whether that went well."""
        try:
            before = self.session.config
            self.session.save_settings(changes)
        except DiscpressError as error:
            self.tell(str(error), is_error=True)
            return False
        self._follow_settings()
        if self.session.config.folders != before.folders:
            self.session.folders = self.session.config.folders
            self.scan()
        self._reload()
        return True

    def _reload(self) -> None:
        self.take_changes(self.session.load())

    def queued_titles(self, paths: Collection[Path]) -> None:
        """Take the marks off titles that went into the queue."""
        self.view.marks -= set(paths)
        self.take_changes(Changes((), (), is_all=False))

    def go_to(self, path: Path) -> None:
        """Put the library's cursor on a title, whatever filter hides it."""
        while len(self.screen_stack) > 2:  # Textual's own blank screen, then the library
            self.pop_screen()
        library = self.screen
        if isinstance(library, LibraryScreen):
            library.go_to(path)

    def run_later(self, command: str) -> None:
        """Run a command where it is valid, the screen or the app, once the present screen is gone."""
        is_mine = Place.ANYWHERE in BY_NAME[command].places
        self.call_later(self.run_action, command if is_mine else f"screen.{command}")

    def tell(self, message: str, *, is_error: bool = False) -> None:
        """Say what cannot be seen on the screen."""
        self.notify(display_name(message), severity="error" if is_error else "information", markup=False)

    def copy_path(self, path: Path) -> None:
        """Copy a path to the clipboard of the terminal (OSC 52)."""
        text = os.fsencode(path).decode(errors="replace")
        self.copy_to_clipboard(text)
        lost = "" if text == str(path) else " It has bytes that are no text: they are replaced."
        self.tell(f"The path is in the clipboard, where your terminal allows it.{lost}")

    # Screens

    def show_details(self, path: Path) -> None:
        """Show everything known of a title."""
        self.push_screen(DetailScreen(self.view, path))

    def show_plan(self, titles: Sequence[Title], wishes: Mapping[Path, Wish] | None = None) -> None:
        """Show what converting titles will do; `wishes` are settings in place of their own, for this one time."""
        self.push_screen(PlanScreen(titles, wishes))

    def show_tune(self, titles: Sequence[Title]) -> None:
        """Let settings be chosen for titles."""
        self.push_screen(TuneScreen(titles))

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

    def action_quit_anywhere(self) -> None:
        """Leave from any screen."""
        self.leave()

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

    def leave(self) -> None:
        """Leave at once, or ask what becomes of the jobs."""
        count = self.session.running()
        if not count:
            self.finish()
            return

        def answer(choice: str | None) -> None:
            if choice == "leave":
                self.finish()
            elif choice == "stop":
                self._stop_worker()

        jobs = "1 job is" if count == 1 else f"{count} jobs are"
        self.push_screen(
            Confirm(
                [f"{jobs} not done yet.", "The worker goes on without this app, and without this terminal."],
                [("leave", "Leave them to the worker"), ("stop", "Stop them"), ("stay", "Stay")],
            ),
            answer,
        )

    def _stop_worker(self) -> None:
        def stop() -> None:
            stop_worker(self.session.state_folder)
            self.call_from_thread(self.finish)

        self.run_worker(stop, thread=True)

    def finish(self) -> None:
        """End the app with a summary for the shell."""
        self.summary = summary_of(self.session.snapshot(), self._started_at)
        self.exit(0)

    def on_resize(self, event: events.Resize) -> None:
        """Say so where the terminal is too small, and come back where it is not."""
        is_small = event.size.width < LEAST_WIDTH or event.size.height < LEAST_HEIGHT
        shown: Screen[object] = self.screen
        if is_small and not isinstance(shown, TooSmall):
            self.push_screen(TooSmall(LEAST_WIDTH, LEAST_HEIGHT))
        elif not is_small and isinstance(shown, TooSmall):
            self.pop_screen()


def summary_of(snapshot: QueueSnapshot, since: float) -> list[str]:
    """Return what is worth knowing after the app has gone: what was done meanwhile, what goes on."""
    ended = [job for job in snapshot.jobs if job.ended_at is not None and job.ended_at >= since]
    done = [job for job in ended if job.state is JobState.DONE and job.kind is JobKind.CONVERT]
    failed = [job for job in ended if job.state is JobState.FAILED]
    lines = []
    if done:
        saved = sum(job.saved_bytes for job in done)
        lines.append(f"{len(done)} converted, saved {format_size(max(0, saved))}")
    if failed:
        lines.append(f"{len(failed)} failed: discpress queue list says why")
    if snapshot.totals.alive:
        lines.append(f"{snapshot.totals.alive} in the queue: discpress queue watch follows them")
    return lines


def _folder_of(job: Job) -> Path:
    """Return the folder in which a finished job has changed something."""
    if job.kind is JobKind.UNDO:
        return Path(str(job.result.get("path", job.path))).parent
    return job.output_folder or job.path.parent

"""The app: it looks at the state file on a timer, tells the screens what has changed, and carries wishes there.

It never compresses, hashes or walks folders; what takes time happens in the worker, what may wait for a disk in a
thread.
"""

import gc
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType

from engine.errors import DiscpressError
from engine.work.jobs import Job, JobKind, JobState
from engine.work.snapshot import QueueSnapshot
from tui.capabilities import Terminal
from tui.commands import BY_NAME, Place, bindings_at, check_keymap
from tui.leaving import Leaving
from tui.library_view import ASCII_SIGNS, LibraryView, Signs
from tui.screens.base import DiscScreen
from tui.screens.first_run import FirstRun
from tui.screens.library import LibraryScreen
from tui.session import LATER, Changes, Session
from tui.themes import THEMES

WATCH_S = 15.0
"""How often is looked whether the worker still lives: nobody waits for it at the screen."""
_FIRST_TITLES = 200
"""Loaded before the first frame: more than any terminal has lines."""


class DiscpressApp(Leaving):
    """discpress on a terminal."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    TITLE = "discpress"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.ANYWHERE), Binding("ctrl+c", "quit_anywhere")]

    def __init__(self, session: Session, terminal: Terminal, notices: Sequence[str] = ()) -> None:
        """Show an open session; `notices` are told once it is up. UsageError for a keymap that cannot be."""
        check_keymap(session.config.keys)
        self._keymap = session.config.keys
        super().__init__(ansi_color=True if terminal.is_plain else None)
        self.session = session
        self.terminal = terminal
        self.is_ascii = terminal.is_ascii
        self.view = LibraryView(session.planned, ASCII_SIGNS if terminal.is_ascii else Signs())
        self.summary = []
        self._notices = list(notices)
        for theme in THEMES.values():
            self.register_theme(theme)
        self._last: QueueSnapshot | None = None
        self.is_loading = False
        """Whether only the beginning of the library is there yet."""
        self._loads = self._loaded = 0
        self._was_scanning = False
        self._told: set[Path] = set()
        self.started_at = time.time()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return our own names for colours: the stylesheet is read before a theme is chosen."""
        return THEMES["dark"].variables

    def on_mount(self) -> None:
        """Show the stored library, then look for what has changed."""
        self._follow_settings()
        first = self.session.load_first(_FIRST_TITLES).titles
        self.view.replace_all(first)
        self.push_screen(LibraryScreen(self.view))
        if self._notices:
            self.tell(" ".join(self._notices))
        if self.session.folders:
            self.scan()
        elif not first:
            self.push_screen(FirstRun())
        self.is_loading = len(first) == _FIRST_TITLES
        if self.is_loading:
            self.call_after_refresh(self._load)
        else:
            self.take_changes(self.session.load())
        self.set_interval(self.terminal.refresh_s, self.look)
        self.set_interval(WATCH_S, self.watch_worker)

    def _load(self) -> None:
        """Load the whole library in a thread, so that what is on the screen can be used meanwhile."""
        self._loads += 1
        number = self._loads

        def load() -> None:
            try:
                library = self.session.load()
            except DiscpressError as error:
                self.call_from_thread(self._keep_library, number, str(error))
            else:
                self.call_from_thread(self._take_library, number, library)

        self.run_worker(load, thread=True)

    def _take_library(self, number: int, library: Changes) -> None:
        if number < self._loads:
            return  # a later one is on its way, made with other settings
        self._loaded = number
        self.is_loading = False
        self.take_changes(library)
        # Thousands of titles that stay: the collector need not go through them again each time (0.1 s).
        gc.freeze()

    def _keep_library(self, number: int, why: str) -> None:
        self._loaded = max(self._loaded, number)
        self.is_loading = False
        self.tell(why, is_error=True)

    def _follow_settings(self) -> None:
        """Take theme and keys from the settings."""
        self.theme = THEMES["ansi" if self.terminal.is_plain else self.session.config.theme].name
        self.set_class(self.terminal.is_plain, "-plain")
        try:
            check_keymap(self.session.config.keys)
        except DiscpressError as error:  # the file was written by hand meanwhile
            self.tell(f"the settings file: {error}: its keys hold from when it is mended", is_error=True)
            self.session.config = replace(self.session.config, keys=self._keymap)
        self._keymap = self.session.config.keys
        self.set_keymap(dict(self._keymap))

    # News

    def look(self) -> None:
        """Look at the state file, and tell the screens where something has changed."""
        if not self.is_running or self.is_loading or self._loaded < self._loads:
            return  # the screens are being taken down, or the library is about to be replaced
        try:
            changes = self.session.look()
            snapshot = self.session.snapshot()
        except DiscpressError as error:
            self.tell(str(error), is_error=True)
            return
        if changes is not None and changes.is_all:
            self._load()
        elif changes is not None:
            self.take_changes(changes)
        elif self.session.is_scanning != self._was_scanning:
            self._show_scanning()
        self._was_scanning = self.session.is_scanning
        problems = [why for folder, why in self.session.problems.items() if folder not in self._told]
        if problems:
            self._told.update(self.session.problems)
            self.tell("; ".join(problems), is_error=True)
        if snapshot is not self._last:
            self._take_snapshot(snapshot)

    def take_changes(self, changes: Changes) -> None:
        """Let the view and the screens know what is different in the library."""
        if changes.is_all:
            self.view.replace_all(changes.titles)
        else:
            self.view.update(changes.titles, changes.gone)
        self._each(lambda screen: screen.on_changes(changes))
        if self.session.want_estimates(self.view.in_order if changes.is_all else changes.titles, LATER):
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
        if finished:
            self._scan(finished)

    def _show_scanning(self) -> None:
        self._was_scanning = self.session.is_scanning
        self._each(lambda screen: screen.on_changes(Changes((), (), is_all=False)))

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

        self._tell_of(self.session.start_worker)

    def watch_worker(self) -> None:
        """Start another worker where the last one died with work left; in a thread, for asking takes 60 ms."""
        if not self.session.is_read_only:
            self._tell_of(self.session.replace_lost_worker)

    def _tell_of(self, act: Callable[[], str]) -> None:
        """Do something in a thread and tell what it returns."""

        def run() -> None:
            try:
                notice = act()
            except DiscpressError as error:
                notice = str(error)
            if notice:
                self.call_from_thread(self.tell, notice)

        self.run_worker(run, thread=True, group="worker", exclusive=False)

    def scan(self) -> bool:
        """Let the worker look for new, changed and vanished images; False where that was refused, and is told."""
        return self._scan(self.session.folders or {title.file_path.parent for title in self.view.titles.values()})

    def _scan(self, folders: Iterable[Path]) -> bool:
        try:
            if self.session.want_scan(folders):
                self._show_scanning()
                self.call_worker()
        except DiscpressError as error:
            self.tell(str(error), is_error=True)
            return False
        return True

    def open_folders(self, folders: Sequence[Path]) -> None:
        """Keep folders in the settings, show them, and scan them."""
        kept = [str(folder) for folder in dict.fromkeys((*self.session.config.folders, *folders))]
        if not self.session.is_read_only:
            self.save_settings({"folders": kept})  # where that fails it is told, and they are shown this time
        self.session.folders = tuple(folders)
        self._load()
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
        self._load()
        return True

    def queued_titles(self, paths: Collection[Path]) -> None:
        """Take the marks off titles that went into the queue."""
        self.view.marks -= set(paths)
        self.take_changes(Changes((), (), is_all=False))

    def run_later(self, command: str) -> None:
        """Run a command where it is valid, the screen or the app, once the present screen is gone."""
        is_mine = Place.ANYWHERE in BY_NAME[command].places
        self.call_later(self.run_action, command if is_mine else f"screen.{command}")

    def copy_path(self, path: Path) -> None:
        """Copy a path to the clipboard of the terminal (OSC 52)."""
        text = os.fsencode(path).decode(errors="replace")
        self.copy_to_clipboard(text)
        lost = "" if text == str(path) else " It has bytes that are no text: they are replaced."
        self.tell(f"The path is in the clipboard, where your terminal allows it.{lost}")


def _folder_of(job: Job) -> Path:
    """Return the folder in which a finished job has changed something."""
    if job.kind is JobKind.UNDO:
        return Path(str(job.result.get("path", job.path))).parent
    return job.output_folder or job.file_path.parent

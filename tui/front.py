"""What screens may ask of the app: news, words for the user, other screens."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from engine.convert.wish import Wish
from engine.library.model import Title
from engine.work.jobs import Job
from engine.work.snapshot import QueueSnapshot
from tui.benching import TARGETS_OWN, Form
from tui.library_view import LibraryView
from tui.session import Session


class Front(Protocol):
    """The app, as its screens see it."""

    session: Session
    """What the app knows."""
    view: LibraryView
    """The library's rows and marks."""
    is_ascii: bool
    """Whether only ASCII is drawn."""

    is_loading: bool
    """Whether only the beginning of the library is there yet."""

    @property
    def ellipsis(self) -> str:
        """The sign of a text that was cut."""

    @property
    def snapshot(self) -> QueueSnapshot:
        """The queue as it was last looked at."""

    def look(self) -> None:
        """Look at the state file now."""

    def tell(self, message: str, *, is_error: bool = False) -> None:
        """Say what cannot be seen on the screen."""

    def call_worker(self) -> None:
        """Start a worker where something waits for one."""

    def scan(self) -> bool:
        """Let the worker look for new, changed and vanished images; False where that was refused, and is told."""

    def open_folders(self, folders: Sequence[Path]) -> None:
        """Keep folders in the settings, show them, and scan them."""

    def save_settings(self, changes: Mapping[str, object]) -> bool:
        """Write changed settings and follow them; return whether that went well."""

    def queued_titles(self, paths: Collection[Path]) -> None:
        """Take the marks off titles that went into the queue."""

    def copy_path(self, path: Path) -> None:
        """Copy a path to the clipboard of the terminal."""

    def go_to(self, path: Path) -> None:
        """Put the library's cursor on a title."""

    def go_home(self) -> None:
        """Go back to the library from whatever lies over it."""

    def run_later(self, command: str) -> None:
        """Run a command once the present screen is gone."""

    def leave(self) -> None:
        """Leave at once, or ask what becomes of the jobs."""

    def show_details(self, path: Path) -> None:
        """Show everything known of a title."""

    def show_plan(self, titles: Sequence[Title], wishes: Mapping[Path, Wish] | None = None) -> None:
        """Show what converting titles will do."""

    def show_tune(self, titles: Sequence[Title], block_size: int | None = None, form: Form = TARGETS_OWN) -> None:
        """Let settings be chosen for titles, beginning with a block size and a container."""

    def show_bench(self, title: Title) -> None:
        """Show what was measured of a title, and measure."""

    def show_queue(self) -> None:
        """Show the queue."""

    def show_log(self, job: Job) -> None:
        """Show what a job said."""

    def show_trash(self) -> None:
        """Show what conversions replaced."""

    def show_settings(self) -> None:
        """Show the settings."""

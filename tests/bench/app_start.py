"""One start of an app, for app.py: writes processor time up to its first frame, and its memory, into a file.

    python tests/bench/app_start.py STATE FILE

STATE is the state folder of discpress, or `-` for a Textual app with one text. Nothing is imported before it is needed.
The memory is the most that the process took until its whole library was read and shown. The delay is the longest one of
a timer from the first frame until then.
"""

import json
import sys
import time
from pathlib import Path

LOOK_S = 0.01
"""Seconds between two looks whether the library was read."""
LOOKS_AFTER = 20
"""Looks after that: all titles are on the screen by then."""


def note_cost(facts: Path, seconds: float, delay_s: float = 0.0) -> None:
    """Write down the processor time of the first frame, the memory of this process so far, and the longest delay."""
    # Not ru_maxrss: that of a new process begins with what its parent takes.
    lines = Path("/proc/self/status").read_text().splitlines()
    most_kib = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    facts.write_text(json.dumps([seconds, most_kib / 1024, delay_s]))


def run_minimal(facts: Path) -> int:
    """Run a Textual app with one text up to its first frame."""
    from textual.app import App, ComposeResult
    from textual.widgets import Static

    class Minimal(App[int]):
        def compose(self) -> ComposeResult:
            yield Static("Library")

        def on_mount(self) -> None:
            self.screen.call_after_refresh(self._end)

        def _end(self) -> None:
            note_cost(facts, time.process_time())
            self.exit(0)

    return Minimal().run(mouse=False) or 0


def run_start(state: Path, facts: Path) -> int:
    """Run the app as `discpress` does, up to the first frame, and until all its titles are there."""
    from discpress.engine.imports import no_collections
    from discpress.tui.terminal.capabilities import prepare_textual

    prepare_textual()
    with no_collections():
        from discpress.tui.app import app as main_app
        from discpress.tui.app.launch import open_app
        from discpress.tui.screens.library import LibraryScreen

    class First(LibraryScreen):
        def on_mount(self) -> None:  # Textual calls that of the base class as well
            self.call_after_refresh(self._end)

        def _end(self) -> None:
            self._seconds, self._delay_s, self._looks = time.process_time(), 0.0, LOOKS_AFTER
            self._wait()

        def _wait(self) -> None:
            self._due = time.monotonic() + LOOK_S
            self.set_timer(LOOK_S, self._wait_for_all)

        def _wait_for_all(self) -> None:
            self._delay_s = max(self._delay_s, time.monotonic() - self._due)
            self._looks -= 0 if self.session.is_loading else 1
            if self._looks:
                self._wait()
                return
            note_cost(facts, self._seconds, self._delay_s)
            self.app.exit(0)

    vars(main_app)["LibraryScreen"] = First
    return open_app([], state=state, target=None, is_ascii=None, is_read_only=False)


if __name__ == "__main__":
    state, facts = sys.argv[1:]
    sys.exit(run_minimal(Path(facts)) if state == "-" else run_start(Path(state), Path(facts)))

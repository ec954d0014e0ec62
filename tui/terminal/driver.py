"""The app on a real terminal: whatever ends it, the terminal is left as it was found.

The only file that leans on what Textual does not promise: its driver and its handling of fatal errors.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import Any, cast

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.driver import Driver
from textual.screen import Screen

from discpress.engine.names import display_name
from discpress.tui.app.app import DiscpressApp
from discpress.tui.terminal.shown_cells import ShownCells

if sys.platform != "win32":
    import termios

CRASH_LOG = "app-crash.log"
_PATIENCE_S = 2.0
"""How long a signalled app may take to leave by itself; a terminal that takes no bytes never lets it."""
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
# Out of the kitty keyboard protocol, bracketed paste, mouse and focus reports; lines wrap, main screen, cursor.
_LEAVE = b"\x1b[<u\x1b[?2004l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1004l\x1b[?7h\x1b[?1049l\x1b[?25h"


def run_on_terminal(app: DiscpressApp) -> int:
    """Run the app and return the exit code: 0, 1 after a fault of ours, 128 + the signal that ended it."""
    crash = _Crash(app)
    _Display(app)
    with _leaving_on_signals(app) as ended_by:
        app.run(mouse=app.terminal.has_mouse)
    if ended_by:
        return 128 + ended_by[0]
    if crash.error is not None:
        print(f"discpress: internal error: {display_name(repr(crash.error))}", file=sys.stderr)
        report = crash.report(app.session.state_folder)
        print(f"  jobs go on in the worker; please report it with {report}", file=sys.stderr)
        return 1
    for line in app.quit_flow.summary:
        print(line)
    return app.return_code or 0


class _Display:
    """Takes the place of Textual's display of updates, which sends whole rows."""

    def __init__(self, app: DiscpressApp) -> None:
        self._app = app
        self._cells = ShownCells(0, 0)
        self._display = app._display
        app._display = self._show  # type: ignore[method-assign]
        app.forget_screen = self._cells.forget
        app.poller.send = self._send
        app.driver_class = _forgetful(app.driver_class, self._cells)

    def _send(self, text: str) -> None:
        if text and self._app._driver is not None:
            self._app._driver.write(text)
            self._app._driver.flush()

    def _show(self, screen: "Screen[Any]", renderable: RenderableType | None) -> None:
        if isinstance(renderable, LayoutUpdate | ChopsUpdate):
            changed = _ChangedRuns(renderable, self._cells, *self._app.size)
            self._display(screen, cast(RenderableType, changed))
        else:
            self._display(screen, renderable)


def _forgetful(base: type[Driver], cells: ShownCells) -> type[Driver]:
    """Return a driver that takes over an empty screen: at the start, and after the app was suspended."""

    class Forgetful(base):  # type: ignore[misc, valid-type]
        def start_application_mode(self) -> None:
            cells.forget()
            super().start_application_mode()

    return Forgetful


class _ChangedRuns(CompositorUpdate):
    """The runs of cells in an update that differ from what the terminal shows, when it is written."""

    def __init__(self, update: LayoutUpdate | ChopsUpdate, cells: ShownCells, width: int, height: int) -> None:
        self._update = update
        self._cells = cells
        self._size = width, height

    def render_segments(self, console: Console) -> str:
        """Return the bytes for the terminal."""
        self._cells.resize(*self._size)
        colours = console._color_system or ColorSystem.TRUECOLOR
        found = cast(Iterator[Segment], self._update.__rich_console__(console, console.options))
        return self._cells.update(found, lambda style: _look_of(style, colours))


@lru_cache(maxsize=1024)
def _look_of(style: Style | None, colours: ColorSystem) -> str:
    """Return the SGR sequence of a style; empty for plain text."""
    return "" if style is None else style.update_link(None).render("\0", color_system=colours).partition("\0")[0]


class _Crash:
    """Takes the place of Textual's printed traceback, which fills the terminal with local variables."""

    def __init__(self, app: DiscpressApp) -> None:
        self.error: BaseException | None = None
        self._app = app
        app._fatal_error = self._take  # type: ignore[method-assign]

    def _take(self) -> None:
        self.error = sys.exc_info()[1] or RuntimeError("unknown")
        self._app._close_messages_no_wait()

    def report(self, folder: Path) -> str:
        """Write what a report needs into the state folder; return the file's name, or all of it if that fails."""
        path = folder / CRASH_LOG
        assert self.error is not None
        text = "".join(traceback.format_exception(self.error))
        try:
            path.write_text(text, encoding="utf-8")
        except OSError:
            return "\n".join(["these lines:", *map(display_name, text.splitlines())])
        return display_name(path)


@contextmanager
def _leaving_on_signals(app: DiscpressApp) -> Iterator[list[int]]:
    """Let SIGINT, SIGTERM and SIGHUP end the app in order, or after 2 s without it; yields what came."""
    ended_by: list[int] = []
    came: SimpleQueue[int] = SimpleQueue()
    is_over = threading.Event()
    # Served to a browser there is no terminal to give back.
    attributes = termios.tcgetattr(0) if sys.platform != "win32" and os.isatty(0) else None

    def force() -> None:
        number = came.get()
        if not is_over.wait(_PATIENCE_S):
            if attributes is not None:
                _restore(attributes)
            os._exit(128 + number)

    def leave(number: int, _frame: FrameType | None) -> None:
        # Runs in the main thread even while that waits for a terminal that takes no bytes, hence the second thread;
        # and in the middle of what that does, hence nothing that takes a lock, as starting a thread would.
        if ended_by:
            return
        ended_by.append(number)
        came.put(number)
        if app._loop is not None:
            with suppress(RuntimeError):  # it is over
                app._loop.call_soon_threadsafe(app.exit)

    threading.Thread(target=force, daemon=True).start()
    before = {number: signal.signal(number, leave) for number in _SIGNALS}
    try:
        yield ended_by
    finally:
        is_over.set()
        came.put(0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _restore(attributes: list[object]) -> None:
    """Give the terminal back without waiting for it."""
    if sys.platform == "win32":
        return  # its console keeps no settings of a program that has ended
    with suppress(termios.error, OSError):
        termios.tcflush(2, termios.TCOFLUSH)
        termios.tcsetattr(0, termios.TCSANOW, attributes)  # type: ignore[arg-type]
        os.set_blocking(2, False)  # the shell shares this setting: it is taken back below
        try:
            os.write(2, _LEAVE)
        finally:
            os.set_blocking(2, True)

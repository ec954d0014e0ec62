"""Output of the command line: text on two streams for people, JSON lines for programs."""

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO, cast

from discpress.engine.cli.output.hints import hint_for
from discpress.engine.errors import DiscpressError
from discpress.engine.names import display_name
from discpress.engine.progress import Progress, RateWindow, Stage
from discpress.engine.states import State
from discpress.engine.units import format_duration, format_percent, format_rate

if TYPE_CHECKING:
    from rich.console import RenderableType

SCHEMA = 1
REFRESH_HZ = 2  # feels live, and costs little over SSH
_LINE_EVERY_S = 10.0  # plain lines are read in logs
_EVENT_EVERY_S = 1.0


class OutputLostError(Exception):
    """The output cannot be written. Not an OSError, because the reported work itself did not fail."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or str(error))


class ReaderGoneError(OutputLostError):
    """The reader of the output went away (`| head`)."""


_ENCODER = json.JSONEncoder(default=str)


class Printer(Protocol):
    """Receives results. Every method raises OutputLostError if they cannot be written, ReaderGoneError if the reader
    went away."""

    is_for_programs: bool
    """Whether only `event` and `error` are of use; else only the texts are, so that no facts need be collected."""

    def event(self, name: str, facts: Mapping[str, object], text: str) -> None:
        """Report a result: `facts` to programs, `text` (lines ready to show) to people."""

    def lines(self, text: str) -> None:
        """Show text for people only, such as a table of results that programs got as events."""

    def fleeting(self, text: str) -> None:
        """Show a state of progress until the next output."""

    def notice(self, message: str, about: Path | None = None) -> None:
        """Report a warning that no result depends on."""

    def error(self, error: DiscpressError, about: Path | None = None, state: State | None = None) -> None:
        """Report a failure and its hint; `state` is that of the title, if it is known."""

    def following(self, progress: Progress, about: Path) -> contextlib.AbstractContextManager[None]:
        """Show a running conversion while the block runs."""


class JsonPrinter:
    """One JSON object a line, on stdout; ASCII, so that any name survives (undecodable bytes as lone surrogates)."""

    is_for_programs = True

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()

    def event(self, name: str, facts: Mapping[str, object], text: str) -> None:
        """Write an event."""
        line = _ENCODER.encode({"schema": SCHEMA, "event": name, **facts})
        with self._lock:
            _write(line, self._stream)

    def lines(self, text: str) -> None:
        """Write nothing."""

    def fleeting(self, text: str) -> None:
        """Write nothing."""

    def notice(self, message: str, about: Path | None = None) -> None:
        """Write an event named `notice`."""
        self.event("notice", {"input": None if about is None else str(about), "message": message}, "")

    def error(self, error: DiscpressError, about: Path | None = None, state: State | None = None) -> None:
        """Write an error event."""
        facts = {
            "input": None if about is None else str(about),
            "code": error.code,
            "exit_code": error.exit_code,
            "message": str(error),
            "hint": hint_for(error, about),
            **({} if state is None else {"state": str(state)}),
        }
        self.event("error", facts, "")

    @contextlib.contextmanager
    def following(self, progress: Progress, about: Path) -> Iterator[None]:
        """Write a progress event a second."""

        def tick() -> None:
            facts = {
                "input": str(about),
                "stage": str(progress.stage),
                "done_bytes": progress.done_bytes,
                "total_bytes": progress.total_bytes,
                "packed_bytes": progress.packed_bytes,
            }
            self.event("progress", facts, "")

        with _ticking(tick, _EVENT_EVERY_S):
            yield


class TextPrinter:
    """Results on stdout, everything else on stderr; a live line if stderr is a terminal."""

    is_for_programs = False

    def __init__(self, *, quiet: bool = False, live: bool | None = None) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty() if live is None else live
        self._has_fleeting = False
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")  # a C locale must not end in a traceback

    def event(self, name: str, facts: Mapping[str, object], text: str) -> None:
        """Print the text of a result."""
        self.lines(text)

    def lines(self, text: str) -> None:
        """Print text."""
        if text and not self._quiet:
            self._clear()
            _write(text, sys.stdout)

    def fleeting(self, text: str) -> None:
        """Print text that the next output replaces, if stderr is a terminal."""
        if self._live and not self._quiet:
            self._clear()
            _say(text, end="")
            self._has_fleeting = True

    def _clear(self) -> None:
        if self._has_fleeting:
            _say("\r\x1b[K", end="")
            self._has_fleeting = False

    def notice(self, message: str, about: Path | None = None) -> None:
        """Print a warning."""
        if not self._quiet:
            self._clear()
            prefix = f"{display_name(about)}: " if about is not None else ""
            _say(f"discpress: note: {prefix}{message}")

    def error(self, error: DiscpressError, about: Path | None = None, state: State | None = None) -> None:
        """Print a failure, also under --quiet."""
        self._clear()
        hint = hint_for(error, about)
        _say(f"discpress: error: {error}" + (f"\n  {hint}" if hint else ""))

    @contextlib.contextmanager
    def following(self, progress: Progress, about: Path) -> Iterator[None]:
        """Show stage, percent, throughput, ratio and ETA."""
        if self._quiet:
            yield
        elif self._live:
            with _live_line(progress, about):
                yield
        else:
            line = _PlainLine(progress, display_name(about))
            with _ticking(line.tick, 1 / REFRESH_HZ):
                yield


def _write(text: str, stream: TextIO) -> None:
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError as error:
        raise ReaderGoneError(error) from error
    except OSError as error:
        raise OutputLostError(error) from error


def _say(text: str, end: str = "\n") -> None:
    """Write to stderr; a full disk or a closed terminal there must not stop the work."""
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except BrokenPipeError as error:
        raise ReaderGoneError(error) from error
    except OSError:
        pass


class _PlainLine:
    """A line at each stage and every ten seconds, for logs and pipes."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._name = name
        self._window = RateWindow()
        self._stage: Stage | None = None
        self._quiet_ticks = 0

    def tick(self) -> None:
        self._quiet_ticks += 1
        stage = self._progress.stage
        due = self._quiet_ticks >= _LINE_EVERY_S * REFRESH_HZ
        facts = describe(self._progress, self._window)
        if stage in {Stage.PREPARING, Stage.DONE} or (stage is self._stage and not due):
            return
        _say(f"{self._name}: {stage}" + (f": {', '.join(facts)}" if due else ""))
        self._stage, self._quiet_ticks = stage, 0


def describe(progress: Progress, window: RateWindow) -> list[str]:
    """Return percent, throughput, ratio and ETA as words; unknown ones are left out."""
    rate, *_ = window.rates(time.monotonic(), progress.done_bytes) or (0.0,)
    words = [format_percent(progress.done_bytes, progress.total_bytes)]
    words += [format_rate(rate)] if rate else []
    if progress.ratio is not None:
        words.append(f"ratio {progress.ratio:.3f}")
    if rate:
        words.append(f"ETA {format_duration((progress.total_bytes - progress.done_bytes) / rate)}")
    return words


class _Screen:
    """A terminal that may go away; output to it is then dropped without an error."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def _live_line(progress: Progress, about: Path) -> Iterator[None]:
    from rich.console import Console  # noqa: PLC0415 - 60 ms that pipes and JSON need not pay
    from rich.live import Live  # noqa: PLC0415
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    window = RateWindow()

    def render() -> "RenderableType":
        table = Table.grid(padding=(0, 1))
        table.add_row(Text(display_name(about.name), no_wrap=True, overflow="ellipsis"))
        row = Table.grid(padding=(0, 1))
        row.add_row(
            Text(f"{progress.stage:<9}"),
            ProgressBar(max(1, progress.total_bytes), progress.done_bytes, width=20),
            Text("  ".join(describe(progress, window)), no_wrap=True, overflow="crop"),
        )
        table.add_row(row)
        return table

    screen = cast(TextIO, _Screen(sys.stderr))
    console = Console(file=screen, markup=False, highlight=False, emoji=False)
    with Live(console=console, get_renderable=render, refresh_per_second=REFRESH_HZ, transient=True):
        yield


@contextlib.contextmanager
def _ticking(tick: Callable[[], None], every_s: float) -> Iterator[None]:
    done = threading.Event()

    def run() -> None:
        with contextlib.suppress(OutputLostError):  # the next result reports it
            while not done.wait(every_s):
                tick()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()

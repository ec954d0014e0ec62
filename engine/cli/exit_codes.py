"""The exit code of a command on several files."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from discpress.engine.cli.output.printers import Printer
from discpress.engine.errors import CancelledError, DiscpressError
from discpress.engine.states import State


def joined_exit_code(exit_codes: Iterable[int]) -> int:
    """Return 0 without failures, the exit code of the failures if they agree, else 1."""
    failures = {*exit_codes} - {0}
    return 1 if len(failures) > 1 else next(iter(failures), 0)


class Failures:
    """The failures of a command: each is reported, and counts for the exit code."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._exit_codes: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._exit_codes)

    @property
    def exit_code(self) -> int:
        """The exit code of the command, as far as it has come."""
        return joined_exit_code(self._exit_codes)

    def add(self, path: Path | None, error: DiscpressError, state: State | None = None) -> None:
        """Report what failed at a path; `state` is that of the title, if it is known."""
        self.count(error.exit_code)
        self._printer.error(error, path, state)

    @contextmanager
    def reporting(self, path: Path) -> Iterator[None]:
        """Report the error that ends this block, and go on after it; a request to stop is raised."""
        try:
            yield
        except CancelledError:
            raise
        except DiscpressError as error:
            self.add(path, error)

    def count(self, exit_code: int) -> None:
        """Take the exit code of what is reported elsewhere; 0 is no failure."""
        self._exit_codes.add(exit_code)

"""Writes that the thread which hands out offsets leaves to other threads."""

from collections.abc import Iterator
from contextlib import contextmanager

from discpress.engine.images.layout import Output
from discpress.engine.system.files import Readable


class DeferredOutput:
    """An output that lists the writes of one thread while they are deferred, and makes all others at once."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._deferred: list[tuple[int, Readable]] | None = None

    @contextmanager
    def deferring(self, writes: list[tuple[int, Readable]]) -> Iterator[None]:
        """Append offset and bytes of each write in this context to a list."""
        self._deferred = writes
        try:
            yield
        finally:
            self._deferred = None

    def write_at(self, offset: int, data: Readable) -> None:
        """Write or defer bytes, see `Output`; those that are deferred must stay as they are until they are written."""
        if self._deferred is None:
            self._output.write_at(offset, data)
        else:
            self._deferred.append((offset, data))

    def write_all(self, writes: list[tuple[int, Readable]]) -> None:
        """Make deferred writes, in any thread."""
        for offset, data in writes:
            self._output.write_at(offset, data)

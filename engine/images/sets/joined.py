"""Pieces of known lengths that are one range of bytes together, one after the other."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

from discpress.engine.system.files import Writable

PieceT = TypeVar("PieceT")


class Joined(Generic[PieceT]):
    """Pieces in their order; any number of threads may use them at once."""

    def __init__(self, pieces: Sequence[PieceT], lengths: Iterable[int]) -> None:
        """Take the pieces and their lengths, in bytes."""
        self._pieces = pieces
        self._borders = [0, *accumulate(lengths)]
        self.size = self._borders[-1]
        """Bytes of all pieces."""

    def cut(self, offset: int, view: memoryview) -> Iterator[tuple[PieceT, int, memoryview]]:
        """Cut bytes from `offset` on where a piece ends: yield each piece, the offset in it, and its bytes.

        IndexError if the pieces end before the bytes.
        """
        done = 0
        while done < len(view):
            number = bisect_right(self._borders, offset + done) - 1
            part = view[done : self._borders[number + 1] - offset]
            yield self._pieces[number], offset + done - self._borders[number], part
            done += len(part)

    def read_into(self, buffer: Writable, offset: int, read: Callable[[PieceT, memoryview, int], int]) -> int:
        """Fill `buffer` from `offset` on and return the number of bytes: fewer at the end, or if a piece has fewer.

        `read` fills a view from an offset in a piece on, and returns the number of bytes.
        """
        done = 0
        for piece, at, part in self.cut(offset, memoryview(buffer)[: max(0, self.size - offset)]):
            count = read(piece, part, at)
            done += count
            if count < len(part):
                break
        return done

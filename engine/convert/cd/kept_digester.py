"""Digests of the files of a disc, from its decoded bytes and the description that its CHD keeps of them."""

import hashlib
from collections.abc import Iterator

from discpress.engine.images.cd.kept.entry import FilePart, KeptFile, KeptFiles, PartKind
from discpress.engine.system.files import Readable


class KeptDigester:
    """Computes the SHA-1 of each file from the decoded bytes of its disc, which arrive in order; for one thread."""

    def __init__(self, kept: KeptFiles) -> None:
        self._files = [_FileDigester(file) for file in kept.files]
        self._position = 0

    def update(self, sectors: Readable) -> None:
        """Digest the next decoded bytes: an even number."""
        view = memoryview(sectors)
        for file in self._files:
            file.take(view, self._position)
        self._position += len(view)

    def finish(self) -> tuple[str, ...]:
        """Return the digests of all files as lower-case hex; empty for a file that does not follow the disc's order."""
        return tuple(file.finish() for file in self._files)


class _FileDigester:
    """The digest of one file."""

    def __init__(self, file: KeptFile) -> None:
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._parts: Iterator[FilePart] = iter(file.parts)
        self._part: FilePart | None = None
        self._done = 0
        """Digested bytes of the present part."""
        self._is_in_order = True
        self._next()

    def _next(self) -> None:
        """Go to the next part that is on the disc; digest those before it."""
        self._part, self._done = next(self._parts, None), 0
        while self._part is not None and not self._part.is_of_disc:
            self._sha1.update(self._part.data or bytes(self._part.length))
            self._part = next(self._parts, None)

    def take(self, view: memoryview, position: int) -> None:
        """Digest what decoded bytes from a position of the disc on contribute."""
        while self._part is not None and self._is_in_order:
            start = self._part.start + self._done - position
            if start >= len(view):
                return
            if start < 0:
                self._is_in_order = False
                return
            piece = view[start : start + self._part.length - self._done]
            self._sha1.update(_exchanged(piece) if self._part.kind is PartKind.SWAPPED else piece)
            self._done += len(piece)
            if self._done == self._part.length:
                self._next()

    def finish(self) -> str:
        return self._sha1.hexdigest() if self._is_in_order and self._part is None else ""


def _exchanged(piece: memoryview) -> bytearray:
    samples = bytearray(piece)
    samples[::2], samples[1::2] = samples[1::2], samples[::2]
    return samples

"""Digests of the files of a disc, from its decoded bytes and the description that its CHD keeps of them."""

import hashlib
from collections.abc import Iterator, Sequence

from discpress.engine.images.cd.kept.entry import FilePart, KeptFile, KeptFiles, PartKind
from discpress.engine.images.cd.tracks import Track
from discpress.engine.system.files import Readable


class KeptDigester:
    """Computes the SHA-1 of each file from the decoded bytes of its disc, which arrive in order; for one thread."""

    def __init__(self, kept: KeptFiles, tracks: Sequence[Track]) -> None:
        """Take the files of a disc and its tracks: the digest of a file that is one track is not computed twice."""
        spans: dict[tuple[int, int] | None, int] = {
            (track.start, track.stored_bytes): number for number, track in enumerate(tracks)
        }
        self._tracks = [spans.get(_span(file), -1) for file in kept.files]
        self._files = [_FileDigester(file) for file in kept.files]
        self._read = [each for each, track in zip(self._files, self._tracks, strict=True) if track < 0]
        self._position = 0

    def update(self, sectors: Readable) -> None:
        """Digest the next decoded bytes: an even number."""
        view = memoryview(sectors)
        for file in self._read:
            file.take(view, self._position)
        self._position += len(view)

    def finish(self, track_sha1s: Sequence[str]) -> tuple[str, ...]:
        """Return the digests of all files as lower-case hex, from those of the tracks as well.

        That of a file that does not follow the order of the disc is empty.
        """
        pairs = zip(self._files, self._tracks, strict=True)
        return tuple(file.finish() if track < 0 else track_sha1s[track] for file, track in pairs)


def _span(file: KeptFile) -> tuple[int, int] | None:
    """Return start and length of a file that is one slice of the disc; None for any other."""
    is_slice = len(file.parts) == 1 and file.parts[0].kind is PartKind.DISC
    return (file.parts[0].start, file.parts[0].length) if is_slice else None


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

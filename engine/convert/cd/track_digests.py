"""Digests of the tracks of a CD, each of the bytes that a dump with one file a track has, its stored pregap included.

DAT files of Redump list them, whatever container the tracks are in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from discpress.engine.convert.digests import Digester, DigestSet
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.tracks import Track
from discpress.engine.images.image import Image
from discpress.engine.system.files import Readable

TRACK_KINDS = ("sha1",)
"""Digests of each track in addition to crc32 and XXH3-128."""


@dataclass(frozen=True, slots=True)
class TrackDigests:
    """The digests of one track."""

    track: Track
    """The track."""
    digests: DigestSet
    """The digests of its stored sectors."""


class TrackDigester:
    """Computes the digests of each track from the decoded bytes of a disc, which arrive in order; for one thread."""

    def __init__(self, tracks: Sequence[Track], wanted: tuple[str, ...] = ()) -> None:
        self._digesters = [(track, Digester(tuple({*TRACK_KINDS, *wanted}))) for track in tracks]
        self._position = 0
        self._at = 0

    @classmethod
    def of(cls, image: Image, wanted: tuple[str, ...] = ()) -> "TrackDigester":
        """Return the digester of an image; without tracks it computes nothing."""
        return cls(image.tracks if isinstance(image, CdImage) else (), wanted)

    def update(self, data: Readable) -> None:
        """Digest the next decoded bytes."""
        view = memoryview(data)
        while view and self._at < len(self._digesters):
            track, digester = self._digesters[self._at]
            piece = view[: track.end - self._position]
            digester.update(piece)
            self._position += len(piece)
            view = view[len(piece) :]
            if self._position == track.end:
                self._at += 1

    def finish(self) -> tuple[TrackDigests, ...]:
        """Return the digests of all tracks."""
        return tuple(TrackDigests(track, digester.finish()) for track, digester in self._digesters)

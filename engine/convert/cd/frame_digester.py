"""Digests of a disc, its tracks and its frames, while the frames are packed for a CHD."""

from dataclasses import replace

from discpress.engine.convert.cd.track_digests import TrackDigester
from discpress.engine.convert.digests import Digester, DigestSet
from discpress.engine.images.chd.cd.disc_frames import DiscFrames
from discpress.engine.system.files import Readable


class FrameDigester(Digester):
    """Computes the digests of a disc and of its tracks from the frames of its CHD, and the SHA-1 of the frames."""

    def __init__(self, wanted: tuple[str, ...], frames: DiscFrames) -> None:
        super().__init__(wanted)
        self._disc_bytes = frames.disc_bytes
        self._frames = Digester(("sha1",))
        self._tracks = TrackDigester(frames.disc.tracks, wanted)

    def update(self, data: Readable) -> None:
        """Digest the next whole frames."""
        start = self._frames.size_bytes
        self._frames.update(data)
        sectors = self._disc_bytes(memoryview(data), start)
        super().update(sectors)
        self._tracks.update(sectors)

    @property
    def crc32(self) -> int:
        """The crc32 of all frames so far."""
        return self._frames.crc32

    def finish(self) -> DigestSet:
        """Return the digests of all sectors so far, with those of the tracks and of the frames."""
        tracks = tuple(each.digests for each in self._tracks.finish())
        return replace(super().finish(), files=tracks, stored=self._frames.finish().values)

"""Digests of a disc, its tracks and its frames, while the frames are packed for a CHD."""

from dataclasses import replace

from discpress.engine.codecs.cd.frames import FRAME_BYTES
from discpress.engine.convert.cd.kept_digester import KeptDigester
from discpress.engine.convert.cd.track_digests import TrackDigester
from discpress.engine.convert.digests import CHANGED_HINT, Digester, DigestSet, Step
from discpress.engine.errors import VerifyError
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.kept.entry import KEPT_SHA1S, KeptFiles
from discpress.engine.images.cd.kept.reading import kept_in
from discpress.engine.images.chd.cd.disc_frames import DiscFrames
from discpress.engine.images.chd.cd.frames import ChdFrames
from discpress.engine.images.chd.cd.places import parts_of
from discpress.engine.images.image import Image
from discpress.engine.system.files import Readable


class FrameDigester(Digester):
    """Computes the digests of a disc and of its tracks from the frames of its CHD, and the SHA-1 of the frames."""

    def __init__(self, wanted: tuple[str, ...], frames: DiscFrames) -> None:
        super().__init__(wanted)
        self._disc_bytes = frames.disc_bytes
        self._position = 0
        self._frames = Digester(("sha1",))
        self._tracks = TrackDigester(frames.disc.tracks, wanted)
        self._files = None if frames.kept is None else KeptDigester(frames.kept, frames.disc.tracks)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The parts of `update`, see `Digester.steps`; each takes whole frames."""
        return (*self._frames.steps, self._take_sectors)

    def sum_up(self, offset: int, data: Readable) -> None:
        """Compute the crc32 of frames in advance, see `Digester.sum_up`."""
        self._frames.sum_up(offset, data)

    def _take_sectors(self, frames: Readable) -> None:
        sectors = self._disc_bytes(memoryview(frames), self._position)
        self._position += len(frames)
        for step in super().steps:
            step(sectors)
        self._tracks.update(sectors)
        if self._files is not None:
            self._files.update(sectors)

    @property
    def crc32(self) -> int:
        """The crc32 of all frames so far."""
        return self._frames.crc32

    def finish(self) -> DigestSet:
        """Return the digests of all sectors so far, with those of the tracks, of the frames and of the kept files."""
        tracks = tuple(each.digests for each in self._tracks.finish())
        sha1s = [each.values["sha1"] for each in tracks]
        kept = {} if self._files is None else {KEPT_SHA1S: ",".join(self._files.finish(sha1s))}
        return replace(super().finish(), files=tracks, stored={**self._frames.finish().values, **kept})


def check_frames(name: str, image: Image, frames: DiscFrames) -> None:
    """Raise VerifyError unless a reader finds in a written CHD the tracks and the kept files of its disc.

    `name` is its name for messages. Equal frames under equal tracks are equal sectors, so only the frames are left.
    """
    found = image.stored_form
    if not isinstance(found, ChdFrames) or found.tracks != frames.stored_tracks or image.size != frames.disc.size:
        raise VerifyError(f"{name}: a reader finds other tracks in it than the source has", hint=CHANGED_HINT)
    _check_kept_files(name, image, frames.kept)


def tracks_at(frames: DiscFrames, offset: int, length: int) -> str:
    """Describe the place of a chunk of frames by its tracks."""
    end = -(-(offset + length) // FRAME_BYTES)
    numbers = [each.track.number for each, _, _ in parts_of(frames.stored_tracks, offset // FRAME_BYTES, end)]
    if len(numbers) > 1:
        return f"tracks {numbers[0]} to {numbers[-1]}"
    return f"track {numbers[0]}" if numbers else "padding"


def _check_kept_files(name: str, image: Image, kept: KeptFiles | None) -> None:
    if kept is not None and isinstance(image, CdImage) and _plain(kept_in(image).files) != _plain(kept):
        raise VerifyError(
            f"{name}: the entry with the files of the disc differs when read back",
            hint=CHANGED_HINT,
        )


def _plain(kept: KeptFiles | None) -> object:
    """Return files without their digests."""
    return None if kept is None else [(file.name, file.parts) for file in kept.files]

"""The proof of a CHD of a CD: its frames chunk by chunk, and its tracks as a reader finds them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_cds import MadeDisc, write_cue

from discpress.engine.codecs.cd.frames import FRAME_BYTES
from discpress.engine.convert.conversion import convert
from discpress.engine.convert.digests import ChunkDigests, DigestSet
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.convert.preflight import settle_output
from discpress.engine.convert.verify import prove_image
from discpress.engine.errors import VerifyError
from discpress.engine.formats import ImageFormat, Method
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.chd.cd.disc_frames import DiscFrames, frames_of
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest

DISC = MadeDisc().add("MODE2/2352", 40).add("AUDIO", 30, pregap=5).add("AUDIO", 9, silent_pregap=75, postgap=3)


@pytest.fixture
def written(tmp_path: Path) -> Iterator[tuple[Image, DiscFrames, ChunkDigests, DigestSet]]:
    """A CHD of a disc with what a proof compares it with: chunks of eight frames."""
    sheet = write_cue(tmp_path / "a.cue", DISC)
    request = ConversionRequest(ImageFormat.CHD, level=1, methods=(Method.CDZL,), target="any", accept_incomplete=True)
    plan = settle_output(plan_conversion(sheet, None, None, request))
    digests = convert(plan, threads=1, control=Control(), progress=Progress()).digests
    with open_image(sheet) as disc, open_image(tmp_path / "a.chd") as image:
        assert isinstance(disc, CdImage)
        frames = frames_of(disc)
        chunks = ChunkDigests(frames.size, 8 * FRAME_BYTES)
        for number in range(chunks.chunks):
            chunks.take(number, frames.read_at(number * chunks.chunk_bytes, chunks.chunk_bytes))
        yield image, frames, chunks, digests


def prove(image: Image, frames: DiscFrames, chunks: ChunkDigests, digests: DigestSet) -> None:
    prove_image(image, chunks, digests, frames, 1, Control(), Progress(), name="a.chd")


def test_the_track_of_a_wrong_chunk_is_named(written: tuple[Image, DiscFrames, ChunkDigests, DigestSet]) -> None:
    image, frames, chunks, digests = written
    prove(image, frames, chunks, digests)
    chunk = frames.stored_tracks[1].first_frame // 8 + 1
    chunks.take(chunk, b"other bytes")
    with pytest.raises(VerifyError, match=rf"a\.chd: chunk {chunk + 1} of {chunks.chunks} of .*: track 2$"):
        prove(image, frames, chunks, digests)


def test_a_chd_with_other_tracks_is_refused(written: tuple[Image, DiscFrames, ChunkDigests, DigestSet]) -> None:
    image, frames, chunks, digests = written
    frames.stored_tracks = frames.stored_tracks[:2]
    with pytest.raises(VerifyError, match="a reader finds other tracks"):
        prove(image, frames, chunks, digests)

"""A conversion of a CD to a CHD that is stopped goes on where it was, and writes the same bytes."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from checkpoint_runs import Keeper, SuspendAt
from disc_files import files_in
from fault_injection import at_chunk, flip_byte
from made_cds import MadeDisc, write_split_cue

from discpress.engine.codecs.blocks import Codec
from discpress.engine.convert.conversion import Conversion, convert
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.convert.preflight import settle_output
from discpress.engine.errors import CancelledError, SuspendedError, VerifyError
from discpress.engine.formats import ImageFormat, Method
from discpress.engine.images.registry import codec_of
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest

JOB = "queue 1 1 1000.0"
FAST = ConversionRequest(ImageFormat.CHD, level=1, methods=(Method.CDZL,), target="any", accept_incomplete=True)


@cache
def disc() -> MadeDisc:
    """Four chunks of 424 frames."""
    return MadeDisc().add("MODE1/2352", 700).add("AUDIO", 500, pregap=75).add("MODE2/2352", 100)


def run(folder: Path, control: Control | None = None, keeper: Keeper | None = None) -> Conversion:
    plan = settle_output(plan_conversion(folder / "Sky.cue", None, None, FAST))
    return convert(
        plan, threads=2, control=control or Control(), progress=Progress(), job=JOB, checkpoint_store=keeper or Keeper()
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_split_cue(tmp_path / "Sky.cue", disc())
    return tmp_path


@pytest.mark.slow
def test_one_that_is_stopped_again_and_again_is_identical(folder: Path) -> None:
    calm = run(folder)
    expected = calm.plan.output_path.read_bytes()
    calm.plan.output_path.unlink()
    keeper = Keeper()
    for border in (1, 3, 5):
        with pytest.raises(SuspendedError):
            run(folder, SuspendAt(border), keeper)
        assert keeper.kept is not None
    done = run(folder, None, keeper)
    assert done.plan.output_path.read_bytes() == expected
    assert (done.digests, done.digests.files) == (calm.digests, calm.digests.files)


@pytest.mark.slow
def test_a_checkpoint_of_other_bytes_is_not_trusted(folder: Path) -> None:
    keeper = Keeper()
    with pytest.raises(SuspendedError):
        run(folder, SuspendAt(2), keeper)
    assert keeper.kept is not None
    flip_byte(folder / "Sky (Track 1).bin", 5000)
    assert run(folder, None, keeper).is_verified


def test_a_cancelled_one_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files_in(folder)
    control = Control()
    at_chunk(monkeypatch, 1, control.cancel)
    with pytest.raises(CancelledError):
        run(folder, control)
    assert files_in(folder) == before


def test_frames_that_were_packed_otherwise_than_read_are_found_by_the_proof(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_in(folder)
    codec = type(codec_of(settle_output(plan_conversion(folder / "Sky.cue", None, None, FAST)).settings))
    real = codec.pack

    def pack(self: Codec, chunk: memoryview, *arguments: Any) -> int:
        chunk[100] ^= 1
        return real(self, chunk, *arguments)

    monkeypatch.setattr(codec, "pack", pack)
    with pytest.raises(VerifyError):
        run(folder)
    assert files_in(folder) == before

"""A source that changes is noticed at the next chunk border, and looking there costs next to nothing."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import fault_injection as faults
import pytest
from command_line import write_old
from sample_images import mixed

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.convert import packing
from discpress.engine.convert.pipeline import Slot
from discpress.engine.convert.running.source_watch import SHARE, SourceWatch
from discpress.engine.errors import SourceChangedError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.image import Image

CHUNKS = 40
SLOTS = 4
"""Two threads and two more: so many chunks are on their way when a change comes."""


@pytest.fixture(scope="module")
def source() -> bytes:
    return mixed(CHUNKS * CHUNK_BYTES, seed=55)


@pytest.fixture
def source_path(source: bytes, tmp_path: Path) -> Path:
    return write_old(tmp_path / "game.iso", source)


class Clock:
    """A clock that only goes on where the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def touch(path: Path) -> None:
    os.utime(path, (1, 1))


def put_copy_in_place(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


CHANGES: dict[str, Callable[[Path], None]] = {
    "written": touch,
    "replaced": put_copy_in_place,
    "gone": Path.unlink,
    "other bits": lambda path: path.chmod(0o600),
}


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    read: list[int] = []
    real: Callable[[Image, Slot], None] = vars(packing)["read_chunk"]

    def read_chunk(image: Image, slot: Slot) -> None:
        read.append(slot.number)
        real(image, slot)

    monkeypatch.setattr(packing, "read_chunk", read_chunk)
    return read


@pytest.mark.slow
@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("image_format", [ImageFormat.ZSO, ImageFormat.CHD])
def test_a_change_stops_the_work_at_the_next_border(
    image_format: ImageFormat, kind: str, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discpress.engine.convert.running.source_watch.SHARE", 0)  # whatever else this machine does
    read = count_reads(monkeypatch)
    faults.at_chunk(monkeypatch, 3, lambda: CHANGES[kind](source_path))
    with pytest.raises(SourceChangedError, match="no result was written"):
        faults.run_conversion(source_path, format=image_format)
    assert len(read) <= 3 + 1 + SLOTS
    assert set(faults.names_in(tmp_path)) <= {"game.iso"}


@pytest.mark.slow
def test_an_unpacking_stops_too(source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("discpress.engine.convert.running.source_watch.SHARE", 0)
    packed_path = faults.run_conversion(source_path).plan.output_path
    read = count_reads(monkeypatch)
    faults.at_chunk(monkeypatch, 3, lambda: touch(packed_path))
    with pytest.raises(SourceChangedError):
        faults.run_conversion(packed_path, tmp_path / "again.iso", format=ImageFormat.ISO)
    assert len(read) <= 3 + 1 + SLOTS


@pytest.mark.slow
def test_a_share_that_does_not_answer_for_a_moment_is_asked_again(
    source_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, answers = Path.stat, iter([errno.EIO, errno.ETIMEDOUT])

    def stat(path: Path, **options: bool) -> os.stat_result:
        if path == source_path and is_packing and (number := next(answers, 0)):
            raise OSError(number, os.strerror(number))
        return real(path, **options)

    is_packing: list[bool] = []
    monkeypatch.setattr("discpress.engine.convert.running.source_watch.SHARE", 0)
    monkeypatch.setattr(Path, "stat", stat)
    faults.at_chunk(monkeypatch, 3, lambda: is_packing.append(True))
    assert faults.run_conversion(source_path).is_verified
    assert next(answers, 0) == 0


@pytest.mark.slow
def test_each_chunk_has_one_look_at_most(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[None] = []
    real = packing.ConversionRun.check_source

    def check_source(run: packing.ConversionRun, *words: str) -> None:
        looks.append(None)
        real(run, *words)

    monkeypatch.setattr(packing.ConversionRun, "check_source", check_source)
    faults.run_conversion(source_path)
    beside_chunks = 4  # before the first read, after the last, before it is sealed, before it is published
    assert beside_chunks < len(looks) <= beside_chunks + CHUNKS


def watch(clock: Clock, look_s: float) -> tuple[SourceWatch, list[float]]:
    """Return a watch whose looks take so long, and the times of them."""
    looks: list[float] = []

    def check() -> None:
        looks.append(clock.now)
        clock.now += look_s

    return SourceWatch(check, clock), looks


def test_a_look_that_takes_no_time_is_taken_at_every_border() -> None:
    clock = Clock()
    watching, looks = watch(clock, 0)
    for _ in range(100):
        watching.look()
    assert len(looks) == 100


@pytest.mark.parametrize("look_s", [0.0001, 0.01, 0.5])
def test_a_slow_share_spends_no_more_than_its_share_on_looks(look_s: float) -> None:
    clock = Clock()
    watching, looks = watch(clock, look_s)
    for _ in range(10_000):
        clock.now += 0.01
        watching.look()
    assert 1 < len(looks) <= 1 + clock.now / (look_s * SHARE)


def test_a_look_is_due_again_after_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    watching, looks = watch(clock, 1.0)
    for clock.now in (0.0, 1.0 + SHARE - 0.1, 1.0 + SHARE):
        watching.look()
    assert looks == [0.0, 1.0 + SHARE]


def test_what_a_look_finds_is_raised() -> None:
    def check() -> None:
        raise SourceChangedError("it changed")

    with pytest.raises(SourceChangedError):
        SourceWatch(check, Clock()).look()

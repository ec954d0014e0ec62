"""The speeds of a machine: reading takes known times, and packing ends after a second."""

from pathlib import Path
from random import Random

import pytest
from sample_images import mixed, pack, write_image
from seek_desk import SlowSource, StepClock

from discpress.engine.errors import CancelledError, UsageError
from discpress.engine.formats import ImageFormat, Method, Settings
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image
from discpress.engine.images.plain.image import PlainImage
from discpress.engine.measure.metering import FilesCache
from discpress.engine.measure.speeds import SAMPLE_BYTES, Measured, measure_speeds
from discpress.engine.units import MIB

ZSO = Settings(ImageFormat.ZSO, 2048, 1)
LZMA = Settings(ImageFormat.CHD, 4096, 9, methods=(Method.LZMA,))


def measured(image: Image, settings: Settings = ZSO, threads: int = 2) -> Measured:
    return measure_speeds(image, settings, FilesCache(image.source), "pc", threads=threads, random=Random(1))


def test_reading_is_the_rate_of_the_share() -> None:
    clock = StepClock()
    source = SlowSource(clock, 64 * MIB, [0.25])  # a read of 1 MiB takes 0.25 s
    found = measure_speeds(PlainImage(source), ZSO, source, "pc", threads=1, random=Random(1), clock=clock)
    assert found.speeds.read_rate == found.speeds.write_rate == pytest.approx(4 * MIB)
    assert (source.forgotten, sum(length for _, length in source.reads)) == (1, SAMPLE_BYTES)


@pytest.mark.parametrize("settings", [ZSO, Settings(ImageFormat.CSO, 16384, 9), LZMA], ids=lambda each: each.form)
def test_a_real_title_has_all_speeds(tmp_path: Path, settings: Settings) -> None:
    with open_image(write_image(tmp_path / "a.iso", mixed(3 * MIB + 2048))) as image:
        found = measured(image, settings)
    assert found.speeds.machine == "pc"
    assert found.speeds.decode_rate > 0
    assert 0 < found.packed_share < 1


def test_packing_ends_when_its_time_is_over(tmp_path: Path) -> None:
    clock = StepClock()
    looks = 0

    def late() -> float:
        nonlocal looks
        looks += 1
        clock.now += 2.0 if looks > 3 else 0.0  # reading was timed by two looks, and packing has begun
        return clock.now

    with open_image(write_image(tmp_path / "a.iso", mixed(4 * MIB))) as image:
        found = measure_speeds(image, ZSO, FilesCache(image.source), "pc", threads=2, random=Random(1), clock=late)
    assert found.speeds.pack_rate == 2 * MIB / 4  # one chunk for each thread, until two looks later


def test_the_source_of_a_packed_title_is_measured_in_stored_bytes(tmp_path: Path) -> None:
    with open_image(pack(tmp_path / "a.zso", mixed(2 * MIB))) as image:
        clock = StepClock()
        source = SlowSource(clock, 1, [0.0])
        found = measure_speeds(image, ZSO, source, "pc", threads=1, random=Random(1), clock=lambda: tick(clock))
    assert found.speeds.read_rate == image.stored_bytes  # in the second of one stretch


def tick(clock: StepClock) -> float:
    """A second passes between two looks."""
    clock.now += 1.0
    return clock.now


def test_an_iso_is_no_way_to_pack(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.iso", mixed(MIB))
    with open_image(path) as image, pytest.raises(UsageError, match="ISO"):
        measured(image, Settings(ImageFormat.ISO))


def test_it_can_be_stopped(tmp_path: Path) -> None:
    def stop() -> None:
        raise CancelledError

    with open_image(write_image(tmp_path / "a.iso", mixed(MIB))) as image, pytest.raises(CancelledError):
        measure_speeds(image, ZSO, FilesCache(image.source), "pc", threads=1, random=Random(1), check=stop)

"""Throughput: rates of known times, the limit, the prediction; and a real title."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_images import mixed, pack, write_image
from seek_desk import MemoryScratch, SlowSource, StepClock

from discpress.engine.errors import CancelledError, UsageError
from discpress.engine.formats import CD_HUNK_SIZE, ImageFormat, Settings
from discpress.engine.images.open import open_image, open_source
from discpress.engine.images.plain.image import PlainImage
from discpress.engine.measure.throughput import (
    Limit,
    ReadSample,
    ThroughputFigures,
    _stretches,
    measure_throughput,
    read_sample,
)
from discpress.engine.units import MIB

ZSO = Settings(ImageFormat.ZSO, 2048, 1)
KNOWN = ThroughputFigures(ZSO, 2, 100 * MIB, 10 * MIB, 5 * MIB, 1.0, 0.25, 0.5, 0.125, True, True)
PACKS_SLOWLY, WRITES_SLOWLY = replace(KNOWN, pack_s=2.0), replace(KNOWN, write_s=3.0)


def test_rates_are_bytes_of_the_image_a_second() -> None:
    rates = [KNOWN.read_rate, KNOWN.pack_rate, KNOWN.write_rate, KNOWN.proof_rate]
    assert rates == [10 * MIB, 40 * MIB, 20 * MIB, 80 * MIB]
    assert KNOWN.disk_write_rate == 10 * MIB


@pytest.mark.parametrize(
    ("figures", "limit"),
    [(KNOWN, Limit.READING), (PACKS_SLOWLY, Limit.PACKING), (WRITES_SLOWLY, Limit.WRITING)],
)
def test_the_slowest_stage_is_the_limit(figures: ThroughputFigures, limit: Limit) -> None:
    assert figures.limit is limit


@pytest.mark.parametrize(("figures", "seconds"), [(KNOWN, 11.25), (PACKS_SLOWLY, 26.25), (WRITES_SLOWLY, 31.25)])
def test_the_whole_title_takes_the_slowest_stage_and_the_proof(figures: ThroughputFigures, seconds: float) -> None:
    assert figures.conversion_s == seconds


@given(
    st.integers(1, 4000 * MIB),
    st.integers(MIB, 64 * MIB),
    st.floats(0, 1, exclude_max=True),
    st.sampled_from([MIB, 54 * CD_HUNK_SIZE]),
)
def test_stretches_lie_within_the_image_in_order(
    image_bytes: int, sample_bytes: int, position: float, step: int
) -> None:
    found = _stretches(image_bytes, sample_bytes, position, step)
    ends = [offset + length for offset, length in found]
    assert all(length > 0 for _, length in found)
    assert ends[-1] <= image_bytes
    assert all(offset % step == 0 for offset, _ in found)
    assert all(end <= after.offset for end, after in zip(ends, found[1:], strict=False))


def test_reading_is_timed_and_dropped_from_memory_first() -> None:
    clock = StepClock()
    source = SlowSource(clock, 8 * MIB, [0.25])
    sample = read_sample(PlainImage(source), source, random=Random(1), threads=1, sample_bytes=4 * MIB, clock=clock)
    assert (source.forgotten, sample.read_s, sample.bytes, sample.is_cold) == (1, 1.0, 4 * MIB, True)


@pytest.mark.parametrize("pages", [None, 3])
def test_it_is_not_called_cold_where_something_was_in_memory(pages: int | None) -> None:
    clock = StepClock()
    source = SlowSource(clock, MIB, [0.25])
    source.resident_pages = pages
    assert not read_sample(PlainImage(source), source, random=Random(1), threads=1, clock=clock).is_cold


def sample_of(data: bytes) -> ReadSample:
    chunks = tuple(bytearray(data[start : start + MIB]) for start in range(0, len(data), MIB))
    return ReadSample(len(data), chunks, 1.0, is_cold=True)


@pytest.mark.parametrize("image_format", [ImageFormat.ZSO, ImageFormat.CSO])
def test_a_sample_goes_through_all_stages(tmp_path: Path, image_format: ImageFormat) -> None:
    data = mixed(3 * MIB)
    clock = StepClock()
    scratch = MemoryScratch(clock, write_s=2.0)
    with open_image(write_image(tmp_path / "a.iso", data)) as image:
        settings = Settings(image_format, 16384, 1)
        found = measure_throughput(image, sample_of(data), settings, scratch, threads=2, clock=clock)
    assert (found.write_s, found.sampled_bytes, found.packed_bytes) == (2.0, len(data), scratch.synced_bytes)
    assert open_source(scratch).read_at(0, len(data)) == data
    assert found.limit is Limit.WRITING


def test_a_level_above_the_codecs_is_cut_and_said_so(tmp_path: Path) -> None:
    data = mixed(MIB)
    with open_image(write_image(tmp_path / "a.iso", data)) as image:
        wanted = Settings(ImageFormat.CSO, 2048, 12)
        found = measure_throughput(image, sample_of(data), wanted, MemoryScratch(StepClock()), threads=1)
    assert found.settings.level == 9


def test_an_iso_is_refused(tmp_path: Path) -> None:
    data = mixed(MIB)
    with open_image(write_image(tmp_path / "a.iso", data)) as image, pytest.raises(UsageError, match="ISO"):
        measure_throughput(image, sample_of(data), Settings(ImageFormat.ISO), MemoryScratch(StepClock()), threads=1)


def test_a_packed_title_is_decoded_while_it_is_read(tmp_path: Path) -> None:
    data = mixed(2 * MIB)
    with open_image(pack(tmp_path / "a.zso", data)) as image:
        source = SlowSource(StepClock(), image.source.size_bytes, [0.0])
        sample = read_sample(image, source, random=Random(1), threads=2)
        assert b"".join(sample.chunks) == data
        found = measure_throughput(image, sample, ZSO, MemoryScratch(StepClock()), threads=2)
    assert found.original_bytes == len(data)


def test_it_can_be_stopped(tmp_path: Path) -> None:
    data = mixed(2 * MIB)

    def stop() -> None:
        raise CancelledError

    with open_image(write_image(tmp_path / "a.iso", data)) as image, pytest.raises(CancelledError):
        measure_throughput(image, sample_of(data), ZSO, MemoryScratch(StepClock()), threads=2, check=stop)

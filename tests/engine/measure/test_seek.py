"""Seek latency: exact on storage with known delays, true on a real file."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from sample_images import compressible, mixed, pack, write_image
from seek_desk import SlowSource, StepClock, metered, shuffled

from discpress.engine.errors import CancelledError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.open import open_source
from discpress.engine.images.sets.source_set import JoinedSource
from discpress.engine.images.source import FileSource
from discpress.engine.measure.choices import Pattern
from discpress.engine.measure.metering import Costs, FilesCache, Meter, hold_index
from discpress.engine.measure.patterns import Area
from discpress.engine.measure.percentiles import nearest_rank
from discpress.engine.measure.seek import LEAST_READS, MOST_READS, SeekFigures, Watch, measure_seeks
from discpress.engine.system.cache import drop_cached, resident_range
from discpress.engine.units import MIB

SIZE = 4 * MIB
HUNDRED_MS = [number / 1000 for number in range(1, 101)]


def measure(
    source: SlowSource,
    clock: StepClock,
    pattern: Pattern = Pattern.RANDOM_2K,
    *,
    duration_s: float = 0.0,
    offset: int = 0,
    is_warm: bool = False,
    watch: Watch = lambda latencies_us, wanted_bytes: None,
) -> SeekFigures:
    image, meter = metered(source, clock)
    return measure_seeks(
        image,
        meter,
        pattern,
        Area(SIZE),
        random=Random(2),
        offset=offset,
        duration_s=duration_s,
        is_warm=is_warm,
        clock=clock,
        watch=watch,
    )


def test_known_delays_are_reproduced_exactly() -> None:
    clock = StepClock()
    found = measure(SlowSource(clock, SIZE, shuffled(HUNDRED_MS)), clock)
    figures = [round(value) for value in (found.p50_us, found.p95_us, found.p99_us, found.max_us)]
    assert (found.reads, figures) == (100, [50_000, 95_000, 99_000, 100_000])


def test_the_parts_add_up_to_the_mean() -> None:
    clock = StepClock()
    found = measure(SlowSource(clock, SIZE, HUNDRED_MS), clock)
    assert found.storage_us == pytest.approx(found.mean_us) == pytest.approx(50_500)
    assert found.index_us == 0
    assert found.decoding_us == pytest.approx(0, abs=1e-6)
    assert found.reads_per_s == pytest.approx(1 / 0.0505)


def test_a_hundred_reads_are_made_however_slow_they_are() -> None:
    clock = StepClock()
    assert measure(SlowSource(clock, SIZE, [3.0]), clock, duration_s=1.0).reads == LEAST_READS


def test_it_reads_until_its_time_is_over() -> None:
    clock = StepClock()
    source = SlowSource(clock, SIZE, [0.01])
    found = measure(source, clock, duration_s=20.0, is_warm=True)
    assert found.reads == pytest.approx(2000, abs=1)


@pytest.mark.slow
def test_it_ends_after_a_hundred_thousand_reads() -> None:
    clock = StepClock()
    source = SlowSource(clock, SIZE, [1e-9])
    assert measure(source, clock, duration_s=1e9, is_warm=True).reads == MOST_READS


def test_memory_is_dropped_before_each_jump_and_not_within_a_run() -> None:
    clock = StepClock()
    source = SlowSource(clock, SIZE, [0.01])
    found = measure(source, clock, Pattern.STREAMS_64K)
    assert (found.reads, source.forgotten, found.jumps) == (112, 7, 7 / 112)


@pytest.mark.parametrize(("pages", "is_cold"), [(0, True), (1, False), (None, False)])
def test_it_is_cold_only_where_the_system_says_so(pages: int | None, is_cold: bool) -> None:
    clock = StepClock()
    source = SlowSource(clock, SIZE, [0.01])
    source.resident_pages = pages
    assert measure(source, clock).is_cold is is_cold


def test_a_warm_test_drops_nothing_and_is_not_cold() -> None:
    clock = StepClock()
    source = SlowSource(clock, SIZE, [0.01])
    found = measure(source, clock, is_warm=True)
    assert (found.is_cold, source.forgotten) == (False, 0)


def test_it_can_be_stopped_between_runs() -> None:
    clock = StepClock()

    def watch(latencies_us: Sequence[float], wanted_bytes: int) -> None:
        if len(latencies_us) == 5:
            raise CancelledError

    source = SlowSource(clock, SIZE, [0.01])
    with pytest.raises(CancelledError):
        measure(source, clock, watch=watch)
    assert len(source.reads) == 5


def test_an_area_behind_the_start_is_read_where_it_is() -> None:
    clock = StepClock()
    source = SlowSource(clock, 2 * SIZE, [0.01])
    measure(source, clock, offset=SIZE)
    assert min(offset for offset, _ in source.reads) >= SIZE


def measure_file(path: Path, pattern: Pattern, *, is_warm: bool = False) -> SeekFigures:
    source = FileSource(path)
    meter = Meter(source, FilesCache(source))
    with open_source(meter) as image:
        hold_index(image, meter)
        return measure_seeks(image, meter, pattern, Area(image.size), random=Random(2), duration_s=0.0, is_warm=is_warm)


@pytest.mark.slow
@pytest.mark.parametrize("image_format", [ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD])
def test_what_says_where_blocks_are_is_held_in_memory(image_format: ImageFormat, tmp_path: Path) -> None:
    source = FileSource(pack(tmp_path / "a", mixed(SIZE), image_format))
    meter = Meter(source, FilesCache(source))
    with open_source(meter) as image:
        hold_index(image, meter)
        meter.costs = Costs()
        image.read_at(SIZE // 2, 2048)
        assert meter.costs.requests == 1


def test_the_pages_of_joined_files_are_those_of_each(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_bytes(bytes(4096))
    with contextlib.closing(JoinedSource([FileSource(path) for path in paths])) as source:
        each = [resident_range(file.fd, 0, 4096) for file in source.files]
        found = FilesCache(source).resident(0, 8192)
    assert found == (None if None in each else sum(filter(None, each)))


@pytest.mark.parametrize("pattern", Pattern)
def test_a_real_file_is_measured(tmp_path: Path, pattern: Pattern) -> None:
    found = measure_file(pack(tmp_path / "a.zso", mixed(SIZE)), pattern)
    assert found.reads >= LEAST_READS
    assert 0 < found.p50_us <= found.p95_us <= found.p99_us <= found.max_us
    assert found.index_us + found.storage_us + found.decoding_us == pytest.approx(found.mean_us)
    assert sum(count for _, count in found.octaves) == found.reads


def test_a_real_file_that_was_written_through_is_read_cold(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.iso", mixed(SIZE))
    fd = os.open(path, os.O_RDWR)
    os.fsync(fd)
    drop_cached(fd)
    absent = resident_range(fd, 0, SIZE) == 0
    os.close(fd)
    if not absent:
        pytest.skip("this file system keeps files in memory")
    assert measure_file(path, Pattern.RANDOM_2K).is_cold
    assert not measure_file(path, Pattern.RANDOM_2K, is_warm=True).is_cold


@pytest.mark.slow
def test_blocks_larger_than_reads_cost_bytes(tmp_path: Path) -> None:
    small = measure_file(pack(tmp_path / "a.zso", compressible(SIZE)), Pattern.RANDOM_2K)
    large = measure_file(pack(tmp_path / "b.zso", compressible(SIZE), block_size=65536), Pattern.RANDOM_2K)
    plain = measure_file(write_image(tmp_path / "c.iso", compressible(SIZE)), Pattern.RANDOM_2K)
    assert small.bytes_read_per_byte < plain.bytes_read_per_byte == 1.0
    assert large.bytes_read_per_byte > small.bytes_read_per_byte


def test_an_index_is_held_and_read_no_more(tmp_path: Path) -> None:
    found = measure_file(pack(tmp_path / "a.zso", mixed(SIZE)), Pattern.RANDOM_2K)
    assert found.requests == 1.0
    assert found.index_us > 0


def test_percentiles_agree_with_a_plain_sort_of_what_was_seen() -> None:
    clock = StepClock()
    seen: list[float] = []

    def watch(latencies_us: Sequence[float], wanted_bytes: int) -> None:
        seen[:] = latencies_us

    found = measure(SlowSource(clock, SIZE, shuffled(HUNDRED_MS, 9)), clock, duration_s=500.0, watch=watch)
    assert [found.p50_us, found.p95_us, found.p99_us] == [nearest_rank(sorted(seen), each) for each in (50, 95, 99)]

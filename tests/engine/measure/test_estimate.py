"""Estimates of small images against real conversions."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Protocol, TypedDict, Unpack
from unittest import mock

import pytest
from fault_injection import RequestFields
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discpress.engine.convert.conversion import convert
from discpress.engine.convert.plan import ConversionPlan, plan_conversion
from discpress.engine.errors import CancelledError, DamagedImageError, UsageError
from discpress.engine.formats import ImageFormat, Method, Settings
from discpress.engine.images.image import Image, no_check
from discpress.engine.images.open import open_image
from discpress.engine.measure.estimate import (
    Advice,
    Estimate,
    estimate,
    estimate_grid,
    grid_block_sizes,
    grid_levels,
    refine,
)
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest
from discpress.engine.system.filesystems import FileSystem
from discpress.engine.units import KIB, MIB

ZSO, CSO, ISO = ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.ISO
LOCAL = FileSystem("ext4", Path("/"), "")
NETWORK = FileSystem("nfs4", Path("/"), "")
FAST = Settings(ZSO, level=1)


def content(size: int, seed: int = 1) -> bytes:
    """Zeros, words and noise in runs of 1 to 60 sectors."""
    random = Random(seed)
    words = [random.randbytes(6) for _ in range(40)]
    data = bytearray()
    while len(data) < size:
        length = random.randint(1, 60) * 2048
        kind = random.randrange(5)
        if kind == 0:
            data += bytes(length)
        elif kind < 3:
            data += b"".join(random.choices(words, k=length // 6 + 1))[:length]
        else:
            data += random.randbytes(length)
    return bytes(data[:size])


class ImageOf(Protocol):
    def __call__(self, data: bytes, name: str = "disc.iso") -> Image: ...


@pytest.fixture
def image_of(tmp_path: Path) -> Iterator[ImageOf]:
    """`image_of(bytes)`: an open image; `image_of(bytes, "name")` under another name."""
    opened: list[Image] = []

    def make(data: bytes, name: str = "disc.iso") -> Image:
        (tmp_path / name).write_bytes(data)
        opened.append(open_image(tmp_path / name))
        return opened[-1]

    yield make
    for image in opened:
        image.close()


@pytest.fixture(scope="module")
def disc() -> bytes:
    return content(6 * MIB + 5000)


class Sampling(TypedDict):
    threads: int
    file_system: FileSystem
    whole_below_bytes: int


SAMPLING: Sampling = {"threads": 2, "file_system": LOCAL, "whole_below_bytes": 0}


def sampled(
    image: Image,
    settings: Settings = FAST,
    seed: int = 1,
    *,
    budget_bytes: int = MIB,
    threads: int = 2,
    file_system: FileSystem = LOCAL,
    check: Callable[[], None] = no_check,
) -> Estimate:
    return estimate(
        image,
        settings,
        random=Random(seed),
        threads=threads,
        budget_bytes=budget_bytes,
        check=check,
        file_system=file_system,
        whole_below_bytes=0,
    )


def converted(source_path: Path, output_path: Path, **asked: Unpack[RequestFields]) -> tuple[ConversionPlan, int]:
    plan = plan_conversion(source_path, output_path, None, ConversionRequest(**({"target": "any"} | asked)))
    result = convert(plan, threads=2, control=Control(), progress=Progress())
    return plan, result.packed_bytes


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked",
    [
        {"format": ZSO, "level": 9},
        {"format": ZSO, "level": 1, "alignment": 2048},
        {"format": ZSO, "level": 9, "block_size": 64 * KIB, "alignment": 4},
        {"format": ZSO, "level": 12, "block_size": MIB},
        {"format": CSO, "level": 6},
        {"format": CSO, "level": 12, "block_size": 8192},
    ],
    ids=str,
)
def test_small_image_gives_what_a_conversion_writes(
    image_of: ImageOf, tmp_path: Path, disc: bytes, asked: RequestFields
) -> None:
    image = image_of(disc)
    plan, written = converted(image.path, tmp_path / "out", **asked)
    result = estimate(image, plan.settings, random=Random(1), threads=2)
    assert (result.low_bytes, result.packed_bytes, result.high_bytes) == (written, written, written)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 3 * MIB), st.sampled_from([2048, 16 * KIB, MIB]))
def test_any_size_gives_what_a_conversion_writes(tmp_path: Path, disc: bytes, size: int, block_size: int) -> None:
    source_path, output_path = tmp_path / "any.iso", tmp_path / "any.zso"
    source_path.write_bytes(disc[:size])
    output_path.unlink(missing_ok=True)
    plan, written = converted(source_path, output_path, format=ZSO, level=1, block_size=block_size)
    with open_image(source_path) as image:
        assert estimate(image, plan.settings, random=Random(1), threads=2).packed_bytes == written


def test_compressed_source_gives_the_same_estimate(image_of: ImageOf, tmp_path: Path, disc: bytes) -> None:
    image = image_of(disc)
    converted(image.path, tmp_path / "disc.zso", format=ZSO, level=1)
    with open_image(tmp_path / "disc.zso") as packed:
        assert sampled(packed).packed_bytes == sampled(image).packed_bytes


@pytest.mark.slow
def test_margins_of_a_sample_hold_the_truth(image_of: ImageOf, disc: bytes) -> None:
    image = image_of(disc)
    truth = estimate(image, FAST, random=Random(1), threads=2).packed_bytes
    results = [sampled(image, seed=seed) for seed in range(40)]
    assert sum(each.low_bytes <= truth <= each.high_bytes for each in results) >= 38


def edges(disc: bytes) -> int:
    """Bytes that are always sampled: first and last cluster, and the rest behind it."""
    return 2 * 16 * KIB + len(disc) % (16 * KIB)


def test_sample_keeps_to_its_budget_and_the_edges(image_of: ImageOf, disc: bytes) -> None:
    assert sampled(image_of(disc)).sampled_bytes == MIB + edges(disc)


def test_sample_is_not_exact(image_of: ImageOf, disc: bytes) -> None:
    assert not sampled(image_of(disc)).is_exact


def test_small_image_is_exact(image_of: ImageOf, disc: bytes) -> None:
    assert estimate(image_of(disc), FAST, random=Random(1), threads=2).is_exact


def test_budget_of_the_whole_image_is_exact(image_of: ImageOf, disc: bytes) -> None:
    assert sampled(image_of(disc), budget_bytes=len(disc)).is_exact


def test_threads_do_not_change_it(image_of: ImageOf, disc: bytes) -> None:
    image = image_of(disc)
    one, four = (sampled(image, threads=threads) for threads in (1, 4))
    assert (one.packed_bytes, one.low_bytes) == (four.packed_bytes, four.low_bytes)


@pytest.mark.parametrize(("storage", "reads"), [(LOCAL, 64 + 2), (NETWORK, 16 + 2)], ids=["local", "network"])
def test_seeking_storage_gets_fewer_reads(image_of: ImageOf, disc: bytes, storage: FileSystem, reads: int) -> None:
    image = image_of(disc)
    plain = len(disc) % (16 * KIB if storage is LOCAL else 64 * KIB)
    lengths = lengths_read(image, lambda: sampled(image, file_system=storage))
    clusters = [length for length in lengths if length not in (plain, MIB)]
    assert len(clusters) == reads


def lengths_read(image: Image, work: Callable[[], object]) -> list[int]:
    """Return the lengths of the reads that `work` does on an image."""
    lengths: list[int] = []
    read_into = image.read_into

    def spy(buffer: bytearray | memoryview, offset: int) -> int:
        lengths.append(len(buffer))
        return read_into(buffer, offset)

    with mock.patch.object(image, "read_into", spy):
        work()
    return lengths


def test_refinement_samples_more_each_time(image_of: ImageOf, disc: bytes) -> None:
    results = list(refine(image_of(disc), FAST, (MIB // 2, 2 * MIB), random=Random(1), **SAMPLING))
    assert [each.sampled_bytes for each in results] == [MIB // 2 + edges(disc), 2 * MIB + edges(disc)]


def test_refinement_packs_nothing_twice(image_of: ImageOf, disc: bytes) -> None:
    image = image_of(disc)
    lengths = lengths_read(image, lambda: list(refine(image, FAST, (MIB // 2, 2 * MIB), random=Random(1), **SAMPLING)))
    assert lengths.count(16 * KIB) == 2 * MIB // (16 * KIB) + 2


def test_refinement_gives_what_a_single_estimate_does(image_of: ImageOf, disc: bytes) -> None:
    image = image_of(disc)
    *_, last = refine(image, FAST, (MIB // 2, 2 * MIB), random=Random(5), **SAMPLING)
    single = estimate(image, FAST, budget_bytes=2 * MIB, random=Random(5), **SAMPLING)
    assert (last.packed_bytes, last.low_bytes) == (single.packed_bytes, single.low_bytes)


def test_refinement_ends_when_exact(image_of: ImageOf, disc: bytes) -> None:
    assert len(list(refine(image_of(disc), FAST, random=Random(1), threads=2))) == 1


@pytest.mark.slow
def test_grid_gives_what_single_estimates_do(image_of: ImageOf, disc: bytes) -> None:
    image = image_of(disc)
    grid = estimate_grid(
        image, FAST, (2048, 64 * KIB), (1, 4), random=Random(1), threads=2, file_system=NETWORK, budget_bytes=MIB
    )
    singles = [sampled(image, each.settings, file_system=NETWORK) for each in grid]
    assert [(each.packed_bytes, each.low_bytes) for each in grid] == [
        (each.packed_bytes, each.low_bytes) for each in singles
    ]


def test_grid_reads_each_cluster_once(image_of: ImageOf, disc: bytes) -> None:
    image = image_of(disc)
    lengths = lengths_read(
        image,
        lambda: estimate_grid(
            image, FAST, (2048, 16 * KIB), (1, 4), random=Random(1), threads=1, file_system=LOCAL, budget_bytes=MIB
        ),
    )
    assert lengths.count(16 * KIB) == 64 + 2


def test_grid_has_the_formats_levels(image_of: ImageOf) -> None:
    grid = estimate_grid(image_of(content(64 * KIB)), Settings(CSO), random=Random(1), threads=2)
    assert [each.settings.level for each in grid[:3]] == [1, 6, 9]


def test_level_beyond_the_codec_is_its_highest(image_of: ImageOf) -> None:
    result = estimate(image_of(content(64 * KIB)), Settings(CSO, level=12), random=Random(1), threads=2)
    assert result.settings.level == 9


def test_cancelled_by_what_check_raises(image_of: ImageOf, disc: bytes) -> None:
    control = Control()
    control.cancel()
    with pytest.raises(CancelledError):
        sampled(image_of(disc), check=control.check)


def test_cancelled_midway_leaves_no_thread(image_of: ImageOf, disc: bytes) -> None:
    calls = iter(range(100))

    def check() -> None:
        if next(calls) == 6:
            raise CancelledError

    before = threading.active_count()
    with pytest.raises(CancelledError):
        sampled(image_of(disc), check=check)
    assert threading.active_count() == before


def test_damage_in_the_sample_is_raised(image_of: ImageOf, tmp_path: Path, disc: bytes) -> None:
    converted(image_of(disc).path, tmp_path / "disc.zso", format=ZSO, level=9)
    data = bytearray((tmp_path / "disc.zso").read_bytes())
    data[len(data) // 3 :] = b"\xff" * (len(data) - len(data) // 3)
    with pytest.raises(DamagedImageError, match="block"):
        sampled(image_of(bytes(data), "damaged.zso"))


def test_file_cut_short_is_raised(image_of: ImageOf, disc: bytes) -> None:
    image = image_of(disc)
    with image.path.open("r+b") as file:
        file.truncate(MIB)
    with pytest.raises(DamagedImageError, match="the file ends at byte"):
        sampled(image)


def test_unwritten_format_is_refused(image_of: ImageOf) -> None:
    with pytest.raises(UsageError, match="DAX cannot be written"):
        estimate(image_of(bytes(2048)), Settings(ImageFormat.DAX), random=Random(1), threads=1)


def test_iso_is_the_decoded_size(image_of: ImageOf, tmp_path: Path, disc: bytes) -> None:
    converted(image_of(disc).path, tmp_path / "disc.zso", format=ZSO)
    with open_image(tmp_path / "disc.zso") as packed:
        result = estimate(packed, Settings(ISO), random=Random(1), threads=1)
    assert (result.packed_bytes, result.is_exact, result.conversion_s) == (len(disc), True, None)


def advised(image: Image) -> tuple[Advice, str]:
    result = estimate(image, FAST, random=Random(1), threads=2)
    return result.advice, result.reason


def test_advice_for_what_shrinks(image_of: ImageOf, disc: bytes) -> None:
    assert advised(image_of(disc)) == ("convert", "")


def test_advice_for_what_grows(image_of: ImageOf) -> None:
    assert advised(image_of(Random(1).randbytes(MIB))) == ("skip", "it would grow by 4 KiB")


def test_advice_for_what_hardly_shrinks(image_of: ImageOf) -> None:
    data = Random(1).randbytes(2 * MIB) + bytes(40 * KIB)
    assert advised(image_of(data)) == ("skip", "it would shrink by only 1.6 %: less than 3 % is not worth it")


def test_advice_counts_the_source_file_not_the_image(image_of: ImageOf, tmp_path: Path, disc: bytes) -> None:
    converted(image_of(disc).path, tmp_path / "disc.zso", format=ZSO, level=1)
    with open_image(tmp_path / "disc.zso") as packed:
        assert estimate(packed, FAST, random=Random(1), threads=2).advice is Advice.SKIP


def test_conversion_time_is_predicted(image_of: ImageOf, disc: bytes) -> None:
    seconds = sampled(image_of(disc)).conversion_s
    assert seconds is not None
    assert seconds > 0


@pytest.mark.slow
def test_a_larger_block_promises_a_longer_seek(image_of: ImageOf, disc: bytes) -> None:
    cells = estimate_grid(image_of(disc), Settings(ZSO), (2048, 1024 * KIB), (9,), random=Random(1), threads=2)
    small, large = cells
    assert small.seek_us is not None
    assert large.seek_us is not None
    assert 0 < small.seek_us < large.seek_us


def test_a_grid_is_made_under_the_alignment_asked_for(image_of: ImageOf, disc: bytes) -> None:
    (cell,) = estimate_grid(image_of(disc), Settings(ZSO, alignment=1024), (2048,), (1,), random=Random(1), threads=2)
    assert cell.settings.alignment == 1024


def test_an_iso_promises_no_latency(image_of: ImageOf, disc: bytes) -> None:
    found = estimate(image_of(disc), Settings(ISO), random=Random(1), threads=1)
    assert found.seek_us is None


ZSTD, ZLIB = Method.ZSTD, Method.ZLIB


def chd(hunk_size: int = 4096, methods: tuple[Method, ...] = (ZLIB,), level: int = 3) -> Settings:
    return Settings(ImageFormat.CHD, hunk_size, level, methods=methods)


@pytest.mark.parametrize("hunk_size", [2048, 65536, MIB])
@pytest.mark.parametrize("methods", [(ZSTD,), (ZSTD, ZLIB)])
def test_small_chd_gives_what_a_conversion_writes(
    image_of: ImageOf, tmp_path: Path, disc: bytes, methods: tuple[Method, ...], hunk_size: int
) -> None:
    data = disc[:MIB] * 2 + disc[:5000]  # equal hunks are counted once
    image = image_of(data)
    found = estimate(image, chd(hunk_size, methods), random=Random(1), threads=2)
    asked: RequestFields = {"format": ImageFormat.CHD, "block_size": hunk_size, "methods": methods, "level": 3}
    assert found.packed_bytes == converted(image.path, tmp_path / "disc.chd", **asked)[1]
    assert (found.is_exact, found.leaves_out) == (True, "")


def test_sampled_chd_says_that_equal_hunks_are_not_counted(image_of: ImageOf, disc: bytes) -> None:
    assert sampled(image_of(disc), chd()).leaves_out == "equal hunks"


@pytest.mark.slow
def test_sampled_chd_is_no_smaller_than_what_is_written(image_of: ImageOf, tmp_path: Path, disc: bytes) -> None:
    image = image_of(disc + disc)
    found = sampled(image, chd(), budget_bytes=2 * MIB)
    asked: RequestFields = {"format": ImageFormat.CHD, "block_size": 4096, "methods": (ZLIB,), "level": 3}
    assert found.high_bytes > converted(image.path, tmp_path / "disc.chd", **asked)[1]


@pytest.mark.slow
@pytest.mark.parametrize("method", [ZSTD, ZLIB])
def test_grid_of_a_chd_has_the_methods_levels_and_large_hunks(image_of: ImageOf, method: Method) -> None:
    settings = Settings(ImageFormat.CHD, methods=(method,))
    cells = estimate_grid(image_of(bytes(3 * MIB)), settings, random=Random(1), threads=1)
    expected = [
        (size, level) for size in grid_block_sizes(ImageFormat.CHD) for level in grid_levels(ImageFormat.CHD, (method,))
    ]
    assert [(cell.settings.block_size, cell.settings.level) for cell in cells] == expected
    assert {cell.settings.methods for cell in cells} == {(method,)}

"""Which clusters are drawn, and whether the margin holds."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.layout import Layout
from discpress.engine.images.registry import layout_of
from discpress.engine.measure.sample import cluster_bytes_for, draw_sample, project, whole_sample
from discpress.engine.system.filesystems import FileSystem
from discpress.engine.units import KIB, MIB

CLUSTER = 16 * KIB
CLUSTERS = 20_000
SIZES = st.integers(1, 64 * MIB)
POSITIONS = st.floats(0, 1, exclude_max=True)


def layout_of_zso(image_bytes: int, block_size: int = 2048, shift: int = 0) -> Layout:
    return layout_of(Settings(ImageFormat.ZSO, block_size), image_bytes, shift)


def file_system(kind: str = "ext4", is_rotational: bool | None = False) -> FileSystem:
    class Injected(FileSystem):
        @property
        def is_rotational(self) -> bool | None:
            return is_rotational

    return Injected(kind, Path("/"), "8:1")


def files_in_a_row(random: Random) -> list[int]:
    """Files of 1 to 400 clusters, each of its own kind, like the files of a disc."""
    lengths: list[int] = []
    while len(lengths) < CLUSTERS:
        mean = random.uniform(0.05, 1) * CLUSTER
        lengths += [min(CLUSTER, int(random.gauss(mean, 900))) for _ in range(random.randint(1, 400))]
    return [max(200, length) for length in lengths[:CLUSTERS]]


def without_order(random: Random) -> list[int]:
    return [random.randint(200, CLUSTER) for _ in range(CLUSTERS)]


def rising(random: Random) -> list[int]:
    return [200 + index * 16000 // CLUSTERS for index in range(CLUSTERS)]


def rarely_odd(random: Random) -> list[int]:
    """Three odd clusters a sample: what the normal quantile covers in 85 % of the cases only."""
    return [200 if random.random() < 3 / 1024 else CLUSTER for _ in range(CLUSTERS)]


def padded(random: Random) -> list[int]:
    """Noise between padding that most small samples miss."""
    return [200] * 40 + [CLUSTER - random.randint(0, 40) for _ in range(CLUSTERS - 80)] + [200] * 40


def all_plain_but_ten(random: Random) -> list[int]:
    odd = set(random.sample(range(CLUSTERS), 10))
    return [200 if index in odd else CLUSTER for index in range(CLUSTERS)]


@pytest.mark.slow
@pytest.mark.parametrize("lengths_of", [files_in_a_row, without_order, rising, rarely_odd, padded, all_plain_but_ten])
@pytest.mark.parametrize("budget", [4 * MIB, 16 * MIB])
def test_margin_holds_in_95_percent_of_trials(lengths_of: Callable[[Random], list[int]], budget: int) -> None:
    random = Random(7)
    lengths = lengths_of(random)
    layout = layout_of_zso(CLUSTERS * CLUSTER)
    truth = project(whole_sample(layout.total_bytes), [sum(lengths)], layout).packed_bytes
    held = 0
    for _ in range(200):
        sample = draw_sample(layout.total_bytes, CLUSTER, budget, random.random())
        sizes = project(sample, [lengths[span.offset // CLUSTER] for span in sample.spans], layout)
        held += sizes.low_bytes <= truth <= sizes.high_bytes
    assert held >= 190


@pytest.mark.slow
def test_every_cluster_but_the_edges_has_the_same_chance() -> None:
    size, budget = 1003 * CLUSTER, 33 * CLUSTER
    chances = [0] * 1003
    for start in range(1001 * 33):
        for offset, _ in draw_sample(size, CLUSTER, budget, (start + 0.5) / (1001 * 33)).clusters:
            chances[offset // CLUSTER] += 1
    assert chances == [0, *[33 * 33] * 1001, 0]


@given(SIZES, st.sampled_from([CLUSTER, 4 * CLUSTER, MIB]), st.integers(1, 4 * MIB), POSITIONS)
def test_spans_are_whole_clusters_in_order_and_a_tail(size: int, cluster: int, budget: int, position: float) -> None:
    sample = draw_sample(size, cluster, budget, position)
    ends = [offset + length for offset, length in sample.spans]
    assert all(end <= offset for end, (offset, _) in zip(ends, sample.spans[1:], strict=False))
    assert ends[-1] <= size
    assert {offset % cluster for offset, _ in sample.spans} == {0}


@given(SIZES, POSITIONS)
def test_whole_sample_covers_every_byte(size: int, position: float) -> None:
    assert draw_sample(size, CLUSTER, size, position).sampled_bytes == size


@given(st.integers(3 * MIB, 900 * MIB), POSITIONS)
def test_smaller_sample_lies_within_the_larger(size: int, position: float) -> None:
    smaller, larger = (draw_sample(size, CLUSTER, budget, position) for budget in (MIB // 2, 2 * MIB))
    assert set(smaller.clusters) <= set(larger.clusters) or len(larger.clusters) == larger.population


@pytest.mark.slow
@given(st.integers(2 * MIB, 8 * MIB), POSITIONS, st.sampled_from([0, 2, 11]), st.integers(0, 2**32))
def test_sizes_stay_within_what_is_possible(size: int, position: float, shift: int, seed: int) -> None:
    random = Random(seed)
    layout = layout_of_zso(size, shift=shift)
    sample = draw_sample(size, CLUSTER, MIB, position)
    step = layout.alignment
    stored = [
        random.randint(length // 2048 * step // step, length // step) * step or step for _, length in sample.spans
    ]
    sizes = project(sample, stored, layout)
    worst = layout.start + step + layout.blocks * 2048 + 2048
    assert layout.start <= sizes.low_bytes <= sizes.packed_bytes <= sizes.high_bytes <= worst


def test_whole_sample_has_no_margin() -> None:
    sizes = project(whole_sample(3 * MIB), [1000, 2000, 3000], layout_of_zso(3 * MIB))
    assert sizes.low_bytes == sizes.packed_bytes == sizes.high_bytes


def test_size_counts_header_index_and_end_padding() -> None:
    sizes = project(whole_sample(MIB), [10_000], layout_of_zso(MIB))
    assert sizes.packed_bytes == -(-(24 + 4 * 513 + 10_000) // 2048) * 2048


def test_equal_clusters_leave_a_margin() -> None:
    sample = draw_sample(64 * MIB, CLUSTER, MIB, 0.5)
    sizes = project(sample, [CLUSTER] * len(sample.spans), layout_of_zso(64 * MIB))
    assert sizes.low_bytes < sizes.packed_bytes


def test_equal_picks_between_padding_leave_room_for_more_than_a_border() -> None:
    sample = draw_sample(64 * MIB, CLUSTER, MIB, 0.5)
    sizes = project(sample, [200, *[CLUSTER] * len(sample.clusters), 200], layout_of_zso(64 * MIB))
    assert sizes.packed_bytes - sizes.low_bytes > 2 * 64 * MIB // len(sample.clusters)


def test_budget_below_the_least_gives_sixteen_clusters() -> None:
    assert len(draw_sample(64 * MIB, CLUSTER, 1, 0.5).clusters) == 16


@pytest.mark.parametrize(
    ("storage", "block_size", "cluster"),
    [
        (file_system(), 2048, 16 * KIB),
        (file_system(is_rotational=None), 2048, 16 * KIB),
        (file_system(is_rotational=True), 2048, 64 * KIB),
        (file_system("nfs4", is_rotational=None), 2048, 64 * KIB),
        (file_system(), 128 * KIB, 128 * KIB),
        (file_system(is_rotational=True), 128 * KIB, 128 * KIB),
    ],
)
def test_cluster_size(storage: FileSystem, block_size: int, cluster: int) -> None:
    assert cluster_bytes_for(storage, block_size) == cluster

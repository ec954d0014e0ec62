"""Which machine converts a title sooner: the arithmetic of links, packing and proofs."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.measure.placement import Speeds, Work, packing, place, proof

MB = 1_000_000
GIGABIT = 112 * MB
NAS = Speeds("nas", 180 * MB, 170 * MB, 20 * MB, 150 * MB)
"""It owns the disk and packs slowly."""
PC = Speeds("pc", GIGABIT, GIGABIT, 800 * MB, 2000 * MB)
"""It sees the disk over gigabit."""
DVD = Work(4_000 * MB, 4_000 * MB, 2_880 * MB)
"""At level 9, 72 % remain."""
RATES = st.floats(1e3, 1e12)
SPEEDS = st.builds(Speeds, st.just("pc"), RATES, RATES, RATES, RATES)
SIZES = st.integers(1, 10**11)
WORKS = st.builds(Work, SIZES, SIZES, SIZES)


@pytest.mark.parametrize(
    ("speeds", "limit"),
    [
        (PC, "reads the share at 107 MiB/s"),
        (replace(PC, pack_rate=10 * MB), "packs at 9.54 MiB/s"),
        (replace(PC, write_rate=5 * MB), "writes to the share at 4.77 MiB/s"),
    ],
)
def test_the_slowest_step_is_the_limit_of_packing(speeds: Speeds, limit: str) -> None:
    assert packing(speeds, DVD).limit == limit


@pytest.mark.parametrize(
    ("speeds", "limit"),
    [(replace(NAS, read_rate=1 * MB), "reads the share at 977 KiB/s"), (NAS, "decodes at 143 MiB/s")],
)
def test_the_slowest_step_is_the_limit_of_the_proof(speeds: Speeds, limit: str) -> None:
    assert proof(speeds, DVD).limit == limit


def test_a_compressed_source_needs_less_of_the_link() -> None:
    half = replace(DVD, source_bytes=2_000 * MB)
    assert packing(PC, half).seconds == pytest.approx(max(2_000 / 112, 2_880 / 112))


def test_a_strong_pc_packs_for_a_slow_nas() -> None:
    found = place(NAS, PC, DVD)
    assert (found.is_remote, found.reason) == (
        True,
        "pc packs it: ready in 1m02s; this machine would convert it in 3m47s",
    )
    assert [found.local_s, found.remote_s] == pytest.approx([226.7, 62.4], abs=0.1)


def test_a_pc_over_a_slow_link_leaves_the_title_here() -> None:
    wireless = replace(PC, read_rate=5 * MB, write_rate=5 * MB)
    found = place(NAS, wireless, DVD)
    assert not found.is_remote
    assert found.reason == (
        "local is faster: this machine would convert it in 3m47s; pc would take 13m47s, "
        "because it reads the share at 4.77 MiB/s"
    )


def test_a_slower_machine_helps_with_a_long_queue() -> None:
    slower = replace(PC, read_rate=15 * MB, write_rate=15 * MB)
    assert not place(NAS, slower, DVD).is_remote
    assert place(NAS, slower, DVD, waiting_bytes=3 * DVD.disc_bytes).is_remote


def test_the_end_of_a_long_queue_stays_here_if_another_machine_would_delay_it() -> None:
    slowest = replace(PC, pack_rate=MB)
    found = place(NAS, slowest, DVD, waiting_bytes=2 * DVD.disc_bytes)
    assert not found.is_remote
    assert found.reason.startswith("local is faster: this machine would finish the queue in 11m20s; pc would take 1h")


@given(SPEEDS, WORKS)
def test_an_equal_machine_takes_no_single_title_and_shares_any_queue(speeds: Speeds, work: Work) -> None:
    assert not place(speeds, speeds, work).is_remote
    assert place(speeds, speeds, work, waiting_bytes=work.disc_bytes).is_remote


@given(SPEEDS, SPEEDS, WORKS, st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_longer_queue_never_brings_a_title_back(
    local: Speeds, remote: Speeds, work: Work, waiting: int, more: int
) -> None:
    if place(local, remote, work, waiting).is_remote:
        assert place(local, remote, work, waiting + more).is_remote


@given(SPEEDS, SPEEDS, WORKS, st.floats(1, 1000))
def test_a_faster_link_never_keeps_a_title_here(local: Speeds, remote: Speeds, work: Work, factor: float) -> None:
    faster = replace(remote, read_rate=remote.read_rate * factor, write_rate=remote.write_rate * factor)
    if place(local, remote, work).is_remote:
        assert place(local, faster, work).is_remote


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_what_was_not_measured_is_no_speed(rate: float) -> None:
    with pytest.raises(ValueError, match="pc: expected a speed"):
        replace(PC, pack_rate=rate)

"""The model of slow devices."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.measure.choices import Pattern
from discpress.engine.measure.devices import DEVICES, MEMORY_STICK, PS2_HDD, PS2_SHARE, PS2_USB, Device, expected_us
from discpress.engine.measure.seek import SeekFigures

MB = 1_000_000
READ = SeekFigures(
    Pattern.RANDOM_2K, True, 100, 1, 1, 1, 1, 1, 0, 1, 0, jumps=1, requests=1, wanted_bytes=2048, stored_bytes=2048,
    octaves=(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("request_bytes", "rate"), [(2048, 7), (4096, 12), (8192, 20), (16384, 32), (512, 7), (1 << 20, 32)]
)
def test_the_hard_disk_reads_by_the_size_of_a_request(request_bytes: int, rate: int) -> None:
    assert PS2_HDD.rate_of(request_bytes) == rate * MB


@given(st.floats(1, 1 << 20), st.sampled_from(DEVICES))
def test_no_rate_is_outside_of_what_was_published(request_bytes: float, device: Device) -> None:
    rates = [rate for _, rate in device.rates]
    assert min(rates) <= device.rate_of(request_bytes) <= max(rates)


def test_a_plain_sector_from_the_hard_disk() -> None:
    assert expected_us(PS2_HDD, READ, 0) == pytest.approx(2048 / 7)


def test_packing_helps_where_the_bus_is_slow() -> None:
    packed = replace(READ, stored_bytes=1000, jumps=0.1)
    plain_us, packed_us = expected_us(PS2_SHARE, READ, 0), expected_us(PS2_SHARE, packed, 2048)
    assert plain_us is not None
    assert packed_us is not None
    assert packed_us < plain_us


def test_an_index_costs_a_request_for_each_jump_on_a_ps2() -> None:
    near, far = expected_us(PS2_USB, replace(READ, jumps=0), 2048), expected_us(PS2_USB, READ, 2048)
    assert near is not None
    assert far is not None
    assert far - near == pytest.approx(257 * 4 / 1.216 + 1000)


def test_no_ps2_reads_larger_blocks() -> None:
    assert [expected_us(device, READ, 4096) for device in DEVICES if device is not MEMORY_STICK] == [None] * 3
    assert expected_us(MEMORY_STICK, READ, 65536) == pytest.approx(204.8)

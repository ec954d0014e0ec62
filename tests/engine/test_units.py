"""Sizes, rates and durations as people type and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.units import (
    GIB,
    KIB,
    MIB,
    format_duration,
    format_latency,
    format_percent,
    format_rate,
    format_size,
    format_whole_percent,
    parse_size,
)

TIB = 1024 * GIB
DAY_S = 86400


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("0", 0),
        ("2048", 2048),
        ("2K", 2048),
        ("2k", 2048),
        ("2KB", 2048),
        ("2KiB", 2048),
        ("16 MiB", 16 * MIB),
        ("1.5G", 1536 * MIB),
        ("2T", 2 * TIB),
        (" 64K\n", 64 * KIB),
        ("100B", 100),
    ],
)
def test_a_size_is_read(text: str, size_bytes: int) -> None:
    assert size_bytes == parse_size(text)


@pytest.mark.parametrize("text", ["", "K", "-1", "1e3", "0x800", "2 K B", "2X", "1,5G", "1_000", "٣", "1.K", "nan"])
def test_what_is_no_size_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="expected a size") as caught:
        parse_size(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["0.5", "1.0001K"])
def test_half_a_byte_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a whole number of bytes"):
        parse_size(text)


@given(size=st.integers(0, 10**12))
def test_every_number_of_bytes_reads_as_itself(size: int) -> None:
    assert size == parse_size(str(size))


@given(text=st.text(max_size=12))
def test_no_text_raises_anything_but_a_value_error(text: str) -> None:
    try:
        size = parse_size(text)
    except ValueError:
        return
    assert size >= 0


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (512, "512 B"),
        (999, "999 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (1000, "0.98 KiB"),
        (1023, "1 KiB"),
        (700 * MIB, "700 MiB"),
        (4_700_000_000, "4.38 GiB"),
        (2 * TIB, "2 TiB"),
        (-1536, "-1.5 KiB"),
    ],
)
def test_a_size_is_shown(size_bytes: int, text: str) -> None:
    assert text == format_size(size_bytes)


@given(number=st.integers(1, 999), unit=st.sampled_from([1, KIB, MIB, GIB]))
def test_a_size_of_whole_units_has_at_most_eight_characters(number: int, unit: int) -> None:
    assert len(format_size(number * unit)) <= 8


@pytest.mark.parametrize("size_bytes", [1000, 1023, 1000 * KIB, 1023 * MIB])
def test_a_size_just_below_a_unit_has_at_most_eight_characters(size_bytes: int) -> None:
    assert len(format_size(size_bytes)) <= 8


def test_a_size_beyond_a_thousand_tib_has_no_exponent() -> None:
    assert format_size(1024 * TIB) == "1 PiB"


@given(size=st.integers(1, 10**15))
def test_a_shown_size_is_the_size_to_three_digits(size: int) -> None:
    number, unit = format_size(size).split(" ")
    shown = float(number) * {"B": 1, "KiB": KIB, "MiB": MIB, "GiB": GIB, "TiB": TIB}[unit]
    assert shown == pytest.approx(size, rel=0.0052)


def test_a_rate_is_a_size_a_second() -> None:
    assert format_rate(83.1 * MIB) == "83.1 MiB/s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (-1, "0.0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.95, "10 s"),
        (59.4, "59 s"),
        (59.6, "1m00s"),
        (185, "3m05s"),
        (3599.6, "1h00m"),
        (2 * 3600 + 7 * 60, "2h07m"),
        (DAY_S - 0.4, "1d00h"),
        (4 * DAY_S + 3 * 3600, "4d03h"),
    ],
)
def test_a_duration_is_shown(seconds: float, text: str) -> None:
    assert text == format_duration(seconds)


@given(seconds=st.floats(0, 100 * DAY_S - 1))
def test_a_duration_below_a_hundred_days_has_at_most_six_characters(seconds: float) -> None:
    assert len(format_duration(seconds)) <= 6


def test_a_duration_of_a_hundred_days_has_at_most_six_characters() -> None:
    assert len(format_duration(100 * DAY_S)) <= 6


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [(0.4, "0.4 us"), (85.2, "85.2 us"), (999.4, "999 us"), (1250, "1.25 ms"), (340_000, "340 ms"), (1.5e6, "1.5 s")],
)
def test_a_latency_is_shown(microseconds: float, text: str) -> None:
    assert text == format_latency(microseconds)


@pytest.mark.slow
@given(microseconds=st.floats(0, 999e6))
def test_a_latency_has_at_most_seven_characters(microseconds: float) -> None:
    assert len(format_latency(microseconds)) <= 7


def test_a_percentage_has_one_decimal() -> None:
    assert format_percent(42, 100) == "42.0 %"


@pytest.mark.parametrize(("percent", "text"), [(41.6, "42 %"), (-0.3, "0 %"), (-1.2, "-1 %")])
def test_a_whole_percentage_has_no_negative_zero(percent: float, text: str) -> None:
    assert text == format_whole_percent(percent)


def test_a_percentage_of_nothing_is_a_dash() -> None:
    assert format_percent(1, 0) == "-"


def test_a_whole_number_of_microseconds_may_be_an_int() -> None:
    assert [format_latency(64), format_latency(2048), format_latency(4_000_000)] == ["64 us", "2.05 ms", "4 s"]

"""Speeds of a machine as plain data: read as they were sent, and anything else is refused."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from discpress.engine.cluster.payload import measured_json, measured_of
from discpress.engine.errors import ClusterError
from discpress.engine.measure.placement import Speeds
from discpress.engine.measure.speeds import Measured

NAMES = ("read_rate", "write_rate", "pack_rate", "decode_rate", "packed_share")
RATES = st.floats(1e-3, 1e15)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.none(), max_size=1)
GOOD = dict.fromkeys(NAMES, 1.0)


@given(st.builds(Speeds, st.just("pc"), RATES, RATES, RATES, RATES), RATES)
def test_speeds_are_read_as_they_were_sent(speeds: Speeds, share: float) -> None:
    found = Measured(speeds, share)
    assert measured_of(measured_json(found), "pc") == found


@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
@example({**GOOD, "read_rate": 0})
@example({**GOOD, "read_rate": 10**400})
@example({**GOOD, "packed_share": float("nan")})
def test_anything_else_is_refused_or_has_usable_rates(facts: dict[str, object]) -> None:
    with contextlib.suppress(ClusterError):
        found = measured_of(facts, "pc")  # type: ignore[arg-type]
        assert found.speeds.pack_rate > 0
        assert 0 < found.packed_share < float("inf")


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_rate_is_an_error_of_its_machine(name: str) -> None:
    facts = {each: 1.0 for each in NAMES if each != name}
    with pytest.raises(ClusterError, match="pc: sent something unexpected"):
        measured_of({**facts}, "pc")

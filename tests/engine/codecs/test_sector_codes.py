"""EDC and ECC of raw sectors against the loops of the standard, byte by byte."""

from random import Random

import cd_sectors
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from discpress.engine.codecs.sector_codes import PROTECTED_BYTES, ecc, edc

# Hypothesis draws few bytes; a seed gives noise of any length.
noise = st.builds(lambda seed, size: seed.randbytes(size), st.randoms(use_true_random=False), st.integers(0, 2400))


@given(noise | st.binary(max_size=300))
@example(bytes(2064))
@example(b"\xff" * 2056)
@example(bytes(2331) + b"\1")
def test_the_edc_is_the_crc_of_the_standard(data: bytes) -> None:
    assert edc(data) == cd_sectors.edc(data)


@pytest.mark.parametrize("data", [b"", b"\1", b"\x80"])
def test_the_edc_of_next_to_nothing(data: bytes) -> None:
    assert edc(data) == cd_sectors.edc(data)


@given(st.randoms(use_true_random=False))
def test_the_ecc_is_that_of_the_standard(chance: Random) -> None:
    protected = chance.randbytes(PROTECTED_BYTES)
    assert ecc(protected) == cd_sectors.ecc(protected)


def test_each_byte_alone_has_the_ecc_of_the_standard() -> None:
    """The code is linear: with single bytes right, every sum of them is right."""
    for place in range(0, PROTECTED_BYTES, 61):
        protected = bytes(place) + b"\x9d" + bytes(PROTECTED_BYTES - place - 1)
        assert ecc(protected) == cd_sectors.ecc(protected)


@pytest.mark.parametrize("size", [0, PROTECTED_BYTES - 1, PROTECTED_BYTES + 1])
def test_the_ecc_of_another_number_of_bytes_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"expected {PROTECTED_BYTES} bytes, got {size}"):
        ecc(bytes(size))

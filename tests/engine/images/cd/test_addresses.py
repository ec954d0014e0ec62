"""Addresses in the headers of raw sectors."""

import pytest
from cd_sectors import header
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.images.cd.addresses import NO_ADDRESS, address_of, header_address


@given(address=st.integers(-150, 450_000 - 151))
def test_an_address_is_read_as_it_was_written(address: int) -> None:
    assert header_address(address) == header(address, 1)[12:15]
    assert address_of(header(address, 2)) == address


@pytest.mark.parametrize("digits", ["0a0000", "000f00", "0000f0", "ffffff"])
def test_digits_that_are_not_decimal_are_no_address(digits: str) -> None:
    assert address_of(bytes(12) + bytes.fromhex(digits) + b"\1") == NO_ADDRESS


@given(raw=st.binary(max_size=20), address=st.integers(-(2**40), 2**40))
def test_nothing_makes_them_fail(raw: bytes, address: int) -> None:
    assert address_of(raw) >= NO_ADDRESS
    assert len(header_address(address)) == 3

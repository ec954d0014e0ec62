"""Serials of lists and of discs in one form."""

import pytest

from discpress.engine.dats.serials import serial_key, serial_keys


@pytest.mark.parametrize(
    ("listed", "on_disc"),
    [
        ("SLUS-20312", "SLUS-20312"),
        ("SLUS 20312", "SLUS-20312"),
        ("slus_203.12", "SLUS-20312"),
        ("SLPM-65002-0", "SLPM-65002"),
        ("SLES-50001/ANZ", "SLES-50001"),
        ("SLUS-20001GH", "SLUS-20001"),
        ("DL-DOL-GW7P-EUR", "GW7P69"),
        ("T-8101G", "T-8101G"),
    ],
)
def test_a_serial_of_a_list_is_that_of_the_disc(listed: str, on_disc: str) -> None:
    assert serial_keys(listed) == (serial_key(on_disc),)


def test_a_text_with_several_serials_gives_each() -> None:
    assert serial_keys("SLES-00001, SLES-10001/SLES-00002") == ("SLES00001", "SLES10001", "SLES00002")
    assert serial_keys(" , ") == ()

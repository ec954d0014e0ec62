"""PARAM.SFO: what it says, and that no bytes upset it."""

import struct

import pytest
from disc_sources import Golden
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.discs.sfo import parse_sfo


def make_sfo(*entries: tuple[str, int, bytes]) -> bytes:
    """Build a PARAM.SFO from (key, format, value bytes)."""
    keys, values, table = b"", b"", b""
    for key, kind, value in entries:
        table += struct.pack("<HHIII", len(keys), kind, len(value), len(value), len(values))
        keys += key.encode() + b"\0"
        values += value
    key_table = 20 + len(table)
    header = b"\0PSF" + struct.pack("<IIII", 0x101, key_table, key_table + len(keys), len(entries))
    return header + table + keys + values


SMALL = make_sfo(("TITLE", 0x0204, b"Lumen\0"), ("DISC_NUMBER", 0x0404, b"\2\0\0\0"))


def test_the_golden_disc_tells_its_title(golden: Golden) -> None:
    image = golden("psp.iso")
    values = parse_sfo(image[28 * 2048 : 28 * 2048 + 416])
    assert (values["DISC_ID"], values["TITLE"], values["DISC_TOTAL"]) == ("ULUS10041", "Lumen Arc", 1)


def test_texts_end_at_their_nul_and_numbers_are_int() -> None:
    assert parse_sfo(SMALL) == {"TITLE": "Lumen", "DISC_NUMBER": 2}


def test_text_without_a_nul_is_taken_whole() -> None:
    assert parse_sfo(make_sfo(("A", 0x0004, b"whole"))) == {"A": "whole"}


def test_titles_are_utf8() -> None:
    assert parse_sfo(make_sfo(("TITLE", 0x0204, "ルミナ".encode()))) == {"TITLE": "ルミナ"}


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    assert parse_sfo(make_sfo(("TITLE", 0x0204, b"a\xffb\0"))) == {"TITLE": "a\ufffdb"}


@pytest.mark.parametrize("data", [b"", b"\0PSF", b"\0PSF" + b"\xff" * 16, b"PSF\0" + SMALL[4:], b"x" * 999])
def test_what_is_no_sfo_is_empty(data: bytes) -> None:
    assert parse_sfo(data) == {}


def test_an_unknown_format_is_left_out() -> None:
    assert parse_sfo(make_sfo(("A", 0x0999, b"a"), ("B", 0x0204, b"b\0"))) == {"B": "b"}


def test_a_value_outside_of_the_file_is_left_out() -> None:
    data = bytearray(SMALL)
    struct.pack_into("<I", data, 20 + 12, 0xFFFFFFFF)
    assert parse_sfo(bytes(data)) == {"DISC_NUMBER": 2}


def test_a_huge_count_is_not_believed() -> None:
    data = bytearray(SMALL)
    struct.pack_into("<I", data, 16, 0xFFFFFFFF)
    assert parse_sfo(bytes(data))["TITLE"] == "Lumen"


def test_entries_after_the_128th_are_left_out() -> None:
    entries = [(f"K{number}", 0x0404, b"\0\0\0\0") for number in range(200)]
    assert len(parse_sfo(make_sfo(*entries))) == 128


def test_a_huge_value_is_cut() -> None:
    assert parse_sfo(make_sfo(("A", 0x0204, b"x" * 9000))) == {"A": "x" * 1024}


@given(st.binary(max_size=300), st.integers(0, len(SMALL)))
def test_no_bytes_raise(junk: bytes, keep: int) -> None:
    values = parse_sfo(SMALL[:keep] + junk)
    assert all(isinstance(value, str | int) for value in values.values())


@given(st.integers(0, len(SMALL) - 1), st.integers(0, 255))
def test_no_single_byte_raises(place: int, value: int) -> None:
    data = bytearray(SMALL)
    data[place] = value
    parse_sfo(bytes(data))

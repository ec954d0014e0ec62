"""The padding of discs, against known bytes, another generator and nod-rs."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wii_partitions import junk

from discpress.engine.images.nintendo.padding import SECTOR_BYTES, Padding, find_seed, looks_like_padding, padding_of
from discpress.engine.images.nintendo.rvz_padding import pack_padding

GALE = Padding(b"GALE01\0")
LEAST = 4 * 521


@pytest.mark.parametrize(
    ("head", "offset", "expected"),
    [
        (b"GALE01\0", 0x600000, "e94767bd41504d5d6148b199a0120cba"),
        (b"GALE01\0", 0x608000, "e2bbbd77dab222421c0c0bfcac06ead0"),
        (b"GPIE01\0", 0x322904, "97d8230b12aa2045c2bd718c3032c52f"),
    ],
)
def test_padding_is_what_the_generator_of_real_discs_makes(head: bytes, offset: int, expected: str) -> None:
    sector, skip = divmod(offset, SECTOR_BYTES)
    assert Padding(head).sector(sector)[skip : skip + 16].hex() == expected


@given(st.lists(st.integers(0, (1 << 32) - 1), min_size=17, max_size=17))
def test_any_seed_makes_the_padding_of_another_generator(seed: list[int]) -> None:
    assert padding_of(seed) == junk(seed, SECTOR_BYTES)


@given(st.lists(st.integers(0, (1 << 32) - 1), min_size=17, max_size=17), st.integers(0, SECTOR_BYTES))
def test_a_seed_is_found_in_its_padding_from_any_place_on(seed: list[int], skip: int) -> None:
    padding = junk(seed, SECTOR_BYTES)
    found = find_seed(padding[skip:], skip)
    is_enough = SECTOR_BYTES - skip - -skip % 4 >= LEAST
    assert (found is not None and padding_of(found) == padding) == is_enough


@given(st.binary(min_size=LEAST, max_size=LEAST + 8), st.integers(0, SECTOR_BYTES))
def test_other_bytes_have_no_seed(data: bytes, skip: int) -> None:
    seed = find_seed(data, skip)
    assert seed is None or padding_of(seed)[skip:][: len(data)] == data[: SECTOR_BYTES - skip]


def test_padding_with_one_wrong_bit_has_no_seed() -> None:
    sector = bytearray(GALE.sector(7))
    sector[LEAST - 1] ^= 1
    assert find_seed(bytes(sector), 0) is None


def test_padding_is_compared_across_sectors() -> None:
    stream = GALE.sector(3) + GALE.sector(4)
    assert GALE.is_at(stream[1000:], 3 * SECTOR_BYTES + 1000)
    assert not GALE.is_at(stream[1000:-1] + bytes([stream[-1] ^ 1]), 3 * SECTOR_BYTES + 1000)
    assert not GALE.is_at(stream, 4 * SECTOR_BYTES)


def test_noise_does_not_look_like_padding() -> None:
    assert looks_like_padding(GALE.sector(1)[3:], 3)
    assert not looks_like_padding(Random(1).randbytes(100), 0)
    assert not looks_like_padding(GALE.sector(1)[:67], 0)


def test_a_group_keeps_its_plain_bytes_and_the_seeds_of_its_padding() -> None:
    sector, noise = GALE.sector(5), Random(2).randbytes(1000)
    packed = pack_padding(noise + sector[1000:], 5 * SECTOR_BYTES, GALE, [5 * SECTOR_BYTES + 1000])
    seed = b"".join(each.to_bytes(4, "big") for each in GALE.seed(5))
    length = (SECTOR_BYTES - 1000) | 1 << 31
    assert packed == (1000).to_bytes(4, "big") + noise + length.to_bytes(4, "big") + seed


def test_padding_after_a_file_of_unknown_end_stays_as_it_is() -> None:
    data = Random(2).randbytes(1000) + GALE.sector(5)[1000:]
    assert pack_padding(data, 5 * SECTOR_BYTES, GALE, []) is data


@given(st.binary(max_size=300), st.integers(0, 1 << 33), st.lists(st.integers(0, 1 << 33), max_size=3))
def test_any_bytes_are_packed(data: bytes, start: int, ends: list[int]) -> None:
    assert len(pack_padding(data, start, GALE, sorted(ends))) <= len(data)

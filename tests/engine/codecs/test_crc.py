"""CRCs against a register that is shifted bit by bit."""

import binascii
import zlib
from array import array
from collections.abc import Iterator
from random import Random
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.codecs import crc as module
from discpress.engine.codecs import native
from discpress.engine.codecs.crc import (
    PLAIN_CRC16,
    Crc16,
    chosen_crc16,
    chosen_crc32,
    crc,
    crc16_of_blocks,
    crc32,
    ends_of_zero,
    is_right,
    join_crc32,
    native_crc16,
    native_crc32,
    with_reversed_bits,
)

POLYNOMIALS = {0xD8018001: 32, 0xEDB88320: 32, 0xA001: 16, 0x8408: 16, 0xE0: 8}


def by_bits(data: bytes, polynomial: int) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
    return value


@given(st.binary(max_size=120), st.sampled_from(sorted(POLYNOMIALS)))
def test_any_bytes_have_the_crc_of_the_register(data: bytes, polynomial: int) -> None:
    assert crc(data, polynomial, POLYNOMIALS[polynomial]) == by_bits(data, polynomial)


@pytest.mark.parametrize("size", [0, 1, 11, 12, 13, 19, 20, 21, 500, 2064, 4103])
def test_any_length_has_the_crc_of_the_register(size: int) -> None:
    data = Random(size).randbytes(size)
    for polynomial, width in POLYNOMIALS.items():
        assert crc(memoryview(data), polynomial, width) == by_bits(data, polynomial)


def test_a_megabyte_has_the_crc_of_zlib() -> None:
    """That one starts with ones and inverts its result: the same as inverting the first and the last four bytes."""
    data = Random(1).randbytes(1 << 20)
    begun = bytes(each ^ 0xFF for each in data[:4]) + data[4:]
    assert crc(begun, 0xEDB88320, 32) ^ 0xFFFFFFFF == zlib.crc32(data)


@given(st.binary(max_size=40), st.integers(0, 45))
def test_the_beginnings_with_a_crc_of_0_are_found(data: bytes, first: int) -> None:
    data += crc(data, 0xA001, 16).to_bytes(2, "little") + bytes(2) + data  # what has its CRC appended has a CRC of 0
    expected = [end for end in range(first, len(data)) if by_bits(data[:end], 0xA001) == 0]
    assert list(ends_of_zero(data, 0xA001, 16, first)) == expected


def test_with_reversed_bits_it_is_a_crc_that_takes_the_highest_bit_first() -> None:
    data = Random(2).randbytes(1000)
    reflected = crc(with_reversed_bits(data), 0x8408, 16)
    assert int(f"{reflected:016b}"[::-1], 2) == binascii.crc_hqx(data, 0)


def kernel_or_skip() -> ModuleType:
    """Return the native kernel; the test is skipped if there is none."""
    if native.MODULE is None:
        pytest.skip(f"no native kernel: {native.WHY_NOT_LOADED}")
    return native.MODULE


def native_or_skip() -> Crc16:
    """Return the native kernel's; the test is skipped if there is none."""
    return native_crc16(kernel_or_skip())


KERNELS = {"plain": lambda: PLAIN_CRC16, "native": native_or_skip}


class TestCrc16:
    @pytest.fixture
    def chosen_anew(self) -> Iterator[None]:
        """Forget the choice of this process, before the test and after it."""
        chosen_crc16.cache_clear()
        yield
        chosen_crc16.cache_clear()

    @given(data=st.binary(max_size=100), start=st.integers(0, 0xFFFF))
    def test_the_native_one_is_that_of_binascii(self, data: bytes, start: int) -> None:
        assert native_or_skip().one(memoryview(data), start) == binascii.crc_hqx(data, start)

    @pytest.mark.parametrize("most", [0, 1, 2], ids=["tables", "narrow", "wide"])
    def test_that_of_every_short_length_is_that_of_binascii(self, most: int) -> None:
        kernel, data = kernel_or_skip(), Random(3).randbytes(600)
        for size in range(len(data)):
            piece = memoryview(data)[len(data) - size :]
            assert kernel.crc16(piece, size << 6, most) == binascii.crc_hqx(piece, size << 6), size

    @pytest.mark.parametrize("most", [0, 1, 2], ids=["tables", "narrow", "wide"])
    @pytest.mark.parametrize("size", [4096, 19584, 65536, (1 << 20) + 77])
    def test_that_of_long_data_too(self, size: int, most: int) -> None:
        data = Random(size).randbytes(size)
        assert kernel_or_skip().crc16(data, 0xFFFF, most) == binascii.crc_hqx(data, 0xFFFF)

    @pytest.mark.parametrize("kernel", KERNELS)
    @given(count=st.integers(0, 9), size=st.integers(1, 70), chance=st.randoms(use_true_random=False))
    def test_each_block_has_its_own(self, kernel: str, count: int, size: int, chance: Random) -> None:
        blocks = [chance.randbytes(size) for _ in range(count)]
        values = array("H", bytes(2 * count))
        KERNELS[kernel]().of_blocks(b"".join(blocks), size, 7, values)
        assert values.tolist() == [binascii.crc_hqx(block, 7) for block in blocks]

    @pytest.mark.parametrize("kernel", KERNELS)
    @pytest.mark.parametrize(("size", "block", "room"), [(10, 4, 3), (8, 4, 1)])
    def test_buffers_that_do_not_fit_are_refused(self, kernel: str, size: int, block: int, room: int) -> None:
        with pytest.raises(ValueError, match=r"expected blocks of 4 bytes|the buffers do not fit the block size"):
            KERNELS[kernel]().of_blocks(bytes(size), block, 0, array("H", bytes(2 * room)))

    def test_a_part_of_a_block_is_refused(self) -> None:
        with pytest.raises(ValueError, match="block"):
            crc16_of_blocks(bytes(7), 4, 0)

    def test_the_native_one_is_taken(self, chosen_anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("DISCPRESS_KERNEL", raising=False)
        assert chosen_crc16() == native_or_skip() != PLAIN_CRC16

    @pytest.mark.parametrize(
        "wrong",
        [
            Crc16(lambda data, start: 0, PLAIN_CRC16.of_blocks),
            Crc16(PLAIN_CRC16.one, lambda data, block_size, start, out: None),
        ],
        ids=["one", "of blocks"],
    )
    def test_one_with_other_results_is_not_taken(
        self, wrong: Crc16, chosen_anew: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "native_crc16", lambda module: wrong)
        monkeypatch.delenv("DISCPRESS_KERNEL", raising=False)
        assert not is_right(wrong)
        assert chosen_crc16() is PLAIN_CRC16

    def test_a_kernel_built_before_it_had_one_is_not_taken(self) -> None:
        assert native_crc16(SimpleNamespace()) is PLAIN_CRC16  # type: ignore[arg-type]


class TestCrc32:
    @pytest.fixture
    def chosen_anew(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Forget the choice of this process, before the test and after it; the kernel is not forced."""
        monkeypatch.delenv("DISCPRESS_KERNEL", raising=False)
        chosen_crc32.cache_clear()
        yield
        chosen_crc32.cache_clear()

    @pytest.mark.parametrize("is_wide", [False, True])
    def test_that_of_every_short_length_is_that_of_zlib(self, is_wide: bool) -> None:
        kernel, data = kernel_or_skip(), Random(3).randbytes(600)
        for size in range(len(data)):
            piece = memoryview(data)[len(data) - size :]
            assert kernel.crc32(piece, size << 22, is_wide) == zlib.crc32(piece, size << 22), size

    @pytest.mark.parametrize("is_wide", [False, True])
    @pytest.mark.parametrize("size", [65535, 65536, (1 << 20) + 77])
    def test_that_of_long_data_too(self, size: int, is_wide: bool) -> None:
        data = Random(size).randbytes(size)
        assert kernel_or_skip().crc32(data, 0xFFFFFFFF, is_wide) == zlib.crc32(data, 0xFFFFFFFF)

    @given(data=st.binary(max_size=700), start=st.integers(0, 0xFFFFFFFF), first=st.integers(0, 700))
    def test_it_goes_on_from_what_it_returned(self, data: bytes, start: int, first: int) -> None:
        assert crc32(data[first:], crc32(data[:first], start)) == zlib.crc32(data, start)

    @given(first=st.binary(max_size=50), second=st.binary(max_size=50))
    def test_those_of_two_pieces_are_joined(self, first: bytes, second: bytes) -> None:
        assert join_crc32(crc32(first), crc32(second), len(second)) == zlib.crc32(first + second)

    @pytest.mark.parametrize("size", [1 << 20, (1 << 20) - 1, 19584 * 53])
    def test_those_of_long_pieces_are_joined(self, size: int) -> None:
        data = Random(5).randbytes(2 * size)
        assert join_crc32(crc32(data[:size]), crc32(data[size:]), size) == zlib.crc32(data)

    def test_the_native_one_is_taken(self, chosen_anew: None) -> None:
        kernel = kernel_or_skip()
        if not kernel.crc32_pays():
            pytest.skip("this processor does not multiply without carries")
        assert chosen_crc32() is kernel.crc32

    def test_one_with_other_results_is_not_taken(self, chosen_anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "native_crc32", lambda module: lambda data, start: 0)
        assert chosen_crc32() is zlib.crc32

    def test_the_plain_kernel_is_zlib(self, chosen_anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DISCPRESS_KERNEL", "plain")
        assert chosen_crc32() is zlib.crc32

    @pytest.mark.parametrize(
        "kernel", [SimpleNamespace(), SimpleNamespace(crc32=None, crc32_pays=lambda: False)], ids=["old", "slow"]
    )
    def test_a_kernel_without_a_fast_one_is_not_taken(self, kernel: SimpleNamespace) -> None:
        assert native_crc32(kernel) is zlib.crc32  # type: ignore[arg-type]

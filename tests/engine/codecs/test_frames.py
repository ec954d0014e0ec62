"""Frames of CDs split into streams and joined again, by both kernels, against streams made by hand."""

from collections.abc import Iterator
from random import Random
from types import SimpleNamespace

import cd_sectors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_hunks import HUNK, SECTORS
from packed_cds import FRAME, streams_of

from discpress.engine.codecs import native
from discpress.engine.codecs.cd import frames as module
from discpress.engine.codecs.cd.frames import (
    PLAIN_CODES,
    FrameCodes,
    are_right,
    join_frames,
    native_codes,
    split_frames,
)


def native_or_skip() -> FrameCodes:
    """Return the native kernel's; the test is skipped if there is none."""
    if native.MODULE is None:
        pytest.skip(f"no native kernel: {native.WHY_NOT_LOADED}")
    return native_codes(native.MODULE)


KERNELS = {"plain": lambda: PLAIN_CODES, "native": native_or_skip}


@pytest.mark.parametrize("kernel", KERNELS)
def test_sync_and_ecc_are_left_out_if_they_can_be_made_again(kernel: str) -> None:
    bitmap, sectors, _ = KERNELS[kernel]().split(HUNK)
    assert [number for number in range(8) if bitmap[0] >> number & 1] == [0, 1, 5, 7]
    assert (sectors[:12], sectors[2076:2352]) == (bytes(12), bytes(276))


@pytest.mark.parametrize("kernel", KERNELS)
@settings(max_examples=10, deadline=None)
@given(chance=st.randoms(use_true_random=False), count=st.integers(0, 18))
def test_any_frames_have_the_streams_made_by_hand_and_come_back(kernel: str, chance: Random, count: int) -> None:
    frames = b"".join(chance.choice(SECTORS) + chance.randbytes(96) for _ in range(count))
    codes = KERNELS[kernel]()
    assert codes.split(memoryview(frames)) == streams_of(frames)
    assert codes.join(*streams_of(frames)) == frames


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("number", [1, 7], ids=["form 1", "mode 1"])
def test_one_wrong_bit_keeps_sync_and_ecc(kernel: str, number: int) -> None:
    """Each bit of the sync and of the ECC counts, and each one that the ECC protects."""
    codes = KERNELS[kernel]()
    for place in (0, 5, 11, 16, 1000, 2063, 2075, 2076, 2247, 2248, 2351):
        frame = bytearray(SECTORS[number] + bytes(96))
        assert codes.split(frame)[0] == b"\1"
        frame[place] ^= 4
        assert codes.split(frame)[:2] == (b"\0", bytes(frame[:2352]))


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_marked_sector_gets_sync_and_ecc_whatever_it_holds(kernel: str) -> None:
    for mode in (0, 1, 2, 255):
        sector = bytes(12) + Random(mode).randbytes(3) + bytes([mode]) + Random(mode).randbytes(2336)
        header = bytes(4) if mode == 2 else sector[12:16]
        expected = cd_sectors.SYNC + sector[12:2076] + cd_sectors.ecc(header + sector[16:2076])
        assert KERNELS[kernel]().join(b"\1", sector, bytes(96)) == expected + bytes(96)
        assert KERNELS[kernel]().join(b"\xfe", sector, bytes(96)) == sector + bytes(96)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("size", [1, FRAME - 1, FRAME + 1])
def test_a_part_of_a_frame_is_refused(kernel: str, size: int) -> None:
    with pytest.raises(ValueError, match=f"expected whole frames of 2448 bytes, got {size} bytes"):
        KERNELS[kernel]().split(bytes(size))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("sizes", [(1, 2351, 96), (1, 2352, 95), (0, 2352, 96), (2, 2352, 96), (1, 2352, 192)])
def test_streams_that_do_not_fit_are_refused(kernel: str, sizes: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="the lengths of bitmap, sectors and subcode do not fit"):
        KERNELS[kernel]().join(*map(bytes, sizes))


class TestChoice:
    @pytest.fixture
    def chosen_anew(self) -> Iterator[None]:
        """Forget the choice of this process, before the test and after it."""
        module._chosen_codes.cache_clear()
        yield
        module._chosen_codes.cache_clear()

    def test_the_native_kernel_is_taken(self, chosen_anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("DISCPRESS_KERNEL", raising=False)
        assert module._chosen_codes() == native_or_skip() != PLAIN_CODES

    @pytest.mark.parametrize(
        "wrong",
        [
            FrameCodes(lambda frames: (b"\0", *PLAIN_CODES.split(frames)[1:]), PLAIN_CODES.join),
            FrameCodes(PLAIN_CODES.split, lambda bitmap, sectors, subcode: bytes(len(subcode) // 96 * FRAME)),
        ],
        ids=["split", "join"],
    )
    def test_a_kernel_that_makes_other_streams_is_not_taken(
        self, wrong: FrameCodes, chosen_anew: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "native_codes", lambda module: wrong)
        monkeypatch.delenv("DISCPRESS_KERNEL", raising=False)
        assert not are_right(wrong)
        assert module._chosen_codes() is PLAIN_CODES

    def test_a_kernel_built_before_it_had_any_is_not_taken(self) -> None:
        assert native_codes(SimpleNamespace()) is PLAIN_CODES  # type: ignore[arg-type]

    def test_the_plain_one_is_taken_on_request(self, chosen_anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DISCPRESS_KERNEL", "plain")
        assert join_frames(*split_frames(HUNK)) == HUNK
        assert module._chosen_codes() is PLAIN_CODES

"""The decoders of CD hunks on sound, damaged and any other bytes."""

import contextlib
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_hunks import HUNK, SIZE, decode
from packed_cds import CODECS, FRAME, PACKERS, deflated, flac, joined, streams_of

from discpress.engine.codecs import native
from discpress.engine.codecs.blocks import BlockError, DecoderMissingError
from discpress.engine.codecs.cd_hunks import CdFlacDecoder
from discpress.engine.codecs.flac import decoder


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.decode())
def test_a_hunk_of_any_sectors_and_subcode_decodes(codec: bytes) -> None:
    assert decode(codec, PACKERS[codec](HUNK)) == HUNK


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(CODECS), st.binary(max_size=300))
def test_any_bytes_give_a_whole_hunk_or_a_block_error(codec: bytes, stored: bytes) -> None:
    with contextlib.suppress(BlockError):
        assert len(decode(codec, stored)) == SIZE


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CODECS[:3]), st.binary(max_size=8), st.binary(max_size=200))
def test_any_head_before_sound_streams_gives_a_whole_hunk_or_a_block_error(
    codec: bytes, head: bytes, tail: bytes
) -> None:
    packed = PACKERS[codec](HUNK)
    with contextlib.suppress(BlockError):
        assert len(decode(codec, head + packed[len(head) :] + tail)) == SIZE


@pytest.mark.parametrize("codec", CODECS[:3], ids=lambda codec: codec.decode())
@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 100])
def test_a_hunk_that_was_cut_is_an_error(codec: bytes, length: int) -> None:
    with pytest.raises(BlockError, match=f"{codec.decode()} hunk does not decode|does not decode"):
        decode(codec, PACKERS[codec](HUNK)[:length])


def test_a_stream_of_sectors_that_is_too_short_is_an_error() -> None:
    bitmap, sectors, subcode = streams_of(HUNK)
    stored = joined(bitmap, deflated(sectors[:-1]), deflated(subcode), SIZE)
    with pytest.raises(BlockError, match=f"does not decode to {8 * 2352} bytes"):
        decode(b"cdzl", stored)


@pytest.mark.parametrize("change", [-1, 1])
def test_subcode_of_another_length_is_an_error(change: int) -> None:
    bitmap, sectors, subcode = streams_of(HUNK)
    stored = joined(bitmap, deflated(sectors), deflated((subcode + b"\1")[: len(subcode) + change]), SIZE)
    with pytest.raises(BlockError, match="does not decode to 768 bytes"):
        decode(b"cdzl", stored)


@pytest.mark.parametrize("kernel", ["native", "plain"])
class TestFlac:
    sound = Random(5).randbytes(8 * 2352)

    @pytest.fixture(autouse=True)
    def decoder_of_the_kernel(self, kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
        if kernel == "plain":
            monkeypatch.setattr(decoder, "chosen_decoder", lambda: lambda stored, samples: None)
        elif native.MODULE is None:
            pytest.skip(f"no native kernel: {native.WHY_NOT_LOADED}")

    @pytest.mark.parametrize("subcode", [bytes(768), Random(6).randbytes(768), b"\x03\x00" * 384])
    def test_any_subcode_is_found_after_the_last_frame(self, kernel: str, subcode: bytes) -> None:
        decoded = decode(b"cdfl", flac(self.sound, 2352) + deflated(subcode))
        assert b"".join(decoded[start : start + 2352] for start in range(0, SIZE, FRAME)) == self.sound
        assert b"".join(decoded[start + 2352 : start + FRAME] for start in range(0, SIZE, FRAME)) == subcode

    @pytest.mark.slow
    def test_blocks_of_any_size_decode(self, kernel: str) -> None:
        for sound in (self.sound, bytes(8 * 2352)):  # blocks of silence are shorter than the subcode may be
            for block in (64, 192, 588, 1176, 4704):
                assert decode(b"cdfl", flac(sound, block) + deflated(bytes(768)))[:2352] == sound[:2352]

    def test_places_without_end_are_not_all_tried(self, kernel: str) -> None:
        """Zeros keep a crc16 of 0, so each of them may be the end of a FLAC frame."""
        with pytest.raises(BlockError, match="its FLAC frames or their subcode are damaged"):
            decode(b"cdfl", flac(self.sound, 2352) + bytes(800))

    def test_a_damaged_block_is_an_error(self, kernel: str) -> None:
        """The package leaves it out without one."""
        blocks = bytearray(flac(self.sound, 2352))
        blocks[5000] ^= 1
        with pytest.raises(BlockError, match="its FLAC frames or their subcode are damaged"):
            decode(b"cdfl", bytes(blocks) + deflated(bytes(768)))

    def test_a_missing_block_is_an_error(self, kernel: str) -> None:
        blocks = flac(self.sound[: 4 * 2352], 2352)
        with pytest.raises(BlockError, match=f"does not decode to {8 * 2352} bytes"):
            decode(b"cdfl", blocks + deflated(bytes(768)))

    @pytest.mark.parametrize("size", [767, 769])
    def test_subcode_of_another_length_is_an_error(self, kernel: str, size: int) -> None:
        with pytest.raises(BlockError, match="its FLAC frames or their subcode are damaged"):
            decode(b"cdfl", flac(self.sound, 2352) + deflated(bytes(size)))


def test_it_names_the_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "chosen_decoder", lambda: lambda stored, samples: None)
    stored = flac(TestFlac.sound, 2352) + deflated(bytes(768))
    with pytest.raises(DecoderMissingError) as caught:
        CdFlacDecoder(lambda: None).decode(memoryview(stored), SIZE, 0)
    assert caught.value.package == "miniaudio"


def test_the_native_kernel_decodes_sound_without_a_package() -> None:
    if native.MODULE is None:
        pytest.skip(f"no native kernel: {native.WHY_NOT_LOADED}")
    stored = flac(TestFlac.sound, 2352) + deflated(bytes(768))
    assert len(CdFlacDecoder(lambda: None).decode(memoryview(stored), SIZE, 0)) == SIZE

"""The native decoder of FLAC frames, against the package miniaudio; frames of rare kinds are made by hand."""

from collections.abc import Iterator, Sequence
from random import Random
from types import SimpleNamespace

import packed_cds
import pytest
import sounds
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.codecs import native
from discpress.engine.codecs.flac import decoder
from discpress.engine.codecs.flac.decoder import (
    DecodeFlac,
    FlacDecoder,
    decode_frames,
    in_byte_order,
    is_right,
    native_decoder,
)
from discpress.engine.codecs.flac.encoder import encode_flac
from discpress.engine.system.files import Readable

SAMPLES = 192
SOUND = sounds.partials(SAMPLES)
FRAMES = encode_flac(SOUND, SAMPLES)


def native_or_skip() -> DecodeFlac:
    """Return the native kernel's decoder; the test is skipped if there is none."""
    if native.MODULE is None:
        pytest.skip(f"no native kernel: {native.WHY_NOT_LOADED}")
    return native_decoder(native.MODULE)


def by_package(frames: bytes, samples: int) -> bytes:
    """Return what the package decodes."""
    return in_byte_order(decode_frames(frames, 4 * samples), is_big=True)


def bits(*fields: tuple[int, int]) -> str:
    """Return numbers as bits, each with its width."""
    return "".join(f"{number & (1 << width) - 1:0{width}b}" if width else "" for number, width in fields)


def words(numbers: Sequence[int], width: int) -> list[tuple[int, int]]:
    """Return numbers as fields of `bits`."""
    return [(number, width) for number in numbers]


def rice(numbers: Sequence[int], parameter: int) -> str:
    """Return residuals as Rice codes."""
    codes = (2 * number if number >= 0 else -2 * number - 1 for number in numbers)
    return "".join("0" * (code >> parameter) + "1" + bits((code, parameter)) for code in codes)


def frame(
    subframes: str, size: tuple[int, bytes] = (1, b""), rate: tuple[int, bytes] = (9, b""), pair: int = 1
) -> bytes:
    """Return a frame of two subframes; size and rate are a code and the bytes that follow."""
    head = bytes((0xFF, 0xF8, size[0] << 4 | rate[0], pair << 4 | 8, 0)) + size[1] + rate[1]
    head += bytes([packed_cds.crc_of(head, 0x07, 8)])
    body = subframes.ljust(-(-len(subframes) // 8) * 8, "0")
    whole = head + int(body or "0", 2).to_bytes(len(body) // 8, "big")
    return whole + packed_cds.crc_of(whole, 0x8005, 16).to_bytes(2, "big")


CONSTANT = bits((0, 8), (-300, 16))
WALK = [Random(9).randrange(-40, 41) for _ in range(SAMPLES)]
HARD = [Random(8).randrange(-20000, 20000) for _ in range(SAMPLES)]


def test_frames_of_all_kinds_of_sound_decode() -> None:
    for make in sounds.SOUNDS.values():
        sound = make(500)
        for frames in (encode_flac(sound, 192), packed_cds.flac(sound, 300)):
            assert native_or_skip()(frames + b"rest", 500) == (sound, len(frames))


@pytest.mark.parametrize(
    "subframe",
    [
        bits((16, 8), (0, 2), (0, 4), (15, 4), (9, 5), *words(WALK, 9)),
        bits((16, 8), (0, 2), (0, 4), (15, 4), (0, 5)),
        bits((16, 8), (1, 2), (0, 4), (17, 5)) + rice(HARD, 17),
        bits((16, 8), (1, 2), (1, 4), (31, 5), (16, 5), *words(HARD[:96], 16), (3, 5)) + rice(WALK[96:], 3),
        bits((16, 8), (0, 2), (6, 4)) + "".join("0000" + rice(WALK[at : at + 3], 0) for at in range(0, SAMPLES, 3)),
        bits((3, 8), (1, 3), *words(WALK, 13)),
        bits((17, 8), (1, 1), (0, 2), (0, 4), (5, 4)) + rice(WALK, 5),
        bits((24, 8), *words([9, 30, 51, 72], 16), (0, 2), (0, 4), (14, 4)) + rice([0] * (SAMPLES - 4), 14),
        bits((126, 8), *words(WALK[:32], 16), (14, 4), (14, 5), *words([255] * 32, 15), (0, 2), (0, 4), (8, 4))
        + rice(WALK[32:], 8),
    ],
    ids=["plain part", "part of zeros", "long parameter", "long plain part", "many parts", "wasted bits verbatim",
         "wasted bits fixed", "order 4", "order 32"],
)  # fmt: skip
def test_subframes_that_our_encoder_does_not_write_decode_as_by_the_package(subframe: str) -> None:
    for subframes in (CONSTANT + subframe, subframe + CONSTANT):
        frames = frame(subframes)
        assert native_or_skip()(frames, SAMPLES) == (by_package(frames, SAMPLES), len(frames))


@pytest.mark.parametrize(
    ("size", "samples"),
    [
        ((1, b""), 192),
        ((2, b""), 576),
        ((6, b"\x63"), 100),
        ((7, b"\x01\x2b"), 300),
        ((8, b""), 256),
        ((11, b""), 2048),
    ],
)
@pytest.mark.parametrize("rate", [(0, b""), (9, b""), (12, b"\x2c"), (13, b"\xac\x44"), (14, b"\x11\x3a")])
def test_all_forms_of_block_size_and_rate_decode(
    size: tuple[int, bytes], samples: int, rate: tuple[int, bytes]
) -> None:
    frames = frame(2 * CONSTANT, size, rate)
    assert native_or_skip()(frames, samples) == (b"\xfe\xd4" * 2 * samples, len(frames))


def test_any_damaged_bit_is_found() -> None:
    for place in range(0, 8 * len(FRAMES), 7):
        damaged = bytearray(FRAMES)
        damaged[place // 8] ^= 0x80 >> place % 8
        assert native_or_skip()(damaged, SAMPLES) is None


def test_frames_that_end_too_early_are_found() -> None:
    for size in range(0, len(FRAMES), 5):
        assert native_or_skip()(FRAMES[:size], SAMPLES) is None


@pytest.mark.parametrize("samples", [1, SAMPLES - 1, SAMPLES + 1])
def test_another_number_of_samples_is_found(samples: int) -> None:
    assert native_or_skip()(FRAMES, samples) is None


@settings(max_examples=100, deadline=None)
@given(
    head=st.sampled_from([FRAMES[:8], frame("", (7, b"\x00\xbf"))[:-2], b""]),
    rest=st.binary(max_size=200),
    samples=st.integers(0, 300),
)
def test_any_bytes_decode_or_do_not(head: bytes, rest: bytes, samples: int) -> None:
    found = native_or_skip()(head + rest, samples)
    assert found is None or (len(found[0]) == 4 * samples and found[1] <= len(head + rest))


@pytest.mark.parametrize("samples", [-1, 1 << 62])
def test_impossible_numbers_of_samples_are_refused(samples: int) -> None:
    with pytest.raises(ValueError, match="flac_decode"):
        native_or_skip()(FRAMES, samples)


@pytest.mark.parametrize("order", [b"L", b"B"])
def test_a_hunk_in_each_byte_order_decodes_without_the_package(order: bytes) -> None:
    native_or_skip()
    decoded = FlacDecoder(lambda: None).decode(memoryview(order + FRAMES), 4 * SAMPLES, 0)
    assert decoded == (SOUND if order == b"B" else bytes(SOUND[at ^ 1] for at in range(len(SOUND))))


class TestChoice:
    @pytest.fixture
    def chosen_anew(self) -> Iterator[None]:
        """Forget the choice of this process, before the test and after it."""
        decoder.chosen_decoder.cache_clear()
        yield
        decoder.chosen_decoder.cache_clear()

    def test_the_native_kernel_is_taken(self, chosen_anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("DISCPRESS_KERNEL", raising=False)
        assert decoder.chosen_decoder() is native_or_skip()

    def test_one_that_decodes_something_else_is_not_taken(
        self, chosen_anew: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def wrong(stored: Readable, samples: int) -> tuple[bytes, int]:
            return bytes(4 * samples), len(stored)

        monkeypatch.setattr(decoder, "native_decoder", lambda module: wrong)
        monkeypatch.delenv("DISCPRESS_KERNEL", raising=False)
        assert not is_right(wrong)
        assert decoder.chosen_decoder() is decoder._decode_nothing

    def test_a_kernel_built_before_it_had_one_decodes_nothing(self) -> None:
        assert native_decoder(SimpleNamespace())(FRAMES, SAMPLES) is None  # type: ignore[arg-type]

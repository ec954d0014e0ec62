"""The FLAC encoder: the native kernel against the plain one, and both against the decoder of others."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import sounds
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.codecs import native
from discpress.engine.codecs.flac import encoder
from discpress.engine.codecs.flac.decoder import decode_frames, in_byte_order
from discpress.engine.codecs.flac.encoder import EncodeFlac, encode_flac, is_fast, is_right, native_encoder
from discpress.engine.codecs.flac.frames import plain_encode
from discpress.engine.system.files import Readable

noise = st.builds(lambda seed, size: seed.randbytes(4 * size), st.randoms(use_true_random=False), st.integers(1, 200))


def native_or_skip() -> EncodeFlac:
    """Return the native kernel's encoder; the test is skipped if there is none."""
    if native.MODULE is None:
        pytest.skip(f"no native kernel: {native.WHY_NOT_LOADED}")
    return native_encoder(native.MODULE)


KERNELS = {"plain": lambda: plain_encode, "native": native_or_skip}


def decoded(frames: bytes, size: int) -> bytes:
    return in_byte_order(decode_frames(frames, size), is_big=True)


@pytest.mark.parametrize("name", sounds.SOUNDS)
def test_both_kernels_write_the_same_frames_which_decode_to_the_sound(name: str) -> None:
    sound = sounds.SOUNDS[name](500)
    frames = plain_encode(sound, 320)
    assert native_or_skip()(sound, 320) == frames
    assert decoded(frames, len(sound)) == sound


@pytest.mark.slow
def test_a_block_as_long_as_those_of_chdman_is_the_same_by_both_kernels() -> None:
    sound = sounds.partials(2352)
    assert native_or_skip()(sound, 2352) == plain_encode(sound, 2352)


@pytest.mark.parametrize("name", sounds.SOUNDS)
def test_whole_hunks_by_the_native_kernel_decode_to_the_sound(name: str) -> None:
    sound = sounds.SOUNDS[name](2352 + 600)
    assert decoded(native_or_skip()(sound, 2352), len(sound)) == sound


@settings(max_examples=12, deadline=None)
@given(sound=noise, block=st.integers(1, 100))
def test_both_kernels_write_the_same_frames_of_any_samples(sound: bytes, block: int) -> None:
    assert native_or_skip()(sound, block) == plain_encode(sound, block)


@settings(max_examples=30, deadline=None)
@given(words=st.lists(st.integers(-3, 3) | st.sampled_from((-32768, 32767)), min_size=2, max_size=280))
def test_both_kernels_write_the_same_frames_of_few_levels(words: list[int]) -> None:
    sound = b"".join((word & 0xFFFF).to_bytes(2, "big") for word in words[: len(words) // 2 * 2])
    assert native_or_skip()(sound, 140) == plain_encode(sound, 140)


@settings(max_examples=12, deadline=None)
@given(sound=noise, block=st.integers(16, 100))
def test_any_samples_in_blocks_of_any_size_decode_to_themselves(sound: bytes, block: int) -> None:
    assert decoded(plain_encode(sound, block), len(sound)) == sound


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
def test_frames_are_numbered_on(kernel: str) -> None:
    """Their numbers have one, two and three bytes."""
    sound = bytes(4 * 2100 * 16)  # silence, which is encoded fast
    frames = KERNELS[kernel]()(sound, 16)
    assert decoded(frames, len(sound)) == sound
    assert frames.count(b"\xff\xf8\x79") == 2100


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("size", "block"), [(3, 16), (6, 16), (8, 0), (8, -1), (8, 4609)])
def test_other_sizes_are_refused(kernel: str, size: int, block: int) -> None:
    with pytest.raises(ValueError, match="expected samples of 4 bytes and blocks of 1 to 4608"):
        KERNELS[kernel]()(bytes(size), block)


@pytest.mark.parametrize(
    ("name", "most"),
    [("silence", 0.01), ("square", 0.30), ("coarse", 0.45), ("partials", 0.60), ("half silent", 0.20), ("noise", 1.02)],
)
def test_sound_shrinks_as_far_as_its_kind_allows(name: str, most: float) -> None:
    sound = sounds.SOUNDS[name](588)
    assert len(encode_flac(sound, 588)) <= most * len(sound)


@pytest.mark.parametrize("kernel", KERNELS)
def test_no_samples_are_no_frames(kernel: str) -> None:
    assert KERNELS[kernel]()(b"", 2352) == b""


class TestChoice:
    @pytest.fixture
    def chosen_anew(self) -> Iterator[None]:
        """Forget the choice of this process, before the test and after it."""
        encoder.chosen_encoder.cache_clear()
        yield
        encoder.chosen_encoder.cache_clear()

    def test_the_native_kernel_is_taken(self, chosen_anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("DISCPRESS_KERNEL", raising=False)
        assert encoder.chosen_encoder() is native_or_skip()
        assert is_fast()

    def test_the_plain_one_is_taken_on_request(self, chosen_anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DISCPRESS_KERNEL", "plain")
        assert encoder.chosen_encoder() is plain_encode
        assert not is_fast()

    def test_a_kernel_that_writes_another_byte_is_not_taken(
        self, chosen_anew: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def wrong(samples: Readable, block_size: int) -> bytes:
            return plain_encode(samples, block_size)[:-1] + b"x"

        monkeypatch.setattr(encoder, "native_encoder", lambda module: wrong)
        monkeypatch.delenv("DISCPRESS_KERNEL", raising=False)
        assert not is_right(wrong)
        assert encoder.chosen_encoder() is plain_encode

    def test_a_kernel_built_before_it_had_an_encoder_is_not_taken(self) -> None:
        assert native_encoder(SimpleNamespace()) is plain_encode  # type: ignore[arg-type]

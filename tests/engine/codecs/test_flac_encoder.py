"""The FLAC encoder, against another decoder."""

import pytest
import sounds
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.codecs.flac.decoder import decode_frames, in_byte_order
from discpress.engine.codecs.flac.encoder import encode_flac
from discpress.engine.codecs.flac.frames import plain_encode

noise = st.builds(lambda seed, size: seed.randbytes(4 * size), st.randoms(use_true_random=False), st.integers(1, 200))


def decoded(frames: bytes, size: int) -> bytes:
    return in_byte_order(decode_frames(frames, size), is_big=True)


@pytest.mark.parametrize("name", sounds.SOUNDS)
def test_what_is_encoded_decodes_to_itself(name: str) -> None:
    sound = sounds.SOUNDS[name](2 * 588)
    assert decoded(encode_flac(sound, 588), len(sound)) == sound


@settings(max_examples=30, deadline=None)
@given(sound=noise, block=st.integers(16, 100))
def test_any_samples_in_blocks_of_any_size_decode_to_themselves(sound: bytes, block: int) -> None:
    assert decoded(plain_encode(sound, block), len(sound)) == sound


def test_frames_are_numbered_on() -> None:
    """Their numbers have one, two and three bytes."""
    sound = bytes(4 * 2100 * 16)
    frames = plain_encode(sound, 16)
    assert decoded(frames, len(sound)) == sound
    assert frames.count(b"\xff\xf8\x79") == 2100


@pytest.mark.parametrize(("size", "block"), [(3, 16), (6, 16), (8, 0), (8, 4609)])
def test_other_sizes_are_refused(size: int, block: int) -> None:
    with pytest.raises(ValueError, match="expected samples of 4 bytes and blocks of 1 to 4608"):
        encode_flac(bytes(size), block)


@pytest.mark.parametrize(
    ("name", "most"),
    [("silence", 0.01), ("square", 0.30), ("coarse", 0.45), ("partials", 0.60), ("half silent", 0.20), ("noise", 1.02)],
)
def test_sound_shrinks_as_far_as_its_kind_allows(name: str, most: float) -> None:
    sound = sounds.SOUNDS[name](588)
    assert len(encode_flac(sound, 588)) <= most * len(sound)


def test_no_samples_are_no_frames() -> None:
    assert encode_flac(b"", 2352) == b""

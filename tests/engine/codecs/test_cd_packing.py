"""The packers of CD hunks, against the decoders and against streams made by hand."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_hunks import HUNK, SECTORS, SIZE, decode
from packed_cds import FRAME, streams_of

from discpress.engine.codecs.cd_hunks import CD_DECODERS
from discpress.engine.codecs.cd_packing import CD_PACKERS, CdHunk, flac_block_size, pack_cd_hunk


@pytest.mark.parametrize("codec", CD_PACKERS, ids=bytes.decode)
@pytest.mark.parametrize("frames", [1, 8, 9, 40])
def test_a_packed_hunk_decodes_to_itself(codec: bytes, frames: int) -> None:
    hunk = (HUNK * 5)[: frames * FRAME]
    assert decode(codec, pack_cd_hunk(hunk, codec, 9), len(hunk)) == hunk


@settings(max_examples=10, deadline=None)
@given(chance=st.randoms(use_true_random=False), frames=st.integers(1, 12))
def test_sync_and_ecc_are_stripped_if_they_can_be_made_again(chance: Random, frames: int) -> None:
    hunk = b"".join(chance.choice(SECTORS) + chance.randbytes(96) for _ in range(frames))
    bitmap, sectors, subcode = streams_of(hunk)
    found = CdHunk(hunk)
    assert (found.stripped, found.subcode) == ((bitmap, sectors), subcode)


def test_one_wrong_bit_keeps_sync_and_ecc() -> None:
    """Each bit of sync, header and ECC counts; that of the user data makes the ECC wrong."""
    for place in (0, 5, 11, 12, 15, 16, 1000, 2063, 2075, 2076, 2247, 2248, 2351):
        frame = bytearray(SECTORS[7] + bytes(96))
        assert CdHunk(frame).stripped[0] == b"\1"
        frame[place] ^= 4
        assert CdHunk(bytes(frame)).stripped == (b"\0", bytes(frame[:2352]))


@pytest.mark.parametrize("size", [0, 1, FRAME - 1, FRAME + 1])
def test_a_part_of_a_frame_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"expected whole frames of 2448 bytes, got {size} bytes"):
        CdHunk(bytes(size))


@pytest.mark.parametrize(("frames", "samples"), [(1, 588), (4, 2352), (8, 2352), (9, 1323), (40, 1470)])
def test_the_blocks_of_sound_are_as_long_as_those_of_chdman(frames: int, samples: int) -> None:
    assert flac_block_size(frames) == samples


def test_all_decoders_have_a_packer() -> None:
    assert CD_PACKERS.keys() == CD_DECODERS.keys()
    assert len(HUNK) == SIZE

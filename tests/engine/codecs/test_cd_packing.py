"""The packers of CD hunks, against the decoders."""

from array import array
from collections.abc import Callable
from random import Random

import pytest
import sounds
from cd_sectors import mode_1
from made_hunks import HUNK, SIZE, decode
from packed_cds import FRAME

from discpress.engine.codecs.cd import hunk_codec
from discpress.engine.codecs.cd.hunk_codec import CdHunkCodec
from discpress.engine.codecs.cd_hunks import CD_DECODERS
from discpress.engine.codecs.cd_packing import CD_PACKERS, CdHunk, flac_block_size
from discpress.engine.codecs.chd.notes import SLOT_SHIFT
from discpress.engine.formats import Method


@pytest.mark.parametrize("codec", CD_PACKERS, ids=bytes.decode)
@pytest.mark.parametrize("frames", [1, 8, 9, 40])
def test_a_packed_hunk_decodes_to_itself(codec: bytes, frames: int) -> None:
    hunk = (HUNK * 5)[: frames * FRAME]
    assert decode(codec, CdHunk(hunk).packed(codec, 9), len(hunk)) == hunk


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


@pytest.mark.parametrize(("fast", "slot"), [(True, 1), (False, 0)])
def test_sound_is_packed_by_flac_only_if_it_is_fast(fast: bool, slot: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hunk_codec, "is_fast", lambda: fast)
    codec = CdHunkCodec((Method.CDZL, Method.CDFL))
    assert codec.name == ("chd cdzl+cdfl plain" if fast else "chd cdzl plain")
    sound = sounds.partials(588)
    lengths, out = array("I", bytes(4)), memoryview(bytearray(FRAME))
    used = codec.pack(memoryview(sound + bytes(96)), FRAME, 1, 9, out, lengths)
    assert list(lengths) == [slot << SLOT_SHIFT | used]
    assert decode((b"cdzl", b"cdfl")[slot], bytes(out[:used]), FRAME) == sound + bytes(96)


def test_flac_alone_packs_in_plain_python_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hunk_codec, "is_fast", lambda: False)
    assert CdHunkCodec((Method.CDFL,)).name == "chd cdfl plain"


ALL = (Method.CDLZ, Method.CDZL, Method.CDFL)
_FRAMES = {
    "sound": [sounds.partials(588, seed=seed) for seed in (1, 2)],
    "square waves": [sounds.square(588), sounds.square(588, 14)],
    "noise": [sounds.noise(588), sounds.noise(588, 4)],
    "data": [mode_1(0, bytes(range(256)) * 8), mode_1(1, Random(1).randbytes(2048))],
    "packed data": [mode_1(0, Random(2).randbytes(2048)), mode_1(1, Random(1).randbytes(2048))],
    "zeros": [mode_1(0, bytes(2048)), mode_1(1, bytes(2048))],
    "both": [mode_1(0, bytes(range(256)) * 8), sounds.partials(588)],
}


def pack_first(monkeypatch: pytest.MonkeyPatch, frames: list[bytes]) -> tuple[int, set[bytes]]:
    """Return the bytes of a hunk as the file gets it, and the codecs that were tried."""
    tried: set[bytes] = set()

    def counted(name: bytes) -> Callable[[CdHunk, int], bytes]:
        packer = CD_PACKERS[name]

        def pack(hunk: CdHunk, level: int) -> bytes:
            tried.add(name)
            return packer(hunk, level)

        return pack

    hunk = b"".join(frame + bytes(96) for frame in frames)
    lengths, out = array("I", bytes(4)), memoryview(bytearray(len(hunk)))
    with monkeypatch.context() as patch:
        patch.setattr(hunk_codec, "is_fast", lambda: True)
        for name in list(CD_PACKERS):
            patch.setitem(CD_PACKERS, name, counted(name))
        used = CdHunkCodec(ALL).pack(memoryview(hunk), len(hunk), 1, 9, out, lengths)
    return used, tried


@pytest.mark.parametrize("frames", _FRAMES.values(), ids=_FRAMES)
def test_a_codec_that_is_not_tried_would_not_have_won(frames: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    hunk = b"".join(frame + bytes(96) for frame in frames)
    smallest = min(len(CdHunk(hunk).packed(method.encode(), 9)) for method in ALL)
    assert pack_first(monkeypatch, frames)[0] == min(smallest, len(hunk))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("sound", {b"cdzl", b"cdfl"}),
        ("data", {b"cdlz"}),
        ("packed data", {b"cdlz", b"cdzl"}),
        ("zeros", {b"cdlz", b"cdzl"}),
        ("both", {b"cdlz", b"cdzl", b"cdfl"}),
        ("noise", {b"cdlz", b"cdzl", b"cdfl"}),
    ],
)
def test_only_codecs_that_may_win_are_tried(kind: str, expected: set[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    _, tried = pack_first(monkeypatch, _FRAMES[kind])
    assert tried == expected

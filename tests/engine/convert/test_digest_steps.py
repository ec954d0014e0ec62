"""The steps of a digester, which a conversion runs in a thread each."""

import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cds import MadeDisc, write_cue
from sample_images import convert_image, incompressible, mixed, write_image

from discpress.engine.codecs.cd.frames import FRAME_BYTES
from discpress.engine.codecs.crc import crc32
from discpress.engine.convert import digests, pipeline
from discpress.engine.convert.cd.frame_digester import FrameDigester
from discpress.engine.convert.digests import Digester, FileDigester
from discpress.engine.convert.pipeline import FOLLOWER, Slot, give_data
from discpress.engine.convert.verify import digest_image
from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.chd.cd.disc_frames import frames_of
from discpress.engine.images.open import open_image
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ON_REQUEST

DATA = incompressible(5000, seed=6)


def digest_by_steps(digester: Digester, pieces: list[bytes]) -> None:
    """Give all pieces to one step after the other, the last step first."""
    for step in reversed(digester.steps):
        for piece in pieces:
            step(piece)


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


@given(cuts=st.lists(st.integers(0, len(DATA)), max_size=5), kinds=st.sets(st.sampled_from(sorted(ON_REQUEST))))
@settings(max_examples=30)
def test_the_steps_of_a_digester_do_not_depend_on_each_other(cuts: list[int], kinds: set[str]) -> None:
    one, other = Digester(tuple(kinds)), Digester(tuple(kinds))
    one.update(DATA)
    digest_by_steps(other, pieces_of(DATA, cuts))
    assert one.finish() == other.finish()
    assert len(one.steps) == 1 + len(kinds)


@given(cuts=st.lists(st.integers(1, len(DATA) - 1), max_size=5, unique=True), order=st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_pieces_that_are_summed_up_in_advance_have_the_same_crc32(cuts: list[int], order: Random) -> None:
    one, other = Digester(), Digester()
    one.update(DATA)
    pieces = pieces_of(DATA, cuts)
    places = list(zip([0, *sorted(cuts)], pieces, strict=True))
    order.shuffle(places)
    for offset, piece in places[: order.randint(0, len(places))]:
        other.sum_up(offset, piece)
    for piece in pieces:
        other.update(piece)
    assert (one.crc32, one.finish()) == (other.crc32, other.finish())


@given(cuts=st.lists(st.integers(0, len(DATA)), max_size=5), border=st.integers(0, len(DATA)))
@settings(max_examples=30)
def test_the_digests_of_files_are_a_step(cuts: list[int], border: int) -> None:
    sizes = [border, len(DATA) - border]
    one, other = FileDigester(("sha1",), sizes), FileDigester(("sha1",), sizes)
    one.update(DATA)
    digest_by_steps(other, pieces_of(DATA, cuts))
    assert (one.finish(), one.finish().files) == (other.finish(), other.finish().files)


def test_frames_and_sectors_are_digested_apart(tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE2/2352", 20).add("AUDIO", 30, pregap=5)
    with open_image(write_cue(tmp_path / "a.cue", disc)) as image:
        assert isinstance(image, CdImage)
        frames = frames_of(image)
        data = frames.read_at(0, frames.size)
        one, other = FrameDigester(("md5",), frames), FrameDigester(("md5",), frames)
    one.update(data)
    other.sum_up(8 * FRAME_BYTES, data[8 * FRAME_BYTES :])
    digest_by_steps(other, [data[: 8 * FRAME_BYTES], data[8 * FRAME_BYTES :]])
    found, expected = one.finish(), other.finish()
    assert (found, found.files, found.stored) == (expected, expected.files, expected.stored)


def test_each_digest_has_a_thread_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: dict[object, set[int]] = {}

    def give(take: Callable[[memoryview], None], slot: Slot) -> None:
        threads.setdefault(take, set()).add(threading.get_ident())
        give_data(take, slot)

    monkeypatch.setattr(pipeline, "give_data", give)
    source = write_image(tmp_path / "game.iso", mixed(100_000))
    convert_image(source, tmp_path / "game.chd", ImageFormat.CHD, 4096)
    assert sorted(map(len, threads.values())) == [1, 1]
    assert len(set.union(*threads.values())) == 2


def test_a_crc32_has_no_thread_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads that read compute it, one piece for each chunk of 1 MiB."""
    pieces: list[tuple[int, str]] = []

    def noted(data: bytes, start: int = 0) -> int:
        pieces.append((len(data), threading.current_thread().name))
        return crc32(data, start)

    source = write_image(tmp_path / "game.iso", mixed(1_300_000))
    monkeypatch.setattr(digests, "crc32", noted)
    convert_image(source, tmp_path / "game.zso", ImageFormat.ZSO)
    with open_image(tmp_path / "game.zso") as image:
        found = digest_image(image, 2, Control(), Progress())
    size = source.stat().st_size
    assert sorted(length for length, _ in pieces) == sorted(2 * [1 << 20, size - (1 << 20)])
    assert not [name for _, name in pieces if name.startswith(FOLLOWER)]
    assert found.values["crc32"] == f"{crc32(source.read_bytes()):08x}"

"""Which window stands for a title, and that it is packed as a conversion packs."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_images import mixed, pack, write_image
from seek_desk import MemoryScratch, StepClock

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.errors import CancelledError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.open import open_image, open_source
from discpress.engine.measure.sample import Span
from discpress.engine.measure.windows import choose_window, files_within, pack_window
from discpress.engine.units import MIB

WINDOW = 8 * MIB


def test_an_image_that_is_no_longer_is_tested_whole() -> None:
    assert choose_window(WINDOW, [], WINDOW) == Span(0, WINDOW)


def test_without_files_it_is_the_middle() -> None:
    assert choose_window(100 * MIB, [], WINDOW) == Span(46 * MIB, WINDOW)


def test_it_is_where_most_files_are() -> None:
    files = [Span(0, 60 * MIB), *(Span(70 * MIB + number * MIB // 4, MIB // 4) for number in range(40))]
    found = choose_window(100 * MIB, files, WINDOW)
    assert 70 * MIB <= found.offset <= 72 * MIB


def test_a_place_with_many_files_and_little_in_them_does_not_count() -> None:
    files = [Span(50 * MIB, 40 * MIB), *(Span(number * 4096, 2048) for number in range(60))]
    assert choose_window(100 * MIB, files, WINDOW).offset >= 48 * MIB


@given(st.integers(1, 3000 * MIB), st.lists(st.tuples(st.integers(0, 2000 * MIB), st.integers(0, 99 * MIB))))
def test_it_lies_within_the_image_at_a_chunk(image_bytes: int, files: list[tuple[int, int]]) -> None:
    offset, length = choose_window(image_bytes, [Span(*each) for each in files], WINDOW)
    assert offset % CHUNK_BYTES == 0
    assert length == min(image_bytes, WINDOW)
    assert offset + length <= image_bytes


def test_files_are_cut_to_the_window_and_begin_at_sectors() -> None:
    files = [Span(0, 5000), Span(9000, 100), Span(20_480, 10_000), Span(90_000, 5)]
    assert files_within(files, Span(4096, 20_480)) == (Span(0, 904), Span(16_384, 4096))


@pytest.mark.parametrize("image_format", [ImageFormat.ZSO, ImageFormat.CSO])
@pytest.mark.parametrize("block_size", [2048, 16384, 65536])
@pytest.mark.parametrize("source", ["plain", "packed"])
def test_a_window_decodes_to_its_stretch(
    tmp_path: Path, image_format: ImageFormat, block_size: int, source: str
) -> None:
    data = mixed(3 * MIB + 6144)
    path = write_image(tmp_path / "a.iso", data) if source == "plain" else pack(tmp_path / "a.zso", data)
    scratch = MemoryScratch(StepClock())
    with open_image(path) as image:
        window = Span(MIB, len(data) - MIB)
        written = pack_window(
            image, window, Settings(image_format, block_size, 1), scratch, threads=2, check=lambda done: None
        )
    packed = open_source(scratch)
    assert (packed.format, packed.block_size, packed.size) == (image_format, block_size, window.length)
    assert packed.read_at(0, packed.size) == data[MIB:]
    assert written == scratch.size_bytes


@pytest.mark.slow
def test_its_blocks_are_those_of_a_conversion(tmp_path: Path) -> None:
    data = mixed(3 * MIB)
    whole = pack(tmp_path / "whole.zso", data, block_size=16384, level=9)
    scratch = MemoryScratch(StepClock())
    with open_image(tmp_path / "whole.zso.source") as image:
        settings = Settings(ImageFormat.ZSO, 16384, 9)
        pack_window(image, Span(0, len(data)), settings, scratch, threads=2, check=lambda done: None)
    piece = bytearray(scratch.size_bytes)
    scratch.read_into(piece, 0)
    assert piece == whole.read_bytes()


def test_it_ends_when_it_is_told_to(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.iso", Random(1).randbytes(6 * MIB))

    def check(done: int) -> None:
        if done:
            raise CancelledError

    with open_image(path) as image, pytest.raises(CancelledError):
        settings = Settings(ImageFormat.ZSO, 2048, 1)
        pack_window(image, Span(0, 6 * MIB), settings, MemoryScratch(StepClock()), threads=1, check=check)

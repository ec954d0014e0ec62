"""An image in numbers: counts and sums that agree with the file, read without believing it."""

from pathlib import Path

import pytest
from broken_images import GOLDEN, PLAIN, SECTORS, disc, entry_of, pack, set_entry
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.errors import CancelledError, DamagedImageError
from discpress.engine.formats import SECTOR_SIZE, ImageFormat
from discpress.engine.images.open import open_image
from discpress.engine.images.statistics import ImageFacts, read_facts

READABLE = sorted(path for pattern in ("*.?so", "*.dax") for path in GOLDEN.glob(pattern) if "damaged" not in path.name)


def facts_of(path: Path) -> ImageFacts:
    with open_image(path) as image:
        return read_facts(image)


def packed_facts(tmp_path: Path, data: bytes | bytearray) -> ImageFacts:
    path = tmp_path / "image"
    path.write_bytes(data)
    return facts_of(path)


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_every_byte_of_a_golden_file_is_accounted_for(path: Path) -> None:
    facts = facts_of(path)
    header_bytes = {ImageFormat.ISO: 0, ImageFormat.DAX: 32}.get(facts.format, 24)
    parts = facts.index_bytes + facts.plain_block_bytes + facts.packed_block_bytes
    paddings = facts.lead_padding_bytes + facts.end_padding_bytes
    assert header_bytes + parts + paddings == facts.file_bytes == path.stat().st_size


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_the_original_size_is_that_of_the_golden_iso(path: Path) -> None:
    iso = GOLDEN / f"{path.name.partition('.')[0]}.iso"
    assert facts_of(path).original_bytes == iso.stat().st_size


def test_a_plain_image_counts_its_sectors_as_plain_blocks(tmp_path: Path) -> None:
    facts = packed_facts(tmp_path, disc() + b"x")
    assert (facts.blocks, facts.plain_blocks, facts.packed_blocks, facts.ratio) == (SECTORS + 1, SECTORS + 1, 0, 1.0)


@pytest.mark.parametrize(("magic", "version"), [(b"ZISO", 1), (b"CISO", 1), (b"CISO", 2)])
def test_plain_blocks_are_told_as_each_format_marks_them(tmp_path: Path, magic: bytes, version: int) -> None:
    noise_sectors = sum(1 for number in range(SECTORS) if number % 3 == 0)
    facts = packed_facts(tmp_path, pack(magic=magic, version=version))
    assert (facts.plain_blocks, facts.plain_block_bytes) == (noise_sectors, noise_sectors * SECTOR_SIZE)


def test_an_lz4_flag_in_a_cso_of_version_2_is_no_plain_block(tmp_path: Path) -> None:
    data = pack(magic=b"CISO", version=2)
    set_entry(data, 1, entry_of(data, 1) | PLAIN)
    assert packed_facts(tmp_path, data).plain_blocks == len(range(0, SECTORS, 3))


def test_the_header_is_told_as_it_is(tmp_path: Path) -> None:
    facts = packed_facts(tmp_path, pack(block_size=8192, shift=3))
    assert (facts.format, facts.version, facts.block_size, facts.index_shift) == (ImageFormat.ZSO, 1, 8192, 3)


def test_the_ratio_is_file_through_original(tmp_path: Path) -> None:
    data = pack()
    assert packed_facts(tmp_path, data).ratio == len(data) / (SECTORS * SECTOR_SIZE)


def test_end_padding_is_what_follows_the_end_entry(tmp_path: Path) -> None:
    data = pack()
    assert packed_facts(tmp_path, data).end_padding_bytes == len(data) - entry_of(data, SECTORS)


def test_lead_padding_is_what_aligns_the_first_block(tmp_path: Path) -> None:
    data = pack(shift=11)
    assert packed_facts(tmp_path, data).lead_padding_bytes == 2048 - 24 - 4 * (SECTORS + 1)


def test_without_a_shift_alignment_wastes_nothing(tmp_path: Path) -> None:
    assert packed_facts(tmp_path, pack()).alignment_waste_bytes == 0


def test_with_a_shift_the_waste_is_unknown(tmp_path: Path) -> None:
    assert packed_facts(tmp_path, pack(shift=2)).alignment_waste_bytes is None


@pytest.mark.parametrize("entry", [0, 2**31 - 1])
def test_an_index_that_cannot_be_right_is_damage_that_names_the_block(tmp_path: Path, entry: int) -> None:
    data = pack()
    set_entry(data, 20, entry)
    with pytest.raises(DamagedImageError, match=r"block (19|20) "):
        packed_facts(tmp_path, data)


def test_check_stops_the_count() -> None:
    def stop() -> None:
        raise CancelledError

    with open_image(GOLDEN / "psp.maxcso-2048.zso") as image, pytest.raises(CancelledError):
        read_facts(image, stop)


@pytest.mark.slow
@settings(max_examples=300)
@given(
    base=st.sampled_from([pack(), pack(shift=2), pack(magic=b"CISO", shift=4), pack(magic=b"CISO", version=2)]),
    edits=st.lists(st.tuples(st.integers(0, SECTORS), st.integers(0, 2**32 - 1) | st.integers(0, 30_000)), max_size=4),
)
def test_mutated_indexes_are_counted_or_refused(
    tmp_path_factory: pytest.TempPathFactory, base: bytearray, edits: list[tuple[int, int]]
) -> None:
    data = bytearray(base)
    for number, value in edits:
        set_entry(data, number, value)
    try:
        facts = packed_facts(tmp_path_factory.getbasetemp(), data)
    except DamagedImageError:
        return
    assert 0 <= facts.plain_block_bytes + facts.packed_block_bytes <= facts.file_bytes

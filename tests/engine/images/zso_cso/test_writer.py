"""The file that every tested reader accepts (docs/formats.md, section 1), read back with nothing of the engine."""

import struct
from array import array
from itertools import pairwise
from pathlib import Path

import pytest
import sample_images
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.codecs.blocks import PLAIN_BIT
from discpress.engine.formats import ImageFormat
from discpress.engine.images.plain.writer import PlainWriter
from discpress.engine.images.zso_cso.header import Header, smallest_shift
from discpress.engine.images.zso_cso.writer import PackedWriter
from discpress.engine.system.files import Readable
from discpress.engine.units import GIB, MIB

ZSO, CSO = ImageFormat.ZSO, ImageFormat.CSO
SECTOR = 2048
PLAIN = 0x80000000
SIZE = 40 * SECTOR + 700
SHIFTS = range(12)
every_shift = pytest.mark.parametrize("shift", SHIFTS)
both_formats = pytest.mark.parametrize("image_format", [ZSO, CSO])


class Memory:
    """An output that keeps what is written, and in which order."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.offsets: list[int] = []

    def write_at(self, offset: int, data: Readable) -> None:
        self.offsets.append(offset)
        if not len(data):
            return  # as a file, which nothing makes longer
        end = offset + len(data)
        self.data.extend(bytes(max(0, end - len(self.data))))
        self.data[offset:end] = data


class Written:
    """A packed file taken apart by struct alone."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.total_bytes, self.block_size, self.shift = struct.unpack_from("<8xQIxB", data)
        self.blocks = (self.total_bytes + self.block_size - 1) // self.block_size
        self.entries = struct.unpack_from(f"<{self.blocks + 1}I", data, 24)
        self.offsets = [(entry & ~PLAIN) << self.shift for entry in self.entries]
        self.stored = [end - start for start, end in pairwise(self.offsets)]
        self.plain = [bool(entry & PLAIN) for entry in self.entries[:-1]]


def written(
    folder: Path,
    image: bytes,
    image_format: ImageFormat = ZSO,
    shift: int = 0,
    block_size: int = SECTOR,
) -> Written:
    path = sample_images.pack(folder / "game", image, image_format, block_size, alignment=1 << shift)
    return Written(path.read_bytes())


@pytest.fixture(scope="module")
def by_shift(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Written]:
    image = sample_images.mixed(SIZE)
    return {shift: written(tmp_path_factory.mktemp("shift"), image, ZSO, shift) for shift in SHIFTS}


@both_formats
@pytest.mark.parametrize("block_size", [2048, 16384, MIB])
def test_the_header(image_format: ImageFormat, block_size: int, tmp_path: Path) -> None:
    path = sample_images.pack(tmp_path / "game", sample_images.mixed(SIZE), image_format, block_size)
    magic = b"ZISO" if image_format is ZSO else b"CISO"
    assert struct.pack("<4sIQIBB2s", magic, 0x18, SIZE, block_size, 1, 0, b"\0\0") == path.read_bytes()[:24]


@every_shift
def test_the_shift_in_the_header_is_that_of_the_alignment(by_shift: dict[int, Written], shift: int) -> None:
    assert shift == by_shift[shift].shift


@every_shift
def test_the_first_block_begins_at_the_first_aligned_byte_behind_the_index(
    by_shift: dict[int, Written], shift: int
) -> None:
    end = 24 + 4 * (by_shift[shift].blocks + 1)
    assert by_shift[shift].offsets[0] == end + -end % (1 << shift)


@every_shift
def test_what_lies_between_index_and_first_block_is_zeros(by_shift: dict[int, Written], shift: int) -> None:
    file = by_shift[shift]
    assert not any(file.data[24 + 4 * (file.blocks + 1) : file.offsets[0]])


@every_shift
def test_offsets_never_go_back(by_shift: dict[int, Written], shift: int) -> None:
    assert sorted(by_shift[shift].offsets) == by_shift[shift].offsets


@every_shift
def test_no_stored_block_is_longer_than_a_block(by_shift: dict[int, Written], shift: int) -> None:
    assert max(by_shift[shift].stored) <= SECTOR


@every_shift
def test_a_block_is_plain_exactly_when_it_is_stored_whole(by_shift: dict[int, Written], shift: int) -> None:
    file = by_shift[shift]
    assert [length >= SECTOR for length in file.stored] == file.plain


@every_shift
def test_bit_31_of_the_end_entry_is_clear(by_shift: dict[int, Written], shift: int) -> None:
    assert by_shift[shift].entries[-1] & PLAIN == 0


@every_shift
def test_the_file_ends_at_the_next_sector_behind_the_end_entry(by_shift: dict[int, Written], shift: int) -> None:
    end = by_shift[shift].offsets[-1]
    assert len(by_shift[shift].data) == end + -end % SECTOR


@every_shift
def test_the_end_padding_is_zeros(by_shift: dict[int, Written], shift: int) -> None:
    assert not any(by_shift[shift].data[by_shift[shift].offsets[-1] :])


def test_the_last_block_is_filled_with_zeros(tmp_path: Path) -> None:
    """Deflate readers demand exactly a block."""
    image = sample_images.incompressible(SECTOR + 700)
    file = written(tmp_path, image, ZSO, 11)
    assert file.data[file.offsets[1] :] == image[SECTOR:] + bytes(SECTOR - 700)


@both_formats
def test_noise_is_stored_plain(image_format: ImageFormat, tmp_path: Path) -> None:
    assert written(tmp_path, sample_images.incompressible(4 * SECTOR), image_format).plain == [True] * 4


@both_formats
def test_text_is_stored_packed(image_format: ImageFormat, tmp_path: Path) -> None:
    assert written(tmp_path, sample_images.compressible(4 * SECTOR), image_format).plain == [False] * 4


def test_without_a_request_the_smallest_alignment_is_taken(tmp_path: Path) -> None:
    path = sample_images.pack(tmp_path / "game", sample_images.mixed(SIZE))
    assert Written(path.read_bytes()).shift == 0


def test_an_iso_is_its_bytes_and_nothing_more(tmp_path: Path) -> None:
    """Not padded: it must have the digest that a DAT file lists."""
    image = sample_images.mixed(SIZE)
    source = sample_images.pack(tmp_path / "game.zso", image)
    sample_images.convert_image(source, tmp_path / "game.iso", ImageFormat.ISO)
    assert image == (tmp_path / "game.iso").read_bytes()


def test_the_header_is_written_last() -> None:
    """Until then the file is no image."""
    output = Memory()
    writer = PackedWriter(output, Header(ZSO, 2 * SECTOR, SECTOR, 1, 0))
    writer.append(memoryview(b"ab"), array("I", [1, 1]), 2)
    writer.finish()
    assert output.offsets[-1] == 0


def test_only_the_announced_blocks_of_a_chunk_are_written() -> None:
    """A slot's lengths are longer than its last chunk."""
    output = Memory()
    writer = PackedWriter(output, Header(ZSO, SECTOR, SECTOR, 1, 0))
    writer.append(memoryview(b"a"), array("I", [1, 99, 99]), 1)
    writer.finish()
    assert Written(bytes(output.data)).stored == [1]


@pytest.mark.parametrize("count", [1, 3])
def test_another_number_of_blocks_than_announced_is_a_mistake(count: int) -> None:
    writer = PackedWriter(Memory(), Header(ZSO, 2 * SECTOR, SECTOR, 1, 0))
    writer.append(memoryview(b"abc"), array("I", [1, 1, 1]), count)
    with pytest.raises(RuntimeError, match="expected 2 blocks"):
        writer.finish()


@pytest.mark.slow
def test_an_index_of_many_pieces_is_whole() -> None:
    """It is written a mebibyte at a time."""
    blocks = 3 * 256 * 1024 // 2
    output = Memory()
    writer = PackedWriter(output, Header(ZSO, blocks * SECTOR, SECTOR, 1, 0))
    writer.append(memoryview(bytes(blocks)), array("I", [1]) * blocks, blocks)
    writer.finish()
    start = 24 + 4 * (blocks + 1)
    assert Written(bytes(output.data)).entries == tuple(range(start, start + blocks + 1))


def test_a_plain_writer_puts_one_block_after_the_other_without_the_padding_of_the_last() -> None:
    output = Memory()
    writer = PlainWriter(output, 5)
    for source in (b"abc", b"de\0"):
        writer.append(memoryview(b""), array("I"), 1, memoryview(source))
    assert (writer.finish(), bytes(output.data)) == (5, b"abcde")


def test_a_plain_writer_does_not_finish_an_image_that_lacks_bytes() -> None:
    writer = PlainWriter(Memory(), 5)
    writer.append(memoryview(b""), array("I"), 1, memoryview(b"abc"))
    with pytest.raises(RuntimeError, match="expected 5 bytes, got 3"):
        writer.finish()


class Ends:
    """An output that keeps only the header and the index of a file too large to write."""

    def __init__(self, index_bytes: int) -> None:
        self.head = bytearray(24 + index_bytes)

    def write_at(self, offset: int, data: Readable) -> None:
        if offset < len(self.head):
            self.head[offset : offset + len(data)] = data


@pytest.mark.parametrize("total_bytes", [2 * GIB - 17 * MIB, 2 * GIB, 4 * GIB - 17 * MIB, 4 * GIB, 8 * GIB])
def test_every_offset_of_an_incompressible_image_fits_its_entry(total_bytes: int) -> None:
    """All blocks plain is the worst case; nothing of it is held or written here."""
    blocks = total_bytes // MIB
    shift = smallest_shift(total_bytes, MIB)
    output = Ends(4 * (blocks + 1))
    writer = PackedWriter(output, Header(ZSO, total_bytes, MIB, 1, shift))
    chunk, lengths = memoryview(bytes(MIB)), array("I", [MIB | PLAIN_BIT])
    for _ in range(blocks):
        writer.append(chunk, lengths, 1)
    writer.finish()
    entries = struct.unpack_from(f"<{blocks + 1}I", output.head, 24)
    start = writer.position - total_bytes
    expected = [PLAIN | (start + number * MIB) >> shift for number in range(blocks)] + [writer.position >> shift]
    assert expected == list(entries)


@given(
    blocks=st.lists(st.tuples(st.integers(1, 2048), st.booleans()), max_size=40),
    first=st.integers(0, 1 << 20),
    shift=st.sampled_from([0, 1, 4, 11]),
)
@settings(max_examples=40)
def test_each_entry_is_the_sum_of_the_lengths_before_it(blocks: list[tuple[int, bool]], first: int, shift: int) -> None:
    writer = PackedWriter(Ends(0), Header(ZSO, len(blocks) * SECTOR or 1, SECTOR, 1, shift))
    start = writer.position = first << shift
    stored = [(-(-length >> shift)) << shift for length, _ in blocks]
    lengths = array("I", [each | PLAIN * is_plain for each, (_, is_plain) in zip(stored, blocks, strict=True)])
    writer.append(memoryview(b""), lengths, len(blocks))
    expected = [start + sum(stored[:number]) >> shift | PLAIN * is_plain for number, (_, is_plain) in enumerate(blocks)]
    assert (list(writer._entries), writer.position) == (expected, start + sum(stored))

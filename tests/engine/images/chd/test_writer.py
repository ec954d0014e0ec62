"""CHD files as they are written: read back by us and by chdman, taken up again at every place."""

import hashlib
from array import array
from pathlib import Path

import pytest
from chd_images import HEADER, chdman, needs_chdman
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_images import MemorySource, compressible, convert_image, incompressible, mixed, write_image

from discpress.engine.codecs.chd.dedup import MAX_SLOTS, HunkTable
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.formats import SECTOR_SIZE, ImageFormat, Method, Settings
from discpress.engine.images.chd.image import ChdImage
from discpress.engine.images.chd.writer import ChdWriter
from discpress.engine.images.layout import Layout
from discpress.engine.images.registry import codec_of, layout_of
from discpress.engine.images.statistics import read_facts
from discpress.engine.request import ConversionRequest
from discpress.engine.system.files import Readable

ZSTD, LZMA, ZLIB = Method.ZSTD, Method.LZMA, Method.ZLIB
HUNK = 4096


class Memory(MemorySource):
    """An output that can be read as a source."""

    def __init__(self, data: bytes = b"") -> None:
        super().__init__(data)

    def write_at(self, offset: int, data: Readable) -> None:
        end = offset + len(data)
        stored = bytearray(self.data.ljust(end, b"\0"))
        stored[offset:end] = data
        self.data = bytes(stored)
        self.size_bytes = len(self.data)


def form(size: int, hunk_size: int = HUNK, methods: tuple[Method, ...] = (ZLIB,)) -> Layout:
    return layout_of(Settings(ImageFormat.CHD, hunk_size, 1, methods=methods), size, 0)


def feed(writer: ChdWriter, data: bytes, hunk_size: int = HUNK, methods: tuple[Method, ...] = (ZLIB,)) -> None:
    """Pack whole hunks and hand them over."""
    count = -(-len(data) // hunk_size)
    source = memoryview(data.ljust(count * hunk_size, b"\0"))
    packed, lengths = memoryview(bytearray(len(source))), array("I", bytes(4 * count))
    used = codec_of(Settings(ImageFormat.CHD, methods=methods)).pack(source, hunk_size, 1, 1, packed, lengths)
    writer.append(packed[:used], lengths, count, source)


def digests(data: bytes) -> dict[str, str]:
    return {"sha1": hashlib.sha1(data).hexdigest()}


def written(data: bytes, hunk_size: int = HUNK, methods: tuple[Method, ...] = (ZLIB,)) -> Memory:
    memory = Memory()
    writer = form(len(data), hunk_size, methods).writer(memory)
    assert isinstance(writer, ChdWriter)
    feed(writer, data, hunk_size, methods)
    assert writer.finish(digests(data)) == memory.size_bytes
    return memory


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40_000),
    st.integers(0, 1000),
    st.sampled_from([2048, 4096, 16384]),
    st.sampled_from([(ZSTD,), (LZMA,), (ZLIB,), (ZSTD, LZMA, ZLIB), (LZMA, ZLIB)]),
)
def test_any_image_comes_back(size: int, seed: int, hunk_size: int, methods: tuple[Method, ...]) -> None:
    data = mixed(size, seed)
    image = ChdImage(written(data, hunk_size, methods))
    assert image.read_at(0, image.size) == data
    assert image.recorded == digests(data)


@pytest.mark.parametrize("hunks", [1, 2, 3, 4, 255, 256, 257, 513])
def test_any_number_of_hunks_comes_back(hunks: int) -> None:
    data = b"".join(bytes([number % 251, number // 251]) * (HUNK // 2) for number in range(hunks))
    image = ChdImage(written(data))
    assert image.read_at(0, image.size) == data


class TestHeader:
    def test_it_says_what_a_dvd_is(self) -> None:
        data = mixed(HUNK * 3, 1)
        fields = HEADER.unpack_from(written(data, methods=(ZSTD, ZLIB)).data)
        assert fields[:7] == (b"MComprHD", 124, 5, b"zstd", b"zlib", bytes(4), bytes(4))
        assert (fields[7], fields[10], fields[11], fields[12]) == (len(data), HUNK, 2048, hashlib.sha1(data).digest())
        assert fields[14] == bytes(20)

    def test_the_metadata_says_dvd(self) -> None:
        image = ChdImage(written(mixed(HUNK)))
        (entry,) = image.metadata
        assert (entry.tag, entry.is_counted, image.source.path) == (b"DVD ", True, Path("game.image"))
        content = bytearray(entry.length)
        assert (image.source.read_into(content, entry.offset), bytes(content)) == (1, b"\0")

    def test_too_few_hunks_are_a_mistake_of_ours(self) -> None:
        writer = form(HUNK * 3).writer(Memory())
        with pytest.raises(RuntimeError, match="expected 3 hunks, got 0"):
            writer.finish(digests(b""))


class TestEqualHunks:
    def test_they_are_stored_once(self) -> None:
        noise = incompressible(HUNK * 4)
        memory = written(noise * 5)
        facts = read_facts(ChdImage(memory))
        assert (facts.plain_blocks, facts.shared_blocks) == (4, 16)
        assert memory.size_bytes < 5 * HUNK

    def test_they_are_found_across_chunks(self) -> None:
        noise = incompressible(HUNK * 4)
        memory = Memory()
        writer = form(len(noise) * 2).writer(memory)
        assert isinstance(writer, ChdWriter)
        feed(writer, noise)
        feed(writer, noise)
        writer.finish(digests(noise * 2))
        assert read_facts(ChdImage(memory)).shared_blocks == 4

    def test_what_fills_up_the_last_hunk_counts(self) -> None:
        data = bytes(HUNK) + bytes(100)
        image = ChdImage(written(data))
        assert read_facts(image).shared_blocks == 1
        assert image.read_at(0, image.size) == data


class TestTable:
    def test_the_first_of_each_content_is_found(self) -> None:
        table = HunkTable(1000)
        assert [table.find_or_add(number % 7 << 64 | 5, number) for number in range(9)] == [None] * 7 + [0, 1]

    def test_contents_that_look_in_the_same_place_are_told_apart(self) -> None:
        table = HunkTable(10)
        assert [table.find_or_add(mark, mark) for mark in range(40)] == [None] * 40
        assert [table.find_or_add(mark, 99) for mark in range(40)] == list(range(40))

    def test_a_full_table_learns_no_more_and_still_answers(self) -> None:
        table = HunkTable(10)
        for mark in range(1000):
            table.find_or_add(mark << 64 | mark, mark)
        known = [table.find_or_add(mark << 64 | mark, 0) for mark in range(1000)]
        assert known == list(range(48)) + [None] * 952

    def test_it_does_not_grow_with_the_image(self) -> None:
        assert len(HunkTable(1 << 30).marks) == MAX_SLOTS


class TestTakenUp:
    @pytest.mark.parametrize(("hunks", "cut"), [(hunks, cut) for hunks in (11, 12) for cut in range(1, hunks + 1)])
    def test_the_file_is_the_same_wherever_it_was_cut(self, hunks: int, cut: int) -> None:
        pool = mixed(HUNK * 8, 3)
        data = (pool[: HUNK * 5] + pool)[: HUNK * hunks - 100]
        layout = form(len(data), methods=(ZSTD, ZLIB))
        part = Memory()
        first = layout.writer(part)
        assert isinstance(first, ChdWriter)
        saved = crc32 = 0
        for place in range(cut):  # a checkpoint after each hunk
            feed(first, data[place * HUNK : (place + 1) * HUNK], methods=(ZSTD, ZLIB))
            crc32 = first.save_index(saved)
            saved = first.blocks
        second = layout.writer(part)
        assert isinstance(second, ChdWriter)
        assert second.restore(part, cut, first.position, crc32)
        second.revisit(memoryview(data[: cut * HUNK].ljust(cut * HUNK, b"\0")))
        if cut < hunks:
            feed(second, data[cut * HUNK :], methods=(ZSTD, ZLIB))
        second.finish(digests(data))
        assert part.data == written(data, methods=(ZSTD, ZLIB)).data

    @pytest.mark.parametrize("place", [0, 4, -1])
    def test_entries_that_are_not_the_writers_are_refused(self, place: int) -> None:
        data = mixed(HUNK * 12, 3)
        layout, part = form(len(data)), Memory()
        writer = layout.writer(part)
        assert isinstance(writer, ChdWriter)
        feed(writer, data)
        crc32 = writer.save_index(0)
        entries = bytearray(part.data)
        entries[157 + place if place >= 0 else writer._fields_offset + 3] ^= 0x10
        again = layout.writer(part)
        assert not again.restore(Memory(bytes(entries)), 12, writer.position, crc32)
        assert again.blocks == 0
        assert again.restore(part, 12, writer.position, crc32)


@needs_chdman
class TestForChdman:
    @pytest.mark.slow
    @pytest.mark.parametrize("methods", [(ZLIB,), (LZMA,), (LZMA, ZLIB)])
    @pytest.mark.parametrize("hunk_size", [2048, 4096, 65536, 1048576])
    @pytest.mark.parametrize("size", [2048, 2048 * 1111, 3 * 1024 * 1024])
    def test_it_verifies(self, size: int, hunk_size: int, methods: tuple[Method, ...], tmp_path: Path) -> None:
        source = write_image(tmp_path / "game.iso", mixed(size // 2, 5) + compressible(size - size // 2))
        request = ConversionRequest(format=ImageFormat.CHD, block_size=hunk_size, methods=methods, target="any")
        plan = plan_conversion(source, tmp_path / "game.chd", None, request)
        convert_image(source, plan.output_path, ImageFormat.CHD, hunk_size, methods=methods)
        said = chdman("verify", "-i", plan.output_path)
        assert "Raw SHA1 verification successful" in said
        assert "Overall SHA1 verification successful" in said

    def test_it_is_told_as_what_it_is(self, tmp_path: Path) -> None:
        source = write_image(tmp_path / "game.iso", mixed(2048 * 500) * 2)
        convert_image(source, tmp_path / "game.chd", ImageFormat.CHD, SECTOR_SIZE, methods=(ZLIB,))
        said = chdman("info", "-v", "-i", tmp_path / "game.chd")
        assert "Tag='DVD '  Index=0  Length=1 bytes" in said
        assert "Copy from self" in said

    @pytest.mark.slow
    def test_its_extract_is_the_image(self, tmp_path: Path) -> None:
        data = mixed(2048 * 777, 11)
        source = write_image(tmp_path / "game.iso", data)
        convert_image(source, tmp_path / "game.chd", ImageFormat.CHD, methods=(ZLIB,))
        chdman("extractraw", "-i", tmp_path / "game.chd", "-o", tmp_path / "back.iso")
        assert (tmp_path / "back.iso").read_bytes() == data

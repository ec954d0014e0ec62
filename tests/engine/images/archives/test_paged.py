"""Reading anywhere in a stream that only goes forward: the right bytes, bounded memory, few ways through."""

import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.convert.pipeline import ChunkWork, Slot, run_chunks
from discpress.engine.errors import DamagedImageError, StorageError
from discpress.engine.images.archives import paged
from discpress.engine.images.archives.paged import CACHE_PAGES, MAX_MARKS, MAX_READERS, PAGE_BYTES, Decoder, PagedStream
from discpress.engine.progress import Control

PAGES = 12
DATA = random.Random(5).randbytes(PAGE_BYTES * PAGES - 1000)


class Given:
    """Decoders over bytes in memory, and how often one began at the beginning."""

    def __init__(self, data: bytes = DATA, *, can_fork: bool = True) -> None:
        self.data = data
        self.can_fork = can_fork
        self.starts = 0
        self.decoded_bytes = 0
        self.forks = 0

    def start(self) -> "Decoder":
        self.starts += 1
        return GivenDecoder(self, 0)

    def stream(self, size: int | None = None, crc32: int | None = None, spacing: int = PAGE_BYTES) -> PagedStream:
        return PagedStream(len(self.data) if size is None else size, self.start, crc32, damage, spacing)


class GivenDecoder:
    def __init__(self, given: Given, position: int) -> None:
        self._given = given
        self._position = position

    def read(self, limit: int) -> bytes:
        """Give a bit at a time, as decoders do."""
        piece = self._given.data[self._position : self._position + min(limit, 100_000)]
        self._position += len(piece)
        self._given.decoded_bytes += len(piece)
        return piece

    def fork(self) -> "Decoder | None":
        self._given.forks += 1
        return GivenDecoder(self._given, self._position) if self._given.can_fork else None


def damage(what: str) -> DamagedImageError:
    return DamagedImageError(what)


def read(stream: PagedStream, offset: int, length: int) -> bytes:
    buffer = bytearray(length)
    return bytes(buffer[: stream.read_into(buffer, offset)])


spans = st.lists(st.tuples(st.integers(0, len(DATA) + 10), st.integers(0, 700_000)), max_size=12)


@pytest.mark.slow
@given(spans, st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_reads_give_the_bytes_that_are_there(wanted: list[tuple[int, int]], can_fork: bool) -> None:
    stream = Given(can_fork=can_fork).stream(crc32=zlib.crc32(DATA))
    for offset, length in wanted:
        assert read(stream, offset, length) == DATA[offset : offset + length]


def test_reading_in_order_decodes_everything_once() -> None:
    source = Given(can_fork=False)
    stream = source.stream()
    for offset in range(0, len(DATA), 100_000):
        read(stream, offset, 100_000)
    assert (source.starts, source.decoded_bytes) == (1, len(DATA))


@pytest.mark.slow
def test_the_threads_of_a_pipeline_go_through_it_once() -> None:
    """As many as are ever let at an image in an archive: 14 chunks of 1 MiB are under way at the most."""
    source = Given(random.Random(6).randbytes(1 << 20) * 64, can_fork=False)
    stream = source.stream()
    seen: list[bool] = []

    def fill(slot: Slot) -> None:
        stream.read_into(slot.data, slot.offset)

    def take(slot: Slot) -> None:
        seen.append(slot.data == source.data[: 1 << 20])

    run_chunks(len(source.data), MAX_READERS, Control(), ChunkWork(fill, take))
    assert (seen, source.starts, source.decoded_bytes) == ([True] * 64, 1, 64 << 20)


def test_going_back_begins_at_the_nearest_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paged, "CACHE_PAGES", 2)
    source = Given()
    stream = source.stream()
    read(stream, 0, len(DATA))
    before = source.decoded_bytes
    assert read(stream, 6 * PAGE_BYTES, 10) == DATA[6 * PAGE_BYTES : 6 * PAGE_BYTES + 10]
    assert (source.starts, source.decoded_bytes - before) == (1, PAGE_BYTES)


def test_going_back_without_marks_begins_at_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paged, "CACHE_PAGES", 2)
    source = Given(can_fork=False)
    stream = source.stream()
    read(stream, 0, len(DATA))
    read(stream, 2 * PAGE_BYTES, 10)
    assert source.starts == 2


def test_an_index_looked_up_meanwhile_does_not_send_the_reading_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A packed image: its index lies at the front, its blocks behind, and both are read in turn."""
    monkeypatch.setattr(paged, "CACHE_PAGES", 2)
    source = Given()
    stream = source.stream(spacing=3 * PAGE_BYTES)
    read(stream, 0, 4 * PAGE_BYTES)
    for number in range(4, PAGES):
        read(stream, (number - 4) * PAGE_BYTES, 10)
        read(stream, number * PAGE_BYTES, 10)
    assert source.decoded_bytes < 2 * len(DATA)


def test_a_page_that_is_asked_for_again_and_again_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paged, "CACHE_PAGES", 4)
    source = Given(can_fork=False)
    stream = source.stream()
    for number in range(1, PAGES):
        for _ in range(5):
            read(stream, 0, 10)
        read(stream, number * PAGE_BYTES, 10)
    assert (source.starts, source.decoded_bytes) == (1, len(DATA))


def test_what_is_kept_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paged, "PAGE_BYTES", 512)
    source = Given(random.Random(7).randbytes(512 * 3 * MAX_MARKS))
    stream = source.stream(spacing=512)
    read(stream, 0, len(source.data))
    assert len(stream._pages) == CACHE_PAGES
    assert MAX_MARKS // 2 <= len(stream._marks) <= MAX_MARKS
    gaps = {after.position - before.position for before, after in zip(stream._marks, stream._marks[1:], strict=False)}
    assert max(gaps) <= 2 * stream._spacing


@pytest.mark.parametrize("can_fork", [True, False])
def test_no_memory_is_lost_by_pages_that_are_read_once_more(can_fork: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paged, "CACHE_PAGES", 4)
    stream = Given(can_fork=can_fork).stream(spacing=4 * PAGE_BYTES)
    chance = random.Random(1)
    for _ in range(400):
        read(stream, chance.randrange(len(DATA)), 10)
        assert len(stream._pages) + len(stream._rooms) == 4


@pytest.mark.parametrize("declared", [len(DATA) - 1, len(DATA) + 1, len(DATA) + PAGE_BYTES])
def test_a_stream_of_another_length_than_declared_is_damaged(declared: int) -> None:
    stream = Given().stream(declared)
    with pytest.raises(DamagedImageError, match="declared"):
        read(stream, 0, declared)


def test_a_wrong_checksum_is_found_by_the_read_that_reaches_the_end() -> None:
    stream = Given().stream(crc32=zlib.crc32(DATA) ^ 1)
    assert read(stream, 0, len(DATA) - PAGE_BYTES) == DATA[:-PAGE_BYTES]
    for _ in range(2):
        with pytest.raises(DamagedImageError, match="its crc32 is"):
            read(stream, len(DATA) - 1, 1)


def test_the_checksum_counts_every_byte_once_whatever_the_order() -> None:
    chance = random.Random(8)
    stream = Given().stream(crc32=zlib.crc32(DATA))
    for _ in range(50):
        read(stream, chance.randrange(len(DATA)), 1000)
    assert read(stream, len(DATA) - 5, 5) == DATA[-5:]


def test_a_read_that_failed_can_be_tried_again() -> None:
    class Failing(Given):
        def start(self) -> Decoder:
            decoder = super().start()
            if self.starts == 1:
                raise StorageError("the disk had a bad moment")
            return decoder

    source = Failing()
    stream = source.stream()
    with pytest.raises(StorageError):
        read(stream, 0, 10)
    assert read(stream, 0, 10) == DATA[:10]


@pytest.mark.parametrize("lost", [0, PAGE_BYTES * 2 + 50])
def test_what_follows_damage_is_not_decoded_again_and_again(lost: int) -> None:
    class Damaged(Given):
        def start(self) -> Decoder:
            if not lost:
                self.starts += 1
                raise damage("impossible header")
            return super().start()

    source = Damaged(DATA[:lost], can_fork=False)
    stream = source.stream(len(DATA))
    for offset in range(PAGE_BYTES * 2, len(DATA), 100_000):
        with pytest.raises(DamagedImageError):
            read(stream, offset, 10)
    assert (source.starts, source.decoded_bytes) == (1, lost)


def test_what_is_before_damage_can_still_be_read() -> None:
    stream = Given(DATA[: PAGE_BYTES * 2 + 50], can_fork=False).stream(len(DATA))
    with pytest.raises(DamagedImageError):
        read(stream, PAGE_BYTES * 3, 10)
    assert read(stream, 0, PAGE_BYTES * 2) == DATA[: PAGE_BYTES * 2]
    with pytest.raises(DamagedImageError):
        read(stream, PAGE_BYTES * 2, 10)

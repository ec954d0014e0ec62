"""Writes that the caller of a pipeline leaves to the threads that fill."""

import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.convert.part.deferred import DeferredOutput
from discpress.engine.convert.pipeline import ChunkWork, Slot, run_chunks
from discpress.engine.progress import Control
from discpress.engine.system.files import Readable

CHUNKS = 9
THREADS = [1, 2, 5]


class Memory:
    """An output that notes who writes what."""

    def __init__(self) -> None:
        self.data = bytearray(CHUNKS)
        self.writers: set[int] = set()

    def write_at(self, offset: int, data: Readable) -> None:
        self.writers.add(threading.get_ident())
        self.data[offset : offset + len(data)] = data


class Saves:
    """A border that notes what is written whenever it is asked to save."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.seen: list[tuple[int, bytes]] = []

    def is_due(self, done_bytes: int) -> bool:
        return done_bytes > 0

    def save(self, done_bytes: int) -> None:
        done = done_bytes // CHUNK_BYTES
        self.seen.append((done, bytes(self.memory.data[:done])))


def fill(slot: Slot) -> None:
    slot.data[0] = slot.number + 1


def run(memory: Memory, threads: int, *, border: Saves | None = None, before: Callable[[Slot], None] = fill) -> None:
    """Write the first byte of each chunk to the place of its number."""
    output = DeferredOutput(memory)

    def take(slot: Slot) -> None:
        with output.deferring(slot.writes):
            output.write_at(slot.number, slot.data[:1])

    work = ChunkWork(before, take, lambda slot: output.write_all(slot.writes), followers=(lambda slot: None,))
    run_chunks(CHUNKS * CHUNK_BYTES, threads, Control(), work, border=border)


@pytest.mark.parametrize("threads", THREADS)
def test_each_chunk_is_written_where_the_caller_said_before_its_slot_is_filled_again(threads: int) -> None:
    memory = Memory()
    run(memory, threads)
    assert memory.data == bytes(range(1, CHUNKS + 1))


@pytest.mark.parametrize("threads", THREADS)
def test_the_caller_writes_nothing_itself(threads: int) -> None:
    memory = Memory()
    run(memory, threads)
    assert threading.get_ident() not in memory.writers


@pytest.mark.parametrize("threads", THREADS)
def test_all_earlier_chunks_are_written_when_a_border_saves(threads: int) -> None:
    memory = Memory()
    saves = Saves(memory)
    run(memory, threads, border=saves)
    assert saves.seen == [(done, bytes(range(1, done + 1))) for done in range(1, CHUNKS)]


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("number", [0, 4, CHUNKS - 1])
def test_a_write_that_fails_is_raised_in_the_caller(number: int, threads: int) -> None:
    class Full(Memory):
        def write_at(self, offset: int, data: Readable) -> None:
            if offset == number:
                raise OSError("full")
            super().write_at(offset, data)

    before = threading.active_count()
    with pytest.raises(OSError, match="full"):
        run(Full(), threads)
    assert threading.active_count() == before


@given(st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=20), st.booleans()), max_size=8))
@settings(deadline=None, max_examples=40)
def test_deferred_writes_change_nothing_until_they_are_made(writes: list[tuple[int, bytes, bool]]) -> None:
    memory, expected = Memory(), Memory()
    output = DeferredOutput(memory)
    left: list[tuple[int, Readable]] = []
    for offset, data, is_deferred in writes:
        if is_deferred:
            with output.deferring(left):
                output.write_at(offset, data)
        else:
            output.write_at(offset, data)
            expected.write_at(offset, data)
    assert memory.data == expected.data
    output.write_all(left)
    for place, piece in left:
        expected.write_at(place, piece)
    assert memory.data == expected.data

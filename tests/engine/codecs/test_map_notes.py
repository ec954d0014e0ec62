"""Notes of packed hunks: the native kernel and plain Python make the same ones."""

from array import array
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.codecs.blocks import PLAIN_BIT
from discpress.engine.codecs.chd import notes as module
from discpress.engine.codecs.chd.libraries import HunkLibraries, Library, hunk_libraries
from discpress.engine.codecs.chd.notes import SLOT_SHIFT, MapNotes

HUNK = 256


def libraries_or_skip() -> HunkLibraries:
    libraries = hunk_libraries()
    if libraries is None or not libraries.has(Library.XXH3):
        pytest.skip("no native kernel, or xxhash does not export its functions")
    return libraries


def notes_of(hunks: int, lead_bits: int) -> MapNotes:
    return MapNotes(hunks, HUNK, length_bits=8, self_bits=11, lead_bits=lead_bits)


def chunk_of(numbers: list[int], chance: Random) -> tuple[bytes, "array[int]", memoryview]:
    """Return what is stored, the lengths and the decoded hunks; equal numbers are equal hunks."""
    lengths = array("I", bytes(4 * len(numbers)))
    for place, number in enumerate(numbers):
        slot, length = number % 5, chance.randrange(1, HUNK)
        lengths[place] = HUNK | PLAIN_BIT if slot == 4 else slot << SLOT_SHIFT | length
    stored = chance.randbytes(sum(each & 0xFFFFFF for each in lengths))
    return stored, lengths, memoryview(b"".join(Random(number).randbytes(HUNK) for number in numbers))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 60), max_size=30), max_size=6),
    st.integers(0, 7),
    st.integers(1, 200),
    st.randoms(use_true_random=False),
)
def test_the_kernels_note_the_same(chunks: list[list[int]], lead_bits: int, hunks: int, chance: Random) -> None:
    libraries, native, plain = libraries_or_skip(), notes_of(hunks, lead_bits), notes_of(hunks, lead_bits)
    for numbers in chunks:
        stored, lengths, source = chunk_of(numbers, chance)
        one, other = bytearray(stored), bytearray(stored)
        kept = native.take_natively(libraries, memoryview(one), lengths, len(numbers), source)
        assert kept == plain.take_plainly(memoryview(other), lengths, len(numbers), source)
        assert one[:kept] == other[:kept]
    assert (native.kinds, native.fields, native.bits) == (plain.kinds, plain.fields, plain.bits)
    assert (native._table.room, native._table.marks) == (plain._table.room, plain._table.marks)


def test_a_full_table_learns_no_more() -> None:
    libraries, numbers = libraries_or_skip(), [*range(100), *range(100)]
    native, plain = notes_of(1, 4), notes_of(1, 4)
    stored, lengths, source = chunk_of(numbers, Random(1))
    native.take_natively(libraries, memoryview(bytearray(stored)), lengths, len(numbers), source)
    plain.take_plainly(memoryview(bytearray(stored)), lengths, len(numbers), source)
    assert native._table.room == 0
    assert native.kinds.count(5) == 48
    assert (native.kinds, native.fields) == (plain.kinds, plain.fields)


@pytest.mark.parametrize(
    "entry", [PLAIN_BIT | 0xFFFFFF, 4 << SLOT_SHIFT | 1, HUNK, HUNK + 1], ids=["stored", "slot", "hunk", "longer"]
)
def test_lengths_that_cannot_be_are_refused(entry: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        notes_of(1, 0).take_natively(
            libraries_or_skip(), memoryview(bytearray(HUNK + 1)), array("I", [entry]), 1, memoryview(bytes(HUNK))
        )


def test_buffers_that_do_not_fit_are_refused() -> None:
    libraries = libraries_or_skip()
    with pytest.raises(ValueError, match="do not fit"):
        notes_of(1, 0).take_natively(libraries, memoryview(bytearray(9)), array("I"), 1, memoryview(bytes(HUNK)))


def test_a_kernel_with_other_notes_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    libraries = libraries_or_skip()
    assert module._is_right(libraries)
    monkeypatch.setattr(MapNotes, "take_natively", lambda *arguments: 0)
    assert not module._is_right(libraries)

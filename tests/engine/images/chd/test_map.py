"""The compressed map of a CHD: windows in any order, its checksum once all were read, and claims of a few bytes."""

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from chd_images import (
    LONG_RUN,
    PLAIN,
    SELF,
    SELF_NEXT,
    SELF_SAME,
    SHORT_RUN,
    Hunk,
    MadeChd,
    claiming_chd,
    made_chd,
)
from counted_calls import count_calls
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_images import MemorySource, incompressible, mixed

from discpress.engine.codecs.chd.maps import map_reader
from discpress.engine.codecs.huffman import HuffmanError, canonical_codes
from discpress.engine.errors import DamagedImageError
from discpress.engine.images.chd.compressed_map import CompressedMap
from discpress.engine.images.chd.header import MAX_HUNKS
from discpress.engine.images.chd.image import ChdImage
from discpress.engine.images.chd.map import WINDOW_HUNKS
from discpress.engine.images.chd.map_kinds import decode_kinds
from discpress.engine.images.doctor.chd import map_findings
from discpress.engine.images.doctor.findings import FINDINGS_PER_CODE, FindingLimit
from discpress.engine.images.open import open_source
from discpress.engine.images.statistics import read_facts

HUNK = 2048
LONGEST = (LONG_RUN, 15, 15)
LONGEST_HUNKS = 19 + 15 * 16 + 15


def opened(data: bytes) -> ChdImage:
    image = open_source(MemorySource(data))
    assert isinstance(image, ChdImage)
    return image


# In any order.

SYMBOLS = st.sampled_from([0, PLAIN, SELF, SELF_SAME, SELF_NEXT])
WINDOWS = 6


def made_of(symbols: list[int]) -> MadeChd:
    """A map of these kinds; what the hunks hold does not matter."""
    made = MadeChd(b"", 512)
    chance = random.Random(len(symbols))
    for number, symbol in enumerate(symbols):
        size = 512 if symbol == PLAIN else chance.randrange(1, 40)
        stored = bytes(size) if symbol in {0, PLAIN} else b""
        origin = chance.randrange(number) if symbol == SELF and number else 0
        made.hunks.append(Hunk(symbol, stored, chance.randrange(1 << 16) if stored else 0, origin))
    made.total_bytes = 512 * len(symbols)
    made.unit_size = 512
    return made


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_window_is_the_same_whether_or_not_those_before_it_were_read(data: st.DataObject) -> None:
    runs = data.draw(st.lists(st.tuples(SYMBOLS, st.integers(1, 400)), min_size=3, max_size=12))
    symbols = [symbol for symbol, count in runs for _ in range(count)][: WINDOWS * WINDOW_HUNKS]
    stored = made_of(symbols).encode()
    windows = range(-(-len(symbols) // WINDOW_HUNKS))
    in_order = opened(stored).map
    expected = [in_order.window(number) for number in windows]
    in_any_order = opened(stored).map
    for number in data.draw(st.permutations(windows)):
        assert in_any_order.window(number) == expected[number]


@pytest.mark.parametrize("order", [range(5), range(4, -1, -1), (2, 0, 4, 1, 3)], ids=["forth", "back", "any"])
def test_the_checksum_is_compared_with_the_last_window_that_was_missing(order: list[int]) -> None:
    made = made_of([PLAIN, SELF, 0, SELF_NEXT] * (WINDOW_HUNKS + 20))
    sound, damaged = opened(made.encode()).map, None
    made.map_crc = 1
    damaged = opened(made.encode()).map
    *first, last = order
    for number in first:
        sound.window(number)
        damaged.window(number)
    sound.window(last)
    for _ in range(2):
        with pytest.raises(DamagedImageError, match="the map's header states 0001"):
            damaged.window(last)


def test_a_file_of_many_windows_is_read_from_its_end() -> None:
    data = mixed(HUNK * WINDOW_HUNKS * 3, 4)
    image = opened(made_chd(data, HUNK).encode())
    for start in range(len(data) - HUNK * 100, -1, -HUNK * 100):
        assert image.read_at(start, HUNK * 100) == data[start : start + HUNK * 100]


# Claims: so many hunks in a few KiB.

HUNKS = 1 << 17
"""Of which operations are counted: what they cost grows with their number."""
CALLS_A_HUNK = 1.5
"""Hunks are gone through by the window. If one were looked at by itself, it would take more calls than that."""
MOST_WINDOWS = 64
"""That a few reads make: those that they lie in, and those that the hunks there refer to."""
STORED = incompressible(HUNK)


def longest_runs(hunks: int) -> list[int]:
    return [*LONGEST] * (hunks // LONGEST_HUNKS + 1)


def claims_the_same(hunks: int) -> bytes:
    return claiming_chd(STORED, hunks, [SELF_SAME, *longest_runs(hunks)])


def claims_the_next(hunks: int) -> bytes:
    return claiming_chd(STORED, hunks, [SELF_NEXT, *longest_runs(hunks)])


def claims_in_turns(hunks: int) -> bytes:
    turns, rest = divmod(hunks - 1, 2 * (1 + 3 + 15) + 1)
    turn = [SELF_SAME, SHORT_RUN, 15, SELF_NEXT, SHORT_RUN, 15, SELF]
    return claiming_chd(STORED, hunks, turn * turns + [SELF] * rest)


def claims_by_fields(hunks: int) -> bytes:
    """References of one bit each, to hunk 0."""
    fields = bytes(hunks // 8 + 1)
    return claiming_chd(STORED, hunks, [SELF, *longest_runs(hunks)], self_bits=1, fields=fields)


def claims_by_some_fields(hunks: int) -> bytes:
    """One hunk by a codec, of no length, in about each window."""
    turns, rest = divmod(hunks - 1, 2 + LONGEST_HUNKS)
    symbols = [0, SELF_SAME, *LONGEST] * turns + [SELF] * rest
    return claiming_chd(STORED, hunks, symbols, fields=bytes(4 * turns))


def claims_of_both(hunks: int, run: list[int], run_hunks: int) -> bytes:
    """Hunks by a codec, of no length and the fewest bits, each between a run of references."""
    turns = (hunks - 1) // (2 + run_hunks)
    symbols = [0, SELF_SAME, *run] * turns
    rest = [SELF_SAME] * (hunks - 1 - turns * (2 + run_hunks))
    return claiming_chd(STORED, hunks, symbols + rest, length_bits=0, fields=bytes(2 * turns))


def claims_of_both_by_short_runs(hunks: int) -> bytes:
    return claims_of_both(hunks, [SELF_NEXT, SHORT_RUN, 15], 19)


def claims_of_both_by_runs(hunks: int) -> bytes:
    return claims_of_both(hunks, [LONG_RUN, 2, 0], 51)


CLAIMS = [
    claims_the_same,
    claims_the_next,
    claims_in_turns,
    claims_by_fields,
    claims_by_some_fields,
    claims_of_both_by_short_runs,
    claims_of_both_by_runs,
]


def read_here_and_there(image: ChdImage) -> None:
    for offset in (0, image.size // 2, image.size - 256 * 1024, image.size - 1):
        with contextlib.suppress(DamagedImageError):  # of hunks that equal none
            image.read_at(offset, 256 * 1024)


def count(image: ChdImage) -> None:
    with pytest.raises(DamagedImageError, match="its crc16 is"):
        read_facts(image)


def look_for_faults(image: ChdImage) -> None:
    with pytest.raises(DamagedImageError, match="its crc16 is"):
        list(map_findings(image, FindingLimit(), lambda: None))


@pytest.fixture
def walk(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many windows of any map are made, and how many are passed by on the way to one."""
    counts: Counter[str] = Counter()

    def count_calls_of(name: str) -> None:
        real = getattr(CompressedMap, name)

        def counted(hunk_map: CompressedMap, number: int) -> object:
            counts[name] += 1
            return real(hunk_map, number)

        monkeypatch.setattr(CompressedMap, name, counted)

    count_calls_of("_read_window")
    count_calls_of("_pass_by")
    return counts


@pytest.mark.parametrize("use", [read_here_and_there, count, look_for_faults], ids=lambda use: use.__name__)
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)
def test_what_is_claimed_is_not_gone_through_hunk_by_hunk(
    claim: Callable[[int], bytes], use: Callable[[ChdImage], None]
) -> None:
    image = opened(claim(HUNKS))
    assert count_calls(lambda: use(image)) <= CALLS_A_HUNK * HUNKS


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)
def test_the_way_to_a_window_is_gone_once_and_without_making_those_before_it(
    claim: Callable[[int], bytes], walk: Counter[str]
) -> None:
    read_here_and_there(opened(claim(HUNKS)))
    assert walk["_read_window"] <= MOST_WINDOWS
    assert walk["_pass_by"] <= HUNKS // WINDOW_HUNKS


@pytest.mark.parametrize("use", [count, look_for_faults], ids=lambda use: use.__name__)
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)
def test_who_wants_all_windows_makes_each_once(
    claim: Callable[[int], bytes], use: Callable[[ChdImage], None], walk: Counter[str]
) -> None:
    use(opened(claim(HUNKS)))
    assert walk == {"_read_window": HUNKS // WINDOW_HUNKS}


@pytest.mark.slow
@pytest.mark.parametrize("claim", [claims_the_same, claims_by_fields], ids=lambda claim: claim.__name__)
def test_what_it_claims_is_read_all_the_same(claim: Callable[[int], bytes]) -> None:
    image = opened(claim(MAX_HUNKS))
    assert image.read_at(image.size - 2 * HUNK, 2 * HUNK) == STORED * 2


def test_faults_that_are_not_listed_are_counted() -> None:
    """Each hunk is said to equal itself, but for the first one."""
    limit = FindingLimit()
    with pytest.raises(DamagedImageError, match="its crc16 is"):
        list(map_findings(opened(claims_the_next(HUNKS)), limit, lambda: None))
    (rest,) = limit.rest()
    last_window = HUNKS - WINDOW_HUNKS  # where the checksum is compared, before its hunks are
    assert rest.message == f"{last_window - 1 - FINDINGS_PER_CODE} more blocks have the same fault"


def test_facts_of_hunks_that_are_all_alike() -> None:
    hunks = 40 * WINDOW_HUNKS
    made = MadeChd(b"", HUNK, hunks=[Hunk(PLAIN, STORED, 0), *[Hunk(SELF_SAME)] * (hunks - 1)])
    made.total_bytes = hunks * HUNK
    facts = read_facts(opened(made.encode()))
    assert (facts.plain_blocks, facts.shared_blocks, facts.packed_blocks) == (1, hunks - 1, 0)
    assert (facts.plain_block_bytes, facts.packed_block_bytes) == (HUNK, 0)


# The kinds, byte by byte or bit by bit.


def encode(symbols: list[int], lengths: list[int]) -> bytes:
    codes = {symbol: format(code, f"0{length}b") for length, code, symbol in canonical_codes(lengths, 8)}
    text = "".join(codes[symbol] for symbol in symbols)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big") if text else b""


def unroll(symbols: list[int], hunks: int) -> bytes:
    kinds, last = bytearray(), 0
    source = iter(symbols)
    while len(kinds) < hunks:
        symbol = next(source)
        if symbol == SHORT_RUN:
            kinds += bytes((last,)) * (3 + next(source))
        elif symbol == LONG_RUN:
            kinds += bytes((last,)) * (19 + 16 * next(source) + next(source))
        else:
            kinds.append(symbol)
            last = symbol
    return bytes(kinds[:hunks])


LENGTHS = [
    [4] * 16,
    [0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0],
    [8, 8, 7, 6, 5, 4, 0, 2, 2, 2, 3, 0, 0, 0, 0, 0],
    [3, 0, 0, 0, 3, 3, 0, 3, 3, 3, 3, 0, 0, 0, 0, 3],
]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_kinds_in_any_code_are_unrolled(data: st.DataObject) -> None:
    lengths = data.draw(st.sampled_from(LENGTHS))
    counts = [symbol for symbol, length in enumerate(lengths) if length]
    kinds = [symbol for symbol in counts if symbol not in {SHORT_RUN, LONG_RUN, 14, 15}]
    symbols: list[int] = []
    for _ in range(data.draw(st.integers(1, 60))):
        run = data.draw(st.sampled_from([0, *({SHORT_RUN, LONG_RUN} & set(counts))]))
        more = {0: 0, SHORT_RUN: 1, LONG_RUN: 2}[run]
        symbols += [run] if run else [data.draw(st.sampled_from(kinds))]
        symbols += [data.draw(st.sampled_from(counts)) for _ in range(more)]
    hunks = data.draw(st.integers(1, len(unroll_all(symbols))))
    stored = encode(symbols, lengths)
    found, end = decode_kinds(lambda: [stored[:3], stored[3:]], 0, lengths, hunks)
    assert bytes(found) == unroll(symbols, hunks)
    assert end <= 8 * len(stored)


def unroll_all(symbols: list[int]) -> bytes:
    """Everything that the symbols say."""
    hunks = 0
    source = iter(symbols)
    for symbol in source:
        if symbol == SHORT_RUN:
            hunks += 3 + next(source)
        elif symbol == LONG_RUN:
            hunks += 19 + 16 * next(source) + next(source)
        else:
            hunks += 1
    return unroll(symbols, hunks)


@pytest.mark.parametrize("hunks", [1, 7, 300])
def test_bits_that_end_early_or_are_no_code_are_refused(hunks: int) -> None:
    lengths = [0, 1, *[0] * 14]  # one code of one bit: a 1 is none
    assert decode_kinds(lambda: [bytes(-(-hunks // 8))], 0, lengths, hunks)[0] == b"\1" * hunks
    with pytest.raises(HuffmanError, match="ends among the kinds"):
        decode_kinds(lambda: [bytes((hunks - 1) // 8)], 0, lengths, hunks)
    with pytest.raises(HuffmanError, match="the bits are not a code"):
        decode_kinds(lambda: [b"\xff" * hunks], 0, lengths, hunks)


def test_a_kind_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HuffmanError, match="kind 15 of a hunk does not exist"):
        decode_kinds(lambda: [b"\x44\xf4"], 0, [4] * 16, 4)


@pytest.mark.slow
@pytest.mark.skipif(map_reader() is None, reason="no native kernel")
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_both_kernels_find_the_same_places(data: st.DataObject) -> None:
    """And raise the same error: of a map that ends early, or has another checksum."""
    runs = data.draw(st.lists(st.tuples(SYMBOLS, st.integers(1, 300)), min_size=1, max_size=8))
    made = made_of([symbol for symbol, count in runs for _ in range(count)][: WINDOWS * WINDOW_HUNKS])
    if data.draw(st.booleans()):
        made.map_length = data.draw(st.integers(0, 2000))
    if data.draw(st.booleans()):
        made.map_crc = data.draw(st.integers(0, 1))
    stored = made.encode()
    try:
        native, plain = opened(stored).map, opened(stored).map
    except DamagedImageError:  # it claims to end after the file
        return
    assert isinstance(native, CompressedMap)
    assert isinstance(plain, CompressedMap)
    plain._read_natively = None
    numbers = range(0, len(made.hunks), 100)
    for first in data.draw(st.permutations(numbers)):
        count = min(100, len(made.hunks) - first)
        assert _outcome(native, first, count) == _outcome(plain, first, count)


def _outcome(hunk_map: CompressedMap, first: int, count: int) -> bytes | str:
    try:
        return hunk_map.rows(first, count)
    except DamagedImageError as error:
        return str(error)


@pytest.mark.skipif(map_reader() is None, reason="no native kernel")
@pytest.mark.parametrize(("bit", "length_bits", "self_bits"), [(25, 8, 8), (0, 25, 8), (0, 8, 33)])
def test_fields_that_cannot_be_are_refused(bit: int, length_bits: int, self_bits: int) -> None:
    read = map_reader()
    assert read is not None
    with pytest.raises(ValueError, match="too wide"):
        read(bytes(3), bit, b"\0", length_bits, self_bits, 512, 0, 0, True)


@pytest.mark.skipif(map_reader() is None, reason="no native kernel")
@pytest.mark.parametrize("kind", [6, 7, 8, 11, 13, 255])
def test_an_unknown_kind_is_left_to_the_plain_path(kind: int) -> None:
    read = map_reader()
    assert read is not None
    assert read(bytes(30), 0, bytes([kind]), 8, 8, 512, 0, 0, True) is None

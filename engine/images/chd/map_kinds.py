"""The kinds of hunks of a compressed CHD map, Huffman coded at its start (docs/formats.md, section 3).

bits -> symbols (bytes at a time) -> one kind a hunk
"""

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import NamedTuple

from discpress.engine.codecs.huffman import HuffmanError, canonical_codes


class Kind(IntEnum):
    """The way a hunk is stored; 0 to 3 are the place of its codec in the header."""

    CODEC_0 = 0
    CODEC_3 = 3
    PLAIN = 4
    SELF = 5
    """Equal to another hunk of this file."""
    PARENT = 6
    SHORT_RUN = 7
    """Repeats the last kind 3 times plus the number in the next symbol."""
    LONG_RUN = 8
    """Repeats the last kind 19 times plus the number in the next two symbols."""
    SELF_SAME = 9
    """Equal to the same hunk as the last SELF."""
    SELF_NEXT = 10
    """Equal to the hunk after that of the last SELF."""
    PARENT_SELF = 11
    PARENT_SAME = 12
    PARENT_NEXT = 13


SELF = bytes((Kind.SELF,))
IS_SELF = bytes(kind == Kind.SELF for kind in range(256))
"""For `bytes.translate`: 1 for the kind that refers to another hunk by its number."""
IS_STORED = bytes(kind <= Kind.PLAIN for kind in range(256))
"""For `bytes.translate`: 1 for the kinds that have bytes in the file."""
SYMBOLS = 16
LONGEST_CODE = 8
SHORT_RUN_LEAST = 3
LONG_RUN_LEAST = 19
_LONG_RUN_COUNTS = 2
_LONGEST_STEP = 256  # kinds; limits 70,000 possible steps, each with several long runs, to 20 MB instead of 60
_KINDS = 14
_NIBBLE = 4
_FROM_HEX = bytes.maketrans(b"0123456789abcdef", bytes(range(16)))
_PLAIN_KINDS = bytes(kind for kind in range(_KINDS) if kind not in {Kind.SHORT_RUN, Kind.LONG_RUN})


def decode_kinds(
    pieces: Callable[[], Iterable[bytes]], first_bit: int, lengths: list[int], hunks: int
) -> tuple[bytearray, int]:
    """Return one kind for each hunk, and the bit after the last symbol.

    `pieces` returns the bytes of the map from the first on, `first_bit` is the start of the symbols, `lengths` are
    those of their codes. The result always has `hunks` kinds, whatever the bits are. HuffmanError for invalid bits.
    """
    if lengths == [_NIBBLE] * SYMBOLS and first_bit % _NIBBLE == 0:
        found = _decode_nibbles(pieces(), first_bit // _NIBBLE, hunks)
        if found is not None:
            return found, first_bit + _NIBBLE * hunks
    reader = _KindReader(lengths, hunks)
    byte_number = 0
    for piece in pieces():
        for byte in piece:
            end = reader.take(byte, max(0, first_bit - 8 * byte_number))
            if end is not None:
                return reader.kinds, 8 * byte_number + end
            byte_number += 1
    raise HuffmanError("the map ends among the kinds of its hunks")


def _decode_nibbles(pieces: Iterable[bytes], first: int, hunks: int) -> bytearray | None:
    """Return the kinds if all codes are nibbles and none begins a run, as in discpress's own files; else None.

    2.3 million hunks take 4 ms; symbol by symbol they take 0.3 s.
    """
    digits = bytearray()
    for piece in pieces:
        digits += piece.hex().encode("ascii")
        if len(digits) >= first + hunks:
            break
    kinds = digits[first : first + hunks].translate(_FROM_HEX)
    return kinds if len(kinds) == hunks and not kinds.translate(None, _PLAIN_KINDS) else None


class _State:
    """The state between two bytes: an inner node of the code's tree, and the symbols of an incomplete run."""

    __slots__ = ("node", "run", "steps")

    def __init__(self, node: int, run: tuple[int, ...]) -> None:
        self.node = node
        self.run = run
        self.steps: dict[int, _Step | None] = {}


class _Step(NamedTuple):
    """The effect of a byte."""

    repeated: int
    """Repetitions of the last kind before it."""
    kinds: bytes
    """The kinds after these repetitions."""
    state: _State
    """The next state."""


class _KindReader:
    """An automaton that steps by bytes, and computes each step when it first occurs."""

    def __init__(self, lengths: list[int], hunks: int) -> None:
        self.kinds = bytearray()
        self._hunks = hunks
        self._tree = _tree(lengths)
        self._states: dict[tuple[int, tuple[int, ...]], _State] = {}
        self._state = self._state_of(0, ())
        self._last = 0

    def take(self, byte: int, skipped: int) -> int | None:
        """Take 8 bits without the first `skipped`; return the bit after the last symbol if that is in this byte."""
        if skipped >= 8:
            return None
        if not skipped:
            steps = self._state.steps
            if byte not in steps:
                steps[byte] = self._make_step(byte)
            step = steps[byte]
            # A byte that ends the kinds, or has no step, is read bit by bit.
            if step is not None and len(self.kinds) + step.repeated + len(step.kinds) < self._hunks:
                if step.repeated:
                    self.kinds += bytes((self._last,)) * step.repeated
                if step.kinds:
                    self.kinds += step.kinds
                    self._last = step.kinds[-1]
                self._state = step.state
                return None
        return self._take_bits(byte, skipped)

    def _take_bits(self, byte: int, skipped: int) -> int | None:
        node, run = self._state.node, self._state.run
        for bit in range(skipped, 8):
            node = self._follow(node, byte >> 7 - bit & 1)
            if node >= 0:
                continue
            repeated, kinds, run = _feed(run, -node - 1)
            node = 0
            self.kinds += bytes((self._last,)) * repeated + kinds
            self._last = kinds[-1] if kinds else self._last
            if len(self.kinds) >= self._hunks:
                del self.kinds[self._hunks :]
                return bit + 1
        self._state = self._state_of(node, run)
        return None

    def _make_step(self, byte: int) -> _Step | None:
        """Return the step of a byte from this state; None if its bits or symbols are invalid, or it is too long."""
        node, run = self._state.node, self._state.run
        before, found = 0, bytearray()
        try:
            for bit in range(8):
                node = self._follow(node, byte >> 7 - bit & 1)
                if node >= 0:
                    continue
                repeated, kinds, run = _feed(run, -node - 1)
                node = 0
                if found:
                    found += found[-1:] * repeated
                else:
                    before += repeated
                found += kinds
        except HuffmanError:
            return None
        if len(found) > _LONGEST_STEP:
            return None
        return _Step(before, bytes(found), self._state_of(node, run))

    def _follow(self, node: int, bit: int) -> int:
        following = self._tree[node][bit]
        if following is None:
            raise HuffmanError("the bits are not a code")
        return following

    def _state_of(self, node: int, run: tuple[int, ...]) -> _State:
        return self._states.setdefault((node, run), _State(node, run))


def _feed(run: tuple[int, ...], symbol: int) -> tuple[int, bytes, tuple[int, ...]]:
    """Return the effect of a symbol after those of an incomplete run: repetitions, kinds, and the new incomplete run.

    HuffmanError for an unknown symbol.
    """
    if run:
        kind, *counts = (*run, symbol)
        if kind == Kind.SHORT_RUN:
            return SHORT_RUN_LEAST + counts[0], b"", ()
        if len(counts) == _LONG_RUN_COUNTS:
            return LONG_RUN_LEAST + (counts[0] << 4) + counts[1], b"", ()
        return 0, b"", (*run, symbol)
    if symbol in {Kind.SHORT_RUN, Kind.LONG_RUN}:
        return 0, b"", (symbol,)
    if symbol >= _KINDS:
        raise HuffmanError(f"kind {symbol} of a hunk does not exist")
    return 0, bytes((symbol,)), ()


def _tree(lengths: list[int]) -> list[list[int | None]]:
    """Return the inner nodes of a code's tree: for each bit another node, -1 - symbol for a leaf, None if no code."""
    nodes: list[list[int | None]] = [[None, None]]
    for length, code, symbol in canonical_codes(lengths, LONGEST_CODE):
        node = 0
        for place in range(length - 1, 0, -1):
            bit = code >> place & 1
            following = nodes[node][bit]
            if following is None:
                nodes.append([None, None])
                following = nodes[node][bit] = len(nodes) - 1
            node = following
        nodes[node][code & 1] = -1 - symbol
    return nodes

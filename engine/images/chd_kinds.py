"""The kinds of hunks of a compressed CHD map, Huffman coded in front of it (FORMATS section 3).

bits -> symbols (bytes at a time where they end no run) -> one kind a hunk
"""

from collections.abc import Callable, Iterable
from enum import IntEnum

from engine.codecs.huffman import HuffmanError, canonical_codes


class Kind(IntEnum):
    """How a hunk is kept; 0 to 3 are the places of its codec in the header."""

    CODEC_0 = 0
    CODEC_3 = 3
    PLAIN = 4
    SELF = 5
    """Equal to another hunk of this file."""
    PARENT = 6
    SHORT_RUN = 7
    """The last kind 3 times more, and as often more as the next symbol says."""
    LONG_RUN = 8
    """The last kind 19 times more, and as often more as the next two symbols say."""
    SELF_SAME = 9
    """Equal to the same hunk as the last SELF."""
    SELF_NEXT = 10
    """Equal to the hunk behind it."""
    PARENT_SELF = 11
    PARENT_SAME = 12
    PARENT_NEXT = 13


SYMBOLS = 16
LONGEST_CODE = 8
SHORT_RUN_LEAST = 3
LONG_RUN_LEAST = 19
_KINDS = 14
_NIBBLE = 4
_FROM_HEX = bytes.maketrans(b"0123456789abcdef", bytes(range(16)))
_PLAIN_KINDS = bytes(kind for kind in range(_KINDS) if kind not in {Kind.SHORT_RUN, Kind.LONG_RUN})

_Step = tuple[bytes, int]


def decode_kinds(
    pieces: Callable[[], Iterable[bytes]], first_bit: int, lengths: list[int], hunks: int
) -> tuple[bytearray, int]:
    """Return one kind for each hunk, and the bit behind the last symbol; HuffmanError for bits that are none.

    `pieces` gives the bytes of the map from its first on, `first_bit` is where the symbols begin, `lengths` are those
    of their codes. The result is as long as there are hunks, whatever the bits say.
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
    """Return the kinds where codes are nibbles and none begins a run, as in our own files; None where it is not so.

    2.3 million hunks take 4 ms, by symbols 0.3 s.
    """
    digits = bytearray()
    for piece in pieces:
        digits += piece.hex().encode("ascii")
        if len(digits) >= first + hunks:
            break
    kinds = digits[first : first + hunks].translate(_FROM_HEX)
    return kinds if len(kinds) == hunks and not kinds.translate(None, _PLAIN_KINDS) else None


class _KindReader:
    """An automaton whose states are the inner nodes of the code's tree, stepping by bytes."""

    def __init__(self, lengths: list[int], hunks: int) -> None:
        self.kinds = bytearray()
        self._hunks = hunks
        self._tree = _tree(lengths)
        self._state = 0
        self._steps: dict[tuple[int, int], _Step] = {}
        self._last = 0
        self._run: list[int] = []  # symbols of a run that is not complete

    def take(self, byte: int, skipped: int) -> int | None:
        """Take 8 bits, without the first `skipped`; return the bit in it that is behind the last symbol, if it is."""
        if skipped >= 8:
            return None
        if not skipped and not self._run:
            step = self._steps.get((self._state, byte)) or self._make_step(byte)
            symbols, following = step
            # A byte that ends the kinds, or has a run in it, is gone through by bits.
            if len(self.kinds) + len(symbols) < self._hunks and following >= 0:
                self.kinds += symbols
                self._state = following
                if symbols:
                    self._last = symbols[-1]
                return None
        for bit in range(skipped, 8):
            node = self._tree[self._state][byte >> 7 - bit & 1]
            if node is None:
                raise HuffmanError("bits that are no code")
            if node >= 0:
                self._state = node
                continue
            self._state = 0
            self._feed(-node - 1)
            if len(self.kinds) >= self._hunks:
                del self.kinds[self._hunks :]
                return bit + 1
        return None

    def _make_step(self, byte: int) -> _Step:
        symbols, state = bytearray(), self._state
        for bit in range(8):
            node = self._tree[state][byte >> 7 - bit & 1]
            if node is None:
                return b"", -1
            state = max(node, 0)
            if node < 0:
                symbols.append(-node - 1)
        is_plain = all(symbol < _KINDS and symbol not in {Kind.SHORT_RUN, Kind.LONG_RUN} for symbol in symbols)
        step = (bytes(symbols), state if is_plain else -1)
        self._steps[self._state, byte] = step
        return step

    def _feed(self, symbol: int) -> None:
        if self._run:
            self._run.append(symbol)
            kind, *counts = self._run
            if kind == Kind.SHORT_RUN:
                self._end_run(SHORT_RUN_LEAST + counts[0])
            elif len(counts) == 2:
                self._end_run(LONG_RUN_LEAST + (counts[0] << 4) + counts[1])
        elif symbol in {Kind.SHORT_RUN, Kind.LONG_RUN}:
            self._run.append(symbol)
        elif symbol >= _KINDS:
            raise HuffmanError(f"kind {symbol} of a hunk does not exist")
        else:
            self.kinds.append(symbol)
            self._last = symbol

    def _end_run(self, count: int) -> None:
        self._run.clear()
        self.kinds += bytes((self._last,)) * count


def _tree(lengths: list[int]) -> list[list[int | None]]:
    """Return the inner nodes of a code's tree: for each bit another node, -1 - symbol for a leaf, None for no code."""
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

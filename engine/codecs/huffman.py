"""MAME's canonical Huffman codes, used by CHD files for the map and the codec `huff` (docs/formats.md, section 3).

Codes of equal length count up in the order of their symbols, and the longest codes come first. So with sixteen codes
of four bits, each code equals its symbol.
"""

from collections.abc import Sequence


class HuffmanError(ValueError):
    """The code lengths do not make a code, the bits are not a code, or the bits end too early."""


class BitReader:
    """Reads bits, the highest first; HuffmanError after the end."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)
        self.position = 0

    def read(self, count: int) -> int:
        """Return the next `count` bits as a number."""
        if count > self._left:
            raise HuffmanError(f"the bits end at {self.position + self._left}")
        self._left -= count
        self.position += count
        return self._value >> self._left & (1 << count) - 1


def canonical_codes(lengths: Sequence[int], longest: int) -> list[tuple[int, int, int]]:
    """Return (length, code, symbol) for each symbol of a length above 0.

    A single code of one bit is allowed, because a map of equal entries has it. HuffmanError if the codes do not fill
    the code space.
    """
    if any(length > longest for length in lengths):
        raise HuffmanError(f"expected codes of at most {longest} bits, got {max(lengths)}")
    used = sorted((-length, symbol) for symbol, length in enumerate(lengths) if length)
    if not used:
        raise HuffmanError("no symbol has a code")
    codes = []
    code, length = 0, -used[0][0]
    for negative, symbol in used:
        while length > -negative:
            if code & 1:
                raise HuffmanError("the code lengths do not fit together")
            code >>= 1
            length -= 1
        codes.append((length, code, symbol))
        code += 1
    if code != 1 << length and (len(used) > 1 or length > 1):
        raise HuffmanError("the code lengths leave codes unused, or need more than there are")
    return codes


def lookup_table(lengths: Sequence[int], longest: int) -> tuple[list[tuple[int, int]], int]:
    """Return (length, symbol) for every possible window of bits, and the width of the window.

    The length is 0 if the window does not begin with a code.
    """
    codes = canonical_codes(lengths, longest)
    width = max(length for length, _, _ in codes)
    table: list[tuple[int, int]] = [(0, 0)] * (1 << width)
    for length, code, symbol in codes:
        spread = 1 << width - length
        table[code * spread : (code + 1) * spread] = [(length, symbol)] * spread
    return table, width


def read_run_lengths(bits: BitReader, symbols: int, width: int) -> list[int]:
    """Return the code lengths of a tree, stored with `width` bits each: 1 begins a run, and 1 1 is a length of 1.

    HuffmanError if a run is too long or the bits end too early.
    """
    lengths: list[int] = []
    while len(lengths) < symbols:
        length = bits.read(width)
        if length != 1:
            lengths.append(length)
        elif (length := bits.read(width)) == 1:
            lengths.append(1)
        else:
            lengths += [length] * (bits.read(width) + 3)
    if len(lengths) > symbols:
        raise HuffmanError(f"expected the code lengths of {symbols} symbols, got {len(lengths)}")
    return lengths


_SMALL_SYMBOLS = 24
_SMALL_LONGEST = 6
_END_OF_SMALL = 7


def read_packed_lengths(bits: BitReader, symbols: int) -> list[int]:
    """Return the code lengths of a tree that is itself Huffman coded, with the tree of 24 symbols stored before it."""
    small = _read_small_lengths(bits)
    table = {(length, code): symbol for length, code, symbol in canonical_codes(small, _SMALL_LONGEST)}
    rest_width = (symbols - 9).bit_length()
    lengths: list[int] = []
    last = 0
    while len(lengths) < symbols:
        value = _read_symbol(bits, table)
        if value:
            last = value - 1
            lengths.append(last)
            continue
        count = bits.read(3) + 2
        if count == _END_OF_SMALL + 2:
            count += bits.read(rest_width)
        lengths += [last] * min(count, symbols - len(lengths))
    return lengths


def _read_small_lengths(bits: BitReader) -> list[int]:
    lengths = [bits.read(3)]
    lengths += [0] * bits.read(3)
    while len(lengths) < _SMALL_SYMBOLS:
        length = bits.read(3)
        if length == _END_OF_SMALL:
            break
        lengths.append(length)
    return lengths + [0] * (_SMALL_SYMBOLS - len(lengths))


def _read_symbol(bits: BitReader, table: dict[tuple[int, int], int]) -> int:
    code = 0
    for length in range(1, _SMALL_LONGEST + 1):
        code = code << 1 | bits.read(1)
        if (length, code) in table:
            return table[length, code]
    raise HuffmanError("the bits are not a code")

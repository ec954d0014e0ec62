"""The codec `huff` of CHD hunks, read only: each hunk has its own Huffman code (docs/formats.md, section 3)."""

from discpress.engine.codecs.blocks import BlockError
from discpress.engine.codecs.huffman import BitReader, HuffmanError, lookup_table, read_packed_lengths

_SYMBOLS = 256
_LONGEST = 16
_TREE_BYTES = 512  # 24 x 3 bits, and 256 codes of at most 6 + 11 bits
_AT_ONCE = 32


class HuffDecoder:
    """Decodes hunks at about 3 MB/s, which is enough: usual files contain few of them."""

    name = "huff"

    def decode(self, stored: memoryview, block_size: int, max_padding: int) -> bytes:
        """Decode one hunk, see `Decoder.decode`."""
        try:
            bits = BitReader(stored[:_TREE_BYTES])
            table, width = lookup_table(read_packed_lengths(bits, _SYMBOLS), _LONGEST)
            return _decode(stored, bits.position, table, width, block_size)
        except HuffmanError as error:
            raise BlockError(f"huff hunk does not decode: {error}") from error


def _decode(stored: memoryview, position: int, table: list[tuple[int, int]], width: int, block_size: int) -> bytes:
    """Decode in windows of a few bytes, because each symbol shifts the whole window."""
    decoded = bytearray()
    end = 8 * len(stored)
    mask = (1 << width) - 1
    while len(decoded) < block_size:
        first = position >> 3
        piece = bytes(stored[first : first + _AT_ONCE]).ljust(_AT_ONCE, b"\0")
        value, top = int.from_bytes(piece, "big"), 8 * (first + _AT_ONCE)
        last = top - width
        while position <= last and len(decoded) < block_size:
            length, symbol = table[value >> last - position & mask]
            if not length:
                raise HuffmanError("the bits are not a code")
            decoded.append(symbol)
            position += length
        if position > end:
            raise HuffmanError("the bits end too early")
    return bytes(decoded)

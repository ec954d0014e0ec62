"""Images of separately stored blocks: random access and fast runs."""

from collections.abc import Sequence

from discpress.engine.codecs.blocks import BlockError
from discpress.engine.images.image import RUN_BYTES, Image, StoredBlock
from discpress.engine.images.source import read_bytes
from discpress.engine.system.files import Writable

_MOST_KEPT = 8
_PACKED_SLACK = 64  # in addition to the 1/255 by which liblz4 and deflate may grow a block


class BlockImage(Image):
    """An image of separately stored blocks; subclasses locate them."""

    _kept: dict[int, bytes] | None = None
    """Decoded blocks by their numbers; None if none are kept."""

    def check_extent(self) -> None:
        """Locate the last block, see `Image.check_extent`."""
        self.locate(self.blocks - 1, 1)

    def keep_blocks(self) -> None:
        """Keep the last few blocks of small reads, see `Image.keep_blocks`."""
        self._kept = {}

    def read_at(self, offset: int, length: int) -> bytes:
        """Return decoded bytes, see `Image.read_at`."""
        number, skip = divmod(offset, self.block_size)
        if self._kept is None or not 0 <= length <= self.block_size - skip:
            return super().read_at(offset, length)
        if number not in self._kept:
            if len(self._kept) == _MOST_KEPT:
                self._kept.clear()
            self._kept[number] = super().read_at(offset - skip, self.block_size)
        return self._kept[number][skip : skip + length]

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read decoded bytes, see `Image.read_into`."""
        view = memoryview(buffer)[: max(0, self.size - offset)]
        per_run = max(1, RUN_BYTES // self.block_size)
        done = 0
        while done < len(view):
            first, skip = divmod(offset + done, self.block_size)
            count = min(per_run, -(-(skip + len(view) - done) // self.block_size))
            whole = 0 if skip else min(count, (len(view) - done) // self.block_size)
            if not done and count == 1 and not whole and self._read_part(first, skip, view):
                return len(view)
            quick = self._decode_whole(first, whole, view[done:]) if whole else 0
            done += quick * self.block_size
            for decoded in self._decode_run(first + quick, count - quick) if count > quick else ():
                piece = decoded[skip : skip + len(view) - done]
                view[done : done + len(piece)] = piece
                done += len(piece)
                skip = 0
        return len(view)

    def _decode_whole(self, first: int, count: int, buffer: memoryview) -> int:
        """Decode up to `count` whole blocks into `buffer` at once and return their number; 0 if that is impossible.

        The caller decodes the rest block by block, which finds the damaged one.
        """
        return 0

    def _read_part(self, number: int, skip: int, view: memoryview) -> bool:
        """Fill `view` with a part of one block, if `_decode_whole` can decode that; return whether it was filled."""
        if self.block_length(number) < self.block_size:
            return False
        block = memoryview(bytearray(self.block_size))
        if not self._decode_whole(number, 1, block):
            return False
        view[:] = block[skip : skip + len(view)]
        return True

    def decode_block(self, block: StoredBlock) -> bytes:
        """Decode one block, see `Image.decode_block`."""
        (decoded,) = self._decode_stored([block])
        return decoded

    def _decode_run(self, first: int, count: int) -> list[bytes]:
        return self._decode_stored(self.locate(first, count))

    def _decode_stored(self, blocks: Sequence[StoredBlock]) -> list[bytes]:
        start = blocks[0].offset
        spans = [(block.offset - start, min(block.length, self._most_bytes(block))) for block in blocks]
        end = max(at + length for at, length in spans)
        in_order = min(at for at, _ in spans) == 0
        if in_order and end <= 2 * len(blocks) * self.block_size + _PACKED_SLACK:
            stored = memoryview(read_bytes(self.source, start, end))
            pieces = [stored[at : at + length] for at, length in spans]
        else:  # gaps from a large alignment: fetch the blocks alone
            pieces = [
                memoryview(read_bytes(self.source, block.offset, length))
                for block, (_, length) in zip(blocks, spans, strict=True)
            ]
        return [
            self._decode(block, piece, length) for block, piece, (_, length) in zip(blocks, pieces, spans, strict=True)
        ]

    def _most_bytes(self, block: StoredBlock) -> int:
        """Return the number of stored bytes to read: the rest of a longer block can only be padding."""
        if block.codec is None:
            return self.block_length(block.number)
        return self.block_size + self.block_size // 255 + _PACKED_SLACK

    def _decode(self, block: StoredBlock, stored: memoryview, length: int) -> bytes:
        wanted = self.block_length(block.number)
        if len(stored) < length:
            raise self.damage(block.number, "the file ends inside it")
        if block.codec is None:
            if len(stored) < wanted:
                raise self.damage(block.number, f"expected a plain block of {wanted} bytes, got {len(stored)}")
            return bytes(stored[:wanted])
        # Writers pad the last block or leave it short (Danixu's ziso); readers must accept both.
        lengths = [self.block_size] if wanted == self.block_size else [self.block_size, wanted]
        problem = ""
        for decoded_bytes in lengths:
            try:
                return block.codec.decode(stored, decoded_bytes, block.max_padding)[:wanted]
            except BlockError as error:
                problem = problem or str(error)
        raise self.damage(block.number, problem)

"""Statistics of an image: counts of blocks, and sums of bytes."""

from collections.abc import Callable
from dataclasses import dataclass

from discpress.engine.formats import ImageFormat
from discpress.engine.images.image import Image, no_check


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """An image in numbers, as its header and index state them."""

    format: ImageFormat
    """iso, zso, cso, dax or chd."""
    version: int
    """Version in the header; 0 for iso."""
    block_size: int
    """Decoded bytes of a block; a sector for iso."""
    index_shift: int
    """Blocks start at multiples of 1 << index_shift bytes; 0 for iso, dax and chd."""
    original_bytes: int
    """Size of the decoded image."""
    file_bytes: int
    """Size of the file, or of its share of an archive."""
    blocks: int
    """Number of blocks; of sectors for iso."""
    plain_blocks: int
    """Number of uncompressed blocks."""
    plain_block_bytes: int
    """Stored bytes of the plain blocks, their padding included."""
    packed_block_bytes: int
    """Stored bytes of the packed blocks, their padding included."""
    index_bytes: int
    """Bytes of the index, the tables or the map, without the header; 0 for iso."""
    lead_padding_bytes: int
    """Bytes between the index and the first block; 0 for chd, whose map may be anywhere."""
    end_padding_bytes: int
    """Bytes of the file after the end entry; 0 for chd, which has none."""
    shared_blocks: int = 0
    """Number of blocks that are not stored because they equal another one: CHD only."""
    codecs: tuple[str, ...] = ()
    """Names of the codecs that the header of a CHD lists."""
    metadata: tuple[str, ...] = ()
    """Tags of the metadata of a CHD."""

    @property
    def packed_blocks(self) -> int:
        """Number of compressed blocks."""
        return self.blocks - self.plain_blocks - self.shared_blocks

    @property
    def ratio(self) -> float:
        """File size divided by original size."""
        return self.file_bytes / self.original_bytes

    @property
    def alignment_waste_bytes(self) -> int | None:
        """Stored bytes that only align the blocks; None with an index shift, because counting them needs decoding."""
        return None if self.index_shift else 0

    @property
    def most_alignment_waste_bytes(self) -> int:
        """Upper bound of the alignment's waste, without decoding: 2^shift - 1 bytes a block."""
        return self.blocks * ((1 << self.index_shift) - 1)


def read_facts(image: Image, check: Callable[[], None] = no_check) -> ImageFacts:
    """Return the statistics of an open image.

    `check` is called at least every 65,536 blocks and may raise to stop. Raises DamagedImageError if a block is too
    short or lies beyond the file.
    """
    sums = image.sums(check)
    return ImageFacts(
        format=image.format,
        version=image.version,
        block_size=image.block_size,
        index_shift=image.index_shift,
        original_bytes=image.size,
        file_bytes=image.file_bytes,
        blocks=image.blocks,
        plain_blocks=sums.plain_blocks,
        plain_block_bytes=sums.plain_bytes,
        packed_block_bytes=sums.packed_bytes,
        index_bytes=sums.index_bytes,
        lead_padding_bytes=sums.start - sums.data_offset,
        end_padding_bytes=image.source.size_bytes - sums.end,
        shared_blocks=sums.shared_blocks,
        codecs=image.codec_names,
        metadata=image.metadata_names,
    )

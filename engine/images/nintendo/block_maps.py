"""The blocks of a disc that nod-rs leaves out of a WBFS or CISO: those of zeros or padding alone.

Source: check_block in writer.rs, ciso.rs and wbfs.rs of nod.
"""

from collections.abc import Callable, Sequence

from discpress.engine.formats import ImageFormat
from discpress.engine.images.nintendo.clusters import CLUSTER_BYTES, CONTENT_BYTES, HASH_BYTES, Clusters
from discpress.engine.images.nintendo.content import DiscContent
from discpress.engine.units import KIB, MIB

BLOCK_BYTES = 2 * MIB
_START_BYTES = HASH_BYTES + 2 * KIB
"""Read of each block at first: it shows that most of them are stored."""
_MARK_BYTES = 20 + 508
"""The mark of NKit 2: size of the disc, and a bit for each block of the largest disc."""
_CISO_TABLE_BYTES = 0x8000


def has_block_map(image_format: ImageFormat) -> bool:
    """Return whether files of a format contain blocks as they are, and leave others out."""
    return image_format in {ImageFormat.WBFS, ImageFormat.GAMECUBE_CISO}


def file_bytes(image_format: ImageFormat, stored_blocks: float) -> float:
    """Return the bytes of a file with so many stored blocks."""
    if image_format is ImageFormat.WBFS:
        return (1 + stored_blocks) * BLOCK_BYTES
    return _CISO_TABLE_BYTES + stored_blocks * BLOCK_BYTES + _MARK_BYTES


class BlockMaps:
    """Finds the blocks of a disc that are stored."""

    def __init__(self, content: DiscContent, check: Callable[[], None]) -> None:
        """Take the content of an open disc; `check` may raise to stop."""
        self._content = content
        self._check = check
        self.blocks = -(-content.size // BLOCK_BYTES)

    def may_be_left_out(self) -> list[int]:
        """Return the numbers of the blocks whose first bytes are zeros or padding; all others are stored.

        Errors as for `Clusters.read`.
        """
        return self._find(range(self.blocks), _START_BYTES)

    def left_out(self, numbers: Sequence[int]) -> list[int]:
        """Return those of some blocks that are left out, from reading them whole. Errors as for `Clusters.read`."""
        return self._find(numbers, BLOCK_BYTES)

    def _find(self, numbers: Sequence[int], length: int) -> list[int]:
        found: list[int] = []
        by_clusters: dict[Clusters | None, list[int]] = {}
        for number in numbers:
            by_clusters.setdefault(self._clusters_of(number), []).append(number)
        for clusters, its_numbers in by_clusters.items():
            if clusters is None:
                found += (each for each in its_numbers if self._is_left_out_raw(each, length))
            else:
                found += self._left_out_of(clusters, its_numbers, length)
        return sorted(found)

    def _is_left_out_raw(self, number: int, length: int) -> bool:
        self._check()
        offset = number * BLOCK_BYTES
        return self._is_unused(self._content.image.read_at(offset, length), offset)

    def _left_out_of(self, clusters: Clusters, numbers: Sequence[int], length: int) -> list[int]:
        start = clusters.partition.data_start
        spans = [(number * BLOCK_BYTES, length) for number in numbers]
        return [
            number
            for number, data in zip(numbers, clusters.read(spans, self._check), strict=True)
            if self._is_unused(data, (number * BLOCK_BYTES - start) // CLUSTER_BYTES * CONTENT_BYTES)
        ]

    def _is_unused(self, data: bytes, offset: int) -> bool:
        return not data.strip(b"\0") or self._content.origin_of(None).padding.is_at(data, offset)

    def _clusters_of(self, number: int) -> Clusters | None:
        """Return the partition that a block lies in, and does not end with; None for others: they stay encrypted."""
        start, end = number * BLOCK_BYTES, min((number + 1) * BLOCK_BYTES, self._content.size)
        for clusters in self._content.partitions:
            if clusters.partition.data_start <= start and end < clusters.partition.data_end:
                return clusters
        return None

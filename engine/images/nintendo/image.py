"""Packed images of GameCube and Wii discs, decoded in order by a process with nod-rs."""

from collections.abc import Callable

from discpress.engine.errors import CutShortError, DamagedImageError, UnsupportedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.archives.paged import Decoder, PagedStream
from discpress.engine.images.image import Sums, UnindexedImage, no_check
from discpress.engine.images.known_disc import find_mark
from discpress.engine.images.nintendo.header import PackedDisc, read_packed_disc
from discpress.engine.images.nintendo.process import NodProcess, check_installed
from discpress.engine.images.source import ByteSource
from discpress.engine.system.files import Writable
from discpress.engine.systems import System
from discpress.engine.units import MIB

_READ_BYTES = 2 * MIB
"""The unit of reads for larger chunks: a WIA of wit has 40 MiB."""
SECTOR_BYTES = 0x8000
"""The unit of all these formats."""


class NintendoImage(UnindexedImage):
    """A packed image; any number of threads may read it, best in order: going back decodes from the beginning."""

    def __init__(self, source: ByteSource, image_format: ImageFormat, label: str) -> None:
        """Read the header.

        Raises DamagedImageError, CutShortError, UnsupportedImageError for an image in an archive, MissingPackageError
        without nod-rs.
        """
        super().__init__(source)
        if source.member_number:
            advice = "unpack it and convert the image inside"
            raise UnsupportedImageError(f"{self.name}: {label} in an archive cannot be read: {advice}", hint=advice)
        self.format = image_format
        self.packed: PackedDisc = read_packed_disc(source, image_format)
        if source.size_bytes < self.packed.needed_bytes:
            raise CutShortError(
                f"{self.name}: {self.packed.describe_cut(source.size_bytes)}",
                hint="get the file again, or restore it from a backup",
            )
        if not self.packed.disc_bytes:
            raise DamagedImageError(
                f"{self.name}: damaged header: it describes no disc", hint="restore the file from a backup"
            )
        check_installed(self.name, label)
        self.size = self.packed.disc_bytes
        self.block_size = _unit(self.packed.block_size)
        self._stream = PagedStream(self.size, self._start, None, self._damage)

    @property
    def is_sequential(self) -> bool:
        """True, because nod-rs decodes a disc only from its beginning."""
        return True

    @property
    def codec_names(self) -> tuple[str, ...]:
        """The codec of the chunks, see `Image`."""
        return (self.packed.method,) if self.packed.method else ()

    @property
    def system(self) -> System:
        """The system of the disc, by its first bytes or the header of the file."""
        head = self.packed.head
        return find_mark(lambda offset, length: head[offset : offset + length]) or self.packed.system

    def read_at(self, offset: int, length: int) -> bytes:
        """Return decoded bytes, see `Image.read_at`; the first ones are in the header of the file."""
        head = self.packed.head
        is_known = 0 <= offset <= offset + length <= len(head)
        return head[offset : offset + length] if is_known else super().read_at(offset, length)

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read decoded bytes, see `Image.read_into`; the errors of `NodProcess`."""
        return self._stream.read_into(buffer, offset)

    def sums(self, check: Callable[[], None] = no_check) -> Sums:
        """Return the size of the file; its blocks are not counted."""
        return Sums(packed_bytes=self.source.size_bytes, end=self.source.size_bytes)

    def close(self) -> None:
        """End the process, and close the file."""
        self._stream.forget()
        super().close()

    def _start(self) -> Decoder:
        return _Decoder(self.source, self.size)

    def _damage(self, what: str) -> DamagedImageError:
        return DamagedImageError(f"{self.name}: {what}", hint="restore the file from a backup, or get it again")


class _Decoder:
    """A process that decodes an image from its beginning: a `Decoder`."""

    def __init__(self, source: ByteSource, size_bytes: int) -> None:
        self._process = NodProcess(source, {})
        self._process.check_size(size_bytes)

    def read(self, limit: int) -> bytes:
        """Return the next bytes, see `Decoder`."""
        return self._process.read(limit)

    def fork(self) -> None:
        """Return None, because a process cannot be copied."""


def _unit(block_size: int) -> int:
    """Return the bytes that are read as one unit: a block, or a piece of a large one."""
    is_usual = block_size >= SECTOR_BYTES and block_size & (block_size - 1) == 0
    return min(block_size, _READ_BYTES) if is_usual else SECTOR_BYTES if block_size < _READ_BYTES else _READ_BYTES

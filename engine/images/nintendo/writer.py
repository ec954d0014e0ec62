"""Writes packed images of GameCube and Wii discs by nod-rs, and the layout of the written file."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from discpress.engine.errors import UnsupportedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.image import Image
from discpress.engine.images.layout import Output, WholeLayout
from discpress.engine.images.nintendo.gcz import GczImage
from discpress.engine.images.nintendo.image import SECTOR_BYTES, NintendoImage
from discpress.engine.images.nintendo.process import NodProcess, check_installed
from discpress.engine.images.plain.image import PlainImage
from discpress.engine.images.source import ByteSource
from discpress.engine.units import MIB

NOD_FORMATS: Mapping[ImageFormat, str] = MappingProxyType(
    {
        ImageFormat.RVZ: "RVZ",
        ImageFormat.WBFS: "WBFS",
        ImageFormat.GAMECUBE_CISO: "CISO",
        ImageFormat.GCZ: "GCZ",
        ImageFormat.WIA: "WIA",
    }
)
"""The names of the written formats in nod-rs."""
_INDEX_BYTES = 24
"""Most bytes that the tables of any of these formats have for each block."""


def check_packable(image: Image, label: str) -> None:
    """Raise UnsupportedImageError if this system cannot pack images, MissingPackageError if nod-rs is not installed."""
    if not hasattr(os, "memfd_create"):
        raise UnsupportedImageError(f"{image.name}: only Linux has the files in memory that nod-rs needs here")
    check_installed(image.name, label)


def is_readable(image: Image) -> bool:
    """Return whether nod-rs reads the files of an open image: an ISO, or a packed disc that is a file of its own."""
    is_gcz = isinstance(image, GczImage) and image.block_size % SECTOR_BYTES == 0
    is_read = isinstance(image, NintendoImage | PlainImage) or is_gcz
    return is_read and bool(image.source.descriptors)


@dataclass(frozen=True, slots=True)
class NintendoLayout(WholeLayout):
    """The layout of one packed image."""

    image_format: ImageFormat
    """The format."""
    label: str
    """The format's name for people."""
    compression: str | None
    """The codec and its level for nod-rs; None if the format has none."""

    @property
    def difference_hint(self) -> str:
        """The hint for a Wii disc whose hashes are wrong, which nod-rs writes other bytes for in these formats.

        See findings/nod-wii-hashes.sh.
        """
        if self.image_format not in {ImageFormat.RVZ, ImageFormat.WIA}:
            return ""
        return (
            f"use -f wbfs or -f gcz if it is a scrubbed or damaged Wii disc: nod-rs keeps no wrong hashes in "
            f"{self.label} files; otherwise check the disk and the memory of this machine"
        )

    def file_bytes(self, stored_bytes: int) -> int:
        """Return the most bytes of a file with so many stored bytes: tables, and two blocks of header and rest."""
        return stored_bytes + stored_bytes // 64 + self.blocks * _INDEX_BYTES + 2 * self.block_size + MIB

    def open(self, source: ByteSource) -> Image:
        """Open the written file, see `Layout`."""
        is_gcz = self.image_format is ImageFormat.GCZ
        return GczImage(source) if is_gcz else NintendoImage(source, self.image_format, self.label)

    def pack(
        self,
        image: Image,
        output: Output,
        take: Callable[[int, memoryview], None],
        on_progress: Callable[[int, int], None],
    ) -> int:
        """Pack a whole image, see `WholeLayout`. The source is read once by nod-rs, and once here for `take`.

        Both read the same part of it at about the same time, so that it comes from the disk once. If they got different
        bytes, the digests of source and result differ.
        """
        words = {
            "format": NOD_FORMATS[self.image_format],
            "compression": self.compression,
            "block_size": self.block_size,
        }
        process = NodProcess(image.source, words)
        follower = _Follower(image, self.chunk_bytes, take, on_progress)
        try:
            process.check_size(image.size)
            for piece in process.pieces():
                place = 0 if piece.is_header else follower.packed_bytes
                output.write_at(place, piece.content)
                follower.packed_bytes = max(follower.packed_bytes, place + len(piece.content))
                follower.read_up_to(0 if piece.is_header else piece.done_bytes)
            follower.read_up_to(image.size)
        finally:
            process.close()
        return follower.packed_bytes


class _Follower:
    """Reads an image in order, up to the place where nod-rs is."""

    def __init__(
        self,
        image: Image,
        chunk_bytes: int,
        take: Callable[[int, memoryview], None],
        on_progress: Callable[[int, int], None],
    ) -> None:
        self._image = image
        self._take = take
        self._on_progress = on_progress
        self._done_bytes = 0
        self._buffer = memoryview(bytearray(chunk_bytes))
        self.packed_bytes = 0
        """Bytes of the packed file so far."""

    def read_up_to(self, end: int) -> None:
        """Read whole chunks up to an offset, or the rest of the image if that is its end; reporting may raise."""
        self._on_progress(self._done_bytes, self.packed_bytes)
        size = self._image.size
        while self._done_bytes < size:
            length = min(len(self._buffer), size - self._done_bytes)
            if self._done_bytes + length > end:
                return
            data = self._buffer[:length]
            self._image.read_all(data, self._done_bytes)
            self._take(self._done_bytes // len(self._buffer), data)
            self._done_bytes += length
            self._on_progress(self._done_bytes, self.packed_bytes)

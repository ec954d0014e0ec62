"""Detects the format of a file by its content; the name does not matter."""

from discpress.engine.formats import ImageFormat
from discpress.engine.images.recognised import PART_MAGIC, RAW_SECTOR_SIZES, RAW_SYNC
from discpress.engine.images.registry import detect, spec_of
from discpress.engine.images.spec import SNIFF_BYTES

__all__ = ["PART_MAGIC", "RAW_SECTOR_SIZES", "RAW_SYNC", "SNIFF_BYTES", "magic_of", "sniff"]


def sniff(head: bytes, file_bytes: int) -> ImageFormat:
    """Return the format of a file from its first SNIFF_BYTES (or all of it) and its size; ISO if nothing matches."""
    return detect(head, file_bytes).name


def magic_of(image_format: ImageFormat) -> bytes:
    """Return the first bytes of every file of a format; empty if it has no magic."""
    return spec_of(image_format).magic

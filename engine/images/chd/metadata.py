"""The metadata of a CHD: the kind of disc, and the SHA-1 over image and metadata (docs/formats.md, section 3)."""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from discpress.engine.errors import DamagedImageError
from discpress.engine.images.chd.header import HEADER_SIZE, NO_SHA1, ChdHeader
from discpress.engine.images.source import ByteSource, read_bytes, shown_name

_ENTRY = struct.Struct(">4sIQ")  # tag, flags in the highest byte and length in the others, next
ENTRY_SIZE = _ENTRY.size
_COUNTED = 0x01
_LENGTH_MASK = 0xFFFFFF
MAX_ENTRIES = 1024
"""A GD-ROM has one for each of its tracks, at most 99; a longer chain is a loop."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry of a file to write."""

    tag: bytes
    """Four bytes: `DVD `."""
    payload: bytes
    """Its content."""
    is_counted: bool = True
    """Whether it is part of the overall SHA-1."""


DVD = NewEntry(b"DVD ", b"\0")
"""The only entry of a DVD."""


@dataclass(frozen=True, slots=True)
class MetadataEntry:
    """One entry of the chain, without its payload."""

    tag: bytes
    """Four bytes: `DVD `."""
    is_counted: bool
    """Whether it is part of the overall SHA-1."""
    offset: int
    """First byte of the payload."""
    length: int
    """Bytes of the payload."""


def read_metadata(source: ByteSource, header: ChdHeader) -> list[MetadataEntry]:
    """Return the entries in the file's order; DamagedImageError for a chain that leaves the file or is a loop."""
    entries: list[MetadataEntry] = []
    offset, payload_bytes = header.meta_offset, 0
    while offset:
        head = read_bytes(source, offset, ENTRY_SIZE)
        if len(head) < ENTRY_SIZE or offset < HEADER_SIZE:
            raise _damage(source, f"an entry at byte {offset} is outside of the file's {source.size_bytes} bytes")
        tag, flags_and_length, following = _ENTRY.unpack(head)
        length = flags_and_length & _LENGTH_MASK
        payload_bytes += length
        if offset + ENTRY_SIZE + length > source.size_bytes or payload_bytes > source.size_bytes:
            raise _damage(source, f"an entry of {length} bytes at byte {offset} of {source.size_bytes}")
        entries.append(MetadataEntry(tag, bool(flags_and_length >> 24 & _COUNTED), offset + ENTRY_SIZE, length))
        if len(entries) > MAX_ENTRIES:
            raise _damage(source, f"more than {MAX_ENTRIES} entries: they form a loop")
        offset = following
    return entries


def encode_entries(entries: Sequence[NewEntry], offset: int = HEADER_SIZE) -> bytes:
    """Return the bytes of a chain of entries, of which the first is at this offset. ValueError for one of 16 MiB."""
    encoded = bytearray()
    ends = list(accumulate((ENTRY_SIZE + len(entry.payload) for entry in entries), initial=offset))[1:]
    for entry, end in zip(entries, ends, strict=True):
        length = len(entry.payload)
        if length > _LENGTH_MASK:
            raise ValueError(f"expected up to {_LENGTH_MASK} bytes of metadata, got {length}")
        flags = _COUNTED << 24 if entry.is_counted else 0
        encoded += _ENTRY.pack(entry.tag, flags | length, 0 if end == ends[-1] else end) + entry.payload
    return bytes(encoded)


def overall_sha1(raw_sha1: bytes, counted: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the SHA-1 over an image's SHA-1 and the (tag, payload) of its counted metadata."""
    hashed = sorted(tag + hashlib.sha1(payload, usedforsecurity=False).digest() for tag, payload in counted)
    return hashlib.sha1(raw_sha1 + b"".join(hashed), usedforsecurity=False).digest()


def sha1_problem(source: ByteSource, header: ChdHeader) -> str:
    """Return the problem of the SHA-1 over image and metadata; empty if there is none or the SHA-1 is not recorded."""
    if header.sha1 == NO_SHA1:
        return ""
    counted = (
        (entry.tag, read_bytes(source, entry.offset, entry.length))
        for entry in read_metadata(source, header)
        if entry.is_counted
    )
    actual = overall_sha1(header.raw_sha1, counted)
    if actual == header.sha1:
        return ""
    return f"sha1 of image and metadata is {actual.hex()}, but the header states {header.sha1.hex()}"


def _damage(source: ByteSource, what: str) -> DamagedImageError:
    return DamagedImageError(
        f"{shown_name(source)}: its metadata is damaged: {what}", hint="restore the file from a backup"
    )

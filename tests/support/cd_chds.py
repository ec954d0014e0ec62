"""CHD files without codecs, made by hand: a map in front of the hunks, and for a CD a track table after them."""

import struct
from collections.abc import Sequence

from chd_images import HEADER
from made_cds import swapped
from memory_cds import TrackPlan

from discpress.engine.images.cd.tracks import TrackKind

FRAME = 2448
HUNK = 8 * FRAME
_TYPES = {
    TrackKind.AUDIO: "AUDIO",
    TrackKind.MODE1_2048: "MODE1",
    TrackKind.MODE1_RAW: "MODE1_RAW",
    TrackKind.MODE2_RAW: "MODE2_RAW",
}


def cd_chd(*plans: TrackPlan) -> bytes:
    """Return a CHD of these tracks, numbered from 1."""
    frames, tracks = bytearray(), []
    for number, (kind, sectors, _, _) in enumerate(plans, 1):
        for sector in sectors:
            frames += (swapped(sector) if kind is TrackKind.AUDIO else sector).ljust(FRAME, b"\0")
        frames += bytes(-len(sectors) % 4 * FRAME)
        tracks.append(
            f"TRACK:{number} TYPE:{_TYPES[kind]} SUBTYPE:NONE FRAMES:{len(sectors)} "
            "PREGAP:0 PGTYPE:MODE1 PGSUB:NONE POSTGAP:0\0".encode()
        )
    return _file(bytes(frames), tracks)


def _file(frames: bytes, tracks: Sequence[bytes]) -> bytes:
    """Return header, map, hunks at multiples of their size, and metadata."""
    hunks = -(-len(frames) // HUNK)
    first = -(-(HEADER.size + 4 * hunks) // HUNK)
    metadata_at = (first + hunks) * HUNK
    head = HEADER.pack(
        b"MComprHD",
        HEADER.size,
        5,
        *[bytes(4)] * 4,
        len(frames),
        HEADER.size,
        metadata_at,
        HUNK,
        FRAME,
        *[bytes(20)] * 3,
    )
    places = b"".join(struct.pack(">I", first + number) for number in range(hunks))
    metadata = b""
    for number, text in enumerate(tracks, 1):
        following = 0 if number == len(tracks) else metadata_at + len(metadata) + 16 + len(text)
        metadata += struct.pack(">4sIQ", b"CHT2", 1 << 24 | len(text), following) + text
    return (head + places).ljust(first * HUNK, b"\0") + frames.ljust(hunks * HUNK, b"\0") + metadata


def plain_chd(disc: bytes, hunk_size: int = 4096) -> bytes:
    """Return a CHD of a DVD without codecs and metadata; hunks of zeros are not stored."""
    hunks = [disc[at : at + hunk_size].ljust(hunk_size, b"\0") for at in range(0, len(disc), hunk_size)]
    first = -(-(HEADER.size + 4 * len(hunks)) // hunk_size)
    head = HEADER.pack(
        b"MComprHD", HEADER.size, 5, *[bytes(4)] * 4, len(disc), HEADER.size, 0, hunk_size, 2048, *[bytes(20)] * 3
    )
    stored = [hunk for hunk in hunks if any(hunk)]
    places = [first + sum(map(any, hunks[:number])) if any(hunk) else 0 for number, hunk in enumerate(hunks)]
    return (head + struct.pack(f">{len(hunks)}I", *places)).ljust(first * hunk_size, b"\0") + b"".join(stored)

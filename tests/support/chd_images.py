"""CHD files for tests: made by hand, sound or with one fault, and by chdman where it is installed."""

import binascii
import hashlib
import shutil
import struct
import subprocess
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from patience import HANG_S

HEADER = struct.Struct(">8sII4s4s4s4sQQQII20s20s20s")
LENGTH_BITS = 16
SELF_BITS = 16
CODEC, PLAIN, SELF, SHORT_RUN, LONG_RUN, SELF_SAME, SELF_NEXT = 0, 4, 5, 7, 8, 9, 10

CHDMAN = shutil.which("chdman")
needs_chdman = pytest.mark.skipif(CHDMAN is None, reason="chdman (Debian package mame-tools) is not installed")


def chdman(*arguments: object) -> str:
    """Run chdman and return what it says; the test fails when it does."""
    done = subprocess.run([str(CHDMAN), *map(str, arguments)], capture_output=True, text=True, timeout=HANG_S)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def create_raw(source: Path, output: Path, codecs: str, hunk_size: int = 4096, unit_size: int = 2048) -> Path:
    """Return what `chdman createraw` makes of a file."""
    chdman("createraw", "-i", source, "-o", output, "-hs", hunk_size, "-us", unit_size, "-c", codecs, "-np", 1)
    return output


class Bits:
    """Bits one behind the other, filled up to whole bytes."""

    def __init__(self) -> None:
        self.text = ""

    def add(self, value: int, width: int) -> None:
        self.text += format(value, f"0{width}b") if width else ""

    def encode(self) -> bytes:
        text = self.text + "0" * (-len(self.text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big") if text else b""


@dataclass
class Hunk:
    """One entry of a map, and what is stored for it."""

    kind: int
    """A symbol of the map; a run is no hunk."""
    stored: bytes = b""
    crc: int = 0
    origin: int = 0
    """The number of the equal hunk; -1 where the symbol says it."""


@dataclass
class MadeChd:
    """The parts of a CHD, to be changed before they are put together."""

    image: bytes
    hunk_size: int = 4096
    codecs: tuple[bytes, ...] = (b"zlib", bytes(4), bytes(4), bytes(4))
    hunks: list[Hunk] = field(default_factory=list)
    symbols: list[int] | None = None
    """Those of the map, runs included; None for the kinds of the hunks one by one."""
    tree: tuple[tuple[int, int], ...] = ((1, 4), (4, 4), (13, 4))
    """(value, width) of what stands for the tree: sixteen codes of four bits."""
    metadata: tuple[tuple[bytes, int, bytes], ...] = ((b"DVD ", 1, b"\0"),)
    """Tag, flags, payload."""
    version: int = 5
    header_size: int = 124
    unit_size: int = 2048
    total_bytes: int | None = None
    parent_sha1: bytes = bytes(20)
    raw_sha1: bytes | None = None
    sha1: bytes | None = None
    map_crc: int | None = None
    map_length: int | None = None

    def encode(self) -> bytes:
        body = bytearray(124)
        meta_offset = 124 if self.metadata else 0
        for number, (tag, flags, payload) in enumerate(self.metadata):
            end = len(body) + 16 + len(payload)
            following = end if number + 1 < len(self.metadata) else 0
            body += struct.pack(">4sIQ", tag, flags << 24 | len(payload), following) + payload
        first_offset = len(body)
        body += b"".join(hunk.stored for hunk in self.hunks)
        map_offset = len(body)
        body += self._map(first_offset)
        raw = hashlib.sha1(self.image).digest() if self.raw_sha1 is None else self.raw_sha1
        counted = sorted(tag + hashlib.sha1(each).digest() for tag, flags, each in self.metadata if flags & 1)
        overall = hashlib.sha1(raw + b"".join(counted)).digest() if self.sha1 is None else self.sha1
        total = len(self.image) if self.total_bytes is None else self.total_bytes
        body[:124] = HEADER.pack(
            b"MComprHD", self.header_size, self.version, *self.codecs, total, map_offset, meta_offset, self.hunk_size,
            self.unit_size, raw, overall, self.parent_sha1,
        )  # fmt: skip
        return bytes(body)

    def _map(self, first_offset: int) -> bytes:
        bits = Bits()
        for value, width in self.tree:
            bits.add(value, width)
        for symbol in self.symbols or [hunk.kind for hunk in self.hunks]:
            bits.add(symbol, 4)
        expanded, offset, last = b"", first_offset, 0
        for hunk in self.hunks:
            if hunk.kind <= PLAIN:
                if hunk.kind < PLAIN:
                    bits.add(len(hunk.stored), LENGTH_BITS)
                bits.add(hunk.crc, 16)
                entry = (hunk.kind, len(hunk.stored), offset, hunk.crc)
                offset += len(hunk.stored)
            else:
                last += hunk.kind == SELF_NEXT
                if hunk.kind == SELF:
                    bits.add(hunk.origin, SELF_BITS)
                    last = hunk.origin
                entry = (SELF, 0, last, 0)
            kind, length, place, crc = entry
            expanded += bytes((kind,)) + length.to_bytes(3, "big") + place.to_bytes(6, "big") + crc.to_bytes(2, "big")
        crc = binascii.crc_hqx(expanded, 0xFFFF) if self.map_crc is None else self.map_crc
        packed = bits.encode()
        length = len(packed) if self.map_length is None else self.map_length
        head = struct.pack(">I6sHBBBB", length, first_offset.to_bytes(6, "big"), crc, LENGTH_BITS, SELF_BITS, 0, 0)
        return head + packed


def made_chd(image: bytes, hunk_size: int = 4096) -> MadeChd:
    """Return a CHD of zlib and plain hunks, those that are equal to an earlier one by reference."""
    made = MadeChd(image, hunk_size)
    known: dict[bytes, int] = {}
    for start in range(0, len(image), hunk_size):
        hunk = image[start : start + hunk_size].ljust(hunk_size, b"\0")
        number = len(made.hunks)
        if hunk in known:
            made.hunks.append(Hunk(SELF, origin=known[hunk]))
            continue
        known[hunk] = number
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = deflate.compress(hunk) + deflate.flush()
        crc = binascii.crc_hqx(hunk, 0xFFFF)
        kind = CODEC if len(packed) < hunk_size else PLAIN
        made.hunks.append(Hunk(kind, packed if kind == CODEC else hunk, crc))
    return made


def claiming_chd(
    stored: bytes,
    hunks: int,
    symbols: Sequence[int],
    *,
    self_bits: int = 0,
    length_bits: int = LENGTH_BITS,
    fields: bytes = b"",
) -> bytes:
    """Return a CHD of one stored hunk that claims millions more by few symbols, of four bits each.

    Behind the stored one's checksum come `fields` as they are; the checksum of the map is wrong.
    """
    body = bytearray(HEADER.size) + stored
    first, map_offset = HEADER.size, len(body)
    digits = "14d" + "".join(f"{symbol:x}" for symbol in (PLAIN, *symbols)) + f"{binascii.crc_hqx(stored, 0xFFFF):04x}"
    packed = bytes.fromhex(digits + "0" * (len(digits) % 2)) + fields
    body += struct.pack(">I6sHBBBB", len(packed), first.to_bytes(6, "big"), 0, length_bits, self_bits, 0, 0) + packed
    codecs = (b"zlib", bytes(4), bytes(4), bytes(4))
    body[: HEADER.size] = HEADER.pack(
        b"MComprHD", HEADER.size, 5, *codecs, hunks * len(stored), map_offset, 0, len(stored), 512,
        *[bytes(20)] * 3,
    )  # fmt: skip
    return bytes(body)

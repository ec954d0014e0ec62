"""CHD files of CDs, made by hand: any tracks, any of the codecs, sound or with one fault."""

import binascii
import hashlib
import lzma
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import cd_sectors
import zstandard
from chd_images import CODEC, PLAIN, SELF, Hunk, MadeChd

GOLDEN_CDS = Path(__file__).parents[1] / "data" / "golden-cds"
FRAME, RAW, SUBCODE = 2448, 2352, 96
NO_SUBCODE = bytes(SUBCODE)
CODECS = (b"cdlz", b"cdzl", b"cdzs", b"cdfl")
SIZES = {
    "AUDIO": RAW, "MODE1": 2048, "MODE1_RAW": RAW, "MODE2": 2336, "MODE2_FORM1": 2048, "MODE2_FORM2": 2324,
    "MODE2_FORM_MIX": 2336, "MODE2_RAW": RAW,
}  # fmt: skip
"""Bytes of a sector by the names of the metadata."""


@dataclass(frozen=True)
class MadeTrack:
    """A track that goes into a CHD."""

    type: str
    """The TYPE of its metadata."""
    sectors: bytes
    """Its stored sectors as a BIN has them."""
    pregap: int = 0
    is_pregap_stored: bool = False
    postgap: int = 0
    pad: int = 0
    """Sectors of a GD-ROM up to the next track, which no file has."""
    subcode: bytes = NO_SUBCODE
    """That of each sector."""

    @property
    def count(self) -> int:
        return len(self.sectors) // SIZES[self.type]

    def entry(self, number: int, tag: bytes = b"CHT2") -> bytes:
        """Return its metadata, as chdman writes it."""
        pregap_type = ("V" if self.is_pregap_stored else "") + self.type
        text = f"TRACK:{number} TYPE:{self.type} SUBTYPE:NONE FRAMES:{self.count + self.pad}"
        if tag == b"CHTR":
            return text.encode() + b"\0"
        pad = f" PAD:{self.pad}" if tag in {b"CHGD", b"CHGT"} else ""
        text += f"{pad} PREGAP:{self.pregap} PGTYPE:{pregap_type} PGSUB:NONE POSTGAP:{self.postgap}"
        return text.encode() + b"\0"

    def frames(self, *, swaps: bool = True) -> bytes:
        """Return its frames in the CHD, filled up to a multiple of 4."""
        size = SIZES[self.type]
        frames = []
        for start in range(0, len(self.sectors), size):
            sector = self.sectors[start : start + size].ljust(RAW, b"\0")
            frames.append((swapped(sector) if swaps and self.type == "AUDIO" else sector) + self.subcode)
        count = len(frames) + self.pad
        return b"".join(frames) + bytes(FRAME) * (-(-count // 4) * 4 - len(frames))


def swapped(sound: bytes) -> bytes:
    """Return sound in the other byte order."""
    return struct.pack(f">{len(sound) // 2}H", *struct.unpack(f"<{len(sound) // 2}H", sound))


def made_cd(
    tracks: Sequence[MadeTrack],
    codecs: Sequence[bytes] = (b"cdlz", b"cdzl", b"cdfl"),
    *,
    tag: bytes = b"CHT2",
    frames_per_hunk: int = 8,
) -> MadeChd:
    """Return a CHD of these tracks; the hunks take turns with the codecs, and equal ones are stored once."""
    frames = b"".join(track.frames(swaps=tag != b"CHGT") for track in tracks)
    size = frames_per_hunk * FRAME
    metadata = tuple((tag, 1, track.entry(number, tag)) for number, track in enumerate(tracks, 1))
    made = MadeChd(frames, size, metadata=metadata, unit_size=FRAME)
    made.codecs = (*codecs, *[bytes(4)] * (4 - len(codecs)))[:4]
    known: dict[bytes, int] = {}
    for start in range(0, len(frames), size):
        hunk = frames[start : start + size].ljust(size, b"\0")
        number = len(made.hunks)
        if hunk in known:
            made.hunks.append(Hunk(SELF, origin=known[hunk]))
            continue
        known[hunk] = number
        slot = number % len(codecs)
        packed, crc = PACKERS[codecs[slot]](hunk), binascii.crc_hqx(hunk, 0xFFFF)
        is_smaller = len(packed) < size
        made.hunks.append(Hunk(CODEC + slot, packed, crc) if is_smaller else Hunk(PLAIN, hunk, crc))
    return made


def plain_cd(tracks: Sequence[MadeTrack], *, tag: bytes = b"CHT2", frames_per_hunk: int = 8) -> bytes:
    """Return a CHD without codecs and checksums, as `createcd -c none` makes it."""
    made = made_cd(tracks, [b"zlib"], tag=tag, frames_per_hunk=frames_per_hunk)
    made.codecs = (bytes(4),) * 4
    size = made.hunk_size
    body = bytearray(made.encode())
    map_offset = -(-len(body) // size) * size
    first = map_offset // size + -(-len(made.image) // size) * 4 // size + 1
    count = -(-len(made.image) // size)
    body = body.ljust(map_offset, b"\0") + b"".join(struct.pack(">I", first + number) for number in range(count))
    body = body.ljust(first * size, b"\0") + made.image.ljust(count * size, b"\0")
    body[40:48] = struct.pack(">Q", map_offset)
    return bytes(body)


def streams_of(hunk: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the bitmap, the sectors and the subcode of a hunk as cdlz, cdzl and cdzs pack them."""
    count = len(hunk) // FRAME
    bitmap, sectors, subcode = bytearray(-(-count // 8)), b"", b""
    for number in range(count):
        frame = hunk[number * FRAME : (number + 1) * FRAME]
        sector = frame[:RAW]
        if has_right_ecc(sector):
            bitmap[number // 8] |= 1 << number % 8
            sector = bytes(12) + sector[12:2076] + bytes(276)
        sectors += sector
        subcode += frame[RAW:]
    return bytes(bitmap), sectors, subcode


@lru_cache(maxsize=4096)
def has_right_ecc(sector: bytes) -> bool:
    """Return whether a sector's sync and ECC can be left out."""
    if not sector.startswith(cd_sectors.SYNC):
        return False
    header = bytes(4) if sector[15] == 2 else sector[12:16]
    return sector[2076:] == cd_sectors.ecc(header + sector[16:2076])


def deflated(data: bytes) -> bytes:
    """Return data as raw deflate."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(data) + deflate.flush()


def _lzma(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, "preset": 6, "lc": 3, "pb": 2}])


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=9).compress(data)


def joined(bitmap: bytes, base: bytes, subcode: bytes, hunk_size: int) -> bytes:
    """Return a stored hunk of its three parts."""
    return bitmap + len(base).to_bytes(2 if hunk_size < 65536 else 3, "big") + base + subcode


def _packer(base: Callable[[bytes], bytes], side: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def pack(hunk: bytes) -> bytes:
        bitmap, sectors, subcode = streams_of(hunk)
        return joined(bitmap, base(sectors), side(subcode), len(hunk))

    return pack


def _cdfl(hunk: bytes) -> bytes:
    count = len(hunk) // FRAME
    frames = [hunk[number * FRAME : (number + 1) * FRAME] for number in range(count)]
    block = 588 * count
    while block > 2352:
        block //= 2
    return flac(b"".join(frame[:RAW] for frame in frames), block) + deflated(b"".join(frame[RAW:] for frame in frames))


def flac(sound: bytes, block: int) -> bytes:
    """Return big-endian stereo samples as FLAC frames of verbatim subframes, or constant ones (RFC 9639, section 9)."""
    frames = []
    for number, start in enumerate(range(0, len(sound), 4 * block)):
        words = struct.unpack(f">{min(4 * block, len(sound) - start) // 2}H", sound[start : start + 4 * block])
        samples = len(words) // 2
        head = b"\xff\xf8\x79\x18" + chr(number).encode() + struct.pack(">H", samples - 1)
        frame = head + bytes([crc_of(head, 0x07, 8)])
        for channel in (words[0::2], words[1::2]):
            is_constant = len(set(channel)) == 1
            frame += b"\x00" if is_constant else b"\x02"
            frame += struct.pack(">H", channel[0]) if is_constant else struct.pack(f">{samples}H", *channel)
        frames.append(frame + struct.pack(">H", crc_of(frame, 0x8005, 16)))
    return b"".join(frames)


def crc_of(data: bytes, polynomial: int, width: int) -> int:
    """Return a CRC that takes the highest bit first."""
    value, mask, crcs = 0, (1 << width) - 1, _crcs_of_bytes(polynomial, width)
    for byte in data:
        value = value << 8 & mask ^ crcs[value >> width - 8 ^ byte]
    return value


@cache
def _crcs_of_bytes(polynomial: int, width: int) -> list[int]:
    """Return the CRC of each byte, worked out bit by bit."""
    top, mask, crcs = 1 << width - 1, (1 << width) - 1, []
    for byte in range(256):
        value = byte << width - 8
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value & top else 0)) & mask
        crcs.append(value)
    return crcs


PACKERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"cdlz": _packer(_lzma, deflated),
    b"cdzl": _packer(deflated, deflated),
    b"cdzs": _packer(_zstd, _zstd),
    b"cdfl": _cdfl,
    b"zlib": deflated,
    b"zstd": _zstd,
    b"lzma": _lzma,
}


def sha1(data: bytes) -> str:
    """Return a SHA-1 as hex."""
    return hashlib.sha1(data).hexdigest()

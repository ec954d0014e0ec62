"""CDs in memory: raw sectors with right EDC and ECC, made apart from the engine, and images of their tracks."""

import random
import struct
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

from iso_files import write_iso

from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.tracks import RAW_SECTOR_SIZE, Track, TrackKind
from discpress.engine.images.image import StoredBlock, Sums, no_check
from discpress.engine.images.source import ByteSource, MemorySource
from discpress.engine.system.files import Writable

SECTOR = 2048
SYNC = b"\0" + b"\xff" * 10 + b"\0"
_LEAD_IN = 150


def _edc_steps() -> list[int]:
    steps = list(range(256))
    for _ in range(8):
        steps = [value >> 1 ^ (0xD8018001 if value & 1 else 0) for value in steps]
    return steps


_EDC = _edc_steps()
_DOUBLE = [(n << 1 ^ (0x11D if n & 0x80 else 0)) & 0xFF for n in range(256)]
_HALF = [0] * 256
for _n in range(256):
    _HALF[_n ^ _DOUBLE[_n]] = _n


def edc(data: bytes) -> bytes:
    """Return the EDC of bytes, as it is stored."""
    value = 0
    for byte in data:
        value = value >> 8 ^ _EDC[(value ^ byte) & 255]
    return struct.pack("<I", value)


def _parity(source: bytes, majors: int, minors: int, step_major: int, step_minor: int) -> bytes:
    size, first, second = majors * minors, bytearray(majors), bytearray(majors)
    for major in range(majors):
        at, a, b = (major >> 1) * step_major + (major & 1), 0, 0
        for _ in range(minors):
            a, b = _DOUBLE[a ^ source[at]], b ^ source[at]
            at = at + step_minor if at + step_minor < size else at + step_minor - size
        a = _HALF[_DOUBLE[a] ^ b]
        first[major], second[major] = a, a ^ b
    return bytes(first + second)


def _with_ecc(sector: bytes, *, covers_header: bool) -> bytes:
    body = (sector[12:16] if covers_header else bytes(4)) + sector[16:2076]
    body += _parity(body, 86, 24, 2, 86)
    body += _parity(body, 52, 43, 86, 88)
    return sector[:2076] + body[2064:]


def ps2_disc(serial: str = "SLES_500.01", kib: int = 64, *, boot: str = "BOOT2 = cdrom0:") -> bytes:
    """Return the user data of a PS2 disc, or of another PlayStation's."""
    out = BytesIO()
    content = {
        "SYSTEM.CNF": f"{boot}\\{serial};1\r\nVER = 1.00\r\n".encode(),
        serial: b"\x7fELF" * 64,
        "DATA.BIN": b"".join(bytes([n % 251]) * 600 + random.Random(n).randbytes(424) for n in range(kib)),
    }
    write_iso(out, content, system_id="PLAYSTATION", volume_id="DISC")
    return out.getvalue()


def ps1_disc(serial: str = "SLUS_000.05", kib: int = 64) -> bytes:
    """Return the user data of a PS1 disc."""
    return ps2_disc(serial, kib, boot="BOOT = cdrom:")


def header(lba: int, mode: int) -> bytes:
    """Return sync, address and mode of a sector."""
    frame = lba + _LEAD_IN
    return SYNC + bytes(n // 10 * 16 + n % 10 for n in (frame // 4500, frame // 75 % 60, frame % 75)) + bytes([mode])


def mode1(lba: int, data: bytes) -> bytes:
    """Return a raw sector of mode 1."""
    sector = header(lba, 1) + data
    return _with_ecc(sector + edc(sector) + bytes(8), covers_header=True)


def form1(lba: int, data: bytes, submode: int = 0x08) -> bytes:
    """Return a raw sector of mode 2 form 1."""
    body = bytes([0, 0, submode, 0]) * 2 + data
    return _with_ecc(header(lba, 2) + body + edc(body), covers_header=False)


def form2(lba: int, data: bytes = b"\x55" * 2324) -> bytes:
    """Return a raw sector of mode 2 form 2."""
    body = bytes([0, 0, 0x20, 0]) * 2 + data
    return header(lba, 2) + body + edc(body)


def raw_sectors(
    data: bytes, make: Callable[[int, bytes], bytes] = form1, first: int = 0, *, gap: int = 0
) -> list[bytes]:
    """Return the raw sectors of a disc's user data, after `gap` sectors of zeros before its first one."""
    pieces = [bytes(SECTOR)] * gap + [data[at : at + SECTOR].ljust(SECTOR, b"\0") for at in range(0, len(data), SECTOR)]
    return [make(first - gap + number, piece) for number, piece in enumerate(pieces)]


def as_mode2336(sectors: Sequence[bytes]) -> list[bytes]:
    """Return raw sectors of mode 2 without sync and header."""
    return [sector[16:] for sector in sectors]


def sound(sectors: int, seed: int = 1) -> list[bytes]:
    """Return sectors of a sawtooth, whose bytes differ from sector to sector."""
    return [
        b"".join(struct.pack("<hh", (n * seed + at * 7) % 9000 - 4500, (n + at * 5) % 7000 - 3500) for at in range(588))
        for n in range(sectors)
    ]


class MemoryCd(CdImage):
    """A disc in memory."""

    format = ImageFormat.RAW_CD
    is_packed = False
    block_size = RAW_SECTOR_SIZE

    def __init__(self, source: ByteSource, tracks: Sequence[Track]) -> None:
        super().__init__(source)
        self.tracks = tuple(tracks)
        self.size = self.tracks[-1].end

    def read_into(self, buffer: Writable, offset: int) -> int:
        return self.source.read_into(buffer, offset)

    def locate(self, first: int, count: int) -> Sequence[StoredBlock]:
        size = self.block_size
        return [StoredBlock(n, n * size, self.block_length(n), None, 0) for n in range(first, first + count)]

    def decode_block(self, block: StoredBlock) -> bytes:
        return self.read_at(block.offset, block.length)

    def sums(self, *, measure: bool = False, check: Callable[[], None] = no_check) -> Sums:
        return Sums(self.blocks, self.size, end=self.size)


TrackPlan = tuple[TrackKind, Sequence[bytes], int, int]
"""Kind, stored sectors, stored sectors of the pregap, address of the track proper."""


def memory_cd(*plans: TrackPlan, name: str = "Game.cue", source_type: type[MemorySource] = MemorySource) -> MemoryCd:
    """Return a disc of these tracks, numbered from 1."""
    tracks, stored = [], bytearray()
    for number, (kind, sectors, pregap, first) in enumerate(plans, 1):
        tracks.append(Track(number, kind, len(stored), len(sectors), pregap=pregap, first_sector=first))
        for sector in sectors:
            assert len(sector) == kind.sector_bytes
            stored += sector
    return MemoryCd(source_type(Path(name), bytes(stored)), tracks)


def data_cd(data: bytes, kind: TrackKind = TrackKind.MODE2_RAW, name: str = "Game.cue") -> MemoryCd:
    """Return a disc of one data track."""
    return memory_cd((kind, stored_sectors(data, kind), 0, 0), name=name)


def stored_sectors(data: bytes, kind: TrackKind, first: int = 0, *, gap: int = 0) -> list[bytes]:
    """Return the sectors of user data as a track of this kind stores them."""
    if kind in {TrackKind.MODE1_2048, TrackKind.MODE2_2048}:
        return [bytes(SECTOR)] * gap + [data[at : at + SECTOR] for at in range(0, len(data), SECTOR)]
    make = form1 if kind.is_mode_2 else mode1
    sectors = raw_sectors(data, make, first, gap=gap)
    return sectors if kind.is_raw else as_mode2336(sectors)

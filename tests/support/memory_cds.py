"""CDs in memory: the sectors of user data, and images of tracks of them."""

import random
import struct
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

from cd_sectors import SECTOR, form_1, mode_1
from iso_files import write_iso

from discpress.engine.formats import RAW_SECTOR_SIZE, ImageFormat
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.tracks import Track, TrackKind
from discpress.engine.images.image import StoredBlock, Sums, no_check
from discpress.engine.images.source import ByteSource, MemorySource
from discpress.engine.system.files import Writable


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


def raw_sectors(
    data: bytes, make: Callable[[int, bytes], bytes] = form_1, first: int = 0, *, gap: int = 0
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

    def sums(self, check: Callable[[], None] = no_check) -> Sums:
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


def write_cue(path: Path, *plans: TrackPlan) -> Path:
    """Write the CUE sheet of a disc, and a file of stored sectors for each track."""
    lines = []
    for number, (kind, sectors, pregap, _) in enumerate(plans, 1):
        bin_path = path.with_name(f"{path.stem} (Track {number}).bin")
        bin_path.write_bytes(b"".join(sectors))
        start = "00:00:00" if not pregap else f"00:{pregap // 75:02}:{pregap % 75:02}"
        index_0 = ["    INDEX 00 00:00:00"] if pregap else []
        lines += [f'FILE "{bin_path.name}" BINARY', f"  TRACK {number:02} {kind}", *index_0, f"    INDEX 01 {start}"]
    path.write_text("\r\n".join([*lines, ""]), newline="")
    return path


def data_cd(data: bytes, kind: TrackKind = TrackKind.MODE2_RAW, name: str = "Game.cue") -> MemoryCd:
    """Return a disc of one data track."""
    return memory_cd((kind, stored_sectors(data, kind), 0, 0), name=name)


def stored_sectors(data: bytes, kind: TrackKind, first: int = 0, *, gap: int = 0) -> list[bytes]:
    """Return the sectors of user data as a track of this kind stores them."""
    if kind in {TrackKind.MODE1_2048, TrackKind.MODE2_2048}:
        return [bytes(SECTOR)] * gap + [data[at : at + SECTOR] for at in range(0, len(data), SECTOR)]
    make = form_1 if kind.is_mode_2 else mode_1
    sectors = raw_sectors(data, make, first, gap=gap)
    return sectors if kind.is_raw else as_mode2336(sectors)

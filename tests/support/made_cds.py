"""Makes CDs and the sheets that describe them, without the engine: an oracle for its readers."""

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cd_sectors import form_1, form_2, mode_1

SECTOR_BYTES = {
    "AUDIO": 2352,
    "MODE1/2048": 2048,
    "MODE1/2352": 2352,
    "MODE2/2048": 2048,
    "MODE2/2324": 2324,
    "MODE2/2336": 2336,
    "MODE2/2352": 2352,
    "CDI/2336": 2336,
    "CDI/2352": 2352,
}


def sector(kind: str, address: int, rng: random.Random) -> bytes:
    """Return a sector of a track of that kind, as it is stored, with made-up content: silence, a pattern or noise."""
    size = SECTOR_BYTES[kind]
    content = rng.choice((bytes(2352), bytes([address & 255]) * 2352, rng.randbytes(2352)))
    if kind == "AUDIO" or size in {2048, 2324}:
        return content[:size]
    if kind.startswith("MODE1"):
        raw = mode_1(address, content[:2048])
    elif address % 10 == 9:
        raw = form_2(address, content[:2324])
    else:
        raw = form_1(address, content[:2048])
    return raw[-size:]


@dataclass(frozen=True, slots=True)
class MadeTrack:
    """A track of a made-up disc."""

    kind: str
    pregap: bytes
    """The stored sectors of its pregap."""
    content: bytes
    """The sectors of the track proper."""
    silent_pregap: int = 0
    postgap: int = 0

    @property
    def sector_bytes(self) -> int:
        return SECTOR_BYTES[self.kind]

    @property
    def data(self) -> bytes:
        return self.pregap + self.content

    @property
    def pregap_sectors(self) -> int:
        return len(self.pregap) // self.sector_bytes

    @property
    def sectors(self) -> int:
        return len(self.data) // self.sector_bytes


class MadeDisc:
    """A made-up disc."""

    def __init__(self, tracks: Sequence[MadeTrack] = ()) -> None:
        self.tracks = list(tracks)

    def __repr__(self) -> str:
        """Name the tracks, because hypothesis would print all their bytes."""
        tracks = (f"{each.kind} {each.pregap_sectors}+{each.sectors - each.pregap_sectors}" for each in self.tracks)
        return f"MadeDisc({', '.join(tracks)})"

    @property
    def is_music(self) -> bool:
        """Whether a sheet of it with WAVE files is one of music files, and of no disc image."""
        return all(track.kind == "AUDIO" for track in self.tracks)

    @property
    def data(self) -> bytes:
        """The decoded bytes that every image of it has."""
        return b"".join(track.data for track in self.tracks)

    def add(
        self, kind: str, sectors: int, pregap: int = 0, silent_pregap: int = 0, postgap: int = 0, seed: int = 0
    ) -> "MadeDisc":
        """Add a track with made-up content."""
        rng = random.Random(f"{seed} {len(self.tracks)}")
        first = sum(track.sectors + track.silent_pregap for track in self.tracks)
        made = [sector(kind, first + number, rng) for number in range(pregap + sectors)]
        track = MadeTrack(kind, b"".join(made[:pregap]), b"".join(made[pregap:]), silent_pregap, postgap)
        self.tracks.append(track)
        return self


def msf(sectors: int) -> str:
    """Return a number of sectors as minutes, seconds and frames."""
    return f"{sectors // 4500:02}:{sectors // 75 % 60:02}:{sectors % 75:02}"


def swapped(audio: bytes) -> bytes:
    """Return samples with the bytes of each in the other order."""
    found = bytearray(audio)
    found[::2], found[1::2] = found[1::2], found[::2]
    return bytes(found)


def wave(samples: bytes, extra: bytes = b"") -> bytes:
    """Return a WAVE file, with other chunks before the samples on request."""
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 2, 44_100, 176_400, 4, 16)
    body = b"WAVE" + form + extra + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _cue_track(number: int, track: MadeTrack, start: int) -> list[str]:
    """Return the lines of a track whose first stored sector is `start` sectors after the beginning of its file."""
    lines = [f"  TRACK {number:02} {track.kind}"]
    if track.silent_pregap:
        lines.append(f"    PREGAP {msf(track.silent_pregap)}")
    if track.pregap:
        lines.append(f"    INDEX 00 {msf(start)}")
    lines.append(f"    INDEX 01 {msf(start + track.pregap_sectors)}")
    if track.postgap:
        lines.append(f"    POSTGAP {msf(track.postgap)}")
    return lines


def write_cue(path: Path, disc: MadeDisc, *, end: str = "\r\n") -> Path:
    """Write a disc as a CUE sheet and one BIN."""
    lines, start = [f'FILE "{path.stem}.bin" BINARY'], 0
    for number, track in enumerate(disc.tracks, start=1):
        lines += _cue_track(number, track, start)
        start += track.sectors
    path.with_suffix(".bin").write_bytes(disc.data)
    return _write_lines(path, lines, end)


def write_split_cue(path: Path, disc: MadeDisc, *, audio: str = "BINARY", end: str = "\r\n") -> Path:
    """Write a disc as a CUE sheet and a file for each track; `audio` is the type of those with audio."""
    lines: list[str] = []
    for number, track in enumerate(disc.tracks, start=1):
        kind = audio if track.kind == "AUDIO" else "BINARY"
        name = f"{path.stem} (Track {number}).{'wav' if kind == 'WAVE' else 'bin'}"
        lines += [f'FILE "{name}" {kind}', *_cue_track(number, track, 0)]
        path.with_name(name).write_bytes(_in_file(track.data, kind))
    return _write_lines(path, lines, end)


def _in_file(data: bytes, kind: str) -> bytes:
    if kind == "WAVE":
        return wave(data)
    return swapped(data) if kind == "MOTOROLA" else data


def _write_lines(path: Path, lines: Sequence[str], end: str) -> Path:
    path.write_bytes("".join(f"{line}{end}" for line in lines).encode())
    return path


def addresses(disc: MadeDisc) -> list[int]:
    """Return the address of each track proper."""
    found, address = [], 0
    for track in disc.tracks:
        address += track.silent_pregap + track.pregap_sectors
        found.append(address)
        address += len(track.content) // track.sector_bytes + track.postgap
    return found


def write_gdi(path: Path, disc: MadeDisc, *, high_density: int = 45_000, end: str = "\n") -> Path:
    """Write a disc as a GDI sheet and a file for each track; from the third track on, it is in the dense area."""
    lines, address = [str(len(disc.tracks))], 0
    for number, track in enumerate(disc.tracks, start=1):
        address = max(address, high_density if number >= 3 else 0)
        is_data = track.kind != "AUDIO"
        name = f"track{number:02}.{'bin' if is_data else 'raw'}"
        path.with_name(name).write_bytes(track.data)
        lines.append(f"{number} {address} {4 if is_data else 0} {track.sector_bytes} {name} 0")
        address += track.sectors + 150
    return _write_lines(path, lines, end)


def write_ccd(path: Path, disc: MadeDisc, *, with_lead_out: bool = True, end: str = "\r\n") -> Path:
    """Write a disc of raw tracks as a CloneCD sheet, an image and subcode."""
    starts = addresses(disc)
    entries = [(0xA0, 0, 0), (0xA1, 0, 0), *(((0xA2, 0, len(disc.data) // 2352),) if with_lead_out else ())]
    entries += [
        (n, 0 if t.kind == "AUDIO" else 4, a) for n, (t, a) in enumerate(zip(disc.tracks, starts, strict=True), start=1)
    ]
    lines = ["[CloneCD]", "Version=3", "[Disc]", f"TocEntries={len(entries)}", "Sessions=1", "CATALOG=0000000000000"]
    lines += ["[Session 1]", "PreGapMode=2", "PreGapSubC=0"]
    for number, (point, control, address) in enumerate(entries):
        lines += [f"[Entry {number}]", "Session=1", f"Point=0x{point:02x}", "ADR=0x01", f"Control=0x{control:02x}"]
        lines += ["TrackNo=0", "AMin=0", "ASec=0", "AFrame=0", "ALBA=-150", "Zero=0", f"PLBA={address}"]
    for number, (track, address) in enumerate(zip(disc.tracks, starts, strict=True), start=1):
        mode = 0 if track.kind == "AUDIO" else int(track.kind[4]) if track.kind.startswith("MODE") else 2
        lines += [f"[TRACK {number}]", f"MODE={mode}"]
        lines += [f"INDEX 0={address - track.pregap_sectors}"] if track.pregap else []
        lines += [f"INDEX 1={address}"]
    path.with_suffix(".img").write_bytes(disc.data)
    path.with_suffix(".sub").write_bytes(bytes(len(disc.data) // 2352 * 96))
    return _write_lines(path, lines, end)


_MDS_MODES = {
    "AUDIO": 0xA9,
    "MODE1/2048": 0xAA,
    "MODE1/2352": 0xAA,
    "MODE2/2048": 0xAC,
    "MODE2/2324": 0xAD,
    "MODE2/2336": 0xAB,
    "MODE2/2352": 0xAB,
}


def with_subcode(data: bytes, sector_bytes: int) -> bytes:
    """Return sectors with 96 bytes of made-up subcode after each."""
    sectors = (data[at : at + sector_bytes] for at in range(0, len(data), sector_bytes))
    return b"".join(each + bytes([number & 255]) * 96 for number, each in enumerate(sectors))


def write_mds(path: Path, disc: MadeDisc, *, pregaps: str = "before", subcode: bool = False) -> Path:
    """Write a disc as a descriptor of Alcohol 120 % and its data, see `mds_and_mdf`."""
    descriptor, data = mds_and_mdf(disc, pregaps=pregaps, subcode=subcode)
    path.write_bytes(descriptor)
    path.with_suffix(".mdf").write_bytes(data)
    return path


def mds_and_mdf(disc: MadeDisc, *, pregaps: str = "before", subcode: bool = False) -> tuple[bytes, bytes]:
    """Return a disc as a descriptor of Alcohol 120 %, and its data.

    `pregaps` are stored before the place of a track, or at it ("at"), as two readers of the format expect; each track
    has either a stored or a silent one.
    """
    count, extra_bytes = len(disc.tracks), 96 if subcode else 0
    table = 0x58 + 24
    extras = table + (count + 3) * 0x50
    footer = extras + count * 8
    data, blocks, extra = bytearray(), bytearray(), bytearray()
    for point in (0xA0, 0xA1, 0xA2):
        blocks += struct.pack("<BBBBB", 0, 0, 0x14, 0, point).ljust(0x50, b"\0")
    for number, (track, address) in enumerate(zip(disc.tracks, addresses(disc), strict=True), start=1):
        stride = track.sector_bytes + extra_bytes
        stored = with_subcode(track.data, track.sector_bytes) if subcode else track.data
        place = len(data) + (track.pregap_sectors * stride if pregaps == "before" else 0)
        data += stored
        head = struct.pack("<BBBBB4xBBB", _MDS_MODES[track.kind], 8 * subcode, 0x14, 0, number, 0, 2, 0)
        rest = struct.pack("<IH18xiQII", extras + 8 * (number - 1), stride, address, place, 1, footer)
        blocks += (head + rest).ljust(0x50, b"\0")
        gap = track.pregap_sectors or track.silent_pregap or (150 if number == 1 else 0)
        extra += struct.pack("<II", gap, len(track.content) // track.sector_bytes)
    start = b"MEDIA DESCRIPTOR" + struct.pack("<BBHH58xI", 1, 3, 0, 1, 0x58)
    session = struct.pack("<iiHBBHHII", -150, len(disc.data) // 2352, 1, count + 3, 3, 1, count, 0, table)
    name = struct.pack("<IIII", footer + 16, 0, 0, 0) + b"*.mdf\0"
    return start.ljust(0x58, b"\0") + session + blocks + extra + name, bytes(data)

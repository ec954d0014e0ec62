"""Makes CDs and the sheets that describe them, without the engine: an oracle for its readers."""

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class MadeDisc:
    """A made-up disc."""

    tracks: list[MadeTrack] = field(default_factory=list)

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

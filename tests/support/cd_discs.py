"""Makes CDs and the sheets that describe them, without the engine: an oracle for its readers."""

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

SYNC = b"\0" + b"\xff" * 10 + b"\0"
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


def _edc_table() -> list[int]:
    table = list(range(256))
    for _ in range(8):
        table = [(value >> 1) ^ (0xD8018001 if value & 1 else 0) for value in table]
    return table


_EDC = _edc_table()
_DOUBLE = [((value << 1) ^ (0x11D if value & 0x80 else 0)) & 0xFF for value in range(256)]
_HALF = [0] * 256
for _value in range(256):
    _HALF[_value ^ _DOUBLE[_value]] = _value


def edc(data: bytes) -> bytes:
    """Return the error detection code of some bytes of a sector."""
    value = 0
    for byte in data:
        value = (value >> 8) ^ _EDC[(value ^ byte) & 255]
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


def with_ecc(sector: bytes, *, with_address: bool) -> bytes:
    """Return a sector of 2,076 bytes or more with its error correction codes; mode 2 leaves out the address."""
    body = (sector[12:16] if with_address else bytes(4)) + sector[16:2076]
    body += _parity(body, 86, 24, 2, 86)
    body += _parity(body, 52, 43, 86, 88)
    return sector[:2076] + body[2064:]


def header(address: int, mode: int) -> bytes:
    """Return sync and header of the sector at an address, where 0 is MSF 00:02:00."""
    frame = (address + 150) % 450_000
    parts = (frame // 4500, frame // 75 % 60, frame % 75)
    return SYNC + bytes(part // 10 * 16 + part % 10 for part in parts) + bytes([mode])


def mode1(address: int, data: bytes) -> bytes:
    """Return a raw sector of mode 1 from 2,048 bytes."""
    start = header(address, 1) + data
    return with_ecc(start + edc(start) + bytes(8), with_address=True)


def mode2_form1(address: int, data: bytes) -> bytes:
    """Return a raw sector of mode 2 form 1 from 2,048 bytes."""
    body = b"\0\0\x08\0" * 2 + data
    return with_ecc(header(address, 2) + body + edc(body), with_address=False)


def mode2_form2(address: int, data: bytes) -> bytes:
    """Return a raw sector of mode 2 form 2 from 2,324 bytes."""
    body = b"\0\0\x20\0" * 2 + data
    return header(address, 2) + body + edc(body)


def sector(kind: str, address: int, rng: random.Random) -> bytes:
    """Return a sector of a track of that kind, as it is stored, with made-up content: silence, a pattern or noise."""
    size = SECTOR_BYTES[kind]
    content = rng.choice((bytes(2352), bytes([address & 255]) * 2352, rng.randbytes(2352)))
    if kind == "AUDIO" or size in {2048, 2324}:
        return content[:size]
    if kind.startswith("MODE1"):
        raw = mode1(address, content[:2048])
    elif address % 10 == 9:
        raw = mode2_form2(address, content[:2324])
    else:
        raw = mode2_form1(address, content[:2048])
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

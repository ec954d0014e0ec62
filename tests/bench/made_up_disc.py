"""Writes a made-up disc for the other benchmarks: programs, texts, sound, noise, zeros and copies.

    python tests/bench/made_up_disc.py IMAGE [--mib 112]

An IMAGE that ends in `.cue` becomes a CD: five eighths of it are such data in raw sectors, the rest is a track of sound
with music, square waves, noise and silence. Programs and texts are files of this Python's standard library, so one
machine always makes the same disc.
"""

import argparse
import math
import random
import sys
import sysconfig
from array import array
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from cd_sectors import RAW, mode_1
from made_cds import msf
from measuring import KIB, MIB

SECTOR_BYTES = 2048
PIECE_BYTES = 256 * KIB
KINDS = ("program", "text", "sound", "program", "noise", "text", "sound", "program", "zeros", "copy")
"""The kinds of pieces, in turns."""
SOUNDS = ("sound", "sound", "square", "sound", "noise", "sound", "zeros", "sound")
RATE = 44_100


def make_disc(path: Path, mib: int) -> Path:
    """Make a disc in a process of its own: what we have in memory would count as that of the measured programs."""
    with ProcessPoolExecutor(1) as executor:
        executor.submit(_write_cd if path.suffix == ".cue" else _write_disc, path, mib * MIB).result()
    return path


def _write_disc(path: Path, size: int) -> None:
    path.write_bytes(_disc(size))


def _write_cd(sheet: Path, size: int) -> None:
    of_data = size // RAW * 5 // 8
    of_sound = size // RAW - of_data
    disc = _disc(of_data * SECTOR_BYTES)
    with sheet.with_suffix(".bin").open("wb") as file:
        for number in range(of_data):
            file.write(mode_1(number, disc[number * SECTOR_BYTES : (number + 1) * SECTOR_BYTES]))
        file.write(_joined(_pieces(SOUNDS), of_sound * RAW))
    tracks = f"TRACK 01 MODE1/2352\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 01 {msf(of_data)}\n"
    sheet.write_text(f'FILE "{sheet.stem}.bin" BINARY\n{tracks}')


def _disc(size: int) -> bytes:
    disc = bytearray(_joined(_pieces(KINDS), size))
    descriptor = b"\x01CD001\x01\0PLAYSTATION".ljust(80) + (size // SECTOR_BYTES).to_bytes(4, "little")
    disc[16 * SECTOR_BYTES : 17 * SECTOR_BYTES] = descriptor.ljust(SECTOR_BYTES, b"\0")
    return bytes(disc)


def _joined(pieces: Iterator[bytes], size: int) -> bytes:
    return b"".join(islice(pieces, -(-size // PIECE_BYTES)))[:size]


def _pieces(kinds: tuple[str, ...]) -> Iterator[bytes]:
    """Yield pieces of these kinds in turns, without an end."""
    programs, texts = _pieces_of("*.so"), _pieces_of("*.py")
    written: list[bytes] = []
    for number, kind in enumerate(cycle(kinds)):
        match kind:
            case "program":
                piece = next(programs)
            case "text":
                piece = next(texts)
            case "sound":
                piece = _sound(number)
            case "square":
                piece = _square(number)
            case "noise":
                piece = random.Random(number).randbytes(PIECE_BYTES)
            case "zeros":
                piece = bytes(PIECE_BYTES)
            case _:
                piece = random.Random(number).choice(written)
        written.append(piece)
        yield piece


def _pieces_of(pattern: str) -> Iterator[bytes]:
    """Yield pieces of the files of the standard library, each from a new sector on, again and again."""
    folder = Path(sysconfig.get_path("stdlib"))
    paths = sorted(path for path in folder.rglob(pattern) if "site-packages" not in path.parts)
    held = bytearray()
    for path in cycle(paths):
        data = path.read_bytes()
        held += data + bytes(-len(data) % SECTOR_BYTES)
        while len(held) >= PIECE_BYTES:
            yield bytes(held[:PIECE_BYTES])
            del held[:PIECE_BYTES]


def _sound(number: int) -> bytes:
    """Return a piece of stereo music: three tones with a little noise."""
    rng = random.Random(number)
    tones = [(rng.uniform(80, 2000) * math.tau / RATE, rng.uniform(500, 4000)) for _ in range(3)]
    left = [
        int(sum(height * math.sin(step * frame) for step, height in tones) + rng.gauss(0, 40))
        for frame in range(PIECE_BYTES // 4)
    ]
    samples = array("h", bytes(PIECE_BYTES))
    samples[0::2] = array("h", left)
    samples[1::2] = array("h", [each // 2 + rng.randrange(-8, 8) for each in left])
    return samples.tobytes()


def _square(number: int) -> bytes:
    """Return a piece of a square wave, the second channel half a period later."""
    half = random.Random(number).randrange(20, 60)
    samples = array("h", bytes(PIECE_BYTES))
    for channel in range(2):
        samples[channel::2] = array(
            "h", [(-20_000, 20_000)[frame // half + channel & 1] for frame in range(PIECE_BYTES // 4)]
        )
    return samples.tobytes()


def main() -> None:
    """Write the disc."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path)
    parser.add_argument("--mib", type=int, default=112)
    options = parser.parse_args()
    make_disc(options.image, options.mib)


if __name__ == "__main__":
    main()

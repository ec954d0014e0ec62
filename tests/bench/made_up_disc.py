"""Writes a made-up disc for the other benchmarks: programs, texts, sound, noise, zeros and copies.

    python tests/bench/made_up_disc.py IMAGE [--mib 112]

Programs and texts are files of this Python's standard library, so one machine always makes the same disc.
"""

import argparse
import math
import random
import sysconfig
from array import array
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from pathlib import Path

from measuring import KIB, MIB

SECTOR_BYTES = 2048
PIECE_BYTES = 256 * KIB
KINDS = ("program", "text", "sound", "program", "noise", "text", "sound", "program", "zeros", "copy")
"""The kinds of pieces, in turns."""
RATE = 44_100


def make_disc(path: Path, mib: int) -> Path:
    """Make a disc in a process of its own: what we have in memory would count as that of the measured programs."""
    with ProcessPoolExecutor(1) as executor:
        executor.submit(_write_disc, path, mib).result()
    return path


def _write_disc(path: Path, mib: int) -> None:
    programs, texts = _pieces_of("*.so"), _pieces_of("*.py")
    written: list[bytes] = []
    for number, kind in enumerate(islice(cycle(KINDS), mib * MIB // PIECE_BYTES)):
        match kind:
            case "program":
                piece = next(programs)
            case "text":
                piece = next(texts)
            case "sound":
                piece = _sound(number)
            case "noise":
                piece = random.Random(number).randbytes(PIECE_BYTES)
            case "zeros":
                piece = bytes(PIECE_BYTES)
            case _:
                piece = random.Random(number).choice(written)
        written.append(piece)
    start = 16 * SECTOR_BYTES
    descriptor = b"\x01CD001\x01\0PLAYSTATION".ljust(80) + (mib * MIB // SECTOR_BYTES).to_bytes(4, "little")
    with path.open("wb") as file:
        file.writelines(written)
        file.seek(start)
        file.write(descriptor.ljust(SECTOR_BYTES, b"\0"))


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
    """Return a piece of stereo sound: three tones with a little noise."""
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


def main() -> None:
    """Write the disc."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path)
    parser.add_argument("--mib", type=int, default=112)
    options = parser.parse_args()
    make_disc(options.image, options.mib)


if __name__ == "__main__":
    main()

"""The content of the demo's discs: bytes that compress like those of games, made fast.

Each material has a pool of 256 KiB, larger than the windows of LZ4 and deflate, and streams consist of random pieces of
it; only video is new random data. All bytes depend only on the seed.
"""

import struct
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from itertools import accumulate
from random import Random

from discpress.engine.units import KIB

POOL_BYTES = 256 * KIB
PIECE_STEP = 2 * KIB
MAX_PIECE_STEPS = 32  # pieces of 2 to 64 KiB: small enough that a 1 MiB file already mixes


class Material(StrEnum):
    """A kind of content, with its size after LZ4 HC in blocks of 2 KiB."""

    VIDEO = "video"
    """Random: 100 %."""
    AUDIO = "audio"
    """Frames of 16 bytes, 2 of them predictable, and some silence: 83 %."""
    GEOMETRY = "geometry"
    """Vertices of 16 bytes along random walks: 56 %."""
    CODE = "code"
    """MIPS-like words: 67 %."""
    TEXT = "text"
    """Dialogue in made-up words: 65 %."""
    TEXTURE = "texture"
    """Rows of 128 palette indexes, each much like the one above: 27 %."""
    TABLE = "table"
    """Records of 32 bytes with counters and many zeros: 32 %."""
    ZEROS = "zeros"
    """Padding: 1 %."""


Mix = Mapping[Material, int]
"""Materials and their weights."""


def stream(size_bytes: int, mix: Mix, seed: str) -> Iterator[bytes]:
    """Yield `size_bytes` of the mix in pieces of at most 64 KiB; the same arguments give the same bytes."""
    random = Random(seed)
    materials, bounds = list(mix), list(accumulate(mix.values()))
    while size_bytes > 0:
        material = random.choices(materials, cum_weights=bounds)[0]
        length = min(size_bytes, PIECE_STEP * random.randint(1, MAX_PIECE_STEPS))
        start = 32 * random.randrange((POOL_BYTES - MAX_PIECE_STEPS * PIECE_STEP) // 32)
        is_fresh = material is Material.VIDEO
        yield random.randbytes(length) if is_fresh else _pool(material)[start : start + length]
        size_bytes -= length


@cache
def _pool(material: Material) -> bytes:
    random = Random(f"discpress demo {material}")
    parts: list[bytes] = []
    filled = 0
    while filled < POOL_BYTES:
        part = _MAKERS[material](random)
        parts.append(part)
        filled += len(part)
    return b"".join(parts)[:POOL_BYTES]


def _audio(random: Random) -> bytes:
    if random.random() < 0.08:
        return bytes([0x0C, 0]).ljust(16, b"\x00") * random.randint(32, 256)
    predictor = random.choice(b"\x1a\x2b\x3a\x4c")
    return b"".join(bytes([predictor, 2]) + random.randbytes(14) for _ in range(64))


def _geometry(random: Random) -> bytes:
    vertices = bytearray()
    x, y, z = (random.randrange(-20000, 20000) for _ in range(3))
    for number in range(random.randint(40, 400)):
        x, y, z = x + random.randint(-90, 90), y + random.choice((0, 0, 16, -16)), z + random.randint(-90, 90)
        vertices += _VERTEX.pack(x, y, z, 0x3F80, 0x80808080, number // 4 * 64, 0)
    return bytes(vertices)


def _code(random: Random) -> bytes:
    words: list[int] = []
    while len(words) < 2048:
        if random.random() < 0.55:
            words += random.choice(_IDIOMS)
        else:
            words.append(random.choice(_OPCODES) << 16 | random.choice(_OFFSETS))
    return struct.pack(f"<{len(words)}I", *words)


def _text(random: Random) -> bytes:
    lines = []
    for _ in range(64):
        words = random.choices(_words(), cum_weights=_word_bounds(), k=random.randint(4, 14))
        speaker = random.choice(("MIRA", "OLD FERRYMAN", "NARRATOR", "TOBBIN"))
        lines.append(f"{speaker}: {' '.join(words).capitalize()}.\r\n")
    return "".join(lines).encode()


def _texture(random: Random) -> bytes:
    row = bytearray()
    while len(row) < 128:
        row += bytes([random.randrange(64)]) * random.randint(1, 12)
    rows = bytearray()
    for _ in range(random.randint(16, 128)):
        for _ in range(random.randint(2, 12)):
            row[random.randrange(128)] = random.randrange(64)
        rows += row[:128]
    return bytes(rows)


def _table(random: Random) -> bytes:
    first, kind = random.randrange(1000), random.randrange(8)
    entries = bytearray()
    for number in range(first, first + 256):
        price = random.choice((10, 20, 50, 100))
        entries += _ENTRY.pack(number, kind, random.randrange(4), price, random.getrandbits(16))
    return bytes(entries)


def _zeros(_: Random) -> bytes:
    return bytes(POOL_BYTES)


@cache
def _words() -> list[str]:
    random = Random("discpress demo words")
    vowels = ("a", "e", "i", "o", "u", "ar", "en")
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvw" for vowel in vowels]
    return ["".join(random.choices(syllables, k=random.randint(1, 4))) for _ in range(1500)]


@cache
def _word_bounds() -> list[float]:
    return list(accumulate(1 / (rank + 4) for rank in range(1500)))  # Zipf's law: language repeats a few words


_VERTEX = struct.Struct("<hhhHIHH")
_ENTRY = struct.Struct("<IHHII16x")
_OPCODES = [Random(f"discpress demo opcode {number}").getrandbits(16) for number in range(96)]
_OFFSETS = [4 * number for number in range(24)] + [0xFFF0, 0xFFE0, 0x0021, 0x2021, 0x1821]
_IDIOMS = [
    [Random(f"discpress demo idiom {number} {word}").getrandbits(32) for word in range(2 + number % 4)]
    for number in range(64)
]
_MAKERS = {
    Material.AUDIO: _audio,
    Material.GEOMETRY: _geometry,
    Material.CODE: _code,
    Material.TEXT: _text,
    Material.TEXTURE: _texture,
    Material.TABLE: _table,
    Material.ZEROS: _zeros,
}

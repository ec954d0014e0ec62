"""Sounds as big-endian stereo samples of 16 bits, made by rule: what music, games and tests of codecs have."""

import math
import struct
from collections.abc import Callable, Sequence
from random import Random


def _packed(pairs: Sequence[tuple[float, float]]) -> bytes:
    words = [max(-32768, min(32767, round(word))) for pair in pairs for word in pair]
    return struct.pack(f">{len(words)}h", *words)


def partials(samples: int, *, loud: float = 1.0, noise: float = 20, seed: int = 1) -> bytes:
    """Return detuned decaying partials in both channels, with a little noise."""
    chance = Random(seed)
    base = chance.uniform(0.02, 0.06)
    tones = [(base * step * chance.uniform(0.995, 1.005), loud * 7000 / step, chance.random()) for step in range(1, 7)]
    pairs = []
    for at in range(samples):
        left = sum(size * math.sin(at * speed) * math.exp(-at * speed / 900) for speed, size, _ in tones)
        right = sum(size * math.sin(at * speed + phase) * math.exp(-at * speed / 1100) for speed, size, phase in tones)
        pairs.append((left + chance.gauss(0, noise), (left + right) / 2 + chance.gauss(0, noise)))
    return _packed(pairs)


def square(samples: int, period: int = 60) -> bytes:
    """Return square waves, the second channel half a period later."""
    level = [(-20000, 20000)[at // (period // 2) % 2] for at in range(samples + period)]
    return _packed([(level[at], level[at + period // 2]) for at in range(samples)])


def noise(samples: int, seed: int = 3) -> bytes:
    """Return white noise of all 16 bits."""
    return Random(seed).randbytes(4 * samples)


def extremes(samples: int) -> bytes:
    """Return the lowest and the highest sample in irregular turns, against each other: side takes all its 17 bits."""
    chance = Random(4)
    return _packed([chance.choice(((-32768, 32767), (32767, -32768), (0, 0))) for _ in range(samples)])


def coarse(samples: int) -> bytes:
    """Return tones whose lowest bits are all 0, in one channel fewer than in the other."""
    return _packed([(round(90 * math.sin(at / 9)) << 8, round(900 * math.sin(at / 11)) << 5) for at in range(samples)])


def half_silent(samples: int) -> bytes:
    """Return silence and then a tone, in one channel; the other is constant."""
    return _packed([(9000 * math.sin(at / 7) if at > samples // 2 else 0, -77) for at in range(samples)])


SOUNDS: dict[str, Callable[[int], bytes]] = {
    "partials": partials,
    "clipped": lambda samples: partials(samples, loud=6.0),
    "quiet": lambda samples: partials(samples, loud=0.003, noise=0.4),
    "square": square,
    "noise": noise,
    "extremes": extremes,
    "coarse": coarse,
    "half silent": half_silent,
    "silence": lambda samples: bytes(4 * samples),
}
"""Makers of so many samples, by name."""

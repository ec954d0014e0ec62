"""Four read patterns like those of a game, drawn from the tested area and the files in it.

A run is one jump and the sequential reads after it. In a cold benchmark nothing is in memory before a run. The patterns
are discpress's own, not traces of a game.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.measure.choices import Pattern
from discpress.engine.measure.sample import Span
from discpress.engine.units import KIB, MIB

Run: TypeAlias = list[Span]

STREAM_READ_BYTES = 64 * KIB
STREAM_BYTES = MIB
"""Bytes that a stream reads before the next jump: about the buffer of a film."""
MIXED_FILES = 8
"""Files that the mixed pattern jumps between at a time."""
_MIXED_RUNS = 32
"""Runs after which another file replaces one of them."""
_MIXED_SECTORS = ((80, 1, 8), (15, 9, 32), (5, 33, 128))
"""(runs of 100, fewest sectors, most sectors): mostly short runs, sometimes a stream."""
_MIXED_READ_SECTORS = 16
"""Most sectors of one read in a run."""


@dataclass(frozen=True, slots=True)
class Area:
    """The tested part of an image."""

    length: int
    """Bytes; at least one."""
    files: tuple[Span, ...] = ()
    """The files of its directory, cut to the area; none without a directory."""


def runs(pattern: Pattern, area: Area, random: Random) -> Iterator[Run]:
    """Yield runs of reads without end, with offsets in the area; the same random state gives the same runs."""
    draw: Mapping[Pattern, Callable[[Area, Random], Iterator[Run]]] = {
        Pattern.RANDOM_2K: lambda area, random: _random(area, random, 2 * KIB),
        Pattern.RANDOM_16K: lambda area, random: _random(area, random, 16 * KIB),
        Pattern.STREAMS_64K: _streams,
        Pattern.MIXED: _mixed,
    }
    return draw[pattern](area, random)


def _random(area: Area, random: Random, length: int) -> Iterator[Run]:
    while True:
        yield _reads(Span(0, area.length), random, length, length)


def _streams(area: Area, random: Random) -> Iterator[Run]:
    while True:
        yield _reads(Span(0, area.length), random, STREAM_BYTES, STREAM_READ_BYTES)


def _mixed(area: Area, random: Random) -> Iterator[Run]:
    files: Sequence[Span] = area.files or _quarters(area)
    chosen = random.sample(files, min(MIXED_FILES, len(files)))
    while True:
        for _ in range(_MIXED_RUNS):
            _, least, most = random.choices(_MIXED_SECTORS, [weight for weight, _, _ in _MIXED_SECTORS])[0]
            sectors = random.randint(least, most)
            yield _reads(random.choice(chosen), random, sectors * SECTOR_SIZE, _MIXED_READ_SECTORS * SECTOR_SIZE)
        chosen[random.randrange(len(chosen))] = random.choice(files)


def _quarters(area: Area) -> list[Span]:
    """Return the four quarters of the area, in place of files if there is no directory."""
    quarter = max(SECTOR_SIZE, area.length // 4 // SECTOR_SIZE * SECTOR_SIZE)
    return [
        Span(start, min(quarter, area.length - start)) for start in range(0, min(area.length, 4 * quarter), quarter)
    ]


def _reads(within: Span, random: Random, run_bytes: int, read_bytes: int) -> Run:
    """Return reads of `read_bytes`, `run_bytes` in all, from a random sector on; fewer if `within` is smaller."""
    run_bytes = min(run_bytes, within.length)
    start = within.offset + random.randint(0, (within.length - run_bytes) // SECTOR_SIZE) * SECTOR_SIZE
    end = start + run_bytes
    return [Span(offset, min(read_bytes, end - offset)) for offset in range(start, end, read_bytes)]

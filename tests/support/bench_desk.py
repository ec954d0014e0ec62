"""Results of the lab as the store keeps them, with known figures."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from discpress.engine.formats import ImageFormat, Method, Settings
from discpress.engine.lab.results import SeekResult, ThroughputResult, seek_measurement, throughput_measurement
from discpress.engine.measure.choices import Pattern
from discpress.engine.measure.sample import Span
from discpress.engine.measure.seek import SeekFigures
from discpress.engine.measure.throughput import ThroughputFigures
from discpress.engine.store.model import Title
from discpress.engine.store.rows.measurement_rows import Measurement
from discpress.engine.store.store import Store

MIB = 1024 * 1024
NOON = 1_795_000_000.0 - 1_795_000_000.0 % 86400 + 43200
MACHINE, DISK = "nas, N100, 4 processors", "sda1, ext4 at /mnt/games"
ZSO = Settings(ImageFormat.ZSO)
CHD_ZSTD = Settings(ImageFormat.CHD, methods=(Method.ZSTD,))
CHD_LZMA = replace(CHD_ZSTD, methods=(Method.LZMA,))
OCTAVES = ((5, 120), (6, 5000), (7, 900), (8, 60), (9, 12), (10, 4), (12, 1))
SEEK = SeekFigures(
    Pattern.MIXED, True, 6097, 85.0, 190.0, 410.0, 4200.0, 100.0, 0.5, 80.0, 19.5, 0.7, 1.0, 11000.0, 8800.0, OCTAVES
)
RATES = ThroughputFigures(
    Settings(ImageFormat.ZSO, 2048, 9), 2, 700 * MIB, 32 * MIB, 20 * MIB, 0.1, 0.4, 0.05, 0.08, True, True
)


def seek(
    title: Title,
    block_size: int,
    factor: float = 1.0,
    *,
    at: float = NOON,
    machine: str = MACHINE,
    form: Settings = ZSO,
    **figures: object,
) -> Measurement:
    """A line of a seek test, all times multiplied by a factor."""
    names = ("p50_us", "p95_us", "p99_us", "max_us", "mean_us", "storage_us", "decoding_us")
    values = {name: factor * getattr(SEEK, name) for name in names}
    found = replace(SEEK, **values | figures)
    made = form if block_size else Settings(ImageFormat.ISO, 0, 0)
    result = SeekResult(made.format, block_size, made.level, DISK, Span(0, 64 * MIB), found, made.methods)
    return seek_measurement(title.path, title.identity, result, machine, at)


def rates(
    title: Title, block_size: int, level: int, *, at: float = NOON, beside: int = 0, form: Settings = ZSO
) -> Measurement:
    """A line of a throughput test: the higher the level, the longer it packs."""
    settings = replace(form, block_size=block_size, level=level)
    figures = replace(RATES, settings=settings, pack_s=0.05 * level)
    return throughput_measurement(
        title.path, title.identity, ThroughputResult(DISK, DISK, figures), MACHINE, at, beside
    )


def known_results(title: Title) -> list[Measurement]:
    """A whole test of each kind, and a seek test before."""
    sizes = (0, 2048, 16384, 65536)
    before = [seek(title, size, 2.0 + place, at=NOON - 86400) for place, size in enumerate(sizes)]
    now = [seek(title, size, 1.0 + place) for place, size in enumerate(sizes)]
    return [*before, *now, *(rates(title, size, level) for size in sizes[1:] for level in (1, 9))]


def save_results(state: Path, measurements: Iterable[Measurement]) -> None:
    """Put results into a state file."""
    with Store(state) as store:
        for each in measurements:
            store.save_measurement(each)

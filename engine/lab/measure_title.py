"""Benchmarks of one title: seek latency and throughput, measured in a fixed order.

The command line and the worker run the same code. Nothing in the library changes, and files written next to a title are
`WindowPart`s.
"""

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from discpress.engine.codecs.blocks import CHUNK_BYTES, chunk_bytes_for
from discpress.engine.convert.part.name import window_path
from discpress.engine.convert.part.window import WindowPart, is_read_only, open_window
from discpress.engine.discs.iso9660 import list_files
from discpress.engine.errors import DamagedImageError, StorageError
from discpress.engine.formats import CD_FRAME_BYTES, CD_HUNK_SIZE, ImageFormat, Method, Settings, in_order
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image, open_source
from discpress.engine.images.source import ByteSource
from discpress.engine.lab.candidates import candidate_settings, packed_candidate
from discpress.engine.lab.options import BLOCK_SIZES, SeekOptions, ThroughputOptions
from discpress.engine.lab.own_file import measured_bytes, open_own, read_bytes_of
from discpress.engine.lab.results import SeekResult, ThroughputResult
from discpress.engine.measure.choices import Pattern
from discpress.engine.measure.metering import FilesCache, Meter, hold_index
from discpress.engine.measure.patterns import Area
from discpress.engine.measure.rehearsal import Trial
from discpress.engine.measure.sample import Span
from discpress.engine.measure.seek import SeekFigures, measure_seeks
from discpress.engine.measure.throughput import measure_throughput, read_sample
from discpress.engine.measure.windows import area_of, choose_window, pack_window, read_chunk
from discpress.engine.names import display_name
from discpress.engine.store.identity import FileIdentity
from discpress.engine.system.machine import disk_name
from discpress.engine.units import MIB

_MOST_FILES = 20_000
_SEED = 2048
"""The same reads for every candidate, and for the same title on another day, so that results can be compared."""
_WARMING_BYTES = MIB


@dataclass(frozen=True, slots=True)
class Step:
    """Progress of a benchmark."""

    number: int
    """Number of the step, from 1."""
    steps: int
    """Number of steps."""
    format: ImageFormat
    """The format that is measured."""
    block_size: int
    """Bytes of a block; 0 for a plain image."""
    level: int
    """Compression level; 0 if there is none."""
    pattern: Pattern | None = None
    """Read pattern; None if it is not read."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that a benchmark works with."""

    state_folder: Path
    """Holds a window if nothing can be written next to its title."""
    owner: str
    """Owner of the windows, named in their markers."""
    threads: int
    """Packing threads."""
    check: Callable[[], None]
    """Raises to end the benchmark."""
    note: Callable[[str], None]
    """Receives warnings for the user."""
    watch: Callable[[Step, Sequence[float], int], None] = lambda step, latencies_us, wanted_bytes: None
    """Receives the progress: for a seek test all latencies of the step, and its bytes, between any two jumps."""
    claim: Callable[[Path], None] = lambda path: None
    """Receives the name of a window before it is created, for its removal after a crash."""
    is_done: Callable[[Step], bool] = lambda step: False
    """Whether the line of a step exists already, so that the step is skipped."""


def run_seek_test(path: Path, request: SeekOptions, bench: Bench) -> Generator[SeekResult, None, None]:
    """Measure one title as it is or, if it is not compressed, with each candidate; yield each line as it comes.

    Raises the errors of opening, reading and packing it, those of `open_window`, and those of `bench.check`.
    """
    with contextlib.closing(open_own(path)) as source:
        meter = Meter(source, FilesCache(source))
        stored = open_source(meter)
        image = read_bytes_of(stored)
        is_disc = isinstance(image, CdImage) and not stored.is_packed
        if is_disc:
            bench.note(
                "has sound or film, which no ISO contains, so only the reads of its sectors are measured; "
                "convert it to a CHD, and measure that"
            )
        is_whole = stored.is_packed or is_disc
        files = _files_of(image)
        window = Span(0, image.size) if is_whole else choose_window(image.size, files, request.window_bytes)
        area = area_of(files, window)
        candidates = () if is_whole else request.block_sizes
        chosen = candidate_settings(path, request.format, request.level, request.methods)
        # Before any measurement: an image may be too large for all of them.
        ways = [Trial.of(image, replace(chosen, block_size=block_size)).settings for block_size in candidates]
        test = _SeekTest(request, bench, area, (1 + len(candidates)) * len(request.patterns))
        settings = Settings(image.format, image.block_size if stored.is_packed else 0, 0, methods=_methods_of(image))
        for figures in test.measure(image, meter, settings, window.offset):
            yield SeekResult(image.format, settings.block_size, 0, disk_name(path), window, figures, settings.methods)
        if not ways:
            return
        with _open_part(path, source, path.parent, window.length, bench) as (part, disk), open_image(path) as original:
            for settings in ways:
                if test.leaves_out(settings):
                    continue
                part.start_again()
                test.say_packing(settings)
                pack_window(
                    measured_bytes(original),
                    window,
                    settings,
                    part,
                    threads=bench.threads,
                    check=lambda done: bench.check(),
                )
                part.sync()
                meter = Meter(part, part)
                for figures in test.measure(open_source(meter), meter, settings, 0):
                    yield SeekResult(
                        settings.format, settings.block_size, settings.level, disk, window, figures, settings.methods
                    )


class _SeekTest:
    """The steps of one seek test."""

    def __init__(self, request: SeekOptions, bench: Bench, area: Area, steps: int) -> None:
        self._request = request
        self._bench = bench
        self._area = area
        self._steps = steps
        self._number = 0

    def say_packing(self, settings: Settings) -> None:
        """Report that the next image is being packed."""
        self._bench.check()
        self._bench.watch(self._step(settings, None), (), 0)

    def leaves_out(self, settings: Settings) -> bool:
        """Return whether all lines of an image exist already; if so, count its steps."""
        is_done = all(self._bench.is_done(self._step(settings, pattern)) for pattern in self._request.patterns)
        self._number += len(self._request.patterns) if is_done else 0
        return is_done

    def measure(self, image: Image, meter: Meter, settings: Settings, offset: int) -> Iterator[SeekFigures]:
        """Read an image with each pattern."""
        if self.leaves_out(settings):
            return
        hold_index(image, meter)
        if self._request.is_warm:
            self._warm(image, offset)
        for pattern in self._request.patterns:
            step = self._step(settings, pattern)
            self._number += 1
            if self._bench.is_done(step):
                continue
            meter.checked_runs = meter.cold_runs = 0

            def watch(latencies_us: Sequence[float], wanted_bytes: int, step: Step = step) -> None:
                self._bench.check()
                self._bench.watch(step, latencies_us, wanted_bytes)

            yield measure_seeks(
                image,
                meter,
                pattern,
                self._area,
                random=Random(_SEED),
                offset=offset,
                duration_s=self._request.duration_s,
                is_warm=self._request.is_warm,
                watch=watch,
            )

    def _step(self, settings: Settings, pattern: Pattern | None) -> Step:
        number = self._number + 1
        return Step(number, self._steps, settings.format, settings.block_size, settings.level, pattern)

    def _warm(self, image: Image, offset: int) -> None:
        end = offset + self._area.length
        for start in range(offset, end, _WARMING_BYTES):
            self._bench.check()
            read_chunk(image, Span(start, min(_WARMING_BYTES, end - start)))


def run_throughput_test(
    path: Path, request: ThroughputOptions, bench: Bench
) -> Generator[ThroughputResult, None, None]:
    """Measure reading, packing, writing and verifying one title with every candidate; yield each line as it comes.

    A disc with sound is measured as the CHD that a conversion makes of it. Raises the errors of `run_seek_test` and of
    `packed_candidate`.
    """
    with contextlib.closing(open_own(path)) as source:
        stored = open_source(source)
        image, chosen = packed_candidate(path, stored, request)
        sizes = request.block_sizes
        if chosen.is_cd:
            if sizes not in {BLOCK_SIZES, (CD_HUNK_SIZE,)}:
                bench.note(f"block sizes are ignored: the hunks of a CD have 8 frames of {CD_FRAME_BYTES} bytes")
            sizes = (CD_HUNK_SIZE,)
        wanted = [replace(chosen, block_size=size, level=level) for size in sizes for level in request.levels]
        # Before any read: an image may be too large for all of them. Levels above the codec's highest are that one.
        ways = list(dict.fromkeys(Trial.of(image, settings).settings for settings in wanted))
        sample = read_sample(
            image,
            FilesCache(source),
            random=Random(_SEED),
            threads=bench.threads,
            sample_bytes=request.sample_bytes,
            chunk_bytes=chunk_bytes_for(CD_HUNK_SIZE) if chosen.is_cd else CHUNK_BYTES,
            title_bytes=stored.size if chosen.is_cd else 0,
            check=bench.check,
        )
        folder = request.folder or path.parent
        room = 2 * min(request.sample_bytes, image.size)
        with _open_part(path, source, folder, room, bench, is_chosen=request.folder is not None) as (part, disk):
            for number, settings in enumerate(ways, start=1):
                step = Step(number, len(ways), settings.format, settings.block_size, settings.level)
                if bench.is_done(step):
                    continue
                bench.watch(step, (), 0)
                part.start_again()
                figures = measure_throughput(image, sample, settings, part, threads=bench.threads, check=bench.check)
                yield ThroughputResult(disk, disk_name(path), figures)


def _methods_of(image: Image) -> tuple[Method, ...]:
    """Return the methods of a CHD's hunks, as far as they have names here; none for other images."""
    return in_order(Method(name) for name in image.codec_names if name in tuple(Method))


def _files_of(image: Image) -> list[Span]:
    """Return the extents of the disc's files; none if its directory is unreadable."""
    with contextlib.suppress(DamagedImageError):
        return [Span(extent.offset, extent.length) for _, extent in list_files(image, _MOST_FILES) if extent.length]
    return []


@contextlib.contextmanager
def _open_part(
    path: Path, source: ByteSource, folder: Path, needed_bytes: int, bench: Bench, *, is_chosen: bool = False
) -> Iterator[tuple[WindowPart, str]]:
    """Open a window part in a folder, or in the state folder if that is not writable; also return its disk's name."""
    bench.claim(window_path(folder, path))
    try:
        part = open_window(folder, path, source.files[0].identity(), bench.owner, needed_bytes)
    except StorageError as error:
        if is_chosen or not is_read_only(error):
            raise
        bench.claim(window_path(bench.state_folder, path))
        part = open_window(bench.state_folder, path, source.files[0].identity(), bench.owner, needed_bytes)
        bench.note(
            f"{display_name(folder)}: not writable; the window is in the state folder, so writing is measured "
            f"on its disk ({disk_name(bench.state_folder)})"
        )
        folder = bench.state_folder
    with part:
        yield part, disk_name(folder)


def identity_of(path: Path) -> FileIdentity:
    """Return the identity of a title's present content. Raises StorageError if the title is missing."""
    with contextlib.closing(open_own(path)) as source:
        return FileIdentity.of(path, source.files[0].stat())

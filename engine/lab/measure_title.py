"""The tests of the lab on one title: what is opened, packed and measured, in which order, and what is noted of it.

The command line and the worker run them alike. Nothing of the library is changed, and what is written beside a title
is a `WindowPart`.
"""

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from discpress.engine.convert.part.window import WindowPart, is_read_only, open_window, window_path
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.convert.request import ConversionRequest
from discpress.engine.discs.iso9660 import list_files
from discpress.engine.errors import DamagedImageError, DiscpressError, StorageError, UnsupportedImageError
from discpress.engine.formats import DEFAULT_LEVEL, ImageFormat, Method, Settings, in_order
from discpress.engine.images.chd.image import ChdImage
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image, open_source
from discpress.engine.images.source import FileSource
from discpress.engine.lab.options import SeekOptions, ThroughputOptions
from discpress.engine.lab.results import SeekResult, ThroughputResult
from discpress.engine.measure.metering import FileCache, Meter, hold_index
from discpress.engine.measure.patterns import Area, Pattern
from discpress.engine.measure.rehearsal import Trial
from discpress.engine.measure.sample import Span
from discpress.engine.measure.seek import SeekFigures, measure_seeks
from discpress.engine.measure.throughput import measure_throughput, read_sample
from discpress.engine.measure.windows import area_of, choose_window, pack_window, read_chunk
from discpress.engine.names import display_name
from discpress.engine.store.model import FileIdentity
from discpress.engine.system.files import holder_of
from discpress.engine.system.machine import disk_name
from discpress.engine.targets import TARGETS
from discpress.engine.units import MIB

_MOST_FILES = 20_000
_SEED = 2048
"""The same reads for every candidate, and for the same title again on another day: results can be compared."""
_PACKED = (ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD)
_WARMING_BYTES = MIB


@dataclass(frozen=True, slots=True)
class Step:
    """Where a test stands."""

    number: int
    """Of the step, from 1."""
    steps: int
    """How many there are."""
    format: ImageFormat
    """What is measured."""
    block_size: int
    """Bytes of a block; 0 for a plain image."""
    level: int
    """Effort; 0 where there is none."""
    pattern: Pattern | None = None
    """How it is read; None where it is not."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What every test works with."""

    state_folder: Path
    """Where a window goes when nothing can be written beside its title."""
    owner: str
    """Whose a window is, as its marker says."""
    threads: int
    """For packing."""
    check: Callable[[], None]
    """Ends the test by what it raises."""
    note: Callable[[str], None]
    """Takes what the user should know."""
    watch: Callable[[Step, Sequence[float], int], None] = lambda step, latencies_us, wanted_bytes: None
    """Takes where a test stands: of a seek test all latencies of the step, and its bytes, between any two jumps."""
    claim: Callable[[Path], None] = lambda path: None
    """Takes the name that a window is about to have, for who removes it after a crash."""
    is_done: Callable[[Step], bool] = lambda step: False
    """Whether the line of a step is there already: it is left out."""


def candidate_settings(
    path: Path, image_format: ImageFormat | None, level: int | None, methods: tuple[Method, ...] = ()
) -> Settings:
    """Return how candidates of a title are packed, whatever block size its target loads: container, level, target.

    `methods` are what the hunks of a CHD are packed by; none are those of the target.
    """
    try:
        planned = plan_conversion(path, None, None, ConversionRequest(format=image_format, methods=methods)).settings
    except DiscpressError:
        planned = Settings(image_format or ImageFormat.ZSO)
    container = planned.format if planned.format in _PACKED else ImageFormat.ZSO
    if container is not ImageFormat.CHD:
        methods = ()
    elif not methods:
        methods = planned.methods or (TARGETS[planned.target].default_method,)
    return Settings(container, level=level or DEFAULT_LEVEL, target=planned.target, methods=methods)


def run_seek_test(path: Path, request: SeekOptions, bench: Bench) -> Generator[SeekResult, None, None]:
    """Measure one title: as it is, and where it is not packed, for each candidate; yield each line as it is there.

    The errors of opening and reading it, of packing, and of `open_window`; what `bench.check` raises.
    """
    with contextlib.closing(_open_own(path)) as source:
        meter = Meter(source, FileCache(source.fd))
        image = open_source(meter)
        is_packed = image.format is not ImageFormat.ISO
        files = _files_of(image)
        window = Span(0, image.size) if is_packed else choose_window(image.size, files, request.window_bytes)
        area = area_of(files, window)
        candidates = () if is_packed else request.block_sizes
        chosen = candidate_settings(path, request.format, request.level, request.methods)
        # Before anything is measured: an image may be larger than any of them can hold.
        ways = [Trial.of(image, replace(chosen, block_size=block_size)).settings for block_size in candidates]
        test = _SeekTest(request, bench, area, (1 + len(candidates)) * len(request.patterns))
        settings = Settings(image.format, image.block_size if is_packed else 0, 0, methods=_methods_of(image))
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
                pack_window(original, window, settings, part, threads=bench.threads, check=lambda done: bench.check())
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
        """Say that the next image is packed."""
        self._bench.check()
        self._bench.watch(self._step(settings, None), (), 0)

    def leaves_out(self, settings: Settings) -> bool:
        """Return whether all lines of an image are there already, and count its steps where they are."""
        is_done = all(self._bench.is_done(self._step(settings, pattern)) for pattern in self._request.patterns)
        self._number += len(self._request.patterns) if is_done else 0
        return is_done

    def measure(self, image: Image, meter: Meter, settings: Settings, offset: int) -> Iterator[SeekFigures]:
        """Read an image by each pattern."""
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
    """Measure reading, packing, writing and proving one title with every candidate; yield each line as it is there.

    The errors are those of `run_seek_test`.
    """
    chosen = candidate_settings(path, request.format, None, request.methods)
    with contextlib.closing(_open_own(path)) as source:
        image = open_source(source)
        ways = [
            replace(chosen, block_size=size, level=level) for size in request.block_sizes for level in request.levels
        ]
        # Before anything is read: an image may be larger than any of them can hold.
        cuts = [Trial.of(image, settings).settings.level for settings in ways]
        sample = read_sample(
            image,
            FileCache(source.fd),
            random=Random(_SEED),
            threads=bench.threads,
            sample_bytes=request.sample_bytes,
            check=bench.check,
        )
        folder = request.folder or path.parent
        room = 2 * min(request.sample_bytes, image.size)
        with _open_part(path, source, folder, room, bench, is_chosen=request.folder is not None) as (part, disk):
            for number, (settings, cut) in enumerate(zip(ways, cuts, strict=True), start=1):
                step = Step(number, len(ways), settings.format, settings.block_size, settings.level)
                if bench.is_done(replace(step, level=cut)):
                    continue
                bench.watch(step, (), 0)
                part.start_again()
                figures = measure_throughput(image, sample, settings, part, threads=bench.threads, check=bench.check)
                yield ThroughputResult(disk, disk_name(path), figures)


def _open_own(path: Path) -> FileSource:
    """Open the file of a title; UnsupportedImageError where it lies in an archive."""
    if holder_of(path) != path:
        raise UnsupportedImageError(
            f"{display_name(path)}: lies in an archive, which nothing plays: there is nothing to measure",
            hint="convert it, then measure the result",
        )
    return FileSource(path)


def _methods_of(image: Image) -> tuple[Method, ...]:
    """Return what packs the hunks of a CHD, as far as that has a name here; none for other images."""
    names = image.header.codec_names if isinstance(image, ChdImage) else ()
    return in_order(Method(name) for name in names if name in tuple(Method))


def _files_of(image: Image) -> list[Span]:
    """Return where the files of the disc are; none where its directory does not read."""
    with contextlib.suppress(DamagedImageError):
        return [Span(extent.offset, extent.length) for _, extent in list_files(image, _MOST_FILES) if extent.length]
    return []


@contextlib.contextmanager
def _open_part(
    path: Path, source: FileSource, folder: Path, needed_bytes: int, bench: Bench, *, is_chosen: bool = False
) -> Iterator[tuple[WindowPart, str]]:
    """Open a window part in a folder, or where nothing can be written there, in the state folder; and name its disk."""
    bench.claim(window_path(folder, path))
    try:
        part = open_window(folder, path, source.identity(), bench.owner, needed_bytes)
    except StorageError as error:
        if is_chosen or not is_read_only(error):
            raise
        bench.claim(window_path(bench.state_folder, path))
        part = open_window(bench.state_folder, path, source.identity(), bench.owner, needed_bytes)
        bench.note(
            f"nothing can be written in {display_name(folder)}: the window is in the state folder, and what is packed "
            f"is measured on its disk ({disk_name(bench.state_folder)})"
        )
        folder = bench.state_folder
    with part:
        yield part, disk_name(folder)


def identity_of(path: Path) -> FileIdentity:
    """Return which content a title has now; StorageError where it is not there."""
    with contextlib.closing(_open_own(path)) as source:
        return FileIdentity.of_source(source.identity())

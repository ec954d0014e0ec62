"""Estimates of a conversion: the packed size with its margin, the time, and whether it is worth it.

    Settings --Trial--> Header, Codec
    Image --draw_sample--> spans --rehearse--> packed sizes and times --project--> Estimate

The sample is systematic with a random start, in clusters of 16 KiB (64 KiB on rotating and network storage), by default
16 MiB in all. An image below 64 MiB is packed whole, so its estimate is exact.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from discpress.engine.formats import DEFAULT_LEVEL, ImageFormat, Method, Settings
from discpress.engine.images.chd.cd.packed import packed_form
from discpress.engine.images.image import Image, no_check
from discpress.engine.images.registry import encoder_for, encoder_of
from discpress.engine.measure.latency import Access, seek_us, time_access
from discpress.engine.measure.rehearsal import Tally, Trial, rehearse, time_reading
from discpress.engine.measure.sample import Sample, Sizes, cluster_bytes_for, draw_sample, project, whole_sample
from discpress.engine.measure.worth import WHOLE_BELOW_BYTES, reason_against
from discpress.engine.system.filesystems import FileSystem, filesystem_of
from discpress.engine.targets import ANY, TARGETS
from discpress.engine.units import MIB

BUDGET_BYTES = 16 * MIB
"""Bytes of a sample: p95 error 0.8 % on a game disc, margin +-1.4 %."""
REFINE_BUDGETS = (4 * MIB, BUDGET_BYTES, 64 * MIB)
"""A quick first estimate and two better ones: margins of about +-3.4, 1.4 and 0.5 % on a game disc."""


class Advice(StrEnum):
    """The recommendation for a title."""

    CONVERT = "convert"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Estimate:
    """The expected result of converting one image with one choice of settings."""

    settings: Settings
    """The settings of the estimate, the level cut to the codec's highest."""
    original_bytes: int
    """Decoded size of the image."""
    packed_bytes: int
    """Size of the whole output file: header, index, alignment and end padding included."""
    low_bytes: int
    """Lower end of the 95 % margin; equal to packed_bytes if the image was packed whole."""
    high_bytes: int
    """Upper end of the 95 % margin."""
    sampled_bytes: int
    """Original bytes that were packed for it; all of them in an exact estimate."""
    advice: Advice
    """Whether the saving against the source file is worth a conversion."""
    reason: str
    """The reason against a conversion, as a sentence; empty if the advice is to convert."""
    conversion_s: float | None = None
    """Time of a conversion on this machine, see `_conversion_s`; None if it is not rehearsed: an ISO, or by nod-rs."""
    seek_us: float | None = None
    """Predicted seek latency of the result on the source's disk, see `latency.seek_us`; None if it is not rehearsed."""

    @property
    def is_exact(self) -> bool:
        """Whether the whole image was packed."""
        return self.sampled_bytes >= self.original_bytes

    @property
    def leaves_out(self) -> str:
        """Savings that a sample cannot show, in words; empty if there are none."""
        return "" if self.is_exact else encoder_for(self.settings).unsampled

    @property
    def ratio(self) -> float:
        """Packed over original."""
        return self.packed_bytes / self.original_bytes


def grid_block_sizes(image_format: ImageFormat, methods: Sequence[Method] = ()) -> Sequence[int]:
    """Return the block sizes of a format's grid; `methods` are those of `Settings.methods`."""
    return encoder_of(image_format, methods).grid_block_sizes


def grid_levels(image_format: ImageFormat, methods: Sequence[Method] = (), target: str = ANY) -> Sequence[int]:
    """Return the levels of a format's grid, none for an ISO; `methods` are those of `Settings.methods`.

    A `target` by name may have more levels than others.
    """
    return encoder_of(image_format, methods).grid_levels_for(TARGETS[target], methods)


def estimate(
    image: Image,
    settings: Settings,
    *,
    random: Random,
    threads: int,
    budget_bytes: int = BUDGET_BYTES,
    check: Callable[[], None] = no_check,
    file_system: FileSystem | None = None,
    whole_below_bytes: int = WHOLE_BELOW_BYTES,
) -> Estimate:
    """Estimate one image under settings that a plan has checked.

    `random` chooses the start of the sample, and `threads` threads pack it. `check` is called in the calling thread and
    may raise to stop. `file_system` is that of the source; None looks it up. UsageError for a format that is not
    written; DamagedImageError and StorageError from reading the source.
    """
    return next(
        refine(
            image,
            settings,
            (budget_bytes,),
            random=random,
            threads=threads,
            check=check,
            file_system=file_system,
            whole_below_bytes=whole_below_bytes,
        )
    )


def refine(
    image: Image,
    settings: Settings,
    budgets: Sequence[int] = REFINE_BUDGETS,
    *,
    random: Random,
    threads: int,
    check: Callable[[], None] = no_check,
    file_system: FileSystem | None = None,
    whole_below_bytes: int = WHOLE_BELOW_BYTES,
) -> Iterator[Estimate]:
    """Yield one estimate for each budget, the smallest sample first; an exact estimate is the last one.

    The samples share their start. If each budget is a multiple of the one before, each sample contains the previous
    one, and nothing is packed twice. An image compressed in an archive gets only the last estimate. No work is done
    before the next estimate is requested. Parameters and errors as for `estimate`.
    """
    if settings.is_plain:
        sizes = Sizes(image.size, image.size, image.size)
        yield _conclude(image, settings, sizes, image.size)
        return
    if image.is_sequential:
        budgets = budgets[-1:]  # each estimate would unpack the whole stream
    position = random.random()
    if encoder_for(settings).why_whole:
        from discpress.engine.measure.nintendo.survey import measure_disc  # noqa: PLC0415 - for such discs only

        for (measured,) in measure_disc(image, [settings], budgets, position, threads, check, whole_below_bytes):
            yield _conclude(image, settings, *measured)
        return
    survey = _Survey(image, [settings], threads, random, check)
    packed = survey.packed
    cluster_bytes = cluster_bytes_for(file_system or filesystem_of(image.source.holder.path), settings.block_size)
    for budget_bytes in budgets:
        is_whole = packed.size < whole_below_bytes
        sample = (
            whole_sample(packed.size, survey.chunk_bytes)
            if is_whole
            else draw_sample(packed.size, cluster_bytes, budget_bytes, position, survey.chunk_bytes)
        )
        (result,) = survey.estimates(sample)
        yield result
        if result.is_exact:
            return


def estimate_grid(
    image: Image,
    settings: Settings,
    block_sizes: Sequence[int] = (),
    levels: Sequence[int] = (),
    *,
    random: Random,
    threads: int,
    budget_bytes: int = BUDGET_BYTES,
    check: Callable[[], None] = no_check,
    file_system: FileSystem | None = None,
) -> list[Estimate]:
    """Estimate settings with every block size at every level, block size by block size.

    Without `block_sizes` or `levels`, those of the format's grid are taken.
    One sample serves all: each cluster is read once and packed in every way. Clusters contain whole blocks of the
    largest size, so for small blocks the margins are wider than those of `estimate`. Differences between the entries
    are more precise than their margins, because all come from the same bytes. Only an image within the budget is packed
    whole. Parameters and errors as for `estimate`.
    """
    form = settings.format, settings.methods
    ways = [
        replace(settings, block_size=block_size, level=level)
        for block_size in block_sizes or grid_block_sizes(*form)
        for level in levels or grid_levels(*form, settings.target) or [DEFAULT_LEVEL]
    ]
    if encoder_for(settings).why_whole:
        from discpress.engine.measure.nintendo.survey import measure_disc  # noqa: PLC0415 - as above

        (found,) = measure_disc(image, ways, [budget_bytes], random.random(), threads, check, 0)
        return [_conclude(image, each, *measured) for each, measured in zip(ways, found, strict=True)]
    largest = max(each.block_size for each in ways)
    cluster_bytes = cluster_bytes_for(file_system or filesystem_of(image.source.holder.path), largest)
    survey = _Survey(image, ways, threads, random, check)
    sample = draw_sample(survey.packed.size, cluster_bytes, budget_bytes, random.random(), survey.chunk_bytes)
    return survey.estimates(sample)


class _Survey:
    """The measurements of one image so far, under one or several settings."""

    def __init__(
        self, image: Image, settings: Sequence[Settings], threads: int, random: Random, check: Callable[[], None]
    ) -> None:
        self._image = image
        self.packed = packed_form(image, settings[0])
        """The bytes that are packed: those of the image, or the frames of a CD."""
        self._trials = [Trial.of(self.packed, each) for each in settings]
        self._tallies = [Tally() for _ in settings]
        self._threads = max(1, threads)
        self._check = check
        self._random = random
        self._read_s_per_byte: float | None = None
        self._access: Access | None = None

    @property
    def chunk_bytes(self) -> int:
        """Bytes that a conversion with the largest blocks packs in one call."""
        return max(self._trials, key=lambda trial: trial.layout.block_size).layout.chunk_bytes

    def estimates(self, sample: Sample) -> list[Estimate]:
        """Pack the new spans of a sample and return one estimate for each setting."""
        if self._read_s_per_byte is None:  # before reading the clusters fills the cache around there
            middle = sample.clusters[len(sample.clusters) // 2]
            offset = 0 if self._image.is_sequential else middle.offset  # going back from the middle would cost a pass
            self._read_s_per_byte = time_reading(self.packed, offset, self._check)
        if self._access is None:
            self._access = time_access(self._image.source.holder, self._random, self._check)
        known = self._tallies[0].stored_bytes
        new = [span for span in sample.spans if span not in known]
        is_whole = sample.sampled_bytes == self.packed.size
        sampled_bytes = sample.sampled_bytes * self._image.size // self.packed.size
        additions = rehearse(
            self.packed, new, self._trials, threads=self._threads, check=self._check, is_whole=is_whole
        )
        results = []
        for trial, tally, addition in zip(self._trials, self._tallies, additions, strict=True):
            tally.add(addition)
            sizes = project(sample, [tally.stored_bytes[span] for span in sample.spans], trial.layout)
            seconds = _conversion_s(self._read_s_per_byte, tally, sizes.packed_bytes, self.packed.size, self._threads)
            result = _conclude(self._image, trial.settings, sizes, sampled_bytes)
            decode_s = tally.unpack_s / tally.unpacked_bytes
            latency_us = seek_us(self._access, trial.layout.block_size, result.ratio, decode_s)
            results.append(replace(result, conversion_s=seconds, seek_us=latency_us))
        return results


def _conversion_s(read_s_per_byte: float, tally: Tally, packed_bytes: int, original_bytes: int, threads: int) -> float:
    """Predict the seconds of a conversion: reading and packing, then reading back and decoding the result.

    Each thread reads, then packs. So a conversion is limited by reading alone, or by all work divided by the threads.
    The proof is predicted likewise, at the reading rate of the source. Times are those of the rehearsal with as many
    threads. Writing, fsync and other load on the machine are left out. If the source is still in memory, the prediction
    is too short for a cold disk.
    """
    reading_s = read_s_per_byte * original_bytes
    packing_s = tally.pack_s / tally.packed_from_bytes * original_bytes
    reading_back_s = read_s_per_byte * packed_bytes
    unpacking_s = tally.unpack_s / tally.unpacked_bytes * original_bytes
    return max(reading_s, (reading_s + packing_s) / threads) + max(
        reading_back_s, (reading_back_s + unpacking_s) / threads
    )


def _conclude(image: Image, settings: Settings, sizes: Sizes, sampled_bytes: int) -> Estimate:
    # Not against its size in an archive: nothing plays an archive, so even a larger image may be useful.
    reason = reason_against(image.source.size_bytes, sizes.packed_bytes)
    advice = Advice.SKIP if reason else Advice.CONVERT
    return Estimate(settings, image.size, *sizes, sampled_bytes, advice, reason)

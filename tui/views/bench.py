"""Data of the benchmark screen: the options of the next test, and the newest results of one title."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from discpress.engine.cli.lab.views import csv_text, facts_of
from discpress.engine.formats import CD_HUNK_SIZE, ImageFormat, Method, as_cd_methods, form_name, is_cd_form
from discpress.engine.images.registry import encoder_of, highest_level
from discpress.engine.images.spec import GRID_BLOCK_SIZES
from discpress.engine.lab.options import BLOCK_SIZES, LEVELS, SeekOptions, ThroughputOptions
from discpress.engine.lab.results import seek_figures, throughput_figures
from discpress.engine.measure.choices import Pattern
from discpress.engine.measure.seek import SeekFigures
from discpress.engine.measure.throughput import ThroughputFigures
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.store.model import Title
from discpress.engine.store.rows.measurement_rows import LabTest, Measurement
from discpress.tui.views.tune import FORMS

Form: TypeAlias = tuple[ImageFormat | None, tuple[Method, ...]]
"""A container, and what packs the hunks of a CHD."""

TARGETS_OWN: Form = (None, ())
"""The container that the title's target loads."""
CANDIDATES: tuple[Form, ...] = (TARGETS_OWN, *(form for form in FORMS if encoder_of(form[0]).packs))
BLOCKS = (BLOCK_SIZES, GRID_BLOCK_SIZES, *((size,) for size in GRID_BLOCK_SIZES))
"""Candidates to choose from."""
LEVEL_SETS = (LEVELS, (1, 4, 9, 12), (1,), (9,), (12,))
DURATIONS_S = (3.0, 10.0, 30.0, 1.0)


@dataclass(frozen=True, slots=True)
class BenchChoice:
    """What the next test does."""

    block_sizes: tuple[int, ...] = BLOCK_SIZES
    """Candidates."""
    levels: tuple[int, ...] = LEVELS
    """Candidates of a throughput test."""
    pattern: Pattern = Pattern.MIXED
    """How a seek test reads."""
    duration_s: float = DURATIONS_S[0]
    """For each image of a seek test."""
    is_warm: bool = False
    """Whether it reads from memory."""
    form: Form = TARGETS_OWN
    """The candidates' container."""

    @property
    def form_name(self) -> str:
        """The candidates' container as people read it: `CHD zstd`; empty if it is the target's own."""
        image_format, methods = self.form
        return "" if image_format is None else form_name(image_format, methods)

    @property
    def levels_of_form(self) -> tuple[int, ...]:
        """The levels as they are measured: none above the highest of the chosen container, each once."""
        image_format, methods = self.form
        return self.levels if image_format is None else self.levels_in(image_format, methods)

    def levels_in(self, image_format: ImageFormat, methods: tuple[Method, ...]) -> tuple[int, ...]:
        """Return the levels as they are measured in a container: none above its highest, each once."""
        highest = highest_level(image_format, methods)
        return tuple(dict.fromkeys(min(level, highest) for level in self.levels))

    def includes(self, measurement: Measurement) -> bool:
        """Return whether a result is of the chosen container; a chosen CHD is also that of a CD."""
        image_format, methods = self.form
        if image_format is None or measurement.form == self.form_name:
            return True
        return _is_of_cd(measurement) and measurement.form == form_name(image_format, as_cd_methods(methods))

    def of(self, name: str, value: object) -> "BenchChoice":
        """Return the choice with another value of one of its fields."""
        changed: Any = {name: value}
        return replace(self, **changed)

    def toggled_warm(self) -> "BenchChoice":
        """Return the choice that reads from memory, or that does not any more."""
        return replace(self, is_warm=not self.is_warm)

    @property
    def seek_options(self) -> SeekOptions:
        """The seek test that it asks for."""
        image_format, methods = self.form
        return SeekOptions(
            self.block_sizes,
            (self.pattern,),
            self.duration_s,
            is_warm=self.is_warm,
            format=image_format,
            methods=methods,
        )

    @property
    def throughput_options(self) -> ThroughputOptions:
        """The throughput test that it asks for."""
        image_format, methods = self.form
        return ThroughputOptions(self.block_sizes, self.levels_of_form, format=image_format, methods=methods)


def _is_of_cd(measurement: Measurement) -> bool:
    """Return whether a result is of a CHD with the tracks of a CD."""
    return is_cd_form(measurement.format, measurement.methods)


def describe_blocks(sizes: Sequence[int]) -> str:
    """Return block sizes as people read them: `2K 16K`."""
    return " ".join(f"{size // 1024}K" for size in sizes)


def describe_levels(levels: Sequence[int]) -> str:
    """Return levels as people read them: `1 9`."""
    return " ".join(map(str, levels))


def describe_form(form: Form) -> str:
    """Return a container as people read it."""
    image_format, methods = form
    return "auto: what the target loads best" if image_format is None else form_name(image_format, methods)


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a test, from a list."""

    question: str
    """The question of the list."""
    values: Sequence[Any]
    """The values to choose from."""
    describe: Callable[[Any], str]
    """Returns a value as people read it."""


OPTIONS: Mapping[str, Option] = {
    "block_sizes": Option("Which block sizes?", BLOCKS, describe_blocks),
    "form": Option("Which format?", CANDIDATES, describe_form),
    "levels": Option("Which levels does the throughput test measure?", LEVEL_SETS, describe_levels),
    "pattern": Option("In which pattern does the seek test read?", tuple(Pattern), lambda each: each.label),
    "duration_s": Option("How long does the seek test run for each image?", DURATIONS_S, lambda each: f"{each:g} s"),
}
"""By the names of the fields of BenchChoice."""


@dataclass(frozen=True, slots=True)
class SeekRow:
    """One line of the seek-latency pane."""

    label: str
    """`ISO`, `16K`."""
    block_size: int
    """Bytes of a block; 0 for a plain image."""
    measurement: Measurement | None
    """The newest; None if it was not measured yet."""
    figures: SeekFigures | None
    """Its figures."""
    before_us: float | None
    """p95 of the one before on the same machine; None if there is none."""


@dataclass(frozen=True, slots=True)
class RateRow:
    """One line of the throughput pane."""

    label: str
    """`16K`."""
    level: int
    """Effort."""
    measurement: Measurement | None
    """The newest; None if it was not measured yet."""
    figures: ThroughputFigures | None
    """Its figures."""


def seek_rows(title: Title, choice: BenchChoice, found: Iterable[Measurement]) -> list[SeekRow]:
    """Return the title as it is and each candidate, with the newest results of that pattern and kind of cache.

    All are of the machine of the newest one, and the candidates of its format, methods and level, or of the chosen
    container. A packed title is only measured as it is.
    """
    by_block: dict[int, list[tuple[Measurement, SeekFigures]]] = {}
    made: tuple[str, int] | None = None
    for measurement, figures in _of_newest_machine(_seeks_of(choice, found)):
        if measurement.block_size:
            if choice.form_name and not title.block_size and measurement.form != choice.form_name:
                continue
            made = made or (measurement.form, measurement.level)
            if (measurement.form, measurement.level) != made:
                continue
        by_block.setdefault(measurement.block_size, []).append((measurement, figures))
    own = title.block_size
    sizes = (own,) if own else (0, *choice.block_sizes)
    return [_seek_row(title, size, by_block.get(size, [])) for size in sizes]


def _seeks_of(choice: BenchChoice, found: Iterable[Measurement]) -> Iterator[tuple[Measurement, SeekFigures]]:
    """Yield the seek tests of the chosen pattern and kind of cache."""
    for measurement in found:
        figures = seek_figures(measurement) if measurement.kind is LabTest.SEEK else None
        if figures is None or figures.pattern is not choice.pattern or (choice.is_warm and figures.is_cold):
            continue
        yield measurement, figures


def _of_newest_machine(
    seeks: Iterable[tuple[Measurement, SeekFigures]],
) -> Iterator[tuple[Measurement, SeekFigures]]:
    """Yield the results of the machine that measured the first one."""
    machine = ""
    for measurement, figures in seeks:
        machine = machine or measurement.machine
        if measurement.machine == machine:
            yield measurement, figures


def _seek_row(title: Title, block_size: int, found: Sequence[tuple[Measurement, SeekFigures]]) -> SeekRow:
    label = f"{block_size // 1024}K" if block_size else title.format.label if title.format else "ISO"
    if not found:
        return SeekRow(label, block_size, None, None, None)
    measurement, figures = found[0]
    alike = [each for other, each in found[1:] if other.what == measurement.what and each.is_cold == figures.is_cold]
    return SeekRow(label, block_size, measurement, figures, alike[0].p95_us if alike else None)


def rate_rows(choice: BenchChoice, found: Iterable[Measurement]) -> list[RateRow]:
    """Return each candidate at each level, with its newest result.

    All are of the machine of the newest one, and of its format and methods, or of the chosen container. Levels above
    the highest of a chosen container are that one. A CHD of a CD has a single block size, whatever was chosen.
    """
    newest: dict[tuple[int, int], tuple[Measurement, ThroughputFigures]] = {}
    made: tuple[str, str] | None = None
    sizes, levels = choice.block_sizes, choice.levels_of_form
    for measurement in found:
        figures = throughput_figures(measurement) if measurement.kind is LabTest.THROUGHPUT else None
        if figures is None or not choice.includes(measurement):
            continue
        if made is None and _is_of_cd(measurement):
            sizes, levels = (CD_HUNK_SIZE,), choice.levels_in(measurement.format, measurement.methods)
        made = made or (measurement.machine, measurement.form)
        if (measurement.machine, measurement.form) == made:
            newest.setdefault((measurement.block_size, measurement.level), (measurement, figures))
    return [
        RateRow(f"{size // 1024}K", level, *newest.get((size, level), (None, None)))
        for size in sizes
        for level in levels
    ]


def failed_test(kind: TaskKind, title: Title, jobs: Iterable[Job], found: Iterable[Measurement]) -> Job | None:
    """Return the last test of that kind if it failed and no result is newer; None otherwise."""
    over = [job for job in jobs if job.is_over and job.kind is kind and job.path == title.path]
    last = max(over, key=lambda job: job.ended_at or 0.0, default=None)
    if last is None or last.state is not JobState.FAILED:
        return None
    newest = max((each.at for each in found if each.kind == LabTest(kind)), default=0.0)
    return last if (last.ended_at or 0.0) >= newest else None


def csv_texts(found: Sequence[Measurement]) -> dict[TaskKind, str]:
    """Return all results as CSV, oldest first, by kind of test; no text for a kind without results."""
    facts = [facts for each in reversed(found) if (facts := facts_of(each)) is not None]
    chosen = {
        TaskKind.SEEK: [each for each in facts if "pattern" in each],
        TaskKind.THROUGHPUT: [each for each in facts if "pattern" not in each],
    }
    return {kind: csv_text(each) + "\n" for kind, each in chosen.items() if each}


@dataclass(frozen=True, slots=True)
class Measured:
    """What Tune's chart takes from the bench."""

    pattern: Pattern
    """How it was read."""
    is_cold: bool
    """Whether the system confirmed that nothing was in memory."""
    latencies_us: Mapping[int, float]
    """The median by block size."""


def measured_latencies(found: Iterable[Measurement], image_format: ImageFormat) -> Measured | None:
    """Return the newest medians of one format's candidates, all of the newest one's form, test and cache."""
    first: tuple[Measurement, SeekFigures] | None = None
    latencies: dict[int, float] = {}
    for measurement in found:
        figures = seek_figures(measurement) if measurement.format is image_format else None
        if figures is None or not measurement.block_size:
            continue
        first = first or (measurement, figures)
        if _latency_test(measurement, figures) == _latency_test(*first):
            latencies.setdefault(measurement.block_size, figures.p50_us)
    return None if first is None else Measured(first[1].pattern, first[1].is_cold, latencies)


def _latency_test(measurement: Measurement, figures: SeekFigures) -> tuple[object, ...]:
    """Return what the latencies of several block sizes must have in common to be one curve."""
    return measurement.machine, measurement.form, measurement.level, figures.pattern, figures.is_cold

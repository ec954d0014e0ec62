"""Runs benchmarks as worker jobs; stores each result and publishes live progress."""

import contextlib
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from discpress.engine.errors import StoreError
from discpress.engine.formats import form_name
from discpress.engine.lab.live import CURVE_POINTS, LiveTest, drop_live, save_live
from discpress.engine.lab.measure_title import Bench, Step, identity_of, run_seek_test, run_throughput_test
from discpress.engine.lab.options import SeekOptions, ThroughputOptions
from discpress.engine.lab.results import (
    SeekResult,
    ThroughputResult,
    jobs_beside,
    seek_measurement,
    throughput_measurement,
)
from discpress.engine.measure.percentiles import nearest_rank
from discpress.engine.progress import Progress, Stage
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.records import SeekTask, ThroughputTask
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import JsonValue
from discpress.engine.store.rows.measurement_rows import LabTest, Measurement
from discpress.engine.store.store import Store
from discpress.engine.system.machine import machine_name
from discpress.engine.units import format_duration, format_latency
from discpress.engine.worker.checkpoint_store import JobCheckpointStore
from discpress.engine.worker.turn import Turn, part_owner

LIVE_S = 0.5
"""The interval of progress writes."""

_Line: TypeAlias = SeekResult | ThroughputResult


def lab_request(path: Path, request: SeekOptions | ThroughputOptions, name: str) -> JobRequest:
    """Return the request for a benchmark of a title with the given name. Raises OSError if the title is missing."""
    source = Source(path.stat().st_dev, name=name)
    if isinstance(request, SeekOptions):
        return JobRequest(SeekTask(request, source), path)
    return JobRequest(ThroughputTask(request, source), path)


@dataclass(slots=True)
class LabJob:
    """One running benchmark."""

    turn: Turn
    """Everything that it works with."""
    options: SeekOptions | ThroughputOptions
    """Its options."""
    beside: Callable[[], int]
    """Returns the number of other running jobs."""
    clock: Callable[[], float] = time.monotonic
    """Seconds."""
    _live: "_Live" = field(init=False)
    _done: dict[tuple[object, ...], Measurement] = field(init=False, default_factory=dict)

    def run(self) -> dict[str, JsonValue]:
        """Run the benchmark, store each line as it comes, and return the figures. Raises the errors of the benchmark.

        Lines stored before a suspension are not measured again.
        """
        job, store = self.turn.job, self.turn.store
        self._live = _Live(store, job.id, self.turn.progress, self.clock)
        identity = identity_of(job.path)
        self._done = {_key(each): each for each in self._kept_before(identity)}
        beside = max([self.beside(), *map(jobs_beside, self._done.values())])
        count = len(self._done)
        with contextlib.closing(self._lines()) as lines:
            try:
                for line in lines:
                    beside = max(beside, self.beside())
                    keep = seek_measurement if isinstance(line, SeekResult) else throughput_measurement
                    kept: Measurement = keep(job.path, identity, line, machine_name(), time.time(), beside)  # type: ignore[arg-type]
                    store.save_measurement(kept._replace(facts={**kept.facts, "job": job.id}))
                    self.turn.log(_said(line))
                    count += 1
            finally:
                with contextlib.suppress(StoreError):
                    drop_live(store, job.id)
        if beside:
            self.turn.log("other jobs ran at the same time: measure again when nothing else runs")
        return {"lines": count, "beside": beside}

    def _kept_before(self, identity: FileIdentity) -> list[Measurement]:
        """Return the lines that this job measured of this content since its first start."""
        job = self.turn.job
        if job.started_at is None:
            return []
        found = self.turn.store.measurements(LabTest(job.kind), identity)
        return [each for each in found if each.at >= job.started_at and each.facts.get("job") == job.id]

    def _is_done(self, step: Step) -> bool:
        return (step.format, step.block_size, step.level, str(step.pattern or "")) in self._done

    def _lines(self) -> Generator[_Line, None, None]:
        turn = self.turn
        bench = Bench(
            turn.store.path.parent,
            part_owner(turn.job),
            turn.threads,
            turn.control.check,
            turn.log,
            self._live.watch,
            JobCheckpointStore(turn.queue, turn.job.id).begin,
            self._is_done,
        )
        if isinstance(self.options, SeekOptions):
            self._live.duration_s = self.options.duration_s
            return run_seek_test(turn.job.path, self.options, bench)
        self._live.sample_bytes = self.options.sample_bytes
        return run_throughput_test(turn.job.path, self.options, bench)


class _Live:
    """Publishes the progress of a benchmark: percent for the queue, figures and a curve for the screen."""

    def __init__(self, store: Store, job_id: int, progress: Progress, clock: Callable[[], float]) -> None:
        self.duration_s = 1.0
        self.sample_bytes = 0
        self._store = store
        self._job_id = job_id
        self._progress = progress
        self._clock = clock
        self._step: Step | None = None
        self._began_at = self._said_at = 0.0
        self._bytes_before = 0
        self._told = 0
        self._curve: list[float] = []

    def watch(self, step: Step, latencies_us: Sequence[float], wanted_bytes: int) -> None:
        """Receive the progress of the benchmark."""
        now = self._clock()
        if step != self._step:
            self._begin(step, now)
        elif now - self._said_at < LIVE_S:
            return
        self._said_at = now
        self._count(step, wanted_bytes, now)
        if len(latencies_us) > self._told:
            self._curve.append(nearest_rank(sorted(latencies_us[self._told :]), 50))
            self._told = len(latencies_us)
        ordered = sorted(latencies_us)
        p50, p95 = (nearest_rank(ordered, percent) if ordered else 0.0 for percent in (50, 95))
        live = LiveTest(
            step.number,
            step.steps,
            str(step.format),
            step.block_size,
            step.level,
            str(step.pattern or ""),
            len(ordered),
            p50,
            p95,
            tuple(round(value, 1) for value in self._curve[-CURVE_POINTS:]),
        )
        with contextlib.suppress(StoreError):  # a full disk costs the live view, not the benchmark
            save_live(self._store, self._job_id, live)

    def _begin(self, step: Step, now: float) -> None:
        self._bytes_before = self._progress.done_bytes if self._step is not None else 0
        self._step, self._began_at, self._told = step, now, 0
        self._progress.stage = Stage.MEASURING

    def _count(self, step: Step, wanted_bytes: int, now: float) -> None:
        """Count the bytes read of the image; the total is extrapolated from the share of the time that has passed."""
        progress = self._progress
        if self.sample_bytes:
            progress.total_bytes = step.steps * self.sample_bytes
            progress.done_bytes = (step.number - 1) * self.sample_bytes
            return
        within = min(1.0, (now - self._began_at) / self.duration_s) if step.pattern is not None else 0.0
        share = (step.number - 1 + within) / step.steps
        progress.done_bytes = self._bytes_before + wanted_bytes
        progress.total_bytes = round(progress.done_bytes / share) if share else 0


def _key(measurement: Measurement) -> tuple[object, ...]:
    """Return the key of a line within one benchmark, as its step has it."""
    return measurement.format, measurement.block_size, measurement.level, measurement.pattern


def _said(line: _Line) -> str:
    """Return a line of a result for the job's log."""
    if isinstance(line, SeekResult):
        figures = line.figures
        what = form_name(line.format, line.methods) + (f" {line.block_size // 1024}K" if line.block_size else "")
        cache = "cold" if figures.is_cold else "cached"
        return (
            f"{what}, {figures.pattern.label}: p50 {format_latency(figures.p50_us)}, p95 "
            f"{format_latency(figures.p95_us)}, p99 {format_latency(figures.p99_us)}, {figures.reads} reads, {cache}"
        )
    settings, rates = line.figures.settings, line.figures
    what = f"{settings.form} {settings.block_size // 1024}K, level {settings.level}"
    return f"{what}: {rates.limit} is the limit, the whole title would take {format_duration(rates.conversion_s)}"

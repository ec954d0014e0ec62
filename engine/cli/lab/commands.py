"""`discpress seek` and `discpress throughput`: measured reads and conversions on this machine."""

import argparse
import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from discpress.engine.cli.exit_codes import Failures
from discpress.engine.cli.images.inputs import ImageFinder
from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.cli.images.options import as_paths, take_threads
from discpress.engine.cli.lab.options import take_seek_options, take_throughput_options
from discpress.engine.cli.lab.views import csv_text, facts_of, text_of
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.state import Records, open_store, read_config
from discpress.engine.errors import UsageError
from discpress.engine.lab.measure_title import Bench, Step, identity_of, run_seek_test, run_throughput_test
from discpress.engine.lab.results import seek_measurement, throughput_measurement
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.store.rows.measurement_rows import LabTest, Measurement
from discpress.engine.store.store import state_folder
from discpress.engine.system.files import absolute
from discpress.engine.system.machine import machine_name

_Test: TypeAlias = Callable[[Path, Bench], Iterator[Measurement]]
_SAY_EVERY_S = 0.5


def run_seek(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `seek`; return the exit code."""
    notices: list[str] = []
    request = take_seek_options(arguments, notices)

    def test(path: Path, bench: Bench) -> Iterator[Measurement]:
        identity = identity_of(path)
        for result in run_seek_test(path, request, bench):
            yield seek_measurement(path, identity, result, machine_name(), time.time())

    return _run(LabTest.SEEK, test, notices, arguments, printer, control)


def run_throughput(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `throughput`; return the exit code."""
    notices: list[str] = []
    request = take_throughput_options(arguments, notices)

    def test(path: Path, bench: Bench) -> Iterator[Measurement]:
        identity = identity_of(path)
        for result in run_throughput_test(path, request, bench):
            yield throughput_measurement(path, identity, result, machine_name(), time.time())

    return _run(LabTest.THROUGHPUT, test, notices, arguments, printer, control)


def _run(
    kind: LabTest,
    test: _Test,
    notices: Sequence[str],
    arguments: argparse.Namespace,
    printer: Printer,
    control: Control,
) -> int:
    if arguments.csv and arguments.json:
        raise UsageError("--csv and --json exclude each other")
    if arguments.history:
        return _show_history(kind, arguments, printer)
    if not arguments.inputs:
        raise UsageError("name at least one image, or add --history for earlier results")
    for notice in notices:
        printer.notice(notice)
    return _Laboratory(kind, test, arguments, printer, control).run()


def _show_history(kind: LabTest, arguments: argparse.Namespace, printer: Printer) -> int:
    """Show the stored results of some files or of all, oldest first."""
    found = _history(kind, arguments, printer)
    known = [(each, facts) for each in found if (facts := facts_of(each)) is not None]
    if not known:
        printer.notice("there are no results yet")
    if arguments.csv:
        printer.lines(csv_text([facts for _, facts in known]))
        return 0
    for _, facts in known:
        printer.event(str(kind), facts, "")
    by_path: dict[Path, dict[tuple[int, str], list[Measurement]]] = {}
    for each, _ in known:
        by_path.setdefault(each.path, {}).setdefault(_day(each), []).append(each)
    for by_day in by_path.values():
        for of_one_day in by_day.values():
            printer.lines(text_of(kind, of_one_day))
    return 0


def _history(kind: LabTest, arguments: argparse.Namespace, printer: Printer) -> list[Measurement]:
    with open_store(arguments, printer) as store:
        if arguments.inputs:
            paths = [absolute(path) for path in as_paths(arguments.inputs)]
            found = [each for path in paths for each in store.measurements(kind, path=path)]
        else:
            found = store.measurements(kind)
    return sorted(found, key=lambda each: each.at)


def _day(measurement: Measurement) -> tuple[int, str]:
    return int(measurement.at // 86400), measurement.machine


class _Laboratory:
    """One run over several titles."""

    def __init__(
        self, kind: LabTest, test: _Test, arguments: argparse.Namespace, printer: Printer, control: Control
    ) -> None:
        self._kind = kind
        self._test = test
        self._arguments = arguments
        self._printer = printer
        self._control = control
        self._threads = take_threads(arguments.threads, read_config())
        self._state = state_folder(None if arguments.state is None else Path(arguments.state), os.environ)
        self._failures = Failures(printer)
        self._said_at = 0.0

    def run(self) -> int:
        arguments, exported = self._arguments, list[dict[str, object]]()
        records, sources = Records(arguments, self._printer), OpenSources()
        finder = ImageFinder(self._printer, sources, self._failures.add, self._control.check)
        try:
            for each in finder.to_read(as_paths(arguments.inputs), is_recursive=arguments.recursive):
                sources.drop(each.path)  # the test opens it its own way
                with self._failures.reporting(each.path):
                    exported += self._test_title(each.path, records)
        finally:
            records.close()
            if arguments.csv:
                self._printer.lines(csv_text(exported))
        return self._failures.exit_code

    def _test_title(self, path: Path, records: Records) -> list[dict[str, object]]:
        measurements: list[Measurement] = []
        exported: list[dict[str, object]] = []
        bench = Bench(
            self._state,
            f"{self._kind} {os.getpid()}",
            self._threads,
            self._control.check,
            lambda message: self._printer.notice(message, path),
            partial(self._say, path),
        )
        try:
            for measurement in self._test(absolute(path), bench):
                records.save_measurement(measurement)
                measurements.append(measurement)
                facts = facts_of(measurement) or {}
                # The path as it was named, as in every other event; the store has the absolute path.
                facts["input"] = str(path)
                exported.append(facts)
                if not self._arguments.csv:
                    self._printer.event(str(self._kind), facts, "")
        finally:
            if measurements and not self._arguments.csv:
                self._printer.lines(text_of(self._kind, measurements))
        return exported

    def _say(self, path: Path, step: Step, latencies_us: Sequence[float], wanted_bytes: int) -> None:
        """Show a benchmark's progress, twice a second."""
        now = time.monotonic()
        if latencies_us and now - self._said_at < _SAY_EVERY_S:
            return
        self._said_at = now
        what = step.format.upper() + (f" {step.block_size // 1024}K" if step.block_size else "")
        if step.pattern is not None:
            what += f", {step.pattern.label}, {len(latencies_us)} reads"
        elif step.level:
            what += f", level {step.level}"
        self._printer.fleeting(f"{display_name(path.name)}: {step.number} of {step.steps}: {what}")

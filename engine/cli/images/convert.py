"""`discpress convert` and `iso2zso`: converts images and verifies the results."""

import argparse
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

from discpress.engine.cli.exit_codes import Failures
from discpress.engine.cli.images.estimating import Estimator
from discpress.engine.cli.images.inputs import ImageFinder, Input
from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.cli.images.options import as_paths, check_output, take_checksums, take_request, take_threads
from discpress.engine.cli.images.planning import (
    PlannedInput,
    more_files,
    plan_inputs,
    print_plan,
    print_skip,
    print_totals,
    raise_conflict,
    raise_failure,
    reason_facts,
    reason_lines,
    setting_facts,
)
from discpress.engine.cli.images.title_states import notices_of, raise_damage
from discpress.engine.cli.images.unplayed import report_unplayed
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.output.tracks import track_facts
from discpress.engine.cli.state import Records, read_config
from discpress.engine.config import Config
from discpress.engine.convert.batch.model import Batch, PlannedTitle
from discpress.engine.convert.checksums import check_checksum_names, write_checksum
from discpress.engine.convert.conversion import Conversion, convert
from discpress.engine.convert.output_names import OutputNames
from discpress.engine.convert.part.name import drop_second_name
from discpress.engine.convert.plan import ConversionPlan, plan_image
from discpress.engine.convert.preflight import NameTaken, check_room, output_bounds, settle_output
from discpress.engine.errors import CancelledError, DiscpressError, UsageError, UselessError, from_os_error, named_in
from discpress.engine.images.image import Image
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.states import State
from discpress.engine.units import format_duration, format_percent, format_size, smaller_text


def run_convert(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `convert`; return the exit code of the batch."""
    config = read_config()
    notices: list[str] = []
    request = take_request(arguments, notices)
    for notice in notices:
        printer.notice(notice)
    with closing(Records(arguments, printer)) as records, closing(OpenSources()) as sources:
        return ConversionBatch(arguments, request, config, records, sources, printer, control).run()


class ConversionBatch:
    """All inputs of one command line, one after the other; a failed one does not stop the others."""

    NOTHING = "found nothing to convert"
    DONE = "converted"

    def __init__(
        self,
        arguments: argparse.Namespace,
        request: ConversionRequest,
        config: Config,
        records: Records,
        sources: OpenSources,
        printer: Printer,
        control: Control,
    ) -> None:
        self._sources = sources
        self._request = request
        self._config = config
        self._records = records
        self._printer = printer
        self._control = control
        self._threads = take_threads(arguments.threads, config)
        self._checksums = take_checksums(arguments.checksum)
        self._dry_run: bool = arguments.dry_run
        self._even_useless: bool = arguments.even_useless
        self._is_forced: bool = arguments.force
        self._output: Path | None = None if arguments.output is None else Path(arguments.output)
        self._folder: Path | None = None if arguments.output_dir is None else Path(arguments.output_dir)
        self._is_recursive: bool = arguments.recursive
        self._inputs = as_paths(arguments.inputs)
        self._names = OutputNames()
        self._failures = Failures(printer)
        self._counts: Counter[str] = Counter()
        self._saving_bytes = 0
        self._limit = ""  # of the threads, which is reported once
        check_output(arguments.output, arguments.output_dir, len(self._inputs), is_recursive=self._is_recursive)

    def run(self) -> int:
        """Plan all inputs, then convert those that need it; return the exit code."""
        finder = ImageFinder(self._printer, self._sources, self._fail, self._control.check)
        planned, batch = self.plan(finder.images(self._inputs, self._folder, is_recursive=self._is_recursive))
        for each in planned:
            self._guard(each)
        if not planned and not self._failures:
            self._printer.notice(self.NOTHING)
        if self._dry_run and planned and (self._is_recursive or len(planned) > 1):
            print_totals(batch, self._printer)
        elif len(planned) > 1:
            counts = ", ".join(f"{count} {word}" for word, count in self._counts.items())
            self._printer.lines(f"{counts}{smaller_text(self._saving_bytes)}")
        return self._failures.exit_code

    def plan(self, inputs: Iterable[Input]) -> tuple[list[PlannedInput], Batch]:
        """Return the rows of the inputs and the batch of them."""
        return plan_inputs(
            inputs,
            self._sources,
            replace(self._request, output_path=self._output, force=self._even_useless),
            self._config.request,
            self._records,
            self._control.check,
            repacks=self._is_forced,
            moves_archives=self._request.trash_source,
            estimator=self._estimator if self._dry_run else None,
        )

    @property
    def _estimator(self) -> Estimator:
        return Estimator(self._sources, self._records, self._printer, self._threads, self._control.check)

    def _guard(self, planned: PlannedInput) -> None:
        path = planned.input.path
        try:
            self._take(planned)
        except CancelledError:
            raise
        except DiscpressError as error:
            if report_unplayed(planned, error, self._printer):
                self._counts["skipped"] += 1
            else:
                self._fail(path, error, planned.row.state)
        except OSError as error:
            about = named_in(error, path)
            self._fail(
                path, from_os_error(error, about, "convert it" if about == path else "write it"), planned.row.state
            )

    def _fail(self, path: Path, error: DiscpressError, state: State | None = None) -> None:
        self._counts["failed"] += 1
        self._failures.add(path, error, state)

    def _take(self, planned: PlannedInput) -> None:
        self._control.check()
        row, path = planned.row, planned.input.path
        if not self._dry_run and row.output_path is not None:
            drop_second_name(row.output_path)
        try:
            raise_conflict(row)
            raise_failure(planned)
            if row.skip is not None and not row.is_failure:
                self._counts["skipped"] += 1
                print_skip(planned, self._printer)
                return
            # A failure has an error of its own.
            image, disc = self._sources.open_image(path)
        finally:
            self._sources.drop(path)
        with image:
            plan = plan_image(image, row.request, row.own_path or self._output, planned.input.output_folder, disc=disc)
            raise_damage(row)
            self._settle(plan, row, image)

    def _settle(self, plan: ConversionPlan, row: PlannedTitle, image: Image) -> None:
        """Decide the name of the result, and convert, or print the plan of a dry run."""
        try:
            plan = settle_output(plan, self._names)
        except NameTaken as taken:
            self._skip(plan, str(taken), "exists")
            return
        overwrite = self._request.on_conflict is OnConflict.OVERWRITE
        check_checksum_names(plan.output_path, self._checksums, overwrite=overwrite)
        for notice in notices_of(plan, row):
            self._printer.notice(notice, plan.source_path)
        for path in plan.output_paths:
            self._names.add(path)
        if not self._dry_run:
            self._convert(plan, row, image)
            return
        print_plan(plan, row, self._printer)
        if plan.output_path.parent.is_dir():
            check_room(plan, *output_bounds(plan, image, self._threads, self._control.check, Random()))

    def _convert(self, plan: ConversionPlan, row: PlannedTitle, image: Image) -> None:
        progress = Progress()
        try:
            with self._printer.following(progress, plan.source_path), self._records.checking(plan.source_path):
                done = convert(
                    plan,
                    image=image,
                    threads=self._threads,
                    control=self._control,
                    progress=progress,
                    journal=self._records.journal,
                    accept=self._records.source_check(plan),
                )
        except UselessError as error:
            why = str(error).removeprefix(f"{display_name(plan.source_path)}: ")
            self._skip(plan, f"{why}; --even-useless converts it anyway" if plan.member else why, error.code)
            return
        self._counts[self.DONE] += 1
        self._saving_bytes += plan.saving_of(done.packed_bytes)
        self._records.save_digests(done, image.source)
        self._records.follow([plan.source_file_path, *plan.output_paths], self._config.folders)
        self._write_checksums(done)
        self._report(done, row)
        if progress.limit not in {"", self._limit}:
            self._limit = progress.limit
            self._printer.notice(self._limit)

    def _write_checksums(self, done: Conversion) -> None:
        """Write the requested checksum files; if that fails, the title still counts as converted."""
        for kind in self._checksums:
            try:
                write_checksum(
                    done.plan.output_path,
                    kind,
                    done.digests.values[kind],
                    overwrite=self._request.on_conflict is OnConflict.OVERWRITE,
                    files=done.file_digests(kind),
                )
            except DiscpressError as error:
                self._failures.add(done.plan.source_path, error)

    def _skip(self, plan: ConversionPlan, why: str, code: str) -> None:
        self._counts["skipped"] += 1
        facts = {"input": str(plan.source_path), "output": str(plan.output_path), "code": code, "message": why}
        self._printer.event("skipped", facts, f"{display_name(plan.source_path)}: skipped: {why}")

    def _report(self, done: Conversion, row: PlannedTitle) -> None:
        plan = done.plan
        facts = {
            "input": str(plan.source_path),
            "files": [str(path) for path in plan.sources.paths],
            "output": str(plan.output_path),
            "output_files": _file_facts(done),
            **setting_facts(plan),
            "original_bytes": plan.original_bytes,
            "packed_bytes": done.packed_bytes,
            "ratio": round(done.ratio, 6),
            **done.digests.values,
            **track_facts(done.tracks),
            "verified": done.is_verified,
            "read_back": str(done.read_back),
            "elapsed_s": round(done.elapsed_s, 3),
            **reason_facts(row),
        }
        for notice in done.notices:
            self._printer.notice(notice, plan.source_path)
        if done.packed_bytes >= plan.source_bytes and not (plan.settings.is_plain or row.repairs):
            self._printer.notice("the packed image is no smaller than the source", plan.source_path)
        text = (
            f"{display_name(plan.source_path)} -> {display_name(plan.output_path)}{more_files(plan, is_written=True)}: "
            f"{plan.description}, {format_size(plan.original_bytes)} -> {format_size(done.packed_bytes)} "
            f"({format_percent(done.packed_bytes, plan.original_bytes)}), "
            f"{'verified (' + done.read_back + ')' if done.is_verified else 'NOT verified'}, "
            f"{format_duration(done.elapsed_s)}{reason_lines(row)}"
        )
        if (trashed := done.trashed) is not None:
            facts["trashed"] = str(trashed.file_path)
            text += f"\n  original moved to {display_name(trashed.folder)} (run {trashed.undo_command} to restore it)"
        if done.overwritten is not None:
            facts["overwritten"] = str(done.overwritten.file_path)
            text += f"\n  overwritten file moved to {display_name(done.overwritten.folder)}"
        self._printer.event("converted", facts, text)


def _file_facts(done: Conversion) -> list[dict[str, object]]:
    """Return the files of a result for an event, the main one first; those that a sheet names with their digests."""
    if (plan := done.plan).files is None:
        return [{"path": str(path), "bytes": path.stat().st_size} for path in plan.output_paths]
    sheet, *paths = map(str, plan.output_paths)
    stored = zip(paths, done.digests.files, strict=True)
    track_files = ({"path": path, "bytes": each.size_bytes, **each.values} for path, each in stored)
    return [{"path": sheet, "bytes": len(plan.files.sheet)}, *track_files]


def iso2zso_arguments(arguments: argparse.Namespace) -> argparse.Namespace:
    """Return the arguments of `convert` for `iso2zso input.iso [output.zso]`."""
    names: list[str] = arguments.inputs
    if len(names) == 2 and arguments.output is None:
        arguments.inputs, arguments.output = names[:1], names[1]
    elif len(names) > 1:
        raise UsageError("iso2zso takes one input and one output; run discpress convert for several inputs")
    return arguments

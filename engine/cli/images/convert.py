"""`discpress convert` and `iso2zso`: converts images and verifies the results."""

import argparse
from collections import Counter
from pathlib import Path
from random import Random

from discpress.engine.cli.images.inputs import NO_DISC_FOUND, Input, expand_inputs
from discpress.engine.cli.images.options import as_paths, check_output, take_checksums, take_request, take_threads
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.state import Records, read_config
from discpress.engine.config import Config
from discpress.engine.convert.checksums import check_checksum_names, write_checksum
from discpress.engine.convert.conversion import Conversion, convert
from discpress.engine.convert.part.name import drop_second_name
from discpress.engine.convert.plan import ConversionPlan, ConversionRequest, OnConflict, plan_conversion
from discpress.engine.convert.preflight import NameTaken, check_room, output_bounds, settle_output
from discpress.engine.errors import CancelledError, DiscpressError, UsageError, UselessError, from_os_error, named_in
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.store.model import Fault
from discpress.engine.units import format_duration, format_percent, format_size


def run_convert(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `convert`; return the exit code of the batch."""
    config = read_config()
    notices: list[str] = []
    request = take_request(arguments, notices)
    for notice in notices:
        printer.notice(notice)
    records = Records(arguments, printer)
    try:
        return _Batch(arguments, request, config, records, printer, control).run()
    finally:
        records.close()


class _Batch:
    """All inputs of one command line, one after the other; a failed one does not stop the others."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        request: ConversionRequest,
        config: Config,
        records: Records,
        printer: Printer,
        control: Control,
    ) -> None:
        self._request = request
        self._config = config
        self._records = records
        self._printer = printer
        self._control = control
        self._threads = take_threads(arguments.threads, config)
        self._checksums = take_checksums(arguments.checksum)
        self._dry_run: bool = arguments.dry_run
        self._output: Path | None = None if arguments.output is None else Path(arguments.output)
        self._folder: Path | None = None if arguments.output_dir is None else Path(arguments.output_dir)
        self._is_recursive: bool = arguments.recursive
        self._inputs = as_paths(arguments.inputs)
        self._planned: set[Path] = set()
        self._exit_codes: set[int] = set()
        self._counts: Counter[str] = Counter()
        self._saved_bytes = 0
        check_output(arguments.output, arguments.output_dir, len(self._inputs), is_recursive=self._is_recursive)

    def run(self) -> int:
        found = 0
        for each in expand_inputs(
            self._inputs, self._folder, self._is_recursive, self._printer, self._fail, self._control.check
        ):
            found += 1
            self._guard(each)
        if not found and not self._exit_codes:
            self._printer.notice("found nothing to convert")
        if found > 1 and not self._dry_run:
            saved = f"saved {format_size(self._saved_bytes)}" if self._saved_bytes >= 0 else "no space saved"
            counts = ", ".join(f"{count} {word}" for word, count in self._counts.items())
            self._printer.lines(f"{counts}; {saved}")
        if len(self._exit_codes) > 1:
            return 1
        return next(iter(self._exit_codes), 0)

    def _guard(self, each: Input) -> None:
        try:
            self._convert(each)
        except CancelledError:
            raise
        except DiscpressError as error:
            self._fail(each.path, error)
        except OSError as error:
            about = named_in(error, each.path)
            self._fail(each.path, from_os_error(error, about, "convert it" if about == each.path else "write it"))

    def _fail(self, path: Path, error: DiscpressError) -> None:
        self._exit_codes.add(error.exit_code)
        self._counts["failed"] += 1
        self._printer.error(error, path)

    def _convert(self, each: Input) -> None:
        self._control.check()
        request = self._records.request_for(each.path, self._request, self._config)
        plan = plan_conversion(each.path, self._output, each.output_folder, request)
        if self._is_recursive and self._output is None and _is_done(plan):
            self._skip(plan, f"is {plan.source_format.upper()} already", "same-format")
            return
        if not each.is_named and not plan.identity.has_disc:
            self._skip(plan, NO_DISC_FOUND, Fault.NO_DISC)
            return
        if not self._dry_run:
            drop_second_name(plan.output_path)
        try:
            plan = settle_output(plan, frozenset(self._planned))
        except NameTaken as taken:
            self._skip(plan, str(taken), "exists")
            return
        overwrite = self._request.on_conflict is OnConflict.OVERWRITE
        check_checksum_names(plan.output_path, self._checksums, overwrite=overwrite)
        for notice in plan.notices:
            self._printer.notice(notice, each.path)
        if self._dry_run:
            self._planned.add(plan.output_path)
            self._show_plan(plan)
            return
        self._planned.add(plan.output_path)
        progress = Progress()
        try:
            with self._printer.following(progress, each.path):
                done = convert(
                    plan,
                    threads=self._threads,
                    control=self._control,
                    progress=progress,
                    journal=self._records.journal,
                )
        except UselessError as error:
            self._skip(plan, str(error), error.code)
            return
        self._counts["converted"] += 1
        self._saved_bytes += plan.source_bytes - done.packed_bytes
        self._records.save_digests(done)
        self._records.follow([plan.source_file_path, plan.output_path], self._config.folders)
        self._write_checksums(done)
        self._report(done)

    def _write_checksums(self, done: Conversion) -> None:
        """Write the requested checksum files; if that fails, the title still counts as converted."""
        for kind in self._checksums:
            try:
                write_checksum(
                    done.plan.output_path,
                    kind,
                    done.digests.values[kind],
                    overwrite=self._request.on_conflict is OnConflict.OVERWRITE,
                )
            except DiscpressError as error:
                self._exit_codes.add(error.exit_code)
                self._printer.error(error, done.plan.source_path)

    def _skip(self, plan: ConversionPlan, why: str, code: str) -> None:
        self._counts["skipped"] += 1
        facts = {"input": str(plan.source_path), "output": str(plan.output_path), "code": code, "message": why}
        self._printer.event("skipped", facts, f"{display_name(plan.source_path)}: skipped: {why}")

    def _show_plan(self, plan: ConversionPlan) -> None:
        if plan.output_path.parent.is_dir():
            check_room(plan, *output_bounds(plan, self._threads, self._control.check, Random()))
        facts = {
            "input": str(plan.source_path),
            "output": str(plan.output_path),
            **_setting_facts(plan),
            "original_bytes": plan.original_bytes,
            "worst_bytes": plan.worst_bytes,
            "system": str(plan.identity.system),
            "target": plan.settings.target,
        }
        text = (
            f"{display_name(plan.source_path)} -> {display_name(plan.output_path)}: {plan.description}, "
            f"{format_size(plan.original_bytes)} now, at most {format_size(plan.worst_bytes)} then (dry run)"
        )
        self._printer.event("plan", facts, text)

    def _report(self, done: Conversion) -> None:
        plan = done.plan
        facts = {
            "input": str(plan.source_path),
            "output": str(plan.output_path),
            **_setting_facts(plan),
            "original_bytes": plan.original_bytes,
            "packed_bytes": done.packed_bytes,
            "ratio": round(done.ratio, 6),
            **done.digests.values,
            "verified": done.is_verified,
            "read_back": str(done.read_back),
            "elapsed_s": round(done.elapsed_s, 3),
        }
        for notice in done.notices:
            self._printer.notice(notice, plan.source_path)
        if done.packed_bytes >= plan.source_bytes and not plan.settings.is_plain:
            self._printer.notice("the packed image is no smaller than the source", plan.source_path)
        text = (
            f"{display_name(plan.source_path)} -> {display_name(plan.output_path)}: {plan.description}, "
            f"{format_size(plan.original_bytes)} -> {format_size(done.packed_bytes)} "
            f"({format_percent(done.packed_bytes, plan.original_bytes)}), "
            f"{'verified (' + done.read_back + ')' if done.is_verified else 'NOT verified'}, "
            f"{format_duration(done.elapsed_s)}"
        )
        if done.trashed is not None:
            facts["trashed"] = str(done.trashed.file_path)
            text += f"\n  original moved to {display_name(done.trashed.folder)} (run discpress undo to restore it)"
        if done.overwritten is not None:
            facts["overwritten"] = str(done.overwritten.file_path)
            text += f"\n  overwritten file moved to {display_name(done.overwritten.folder)}"
        self._printer.event("converted", facts, text)


def _is_done(plan: ConversionPlan) -> bool:
    return plan.source_format is plan.settings.format and not plan.member


def _setting_facts(plan: ConversionPlan) -> dict[str, object]:
    return {
        "format": str(plan.settings.format),
        "block_size": None if plan.settings.is_plain else plan.settings.block_size,
        "level": None if plan.settings.is_plain else plan.settings.level,
        "index_shift": plan.index_shift,
        **({"methods": list(plan.settings.methods)} if plan.settings.methods else {}),
    }


def iso2zso_arguments(arguments: argparse.Namespace) -> argparse.Namespace:
    """Return the arguments of `convert` for `iso2zso input.iso [output.zso]`."""
    names: list[str] = arguments.inputs
    if len(names) == 2 and arguments.output is None:
        arguments.inputs, arguments.output = names[:1], names[1]
    elif len(names) > 1:
        raise UsageError("iso2zso takes one input and one output; run discpress convert for several inputs")
    return arguments

"""`discpress estimate`: sizes and times of results, before anything is written."""

import argparse
from pathlib import Path
from random import Random

from discpress.engine.cli.exit_codes import Failures
from discpress.engine.cli.images.inputs import ImageFinder
from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.cli.images.options import take_settings, take_threads
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.output.tables import format_table
from discpress.engine.cli.state import Records, read_config
from discpress.engine.convert.plan import plan_image
from discpress.engine.discs.reach import identify_image
from discpress.engine.errors import CancelledError, DiscpressError, UnplayedDiscError, UsageError, WrongSystemError
from discpress.engine.images.registry import form_in_words
from discpress.engine.measure.estimate import REFINE_BUDGETS, Estimate, estimate_grid, refine
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.queue.record_digests import identity_of
from discpress.engine.units import MIB, format_duration, format_latency, format_percent, format_size, parse_size

MAX_BUDGET_BYTES = 64 * 1024 * MIB


def run_estimate(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `estimate`; return the exit code."""
    config = read_config()
    notices: list[str] = []
    request = take_settings(arguments, notices)
    for notice in notices:
        printer.notice(notice)
    budgets = _budgets(arguments.budget)
    threads = take_threads(arguments.threads, config)
    failures = Failures(printer)
    records, sources = Records(arguments, printer), OpenSources()
    try:
        finder = ImageFinder(printer, sources, failures.add, control.check)
        for each in finder.to_read([Path(name) for name in arguments.inputs], is_recursive=arguments.recursive):
            try:
                image, disc = sources.open_image(each.path)
                with image:
                    disc = disc or identify_image(image)
                    plan = plan_image(image, records.request_for(each.path, request, config, disc.system), disc=disc)
                    if arguments.grid:
                        if plan.settings.is_plain:
                            raise UsageError("--grid: an ISO has neither blocks nor levels")
                        estimates = estimate_grid(
                            plan.view(image),
                            plan.settings,
                            random=Random(),
                            threads=threads,
                            budget_bytes=budgets[-1],
                            check=control.check,
                        )
                        _print_grid(each.path, estimates, printer)
                        continue
                    rounds = refine(
                        plan.view(image), plan.settings, budgets, random=Random(), threads=threads, check=control.check
                    )
                    for found in rounds:
                        printer.event("estimate", _facts(each.path, found), "")
                printer.lines(_text(each.path, found))
                records.save_estimate(identity_of(plan), found)
            except (UnplayedDiscError, WrongSystemError) as error:
                if each.is_named:
                    failures.add(each.path, error)
                else:
                    printer.notice(f"skipped: {error.reason}", each.path)
            except CancelledError:
                raise
            except DiscpressError as error:
                failures.add(each.path, error)
    finally:
        sources.close()
        records.close()
    return failures.exit_code


def _budgets(text: str | None) -> tuple[int, ...]:
    """Return the sizes of the samples: 4 MiB, 16 MiB and the requested size, in this order, each once."""
    if text is None:
        return REFINE_BUDGETS[:2]
    try:
        budget_bytes = parse_size(text)
    except ValueError as error:
        raise UsageError(f"--budget: {error}") from error
    if not MIB <= budget_bytes <= MAX_BUDGET_BYTES:
        raise UsageError(f"--budget: expected 1M to {format_size(MAX_BUDGET_BYTES)}, got {text}")
    return (*(each for each in REFINE_BUDGETS if each < budget_bytes), budget_bytes)


def _facts(path: Path, found: Estimate) -> dict[str, object]:
    return {
        "input": str(path),
        "format": str(found.settings.format),
        "block_size": found.settings.block_size,
        "level": found.settings.level,
        **({"methods": list(found.settings.methods)} if found.settings.methods else {}),
        "original_bytes": found.original_bytes,
        "packed_bytes": found.packed_bytes,
        "low_bytes": found.low_bytes,
        "high_bytes": found.high_bytes,
        "sampled_bytes": found.sampled_bytes,
        "advice": str(found.advice),
        "reason": found.reason,
        "conversion_s": None if found.conversion_s is None else round(found.conversion_s, 2),
        "seek_us": None if found.seek_us is None else round(found.seek_us, 1),
    }


def _text(path: Path, found: Estimate) -> str:
    margin = max(found.packed_bytes - found.low_bytes, found.high_bytes - found.packed_bytes)
    words = [
        f"{format_size(found.original_bytes)} -> {format_size(found.packed_bytes)}",
        "exact" if found.is_exact else f"+- {format_size(margin)} at 95 %",
        f"{format_percent(found.packed_bytes, found.original_bytes)} of the original",
    ]
    if found.conversion_s is not None:
        words.append(f"about {format_duration(found.conversion_s)}")
    if found.leaves_out:
        words.append(f"{found.leaves_out} not counted")
    if found.seek_us is not None:
        words.append(f"seek {format_latency(found.seek_us)}")
    advice = f"; better not converted: {found.reason}" if found.reason else ""
    return f"{display_name(path)}: {form_in_words(found.settings, str)}: {', '.join(words)}{advice}"


def _print_grid(path: Path, estimates: list[Estimate], printer: Printer) -> None:
    for found in estimates:
        printer.event("estimate", _facts(path, found), "")
    levels = sorted({found.settings.level for found in estimates})
    by_settings = {(found.settings.block_size, found.settings.level): found for found in estimates}
    rows = []
    for block_size in sorted({found.settings.block_size for found in estimates}):
        cells = [str(block_size)]
        for level in levels:
            found = by_settings[block_size, level]
            seconds = "" if found.conversion_s is None else f" {format_duration(found.conversion_s)}"
            cells.append(f"{format_percent(found.packed_bytes, found.original_bytes)}{seconds}")
        rows.append(cells)
    heads = ("BLOCK", *(f"LEVEL {level}" for level in levels))
    what = estimates[0].settings.form
    table = format_table(heads, rows, flexible=0, right=range(len(heads)))
    head = f"{display_name(path)}: {what}, size in percent of the original, and time, by block size and level"
    printer.lines(f"{head}\n{table}")

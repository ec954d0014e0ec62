"""`discpress watch`: converts the new images of watched folders, by the rules of the settings."""

import argparse
import contextlib
import os
from pathlib import Path

from discpress.engine.cli.exit_codes import Failures
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.queue.access import OpenQueue
from discpress.engine.cli.queue.views import report_added
from discpress.engine.cli.state import read_config
from discpress.engine.config import config_path
from discpress.engine.config.watch_rules import MAX_INTERVAL_S, WatchRule
from discpress.engine.convert.batch.model import PlannedTitle
from discpress.engine.errors import DiscpressError, UsageError
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.queue.jobs import ALIVE
from discpress.engine.store.rows import watched_rows
from discpress.engine.store.rows.watched_rows import WatchStep
from discpress.engine.units import format_count, format_size
from discpress.engine.watch.watcher import Report
from discpress.engine.watch.watching import POLL_S, Watching, watch_lock


def run_watch(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `watch`; return the exit code."""
    if arguments.every is not None and not 1 <= arguments.every <= MAX_INTERVAL_S:
        raise UsageError(f"--every: expected a number of seconds from 1 to {MAX_INTERVAL_S}, got {arguments.every}")
    with contextlib.ExitStack() as stack:
        queue = stack.enter_context(OpenQueue(arguments, printer))
        watching = Watching(queue.store, read_config, control.check, arguments.every, is_dry=arguments.dry_run)
        stack.enter_context(contextlib.closing(watching))
        rules = watching.rules()
        if not rules:
            path = display_name(config_path(os.environ))
            raise UsageError("the settings watch no folder", hint=f"add a [[watch]] table to {path} (docs/watch.md)")
        stack.enter_context(watch_lock(queue.state_folder))
        if arguments.retry:
            count = queue.store.file.write(watched_rows.forget_failures, durable=True)
            printer.notice(f"{format_count(count, 'image')} that failed may be tried again")
        command = _Watch(watching, queue, printer, control)
        for rule in rules:
            command.announce(rule)
        return command.once() if arguments.dry_run or arguments.once else command.for_ever()


class _Watch:
    """The looks of one command, and what it reports."""

    def __init__(self, watching: Watching, queue: OpenQueue, printer: Printer, control: Control) -> None:
        self._watching = watching
        self._queue = queue
        self._printer = printer
        self._control = control
        self._problems: dict[Path, str] = {}
        self._stopped: dict[Path, tuple[str, ...]] = {}
        self._failures = Failures(printer)

    def announce(self, rule: WatchRule) -> None:
        """Report a rule."""
        facts = {"folder": str(rule.folder), "every_s": rule.every_s, "hours": rule.hours and str(rule.hours)}
        hours = f", {rule.hours}" if rule.hours else ""
        self._printer.event("watching", facts, f"{display_name(rule.folder)}: watched every {rule.every_s} s{hours}")

    def for_ever(self) -> int:
        """Look again and again, until Ctrl-C or a stop."""
        while True:
            self._turn()
            self._watching.rest(self._control.wait)

    def once(self) -> int:
        """Look twice at each folder, wait for the jobs, and look again as long as that leads to more."""
        self._turn()
        self._watching.rest(self._control.wait)
        reports = self._turn()
        moving = sum(report.moving for report in reports)
        while jobs := {job for report in reports for job in report.living}:
            self._wait_for(jobs)
            self._watching.hurry()
            reports = self._turn()
        if moving:
            self._printer.notice(f"{format_count(moving, 'file')} did not stand still: a later look takes them")
        if waiting := sum(report.waiting for report in reports):
            self._printer.notice(f"{format_count(waiting, 'image')} must wait for the hours of the rule")
        return self._failures.exit_code

    def _turn(self) -> list[Report]:
        """Look at the folders whose time has come, and report what that led to."""
        found = []
        for rule, report in self._watching.turn():
            self._report(rule, report)
            if isinstance(report, Report):
                found.append(report)
        return found

    def _wait_for(self, jobs: set[int]) -> None:
        """Wait until jobs are over, and take their exit codes."""
        while any(map(self._is_alive, jobs)):
            self._queue.revive_worker()
            self._control.wait(POLL_S)
        over = [self._queue.jobs.find(each) for each in jobs]
        for job in over:
            if job is not None and job.exit_code:
                self._failures.count(job.exit_code)

    def _is_alive(self, job_id: int) -> bool:
        job = self._queue.jobs.find(job_id)
        return job is not None and job.state in ALIVE

    def _report(self, rule: WatchRule, found: Report | DiscpressError) -> None:
        if isinstance(found, DiscpressError):
            if self._problems.get(rule.folder) != str(found):
                self._problems[rule.folder] = str(found)
                self._printer.error(found, rule.folder)
            self._failures.count(found.exit_code)
            return
        self._problems.pop(rule.folder, None)
        for step, row in found.planned:
            self._tell_planned(rule, step, row)
        for left in found.left:
            facts = {"input": str(left.path), "code": left.code, "message": left.reason}
            self._printer.event("left", facts, f"{display_name(left.path)}: left alone: {left.reason}")
        if found.added:
            report_added(found.added, self._printer)
            self._queue.start_worker()
        if found.failures and found.failures != self._stopped.get(rule.folder):
            hint = "see discpress queue list and queue log, mend the cause, then retry with discpress watch --retry"
            self._failures.add(rule.folder, DiscpressError(found.why_stopped(rule.folder), hint=hint))
        self._stopped[rule.folder] = found.failures

    def _tell_planned(self, rule: WatchRule, step: WatchStep, row: PlannedTitle) -> None:
        saving = row.saving_bytes or 0
        gain = f", about {format_size(saving)} to save" if saving > 0 else ""
        result = "" if row.output_path is None else display_name(row.output_path.name)
        texts = {
            WatchStep.CHECKING: f"would be examined: {row.reason}",
            WatchStep.ESTIMATING: f"would become {result} if it saves at least {rule.min_saving_percent} %",
        }
        text = texts.get(step, f"would become {result}{gain}")
        facts = {
            "input": str(row.title.path),
            "output": None if row.output_path is None else str(row.output_path),
            "saving_bytes": row.saving_bytes,
            "step": str(step),
        }
        self._printer.event("planned", facts, f"{display_name(row.title.path)}: {text}")

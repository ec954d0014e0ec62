"""Notices the end of batches, and tells those whom the settings name: never in the way of a job."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from discpress.engine.config.notices import Webhook
from discpress.engine.errors import DiscpressError
from discpress.engine.queue.jobs import Job
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import CONVERSION_KINDS
from discpress.engine.system.asking import ask_aside
from discpress.engine.worker.batch_end.report import BatchReport

PATIENCE_S = 120.0
"""A worker without other work waits at most so long for those who are told."""
_log = logging.getLogger("discpress.worker")


@dataclass(slots=True)
class BatchEnds:
    """Tells of the end of each batch once; one for a manager."""

    queue: JobQueue
    """The jobs."""
    read_settings: Callable[[], tuple[tuple[str, ...], Webhook | None]]
    """Returns the program and the webhook of the settings. Raises DiscpressError."""
    clock: Callable[[], float] = time.monotonic
    """Seconds, from any starting point."""
    _open: set[str] = field(default_factory=set, init=False)
    """Batches of which a conversion has ended."""
    _telling: "dict[int, tuple[Future[list[str]], float]]" = field(default_factory=dict, init=False)
    """By the job whose log takes the problems: the answer, and when it was asked for."""
    _end: threading.Event = field(default_factory=threading.Event, init=False)

    @property
    def is_busy(self) -> bool:
        """Whether a worker without other work should wait for it."""
        now = self.clock()
        return any(now - began_at < PATIENCE_S for _, began_at in self._telling.values())

    def note(self, job: Job) -> None:
        """Take a job that has ended, or was stopped."""
        if job.kind in CONVERSION_KINDS:
            self._open.add(job.batch)

    def look(self, is_changed: bool) -> None:
        """Tell of the batches that are over.

        What went wrong when it told of one goes into a job's log. `is_changed` is whether the queue may have changed.
        """
        for number, (answer, _) in list(self._telling.items()):
            if answer.done():
                del self._telling[number]
                self._log_problems(number, answer)
        if not self._open or not is_changed:
            return
        over, self._open = self._split()
        if not over:
            return
        try:
            words, webhook = self.read_settings()
        except DiscpressError as error:
            _log.warning("nobody was told of the end of a batch: %s", error)
            return
        if words or webhook:
            for report in over:
                asked = ask_aside(partial(self._tell, report, words, webhook))
                self._telling[report.last] = (asked, self.clock())

    def stop(self) -> None:
        """Make no further attempts."""
        self._end.set()

    def _split(self) -> tuple[list[BatchReport], set[str]]:
        """Return the batches that are over and worth telling, and those that go on."""
        alive = {name for name in self._open if self.queue.is_batch_alive(name)}
        jobs: dict[str, list[Job]] = {name: [] for name in self._open - alive}
        for job in self.queue.jobs() if jobs else ():
            if job.batch in jobs and job.kind in CONVERSION_KINDS:
                jobs[job.batch].append(job)
        reports = [BatchReport(name, found) for name, found in jobs.items() if found]
        return [report for report in reports if report.is_worth_telling], alive

    def _tell(self, report: BatchReport, words: tuple[str, ...], webhook: Webhook | None) -> list[str]:
        """Run the program and send the message; return what went wrong. It runs in a thread of its own."""
        # HTTP and TLS would cost each worker a tenth of its start, and most have nobody to tell.
        from discpress.engine.worker.batch_end.post import post
        from discpress.engine.worker.batch_end.program import run_program

        problems = [run_program(words, report.facts(has_paths=True))] if words else []
        if webhook is not None:
            message = report.message(webhook.topic, has_paths=webhook.has_paths)
            problems.append(post(webhook, message, self._end.wait))
        return [problem for problem in problems if problem]

    def _log_problems(self, job_id: int, answer: "Future[list[str]]") -> None:
        if error := answer.exception():
            _log.error("nobody was told of the end of a batch", exc_info=error)
            return
        for problem in answer.result():
            _log.warning("%s", problem)
            try:
                self.queue.append_log(job_id, problem)
            except DiscpressError as error:
                _log.warning("%s", error)

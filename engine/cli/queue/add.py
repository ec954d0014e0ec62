"""`discpress queue add`: turns inputs into jobs, with the settings of now."""

import argparse
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from discpress.engine.cli.exit_codes import Failures
from discpress.engine.cli.images.inputs import ImageFinder, Input
from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.cli.images.options import as_paths, check_output, take_checksums, take_request
from discpress.engine.cli.images.planning import (
    PlannedInput,
    plan_inputs,
    print_skip,
    raise_conflict,
    raise_failure,
)
from discpress.engine.cli.images.repairs import check_repair_options, plan_input_repairs, restore_stopped_repairs
from discpress.engine.cli.images.title_states import notices_of, raise_damage
from discpress.engine.cli.images.unplayed import report_unplayed
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.queue.access import OpenQueue
from discpress.engine.cli.queue.views import report_added, state_of
from discpress.engine.cli.state import Records, read_config
from discpress.engine.convert.batch.model import PlannedTitle, Skip
from discpress.engine.convert.output_names import Clash
from discpress.engine.convert.plan import plan_image
from discpress.engine.discs.reach import identify_image
from discpress.engine.errors import (
    CancelledError,
    DiscpressError,
    StorageError,
    UsageError,
    from_os_error,
    named_in,
)
from discpress.engine.images.open import open_stored
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.queue.jobs import ALIVE, Job, JobRequest
from discpress.engine.queue.planned_jobs import Work, job_of, work_of
from discpress.engine.queue.tasks import records as tasks
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.kinds import CONVERSION_KINDS, TaskKind
from discpress.engine.request import ConversionRequest
from discpress.engine.system.files import absolute, holder_of

MOST_PRIORITY = 1000


def run_add(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `queue add`; return the exit code."""
    with (
        OpenQueue(arguments, printer) as queue,
        closing(Records(arguments, printer, is_needed=True)) as records,
        closing(OpenSources()) as sources,
    ):
        assert records.store is not None
        return _Adding(arguments, queue, records, sources, printer, control).run()


class _Adding:
    """The inputs of one command line on their way into the queue; a failed one does not stop the others."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        queue: OpenQueue,
        records: Records,
        sources: OpenSources,
        printer: Printer,
        control: Control,
    ) -> None:
        notices: list[str] = []
        self._arguments = arguments
        self._queue = queue
        self._records = records
        self._sources = sources
        self._printer = printer
        self._control = control
        self._kind = TaskKind(arguments.kind)
        self._config = read_config()
        self._conversion_request = take_request(arguments, notices)
        self._checksums = take_checksums(arguments.checksum)
        self._output: Path | None = None if arguments.output is None else absolute(Path(arguments.output))
        self._folder: Path | None = None if arguments.output_dir is None else absolute(Path(arguments.output_dir))
        self._inputs = as_paths(arguments.inputs)
        self._failures = Failures(printer)
        self._requests: list[JobRequest] = []
        self._rows: list[PlannedTitle | None] = []  # of each request; None if it writes nothing
        self._names: dict[Path, str] = {}  # of the images that the library knows
        self._known: dict[Work, Job | None] = {work_of(job): job for job in queue.jobs.jobs(ALIVE)}
        self._check_options()
        for notice in notices:
            printer.notice(notice)

    def _check_options(self) -> None:
        priority: int = self._arguments.priority
        if abs(priority) > MOST_PRIORITY:
            raise UsageError(f"--priority: expected a number from -{MOST_PRIORITY} to {MOST_PRIORITY}, got {priority}")
        given = self._arguments
        check_output(given.output, given.output_dir, len(self._inputs), is_recursive=given.recursive)
        places = bool(self._output or self._folder or self._checksums)
        if self._kind is TaskKind.REPAIR:
            check_repair_options(self._conversion_request, places)
            self._conversion_request = replace(self._conversion_request, trash_source=True)
        elif (places or self._conversion_request.trash_source) and self._kind is not TaskKind.CONVERT:
            raise UsageError(f"--kind {self._kind} writes nothing: it excludes -o, -O, --checksum and --delete-source")

    def run(self) -> int:
        """Add a job for each input that needs one; return the exit code."""
        is_known = False
        if self._kind is TaskKind.REPAIR:
            restore_stopped_repairs(self._inputs, self._printer)
        for each in self._planned() if self._kind in CONVERSION_KINDS else self._expanded():
            self._control.check()
            row = each.row if isinstance(each, PlannedInput) else None
            try:
                request = self._request(each)
            except CancelledError:
                raise
            except (DiscpressError, OSError) as error:
                if not report_unplayed(each, error, self._printer):
                    self._fail(each.path, error, row)
                continue
            if isinstance(request, str):
                is_known = True
                self._skip(each.path, request)
            elif request is not None:
                self._requests.append(request)
                self._rows.append(row)
        if self._add() or is_known:
            self._queue.start_worker()
        return self._failures.exit_code

    def _add(self) -> bool:
        """Put the requested jobs into the queue and report them; return whether any was added."""
        numbers = self._queue.jobs.add_new(self._requests)
        added = []
        for number, request, row in zip(numbers, self._requests, self._rows, strict=True):
            if number is None:
                self._skip(request.path, "another program queued it a moment ago")
            else:
                added.append((number, request, row))
        report_added(added, self._printer)
        if not added and not self._failures:
            self._printer.notice("found nothing new to queue")
        return bool(numbers)

    def _expanded(self) -> Iterator[Input]:
        if self._kind is TaskKind.SCAN:
            return (Input(path, None) for path in self._inputs)
        finder = ImageFinder(self._printer, self._sources, self._fail, self._control.check)
        return finder.images(self._inputs, self._folder, is_recursive=self._arguments.recursive)

    def _fail(self, path: Path, error: DiscpressError | OSError, row: PlannedTitle | None = None) -> None:
        if isinstance(error, OSError):
            error = from_os_error(error, named_in(error, path), "read it")
        self._failures.add(path, error, None if row is None else row.state)

    def _skip(self, path: Path, why: str) -> None:
        """Report an input whose work the queue does already."""
        facts = {"input": str(path), "output": None, "code": Skip.QUEUED, "message": why}
        self._printer.event("skipped", facts, f"{display_name(path)}: {why}")

    def _request(self, each: Input | PlannedInput) -> JobRequest | str | None:
        """Return the job for an input, the reason why the queue does its work already, or None if it needs no job."""
        request = self._conversion(each) if isinstance(each, PlannedInput) else self._other(each)
        if request is None:
            return None
        work = work_of(request)
        if work in self._known:
            job = self._known[work]
            return f"is job {job.id} already ({state_of(job)})" if job else "is named twice"
        self._known[work] = None
        return request

    def _other(self, each: Input) -> JobRequest:
        makers: Mapping[TaskKind, Callable[[Input], JobRequest]] = {
            TaskKind.ESTIMATE: self._estimate,
            TaskKind.VERIFY: self._verification,
            TaskKind.DOCTOR: self._examination,
            TaskKind.SCAN: self._scan,
            TaskKind.SEEK: self._test,
            TaskKind.THROUGHPUT: self._test,
        }
        return makers[self._kind](each)

    def _planned(self) -> list[PlannedInput]:
        check, defaults = self._control.check, self._config.request
        given = (self._distinct(), self._sources, self._options, defaults, self._records, check)
        if self._kind is TaskKind.REPAIR:
            planned, _ = plan_input_repairs(*given)
        else:
            moves_archives = self._conversion_request.trash_source
            planned, _ = plan_inputs(*given, repacks=self._arguments.force, moves_archives=moves_archives)
        self._names = self._records.names_of(each.input.path for each in planned)
        return planned

    def _distinct(self) -> Iterator[Input]:
        seen: set[tuple[Path, Path | None]] = set()
        for each in self._expanded():
            key = absolute(each.path), each.output_folder
            if key in seen:
                self._skip(each.path, "is named twice")
            else:
                seen.add(key)
                yield each

    def _conversion(self, planned: PlannedInput) -> JobRequest | None:
        each, row = planned.input, planned.row
        # A folder is queued again when it contains something new; titles converted before are not failures.
        is_older = row.obstacle is not None and row.obstacle.clash is not Clash.BATCH
        if not (is_older and self._arguments.recursive):
            raise_conflict(row)
        raise_failure(planned)
        if row.skip is not None and not row.is_failure:
            print_skip(planned, self._printer)
            return None
        # A failure has an error of its own, and the image may need a warning.
        image, disc = self._sources.open_image(each.path)
        with image:
            plan = plan_image(image, row.request, row.own_path or self._output, each.output_folder, disc=disc)
        raise_damage(row)
        for notice in notices_of(plan, row):
            self._printer.notice(notice, each.path)
        return job_of(
            row,
            self._options,
            each.output_folder,
            name=self._names.get(absolute(each.path), ""),
            checksums=self._checksums,
            priority=self._arguments.priority,
            idle_priority=self._arguments.idle,
        )

    @property
    def _options(self) -> ConversionRequest:
        """The options that hold for all conversions, with the default of the settings file for originals."""
        request = self._conversion_request
        return replace(
            request,
            # It and --no-verify exclude each other, as with the option.
            trash_source=request.trash_source or (self._config.trash and request.verify),
            output_path=self._output,
            force=self._arguments.even_useless,
        )

    def _estimate(self, each: Input) -> JobRequest:
        image, disc = self._sources.open_image(each.path)
        with image:
            disc = disc or identify_image(image)
            wanted = self._records.request_for(each.path, self._conversion_request, self._config, disc.system)
            plan_image(image, wanted, disc=disc)
        return self._job(each, tasks.EstimateTask(wanted, self._source(each)))

    def _verification(self, each: Input) -> JobRequest:
        self._sources.open_image(each.path)[0].close()
        return self._job(each, tasks.VerifyTask(source=self._source(each)))

    def _examination(self, each: Input) -> JobRequest:
        if not self._sources.drop(each.path):
            try:
                open_stored(each.path).close()
            except (UsageError, StorageError):  # there is no such image
                raise
            except DiscpressError:
                pass  # a damaged image is allowed: the doctor examines it
        return self._job(each, tasks.DoctorTask(self._conversion_request.target, self._source(each)))

    def _scan(self, each: Input) -> JobRequest:
        if not stat.S_ISDIR(each.path.stat().st_mode):
            raise UsageError(
                f"{display_name(each.path)}: is not a folder", hint="name a folder: --kind scan takes no files"
            )
        return self._job(each, tasks.ScanTask(self._source(each)))

    def _test(self, each: Input) -> JobRequest:
        self._sources.open_image(each.path)[0].close()
        test = tasks.SeekTask if self._kind is TaskKind.SEEK else tasks.ThroughputTask
        return self._job(each, test(source=self._source(each)))

    def _source(self, each: Input) -> Source:
        file_path = holder_of(each.path)
        name = self._records.name_of(each.path)
        return Source.of(absolute(each.path), absolute(file_path), file_path.stat().st_dev, name)

    def _job(self, each: Input, task: tasks.Task) -> JobRequest:
        return JobRequest(
            task,
            absolute(each.path),
            priority=self._arguments.priority,
            force=self._arguments.even_useless,
            idle_priority=self._arguments.idle,
        )

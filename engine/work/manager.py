"""The task manager: which job runs when, on which disk, and what becomes of it (asyncio).

Two lanes. Conversions, verifications and examinations: one at a time for each storage device, so that two disks
work side by side and none is thrashed. Scans and estimates: at once, beside whatever else runs.
"""

import asyncio
import contextlib
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from engine.convert.part_name import remove_part_of
from engine.convert.progress import Control, Progress
from engine.errors import (
    CancelledError,
    DiscpressError,
    FileLimitError,
    SpaceError,
    StoreError,
    SuspendedError,
    UselessError,
)
from engine.library.store import Store
from engine.system.files import is_there
from engine.system.priority import be_idle
from engine.work.jobs import Action, Job, JobKind, JobState
from engine.work.queue import JobQueue
from engine.work.reports import Reports, Running
from engine.work.runner import Outcome, Turn, part_owner, run_job
from engine.work.snapshot import WorkerState
from engine.work.waits import Waits, output_problem, source_is_away

POLL_S = 0.2
"""How often wishes are looked for: what is asked for happens within a second."""
IDLE_S = 30.0
"""The worker ends after so long without work."""
PROBES = 2
"""Scans and estimates that run at once: they are short, and wait for the disk more than for the processor."""
_LOOK_AHEAD = 16
_PROBE_KINDS = {JobKind.SCAN, JobKind.ESTIMATE, JobKind.SEEK, JobKind.THROUGHPUT}


@dataclass(slots=True)
class Manager:
    """Runs the queue of one open store until it is told to stop, or has been idle for `idle_s`."""

    queue: JobQueue
    """The jobs."""
    store: Store
    """The state file that holds them."""
    threads: int
    """All packing threads together."""
    should_stop: Callable[[], bool] = lambda: False
    """Asked at every look around; true: stop at chunk borders, with checkpoints."""
    idle_s: float = IDLE_S
    """Seconds without work after which it ends."""
    clock: Callable[[], float] = time.monotonic
    """Seconds, of any beginning."""
    run: Callable[[Turn], Outcome] = run_job
    """Does one job; replaced in tests."""
    _running: dict[int, Running] = field(default_factory=dict)
    _waits: Waits = field(init=False)
    _seen: object = None
    _reports: Reports = field(init=False)

    def __post_init__(self) -> None:
        self._waits = Waits(self.queue, self.clock)
        self._reports = Reports(self.queue, self.clock)

    async def work(self) -> None:
        """Run the queue to its end, see above; what runs then is suspended with its checkpoint."""
        self._reports.say(WorkerState.STARTING)
        recovered = self.queue.recover()
        for job_id in recovered:
            self.queue.append_log(job_id, "a worker that was killed had begun it; it goes on from its checkpoint")
        try:
            await self._work_until_idle()
        finally:
            # Also after a fault: no thread may go on when the lock is given up.
            await self._stop()

    async def _work_until_idle(self) -> None:
        idle_since = self.clock()
        while not self.should_stop():
            is_changed = self._look()
            self._conclude()
            if is_changed or self._waits.has_due():
                self._obey()
                self._launch()
            self._reports.report([each for each in self._running.values() if not each.is_held])
            if any(not each.is_held for each in self._running.values()) or self._waits:
                idle_since = self.clock()
            elif self.clock() - idle_since >= self.idle_s:
                return
            await self._rest()

    def _look(self) -> bool:
        """Return whether anything was written since the last look, or a job has ended."""
        version = self.store.data_version()
        is_changed = version != self._seen or any(each.task.done() for each in self._running.values())
        self._seen = version
        return is_changed

    async def _rest(self) -> None:
        tasks = [each.task for each in self._running.values() if not each.task.done()]
        if tasks:
            await asyncio.wait(tasks, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(POLL_S)

    # Wishes

    def _obey(self) -> None:
        for running in list(self._running.values()):
            job = self.queue.job(running.job.id)
            if job.wanted == Action.CANCEL or job.state is JobState.CANCELLED:
                running.control.cancel()
            elif job.wanted == Action.PAUSE and not running.is_held:
                running.control.pause()
                running.is_held = self.queue.pause(job.id) is JobState.PAUSED
                if not running.is_held:
                    running.control.resume()
        for job_id in self.queue.abandoned():
            if job_id not in self._running:
                self._clear(self.queue.job(job_id))

    def _clear(self, job: Job) -> None:
        """Remove the part of a job that was cancelled or failed while no run of it could do so."""
        stored = self.queue.checkpoint(job.id)
        output = None if stored is None else stored.facts.get("output")
        if isinstance(output, str):
            with contextlib.suppress(DiscpressError, OSError):
                remove_part_of(Path(output), part_owner(job))
        self.queue.drop_checkpoint(job.id)

    # Starting

    def _launch(self) -> None:
        jobs = self.queue.runnable()
        waiting = {job.id for job in jobs}
        self._waits.keep(waiting)
        busy = {each.device for each in self._running.values() if not self._is_probe(each.job) and not each.is_held}
        probes = sum(1 for each in self._running.values() if self._is_probe(each.job) and not each.is_held)
        lanes = len(busy | self._devices_of([job for job in jobs if job.id not in self._waits])) or 1
        for job in jobs:
            if job.id in self._waits and not self._waits.is_due(job.id):
                if self._waits.is_for_room(job.id):
                    # It keeps its place: smaller ones behind it must not fill the disk for ever.
                    busy |= self._devices_of([job])
                continue
            if self._is_probe(job):
                if probes < PROBES and self._start(job, 0, self.threads):
                    probes += 1
                continue
            device = self._device(job)
            if device is not None and device not in busy and self._start(job, device, max(1, self.threads // lanes)):
                busy.add(device)

    def _devices_of(self, jobs: Sequence[Job]) -> set[int]:
        """Return the devices of the conversions that come next: they share the threads."""
        devices = set()
        for job in jobs[:_LOOK_AHEAD]:
            device = None if self._is_probe(job) else self._device(job)
            if device is not None:
                devices.add(device)
        return devices

    def _is_probe(self, job: Job) -> bool:
        return job.kind in _PROBE_KINDS

    def _device(self, job: Job) -> int | None:
        """Return the device of the job's source; None, and the job waits or fails, where it is not there."""
        problem = output_problem(job)
        if problem is not None:
            self._waits.for_disk(job, problem)
            return None
        try:
            return job.path.stat().st_dev
        except OSError as error:
            if source_is_away(job):
                self._waits.for_disk(job, error)
                return None
            return -1  # a file that is gone: the job itself finds out, and says so

    def _start(self, job: Job, device: int, threads: int) -> bool:
        held = self._running.get(job.id)
        if held is not None and (not held.is_held or held.control.is_stopped):
            return False  # a run that is ending: the job begins anew when it has ended
        if not self.queue.start(job.id):
            return False
        self._waits.drop(job.id)
        if held is not None:
            held.is_held = False
            held.control.resume()
            return True
        job = self.queue.job(job.id)
        control, progress = Control(), Progress()
        turn = Turn(job, self.queue, self.store, threads, control, progress)
        # A thread of its own, not one of a pool: an idle priority cannot be taken back.
        executor = ThreadPoolExecutor(1, f"job-{job.id}")
        task = asyncio.get_running_loop().run_in_executor(executor, self._run_turn, turn)
        executor.shutdown(wait=False)
        self._running[job.id] = Running(job, control, progress, task, device)
        return True

    def _run_turn(self, turn: Turn) -> Outcome:
        if turn.job.idle_priority:
            be_idle()
        return self.run(turn)

    # Ends

    def _conclude(self) -> None:
        for job_id, running in list(self._running.items()):
            if running.task.done():
                del self._running[job_id]
                with contextlib.suppress(StoreError):
                    self._reports.save([running])
                self._end(running)

    def _end(self, running: Running) -> None:
        """Say in the queue how a job ended: the one place where any failure becomes a state."""
        job = running.job
        is_ours = isinstance(running.task.exception(), SuspendedError | CancelledError) or self._take_back(job.id)
        if not is_ours:
            self.queue.drop_checkpoint(job.id)  # cancelled in the queue; the run had ended by itself just then
            return
        try:
            outcome = running.task.result()
        except SuspendedError:
            if self.queue.job(job.id).state in {JobState.RUNNING, JobState.PAUSED}:
                self.queue.suspend(job.id)
        except CancelledError:
            # One that was held was cancelled in the queue at once; its part went with the run that ends here.
            if self.queue.job(job.id).state is JobState.RUNNING:
                self.queue.cancelled(job.id)
            else:
                self.queue.drop_checkpoint(job.id)
        except FileLimitError as error:
            self._fail(job, error)
        except UselessError as error:
            self.queue.skip(job.id, str(error))
        except SpaceError as error:
            self.queue.suspend(job.id)
            self._waits.for_room(job, error)
        except DiscpressError as error:
            self._fail_or_wait(job, error)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not take the other jobs with it
            self.queue.append_log(job.id, "".join(traceback.format_exception(error)))
            self.queue.fail(job.id, DiscpressError(f"internal error: {error!r}", hint="please report it with its log"))
        else:
            if outcome.skipped:
                self.queue.skip(job.id, outcome.skipped)
            else:
                self.queue.finish(job.id, outcome.result, saved_bytes=outcome.saved_bytes)

    def _fail_or_wait(self, job: Job, error: DiscpressError) -> None:
        if error.code in {"storage", "source-changed", "damaged"} and not is_there(job.path) and source_is_away(job):
            self.queue.suspend(job.id)
            self._waits.for_disk(job, error)
        else:
            self._fail(job, error)

    def _fail(self, job: Job, error: DiscpressError) -> None:
        self._clear(job)
        self.queue.append_log(job.id, str(error))
        self.queue.fail(job.id, error)

    def _take_back(self, job_id: int) -> bool:
        """Bring a job whose run has ended to `running`, for what is said of it next; False when it was cancelled.

        It may have been paused, or resumed and not started again, in the very moment in which it ended.
        """
        state = self.queue.job(job_id).state
        if state is JobState.PAUSED:
            state = self.queue.resume(job_id)
        if state is JobState.QUEUED:
            self.queue.start(job_id)
            return True
        return state is JobState.RUNNING

    async def _stop(self) -> None:
        """Suspend what runs or is held, and say so."""
        self._reports.say(WorkerState.STOPPING)
        for running in self._running.values():
            running.control.suspend()
        for running in list(self._running.values()):
            await asyncio.wait([running.task])
        self._conclude()
        self._reports.say(WorkerState.GONE)

"""The task manager (asyncio): decides which job runs when and on which disk, and records its end.

There are two lanes. Conversions, verifications and checks run one at a time for each storage device, so that two disks
work in parallel and none thrashes. Scans, estimates and background tasks run at once, alongside all others. The loop
itself accesses no disk: one that does not answer delays only its own jobs.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from discpress.engine.errors import DiscpressError, StoreError
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.background import BackgroundTask, BackgroundTasks
from discpress.engine.queue.jobs import Action, Job, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import WorkerState
from discpress.engine.store.store import Store
from discpress.engine.system.disk_probe import Disks
from discpress.engine.system.priority import be_idle
from discpress.engine.worker.background_lane import BackgroundLane
from discpress.engine.worker.batch_end.batches import BatchEnds
from discpress.engine.worker.blocked_jobs import Waits
from discpress.engine.worker.elsewhere.lane import MachineLane, RemotePlace
from discpress.engine.worker.heartbeat import Heartbeat, Running
from discpress.engine.worker.hung_jobs import Stalls
from discpress.engine.worker.job_devices import Devices
from discpress.engine.worker.job_paths import places_of
from discpress.engine.worker.next_jobs import Launcher
from discpress.engine.worker.outcomes import Endings
from discpress.engine.worker.run_background import run_background_task
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.trash.old import OldTrash
from discpress.engine.worker.turn import Outcome, Turn

POLL_S = 0.2
"""Interval between polls for requests, so that one takes effect within a second."""
IDLE_S = 30.0
"""The worker ends after so long without work."""


@dataclass
class Manager:
    """Runs the queue of one open store until a stop request, or after `idle_s` without work."""

    queue: JobQueue
    """The jobs."""
    store: Store
    """The state file that contains them."""
    threads: int
    """Total number of packing threads."""
    should_stop: Callable[[], bool] = lambda: False
    """Called at every poll; True stops at chunk borders, with checkpoints."""
    idle_s: float = IDLE_S
    """Seconds without work after which it ends."""
    clock: Callable[[], float] = time.monotonic
    """Seconds, from any starting point."""
    run: Callable[[Turn], Outcome] = run_job
    """Runs one job; replaced in tests."""
    run_background_task: Callable[[BackgroundTask, Store, int, Control], None] = run_background_task
    """Runs one background task; replaced in tests."""
    old_trash: OldTrash | None = None
    """Queues the removal of what is old in the trash; None does without."""
    machines: MachineLane | None = None
    """The machines of a cluster; None does without."""
    batch_ends: BatchEnds | None = None
    """Tells of the end of a batch; None tells nobody."""

    def __post_init__(self) -> None:
        self.hung = 0
        """Threads left behind at the end: they hang, and the caller must make sure that they never continue."""
        self._running: dict[int, Running] = {}
        self._seen: object = None
        self._disks = Disks(self.clock)
        self._stalls = Stalls(self.queue, self._disks, self.clock)
        self._waits = Waits(self.queue, self.clock, self._disks)
        self._devices = Devices(self._disks, self._waits)
        self._heartbeat = Heartbeat(self.queue, self.clock)
        self._endings = Endings(self.queue, self._waits, self._disks)
        self._background = BackgroundLane(
            BackgroundTasks(self.store), self.store, self.run_background_task, self._disks, self.clock
        )
        self._launcher = Launcher(
            self._running, self._waits, self._devices, self._background, self.machines, self.threads, self._start
        )

    async def work(self) -> None:
        """Run the queue until the end described above; jobs that still run are suspended with checkpoints."""
        self._heartbeat.say(WorkerState.STARTING)
        self.queue.recover()
        self._background.recover()
        try:
            await self._work_until_idle()
        finally:
            # After a fault too: no thread may continue when the lock is released.
            await self._stop()

    async def _work_until_idle(self) -> None:
        idle_since = self.clock()
        while not self.should_stop():
            is_changed = self._look()
            self._conclude()
            self._background.conclude()
            is_changed |= self.machines is not None and self.machines.look()
            is_changed |= self._stalls.look(self._running.values()) | self._background.watch() | self._disks.has_news()
            is_searching = self.old_trash is not None and (self.old_trash.poll() or self.old_trash.is_busy)
            is_telling = self._tell(is_changed)
            if is_changed or self._waits.has_due():
                self._obey()
                self._background.obey()
                self._launch()
            working = [each for each in self._running.values() if not each.is_held]
            self._heartbeat.report(working, has_background_tasks=bool(self._background))
            is_connecting = self.machines is not None and self.machines.is_waiting
            is_asking = self._background.is_waiting or self._disks.has_fresh() or is_searching or is_telling
            if working or self._waits or self._background or is_asking or is_connecting:
                idle_since = self.clock()
            elif self.clock() - idle_since >= self.idle_s:
                return
            await self._rest()

    def _look(self) -> bool:
        """Return whether anything was written since the last poll, or a job has ended."""
        version = self.store.data_version()
        is_changed = version != self._seen or any(task.done() for task in self._tasks())
        self._seen = version
        return is_changed

    async def _rest(self) -> None:
        tasks = [task for task in self._tasks() if not task.done()]
        if tasks:
            await asyncio.wait(tasks, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(POLL_S)

    def _tasks(self) -> list["asyncio.Future[Any]"]:
        return [each.task for each in self._running.values()] + self._background.tasks

    def _tell(self, is_changed: bool) -> bool:
        """Tell of the batches that are over; return whether a worker without other work waits for that."""
        if self.batch_ends is None:
            return False
        self.batch_ends.look(is_changed)
        return self.batch_ends.is_busy

    # Requests

    def _obey(self) -> None:
        for running in list(self._running.values()):
            job = self.queue.present(running.job.id)
            if job is None or job.wanted == Action.CANCEL or job.state is JobState.CANCELLED:
                running.control.cancel()
            elif job.wanted == Action.PAUSE and not running.is_held:
                self._pause(running)
        self.queue.fail_unreadable(self._running)
        for job_id in self.queue.abandoned():
            job = self.queue.find(job_id)
            if job is not None and job_id not in self._running:
                self._endings.clear(job)

    def _pause(self, running: Running) -> None:
        """Pause a job; one that another machine packs is stopped instead, so that it neither keeps that machine from
        other titles nor others from their proofs. It goes on from its checkpoint."""
        if not running.is_elsewhere:
            running.control.pause()
        running.is_held = self.queue.pause(running.job.id) is JobState.PAUSED
        if not running.is_held:
            running.control.resume()
        elif running.is_elsewhere:
            running.control.suspend()

    # Starts

    def _launch(self) -> None:
        """Start the jobs whose turn it is, and background tasks alongside if allowed."""
        if self._launcher.is_on_trial:
            has_places = False
        else:
            jobs = self.queue.runnable()
            self._waits.keep({job.id for job in jobs})
            has_places = self._launcher.launch(jobs)
        self._devices.settle()
        if has_places:
            self._launcher.launch_background_tasks()

    def _start(self, job: Job, device: int, threads: int, place: RemotePlace | None = None) -> bool:
        held = self._running.get(job.id)
        if held is not None and (not held.is_held or held.control.is_stopped):
            return False  # a run is ending: the job starts anew after it
        if not self.queue.start(job.id):
            return False
        self._waits.drop(job.id)
        if held is not None:
            held.is_held = False
            held.control.resume()
            return True
        job = self.queue.job(job.id)
        control, progress = Control(), Progress()
        turn = Turn(job, self.queue, self.store, threads, control, progress, place)
        # A separate thread, not one of a pool, because an idle priority cannot be taken back.
        executor = ThreadPoolExecutor(1, f"job-{job.id}")
        task = asyncio.get_running_loop().run_in_executor(executor, self._run_turn, turn)
        executor.shutdown(wait=False)
        self._running[job.id] = Running(
            job,
            control,
            progress,
            task,
            device,
            places_of(job),
            seen_counts=progress.counts,
            asked_at=self.clock(),
            is_elsewhere=place is not None,
        )
        return True

    def _run_turn(self, turn: Turn) -> Outcome:
        if turn.job.idle_priority:
            be_idle()
        try:
            return self.run(turn)
        except DiscpressError as error:
            self._endings.settle(turn.job, error)
            raise

    # Ends

    def _conclude(self) -> None:
        for job_id, running in list(self._running.items()):
            if running.task.done():
                del self._running[job_id]
                if self.machines is not None:
                    self.machines.release(job_id)
                with contextlib.suppress(StoreError):
                    self._heartbeat.save([running])
                self._endings.end(running)
                if self.batch_ends is not None:
                    self.batch_ends.note(running.job)

    async def _stop(self) -> None:
        """Suspend running and paused jobs, and record that; jobs that hang on an unresponsive disk are left behind.

        The state file itself may fail: a failed write must not keep a thread from being stopped and waited for. The
        next worker recovers whatever was not recorded.
        """
        for running in self._running.values():
            running.control.suspend()
        self._background.suspend()
        if self.batch_ends is not None:
            self.batch_ends.stop()
        with contextlib.suppress(StoreError):
            self._heartbeat.say(WorkerState.STOPPING)
        while tasks := [task for task in self._tasks() if not task.done()]:
            runs = [each for each in self._running.values() if not each.task.done()]
            if self._stalls.all_hang(runs) & self._background.all_hang():
                break
            await asyncio.wait(tasks, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
        self.hung = len(tasks)
        if self.machines is not None:
            self.machines.close()
        with contextlib.suppress(StoreError):
            self._conclude()
            self._background.conclude()
            for run in self._running.values():
                self._stalls.leave(run)
            self._background.leave()
            self._heartbeat.say(WorkerState.GONE)

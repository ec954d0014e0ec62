"""The ends of jobs: the only place that turns a failure into a state."""

import contextlib
import traceback
from pathlib import Path

from discpress.engine.convert.part.name import remove_part_of
from discpress.engine.errors import (
    CancelledError,
    DiscpressError,
    FileLimitError,
    SpaceError,
    SuspendedError,
    UselessError,
)
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import LAB_KINDS, TaskKind
from discpress.engine.queue.tasks.records import RepairTask
from discpress.engine.system.disk_probe import Disks, UnansweredError
from discpress.engine.system.files import is_there
from discpress.engine.worker.blocked_jobs import Waits
from discpress.engine.worker.heartbeat import Running
from discpress.engine.worker.job_paths import AwayError, output_place, source_is_away
from discpress.engine.worker.turn import HeldPartError, Outcome, part_owner


class Endings:
    """Records the results of runs; one for a manager."""

    def __init__(self, queue: JobQueue, waits: Waits, disks: Disks) -> None:
        self._queue = queue
        self._waits = waits
        self._disks = disks

    def settle(self, job: Job, error: DiscpressError) -> None:
        """Handle the files that a failed run leaves on the disk.

        Call it in the run's thread, because the disk may not answer. Raises AwayError if the run failed because its
        storage was unmounted: then everything stays as it is.
        """
        if isinstance(error, CancelledError | UselessError):
            return
        if _waits_for_room(job, error):
            self._waits.note_room(job)
            return
        is_of_storage = error.code in {"storage", "source-changed", "damaged"}
        is_gone = job.kind is TaskKind.DEPLOY or not is_there(job.file_path)
        if is_of_storage and is_gone and source_is_away(job):
            raise AwayError(str(error)) from error
        self._remove_part(job)

    def end(self, running: Running) -> None:
        """Record the end of a job in the queue."""
        job = running.job
        stored = self._queue.present(job.id)
        if stored is not None and stored.fault:
            running.task.exception()  # any result: the job fails as an unreadable one
            return
        is_ours = isinstance(running.task.exception(), SuspendedError | CancelledError) or self._take_back(stored)
        if not is_ours:
            self._queue.drop_checkpoint(job.id)  # cancelled in the queue; the run had ended by itself just then
            return
        try:
            outcome = running.task.result()
        except HeldPartError:
            if self._queue.job(job.id).state is JobState.RUNNING:
                self._queue.suspend(job.id)
                self._waits.for_part(job)
        except SuspendedError:
            if self._queue.job(job.id).state in {JobState.RUNNING, JobState.PAUSED}:
                self._queue.suspend(job.id)
        except CancelledError:
            self._cancelled(job)
        except UselessError as error:
            self._queue.skip(job.id, str(error))
        except AwayError as error:
            self._queue.suspend(job.id)
            self._waits.for_disk(job, str(error))
        except DiscpressError as error:
            self._failed(job, error)
        except Exception as error:  # noqa: BLE001 - a fault of discpress must not end the other jobs
            self._queue.append_log(job.id, "".join(traceback.format_exception(error)))
            self._queue.fail(job.id, DiscpressError(f"internal error: {error!r}", hint="please report it with its log"))
        else:
            self._done(job, outcome)

    def _cancelled(self, job: Job) -> None:
        # A paused job was cancelled in the queue at once; its part is removed with the run that ends here.
        if self._queue.job(job.id).state is JobState.RUNNING:
            self._queue.cancelled(job.id)
        else:
            self._queue.drop_checkpoint(job.id)

    def _failed(self, job: Job, error: DiscpressError) -> None:
        if isinstance(error, SpaceError) and _waits_for_room(job, error):
            self._queue.suspend(job.id)
            self._waits.for_room(job, error)
        else:
            self._queue.append_log(job.id, str(error))
            self._queue.fail(job.id, error)

    def _done(self, job: Job, outcome: Outcome) -> None:
        if outcome.skipped:
            self._queue.skip(job.id, outcome.skipped)
        else:
            self._queue.finish(job.id, outcome.result)

    def _take_back(self, job: Job | None) -> bool:
        """Set a job whose run has ended to `running`, to record its end; return False if it was cancelled.

        It may have been paused, or resumed and not started again, in the moment in which it ended.
        """
        if job is None:
            return False
        state = job.state
        if state is JobState.PAUSED:
            state = self._queue.resume(job.id)
        if state is JobState.QUEUED:
            self._queue.start(job.id)
            return True
        return state is JobState.RUNNING

    def clear(self, job: Job) -> None:
        """Remove the part of a job that was cancelled while not running; later, if the disk is slow."""
        with contextlib.suppress(UnansweredError):
            self._disks.ask(output_place(job), ("part", job.id), lambda: self._remove_part(job))
            self._queue.drop_checkpoint(job.id)

    def _remove_part(self, job: Job) -> None:
        if isinstance(job.task, RepairTask):
            from discpress.engine.convert.recovery import restore_unpublished

            with contextlib.suppress(DiscpressError, OSError):
                restore_unpublished(job.file_path)
        stored = self._queue.checkpoint(job.id)
        output = None if stored is None else stored.facts.get("output")
        if isinstance(output, str):
            with contextlib.suppress(DiscpressError, OSError):
                remove_part_of(Path(output), part_owner(job))
                if job.was_elsewhere:
                    from discpress.engine.cluster.claim import drop_claim

                    drop_claim(Path(output), part_owner(job))


def _waits_for_room(job: Job, error: DiscpressError) -> bool:
    """Return whether a job waits for free space.

    A benchmark fails instead, so that other benchmarks do not wait; a deployment, because its stick stays full.
    """
    is_room = isinstance(error, SpaceError) and not isinstance(error, FileLimitError)
    return is_room and job.kind not in {*LAB_KINDS, TaskKind.DEPLOY}

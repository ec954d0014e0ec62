"""Which of the waiting jobs begin now, on which disk, and with how many threads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from discpress.engine.queue.crash_count import is_suspect
from discpress.engine.queue.jobs import LAB_KINDS, Job, JobKind
from discpress.engine.worker.background_lane import BackgroundLane
from discpress.engine.worker.blocked_jobs import Waits
from discpress.engine.worker.heartbeat import Running
from discpress.engine.worker.job_devices import Devices, Look

PROBES = 2
"""Scans and estimates that run at once: they are short, and wait for the disk more than for the processor."""
_LOOK_AHEAD = 16
_PROBE_KINDS = {JobKind.SCAN, JobKind.ESTIMATE, *LAB_KINDS}


@dataclass(slots=True)
class _Places:
    """The places that are taken while jobs are started one after the other."""

    devices: Look
    """Gives the device of each job, asked once."""
    busy: set[int]
    """Devices that take no other conversion."""
    probes: int
    """Jobs at work that take no device."""
    threads: int
    """Packing threads of one conversion."""


class Launcher:
    """Starts one conversion for each disk and PROBES probes beside them; a suspect runs alone."""

    def __init__(
        self,
        running: Mapping[int, Running],
        waits: Waits,
        devices: Devices,
        lane: BackgroundLane,
        threads: int,
        start: Callable[[Job, int, int], bool],
    ) -> None:
        """`start(job, device, threads)` starts a job, and returns whether that went well."""
        self._running = running
        self._waits = waits
        self._devices = devices
        self._lane = lane
        self._threads = threads
        self._start = start

    @property
    def is_on_trial(self) -> bool:
        """Whether a suspect is at work: nothing may begin beside it."""
        return self._lane.is_on_trial or any(is_suspect(each.job.worker_deaths) for each in self._working)

    def launch(self, jobs: Sequence[Job]) -> bool:
        """Start the jobs whose turn it is; return whether there may be anything beside them."""
        places = self._places(jobs)
        return all(self._launch(job, places) for job in jobs)

    def launch_background_tasks(self) -> None:
        """Start errands beside the probes: a single one, with one thread, while a conversion runs."""
        working = self._working
        probes = sum(_is_probe(each.job) for each in working)
        if probes < len(working):
            self._lane.launch(1 - probes, threads=1, is_alone=False)
        else:
            self._lane.launch(PROBES - probes, self._threads, is_alone=not working)

    @property
    def _working(self) -> list[Running]:
        return [each for each in self._running.values() if each.is_working]

    def _places(self, jobs: Sequence[Job]) -> _Places:
        """Return what is taken already; the threads are shared by the disks that the next jobs are on, too."""
        conversions = [each for each in self._running.values() if not _is_probe(each.job) and not each.is_held]
        devices = Look(self._devices.of)
        next_jobs = [job for job in jobs if job.id not in self._waits and not _is_probe(job)][:_LOOK_AHEAD]
        sharing = {each.device for each in conversions if not each.stalled} | {devices.of(job) for job in next_jobs}
        return _Places(
            devices,
            {each.device for each in conversions},
            sum(_is_probe(each.job) for each in self._working),
            max(1, self._threads // (len(sharing - {None}) or 1)),
        )

    def _launch(self, job: Job, places: _Places) -> bool:
        """Start a job if it is its turn; return whether others may start after it."""
        if job.id in self._waits and not self._waits.is_due(job.id):
            self._keep_place(job, places)
        elif is_suspect(job.worker_deaths):
            # Alone, so that it is to blame if the worker dies again; those at work come to their end first.
            return not (self._lane.is_working or self._working or self._start_alone(job))
        elif _is_probe(job):
            self._launch_probe(job, places)
        else:
            self._launch_conversion(job, places)
        return True

    def _keep_place(self, job: Job, places: _Places) -> None:
        """Let a conversion that waits for free space keep its disk: smaller ones must not fill that for ever."""
        if self._waits.is_for_room(job.id) and not _is_probe(job):
            device = places.devices.of(job)
            if device is not None:
                places.busy.add(device)

    def _start_alone(self, job: Job) -> bool:
        if _is_probe(job):
            return self._devices.answers(job) and self._start(job, 0, self._threads)
        device = self._devices.of(job)
        return device is not None and self._start(job, device, self._threads)

    def _launch_probe(self, job: Job, places: _Places) -> None:
        is_free = places.probes < PROBES and not (job.kind in LAB_KINDS and self._is_measuring())
        if is_free and self._devices.answers(job) and self._start(job, 0, self._threads):
            places.probes += 1

    def _launch_conversion(self, job: Job, places: _Places) -> None:
        if places.devices.guess(job) in places.busy:
            return
        device = places.devices.of(job)
        if device is not None and device not in places.busy and self._start(job, device, places.threads):
            places.busy.add(device)

    def _is_measuring(self) -> bool:
        return any(each.job.kind in LAB_KINDS for each in self._working)


def _is_probe(job: Job) -> bool:
    return job.kind in _PROBE_KINDS

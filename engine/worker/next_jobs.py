"""Choice of the waiting jobs that start now, with their disks and numbers of threads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from discpress.engine.queue.crash_count import is_suspect
from discpress.engine.queue.jobs import Job
from discpress.engine.queue.tasks.kinds import LAB_KINDS, TaskKind
from discpress.engine.worker.background_lane import BackgroundLane
from discpress.engine.worker.blocked_jobs import Waits
from discpress.engine.worker.elsewhere.lane import MachineLane, RemotePlace
from discpress.engine.worker.heartbeat import Running
from discpress.engine.worker.job_devices import DevicePoll, Devices
from discpress.engine.worker.job_paths import NOT_THERE

PROBES = 2
"""Number of scans and estimates that run at once: they are short, and wait for the disk more than for the processor."""
_LOOK_AHEAD = 16
_PROBE_KINDS = {TaskKind.SCAN, TaskKind.ESTIMATE, *LAB_KINDS}


@dataclass(slots=True)
class _Places:
    """The occupied places while jobs are started one after the other."""

    jobs: Sequence[Job]
    """The waiting jobs, the next one first."""
    devices: DevicePoll
    """Returns the device of each job, probed once."""
    busy: set[int]
    """Devices that accept no other conversion."""
    sharing: set[int | None]
    """Devices of the conversions that take processor time."""
    probes: int
    """Running jobs that occupy no device."""
    threads: int = 0
    """Packing threads of one conversion; 0 until one starts."""


class Launcher:
    """Starts one conversion for each disk, and PROBES probes alongside; a suspect runs alone."""

    def __init__(
        self,
        running: Mapping[int, Running],
        waits: Waits,
        devices: Devices,
        background: BackgroundLane,
        machines: MachineLane | None,
        threads: int,
        start: Callable[..., bool],
    ) -> None:
        """`start(job, device, threads)` starts a job and returns whether that succeeded; a fourth argument is the other
        machine that packs."""
        self._running = running
        self._waits = waits
        self._devices = devices
        self._background = background
        self._machines = machines
        self._threads = threads
        self._start = start

    @property
    def is_on_trial(self) -> bool:
        """Return whether a suspect is running: nothing may start alongside it."""
        return self._background.is_on_trial or any(is_suspect(each.job.worker_deaths) for each in self._working)

    def launch(self, jobs: Sequence[Job]) -> bool:
        """Start the jobs whose turn it is; return whether anything may run alongside them."""
        places = self._places(jobs)
        return all(
            self._goes_elsewhere(job, places) or self._is_behind(job, places) or self._launch(job, places)
            for job in jobs
        )

    def _goes_elsewhere(self, job: Job, places: _Places) -> bool:
        """Start a job on another machine; return whether it was started there, or has to wait for one."""
        if not self._machines or _is_probe(job) or not self._waits.may_go(job.id):
            return False
        held = self._running.get(job.id)
        if held is not None and not held.is_elsewhere:
            return False

        def start(job: Job, place: RemotePlace) -> bool:
            return self._start(job, NOT_THERE, self._share(places), place)

        return self._machines.take(job, lambda: places.devices.guess(job) in places.busy, start)

    def _is_behind(self, job: Job, places: _Places) -> bool:
        """Return whether a job of the many on a busy disk has to wait, found with little work."""
        return (
            job.task.source.device in places.busy
            and not _is_probe(job)
            and not is_suspect(job.worker_deaths)
            and job.id not in self._waits
        )

    def launch_background_tasks(self) -> None:
        """Start background tasks alongside the probes: a single one, with one thread, while a conversion runs."""
        working = self._working
        probes = sum(_is_probe(each.job) for each in working)
        if probes < len(working):
            self._background.launch(1 - probes, threads=1, is_alone=False)
        else:
            self._background.launch(PROBES - probes, self._threads, is_alone=not working)

    @property
    def _working(self) -> list[Running]:
        return [each for each in self._running.values() if each.is_working]

    def _places(self, jobs: Sequence[Job]) -> _Places:
        """Return the occupied places."""
        conversions = [
            each for each in self._running.values() if not (_is_probe(each.job) or each.is_held or each.is_elsewhere)
        ]
        return _Places(
            jobs,
            DevicePoll(
                self._devices.of,
                {each.job.file_path.parent: each.device for each in conversions if each.device != NOT_THERE},
            ),
            {each.device for each in conversions},
            {each.device for each in conversions if not each.stalled},
            sum(_is_probe(each.job) for each in self._working),
        )

    def _share(self, places: _Places) -> int:
        """Return the threads of a conversion: the disks of the next jobs count when they are shared out."""
        if not places.threads:
            next_jobs = (job for job in places.jobs if job.id not in self._waits and not _is_probe(job))
            disks = places.sharing | {places.devices.near(job) for job in islice(next_jobs, _LOOK_AHEAD)}
            places.threads = max(1, self._threads // (len(disks - {None}) or 1))
        return places.threads

    def _launch(self, job: Job, places: _Places) -> bool:
        """Start a job if it is its turn; return whether others may start after it."""
        if job.id in self._waits and not self._waits.is_due(job.id):
            self._keep_place(job, places)
        elif is_suspect(job.worker_deaths):
            # Alone, so that it is to blame if the worker dies again; running jobs end first.
            return not (self._background.is_working or self._working or self._start_alone(job))
        elif _is_probe(job):
            self._launch_probe(job, places)
        else:
            self._launch_conversion(job, places)
        return True

    def _keep_place(self, job: Job, places: _Places) -> None:
        """Keep the disk of a conversion that waits for free space: smaller ones must not fill the disk forever."""
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
        if device is not None and device not in places.busy and self._start(job, device, self._share(places)):
            places.busy.add(device)

    def _is_measuring(self) -> bool:
        return any(each.job.kind in LAB_KINDS for each in self._working)


def _is_probe(job: Job) -> bool:
    return job.kind in _PROBE_KINDS

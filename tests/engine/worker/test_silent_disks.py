"""A disk that does not answer holds up its own jobs and nothing else: what asks it blocks until a test lets it go."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import memory_folders
import pytest
from manager_house import THREADS, House
from patience import HANG_S

from discpress.engine.discs.info import DiscInfo
from discpress.engine.errors import SuspendedError
from discpress.engine.progress import Control
from discpress.engine.queue.background import BackgroundTask, BackgroundTasks
from discpress.engine.queue.jobs import Action, Job, JobState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import EstimateTask
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store
from discpress.engine.system import asking
from discpress.engine.system import disk_probe as disks
from discpress.engine.system.disk_probe import LOOK_S, SILENT_S, Disks, Place, UnansweredError
from discpress.engine.systems import System
from discpress.engine.worker import job_devices as devices
from discpress.engine.worker.heartbeat import Running
from discpress.engine.worker.hung_jobs import Stalls
from discpress.engine.worker.turn import part_owner

tmp_path_factory = memory_folders.on_disk

NAS, USB = 7001, 7002
QUEUED, RUNNING, PAUSED, CANCELLED, DONE = (
    JobState.QUEUED, JobState.RUNNING, JobState.PAUSED, JobState.CANCELLED, JobState.DONE,
)  # fmt: skip


class Share:
    """The folder `nas` of a house: while it stalls, nothing that asks for it comes back."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = house.folder / "nas"
        self.is_asked = threading.Event()
        self._answers = threading.Event()
        self._answers.set()
        self.asked = 0
        self.devices = {"nas": NAS, "usb": USB}
        monkeypatch.setattr(devices, "source_device", self._source_device)
        monkeypatch.setattr(disks, "touch", self._touch)
        self._monkeypatch = monkeypatch

    def stall(self) -> None:
        self._monkeypatch.setattr(disks, "PATIENCE_S", 0.01)
        self._answers.clear()

    def wake(self) -> None:
        self._answers.set()

    def wait(self) -> None:
        self._answers.wait()

    def _source_device(self, job: Job) -> int:
        self._touch(job.path.parent)
        return self.devices.get(job.path.parent.name, 1)

    def _touch(self, folder: Path) -> None:
        if folder == self.folder:
            self.asked += 1
            self.is_asked.set()
            self._answers.wait()


@pytest.fixture
def share(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Share]:
    share = Share(house, monkeypatch)
    yield share
    share.wake()


def on_nas(house: House, *names: str, kind: TaskKind = TaskKind.CONVERT) -> list[int]:
    return house.add(*(f"nas/{name}" for name in names), kind=kind, parameters={"device": NAS})


def pass_time(house: House, seconds: float) -> None:
    house.clock.now += seconds
    house.let_look()


def stalled(house: House, share: Share, *names: str) -> list[int]:
    """Queue jobs on a share that has not answered for too long."""
    share.stall()
    ids = on_nas(house, *names)
    house.begin()
    assert share.is_asked.wait(HANG_S)
    pass_time(house, SILENT_S)
    house.wait(lambda: house.queue.job(ids[0]).waiting != "", "a reason")
    return ids


def fall_silent(house: House, share: Share) -> None:
    """Let the share stall under what runs on it, until it has not answered for too long."""
    house.let_look()
    share.stall()
    share.is_asked.clear()
    pass_time(house, LOOK_S)
    assert share.is_asked.wait(HANG_S)
    pass_time(house, SILENT_S)


def hung(house: House, share: Share, deaths: int = 0) -> int:
    """Have a job run on a share that stalls under it; so many workers have died at it before."""
    (job,) = on_nas(house, "1.iso")
    for _ in range(deaths):
        house.queue.start(job)
        house.queue.recover()
    house.begin()
    house.wait_started(job)
    house.stage.plays[job].is_deaf = True
    fall_silent(house, share)
    house.wait(lambda: house.queue.job(job).waiting != "", "a reason")
    return job


# Before they run.


def test_jobs_on_a_silent_disk_wait_with_a_reason(house: House, share: Share) -> None:
    first, second = stalled(house, share, "1.iso", "2.iso")
    reason = f"{share.folder} does not answer"
    assert [(house.state(each), house.queue.job(each).waiting) for each in (first, second)] == [(QUEUED, reason)] * 2


def test_jobs_on_other_disks_go_on_before_it_is_known_to_be_silent(house: House, share: Share) -> None:
    share.stall()
    (silent,) = on_nas(house, "1.iso")
    (other,) = house.add("usb/2.iso", parameters={"device": USB})
    house.begin()
    house.wait_started(other)
    assert house.state(silent) is QUEUED


def test_jobs_on_other_disks_go_on(house: House, share: Share) -> None:
    stalled(house, share, "1.iso")
    (other,) = house.add("usb/2.iso", parameters={"device": USB})
    house.wait_started(other)
    assert house.stage.plays[other].turn.threads == THREADS


def test_a_silent_disk_is_asked_one_thing_only(house: House, share: Share) -> None:
    stalled(house, share, *(f"{number}.iso" for number in range(20)))
    for _ in range(5):
        house.add("other.iso")
        pass_time(house, 60)
    assert share.asked == 1


def test_they_go_on_by_themselves_when_it_answers(house: House, share: Share) -> None:
    first, second = stalled(house, share, "1.iso", "2.iso")
    share.wake()
    house.wait_started(first)
    assert (house.queue.job(first).waiting, house.queue.job(second).waiting) == ("", "")
    house.stage.end(first)
    house.wait_started(second)


def test_a_slow_answer_is_taken(house: House, share: Share) -> None:
    """A disk that never answers within the loop's patience still has its jobs done."""
    share.stall()
    (job,) = on_nas(house, "1.iso")
    house.begin()
    assert share.is_asked.wait(HANG_S)
    share.wake()
    house.wait_started(job)
    assert share.asked == 1


@pytest.mark.parametrize(("action", "state"), [(Action.CANCEL, CANCELLED), (Action.PAUSE, PAUSED)])
def test_what_waits_for_an_answer_obeys(house: House, share: Share, action: Action, state: JobState) -> None:
    (job,) = stalled(house, share, "1.iso")
    house.queue.ask([job], action)
    house.let_look()
    share.wake()
    house.let_look()
    assert (house.state(job), house.stage.started) == (state, [])


def test_a_worker_that_waits_for_an_answer_is_not_idle(house: House, share: Share) -> None:
    house.idle_s = 30.0
    stalled(house, share, "1.iso")
    for _ in range(4):
        pass_time(house, 20)
    assert house.is_working


def test_a_worker_ends_in_order_while_a_disk_does_not_answer(house: House, share: Share) -> None:
    stalled(house, share, "1.iso")
    house.end()
    assert house.manager is not None
    assert house.manager.hung == 0


@pytest.mark.parametrize("kind", [TaskKind.ESTIMATE, TaskKind.SEEK])
def test_a_probe_is_not_begun_on_a_silent_disk(house: House, share: Share, kind: TaskKind) -> None:
    share.stall()
    ids = on_nas(house, "1.iso", "2.iso", "3.iso", kind=kind)
    (other,) = house.add("4.iso", kind=kind)
    house.begin()
    house.wait_started(other)
    assert house.stage.started == [other]
    house.stage.end(other)  # the tests of the lab run one at a time
    house.let_look()
    pass_time(house, SILENT_S)
    house.wait(lambda: all("does not answer" in house.queue.job(each).waiting for each in ids), "reasons")
    share.wake()
    house.wait_started(ids[0])


# While they run.


def test_a_job_that_hangs_says_why(house: House, share: Share) -> None:
    job = hung(house, share)
    assert (house.state(job), house.queue.job(job).waiting) == (RUNNING, f"{share.folder} does not answer")


def test_it_says_so_no_more_when_it_goes_on(house: House, share: Share) -> None:
    job = hung(house, share)
    share.wake()
    house.wait(lambda: house.queue.job(job).waiting == "", "no reason any more")
    house.stage.end(job)
    house.wait_state(job, DONE)


def test_its_lane_is_taken_and_the_others_are_free(house: House, share: Share) -> None:
    hung(house, share)
    (behind,) = on_nas(house, "2.iso")
    (other,) = house.add("usb/3.iso", parameters={"device": USB})
    house.wait_started(other)
    assert house.state(behind) is QUEUED
    assert house.stage.plays[other].turn.threads == THREADS


def test_a_job_that_runs_alone_does_so_only_until_it_hangs(house: House, share: Share) -> None:
    hung(house, share, deaths=2)
    (other,) = house.add("usb/3.iso", parameters={"device": USB})
    house.wait_started(other)


def test_probes_that_hang_leave_their_places_to_others(house: House, share: Share) -> None:
    ids = on_nas(house, "1.iso", "2.iso", kind=TaskKind.SCAN)
    house.begin()
    house.wait_started(*ids)
    fall_silent(house, share)
    others = house.add("3.iso", "4.iso", kind=TaskKind.ESTIMATE)
    house.wait_started(*others)


def test_a_pause_of_it_is_kept(house: House, share: Share) -> None:
    job = hung(house, share)
    house.queue.ask([job], Action.PAUSE)
    house.wait_state(job, PAUSED)


def test_a_cancel_of_it_is_kept_until_it_comes_back(house: House, share: Share) -> None:
    job = hung(house, share)
    house.queue.ask([job], Action.CANCEL)
    house.let_look()
    assert (house.state(job), house.queue.job(job).wanted) == (RUNNING, Action.CANCEL)
    share.wake()
    house.stage.plays[job].is_deaf = False
    house.wait_state(job, CANCELLED)


def end_while_hung(house: House) -> None:
    """Stop the manager; its clock is moved on until it gives up."""
    house.stop.set()

    def has_ended() -> bool:
        house.clock.now += SILENT_S
        return not house.is_working

    house.wait(has_ended, "the manager's end")
    house.join()
    assert house.manager is not None
    assert house.manager.hung == 1


def test_a_worker_leaves_what_hangs_to_the_next_one(house: House, share: Share) -> None:
    job = hung(house, share)
    end_while_hung(house)
    now = house.queue.job(job)
    assert (now.state, now.waiting) == (QUEUED, f"{share.folder} does not answer")
    assert "left behind because it hung" in house.queue.log(job)[-1]


def test_what_was_asked_of_it_holds_for_the_next_worker(house: House, share: Share) -> None:
    job = hung(house, share)
    house.queue.ask([job], Action.CANCEL)
    house.let_look()
    end_while_hung(house)
    assert house.state(job) is CANCELLED


def test_a_worker_waits_for_what_is_only_slow(house: House, share: Share, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[object] = []
    real = Stalls.all_hang

    def all_hang(stalls: Stalls, runs: Sequence[Running]) -> bool:
        looks.append(runs)
        return real(stalls, runs)

    def looks_on() -> bool:
        house.clock.now += 60
        return len(looks) > 5

    monkeypatch.setattr(Stalls, "all_hang", all_hang)
    (job,) = house.add("usb/1.iso", parameters={"device": USB})
    house.begin()
    house.wait_started(job)
    play = house.stage.plays[job]
    play.is_deaf = True
    house.stop.set()
    house.wait(looks_on, "looks around while it stops")
    assert house.is_working
    house.stage.end(job, SuspendedError())
    house.join()
    assert house.manager is not None
    assert (house.manager.hung, house.state(job)) == (0, QUEUED)


# The part of a cancelled job.


def test_a_part_is_removed_when_its_disk_answers(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    (job,) = house.add("1.iso")
    answers, asked = threading.Event(), threading.Event()
    removed: list[Path] = []

    def remove(path: Path, owner: str) -> None:
        asked.set()
        answers.wait()
        removed.append(path)

    monkeypatch.setattr(disks, "PATIENCE_S", 0.01)
    monkeypatch.setattr("discpress.engine.worker.outcomes.remove_part_of", remove)
    house.queue.save_checkpoint(job, {"output": "/nas/1.zso", "owner": part_owner(house.queue.job(job))}, b"")
    house.queue.ask([job], Action.CANCEL)
    house.begin()
    assert asked.wait(HANG_S)
    (other,) = house.add("2.iso", parameters={"device": USB})
    house.wait_started(other)
    assert house.queue.abandoned() == [job]
    answers.set()
    house.wait(lambda: not house.queue.abandoned(), "a removed part")
    assert removed == [Path("/nas/1.zso")]


# Errands.


def known(house: House, name: str, device: int) -> Path:
    path = house.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(bytes(2048))
    house.store.save_titles([Title(path, FileIdentity(1, 2048, 1), None, DiscInfo(System.PS2), device=device)])
    return path


def test_background_tasks_on_a_silent_disk_are_passed_by(house: House, share: Share) -> None:
    background_tasks = BackgroundTasks(house.store)
    silent = [known(house, f"nas/{number}.iso", NAS) for number in range(5)]
    other = known(house, "usb/other.iso", USB)
    done: list[Path] = []
    share.stall()
    background_tasks.ask([(path, EstimateTask()) for path in silent], rank=0)
    background_tasks.ask([(other, EstimateTask())], rank=10)
    house.begin(run_background_task=lambda background_task, store, threads, control: done.append(background_task.path))
    house.wait(lambda: done == [other], "the errand on the other disk")
    house.let_look()
    assert (share.asked, background_tasks.pending()) == (1, 5)
    share.wake()
    house.wait(lambda: not background_tasks.pending(), "the errands on the disk that answers")
    assert done[1:] == silent


def test_an_background_task_that_is_left_where_it_hung_is_no_death(house: House, share: Share) -> None:
    background_tasks = BackgroundTasks(house.store)
    path = known(house, "nas/1.iso", NAS)
    begun, may_end = threading.Event(), threading.Event()

    def hang(background_task: BackgroundTask, store: Store, threads: int, control: Control) -> None:
        begun.set()
        may_end.wait()

    background_tasks.ask([(path, EstimateTask())], rank=0)
    house.begin(run_background_task=hang)
    assert begun.wait(HANG_S)
    fall_silent(house, share)
    end_while_hung(house)
    may_end.set()
    background_tasks.recover()
    background_task = background_tasks.next()
    assert background_task is not None
    assert background_task.worker_deaths == 0


# The questions themselves.


PLACE = Place(Path("/nas"), NAS)


def test_a_question_gives_its_answer_or_its_error() -> None:
    def fail() -> None:
        raise OSError(5, "Input/output error")

    asked = Disks(lambda: 0.0)
    assert asked.ask(PLACE, "a", lambda: 42) == 42
    with pytest.raises(OSError, match="Input/output error"):
        asked.ask(PLACE, "b", fail)


def test_one_that_came_late_is_given_to_who_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disks, "PATIENCE_S", 0.01)
    asked = Disks(lambda: 0.0)
    may_answer, has_answered = threading.Event(), threading.Event()

    def question() -> int:
        may_answer.wait()
        has_answered.set()
        return 42

    with pytest.raises(UnansweredError):
        asked.ask(PLACE, "a", question)
    may_answer.set()
    assert has_answered.wait(HANG_S)
    while not asked.has_news():
        threading.Event().wait(0.001)
    assert asked.ask(PLACE, "b", lambda: 1) == 1
    assert asked.ask(PLACE, "a", lambda: 0) == 42


def test_the_answer_of_a_thread_that_is_left_behind_harms_nobody() -> None:
    future = asking.ask_aside(lambda: 42)
    assert not future.cancel()
    assert future.result(HANG_S) == 42

"""Several processes on one queue, and thousands of jobs: nothing is lost, done twice, or gone through again."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import HANG_S
from queue_waiting import wait_idle
from queued_jobs import order, requests
from sql_work import counted_sql

from discpress import engine
from discpress.engine.queue import cache as mirror
from discpress.engine.queue import job_rows
from discpress.engine.queue.jobs import Action, Job, JobProgress, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import BatchResult
from discpress.engine.store.rows.checked import Row
from discpress.engine.store.store import Store

pytestmark = pytest.mark.slow

ROOT = Path(engine.__file__ or "").parent.parent
CHILD = f"""
import sys
from pathlib import Path
from discpress.engine.store import schema
from discpress.engine.store.store import Store
from discpress.engine.errors import UsageError
from discpress.engine.queue.jobs import Action, JobProgress, JobRequest, JobState
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.queue.queue import JobQueue
schema.BUSY_TIMEOUT_S = {HANG_S}
def meet():
    print("ready", flush=True)
    sys.stdin.readline()
with Store(Path(sys.argv[1])) as store:
    queue = JobQueue(store)
    meet()
"""
CLAIM = """
for job in queue.jobs():
    if queue.start(job.id):
        print(job.id)
"""
ADD = """
for number in range(25):
    queue.add([JobRequest(ConvertTask(), Path(f"/games/{number}.iso"))] * 4, batch=sys.argv[2])
"""
WORK = """
while not queue.is_idle():
    for job in queue.runnable()[:20]:
        if queue.start(job.id):
            queue.save_progress([JobProgress(job.id, "packing", 1, 1)])
            queue.append_log(job.id, "packed by " + sys.argv[2])
            queue.finish(job.id, {"by": sys.argv[2], "packed_bytes": 1, "source_bytes": 2})
"""
ORDER = """
for _ in range(50):
    queue.order_by_gain()
    for job in queue.runnable()[-3:]:
        try:
            queue.move(job.id, "top")
        except UsageError:
            pass  # it was started meanwhile
"""
DIE = """
queue.start(1)
queue.save_progress([JobProgress(1, "packing", 80, 100, 80, 40)])
queue.save_checkpoint(1, {"done_bytes": 80}, b"head")
def half_done(change):
    change.start(2)
    meet()
queue._change(half_done)
"""


class Child:
    """A process with the queue open, that begins when it is let go."""

    def __init__(self, folder: Path, name: str, work: str) -> None:
        indented = "\n".join("    " + line for line in work.strip().splitlines())
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD + indented, str(folder), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.expect_ready()

    def expect_ready(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", self.process.communicate()[1]

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> list[str]:
        out, complaints = self.process.communicate()
        assert self.process.returncode == 0, complaints
        return out.split()


def run_together(folder: Path, *works: str) -> list[list[str]]:
    children = [Child(folder, str(number), work) for number, work in enumerate(works)]
    for child in children:
        child.go()
    return [child.end() for child in children]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store(folder) as store:
        yield store


@pytest.fixture
def queue(store: Store) -> JobQueue:
    return JobQueue(store)


def test_no_job_is_taken_up_twice(folder: Path, queue: JobQueue) -> None:
    ids = queue.add(requests(1000))
    claimed = [int(job_id) for found in run_together(folder, *[CLAIM] * 4) for job_id in found]
    assert sorted(claimed) == ids


def test_fronts_that_add_together_lose_nothing(folder: Path, queue: JobQueue) -> None:
    run_together(folder, *[ADD] * 4)
    jobs = queue.jobs()
    assert [job.id for job in jobs] == list(range(1, 401))
    assert len({job.position for job in jobs}) == 400
    assert {batch: [job.batch for job in jobs].count(batch) for batch in "0123"} == dict.fromkeys("0123", 100)


def _saving(queue: JobQueue) -> int:
    return sum(job.saving_bytes for job in queue.history().jobs)


def test_a_thousand_jobs_are_done_while_others_add_and_sort(folder: Path, queue: JobQueue) -> None:
    queue.add(requests(800, gain_bytes=7), batch="first")
    run_together(folder, WORK, WORK, ORDER, ADD, ADD)
    run_together(folder, WORK)
    assert queue.snapshot().totals.done == _saving(queue) == 1000
    assert {len(queue.log(job.id)) for job in queue.jobs()} == {1}
    assert queue.batch_result("first") is BatchResult.DONE


def test_a_killed_worker_leaves_whole_transactions_only(folder: Path, queue: JobQueue) -> None:
    queue.add(requests(3))
    child = Child(folder, "worker", DIE)
    child.go()
    child.expect_ready()
    child.process.kill()
    child.process.communicate()
    assert [job.state for job in queue.jobs()] == [JobState.RUNNING, JobState.QUEUED, JobState.QUEUED]
    assert queue.recover() == [1]
    job, checkpoint = queue.job(1), queue.checkpoint(1)
    assert (job.state, job.percent, job.attempts) == (JobState.QUEUED, 80, 1)
    assert checkpoint is not None
    assert (checkpoint.facts, checkpoint.head) == ({"done_bytes": 80}, b"head")


def test_waiting_sees_what_another_process_finishes(folder: Path, queue: JobQueue) -> None:
    queue.add(requests(20))
    child = Child(folder, "worker", WORK)
    child.go()
    assert wait_idle(queue, HANG_S)
    child.end()
    assert _saving(queue) == 20


def test_a_request_reaches_the_other_process(folder: Path, queue: JobQueue) -> None:
    queue.add(requests(1))
    work = """
queue.start(1)
meet()
print(*queue.wanted().values())
queue.cancelled(1)
"""
    child = Child(folder, "worker", work)
    child.go()
    child.expect_ready()
    queue.ask([1], Action.CANCEL)
    child.go()
    assert child.end() == ["cancel"]
    assert queue.snapshot().jobs[0].state is JobState.CANCELLED


def test_a_reader_that_looks_often_lets_the_log_be_emptied(store: Store, queue: JobQueue) -> None:
    """A transaction left open between looks would keep the write-ahead log growing."""
    queue.add(requests(1))
    queue.start(1)
    with Store(store.path.parent) as other:
        front = JobQueue(other)
        for done in range(3000):
            queue.save_progress([JobProgress(1, "packing", done, 3000)])
            front.snapshot()
    wal = store.path.with_name(store.path.name + "-wal")
    assert not wal.exists() or wal.stat().st_size < 6_000_000


# Many, counted: statements, and what SQLite goes through for them.

MANY = 5000
STEPS_A_JOB = 2
"""Hundreds of instructions: each job is found by its number, and none is looked for among the others."""


def test_five_thousand_jobs_are_queued_in_one_transaction(folder: Path) -> None:
    with counted_sql() as work, Store(folder) as store:
        queue = JobQueue(store)
        work.take()
        queue.add(requests(MANY))
        assert work.statements.count("BEGIN IMMEDIATE") == 1
        statements, steps = work.take()
    assert (statements <= MANY + 10, steps <= STEPS_A_JOB * MANY) == (True, True), (statements, steps)


def test_five_thousand_jobs_are_read_once(queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []

    def job_from(row: Row) -> Job:
        read.append(row)
        return real(row)

    real = job_rows.job_from
    monkeypatch.setattr(mirror, "job_from", job_from)
    queue.add(requests(MANY))
    queue.start(1)
    queue.snapshot()
    assert len(read) == MANY
    for done in range(20):
        queue.save_progress([JobProgress(1, "packing", done, MANY)])
        queue.snapshot()
    assert len(read) == MANY + 20


def test_a_look_at_an_unchanged_queue_asks_for_its_version_only(folder: Path) -> None:
    with counted_sql() as work, Store(folder) as store:
        queue = JobQueue(store)
        queue.add(requests(3))
        queue.snapshot()
        work.take()
        for _ in range(1000):
            queue.snapshot()
        assert set(work.statements) == {"PRAGMA data_version"}


def test_a_change_is_looked_for_in_few_steps(folder: Path) -> None:
    with counted_sql() as work, Store(folder) as store:
        queue = JobQueue(store)
        queue.add(requests(MANY))
        queue.start(1)
        queue.snapshot()
        work.take()
        queue.save_progress([JobProgress(1, "packing", 1, MANY)])
        queue.snapshot()
        statements, steps = work.take()
    assert (statements <= 20, steps <= MANY // 5) == (True, True), (statements, steps)


def test_five_thousand_jobs_are_cancelled_at_once(folder: Path) -> None:
    with counted_sql() as work, Store(folder) as store:
        queue = JobQueue(store)
        ids = queue.add(requests(MANY))
        work.take()
        assert queue.ask(ids, Action.CANCEL) == ids
        assert work.statements.count("BEGIN IMMEDIATE") == 1
        statements, steps = work.take()
        assert (statements <= 2 * MANY + 10, steps <= STEPS_A_JOB * MANY) == (True, True), (statements, steps)
        assert (queue.is_idle(), order(queue), queue.snapshot().totals.cancelled) == (True, [], MANY)

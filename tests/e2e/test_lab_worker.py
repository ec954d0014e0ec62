"""Tests of the lab in a real worker: beside a conversion, killed, cancelled."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CommandLine, kill_wholly, slow_to_pack, write_old
from gates import PACKING, SEEKING, Gate
from patience import HANG_S, wait_for
from queue_waiting import wait_idle
from sample_images import mixed

from discpress.engine.lab.live import read_live
from discpress.engine.lab.options import SeekOptions, ThroughputOptions
from discpress.engine.queue.jobs import Action, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.worker_process import ensure_worker
from discpress.engine.store.rows.measurement_rows import LabTest
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import stop_worker
from discpress.engine.worker.measuring.lab_job import lab_request

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024
TWO_CANDIDATES = SeekOptions((2048, 4096), duration_s=0.01, window_bytes=2 * MIB)


class Lab:
    """A state folder with its worker, and one title."""

    def __init__(self, folder: Path) -> None:
        self.gate = Gate(folder)
        self.state = folder / "state"
        self.games = folder / "games"
        self.game = write_old(self.games / "game.iso", mixed(4 * MIB, seed=3))
        self.store = Store(self.state)
        self.queue = JobQueue(self.store)

    def add(self, request: SeekOptions | ThroughputOptions) -> int:
        (job_id,) = self.queue.add([lab_request(self.game, request, "Game")])
        ensure_worker(self.state)
        return job_id

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.games.iterdir())


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    made = Lab(tmp_path)
    for name, value in made.gate.environment.items():
        monkeypatch.setenv(name, value)
    yield made
    assert stop_worker(made.state, HANG_S)
    made.store.close()


def test_the_worker_measures_and_keeps_the_lines(lab: Lab) -> None:
    seek = lab.add(SeekOptions(duration_s=0.01, window_bytes=2 * MIB))
    rates = lab.add(ThroughputOptions((2048,), (1,), sample_bytes=2 * MIB))
    assert wait_idle(lab.queue, HANG_S)
    assert [lab.queue.job(job).state for job in (seek, rates)] == [JobState.DONE] * 2
    assert len(lab.store.measurements(LabTest.SEEK)) == 4
    assert len(lab.store.measurements(LabTest.THROUGHPUT)) == 1
    assert lab.names == ["game.iso"]


def test_a_worker_that_is_killed_leaves_no_window_and_the_next_one_measures_again(lab: Lab) -> None:
    lab.gate.close(SEEKING, 1)  # at the first candidate: then there is a window
    job_id = lab.add(TWO_CANDIDATES)
    lab.gate.wait_reached()
    worker = lab.queue.worker()
    assert worker is not None
    kill_wholly(worker.pid)
    assert lab.names == ["game.iso"]
    lab.gate.open()
    ensure_worker(lab.state)
    assert wait_idle(lab.queue, HANG_S)
    assert lab.queue.job(job_id).state is JobState.DONE
    assert lab.queue.job(job_id).attempts == 2
    assert lab.names == ["game.iso"]


def test_a_test_is_cancelled_at_once(lab: Lab) -> None:
    job_id = lab.add(SeekOptions((2048,), duration_s=600.0, window_bytes=2 * MIB))
    wait_for(lambda: read_live(lab.store, job_id) is not None, "a test that runs")
    lab.queue.ask([job_id], Action.CANCEL)
    assert wait_idle(lab.queue, HANG_S)
    assert (lab.queue.job(job_id).state, lab.names) == (JobState.CANCELLED, ["game.iso"])
    assert read_live(lab.store, job_id) is None


def test_a_test_runs_beside_a_conversion_and_says_so(lab: Lab, cli: CommandLine) -> None:
    slow = write_old(lab.games / "slow.iso", slow_to_pack(8 * MIB))
    cli.gate = lab.gate
    lab.gate.close(PACKING, 4)
    cli.run("queue", "add", slow, "--target", "any", "--even-useless", "--state", lab.state)
    lab.gate.wait_reached()
    job_id = lab.add(SeekOptions((2048,), duration_s=0.01, window_bytes=2 * MIB))
    wait_for(lambda: lab.queue.job(job_id).is_over, "the end of the test")
    lab.gate.open()
    assert wait_idle(lab.queue, HANG_S)
    assert lab.queue.job(job_id).result["beside"] == 1
    assert {each.facts["beside"] for each in lab.store.measurements()} == {1}


def test_tests_are_queued_from_the_command_line(lab: Lab, cli: CommandLine) -> None:
    added = cli.run("queue", "add", "--kind", "throughput", lab.game, "--json", "--state", lab.state)
    assert (added.exit_code, added.events[0]["kind"]) == (0, "throughput")
    assert wait_idle(lab.queue, HANG_S)
    assert len(lab.store.measurements(LabTest.THROUGHPUT)) == 6

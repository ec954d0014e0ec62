"""Which jobs other machines get: those on a share that both see, when no place is free here, one for each machine."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from manager_house import House

from discpress.engine.cluster.child import LEASE_S
from discpress.engine.cluster.seen import Machine
from discpress.engine.errors import DiscpressError, SuspendedError
from discpress.engine.queue.jobs import Action, JobState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.shares.rows import LockTest
from discpress.engine.shares.shares import Shares
from discpress.engine.worker.blocked_jobs import PART_RETRY_S
from discpress.engine.worker.elsewhere.lane import MOST_LOSSES, RECORD, MachineLane
from discpress.engine.worker.turn import HeldPartError

QUEUED, RUNNING, PAUSED, DONE = JobState.QUEUED, JobState.RUNNING, JobState.PAUSED, JobState.DONE


class FakeMachines:
    """Stands in for the connection."""

    def __init__(self) -> None:
        self.seen: tuple[Machine, ...] = ()
        self.was_tried = True
        self.is_prove_only = False
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True

    def join(self) -> None:
        assert self.is_closed


class Cluster:
    """A manager with machines of our choice."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.machines = FakeMachines()
        self.connections = 0
        self.record_path = house.store.path.parent.joinpath(*RECORD)
        self.record_path.parent.mkdir(parents=True)
        self.record_path.touch()
        self.share_id = Shares(house.store.file).add(house.folder).share.share_id
        self.lane = MachineLane(house.store, iter(range(10**9)).__next__, self.connect)  # type: ignore[arg-type]

    def connect(self, _: Path) -> FakeMachines:
        self.connections += 1
        return self.machines

    def machine(self, name: str, *shares: str) -> Machine:
        return Machine(f"tls://{name}:1", name, 4, frozenset(shares or (self.share_id,)))

    def join(self, *machines: Machine) -> None:
        self.machines.seen = machines

    def begin(self, *names: str) -> list[int]:
        """Queue jobs and let the manager begin."""
        numbers = self.house.add(*names)
        self.house.begin(machines=self.lane)
        return numbers

    def place_of(self, number: int) -> str:
        """Return the machine that a started job has; empty for this one."""
        place = self.house.stage.plays[number].turn.place
        return "" if place is None else place.machine.label


@pytest.fixture
def cluster(house: House) -> Iterator[Cluster]:
    yield Cluster(house)


def test_a_free_place_here_comes_first_and_the_next_job_goes(cluster: Cluster) -> None:
    cluster.join(cluster.machine("pc"))
    first, second, third = cluster.begin("one.iso", "two.iso", "three.iso")
    cluster.house.wait_started(first, second)
    cluster.house.let_look()
    assert [cluster.place_of(number) for number in (first, second)] == ["", "pc"]
    assert cluster.house.state(third) is QUEUED


def test_each_machine_gets_one_job(cluster: Cluster) -> None:
    cluster.join(cluster.machine("pc"), cluster.machine("laptop"))
    numbers = cluster.begin("one.iso", "two.iso", "three.iso", "four.iso")
    cluster.house.wait_started(*numbers[:3])
    cluster.house.let_look()
    assert sorted(cluster.place_of(number) for number in numbers[:3]) == ["", "laptop", "pc"]
    assert cluster.house.state(numbers[3]) is QUEUED


def test_a_machine_is_free_again_after_its_job(cluster: Cluster) -> None:
    cluster.join(cluster.machine("pc"))
    first, second, third = cluster.begin("one.iso", "two.iso", "three.iso")
    cluster.house.wait_started(first, second)
    cluster.house.stage.end(second)
    cluster.house.wait_started(third)
    assert cluster.place_of(third) == "pc"


def packed(cluster: Cluster, number: int) -> None:
    """Let the machine of a job have packed it; the proof goes on here."""
    cluster.lane.note_packed(number)
    cluster.house.queue.append_log(number, "packed")


def test_a_machine_packs_the_next_title_while_the_last_one_is_proven(cluster: Cluster) -> None:
    cluster.machines.is_prove_only = True
    cluster.join(cluster.machine("pc"))
    first, second = cluster.begin("one.iso", "two.iso")
    cluster.house.wait_started(first)
    packed(cluster, first)
    cluster.house.wait_started(second)
    assert cluster.place_of(second) == "pc"


def test_results_that_wait_for_their_proof_do_not_pile_up(cluster: Cluster) -> None:
    cluster.machines.is_prove_only = True
    cluster.join(cluster.machine("pc"))
    first, second, third = cluster.begin("one.iso", "two.iso", "three.iso")
    for number in (first, second):
        cluster.house.wait_started(number)
        packed(cluster, number)
    cluster.house.let_look()
    assert cluster.house.state(third) is QUEUED
    cluster.house.stage.end(first)
    cluster.house.wait_started(third)


def test_a_machine_that_does_not_see_the_share_gets_nothing(cluster: Cluster) -> None:
    cluster.join(cluster.machine("pc", "f" * 32))
    first, second = cluster.begin("one.iso", "two.iso")
    cluster.house.wait_started(first)
    cluster.house.let_look()
    assert cluster.house.state(second) is QUEUED


def test_only_conversions_go(cluster: Cluster) -> None:
    cluster.machines.is_prove_only = True
    cluster.join(cluster.machine("pc"))
    (number,) = cluster.house.add("one.iso", kind=TaskKind.VERIFY)
    cluster.house.begin(machines=cluster.lane)
    cluster.house.wait_started(number)
    assert cluster.place_of(number) == ""


def test_a_machine_that_only_proves_packs_nothing_that_another_one_can(cluster: Cluster) -> None:
    cluster.machines.is_prove_only = True
    cluster.join(cluster.machine("pc"))
    first, second = cluster.begin("one.iso", "two.iso")
    cluster.house.wait_started(first)
    cluster.house.let_look()
    assert cluster.place_of(first) == "pc"
    assert cluster.house.state(second) is QUEUED


def test_a_machine_that_only_proves_packs_if_no_other_one_is_there(cluster: Cluster) -> None:
    cluster.machines.is_prove_only = True
    (number,) = cluster.begin("one.iso")
    cluster.house.wait_started(number)
    assert cluster.place_of(number) == ""


def test_it_waits_for_the_first_answer_of_the_cluster(cluster: Cluster) -> None:
    cluster.machines.is_prove_only, cluster.machines.was_tried, cluster.house.idle_s = True, False, 0
    (number,) = cluster.begin("one.iso")
    cluster.house.let_look()
    assert cluster.house.stage.started == []
    cluster.join(cluster.machine("pc"))
    cluster.machines.was_tried = True
    cluster.house.wait_started(number)
    assert cluster.place_of(number) == "pc"


def test_a_job_that_has_to_stay_is_started_here(cluster: Cluster) -> None:
    cluster.machines.is_prove_only = True
    cluster.join(cluster.machine("pc"))
    (number,) = cluster.begin("one.iso")
    cluster.house.wait_started(number)
    cluster.lane.keep_here(number)
    cluster.house.stage.end(number, SuspendedError())
    cluster.house.wait(lambda: cluster.place_of(number) == "", "a start on this machine")


def test_a_job_that_lost_many_machines_stays_here(cluster: Cluster) -> None:
    cluster.machines.is_prove_only = True
    cluster.join(cluster.machine("pc"))
    for _ in range(MOST_LOSSES - 1):
        cluster.lane.note_loss(1)
    (number,) = cluster.begin("one.iso")
    cluster.house.wait_started(number)
    assert (number, cluster.place_of(number)) == (1, "pc")
    cluster.lane.note_loss(1)
    cluster.house.stage.end(number, SuspendedError())
    cluster.house.wait(lambda: cluster.place_of(number) == "", "a start on this machine")


def test_a_job_whose_part_is_held_leaves_its_disk_to_others(cluster: Cluster) -> None:
    house = cluster.house
    first, second = cluster.begin("one.iso", "two.iso")
    house.wait_started(first)
    house.stage.end(first, HeldPartError())
    house.wait_started(second)
    assert house.state(first) is QUEUED
    assert house.queue.job(first).waiting == "another machine still holds the part; next try in 15 s"


def test_a_part_that_is_held_is_tried_after_the_lease_of_a_lost_owner(cluster: Cluster) -> None:
    house = cluster.house
    (number,) = cluster.begin("one.iso")
    house.wait_started(number)
    house.stage.end(number, HeldPartError())
    house.wait(lambda: bool(house.queue.job(number).waiting), "a reason")
    house.clock.now += LEASE_S - 1
    house.let_look()
    assert house.stage.started == [number]
    house.clock.now += 1
    house.wait(lambda: house.stage.started == [number] * 2, "the next try")


def test_a_job_goes_again_to_the_machine_that_holds_its_part(cluster: Cluster) -> None:
    house = cluster.house
    cluster.machines.is_prove_only = True
    cluster.join(replace(cluster.machine("pc"), threads=1), cluster.machine("nas"))
    (number,) = cluster.begin("one.iso")
    house.wait_started(number)
    assert cluster.place_of(number) == "nas"
    house.queue.set_machine(number, "pc")
    house.stage.end(number, HeldPartError())
    house.wait(lambda: bool(house.queue.job(number).waiting), "a reason")
    house.clock.now += PART_RETRY_S
    house.wait(lambda: cluster.place_of(number) == "pc", "a start on the machine that holds the part")


def test_a_machine_whose_result_was_refused_gets_no_more_titles(cluster: Cluster) -> None:
    cluster.machines.is_prove_only = True
    bad = cluster.machine("pc")
    cluster.join(bad, cluster.machine("nas"))
    first, second = cluster.begin("one.iso", "two.iso")
    cluster.house.wait_started(first, second)
    cluster.lane.bar(bad)
    for number in (first, second):
        cluster.house.stage.end(number)
    third, fourth = cluster.house.add("three.iso", "four.iso")
    cluster.house.wait_started(third)
    cluster.house.let_look()
    assert (cluster.place_of(third), cluster.house.state(fourth)) == ("nas", QUEUED)


def test_a_machine_that_was_barred_before_this_worker_started_gets_no_titles(cluster: Cluster) -> None:
    cluster.machines.is_prove_only = True
    cluster.join(replace(cluster.machine("pc"), is_barred=True))
    (number,) = cluster.begin("one.iso")
    cluster.house.wait_started(number)
    assert cluster.place_of(number) == ""


def test_a_machine_that_was_barred_gets_titles_when_it_joins_again(cluster: Cluster) -> None:
    cluster.machines.is_prove_only = True
    bad = cluster.machine("pc")
    cluster.join(bad)
    cluster.lane.bar(bad)
    (first,) = cluster.begin("one.iso")
    cluster.house.wait_started(first)
    assert cluster.place_of(first) == ""
    cluster.join(replace(bad, address="tls://pc:2"))
    (second,) = cluster.house.add("two.iso")
    cluster.house.wait_started(second)
    assert cluster.place_of(second) == "pc"


def test_the_locks_of_a_machine_are_tested_anew_when_it_comes_back(cluster: Cluster) -> None:
    pc, test = cluster.machine("pc"), LockTest(cluster.share_id, "pc", True, True, 1.0)
    cluster.join(pc)
    cluster.lane.look()
    cluster.lane.lock_tests[pc.address, cluster.share_id] = test
    cluster.join(pc, cluster.machine("nas"))
    cluster.lane.look()
    assert list(cluster.lane.lock_tests.values()) == [test]
    cluster.join(cluster.machine("nas"))
    cluster.lane.look()
    assert cluster.lane.lock_tests == {}


def test_a_paused_job_leaves_its_machine_to_the_next_title(cluster: Cluster) -> None:
    cluster.machines.is_prove_only = True
    cluster.join(cluster.machine("pc"))
    first, second = cluster.begin("one.iso", "two.iso")
    cluster.house.wait_started(first)
    cluster.house.queue.ask([first], Action.PAUSE)
    cluster.house.wait_started(second)
    assert cluster.place_of(second) == "pc"
    assert cluster.house.state(first) is PAUSED


def test_a_job_that_was_paused_elsewhere_starts_again(cluster: Cluster) -> None:
    cluster.machines.is_prove_only = True
    cluster.join(cluster.machine("pc"))
    (number,) = cluster.begin("one.iso")
    cluster.house.wait_started(number)
    cluster.house.queue.ask([number], Action.PAUSE)
    cluster.house.wait_state(number, PAUSED)
    cluster.house.queue.ask([number], Action.RESUME)
    cluster.house.wait(lambda: cluster.house.stage.started == [number] * 2, "a second start")
    cluster.house.wait_state(number, RUNNING)
    cluster.house.stage.end(number)
    cluster.house.wait_state(number, DONE)


def test_a_cluster_that_ends_is_left(cluster: Cluster) -> None:
    cluster.join(cluster.machine("pc"))
    (number,) = cluster.begin("one.iso")
    cluster.house.wait_started(number)
    cluster.record_path.unlink()
    cluster.house.wait(lambda: cluster.machines.is_closed, "the end of the connection")
    assert not cluster.lane


def test_without_a_cluster_nothing_is_connected(cluster: Cluster) -> None:
    cluster.record_path.unlink()
    (number,) = cluster.begin("one.iso")
    cluster.house.wait_started(number)
    cluster.house.let_look()
    assert cluster.connections == 0


def test_a_failure_elsewhere_is_that_of_the_job(cluster: Cluster) -> None:
    cluster.machines.is_prove_only = True
    cluster.join(replace(cluster.machine("pc"), threads=1))
    (number,) = cluster.begin("one.iso")
    cluster.house.wait_started(number)
    cluster.house.stage.end(number, DiscpressError("pc: no"))
    cluster.house.wait_state(number, JobState.FAILED)

"""A queue on two machines: real processes that see one folder under two paths."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster_house import PACKED, ClusterHouse, running_cluster
from command_line import MIB, slow_to_pack, write_old
from fault_injection import run_conversion
from gates import PACKING
from killed_cluster import ClusterKills

from discpress.engine.queue.jobs import Action, JobState

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterHouse]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as house:
        yield house


@pytest.mark.slow
def test_a_title_is_packed_on_another_machine_as_it_would_be_on_this_one(house: ClusterHouse, tmp_path: Path) -> None:
    image = slow_to_pack(2 * MIB, 1)
    write_old(house.real / "game.iso", image)
    (number,) = house.add(house.seen / "game.iso")
    house.start_worker()
    job = house.wait_for_job(number)
    alone = write_old(tmp_path / "game.iso", image)
    run_conversion(alone, level=PACKED.level, target=PACKED.target)
    assert (job.state, job.machine) == (JobState.DONE, "pc"), house.log(number)
    assert (house.real / "game.zso").read_bytes() == alone.with_suffix(".zso").read_bytes()
    assert house.leftovers() == []


def begun_elsewhere(house: ClusterHouse, name: str, seed: int) -> int:
    """Queue a title and wait until the other machine holds in the midst of it; return the job."""
    write_old(house.real / name, slow_to_pack(2 * MIB, seed))
    house.gate.close(PACKING, 1)
    (number,) = house.add(house.seen / name)
    house.start_worker()
    house.wait(house.gate.is_reached, "the machine to pack")
    return number


def test_a_paused_title_stands_still_on_the_other_machine_and_goes_on(house: ClusterHouse) -> None:
    number = begun_elsewhere(house, "paused.iso", seed=2)
    house.queue.ask([number], Action.PAUSE)
    assert house.wait_for_job(number, JobState.PAUSED).state is JobState.PAUSED
    house.gate.open()
    house.queue.ask([number], Action.RESUME)
    job = house.wait_for_job(number)
    assert (job.state, job.machine) == (JobState.DONE, "pc"), house.log(number)


def test_a_cancelled_title_leaves_nothing_behind(house: ClusterHouse) -> None:
    number = begun_elsewhere(house, "cancelled.iso", seed=3)
    house.queue.ask([number], Action.CANCEL)
    assert house.wait_for_job(number, JobState.CANCELLED).state is JobState.CANCELLED
    house.gate.open()
    assert house.leftovers() == []
    assert not (house.real / "cancelled.zso").exists()


@pytest.mark.slow
def test_nothing_is_lost_or_done_twice_at_a_random_point_for_each_process(house: ClusterHouse) -> None:
    seed = int(os.environ.get("DISCPRESS_SEED", secrets.randbits(32)))
    print(f"DISCPRESS_SEED={seed}")
    tally = ClusterKills(house, seed).run(3)
    assert tally.wrong == [], f"DISCPRESS_SEED={seed}"
    assert (len(tally.points), tally.elsewhere) == (3, 3), f"DISCPRESS_SEED={seed}"

"""A queue on two machines: real processes that see one folder under two paths."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster_house import PACKED, ClusterHouse, running_cluster
from command_line import MIB, slow_to_pack, write_old
from fault_injection import run_conversion

from discpress.engine.queue.jobs import JobState

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterHouse]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as house:
        yield house


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

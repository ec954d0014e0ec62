"""Titles stay on this machine if that is faster; each machine is measured once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from command_line import MIB
from sample_images import mixed, write_image

from discpress.engine.cluster.owner import Machines
from discpress.engine.cluster.payload import Payload
from discpress.engine.cluster.seen import Machine
from discpress.engine.convert.checkpoint import maker_of
from discpress.engine.convert.plan import ConversionPlan, plan_image
from discpress.engine.errors import ShareError
from discpress.engine.images.open import open_image
from discpress.engine.measure.placement import Speeds
from discpress.engine.measure.speeds import Measured
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.request import ConversionRequest
from discpress.engine.shares.fingerprint import Fingerprint
from discpress.engine.shares.paths import SharePath
from discpress.engine.store.store import Store
from discpress.engine.worker.elsewhere.lane import MachineLane, RemotePlace
from discpress.engine.worker.elsewhere.worth import reason_to_stay
from discpress.engine.worker.turn import Turn

FAST = Speeds("pc", 1e12, 1e12, 1e12, 1e12)
SLOW_LINK = replace(FAST, read_rate=10.0)
REQUEST = ConversionRequest(level=1, target="any")


class OtherMachine:
    """Stands for the connection to a machine with known speeds."""

    def __init__(self, speeds: Speeds) -> None:
        self.speeds = speeds
        self.asked = 0

    def measure(self, _machine: Machine, _payload: Payload, _check: object) -> Measured:
        self.asked += 1
        return Measured(self.speeds, 0.5)


class Desk:
    """A queue with titles, and the question for the first one."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.store = store
        self.queue = JobQueue(store)
        self.lane = MachineLane(store)
        self.path = write_image(folder / "game.iso", mixed(MIB))
        paths = [self.path, *(folder / f"other {number}.iso" for number in range(3))]
        self.jobs = self.queue.add(JobRequest(ConvertTask(REQUEST), path) for path in paths)
        self.queue.start(self.jobs[0])

    def plan(self) -> ConversionPlan:
        with open_image(self.path) as image:
            return plan_image(image, REQUEST)

    def payload(self, plan: ConversionPlan) -> Payload:
        share_id = "ab" * 16
        return Payload(
            "task",
            SharePath(share_id, "game.iso"),
            Fingerprint.of(self.path),
            SharePath(share_id, "game.zso"),
            REQUEST,
            maker_of(plan),
            plan.original_bytes,
            None,
            None,
        )

    def ask(self, other: OtherMachine, address: str = "tls://a:1") -> str:
        machine = Machine(address, "pc", 1, frozenset())
        place = RemotePlace(machine, cast(Machines, other), self.lane)
        job = self.queue.job(self.jobs[0])
        turn = Turn(job, self.queue, self.store, 1, Control(), Progress(), place)
        plan = self.plan()
        return reason_to_stay(turn, place, plan, self.payload(plan))

    @property
    def log(self) -> list[str]:
        return self.queue.log(self.jobs[0])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Store(tmp_path / "state") as store:
        yield Desk(tmp_path, store)


def test_a_faster_machine_gets_the_title_and_the_log_says_so(desk: Desk) -> None:
    assert desk.ask(OtherMachine(FAST)) == ""
    assert "pc packs it: ready in" in desk.log[-1]
    assert "finish the queue" in desk.log[-1]


def test_a_title_behind_a_slow_link_stays_here(desk: Desk) -> None:
    reason = desk.ask(OtherMachine(SLOW_LINK))
    assert reason.startswith("local is faster: this machine would finish the queue in")
    assert reason.endswith("because it reads the share at 10 B/s")


def test_each_machine_is_measured_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    other = OtherMachine(FAST)
    desk.ask(other)

    def again(*_all: Any, **_options: Any) -> Measured:
        raise AssertionError("this machine was measured again")

    monkeypatch.setattr("discpress.engine.worker.elsewhere.worth.measured", again)
    desk.ask(other)
    assert other.asked == 1


def test_a_machine_that_joins_again_is_measured_again(desk: Desk) -> None:
    other = OtherMachine(FAST)
    desk.ask(other)
    desk.ask(other, "tls://a:2")
    assert other.asked == 2


def test_an_owner_that_only_proves_measures_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MachineLane, "is_prove_only", True)
    other = OtherMachine(SLOW_LINK)
    assert (desk.ask(other), other.asked) == ("", 0)


def test_a_source_that_changed_meanwhile_is_not_measured(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    payload = Desk.payload

    def changed(self: Desk, plan: ConversionPlan) -> Payload:
        return replace(payload(self, plan), seen=Fingerprint(1, 2, "ab"))

    monkeypatch.setattr(Desk, "payload", changed)
    with pytest.raises(ShareError, match="sees another file"):
        desk.ask(OtherMachine(FAST))

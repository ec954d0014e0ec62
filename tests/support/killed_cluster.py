"""Machine, scheduler and owner killed at random points of one title after the other, from a seed."""

import random
import signal
from dataclasses import dataclass, field
from pathlib import Path

from cluster_house import PACKED, ClusterHouse
from command_line import MIB, slow_to_pack, write_old
from fault_injection import run_conversion
from gates import PACKING, READING

from discpress.engine.queue.jobs import JobState

CHUNKS = 3
OWNER, MACHINE, SCHEDULER = "owner", "machine", "scheduler"
_VICTIMS = (MACHINE, SCHEDULER, OWNER)


@dataclass
class Tally:
    """What was tried, and what came of it."""

    points: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    elsewhere: int = 0
    """Titles that another machine began."""


class ClusterKills:
    """A running cluster, in which one process after the other is killed."""

    def __init__(self, house: ClusterHouse, seed: int) -> None:
        self.house = house
        self.random = random.Random(seed)
        self.tally = Tally()
        self.image = slow_to_pack(CHUNKS * MIB, seed=3)
        self.undisturbed = self._packed_alone(house.folder / "alone")

    def _packed_alone(self, folder: Path) -> bytes:
        folder.mkdir()
        path = write_old(folder / "game.iso", self.image)
        run_conversion(path, level=PACKED.level, target=PACKED.target)
        return path.with_suffix(".zso").read_bytes()

    def run(self, points: int) -> Tally:
        """Take turns until so many processes were killed."""
        victims = [_VICTIMS[number % len(_VICTIMS)] for number in range(points)]
        self.random.shuffle(victims)
        for number, victim in enumerate(victims):
            self.round(number, victim)
        return self.tally

    def round(self, number: int, victim: str) -> None:
        """Convert one title; kill a process on the way."""
        house, name = self.house, f"game {number}"
        write_old(house.real / f"{name}.iso", self.image)
        stage, place = self.random.choice((PACKING, READING)), self.random.randrange(CHUNKS)
        where = f"{number}: {victim} at chunk {place} of {stage}"
        house.start_worker()
        house.wait_until_seen()
        house.gate.close(stage, place)
        (job_id,) = house.add(house.seen / f"{name}.iso")
        house.wait(house.gate.is_reached, where)
        self.kill(victim)
        self.tally.points.append(where)
        house.gate.open()
        self.revive(victim)
        job = house.wait_for_job(job_id)
        result = house.real / f"{name}.zso"
        if job.state is not JobState.DONE or not result.exists() or result.read_bytes() != self.undisturbed:
            self.tally.wrong.append(f"{where}: {job.state} {job.error_message}\n{house.log(job_id)}")
        if leftovers := house.leftovers():
            self.tally.wrong.append(f"{where}: left {leftovers}")
        if (count := self.published(house.seen / f"{name}.zso")) != 1:
            self.tally.wrong.append(f"{where}: published {count} times")
        if (house.real / f"{name}.iso").read_bytes() != self.image:
            self.tally.wrong.append(f"{where}: the source has changed")
        self.tally.elsewhere += "packed on pc" in house.log(job_id)

    def kill(self, victim: str) -> None:
        """Kill one of the processes."""
        house = self.house
        process = {OWNER: house.worker, MACHINE: house.machine, SCHEDULER: house.scheduler}[victim]
        assert process is not None
        # Machine and scheduler may also be asked to end: then they say so.
        process.kill(signal.SIGKILL if victim == OWNER else self.random.choice((signal.SIGKILL, signal.SIGTERM)))

    def revive(self, victim: str) -> None:
        """Start the killed process again; a machine that lost its scheduler joins by itself."""
        house = self.house
        if victim == OWNER:
            house.start_worker()
        elif victim == MACHINE:
            house.start_machine("pc")
        elif house.machine is not None:
            machine, admissions = house.machine, len(house.machine.events("joined"))
            house.start_scheduler()
            house.wait(lambda: len(machine.events("joined")) > admissions, "the machine to be admitted again")

    def published(self, path: Path) -> int:
        """Return how often the journal records a result."""
        entries = self.house.store.journal_entries()
        return sum(entry.kind == "published" and entry.payload.get("output") == str(path) for entry in entries)

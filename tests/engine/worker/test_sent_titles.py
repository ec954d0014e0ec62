"""Titles that another machine packs: what the queue records, and what it does if the machine or its result fails."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from command_line import MIB, write_old
from patience import wait_for
from sample_images import mixed, read_back
from xxhash import xxh3_128

from discpress.engine.cluster.claim import claim_path_of, claimed
from discpress.engine.cluster.owner import Machines, RemoteError
from discpress.engine.cluster.packing import pack
from discpress.engine.cluster.payload import Payload, checkpoint_json, packed_json, packed_of
from discpress.engine.cluster.seen import Machine
from discpress.engine.convert.checkpoint import Checkpoint
from discpress.engine.convert.elsewhere import Packed
from discpress.engine.convert.part.name import part_path_of
from discpress.engine.convert.part.part import PartFile
from discpress.engine.errors import SuspendedError
from discpress.engine.images.open import open_image
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.jobs import Job, JobRequest
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.record_digests import decode_whole, save_decoded
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.request import ConversionRequest
from discpress.engine.shares.rows import LocalShare, LockTest
from discpress.engine.shares.shares import Shares
from discpress.engine.store.digests import Digests
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.store import Store
from discpress.engine.system.disk_probe import Disks
from discpress.engine.system.files import identity_at
from discpress.engine.worker.blocked_jobs import Waits
from discpress.engine.worker.checkpoint_store import JobCheckpointStore
from discpress.engine.worker.elsewhere.lane import MachineLane, RemotePlace
from discpress.engine.worker.outcomes import Endings
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.turn import HeldPartError, Outcome, Turn, part_owner

DATA = mixed(3 * MIB)
PC = Machine("tls://pc:1", "pc", 1, frozenset())


class OtherMachine:
    """Packs in this process what a machine of the cluster would pack."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.change: Callable[[Packed], Packed] = lambda packed: packed
        self.source_path: Path | None = None
        self.error: Exception | None = None
        self.barred: list[str] = []

    def bar(self, machine: Machine) -> None:
        self.barred.append(machine.label)

    def test_locks(self, machine: Machine, share: LocalShare) -> LockTest:
        return LockTest(share.share_id, machine.label, True, True, 1.0)

    def pack(self, _machine: Machine, payload: Payload, _wish: object, on_report: Callable[[Any], object]) -> Packed:
        if self.error is not None:
            raise self.error
        source, output = self.source_path or self.folder / payload.source.path, self.folder / payload.output.path

        def report(checkpoint: Checkpoint) -> None:
            on_report({"checkpoint": checkpoint_json(checkpoint)})

        found = pack(payload, source, output, 1, Control(), Progress(), report)
        return self.change(packed_of(json.loads(json.dumps(packed_json(found)))))


class Desk:
    """An owner that only proves, one title, and one other machine."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.store = store
        self.queue = JobQueue(store)
        self.folder = folder / "share"
        self.folder.mkdir()
        Shares(store.file).add(self.folder)
        self.source_path = write_old(self.folder / "game.iso", DATA)
        self.output_path = self.folder / "game.zso"
        self.lane = MachineLane(store)
        self.machine = OtherMachine(self.folder)
        self.number = 0

    def add(self, **request: object) -> int:
        wanted = ConversionRequest(level=1, target="any", **request)  # type: ignore[arg-type]
        (self.number,) = self.queue.add([JobRequest(ConvertTask(wanted), self.source_path, force=True)])
        return self.number

    @property
    def job(self) -> Job:
        return self.queue.job(self.number)

    def turn(self, *, is_elsewhere: bool = True) -> Turn:
        """Return what a started title works with."""
        place = RemotePlace(PC, cast(Machines, self.machine), self.lane) if is_elsewhere else None
        return Turn(self.job, self.queue, self.store, 1, Control(), Progress(), place)

    def run(self, *, is_elsewhere: bool = True) -> Outcome:
        """Run the title once, on the other machine or here."""
        assert self.queue.start(self.number)
        try:
            return run_job(self.turn(is_elsewhere=is_elsewhere))
        except SuspendedError:
            self.queue.suspend(self.number)
            raise

    def misread(self) -> None:
        """Let the other machine read one wrong byte."""
        facts = self.source_path.stat()
        path = self.folder.parent / "misread.iso"
        path.write_bytes(DATA[:-1] + bytes([DATA[-1] ^ 1]))
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        self.machine.source_path = path

    def digests(self, path: Path) -> list[Digests]:
        return self.store.digests.of(path, FileIdentity.at(path))

    @property
    def is_resumable(self) -> bool:
        return JobCheckpointStore(self.queue, self.number).load() is not None

    @property
    def leftovers(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*.discpress-part*"))

    @property
    def log(self) -> str:
        return "\n".join(self.queue.log(self.number))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(MachineLane, "is_prove_only", True)
    with Store(tmp_path / "state") as store:
        yield Desk(tmp_path, store)


def test_a_title_that_another_machine_packed_names_it(desk: Desk) -> None:
    desk.add()
    assert desk.run().result["machine"] == "pc"
    assert desk.output_path.exists()


def test_a_title_waits_in_the_queue_while_a_lost_machine_holds_its_part(desk: Desk) -> None:
    desk.add()
    desk.machine.error = SuspendedError()
    with pytest.raises(SuspendedError):
        desk.run()
    source = identity_at(desk.source_path)
    with claimed(desk.output_path, part_owner(desk.job), desk.source_path, source), pytest.raises(HeldPartError):
        desk.run(is_elsewhere=False)
    assert desk.run(is_elsewhere=False).result.get("machine") is None
    assert not claim_path_of(desk.output_path).exists()


def test_a_part_that_an_earlier_start_still_writes_is_no_lost_machine(desk: Desk) -> None:
    desk.add()
    desk.queue.start(desk.number)
    desk.queue.set_machine(desk.number, "nas")
    desk.queue.suspend(desk.number)
    desk.machine.error = RemoteError("pc", {"code": "part", "message": "another start of it runs"})
    with pytest.raises(HeldPartError):
        desk.run()
    assert desk.job.machine == "nas"
    assert "lost" not in desk.log


def test_after_a_refused_result_nothing_names_or_keeps_what_the_machine_made(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add()
    desk.machine.change = spoiled(desk)
    begun: list[bool] = []
    real = PartFile.start_again

    def start_again(part: PartFile) -> None:
        begun.append(desk.is_resumable or claim_path_of(desk.output_path).exists())
        real(part)

    monkeypatch.setattr(PartFile, "start_again", start_again)
    outcome = desk.run()
    assert begun == [False]
    assert "machine" not in outcome.result
    assert desk.job.machine == ""
    assert read_back(desk.output_path) == DATA
    assert "pc gets no more titles until it joins again" in desk.log
    assert desk.machine.barred == ["pc"]


def test_an_original_is_not_moved_for_a_result_of_bytes_that_it_does_not_have(desk: Desk) -> None:
    desk.add(trash_source=True, accept_incomplete=True)
    desk.misread()
    with pytest.raises(SuspendedError):
        desk.run()
    assert desk.source_path.read_bytes() == DATA
    assert "pc has read other bytes than this machine" in desk.log
    assert "pc gets no more titles until it joins again" in desk.log
    desk.run(is_elsewhere=False)
    assert read_back(desk.output_path) == DATA
    assert not desk.source_path.exists()
    assert desk.leftovers == []


def test_a_source_that_was_decoded_before_is_not_read_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_image(desk.source_path) as image:
        found = decode_whole(image, 1, Control(), Progress()).decoded
    assert found is not None
    save_decoded(desk.store, desk.source_path, found)
    monkeypatch.setattr("discpress.engine.worker.elsewhere.sending.digest_image", None)
    desk.add(trash_source=True, accept_incomplete=True)
    assert desk.run().result["machine"] == "pc"
    assert not desk.source_path.exists()


def test_a_machine_that_reads_other_bytes_than_were_read_before_is_refused(desk: Desk) -> None:
    with open_image(desk.source_path) as image:
        found = decode_whole(image, 1, Control(), Progress()).decoded
    assert found is not None
    save_decoded(desk.store, desk.source_path, found)
    desk.misread()
    desk.add()
    with pytest.raises(SuspendedError):
        desk.run()
    assert "pc has read other bytes than this machine" in desk.log


def test_what_only_another_machine_has_read_is_not_recorded_of_the_source(desk: Desk) -> None:
    desk.misread()
    desk.add()
    desk.run()
    assert desk.digests(desk.source_path) == []
    assert len(desk.digests(desk.output_path)) == 1


def test_a_source_that_was_compared_keeps_its_digests_in_the_trash(desk: Desk) -> None:
    desk.add(trash_source=True, accept_incomplete=True)
    trashed = desk.run().result["trashed"]
    (found,) = desk.store.digests.of(desk.source_path, FileIdentity.at(Path(str(trashed))))
    assert found.xxh3 == xxh3_128(DATA).hexdigest()


def test_a_title_cancelled_while_it_is_paused_leaves_neither_part_nor_claim(desk: Desk) -> None:
    desk.add()
    desk.queue.start(desk.number)
    turn = desk.turn()
    desk.machine.change = lambda packed: suspended(turn, packed)
    with pytest.raises(SuspendedError):
        run_job(turn)
    assert len(desk.leftovers) == 2
    disks = Disks(lambda: 0.0)
    Endings(desk.queue, Waits(desk.queue, lambda: 0.0, disks), disks).clear(desk.job)
    wait_for(lambda: not desk.leftovers, "an empty folder")


def spoiled(desk: Desk) -> Callable[[Packed], Packed]:
    """Let a byte of the part change after the other machine has written it."""

    def spoil(packed: Packed) -> Packed:
        with part_path_of(desk.output_path).open("r+b") as part:
            part.seek(packed.part_bytes // 2)
            old = part.read(1)
            part.seek(packed.part_bytes // 2)
            part.write(bytes([old[0] ^ 1]))
        return packed

    return spoil


def suspended(turn: Turn, packed: Packed) -> Packed:
    """Let a run be suspended as soon as the other machine has packed."""
    turn.control.suspend()
    return packed

"""The real worker on a share that hangs: other disks go on, the worker can be stopped, and nothing is lost."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import stalled_share
from command_line import MIB, CommandLine, Running, slow_to_pack, write_old
from gates import PACKING
from patience import HANG_S, wait_for
from queue_waiting import wait_idle
from sample_images import mixed, read_back
from stalled_share import StalledShare

from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import stop_worker

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(bool(stalled_share.why_not()), reason=stalled_share.why_not() or "it can be had"),
]


@pytest.fixture
def share(tmp_path: Path) -> Iterator[StalledShare]:
    with StalledShare(tmp_path / "behind", tmp_path / "nas") as share:
        yield share


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_share_that_hangs_holds_up_nothing_else_and_loses_nothing(
    cli: CommandLine, share: StalledShare, tmp_path: Path
) -> None:
    slow, quick = slow_to_pack(40 * MIB, seed=5), mixed(MIB, seed=6)
    on_share, beside = write_old(share.mount / "nas.iso", slow), write_old(cli.folder / "local.iso", quick)
    state_folder = cli.home / "state" / "discpress"
    state_folder.mkdir(parents=True, mode=0o700)
    with Store(state_folder) as store:
        queue = JobQueue(store)
        gate = cli.close_gate(PACKING, 4)
        assert cli.run("queue", "add", "-l", "12", "--target", "any", "--even-useless", on_share).exit_code == 0
        gate.wait_reached()
        share.stall()
        gate.open()
        queue_beside = cli.run("queue", "add", "-l", "1", "--target", "any", beside)
        assert queue_beside.exit_code == 0, queue_beside.text
        wait_for(lambda: queue.job(2).state is JobState.DONE, "the job on the other disk")
        wait_for(lambda: queue.job(1).waiting == f"{share.mount} does not answer", "the reason")
        stopped = cli.run("queue", "stop")
        assert stopped.exit_code == 0, stopped.text
        assert f"{share.mount} does not answer" in stopped.text
        assert queue.job(1).state is JobState.QUEUED
        assert names_in(tmp_path / "behind") == ["nas.iso", "nas.zso.discpress-part"]
        assert cli.run("queue", "resume", "all").exit_code == 0  # a new worker, which finds the share as it is
        wait_for(lambda: "does not answer" in queue.job(1).waiting, "the reason again")
        share.wake()
        assert wait_idle(queue, HANG_S)
        assert [queue.job(number).state for number in (1, 2)] == [JobState.DONE] * 2, queue.log(1)
        assert stop_worker(state_folder, HANG_S)
    assert (read_back(on_share.with_suffix(".zso")), on_share.read_bytes()) == (slow, slow)
    assert names_in(tmp_path / "behind") == ["nas.iso", "nas.zso"]


@pytest.mark.parametrize(
    "command", [("info",), ("convert",), ("queue", "add"), ("verify", "-r"), ("trash", "list")], ids=" ".join
)
def test_a_command_on_a_share_that_hangs_says_what_it_waits_for_and_can_be_ended(
    cli: CommandLine, share: StalledShare, command: tuple[str, ...]
) -> None:
    game = write_old(share.mount / "nas.iso", mixed(MIB, seed=7))
    share.stall()
    named = share.mount if command[0] == "trash" else game
    running = cli.start(*command, named)
    said = first_note(running)
    running.process.send_signal(signal.SIGINT)
    assert running.finish().exit_code == 128 + signal.SIGINT
    expected = f"discpress: note: {named}: its disk does not answer; waiting for it. Press Ctrl-C to stop\n"
    assert said == expected


def test_a_command_goes_on_when_the_share_answers(cli: CommandLine, share: StalledShare) -> None:
    game = write_old(share.mount / "nas.iso", mixed(MIB, seed=7))
    share.stall()
    running = cli.start("info", game)
    first_note(running)
    share.wake()
    assert running.finish().exit_code == 0


def first_note(running: Running) -> str:
    assert running.process.stderr is not None
    return running.process.stderr.readline().decode()

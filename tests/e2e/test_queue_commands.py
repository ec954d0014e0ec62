"""`discpress queue` with a real worker: it starts, goes on alone, is stopped, killed and replaced."""

import contextlib
import json
import os
import pty
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine, Running, kill_wholly, write_old
from gates import PACKING
from patience import HANG_S, wait_for

from discpress.engine.queue.queue import JobQueue
from discpress.engine.store.store import Store

pytestmark = pytest.mark.e2e

SETTINGS = ("-l", "12", "--target", "any")
MOST_BYTES_A_REDRAW = 1250
"""Half of what may be sent a second: it is redrawn at most twice a second."""


class Queue:
    """The queue of one home, as its commands show it, and its worker."""

    def __init__(self, cli: CommandLine) -> None:
        self._cli = cli
        self.part_path = cli.folder / "game.zso.discpress-part"
        self.stop_path = cli.home / "state" / "discpress" / "worker.stop"

    def jobs(self) -> list[dict[str, Any]]:
        return [event for event in self._listed() if event["event"] == "job"]

    def state(self) -> str:
        """Where the first job stands."""
        state: str = self.jobs()[0]["state"]
        return state

    def worker_pid(self) -> int | None:
        """The process that is alive; None where there is none. A killed one is replaced by looking."""
        facts = self._listed()[-1]
        return facts["worker_pid"] if facts["worker_alive"] else None

    def _listed(self) -> list[dict[str, Any]]:
        return [event for event in self._cli.run("queue", "list", "--json").events if event["event"] != "notice"]

    def begin(self, *, is_held: bool = False) -> int:
        """Queue the slow game, freeze its worker (SIGSTOP) amid packing, and return the worker's process.

        With `is_held` it goes no further once it is thawed, so that it obeys before the job is done.
        """
        write_old(self._cli.folder / "game.iso", (self._cli.home / "game.iso").read_bytes())
        gate = self._cli.close_gate(PACKING, 8)
        assert self._cli.run("queue", "add", *SETTINGS, "--even-useless", "game.iso").exit_code == 0
        gate.wait_reached()
        pid = self._pid_in_store()
        os.kill(pid, signal.SIGSTOP)
        if not is_held:
            gate.open()
        return pid

    def go_on(self) -> None:
        """Hold nothing any more."""
        assert self._cli.gate is not None
        self._cli.gate.open()

    def _pid_in_store(self) -> int:
        with Store(self._cli.home / "state" / "discpress") as store:
            worker = JobQueue(store).worker()
        assert worker is not None
        return worker.pid

    def result(self) -> bytes:
        return (self._cli.folder / "game.zso").read_bytes()

    def stop_at_a_chunk(self, pid: int) -> None:
        """Let `queue stop` meet the frozen worker before it has finished."""
        stopping = self._cli.start("queue", "stop")
        wait_for(self.stop_path.exists, "the wish to stop")
        thaw(pid)
        assert stopping.finish().exit_code == 0
        self.go_on()


@pytest.fixture
def queue(cli: CommandLine, slow_image: bytes) -> Iterator[Queue]:
    (cli.home / "game.iso").write_bytes(slow_image)
    yield Queue(cli)
    cli.run("queue", "cancel", "all")
    assert cli.run("queue", "stop").exit_code == 0


def thaw(pid: int) -> None:
    os.kill(pid, signal.SIGCONT)


def test_what_is_queued_is_done(cli: CommandLine, queue: Queue, undisturbed: bytes) -> None:
    thaw(queue.begin())
    assert cli.run("queue", "wait").exit_code == 0
    assert queue.result() == undisturbed


def test_add_returns_before_the_job_is_done(cli: CommandLine, queue: Queue, slow_image: bytes) -> None:
    write_old(cli.folder / "game.iso", slow_image)
    cli.close_gate(PACKING, 0)
    assert cli.run("queue", "add", *SETTINGS, "game.iso").exit_code == 0
    assert queue.worker_pid() is not None
    assert queue.state() in {"queued", "running"}


@pytest.mark.usefixtures("queue")
def test_wait_tells_of_a_failure(cli: CommandLine) -> None:
    write_old(cli.folder / "small.iso", os.urandom(100_000))
    assert cli.run("convert", "--target", "any", "small.iso").exit_code == 0
    (cli.folder / "small.zso").write_bytes((cli.folder / "small.zso").read_bytes()[:-4096])
    cli.run("queue", "add", "--kind", "verify", "small.zso")
    done = cli.run("queue", "wait", "--json")
    assert (done.exit_code, done.events[0]["error_code"], done.last["result"]) == (1, "damaged", "failed")


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize(("options", "left"), [((), ["noise.iso"]), (("--even-useless",), ["noise.iso", "noise.zso"])])
def test_what_would_not_shrink_is_skipped_unless_forced(
    options: tuple[str, ...], left: list[str], cli: CommandLine
) -> None:
    write_old(cli.folder / "noise.iso", os.urandom(1_000_000))
    cli.run("queue", "add", "--target", "any", "noise.iso", *options)
    assert (cli.run("queue", "wait").exit_code, cli.names()) == (0, left)


@pytest.mark.parametrize("kind", ["verify", "estimate", "doctor", "scan"])
def test_every_kind_is_done(kind: str, cli: CommandLine, queue: Queue) -> None:
    path = write_old(cli.folder / "small.iso", bytes(1_000_000))
    cli.run("queue", "add", "--kind", kind, cli.folder if kind == "scan" else path)
    assert cli.run("queue", "wait").exit_code == 0
    assert [(job["kind"], job["state"]) for job in queue.jobs()] == [(kind, "done")]


def test_a_running_job_pauses_and_goes_on(cli: CommandLine, queue: Queue, undisturbed: bytes) -> None:
    pid = queue.begin(is_held=True)
    assert b"pausing" in cli.run("queue", "pause", "all").stdout
    thaw(pid)
    wait_for(lambda: queue.state() == "paused", "a paused job")
    queue.go_on()
    assert cli.run("queue", "wait").exit_code == 1
    cli.run("queue", "resume", "all")
    assert cli.run("queue", "wait").exit_code == 0
    assert queue.result() == undisturbed


def test_a_cancelled_job_leaves_nothing(cli: CommandLine, queue: Queue) -> None:
    pid = queue.begin(is_held=True)
    cli.run("queue", "cancel", "1")
    thaw(pid)
    assert cli.run("queue", "wait").exit_code == 1
    assert (queue.state(), cli.names()) == ("cancelled", ["game.iso"])


def test_a_job_cancelled_after_a_stop_leaves_nothing(cli: CommandLine, queue: Queue) -> None:
    queue.stop_at_a_chunk(queue.begin(is_held=True))
    assert queue.part_path.exists()
    cli.run("queue", "cancel", "1")
    wait_for(lambda: not queue.part_path.exists(), "a removed part")


def test_stop_keeps_the_job_for_later(cli: CommandLine, queue: Queue, undisturbed: bytes) -> None:
    queue.stop_at_a_chunk(queue.begin(is_held=True))
    assert (queue.worker_pid(), queue.state()) == (None, "queued")
    cli.run("queue", "resume", "all")
    assert cli.run("queue", "wait").exit_code == 0
    assert queue.result() == undisturbed


def test_wait_ends_when_the_worker_is_stopped(cli: CommandLine, queue: Queue) -> None:
    pid = queue.begin(is_held=True)
    waiting, pieces = on_a_terminal(cli, "queue", "wait")
    said = next(pieces)
    queue.stop_at_a_chunk(pid)
    said += b"".join(pieces)
    assert (waiting.finish().exit_code, b"the worker was stopped" in said) == (1, True)


@pytest.mark.parametrize("command", ["wait", "watch"])
def test_a_worker_killed_under_it_is_replaced(command: str, cli: CommandLine, queue: Queue, undisturbed: bytes) -> None:
    killed = queue.begin()
    following, pieces = on_a_terminal(cli, "queue", command)
    next(pieces)
    kill_wholly(killed)
    b"".join(pieces)
    assert (following.finish().exit_code, queue.result() == undisturbed) == (0, True)
    assert queue.worker_pid() not in {None, killed}


def test_a_killed_worker_is_replaced_by_the_next_command(cli: CommandLine, queue: Queue, undisturbed: bytes) -> None:
    kill_wholly(queue.begin())
    cli.run("queue", "list")
    assert cli.run("queue", "wait").exit_code == 0
    assert queue.result() == undisturbed


@pytest.mark.parametrize(("name", "exit_code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_ends_the_view_and_not_the_jobs(name: str, exit_code: int, cli: CommandLine, queue: Queue) -> None:
    pid = queue.begin()
    watching = cli.start("queue", "watch", "--json")
    assert watching.process.stdout is not None
    watching.process.stdout.readline()
    watching.process.send_signal(getattr(signal, name))
    assert watching.finish().exit_code == exit_code
    thaw(pid)
    assert cli.run("queue", "wait").exit_code == 0


def test_watch_reports_until_all_is_done(cli: CommandLine, queue: Queue) -> None:
    pid = queue.begin()
    watching = cli.start("queue", "watch", "--json")
    assert watching.process.stdout is not None
    first = json.loads(watching.process.stdout.readline())
    thaw(pid)
    last = watching.finish().last
    assert (first["event"], first["state"], last["event"], last["done"]) == ("job", "running", "queue", 1)


def on_a_terminal(cli: CommandLine, *arguments: str) -> tuple[Running, Iterator[bytes]]:
    """Start a command on a terminal of its own; return it and what it sends."""
    leader, follower = pty.openpty()
    running = cli.start(*arguments, stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)

    def pieces() -> Iterator[bytes]:
        with contextlib.suppress(OSError):  # Linux: the last writer has gone
            while piece := os.read(leader, 65536):
                yield piece
        os.close(leader)

    return running, pieces()


def test_watch_on_a_terminal_gives_the_cursor_back(cli: CommandLine, queue: Queue) -> None:
    thaw(queue.begin())
    running, pieces = on_a_terminal(cli, "queue", "watch")
    said = b"".join(pieces)
    assert running.finish().exit_code == 0
    assert said.rindex(b"\x1b[?25h") > said.rindex(b"\x1b[?25l")


def test_watch_on_a_terminal_sends_little(cli: CommandLine, queue: Queue) -> None:
    pid = queue.begin()
    running, pieces = on_a_terminal(cli, "queue", "watch")
    said = next(pieces)
    thaw(pid)
    said += b"".join(pieces)
    redraws = said.count(b"game.iso")
    assert (running.finish().exit_code, redraws > 0) == (0, True)
    assert len(said) < 2000 + MOST_BYTES_A_REDRAW * redraws


def test_the_service_starts_the_worker(cli: CommandLine, queue: Queue, undisturbed: bytes) -> None:
    queue.stop_at_a_chunk(queue.begin(is_held=True))
    unit: str = cli.run("queue", "service", "--json").last["unit"]
    command = next(line for line in unit.splitlines() if line.startswith("ExecStart=")).partition("=")[2]
    process = subprocess.Popen(shlex.split(command), env=cli.environment, cwd="/")
    wait_for(lambda: queue.worker_pid() == process.pid, "the service's worker")
    assert cli.run("queue", "wait").exit_code == 0
    cli.run("queue", "stop")
    assert (process.wait(HANG_S), queue.result() == undisturbed) == (0, True)


def test_history_counts_no_saving_for_an_original_that_is_kept(
    cli: CommandLine, queue: Queue, slow_image: bytes
) -> None:
    thaw(queue.begin())
    cli.run("queue", "wait")
    total = cli.run("history", "--json").last
    figures = (total["source_bytes"], total["packed_bytes"], total["saved_bytes"])
    assert figures == (len(slow_image), len(queue.result()), 0)


def test_the_settings_of_a_title_reach_the_result(cli: CommandLine, queue: Queue, image: bytes) -> None:
    path: Path = write_old(cli.folder / "game.iso", image)
    cli.run("scan", cli.folder)
    cli.run("set", path, "--block", "4096", "--target", "any")
    cli.run("queue", "add", path)
    cli.run("queue", "wait")
    assert queue.jobs()[0]["result"]["block_size"] == 4096

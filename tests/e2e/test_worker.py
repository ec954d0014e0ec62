"""Real workers on a state folder of their own: closed terminals, signals, kills, full disks, older schemas."""

import contextlib
import errno
import os
import pty
import random
import secrets
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from command_line import MIB, CommandLine, is_gone, kill_wholly, slow_to_pack, write_old
from gates import PACKING, READING
from patience import HANG_S, wait_for
from queue_waiting import wait_idle
from sample_images import as_disc, read_back

from discpress.engine.convert.trash.listing import list_trash
from discpress.engine.queue.jobs import Action, Job, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import WorkerState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import is_worker_alive, stop_worker
from discpress.engine.worker.trash.entries import trash_request

pytestmark = pytest.mark.e2e

SETTINGS = ("-l", "12", "--target", "any")
TURNS = 3
KILLS_A_TURN = 3
MANY = 1000
HELD_CHUNK = 4
LONG_IDLE = ("--idle", "3600")


class Home:
    """One home: its commands, its queue seen from outside, its workers."""

    def __init__(self, cli: CommandLine) -> None:
        self.cli = cli
        self.folder = cli.folder
        self.state_folder = cli.home / "state" / "discpress"
        self.state_folder.mkdir(parents=True, mode=0o700)
        self.store = Store(self.state_folder)
        self.queue = JobQueue(self.store)
        self._children: list[subprocess.Popen[bytes]] = []

    def close(self) -> None:
        """End what is left of a test."""
        alive = [job.id for job in self.queue.jobs() if job.is_alive]
        self.queue.ask(alive, Action.CANCEL)
        assert stop_worker(self.state_folder, HANG_S)
        for child in self._children:
            child.kill()
            child.wait(HANG_S)
        self.store.close()

    def add(self, *arguments: str | Path) -> list[int]:
        """Queue by the command; return the numbers of the jobs."""
        done = self.cli.run("queue", "add", "--json", *SETTINGS, *arguments)
        assert done.exit_code == 0, done.text
        return [event["id"] for event in done.events if event["event"] == "queued"]

    def hold(self, *arguments: str | Path, stage: str = PACKING) -> int:
        """Queue by the command, and let a worker hold amid a stage until its gate is opened; return its process."""
        gate = self.cli.close_gate(stage, HELD_CHUNK)
        self.add("--even-useless", *arguments)  # without an estimate before
        gate.wait_reached()
        return self.worker_pid()

    def open_gate(self) -> None:
        """Let what holds go on."""
        assert self.cli.gate is not None
        self.cli.gate.open()

    def start_worker(self, *options: str, **arguments: Any) -> "subprocess.Popen[bytes]":
        """Start a worker as a child of this process, so that its end can be waited for."""
        state = str(self.state_folder)
        command = [sys.executable, "-P", "-m", "discpress.engine.worker", "--state", state, *options]
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        worker: subprocess.Popen[bytes] = subprocess.Popen(
            command, **(streams | arguments), env=self.cli.environment, cwd="/"
        )
        self._children.append(worker)
        return worker

    def job(self, number: int = 1) -> Job:
        return self.queue.job(number)

    def is_alive(self) -> bool:
        return is_worker_alive(self.state_folder)

    def worker_pid(self) -> int:
        """The worker's process, once it has said so."""
        wait_for(lambda: self._says_working() is not None, "a worker that says who it is")
        found = self._says_working()
        assert found is not None
        return found

    def _says_working(self) -> int | None:
        worker = self.queue.worker()
        return worker.pid if worker is not None and worker.state is not WorkerState.GONE and self.is_alive() else None

    def wait_idle(self) -> None:
        """Wait until nothing is queued or running."""
        assert wait_idle(self.queue, HANG_S)

    def wait_for_state(self, state: JobState, number: int = 1) -> None:
        wait_for(lambda: self.job(number).state is state, f"a job that is {state}")

    def log_of_worker(self) -> str:
        return (self.state_folder / "worker.log").read_text()


@pytest.fixture
def home(cli: CommandLine) -> Iterator[Home]:
    home = Home(cli)
    yield home
    home.close()


@pytest.fixture
def slow(home: Home, slow_image: bytes) -> Path:
    """The slow game in the working folder."""
    return write_old(home.folder / "game.iso", slow_image)


@pytest.fixture(scope="session")
def longer_image() -> bytes:
    """40 MB that pack to a quarter: more than what is left on a disk."""
    return slow_to_pack(40 * MIB, seed=77)


# The terminal.


class Terminal:
    """A shell session on a pty of its own: closing it is what a dropped SSH line does."""

    def __init__(self, home: Home) -> None:
        self.pid, self._leader = pty.fork()
        if self.pid == 0:
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            os.chdir(home.folder)
            os.execve("/bin/sh", ["sh", "-i"], {**home.cli.environment, "PATH": path_of_commands(), "PS1": "$ "})

    def type(self, line: str) -> None:
        os.write(self._leader, line.encode() + b"\n")

    def read_until(self, text: bytes) -> bytes:
        said = b""
        while text not in said:
            said += os.read(self._leader, 4096)
        return said

    def close(self) -> None:
        """Hang up, and wait for the shell's end."""
        os.close(self._leader)
        os.waitpid(self.pid, 0)


def path_of_commands() -> str:
    return f"{Path(sys.executable).parent}:{os.environ['PATH']}"


@pytest.fixture
def terminal(home: Home) -> Terminal:
    home.cli.close_gate(PACKING, 1)
    return Terminal(home)


def queue_three(home: Home, terminal: Terminal, image: bytes) -> int:
    """Queue three titles by a command on the terminal; return the worker's process, which holds amid the first."""
    for number in range(3):
        write_old(home.folder / f"{number}.iso", slow_to_pack(4 * MIB, number) + image)
    terminal.type(f"discpress queue add {' '.join(SETTINGS)} 0.iso 1.iso 2.iso; echo co''me")
    terminal.read_until(b"come\r\n")
    assert home.cli.gate is not None
    home.cli.gate.wait_reached()
    return home.worker_pid()


def test_three_titles_survive_a_closed_terminal(home: Home, terminal: Terminal, image: bytes) -> None:
    queue_three(home, terminal, image)
    terminal.close()
    home.open_gate()
    home.wait_idle()
    assert [read_back(home.folder / f"{number}.zso")[-MIB:] for number in range(3)] == [image] * 3


def test_three_titles_survive_a_hangup_of_the_whole_session(home: Home, terminal: Terminal, image: bytes) -> None:
    queue_three(home, terminal, image)
    for pid in session_of(terminal.pid):
        os.kill(pid, signal.SIGHUP)
    terminal.close()
    home.open_gate()
    home.wait_idle()
    assert [job.state for job in home.queue.jobs()] == [JobState.DONE] * 3


def session_of(leader: int) -> list[int]:
    """Every process of a session, as the system knows them."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getsid(int(path.name)) == leader:
                found.append(int(path.name))
    return found


def test_the_worker_is_no_member_of_the_session(home: Home, terminal: Terminal, image: bytes) -> None:
    pid = queue_three(home, terminal, image)
    assert os.getsid(pid) == pid
    assert pid not in session_of(terminal.pid)
    terminal.close()


def test_the_worker_has_no_descriptor_of_the_terminal(home: Home, terminal: Terminal, image: bytes) -> None:
    pid = queue_three(home, terminal, image)
    opened = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()]
    terminal.close()
    assert [path for path in opened if path.startswith(("/dev/pts", "/dev/tty"))] == []


def test_the_worker_shares_one_arena_among_its_threads(home: Home, terminal: Terminal, image: bytes) -> None:
    """Else glibc keeps memory of every job's threads: tests/bench/load.py."""
    pid = queue_three(home, terminal, image)
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    terminal.close()
    assert b"MALLOC_ARENA_MAX=1" in variables


def test_the_worker_reads_nothing_and_writes_its_log(home: Home, terminal: Terminal, image: bytes) -> None:
    pid = queue_three(home, terminal, image)
    opened = [str(Path(f"/proc/{pid}/fd/{number}").readlink()) for number in range(3)]
    terminal.close()
    log_path = str(home.state_folder / "worker.log")
    assert opened == ["/dev/null", log_path, log_path]


def test_the_worker_keeps_no_folder_busy(home: Home, terminal: Terminal, image: bytes) -> None:
    pid = queue_three(home, terminal, image)
    terminal.close()
    assert Path(f"/proc/{pid}/cwd").readlink() == Path("/")


def test_a_killed_parent_stops_nothing(home: Home, slow: Path, undisturbed: bytes) -> None:
    command = f"discpress queue add {' '.join(SETTINGS)} game.iso; echo come; read wait"
    environment = {**home.cli.environment, "PATH": path_of_commands()}
    options: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "env": environment}
    with subprocess.Popen(["/bin/sh", "-c", command], cwd=home.folder, **options) as parent:
        assert parent.stdout is not None
        assert any(line == b"come\n" for line in parent.stdout)
        os.kill(parent.pid, signal.SIGKILL)
    home.wait_idle()
    assert slow.with_suffix(".zso").read_bytes() == undisturbed


# Stopping.


def stop_in_the_middle(home: Home, number: signal.Signals = signal.SIGTERM) -> int:
    """Queue the game, and send its worker a signal amid packing; return the worker's process, which has ended."""
    pid = home.hold("game.iso")
    os.kill(pid, number)
    wait_for(lambda: is_gone(pid), "the worker's end")
    home.open_gate()
    return pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_at_the_chunk_border_with_a_checkpoint(
    number: signal.Signals, home: Home, slow: Path
) -> None:
    stop_in_the_middle(home, number)
    checkpoint = home.queue.checkpoint(1)
    assert checkpoint is not None
    assert (checkpoint.facts["done_bytes"], home.job().state) == (HELD_CHUNK * MIB, JobState.QUEUED)


def test_a_stopped_worker_says_that_it_is_gone(home: Home, slow: Path) -> None:
    stop_in_the_middle(home)
    worker = home.queue.worker()
    assert worker is not None
    assert worker.state is WorkerState.GONE


def test_the_next_worker_goes_on_from_the_checkpoint(home: Home, slow: Path, undisturbed: bytes) -> None:
    stop_in_the_middle(home)
    assert home.cli.run("queue", "resume", "all").exit_code == 0
    home.wait_idle()
    assert (home.job().attempts, slow.with_suffix(".zso").read_bytes() == undisturbed) == (2, True)


def test_a_job_pauses_at_the_chunk_border_and_stands_still(
    home: Home, slow: Path, image: bytes, undisturbed: bytes
) -> None:
    write_old(home.folder / "other.iso", image)
    home.hold("game.iso")
    home.queue.ask([1], Action.PAUSE)
    home.wait_for_state(JobState.PAUSED)
    home.open_gate()
    home.add("other.iso")
    home.wait_for_state(JobState.DONE, 2)
    assert (home.job().state, home.job().read_bytes <= HELD_CHUNK * MIB) == (JobState.PAUSED, True)
    border = block_starts(undisturbed)[HELD_CHUNK * MIB // 2048]
    # What was being packed when it was asked is still written, and nothing beyond it.
    assert slow.with_name("game.zso.discpress-part").stat().st_size <= border < len(undisturbed)


def block_starts(zso: bytes) -> list[int]:
    """The offsets of the blocks of a ZSO in blocks of 2 KiB, in bytes."""
    size, shift = int.from_bytes(zso[8:16], "little"), zso[21]
    words = struct.unpack_from(f"<{size // 2048 + 1}I", zso, 24)
    return [(word & 0x7FFFFFFF) << shift for word in words]


def test_an_idle_worker_ends_by_itself(home: Home) -> None:
    worker = home.start_worker("--idle", "0.3")
    assert worker.wait(HANG_S) == 0


def test_an_idle_worker_stays_for_its_time(home: Home) -> None:
    began = time.monotonic()
    home.start_worker("--idle", "1").wait(HANG_S)
    assert time.monotonic() - began >= 1.0


def test_a_worker_does_not_end_while_it_works(home: Home, slow: Path) -> None:
    home.add("--priority", "1", "game.iso")
    stop_worker(home.state_folder, HANG_S)
    assert home.start_worker("--idle", "0.01").wait(HANG_S) == 0
    assert home.job().state is JobState.DONE


def test_a_job_that_comes_to_an_ending_worker_is_done(home: Home, image: bytes) -> None:
    for number in range(5):
        write_old(home.folder / f"{number}.iso", image)
        worker = home.start_worker("--idle", "0.05")
        home.add(f"{number}.iso")
        home.wait_idle()
        worker.wait(HANG_S)
    assert [job.state for job in home.queue.jobs()] == [JobState.DONE] * 5


# One worker only.


def test_of_five_workers_one_stays(home: Home) -> None:
    workers = [home.start_worker(*LONG_IDLE) for _ in range(5)]
    wait_for(lambda: sum(worker.poll() is None for worker in workers) == 1, "a single worker")
    (left,) = [worker for worker in workers if worker.poll() is None]
    wait_for(lambda: home.worker_pid() == left.pid, "its word")
    assert [worker.returncode for worker in workers if worker is not left] == [0] * 4
    left.terminate()
    assert left.wait(HANG_S) == 0


def test_of_five_commands_at_once_one_starts_a_worker(home: Home, image: bytes) -> None:
    for number in range(5):
        write_old(home.folder / f"{number}.iso", image)
    adding = [home.cli.start("queue", "add", *SETTINGS, f"{number}.iso") for number in range(5)]
    assert [each.finish().exit_code for each in adding] == [0] * 5
    home.wait_idle()
    assert home.log_of_worker().count("worker begins") == 1
    assert [job.attempts for job in home.queue.jobs()] == [1] * 5


def test_two_state_folders_have_a_worker_each(home: Home, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir(mode=0o700)
    first = home.start_worker(*LONG_IDLE)
    second = home.start_worker("--state", str(tmp_path / "other"), *LONG_IDLE)
    wait_for(lambda: home.is_alive() and is_worker_alive(tmp_path / "other"), "two workers")
    assert stop_worker(home.state_folder, HANG_S)
    assert (first.wait(HANG_S), is_worker_alive(tmp_path / "other")) == (0, True)
    assert stop_worker(tmp_path / "other", HANG_S)
    assert second.wait(HANG_S) == 0


def test_the_log_of_workers_rotates(home: Home) -> None:
    log_path = home.state_folder / "worker.log"
    log_path.write_text("an old line\n" * 100_000)
    home.start_worker("--idle", "0.01").wait(HANG_S)
    assert (home.state_folder / "worker.log.1").read_text() == "an old line\n" * 100_000
    assert "worker begins" in log_path.read_text()


def test_the_log_is_nobody_elses(home: Home, image: bytes) -> None:
    write_old(home.folder / "game.iso", image)
    home.add("game.iso")
    assert (home.state_folder / "worker.log").stat().st_mode & 0o777 == 0o600


# Killed at any moment.


class Seeded:
    """Moments to kill at, from a seed that is printed: DISCPRESS_TEST_SEED repeats a run."""

    def __init__(self) -> None:
        self.seed = int(os.environ.get("DISCPRESS_TEST_SEED", secrets.randbits(32)))
        print(f"DISCPRESS_TEST_SEED={self.seed}")
        self._random = random.Random(self.seed)

    def moment(self, longest_s: float) -> float:
        return self._random.uniform(0.0, longest_s)


def kill_after(worker: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Kill a worker so long after its start; return False where it was through before."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        assert worker.wait(seconds) == 0
        return False
    worker.kill()
    worker.wait(HANG_S)
    return True


def crc32_of(path: Path) -> int:
    return zlib.crc32(read_back(path))


def holds_the_disc(folder: Path, crc32: int) -> bool:
    """Whether a file that is no part gives the disc: the source, the source in the trash, or the result."""
    candidates = [folder / "game.iso", folder / "game.zso", *folder.glob(".discpress-trash/*/*.kept")]
    return any(path.exists() and crc32_of(path) == crc32 for path in candidates)


def test_killed_at_random_moments_nothing_is_lost(home: Home, slow_image: bytes, undisturbed: bytes) -> None:
    """A moment is drawn from the time that the last undisturbed run took: only how far it gets hangs on the machine."""
    seeded = Seeded()
    crc32 = zlib.crc32(slow_image)
    run_time_s = 1.0
    for turn in range(TURNS):
        folder = home.folder / str(turn)
        write_old(folder / "game.iso", slow_image)
        trash = ("--delete-source",) if turn % 2 else ()
        (number,) = home.add(*trash, folder / "game.iso")
        stop_worker(home.state_folder, HANG_S)
        for _ in range(KILLS_A_TURN if turn else 0):
            if not kill_after(home.start_worker("--idle", "0"), seeded.moment(run_time_s)):
                break
            assert holds_the_disc(folder, crc32), f"turn {turn}: lost"
        began = time.monotonic()
        home.start_worker("--idle", "0").wait(HANG_S)
        if home.queue.ask([number], Action.RETRY):  # three in a row fail a job
            home.start_worker("--idle", "0").wait(HANG_S)
        run_time_s = time.monotonic() - began
        job = home.job(number)
        assert job.state is JobState.DONE, f"turn {turn}: {job.error_message}"
        assert (folder / "game.zso").read_bytes() == undisturbed
        left = sorted(path.name for path in folder.iterdir())
        assert left == ([".discpress-trash", "game.zso"] if trash else ["game.iso", "game.zso"])
        if trash:
            (entry,) = folder.glob(".discpress-trash/*/1.kept")
            assert entry.read_bytes() == slow_image
        shutil.rmtree(folder)


def kill_in_stage(home: Home, stage: str, *arguments: str) -> None:
    """Queue the game, and kill its worker when it holds amid a stage."""
    pid = home.hold("game.iso", *arguments, stage=stage)
    kill_wholly(pid)
    home.open_gate()


def test_a_job_that_kills_three_workers_fails_and_the_next_one_is_done(home: Home, slow: Path, image: bytes) -> None:
    """As a crash in a codec does, or the OOM killer; a retry is done as if nothing had been."""
    write_old(home.folder / "other.iso", image)
    home.hold("game.iso", "other.iso")
    assert stop_worker(home.state_folder, HANG_S)

    def is_taken_up(attempts: int) -> bool:
        return home.job().attempts > attempts

    for _ in range(3):
        before = home.job().attempts
        worker = home.start_worker("--idle", "0")
        wait_for(partial(is_taken_up, before), "a job that is taken up")
        worker.kill()
        worker.wait(HANG_S)
    home.open_gate()
    assert home.start_worker("--idle", "0").wait(HANG_S) == 0
    assert [home.job(number).state for number in (1, 2)] == [JobState.FAILED, JobState.DONE]
    assert "the worker ended 3 times while it did this" in home.job().error_message
    assert home.cli.names() == ["game.iso", "other.iso", "other.zso"]
    home.queue.ask([1], Action.RETRY)
    assert home.start_worker("--idle", "0").wait(HANG_S) == 0
    assert home.job().state is JobState.DONE


def test_a_native_crash_is_in_the_log(home: Home, slow: Path) -> None:
    pid = home.hold("game.iso")
    os.kill(pid, signal.SIGSEGV)
    wait_for(lambda: is_gone(pid), "the worker's end")
    assert "Fatal Python error: Segmentation fault" in home.log_of_worker()


@pytest.mark.parametrize("stage", [PACKING, READING])
def test_killed_in_a_stage_the_next_worker_ends_it(stage: str, home: Home, slow: Path, undisturbed: bytes) -> None:
    kill_in_stage(home, stage)
    home.cli.run("queue", "list")
    home.wait_idle()
    assert slow.with_suffix(".zso").read_bytes() == undisturbed


@pytest.mark.parametrize("stage", [PACKING, READING])
def test_a_chd_killed_in_a_stage_is_the_same(stage: str, home: Home, slow: Path) -> None:
    options = ("-f", "chd", "-m", "zlib")
    assert home.cli.run("convert", "game.iso", *SETTINGS, *options, "-o", "calm.chd").exit_code == 0
    kill_in_stage(home, stage, *options)
    home.cli.run("queue", "list")
    home.wait_idle()
    assert slow.with_suffix(".chd").read_bytes() == (home.folder / "calm.chd").read_bytes()


@pytest.mark.parametrize("command", ["watch", "wait"])
def test_a_killed_worker_has_a_successor(command: str, home: Home, slow: Path) -> None:
    killed = home.hold("game.iso")
    following = home.cli.start("queue", command, "--json")
    kill_wholly(killed)
    wait_for(home.is_alive, "a new worker")
    home.open_gate()
    assert following.finish().exit_code == 0
    assert home.job().state is JobState.DONE


def test_a_job_cancelled_after_a_kill_leaves_no_part(home: Home, slow: Path) -> None:
    pid = home.hold("game.iso")
    assert slow.with_name("game.zso.discpress-part").exists()
    kill_wholly(pid)
    home.open_gate()
    home.cli.run("queue", "cancel", "1")
    home.cli.run("queue", "resume", "all")
    home.start_worker("--idle", "0").wait(HANG_S)
    wait_for(lambda: not home.is_alive() or home.job().is_over, "the job's end")
    stop_worker(home.state_folder, HANG_S)
    assert (home.job().state, home.cli.names()) == (JobState.CANCELLED, ["game.iso"])


# Many at once.


def test_two_fronts_and_a_command_line_share_a_queue(home: Home, image: bytes) -> None:
    for number in range(6):
        write_old(home.folder / f"{number}.iso", image)
    fronts = [home.cli.start("queue", "watch", "--json") for _ in range(2)]
    home.add(*(f"{number}.iso" for number in range(6)))
    fronts += [home.cli.start("queue", "watch", "--json") for _ in range(2)]
    home.cli.run("queue", "pause", "6")
    home.cli.run("queue", "resume", "6")
    home.wait_idle()
    assert [front.finish().exit_code for front in fronts] == [0] * 4
    assert [job.state for job in home.queue.jobs()] == [JobState.DONE] * 6


@pytest.fixture
def thousand(home: Home) -> Home:
    """A folder of a thousand tiny titles."""
    (home.folder / "many").mkdir()
    for number in range(MANY):
        (home.folder / "many" / f"{number:04}.iso").write_bytes(as_disc(b"%04d" % number * 512 * 17))
    return home


def test_a_thousand_jobs_are_added_listed_and_cancelled(thousand: Home, slow: Path) -> None:
    """Behind a game that is under way."""
    thousand.hold("--priority", "9", "game.iso")
    assert len(thousand.add("-r", "many")) == MANY
    listed = thousand.cli.run("queue", "list", "--json").events
    assert sum(event["event"] == "job" for event in listed) == MANY + 1
    assert thousand.cli.run("queue", "cancel", "all").exit_code == 0
    assert not [job for job in thousand.queue.jobs() if job.is_alive and not job.wanted]


def test_a_thousand_tiny_titles_are_all_answered(thousand: Home) -> None:
    assert thousand.cli.run("queue", "add", "--kind", "verify", "-r", "many").exit_code == 0
    thousand.wait_idle()
    assert thousand.queue.snapshot().totals.done == MANY


# No room.


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 600 MB; the preflight leaves 6 MB of it free."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600m", "discpress-test", folder], capture_output=True
    )
    if mounting.returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True, capture_output=True)


def hog(disk: Path, leave_bytes: int) -> Path:
    """Fill a disk but for so much, and return the file that does; a worker may be writing there meanwhile."""
    path = disk / "hog"

    def fill() -> bool:
        facts = os.statvfs(disk)
        try:
            os.posix_fallocate(file.fileno(), 0, facts.f_bavail * facts.f_frsize - leave_bytes)
        except OSError as error:
            assert error.errno == errno.ENOSPC
            file.truncate(0)
            return False
        return True

    with path.open("ab") as file:
        wait_for(fill, "a disk that is full")
    return path


def test_a_full_disk_makes_the_queue_wait_until_there_is_room(
    home: Home, longer_image: bytes, small_disk: Path
) -> None:
    write_old(small_disk / "game.iso", longer_image)
    hog_path = hog(small_disk, 8 * MIB)
    home.add(small_disk / "game.iso")
    wait_for(lambda: home.queue.snapshot().waiting_reason != "", "a queue that waits for room")
    assert "of free space" in home.job().waiting
    hog_path.unlink()
    home.wait_idle()
    assert (home.job().state, home.queue.snapshot().waiting_reason) == (JobState.DONE, "")


def test_wait_tells_of_a_full_disk(home: Home, longer_image: bytes, small_disk: Path) -> None:
    write_old(small_disk / "game.iso", longer_image)
    hog_path = hog(small_disk, 8 * MIB)
    home.add(small_disk / "game.iso")
    wait_for(lambda: home.queue.snapshot().waiting_reason != "", "a queue that waits for room")
    assert home.cli.run("queue", "wait").exit_code == 4
    hog_path.unlink()


def test_a_disk_that_fills_up_in_the_middle_gets_room_again(
    home: Home, longer_image: bytes, small_disk: Path, tmp_path: Path
) -> None:
    write_old(small_disk / "game.iso", longer_image)
    home.hold(small_disk / "game.iso")
    hog_path = hog(small_disk, 2 * MIB)
    home.open_gate()
    wait_for(lambda: home.queue.snapshot().waiting_reason != "", "a queue that waits for room")
    assert (home.job().state, (small_disk / "game.zso.discpress-part").exists()) == (JobState.QUEUED, True)
    hog_path.unlink()
    home.wait_idle()
    assert home.job().state is JobState.DONE
    assert read_back(small_disk / "game.zso") == longer_image


# A worker of an older schema.

MIGRATING = """
import sys
from pathlib import Path
from discpress.engine.store.migrations import MIGRATIONS
from discpress.engine.convert.trash.listing import list_trash
from discpress.engine.store.store import Store
NEWER = (*MIGRATIONS, ("CREATE TABLE of_the_future (one INTEGER)",))
with Store(Path(sys.argv[1]), migrations=NEWER) as store:
    store.file.run(lambda connection: connection.execute("SELECT * FROM of_the_future"))
"""


def migrate(home: Home) -> "subprocess.CompletedProcess[bytes]":
    """Open the state file as a newer discpress does."""
    return subprocess.run([sys.executable, "-P", "-c", MIGRATING, home.state_folder], capture_output=True)


def test_an_older_worker_is_stopped_before_a_migration(home: Home, slow: Path) -> None:
    pid = home.hold("game.iso")
    home.store.close()
    done = migrate(home)
    assert (done.returncode, done.stderr) == (0, b"")
    wait_for(lambda: is_gone(pid), "the end of the older worker")  # it gives its lock back a little before
    assert "worker ends: a stop was requested" in home.log_of_worker()
    home.store = Store(home.state_folder, migrations=newer_schema())
    home.queue = JobQueue(home.store)
    assert (home.job().state, home.queue.checkpoint(1) is not None) == (JobState.QUEUED, True)


def newer_schema() -> Any:
    from discpress.engine.store.migrations import MIGRATIONS

    return (*MIGRATIONS, ("CREATE TABLE of_the_future (one INTEGER)",))


def test_without_a_worker_a_migration_needs_nobody(home: Home) -> None:
    home.store.close()
    assert migrate(home).returncode == 0
    home.store = Store(home.state_folder, migrations=newer_schema())
    home.queue = JobQueue(home.store)
    assert home.queue.jobs() == []


def test_a_worker_that_does_not_stop_prevents_a_migration(home: Home, slow: Path) -> None:
    pid = home.hold("game.iso")
    os.kill(pid, signal.SIGSTOP)
    with hurried_stop() as open_newer:
        refusal = open_newer(home.state_folder)
    os.kill(pid, signal.SIGCONT)
    assert "did not stop" in refusal


@contextlib.contextmanager
def hurried_stop() -> Iterator[Callable[[Path], str]]:
    """Open a newer store in this process with little patience; give the message of its refusal."""
    from discpress.engine.errors import StoreError
    from discpress.engine.store import statefile

    def open_newer(folder: Path) -> str:
        try:
            Store(folder, migrations=newer_schema()).close()
        except StoreError as error:
            return str(error)
        return ""

    with mock.patch.object(statefile, "stop_worker", partial(stop_worker, timeout_s=0.1)):
        yield open_newer


# The trash.


def test_a_worker_purges_an_original_for_good(home: Home, game: Path) -> None:
    assert home.cli.run("convert", "--delete-source", game).exit_code == 0
    (entry,) = (item.entry for item in list_trash([home.folder]).items)
    home.queue.add([trash_request(TaskKind.PURGE, [entry])])
    assert home.start_worker("--idle", "0").wait(HANG_S) == 0
    assert (home.job().state, home.cli.names()) == (JobState.DONE, ["game.zso"])


def test_a_worker_empties_the_trash_of_what_is_old_if_the_settings_ask_for_it(home: Home, game: Path) -> None:
    assert home.cli.run("convert", "--delete-source", game).exit_code == 0
    (entry,) = (item.entry for item in list_trash([home.folder]).items)
    described = entry.folder / "entry.json"
    described.write_text(described.read_text().replace(entry.trashed_at, "2026-01-01T00:00:00+00:00"))
    config = Path(home.cli.environment["XDG_CONFIG_HOME"]) / "discpress" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f'folders = ["{home.folder}"]\ntrash_days = 7\n')
    assert home.start_worker("--idle", "0").wait(HANG_S) == 0
    assert (home.job().state, home.cli.names()) == (JobState.DONE, ["game.zso"])

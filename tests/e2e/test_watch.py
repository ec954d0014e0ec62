"""A watched folder under real workers: images that arrive in odd ways are converted, each once."""

import fcntl
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CommandLine, Running
from patience import HANG_S, wait_for
from sample_images import GOLDEN

from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import is_worker_alive, stop_worker

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

DISC = (GOLDEN / "ps2.iso").read_bytes()


def disc(number: int) -> bytes:
    """Return a disc that no other number has."""
    return DISC + number.to_bytes(4, "little").ljust(2048, b"\0")


def is_locked(path: Path) -> bool:
    """Return whether another process holds a lock file."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


class Watched:
    """A watched folder and the queue of its home."""

    def __init__(self, cli: CommandLine) -> None:
        self.cli = cli
        self.folder = cli.folder / "[/b]"
        self.folder.mkdir(parents=True)
        self.state_folder = cli.home / "state" / "discpress"
        self.set_rule("")

    def set_rule(self, lines: str) -> None:
        settings = self.cli.home / "config" / "discpress" / "config.toml"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(f'[[watch]]\nfolder = "{self.folder}"\nevery = 1\n{lines}')

    def run_worker(self) -> Running:
        running = self.cli.start("queue", "run")
        wait_for(lambda: is_worker_alive(self.state_folder), "the worker")
        return running

    def jobs(self) -> list[Job]:
        with Store(self.state_folder) as store:
            return JobQueue(store).jobs()

    def are_done(self, *names: str) -> bool:
        done = {job.path.name for job in self.jobs() if job.state is JobState.DONE}
        return set(names) <= done


@pytest.fixture
def watched(cli: CommandLine) -> Iterator[Watched]:
    found = Watched(cli)
    yield found
    stop_worker(found.state_folder, HANG_S)


def test_ten_images_that_arrive_in_odd_ways_are_converted_once_each(watched: Watched) -> None:
    folder = watched.folder
    names = [f"Okami [t-en by {number}] [red].iso" for number in range(10)]
    (folder / names[0]).write_bytes(disc(0))  # before anybody watches
    (folder / "Half.iso").write_bytes(disc(99)[:200_000])  # it never grows
    worker = watched.run_worker()
    wait_for(lambda: watched.are_done(names[0]), "the image that was there")

    part = folder / f"{names[1]}.part"  # renamed into place
    part.write_bytes(disc(1))
    part.rename(folder / names[1])
    for number in (2, 3):  # two at once
        (folder / names[number]).write_bytes(disc(number))
    with (folder / names[4]).open("wb") as slow:  # a slow copy
        data = disc(4)
        slow.write(data[:300_000])
        slow.flush()
        wait_for(lambda: watched.are_done(*names[1:4]), "the images beside a slow copy")
        assert not any(job.path.name == names[4] for job in watched.jobs()), "taken while it was written"
        slow.write(data[300_000:])
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / names[5]).write_bytes(disc(5))
    wait_for(lambda: watched.are_done(*names[4:6]), "the slow copy, and an image in a folder")

    worker.process.send_signal(signal.SIGTERM)  # a restart in between
    assert worker.finish().exit_code == 0
    for number in (6, 7):
        (folder / names[number]).write_bytes(disc(number))
    worker = watched.run_worker()
    (folder / names[8]).write_bytes(disc(8))
    sparse = folder / names[9]  # preallocated, then filled
    with sparse.open("wb") as file:
        file.truncate(len(disc(9)))
        file.write(disc(9))
    wait_for(lambda: watched.are_done(*names), "all images")

    worker.process.send_signal(signal.SIGTERM)
    assert worker.finish().exit_code == 0
    jobs = watched.jobs()
    assert sorted(job.path.name for job in jobs) == sorted(names), "each once, and nothing else"
    assert len(list(folder.rglob("*.zso"))) == len(names)
    assert (folder / "Half.iso").exists()


def test_once_looks_twice_waits_for_the_jobs_and_ends(watched: Watched) -> None:
    watched.set_rule('originals = "trash"\nmin_saving = 5\n')
    (watched.folder / "One.iso").write_bytes(disc(1))
    said = watched.cli.run("watch", "--once", "--json")
    assert said.exit_code == 0
    assert [event["kind"] for event in said.events if event["event"] == "queued"] == ["estimate", "convert"]
    assert sorted(path.name for path in watched.folder.glob("*.*so")) == ["One.zso"]
    again = watched.cli.run("watch", "--once", "--json")
    assert (again.exit_code, [event["event"] for event in again.events]) == (0, ["watching"])


def test_only_one_process_watches(watched: Watched) -> None:
    worker = watched.run_worker()
    wait_for(lambda: is_locked(watched.state_folder / "watch.lock"), "the watch")
    said = watched.cli.run("watch", "--once")
    assert said.exit_code == 2
    assert "another discpress watches" in said.text
    worker.process.send_signal(signal.SIGTERM)
    assert worker.finish().exit_code == 0


def test_ctrl_c_ends_a_watch_and_leaves_its_jobs_to_the_worker(watched: Watched) -> None:
    (watched.folder / "One.iso").write_bytes(disc(1))
    running = watched.cli.start("watch")
    wait_for(lambda: bool(watched.jobs()), "a job")
    running.process.send_signal(signal.SIGINT)
    said = running.finish()
    assert said.exit_code == 130
    assert "Traceback" not in said.text
    wait_for(lambda: watched.are_done("One.iso"), "the conversion")

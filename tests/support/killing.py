"""Processes killed (SIGKILL) at random points of what they do to a title, and what is missing afterwards."""

import contextlib
import random
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from app_pty import AppPty
from command_line import MIB, CommandLine, slow_to_pack, write_old
from nintendo_discs import small_disc
from patience import HANG_S, wait_for
from sample_images import mixed, read_back

from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.listing import entries_in, find_half_undone
from discpress.engine.errors import WorkerEndedError
from discpress.engine.formats import ImageFormat, Method
from discpress.engine.queue.jobs import Action, JobRequest, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import ConvertTask, VerifyTask
from discpress.engine.queue.worker_process import ensure_worker
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.store.migrations import MIGRATIONS
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import stop_worker
from discpress.engine.worker.trash.entries import trash_request

OLD_RESULT = b"an older result"
WISHES = {
    "zso": ConversionRequest(level=12, target="any"),
    "chd": ConversionRequest(
        format=ImageFormat.CHD, methods=(Method.ZSTD, Method.ZLIB), block_size=16384, level=12, target="any"
    ),
    "rvz": ConversionRequest(format=ImageFormat.RVZ, level=19, target="any"),
    "wbfs": ConversionRequest(format=ImageFormat.WBFS, target="any"),
}
"""By format of the result: what takes long enough to be killed in."""
OF_GAMECUBE = {"rvz", "wbfs"}
"""Formats of GameCube discs: the image is one, and the app makes an RVZ of it."""
FIRST_QUEUE_SCHEMA = 2
"""The oldest schema that has a queue."""
_LONGEST_START_S = 0.7
_APP_STEPS = (("2 titles", "c"), ("read ", "enter"), ("done so far", "q"))


@dataclass
class Tally:
    """What was tried, and what came of it."""

    points: int = 0
    rounds: int = 0
    given_up: int = 0
    """Jobs that failed because three workers in a row were killed at them; retried."""
    stages: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def count(self, stage: str) -> None:
        """Count a kill."""
        self.points += 1
        self.stages[stage] = self.stages.get(stage, 0) + 1


class Killing:
    """One home and one image, on which processes are killed again and again."""

    def __init__(
        self,
        folder: Path,
        mib: int,
        seed: int,
        most_points: int,
        *,
        image_format: str = "zso",
        most_kills: int = 6,
        first_round: int = 0,
    ) -> None:
        """`most_kills` are those of one job; the rounds begin with `first_round`."""
        self.format = image_format
        self.cli = CommandLine(folder / "work")
        self.state_folder = self.cli.home / "state" / "discpress"
        self.state_folder.mkdir(parents=True, mode=0o700)
        self.store = Store(self.state_folder)
        self.queue = JobQueue(self.store)
        self.image = slow_to_pack((mib - 1) * MIB, seed=7) + mixed(MIB, seed=7)
        if self.format in OF_GAMECUBE:
            self.image = small_disc()[:0x400] + self.image[0x400:]
        self.crc32 = zlib.crc32(self.image)
        self.random = random.Random(seed)
        self.most_points = most_points
        self.most_kills = most_kills
        self.first_round = first_round
        self.tally = Tally()
        calm = write_old(self.cli.folder / "calm" / "game.iso", self.image)
        self.add(calm)
        began = time.monotonic()
        self.start_worker().wait(HANG_S)
        self.longest_s = time.monotonic() - began
        self.undisturbed = calm.with_suffix(f".{self.format}").read_bytes()
        shutil.rmtree(calm.parent)

    @property
    def kinds(self) -> Sequence[Callable[[int], None]]:
        """The rounds that take turns: each gets its number."""
        title = self.title_round
        return (title, title, title, self.app_round, self.migration_round)

    def run(self) -> Tally:
        """Take turns until so many points were tried."""
        while self.tally.points < self.most_points:
            number = self.first_round + self.tally.rounds
            self.tally.rounds += 1
            self.kinds[number % len(self.kinds)](number)
        self.store.close()
        return self.tally

    @property
    def is_enough(self) -> bool:
        """Whether all points were tried."""
        return self.tally.points >= self.most_points

    def title_round(self, number: int) -> None:
        """Convert one title, verify it, undo or purge it, in a worker that is killed until it gets through."""
        folder = self.cli.folder / str(number)
        write_old(folder / "game.iso", self.image)
        is_trashing, is_replacing = number % 2 == 1, number % 3 == 2
        if is_replacing:
            write_old(folder / f"game.{self.format}", OLD_RESULT)
        job_id = self.add(folder / "game.iso", is_trashing=is_trashing, is_replacing=is_replacing)
        where = f"round {number}"
        self.finish_job(job_id, where, lambda place: self.check(folder, place))
        self.check_result(folder, where, is_replacing)
        (verify_id,) = self.queue.add([JobRequest(VerifyTask(), folder / f"game.{self.format}")])
        self.finish_job(verify_id, where, lambda place: self.check(folder, place))
        if is_trashing and number % 4 == 1:
            self.purge(folder, where)
        elif is_trashing:
            self.undo(folder / "game.iso", self.image, where, lambda place: self.check(folder, place))
        shutil.rmtree(folder)

    def add(self, path: Path, *, is_trashing: bool = False, is_replacing: bool = False) -> int:
        """Queue a conversion; return the job."""
        conflict = OnConflict.OVERWRITE if is_replacing else OnConflict.ERROR
        request = replace(WISHES[self.format], trash_source=is_trashing, on_conflict=conflict)
        is_forced = self.format in OF_GAMECUBE  # a WBFS of a small image is larger
        (job_id,) = self.queue.add([JobRequest(ConvertTask(request), path, force=is_forced)])
        return job_id

    def finish_job(self, job_id: int, where: str, check: Callable[[str], None]) -> None:
        """Kill one worker after the other until the job is through, then let it end; `check` looks for losses."""
        for _ in range(self.most_kills):
            if self.is_enough or not self.kill(self.start_worker(), self.longest_s * 1.3):
                break
            job = self.queue.job(job_id)
            stage = f"{job.kind}, {job.stage or 'starting'}"
            self.tally.count(stage)
            check(f"{where}, killed in {stage}")
            if job.state is JobState.DONE:
                break
        self.start_worker().wait(HANG_S)
        if self.queue.job(job_id).error_code == WorkerEndedError.code:
            # Three in a row fail a job, whose part is gone: it is asked for again, as a user does.
            self.tally.given_up += 1
            check(f"{where}, given up")
            self.queue.ask([job_id], Action.RETRY)
            self.start_worker().wait(HANG_S)
        job = self.queue.job(job_id)
        if job.state is not JobState.DONE:
            self.tally.wrong.append(f"{where}: {job.kind} {job.state}: {job.error_message}")

    def start_worker(self) -> "subprocess.Popen[bytes]":
        """Start a worker that ends when there is nothing to do."""
        state = str(self.state_folder)
        command = [sys.executable, "-P", "-m", "discpress.engine.worker", "--state", state, "--idle", "0"]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, env=self.cli.environment, cwd="/")

    def kill(self, process: "subprocess.Popen[bytes]", longest_s: float) -> bool:
        """Kill a process at a random moment; return False where it was through before."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self.random.uniform(0.05, longest_s))
            return False
        process.kill()
        process.wait(HANG_S)
        return True

    def check(self, folder: Path, where: str) -> None:
        """Note a loss unless some file that is no part gives the disc."""
        places = (*folder.iterdir(), *folder.glob(".discpress-trash/*/*"))
        candidates = [path for path in places if path.suffix in {".iso", ".zso", ".kept", f".{self.format}"}]
        if not any(self.gives_the_disc(path) for path in candidates):
            self.tally.lost.append(where)

    def gives_the_disc(self, path: Path) -> bool:
        """Return whether a file decodes to the image."""
        try:
            return zlib.crc32(read_back(path)) == self.crc32
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not the disc
            return False

    def check_result(self, folder: Path, where: str, is_replacing: bool) -> None:
        """Note anything that is not as an undisturbed conversion leaves it."""
        path = folder / f"game.{self.format}"
        if not path.exists() or path.read_bytes() != self.undisturbed:
            self.tally.wrong.append(f"{where}: the result differs")
        if any(each.name.endswith(".discpress-part") for each in folder.iterdir()):
            self.tally.wrong.append(f"{where}: a part was left")
        trashed = [each for each in entries_in(folder) if isinstance(each, TrashEntry)]
        old = [each.file_path.read_bytes() for each in trashed if each.home_path == path]
        if is_replacing and OLD_RESULT not in old:
            self.tally.wrong.append(f"{where}: the file in the way is not in the trash")

    def undo(self, path: Path, content: bytes, where: str, check: Callable[[str], None]) -> None:
        """Undo until it gets through, killed at random; then the file must be back."""
        for _ in range(min(20, self.most_kills)):
            undoing = self.cli.start("undo", path)
            is_killed = not self.is_enough and self.kill(undoing.process, 0.4)
            undoing.finish()
            if is_killed:
                self.tally.count("undo")
                check(f"{where}, killed in undo")
            if has(path, content) and not find_half_undone([path.parent]):
                return  # after the undo of a repair the next one would take it back
        said = self.cli.run("undo", path)
        if not has(path, content):
            self.tally.wrong.append(f"{where}: undo did not bring {path.name} back: {said.exit_code}, {said.text}")

    def purge(self, folder: Path, where: str) -> None:
        """Purge the original as a job that is killed; its proven result must be there."""
        entries = [each for each in entries_in(folder) if isinstance(each, TrashEntry) and each.reason == "converted"]
        for job_id in self.queue.add(trash_request(TaskKind.PURGE, [entry]) for entry in entries):
            self.finish_job(job_id, where, lambda place: self.check(folder, place))
        if any(entry.is_there for entry in entries):
            self.tally.wrong.append(f"{where}: purge did not remove the original")
        self.check(folder, f"{where}, purged")

    def app_round(self, number: int) -> None:
        """Kill the app while it scans, plans, queues and follows; what it had queued is done all the same."""
        top = self.cli.folder / str(number)
        games = top / "games"
        for name in ("one", "two"):
            write_old(games / f"{name}.iso", self.image)
        stage = self.kill_app(top, games)
        self.tally.count(f"app, {stage}")
        where = f"round {number}, app killed: {stage}"
        self.check(games, where)
        stop_worker(top / "state")
        with Store(top / "state") as store:
            jobs = JobQueue(store).jobs()
            is_queued = any(job.kind is TaskKind.CONVERT for job in jobs)
        state = str(top / "state")
        command = [sys.executable, "-P", "-m", "discpress.engine.worker", "--state", state, "--idle", "0"]
        subprocess.run(command, env=self.cli.environment, cwd="/", timeout=HANG_S, check=True)
        end_worker(top / "state")
        for path in games.glob("*.iso"):
            if path.read_bytes() != self.image:
                self.tally.lost.append(f"{where}: {path.name}")
        made = list(games.glob("*.rvz" if self.format in OF_GAMECUBE else "*.zso"))
        results = [path for path in made if not self.gives_the_disc(path)]
        if results or (is_queued and not made):
            self.tally.wrong.append(f"{where}: {results or 'what was queued was not done'}")
        shutil.rmtree(top)

    def kill_app(self, top: Path, games: Path) -> str:
        """Start the app, type on, kill it at a random moment; return how far it had come."""
        until = time.monotonic() + self.random.uniform(0.2, 3.0 + self.longest_s)
        stage = "starting"
        with AppPty([games], top) as app:
            for words, key in _APP_STEPS:
                while words not in app.text and time.monotonic() < until and app.process.poll() is None:
                    app.read()
                if words not in app.text:
                    break
                stage = words.strip()
                if key != "q":
                    app.send(key)
            app.process.kill()
            app.process.wait(HANG_S)
        return stage

    def migration_round(self, number: int) -> None:
        """Kill what migrates a state file; the job in it must be there, and the next one goes on."""
        folder = self.cli.folder / str(number)
        state_folder = folder / "state"
        write_old(folder / "game.iso", self.image)
        state_folder.mkdir(mode=0o700)
        steps = self.random.randrange(FIRST_QUEUE_SCHEMA, len(MIGRATIONS))
        with Store(state_folder, migrations=MIGRATIONS[:steps]) as store:
            connection_sql = (
                "INSERT INTO queue_jobs (changed, batch, kind, state, path, force, idle_priority, parameters, priority,"
                " position, created_at) VALUES (1, 'b', 'verify', 'queued', ?, 0, 0, '{}', 0, 1.0, 1.0)"
            )
            store.file.write(lambda connection: connection.execute(connection_sql, (bytes(folder / "game.iso"),)))
        for _ in range(3):
            command = ("queue", "list", "--json", "--state", state_folder)
            migrating = self.cli.start(*command)
            if not self.is_enough and self.kill(migrating.process, _LONGEST_START_S):
                self.tally.count("migration")
            migrating.finish()
        with Store(state_folder) as store:
            paths = [job.path for job in JobQueue(store).jobs()]
        if paths != [folder / "game.iso"] or list(state_folder.glob("*.damaged*")):
            self.tally.wrong.append(f"round {number}: the queue did not come through its migration: {paths}")
        ensure_worker(state_folder)  # all may have been killed before they called one
        end_worker(state_folder)
        self.check(folder, f"round {number}, migration")
        shutil.rmtree(folder)


def has(path: Path, content: bytes) -> bool:
    """Return whether a file is there and has these bytes."""
    return path.exists() and path.read_bytes() == content


def end_worker(state_folder: Path) -> None:
    """Let the queue come to its end, and its worker: what was killed may have started one that comes up only now."""
    with Store(state_folder) as store:
        wait_for(JobQueue(store).is_idle, "the queue's end", HANG_S)
    stop_worker(state_folder)

"""Workers killed (SIGKILL) at random points of convert, verify, replace, undo and trash: is anything ever lost?

    python tests/bench/kills.py --count 500 [--seed N] [--mib 12] [--format chd] [--json FILE]

Each round converts a title through the queue, every second one with --delete-source, every third one over an older
result (--force), and then undoes what went to the trash. Any process is killed at a random moment and the next one
goes on. After each kill the disc must be there whole, as source, in the trash or as result; at the end of the round
the result must be byte-identical to an undisturbed one. Exit code 1 when anything was lost.
"""

import argparse
import contextlib
import json
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from command_line import MIB, CommandLine, slow_to_pack, write_old
from sample_images import mixed, read_back

from engine.library.store import Store
from engine.library.worker_lock import stop_worker
from engine.work.jobs import JobState
from engine.work.queue import JobQueue

TIMEOUT_S = 120.0
OLD_RESULT = "an older result"
SETTINGS = {
    "zso": ("-l", "12", "--target", "any"),
    "chd": ("-f", "chd", "-m", "zstd,zlib", "-l", "12", "--target", "any"),
}
"""By format of the result: what takes long enough to be killed in."""


@dataclass
class Tally:
    """What was tried, and what came of it."""

    points: int = 0
    rounds: int = 0
    stages: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Bench:
    """One home, one image, killed again and again."""

    def __init__(self, folder: Path, image: bytes, seed: int, image_format: str) -> None:
        self.format = image_format
        self.cli = CommandLine(folder / "work")
        self.state_folder = self.cli.home / "state" / "discpress"
        self.state_folder.mkdir(parents=True, mode=0o700)
        self.store = Store(self.state_folder)
        self.queue = JobQueue(self.store)
        self.image, self.crc32 = image, zlib.crc32(image)
        self.random = random.Random(seed)
        self.tally = Tally()
        calm = write_old(self.cli.folder / "calm" / "game.iso", image)
        began = time.monotonic()
        done = self.cli.run("convert", *SETTINGS[image_format], calm)
        assert done.exit_code == 0, done.text
        self.undisturbed = calm.with_suffix(f".{self.format}").read_bytes()
        shutil.rmtree(calm.parent)
        self.longest_s = time.monotonic() - began

    def round(self, number: int, most_points: int) -> None:
        """Convert one title, killed until it gets through, then undo it, killed as well."""
        tally = self.tally
        tally.rounds += 1
        folder = self.cli.folder / str(number)
        write_old(folder / "game.iso", self.image)
        is_trashing, is_replacing = number % 2 == 1, number % 3 == 2
        options = ["--delete-source"] * is_trashing + ["--force"] * is_replacing
        if is_replacing:
            write_old(folder / f"game.{self.format}", OLD_RESULT.encode())
        done = self.cli.run("queue", "add", "--json", *SETTINGS[self.format], *options, folder / "game.iso")
        assert done.exit_code == 0, done.text
        (job_id,) = [event["id"] for event in done.events if event["event"] == "queued"]
        stop_worker(self.state_folder)
        where = f"round {number} ({' '.join(options) or 'keep'})"
        while tally.points < most_points and self.kill_worker():
            stage = self.queue.job(job_id).stage or "starting"
            tally.stages[stage] = tally.stages.get(stage, 0) + 1
            self.check(folder, f"{where}, killed while {stage}")
        self.start_worker().wait(TIMEOUT_S)
        self.check_result(folder, job_id, where, is_replacing)
        if is_trashing:
            self.undo(folder, where, most_points)
        shutil.rmtree(folder)

    def start_worker(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-P", "-m", "engine.work", "--state", self.state_folder, "--idle", "0"]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, env=self.cli.environment, cwd="/")

    def kill_worker(self) -> bool:
        return self.kill(self.start_worker(), self.longest_s * 1.3)

    def kill(self, process: "subprocess.Popen[bytes]", longest_s: float) -> bool:
        """Kill a process at a random moment; return False where it was through before."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self.random.uniform(0.05, longest_s))
            return False
        process.kill()
        process.wait(TIMEOUT_S)
        self.tally.points += 1
        return True

    def check(self, folder: Path, where: str) -> None:
        """Note a loss unless some file that is no part gives the disc."""
        candidates = [folder / "game.iso", folder / f"game.{self.format}", *folder.glob(".discpress-trash/*/game.*")]
        if not any(self.gives_the_disc(path) for path in candidates):
            self.tally.lost.append(where)

    def gives_the_disc(self, path: Path) -> bool:
        try:
            return zlib.crc32(read_back(path)) == self.crc32
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not the disc
            return False

    def check_result(self, folder: Path, job_id: int, where: str, is_replacing: bool) -> None:
        """Note anything that is not as an undisturbed conversion leaves it."""
        job = self.queue.job(job_id)
        path = folder / f"game.{self.format}"
        if job.state is not JobState.DONE:
            self.tally.wrong.append(f"{where}: {job.state}: {job.error_message}")
        elif not path.exists() or path.read_bytes() != self.undisturbed:
            self.tally.wrong.append(f"{where}: the result differs")
        if any(each.name.endswith(".discpress-part") for each in folder.iterdir()):
            self.tally.wrong.append(f"{where}: a part was left")
        old = [each.read_bytes() for each in folder.glob(f".discpress-trash/*/game.{self.format}")]
        if is_replacing and OLD_RESULT.encode() not in old:
            self.tally.wrong.append(f"{where}: the file in the way is not in the trash")

    def undo(self, folder: Path, where: str, most_points: int) -> None:
        """Undo until it gets through, killed at random; then the source must be back."""
        source_path = folder / "game.iso"
        for _ in range(20):
            (undoing,) = [self.cli.start("undo", source_path)]
            if self.tally.points >= most_points or not self.kill(undoing.process, 0.4):
                undoing.finish()
                break
            undoing.finish()
            self.tally.stages["undo"] = self.tally.stages.get("undo", 0) + 1
            self.check(folder, f"{where}, killed in undo")
        self.cli.run("undo", source_path)
        if not source_path.exists() or source_path.read_bytes() != self.image:
            self.tally.wrong.append(f"{where}: undo did not bring the source back")


def main() -> int:
    """Run rounds until so many points were tried; print and return 1 when anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=500, help="points to kill at (default: 500)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run (default: random)")
    parser.add_argument("--mib", type=int, default=12, help="size of the image (default: 12)")
    parser.add_argument("--format", choices=SETTINGS, default="zso", help="of the results (default: zso)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    image = slow_to_pack((options.mib - 2) * MIB, seed=7) + mixed(2 * MIB, seed=7)
    with tempfile.TemporaryDirectory(prefix="discpress-kills-") as name:
        bench = Bench(Path(name), image, options.seed, options.format)
        number = 0
        while bench.tally.points < options.count:
            bench.round(number, options.count)
            number += 1
        bench.store.close()
    tally = bench.tally
    for problem in (*tally.lost, *tally.wrong):
        print(problem)
    stages = ", ".join(f"{stage} {count}" for stage, count in sorted(tally.stages.items()))
    print(f"{tally.points} points tried in {tally.rounds} rounds ({stages}), {time.monotonic() - began:.0f} s")
    print(f"lost {len(tally.lost)}, wrong {len(tally.wrong)}")
    if options.json:
        facts = {"seed": options.seed, "points": tally.points, "rounds": tally.rounds, "stages": tally.stages}
        options.json.write_text(json.dumps({**facts, "lost": tally.lost, "wrong": tally.wrong}, indent=1) + "\n")
    return int(bool(tally.lost or tally.wrong))


if __name__ == "__main__":
    sys.exit(main())

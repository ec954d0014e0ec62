"""A network share hangs under worker, app and scan: what goes on, what is said, how soon anything answers?

    python tests/bench/stall.py [--mib 48] [--json FILE]

The share is a folder behind bindfs (FUSE); its process is stopped (SIGSTOP) while the worker packs a title there and
the app shows it, so that no access comes back, and woken up in the end (SIGCONT). Each line is a real time in seconds.
Exit code 1 where a title was lost or changed, or anything took longer than it may. Needs root, bindfs and /dev/fuse.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import stalled_share
from app_pty import AppPty
from command_line import MIB, CommandLine, slow_to_pack, write_old
from patience import wait_for
from sample_images import mixed, read_back
from stalled_share import StalledShare

from discpress.engine.queue.jobs import Action, JobRequest, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.queue.worker_process import ensure_worker
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import STOP_TIMEOUT_S, stop_worker
from discpress.engine.system.disk_probe import LOOK_S, SILENT_S

LIBRARY_WORDS = "2 folders"
"""In the edge of the library's table."""
LOCAL, ON_SHARE = 3, 4
"""The last title on the share stays out of the queue: it is planned and measured."""
A_KEY_S = 1.0
"""No key may take longer, whatever it opens."""
A_SCAN_S = 40.0
A_LOOK_S = LOOK_S + SILENT_S + 2.0


class Bench:
    """One run; what took how long, and what went wrong."""

    def __init__(self, top: Path, mib: int, share: StalledShare) -> None:
        self.cli = CommandLine(top / "work", top / "home")
        self.state = top / "home" / "state"
        self.state.mkdir(parents=True, mode=0o700)
        self.share = share
        self.figures: dict[str, float] = {}
        self.wrong: list[str] = []
        self.images = {
            write_old(folder / f"{name} {number}.iso", data): data
            for folder, name, count, size in (
                (self.cli.folder / "local", "Local", LOCAL, 2), (share.mount / "games", "Nas", ON_SHARE, mib),
            )
            for number in range(1, count + 1)
            for data in [slow_to_pack(size * MIB, seed=number) if size > 2 else mixed(size * MIB, seed=number)]
        }  # fmt: skip
        self.devices = {path: path.stat().st_dev for path in self.images}

    def timed(self, what: str, act: Callable[[], object], most_s: float) -> None:
        """Do something, print how long it took, and note where that was too long."""
        began = time.monotonic()
        try:
            act()
        except (AssertionError, TimeoutError) as error:
            self.wrong.append(f"{what}: {error}")
            print(error)
        seconds = self.figures[what] = round(time.monotonic() - began, 2)
        print(f"{what:<72} {seconds:6.2f} s", flush=True)
        if seconds > most_s:
            self.wrong.append(f"{what}: {seconds} s, at most {most_s} s")

    def run(self) -> None:
        """Play it all."""
        local, on_share = ([path for path in self.images if name in path.name] for name in ("Local", "Nas"))
        words = [self.cli.folder / "local", self.share.mount / "games"]
        with (
            Store(self.state) as store,
            AppPty(words, self.cli.home, width=120, height=30, environment=self._environment) as app,
        ):
            queue = JobQueue(store)
            app.wait_for(LIBRARY_WORDS)
            app.wait_quiet()
            ids = queue.add(self._request(path) for path in on_share[:-1])
            ensure_worker(self.state)
            wait_for(lambda: queue.job(ids[0]).read_bytes > 0, "some packed bytes")
            self.share.stall()
            beside = queue.add(self._request(path) for path in local)
            all_done = lambda: all(queue.job(each).state is JobState.DONE for each in beside)  # noqa: E731
            self.timed("the jobs on the other disk are done", lambda: wait_for(all_done, "them"), 10)
            silence = f"{self.share.mount} does not answer"
            is_said = lambda: queue.job(ids[0]).waiting == silence  # noqa: E731
            self.timed("the queue says of the running job that its share does not answer",
                       lambda: wait_for(is_said, "it"), A_LOOK_S)  # fmt: skip
            queue.ask([ids[1]], Action.PAUSE)
            is_paused = lambda: queue.job(ids[1]).state is JobState.PAUSED  # noqa: E731
            self.timed("a job that waits behind it is paused", lambda: wait_for(is_paused, "it"), 1)
            queue.ask([ids[1]], Action.RESUME)
            self._use(app)
            self.timed("discpress scan of both folders ends", lambda: self._scan(words), A_SCAN_S)
            self.timed("discpress queue stop", lambda: self._stop(silence), STOP_TIMEOUT_S)
            self.timed("a new worker says so of the jobs that wait", lambda: self._say_again(queue, ids, silence),
                       A_LOOK_S + 5)  # fmt: skip
            app.send("q")
            app.wait_for("Leave them")
            app.send("\r")
            self.timed("the app is left", app.wait_end, 3)
            self.share.wake()
            self.timed("woken up: all jobs are done", lambda: wait_for(queue.is_idle, "them"), 60)
            self._check(queue, [*ids, *beside])
            stop_worker(self.state)

    @property
    def _environment(self) -> dict[str, str]:
        return {**self.cli.environment, "TERM": "xterm-256color"}

    def _request(self, path: Path) -> JobRequest:
        source = Source.of(path, path, self.devices[path])
        return JobRequest(ConvertTask(ConversionRequest(level=12, target="any"), source=source), path)

    def _use(self, app: AppPty) -> None:
        """Press keys on every screen that looks at a disk; each must come back, and the next one be taken."""
        nas = self.share.mount / "games"
        for what, keys, words in (
            ("the cursor moves", "\x1b[B", ""),
            ("the last title is gone to", "\x1b[F", f"Nas {ON_SHARE}"),
            ("its details open", "\r", "The doctor"),
            ("they are left", "\x1b", LIBRARY_WORDS),
            ("its plan opens", "c", "looking"),
            ("it is left", "\x1b", LIBRARY_WORDS),
            ("the bench opens", "b", "SEEK LATENCY"),
            ("a test is asked for, and the bench is left", "m\x1b", LIBRARY_WORDS),
            ("the trash opens", "u", "looking"),
            ("it is left", "\x1b", LIBRARY_WORDS),
            ("the settings open", ",", "SETTING"),
            ("a folder is asked for", "+", "Which folder"),
            ("a folder on the share is typed", f"{nas}/x", f"{nas}/x"),
            ("Tab and Enter are pressed, another key is taken", "\t\ry", f"{nas}/xy"),
            ("the question is left", "\x1b", "SETTING"),
            ("the settings are left", "\x1b", LIBRARY_WORDS),
            ("the queue opens", "w", "STAGE"),
            ("it is left", "\x1b", LIBRARY_WORDS),
        ):
            app.send(keys)
            self.timed(f"app: {what}", partial(self._see, app, words), A_KEY_S)
        app.send("c")
        self.timed(
            "app: the plan says that the disk does not answer", lambda: app.wait_for("their disk does not answer"), 7
        )
        app.send("\x1b")
        app.wait_for(LIBRARY_WORDS)

    @staticmethod
    def _see(app: AppPty, words: str) -> None:
        before = app.received
        app.wait_until(lambda: words in app.text if words else app.received > before)

    def _scan(self, words: list[Path]) -> None:
        said = self.cli.run("scan", *words, "--json", "--state", self.state)
        titles = [event for event in said.events if event["event"] == "title"]
        known = {path for event in titles for path in [Path(event["path"])]}
        local = {path for path in self.images if "Local" in path.name}
        assert local <= known, said.text
        assert "has not responded" in said.text, said.text

    def _stop(self, silence: str) -> None:
        said = self.cli.run("queue", "stop", "--state", self.state)
        assert said.exit_code == 0, said.text
        assert silence in said.text, said.text

    def _say_again(self, queue: JobQueue, ids: list[int], silence: str) -> None:
        ensure_worker(self.state)
        wait_for(lambda: all(queue.job(each).waiting == silence for each in ids), "the reasons")

    def _check(self, queue: JobQueue, ids: list[int]) -> None:
        for job in map(queue.job, ids):
            if job.state is not JobState.DONE:
                self.wrong.append(f"{job.path.name}: {job.state} {job.error_message}")
        for path, data in self.images.items():
            is_queued = path.with_suffix(".zso").exists() or f"Nas {ON_SHARE}" not in path.name
            if path.read_bytes() != data or (is_queued and read_back(path.with_suffix(".zso")) != data):
                self.wrong.append(f"{path.name}: lost")
        self.wrong += [f"{path}: left behind" for path in self.share.mount.rglob("*discpress-part")]


def main() -> int:
    """Play it, print, and return 1 where something was lost or took too long."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mib", type=int, default=48, help="size of a title on the share (default: 48)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    reason = stalled_share.why_not() or ("" if os.geteuid() == 0 else "only root may mount it")
    if reason:
        print(f"skipped: {reason}")
        return 0
    with (
        tempfile.TemporaryDirectory(prefix="discpress-stall-") as name,
        StalledShare(Path(name) / "behind", Path(name) / "nas") as share,
    ):
        bench = Bench(Path(name), options.mib, share)
        bench.run()
    for problem in bench.wrong:
        print(problem)
    print(f"{len(bench.images)} titles, wrong: {len(bench.wrong)}")
    if options.json:
        options.json.write_text(json.dumps({"seconds": bench.figures, "wrong": bench.wrong}, indent=1) + "\n")
    return int(bool(bench.wrong))


if __name__ == "__main__":
    sys.exit(main())

"""How soon the app is there with 10,000 titles, how soon a filter answers, and how long its loop is ever held up.

    python tests/bench/app.py [--titles 10000] [--runs 7] [--json FILE]

Every run is the real app on a pty of 120x36, with a state file of that many titles; nothing of them is on the disk.
First frame: from the end of the app's imports to the last byte of the screen with its titles. Filter: from a key to the
last byte of what it changes. Loop: the longest delay of a 10 ms timer while four real conversions are queued, on as
many disks as there are of /tmp and /dev/shm. Processor time: of a whole start up to the first frame with its titles,
imports included, as a multiple of what a Textual app with one text takes; they take turns. Memory: the most that the
app took until all titles were read. Reading: the longest delay of a 10 ms timer meanwhile. Keys: processor time of the
slowest order or filter of the list. Medians of the runs, with the spread. Exit code 1 where a bar is missed.
"""

import argparse
import gc
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from app_pty import AppPty
from loop_steps import LoopDelay, LoopSteps
from sample_images import mixed

from discpress.engine.config import Config
from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.queue.worker_process import ensure_worker
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import StoredEstimate, Title
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import stop_worker
from discpress.engine.systems import System
from discpress.tui.app.session import Session

MOST_FIRST_FRAME_S = 0.6
MOST_FILTER_S = 0.05
MOST_OF_MINIMAL = {13: 1.6, 10_000: 2.5}
"""Processor time to the first frame, in multiples of a minimal Textual app's."""
MOST_MIB = {13: 60.0, 10_000: 60.0, 50_000: 110.0}
MOST_READING_S = {50_000: 0.1}
MOST_KEY_S = {10_000: 0.05}
START = str(Path(__file__).with_name("app_start.py"))
"""What is started for that: it imports nothing that is not measured."""
MIB = 1024 * 1024
FILTERS = ("7", "9", "g", "s", "1", "0", "3")
IMAGE_MIB = 96
QUIET_S = 0.4


def main() -> int:
    """Measure, print the table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--titles", type=int, default=10_000, metavar="N")
    parser.add_argument("--runs", type=int, default=7, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--child", nargs=2, metavar=("STATE", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        return run_child(*map(Path, arguments.child))
    with tempfile.TemporaryDirectory(prefix="discpress-bench-") as name:
        folder = Path(name)
        fill(folder / "state", arguments.titles)
        starts = [start(folder, arguments.titles) for _ in range(arguments.runs)]
        results = {
            "titles": arguments.titles,
            "processors": len(os.sched_getaffinity(0)),
            "first frame s": summary([each["first_frame_s"] for each in starts]),
            "first frame bytes": summary([each["first_frame_bytes"] for each in starts]),
            "filter key s": summary([seconds for each in starts for seconds in each["filter_s"]]),
        }
    with tempfile.TemporaryDirectory(prefix="discpress-bench-") as name:
        results["loop delay with conversions s"] = summary([delay(Path(name), run) for run in range(arguments.runs)])
    results |= compare(arguments.runs)
    for key, value in results.items():
        shown = value
        if isinstance(value, dict):
            shown = f"median {value['median']:.4g} ({value['min']:.4g} .. {value['max']:.4g})"
        print(f"{key:<34} {shown}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    bars: tuple[tuple[str, float], ...] = (("first frame s", MOST_FIRST_FRAME_S), ("filter key s", MOST_FILTER_S))
    bars += tuple((f"processor time, {count} titles", bar) for count, bar in MOST_OF_MINIMAL.items())
    bars += tuple((f"memory MiB, {count} titles", bar) for count, bar in MOST_MIB.items())
    bars += tuple((f"delay while reading s, {count} titles", bar) for count, bar in MOST_READING_S.items())
    bars += tuple((f"slowest key s, {count} titles", bar) for count, bar in MOST_KEY_S.items())
    missed = [(key, bar) for key, bar in bars if results[key]["median"] > bar]
    for key, bar in missed:
        print(f"missed: {key}: at most {bar}")
    return 1 if missed else 0


def summary(values: list[float]) -> dict[str, float]:
    """Return median and spread."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def titles_of(count: int) -> list[Title]:
    """Return so many titles, none of them on the disk."""
    titles = []
    for number in range(count):
        size = (500 + number % 4000) * MIB
        identity = FileIdentity(number + 1, size, 5)
        path = Path(f"/games/{number // 100}/Game {number}.iso")
        serial = f"SLUS-{20000 + number}"
        disc = DiscInfo(System.PS2, serial, f"Game {number}", "US", found=Found.INSIDE)
        titles.append(Title(path, identity, ImageFormat.ISO, disc, original_bytes=size))
    return titles


def fill(state: Path, count: int) -> None:
    """Save a library of so many titles, all estimated."""
    with Store(state) as store:
        titles = titles_of(count)
        store.save_titles(titles)
        for each in titles:
            packed = each.file_bytes * 6 // 10
            figures = (each.file_bytes, packed, packed - MIB, packed + MIB, 16 * MIB, "convert", "", 60.0)
            store.save_estimate(each.identity, StoredEstimate(Settings(ImageFormat.ZSO), *figures))


def open_child(folder: Path, facts: Path) -> AppPty:
    """Start the app as `run_child` does, on a pty."""
    return AppPty([], folder, width=120, height=36, command=[__file__, "--child", str(folder / "state"), str(facts)])


def start(folder: Path, titles: int) -> dict[str, Any]:
    """Return the figures of one start."""
    facts = folder / "facts.json"
    with open_child(folder, facts) as app:
        app.wait_for(f"Library {titles:,}")
        app.wait_quiet(QUIET_S)
        first_frame_at, first_frame_bytes = app.last_byte_at, app.received
        filter_s = []
        app.send("/")
        app.wait_quiet(QUIET_S)
        for key in FILTERS:
            sent_at = time.monotonic()
            app.send(key)
            app.wait_quiet(QUIET_S)
            filter_s.append(app.last_byte_at - sent_at)
            app.send("\x7f")  # backspace
            app.wait_quiet(QUIET_S)
        app.send("escape")
        app.wait_quiet(QUIET_S)
        app.send("q")
        app.wait_end()
    imported_at = json.loads(facts.read_text())["imported_at"]
    return {
        "first_frame_s": first_frame_at - imported_at,
        "first_frame_bytes": first_frame_bytes,
        "filter_s": filter_s,
    }


def compare(runs: int) -> dict[str, Any]:
    """Return processor time of starts as multiples of a minimal app's, their memory, and what a key takes."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="discpress-bench-") as name:
        folder = Path(name)
        for count in MOST_MIB:
            fill(folder / str(count), count)
        for _ in range(runs):
            minimal_s, _, _ = cost(folder, "-")
            for count in MOST_MIB:
                seconds, mib, delay_s = cost(folder, str(folder / str(count)))
                found.setdefault(f"processor time, {count} titles", []).append(seconds / minimal_s)
                found.setdefault(f"memory MiB, {count} titles", []).append(mib)
                found.setdefault(f"delay while reading s, {count} titles", []).append(delay_s)
                found.setdefault(f"slowest key s, {count} titles", []).append(slowest_key(folder / str(count)))
    return {key: summary(values) for key, values in found.items()}


def slowest_key(state: Path) -> float:
    """Return the most processor time that an order or a filter of a library takes."""
    with closing(Session(Store(state), Config(), ())) as session:
        view = session.view
        view.show_arranged(view.arrange(session.load().titles))
        keys: list[Callable[[], None]] = [partial(view.sort_by, key) for key in view.SORTS]
        keys += [partial(view.set_filter, text) for text in (*FILTERS, "state:ready", "saving>20", "")]
        gc.freeze()  # as the app does
        taken = []
        for press in keys:
            started_at = time.process_time()
            press()
            taken.append(time.process_time() - started_at)
        return max(taken)


def cost(folder: Path, state: str) -> tuple[float, float, float]:
    """Return processor time, memory and longest delay of one start; `-` is the minimal app."""
    facts = folder / "facts.json"
    with AppPty([], folder, width=120, height=36, command=[START, state, str(facts)]) as app:
        app.wait_end()
    seconds, mib, delay_s = json.loads(facts.read_text())
    return seconds, mib, delay_s


def delay(folder: Path, run: int) -> float:
    """Return the longest delay of the app's loop while four conversions run."""
    places = [place for place in (folder, Path("/dev/shm")) if place.is_dir()]
    state = folder / "state"
    fill(state, 100)
    images = []
    for number in range(4):
        path = places[number % len(places)] / f"discpress-bench-{os.getpid()}-{run}-{number}.iso"
        path.write_bytes(mixed(8 * MIB, seed=number) * (IMAGE_MIB // 8))
        images.append(path)
    facts = folder / "facts.json"
    try:
        with Store(state) as store:
            queue = JobQueue(store)
            with open_child(folder, facts) as app:
                app.wait_for("queue")
                queue.add(JobRequest(ConvertTask(), path) for path in images)
                ensure_worker(state)
                app.wait_until(queue.is_idle)
                app.send("q")
                app.wait_end()
        return float(json.loads(facts.read_text())["worst_delays"][0][0])
    finally:
        stop_worker(state)
        for path in images:
            path.unlink(missing_ok=True)
            path.with_suffix(".zso").unlink(missing_ok=True)


def run_child(state: Path, facts: Path) -> int:
    """Run the app as `discpress` does; write down when its imports were done, how late its loop was, its longest step.

    The loop of a busy machine is late because it waits for a processor; the processor time of a step has no such share.
    """
    from discpress.tui.terminal.capabilities import prepare_textual

    prepare_textual()
    from discpress.tui.app import launch as opening
    from discpress.tui.app.app import DiscpressApp

    imported_at = time.monotonic()
    steps, delay = LoopSteps(), LoopDelay()

    class Measured(DiscpressApp):
        async def on_mount(self) -> None:  # Textual calls that of the base class as well
            self.set_timer(1.0, self._begin)  # the start itself is not what is asked

        def _begin(self) -> None:
            steps.begin()
            delay.wait(self.set_timer)

    vars(opening)["DiscpressApp"] = Measured
    code = opening.open_app([], state=state, target=None, is_ascii=None, is_read_only=False)
    step = {"longest_step_s": steps.longest.seconds, "longest_step": steps.longest.place}
    late = {"worst_delays": (delay.worst, delay.worst_own)}
    facts.write_text(json.dumps({"imported_at": imported_at, **late, **step}))
    return code


if __name__ == "__main__":
    sys.exit(main())

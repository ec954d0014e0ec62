"""The longest step of the app's loop with 50,000 titles: at the first list, and at each key that concerns them all.

    python tests/bench/steps.py [--titles 50000] [--json FILE]

The real app on a pty of 200x50, where all panes are shown; its state file has so many titles, none of them estimated
and none of them on the disk. No worker runs. A step is what the loop does without a pause; what is printed is the
processor time of the longest one after each key, and the functions that took it. Exit code 1 if one took 100 ms.
"""

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TextIO

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from app import titles_of
from app_pty import AppPty
from loop_steps import LoopSteps, Step

from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import worker_lock

MOST_S = 0.1
QUIET_S = 0.6
_SORTS = {"path": "p", "serial": "i", "state": "a", "size": "z", "saving": "s", "estimate": "e", "title": "t"}
_DOWN = "\x1b[B"


class Bench:
    """One run of the app; the longest step after each action."""

    def __init__(self, top: Path, titles: int) -> None:
        self._log = top / "steps.jsonl"
        self._log.touch()
        self._state = top / "state"
        self._top = top
        self._count = titles
        self._read = 0
        self.longest: dict[str, Step] = {}

    def run(self) -> None:
        """Start the app, press all keys, and print a line for each."""
        titles = titles_of(self._count)
        with Store(self._state) as store:
            store.save_titles(titles)
        child = [__file__, "--child", str(self._state), str(self._log)]
        with worker_lock(self._state), AppPty([], self._top, width=200, height=50, command=child) as app:
            app.wait_for(f"Library {self._count:,}")
            self._note("the first list", app)
            for name, letter in _SORTS.items():
                self._press(f"sort by {name}", app, "s", letter)
            self._press("reverse the order", app, "S")
            for text in ("7", "state:ready", "saving>20"):
                self._press(f"filter {text}", app, "/", text, "\r")
                self._press("clear the filter", app, "\x1b")
            for number, name in enumerate(("folder", "system"), 1):
                self._press(f"group by {name}", app, "G", _DOWN * number, "\r")
                for key in ("path", "saving", "title"):
                    self._press(f"group by {name}, sort by {key}", app, "s", _SORTS[key])
                self._press(f"group by {name}, fold one", app, "\x1b[D")
                self._press(f"group by {name}, filter", app, "/", "7", "\x1b", "\x1b")
                self._press("no groups", app, "G", "\x1b[H", "\r")
            self._press("mark all", app, "a")
            self._press("clear the marks", app, "a")
            for name, key in (("palette", ":"), ("duplicates", "U"), ("queue", "w"), ("settings", ","), ("plan", "c")):
                self._press(f"open {name}", app, key)
                self._press(f"leave {name}", app, "\x1b")
            with Store(self._state) as store:
                for count in (100, 4000):
                    store.save_titles(titles[:count])
                    self._note(f"{count} titles were scanned again", app)

    def _press(self, what: str, app: AppPty, *keys: str) -> None:
        for key in keys:
            app.send(key)
            app.wait_quiet(0.1)
        self._note(what, app)

    def _note(self, what: str, app: AppPty) -> None:
        app.wait_quiet(QUIET_S)
        lines = self._log.read_text().splitlines()
        steps = [Step(*json.loads(line)) for line in lines[self._read :]]
        self._read = len(lines)
        step = max(steps, key=lambda each: each.seconds, default=Step(0.0, 0.0, ""))
        before = self.longest.get(what)
        if before is None or before.seconds < step.seconds:
            self.longest[what] = step
        print(f"{what:<36} {1000 * step.seconds:6.0f} ms  {step.place}", flush=True)


def run_child(state: Path, log: Path) -> int:
    """Run the app as `discpress` does; append each long step to the log."""
    from discpress.engine.imports import no_collections
    from discpress.tui.terminal.capabilities import prepare_textual

    prepare_textual()
    with no_collections():
        from discpress.tui.app import launch
        from discpress.tui.app.app import DiscpressApp

    class Measured(DiscpressApp):
        async def on_mount(self) -> None:  # Textual calls that of the base class as well
            self.call_after_refresh(self._begin)  # the first frame is not what is asked

        def _begin(self) -> None:
            LoopSteps().begin(note)

    with log.open("a", buffering=1) as file:
        note = partial(_write, file)
        vars(launch)["DiscpressApp"] = Measured
        return launch.open_app([], state=state, target=None, is_ascii=None, is_read_only=False)


def _write(file: TextIO, step: Step) -> None:
    print(json.dumps(step), file=file)


def main() -> int:
    """Measure, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--titles", type=int, default=50_000, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--child", nargs=2, metavar=("STATE", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        return run_child(*map(Path, arguments.child))
    with tempfile.TemporaryDirectory(prefix="discpress-bench-") as name:
        bench = Bench(Path(name), arguments.titles)
        bench.run()
    what, step = max(bench.longest.items(), key=lambda each: each[1].seconds)
    print(f"the longest: {what}: {1000 * step.seconds:.0f} ms in {step.place}")
    if arguments.json:
        facts = {each: step._asdict() for each, step in bench.longest.items()}
        arguments.json.write_text(json.dumps({"titles": arguments.titles, "steps": facts}, indent=1) + "\n")
    return int(step.seconds >= MOST_S)


if __name__ == "__main__":
    sys.exit(main())

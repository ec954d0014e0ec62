"""Conversions that are killed (SIGKILL) at each change to the disk in turn: `crash_at.py FOLDER [options]`.

FOLDER holds game.iso. FOLDER/1, FOLDER/2 ... get a copy each, and a conversion that dies there. Prints how many died;
the last one is through. Options: --trash, --links (no renameat2), --lock (no links either), --overwrite, --repair (of
game.zso), --split (Game.iso.001 and so on), --disc (game.chd, to a sheet and its files), --job (the first one of the
queue in `state`).
"""

import itertools
import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import fault_injection as faults
from command_line import write_old
from disc_files import convert_disc
from power_stories import NO_CLAIMS
from raw_discs import SHORT
from repair_stories import queue_repair, repair, run_first_job
from sample_images import mixed

from discpress.engine.request import OnConflict
from discpress.engine.system import rename

CHANGES = (
    "write", "pwrite", "ftruncate", "utime", "fchmod", "rename", "replace", "link", "unlink", "mkdir", "rmdir",
)  # fmt: skip


def die_at(fatal: int, options: set[str]) -> None:
    """Die before the change to the disk with this number, or after the creation of a file with it.

    Whatever a change has done is there before the next one. A job is killed after each as well, because SQLite writes
    in between without these calls.
    """
    count = itertools.count(1)
    lock = threading.Lock()

    def step() -> None:
        with lock:
            if next(count) == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    def watched(real: Any) -> Any:
        def call(*arguments: Any, **keywords: Any) -> Any:
            step()
            result = real(*arguments, **keywords)
            if "--job" in options:
                step()
            return result

        return call

    real_open = os.open

    def opened(path: Any, flags: int, *more: Any, **keywords: Any) -> int:
        fd = real_open(path, flags, *more, **keywords)
        if flags & os.O_CREAT:
            step()
        return fd

    for name in CHANGES:
        setattr(os, name, watched(getattr(os, name)))
    vars(os)["open"] = opened
    if "--lock" in options:
        os.link = faults.fail_with(1)
    refused: Any = faults.fail_with(22)
    is_exclusive = not options & {"--links", "--lock"}
    rename._rename_exclusive = watched(rename._rename_exclusive) if is_exclusive else refused


def run(folder: Path, fatal: int, options: set[str]) -> None:
    """Convert or repair in `folder`, or do the job of its queue; die at the change with this number."""
    if "--job" in options:
        run_first_job(folder, lambda: die_at(fatal, options))
        return
    die_at(fatal, options)
    if "--repair" in options:
        repair(folder, NO_CLAIMS)
        return
    if "--disc" in options:
        convert_disc(folder / "game.chd", SHORT)
        return
    faults.run_conversion(
        folder / ("Game.iso.001" if "--split" in options else "game.iso"),
        trash_source="--trash" in options,
        on_conflict=OnConflict.OVERWRITE if "--overwrite" in options else OnConflict.ERROR,
    )


def warm_up(top: Path) -> None:
    """Convert a small image undisturbed: so the kernel is tested and all is imported once, not in each process."""
    with tempfile.TemporaryDirectory(dir=top) as folder:
        faults.run_conversion(write_old(Path(folder) / "small.iso", mixed(50_000)), trash_source=True)


def main() -> None:
    """Kill one conversion after the other until one survives."""
    top, options = Path(sys.argv[1]), set(sys.argv[2:])
    warm_up(top)
    for fatal in itertools.count(1):
        folder = top / str(fatal)
        folder.mkdir()
        for path in top.glob("[Gg]ame.*"):
            shutil.copy2(path, folder)
        if "--job" in options:
            queue_repair(folder)
        child = os.fork()
        if child == 0:
            run(folder, fatal, options)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            print(fatal)
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()

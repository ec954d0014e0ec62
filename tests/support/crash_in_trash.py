"""Work on the trash that is killed (SIGKILL) at each of its calls to the system: `crash_in_trash.py FOLDER ACT`.

ACT is `move`, `undo` or `purge`, done with the set of `trash_sets` in FOLDER/1, FOLDER/2 ..., each of which dies one
call later. Prints how many died; the last one is through. --links: no renameat2; --lock: no links either.
"""

import itertools
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fault_injection as faults
from trash_sets import make_set, put_away

from discpress.engine.convert.trash.undo import purge, undo
from discpress.engine.progress import Control
from discpress.engine.system import rename

CALLS = ("open", "fsync", "rename", "link", "unlink", "mkdir", "rmdir")


def _move(folder: Path) -> Callable[[], object]:
    return lambda: put_away(folder)


def _undo(folder: Path) -> Callable[[], object]:
    entry = put_away(folder)
    return lambda: undo(entry, 1, Control())


def _purge(folder: Path) -> Callable[[], object]:
    entry = put_away(folder)
    return lambda: purge(entry, 1, Control(), force=False)


ACTS = {"move": _move, "undo": _undo, "purge": _purge}


def arm(fatal: int, options: set[str]) -> None:
    """Let this process die at the call with this number, counted before and after each."""
    count = itertools.count(1)

    def step() -> None:
        if next(count) == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(real: Any, name: str) -> Any:
        def call(*arguments: Any, **keywords: Any) -> Any:
            if name == "open" and not arguments[1] & os.O_CREAT:
                return real(*arguments, **keywords)
            step()
            result = real(*arguments, **keywords)
            step()
            return result

        return call

    for name in CALLS:
        setattr(os, name, watched(getattr(os, name), name))
    if "--lock" in options:
        os.link = faults.fail_with(1)
    refused: Any = faults.fail_with(22)
    is_exclusive = not options & {"--links", "--lock"}
    rename._rename_exclusive = watched(rename._rename_exclusive, "") if is_exclusive else refused


def main() -> None:
    """Kill one process after the other until one survives."""
    top, act, options = Path(sys.argv[1]), ACTS[sys.argv[2]], set(sys.argv[3:])
    make_set(whole := top / "whole")
    for fatal in itertools.count(1):
        folder = shutil.copytree(whole, top / str(fatal))
        child = os.fork()
        if child == 0:
            work = act(folder)
            arm(fatal, options)
            work()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            print(fatal - 1)
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()

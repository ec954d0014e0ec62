"""Work on the trash that is killed (SIGKILL) at each change to the disk: `crash_in_trash.py FOLDER ACT`.

ACT is `move`, `undo` or `purge`, done with the set of `trash_sets` in FOLDER/1, FOLDER/2 ..., each of which dies one
change later. Prints how many died; the last one is through. --links: no renameat2; --lock: no links either.
"""

import itertools
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from crash_at import die_at
from trash_sets import make_set, put_away

from discpress.engine.convert.trash.undo import purge, undo
from discpress.engine.progress import Control


def _move(folder: Path) -> Callable[[], object]:
    return lambda: put_away(folder)


def _undo(folder: Path) -> Callable[[], object]:
    entry = put_away(folder)
    return lambda: undo(entry, 1, Control())


def _purge(folder: Path) -> Callable[[], object]:
    entry = put_away(folder)
    return lambda: purge(entry, 1, Control(), force=False)


ACTS = {"move": _move, "undo": _undo, "purge": _purge}


def main() -> None:
    """Kill one process after the other until one survives."""
    top, act, options = Path(sys.argv[1]), ACTS[sys.argv[2]], set(sys.argv[3:])
    make_set(whole := top / "whole")
    for fatal in itertools.count(1):
        folder = shutil.copytree(whole, top / str(fatal))
        child = os.fork()
        if child == 0:
            work = act(folder)
            die_at(fatal, options)
            work()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            print(fatal)
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()

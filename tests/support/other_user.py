"""discpress run by other users of this machine, which only root can do.

As a program it is the door to them: it imports everything, for the interpreter may lie in root's own folder, then
reads requests, one JSON object a line, and for each forks a child that becomes that user and runs one command.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANN, BOB = 12001, 12002
"""User ids, each with a group of the same number; no account has them."""
is_root = hasattr(os, "geteuid") and os.geteuid() == 0


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left."""

    exit_code: int
    text: str
    """Both streams."""


class Door:
    """The program that becomes other users."""

    def __init__(self, process: "subprocess.Popen[str]", outputs: Path) -> None:
        self._process = process
        self._output_path = outputs / "output"

    def run(self, **request: Any) -> Said:
        """Run one command as a user."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({**request, "output": str(self._output_path)}) + "\n")
        self._process.stdin.flush()
        exit_code = int(self._process.stdout.readline())
        return Said(exit_code, self._output_path.read_text(errors="surrogateescape"))


@contextmanager
def opened_door(outputs: Path) -> Iterator[Door]:
    """Start the program; its outputs are kept in a folder for a moment."""
    process = subprocess.Popen(
        [sys.executable, "-B", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Door(process, outputs)
    finally:
        process.communicate()


class User:
    """A user with a home of their own, who works in a folder."""

    def __init__(self, door: Door, uid: int, folder: Path, homes: Path) -> None:
        self.uid = uid
        self.folder = folder
        self._door = door
        self._home = homes / str(uid)
        self._home.mkdir(parents=True, exist_ok=True)
        os.chown(self._home, uid, uid)

    def run(self, *arguments: str, umask: int = 0o022) -> Said:
        """Run discpress."""
        return self._door.run(
            uid=self.uid, cwd=str(self.folder), home=str(self._home), umask=umask, arguments=list(arguments)
        )

    def give(self, path: Path) -> Path:
        """Make a file or folder this user's."""
        os.chown(path, self.uid, self.uid, follow_symlinks=False)
        return path


def become(request: dict[str, Any]) -> int:
    """Be a user, run the command and return its exit code."""
    from discpress.engine.cli.main import run

    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for fd, target in ((null, 0), (output, 1), (output, 2)):
        os.dup2(fd, target)
    os.chdir(request["cwd"])
    os.environ.update(HOME=request["home"], XDG_STATE_HOME=f"{request['home']}/state", LANG="C.UTF-8")
    os.environ["XDG_CONFIG_HOME"] = f"{request['home']}/config"
    os.setgroups([])
    os.setgid(request["uid"])
    os.setuid(request["uid"])
    os.umask(request["umask"])
    return run(request["arguments"])


def main() -> None:
    """Import everything and answer requests until there are no more."""
    import encodings
    import importlib
    import pkgutil

    import rich.table  # noqa: F401

    from discpress import engine

    for package in (engine, encodings):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not each.name.endswith(("__main__", "_kernel", "mbcs", "oem", "cp65001")):
                importlib.import_module(each.name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(become(json.loads(line)))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()

"""discpress as one file, run by an interpreter that has no discpress: its queue works, also after a kill."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from patience import HANG_S, wait_for
from sample_images import GOLDEN

from discpress.engine.store.worker_lock import is_worker_alive, stop_worker

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PROJECT = Path(__file__).parents[2]
RUN = """
import sys
sys.argv[0] = sys.argv[-1]
from discpress.engine.cluster.runs import Run
run = Run({})
run.has_ended.wait()
print(run.outcome)
"""
"""Gives an empty order to a process that packs, as a machine of a cluster does with a whole one."""


def copy_needed(name: str, folder: Path, done: set[str]) -> None:
    """Copy an installed package and all that it needs without an extra."""
    if name in done:
        return
    done.add(name)
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return  # for another system
    for file in found.files or ():
        path = Path(str(found.locate_file(file)))
        if path.suffix != ".pyc" and ".." not in file.parts and path.is_file():
            place = folder / file
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)
    for line in found.requires or ():
        match = re.match(r"[\w.-]+", line)
        if match is not None and "extra ==" not in line:
            copy_needed(match[0], folder, done)


@pytest.fixture(scope="module")
def one_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with discpress and all packages that it needs, made by shiv as `make pyz` makes it."""
    folder = tmp_path_factory.mktemp("site")
    copy_needed("discpress", folder, set())
    for old in folder.glob("__editable__*"):
        old.unlink()
    ignored = shutil.ignore_patterns("__pycache__")
    for source, place in (("discpress", "discpress"), ("engine", "discpress/engine"), ("tui", "discpress/tui")):
        shutil.copytree(PROJECT / source, folder / place, ignore=ignored, dirs_exist_ok=True)
    path = tmp_path_factory.mktemp("dist") / "discpress.pyz"
    command = [
        sys.executable,
        "-m",
        "shiv",
        "--site-packages",
        str(folder),
        "-e",
        "discpress.tui.__main__:main",
        "-o",
        str(path),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=HANG_S)
    return path


class OneFile:
    """The file with a home of its own."""

    def __init__(self, path: Path, home: Path) -> None:
        self.path = path
        self.home = home
        self.state = home / "state" / "discpress"
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DISCPRESS", "XDG"))
        }
        self.environment = kept | {
            "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "SHIV_ROOT": str(path.parent / "unpacked"),
        }

    def run(self, *words: str, module: str = "") -> "subprocess.CompletedProcess[str]":
        """Run the file, or a module, by the interpreter without packages."""
        python = Path(sys.base_prefix) / "bin" / Path(os.path.realpath(sys.executable)).name
        what = ["-m", module] if module else [str(self.path)]
        return subprocess.run(
            [python, "-s", *what, *words],
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=HANG_S,
        )

    def events(self, *words: str) -> list[dict[str, Any]]:
        """Run a command that succeeds, and return its events."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.skipif(sys.platform == "win32", reason="the interpreter of an environment has another place on Windows")
def test_a_killed_worker_of_the_file_is_started_again_and_goes_on(one_file: Path, tmp_path: Path) -> None:
    program = OneFile(one_file, tmp_path)
    assert program.run(module="discpress.engine").returncode != 0, "the interpreter has a discpress of its own"
    shutil.copy(GOLDEN / "ps2.iso", tmp_path / "one.iso")
    shutil.copy(GOLDEN / "ps2.iso", tmp_path / "two.iso")
    try:
        program.events("queue", "add", "one.iso")
        os.kill(program.events("queue", "list")[-1]["worker_pid"], signal.SIGKILL)
        wait_for(lambda: not is_worker_alive(program.state), "the end of the worker")
        program.events("queue", "add", "two.iso")
        program.events("queue", "watch")
    finally:
        stop_worker(program.state, HANG_S)
    for name in ("one.zso", "two.zso"):
        assert program.run("verify", name).returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="the interpreter of an environment has another place on Windows")
def test_a_machine_that_joined_by_the_file_starts_the_process_that_packs(one_file: Path, tmp_path: Path) -> None:
    program = OneFile(one_file, tmp_path)
    program.environment["SHIV_INTERPRETER"] = "1"
    done = program.run("-c", RUN, str(one_file))
    assert "internal error: KeyError('payload')" in done.stdout, done.stderr

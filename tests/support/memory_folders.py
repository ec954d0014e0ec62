"""Folders of tests in memory: a sync of what a test wrote costs nothing there.

The tests of `tests/e2e` work on the disk, with the real program.
"""

import itertools
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")
_PREFIX = "discpress-tests-"
_NAME_LENGTH = 30
_NUMBERS = itertools.count()
ROOM = 4 << 30
"""The bytes that must be free: all tests together need about a quarter."""
ON_DISK = "DISCPRESS_TEST_DISK"
"""Set in the environment, it leaves the folders of tests on the disk, where pytest keeps those of the last runs."""


@pytest.fixture(scope="session")
def tmp_path_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.TempPathFactory]:
    """Give folders in memory if there is room, else on the disk."""
    if ON_DISK in os.environ or not _has_room():
        yield tmp_path_factory
        return
    _remove_what_was_left()
    top = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=MEMORY))
    try:
        yield pytest.TempPathFactory(top / "tests", 1, "all", tmp_path_factory._trace, _ispytest=True)
    finally:
        shutil.rmtree(top, ignore_errors=True)


@pytest.fixture(name="tmp_path")
def own_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder of a test, named after it.

    To number the folders of equal names, pytest goes through those of all tests before, thousands here.
    """
    name = re.sub(r"\W", "_", request.node.name)[:_NAME_LENGTH]
    return tmp_path_factory.mktemp(f"{name}-{next(_NUMBERS)}", numbered=False)


@pytest.fixture(name="tmp_path_factory", scope="session")
def on_disk(request: pytest.FixtureRequest) -> pytest.TempPathFactory:
    """Give folders on the disk, to tests that are about the mount point of their folder."""
    factory: pytest.TempPathFactory = request.config._tmp_path_factory  # type: ignore[attr-defined]
    return factory


def remove_folder(item: pytest.Item) -> None:
    """Remove the folder in memory of a test that is over; pytest would while its patches of `os` are still there."""
    path = getattr(item, "funcargs", {}).get("tmp_path")
    if path is not None and path.is_relative_to(MEMORY):
        shutil.rmtree(path, ignore_errors=True)


def _remove_what_was_left() -> None:
    """Remove the folders of runs that were killed."""
    for path in MEMORY.glob(f"{_PREFIX}*-*"):
        pid = path.name.removeprefix(_PREFIX).partition("-")[0]
        if not Path("/proc", pid).exists():
            shutil.rmtree(path, ignore_errors=True)


def _has_room() -> bool:
    try:
        facts = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        free_bytes = min(shutil.disk_usage(MEMORY).free, int(facts["MemAvailable"].split()[0]) * 1024)
    except (OSError, KeyError):
        return False
    return free_bytes >= ROOM

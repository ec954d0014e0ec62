"""Windows and macOS, faked in a process of its own: every module loads there, and a title lives through all of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import fake_platform
import pytest
from patience import HANG_S

from discpress.engine.names import safe_file_name


@pytest.fixture(scope="module", params=["windows", "macos"])
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    script = Path(fake_platform.__file__)
    environment = {**os.environ, "PYTHONPATH": f"{script.parent}:{script.parents[2]}"}
    command = [sys.executable, script, request.param, tmp_path_factory.mktemp(request.param)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=HANG_S)
    assert done.returncode == 0, done.stderr
    return {"name": request.param, **json.loads(done.stdout)}


@pytest.mark.slow
def test_every_module_loads(life: dict[str, Any]) -> None:
    assert life["modules"] > 100


def test_a_title_is_converted_and_its_source_trashed(life: dict[str, Any]) -> None:
    assert life["converted"] == [True, False, True]


def test_undo_brings_it_back(life: dict[str, Any]) -> None:
    assert life["undone"] == [True, False]


def test_a_leftover_and_an_older_result_make_room(life: dict[str, Any]) -> None:
    assert life["replaced"] == [True, ["overwritten", "undone"]]


def test_a_purge_leaves_the_title_alone(life: dict[str, Any]) -> None:
    assert life["purged"] == ["game.iso", "game.zso"]


def test_the_systems_own_calls_are_used(life: dict[str, Any]) -> None:
    wanted = {"windows": ["locking", "rename"], "macos": ["full sync", "renameatx_np 4"]}
    assert life["calls"] == wanted[life["name"]]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("C:\\games\\Okami.iso", "Okami.iso"),
        ("C:Okami.iso", "C_Okami.iso"),
        ("a:stream.iso", "a_stream.iso"),
        ("con.iso", "_con.iso"),
        ("LPT1", "_LPT1"),
        ("Nul .iso", "_Nul.iso"),
        ("console.iso", "console.iso"),
        ("What?.iso", "What_.iso"),
        ("dot..", "dot"),
    ],
)
def test_a_name_from_an_archive_is_one_that_every_system_takes(name: str, plain: str) -> None:
    assert safe_file_name(name) == plain

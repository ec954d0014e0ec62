"""A rename, and its undo, that is killed at any of its calls to the system: nothing is lost, and it can be finished."""

import subprocess
import sys
from pathlib import Path

import crash_renames
import pytest


@pytest.mark.e2e
@pytest.mark.slow
def test_a_rename_killed_anywhere_is_finished_by_the_next_command(tmp_path: Path) -> None:
    """Each fifth call, because all 170 take 12 s; without renameat2, because that has more states between two names."""
    command = [sys.executable, crash_renames.__file__, str(tmp_path), "5", "--links"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 25

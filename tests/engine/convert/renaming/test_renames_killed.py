"""A rename, and its undo, that is killed at any change to the disk: nothing is lost, and it can be finished."""

import subprocess
import sys
from pathlib import Path

import crash_renames
import pytest


@pytest.mark.e2e
@pytest.mark.slow
def test_a_rename_killed_anywhere_is_finished_by_the_next_command(tmp_path: Path) -> None:
    """Without renameat2, because that has more states between two names."""
    command = [sys.executable, crash_renames.__file__, str(tmp_path), "--links"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 50

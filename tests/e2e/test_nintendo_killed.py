"""A conversion by nod-rs that is killed at any write: no process of it lives on, and the next run succeeds."""

import signal
import subprocess
import sys
from pathlib import Path

import fault_injection as faults
import nintendo_discs as discs
import pytest
import sample_images
from command_line import is_gone
from patience import wait_for

from discpress.engine.formats import ImageFormat
from discpress.engine.images.recognised import PART_MAGIC

pytest.importorskip("nod_rs")
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PROGRAM = """
import os, signal, sys
from pathlib import Path
from discpress.engine.convert.part import exposed, part
import fault_injection as faults

source, fatal, children = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
real, count = part.write_all, 0

def write_all(fd, data, offset):
    global count
    count += 1
    if count == fatal:
        tasks = Path("/proc/self/task").iterdir()
        children.write_text(" ".join((task / "children").read_text() for task in tasks))
        os.kill(os.getpid(), signal.SIGKILL)
    real(fd, data, offset)

part.write_all = exposed.write_all = write_all
faults.run_conversion(source, format="rvz")
"""
SUPPORT = Path(__file__).parents[1] / "support"


@pytest.mark.parametrize("fatal", [2, 4, 6])
def test_a_kill_leaves_a_part_that_the_next_run_replaces(fatal: int, tmp_path: Path) -> None:
    source_path = sample_images.write_image(tmp_path / "Okami [t-en by X] [red].iso", discs.small_disc())
    output_path, children = source_path.with_suffix(".rvz"), tmp_path / "children"
    words = [sys.executable, "-c", PROGRAM, str(source_path), str(fatal), str(children)]
    done = subprocess.run(words, env={"PYTHONPATH": str(SUPPORT)}, check=False, timeout=60)
    assert (done.returncode, output_path.exists()) == (-signal.SIGKILL, False)
    assert faults.part_of(output_path).read_bytes().startswith(PART_MAGIC)
    numbers = [int(word) for word in children.read_text().split()]
    assert numbers
    wait_for(lambda: all(map(is_gone, numbers)), "the end of the processes with nod-rs")
    children.unlink()
    assert faults.run_conversion(source_path, format=ImageFormat.RVZ).is_verified
    assert faults.names_in(tmp_path) == sorted([source_path.name, output_path.name])

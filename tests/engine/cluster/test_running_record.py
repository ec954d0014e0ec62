"""The record of a cluster counts while its process lives: whoever listens at that address later may be anybody."""

import subprocess
import sys
from pathlib import Path

import pytest

from discpress.engine.cluster.files import ClusterFiles, ClusterRecord
from discpress.engine.errors import ClusterError
from discpress.engine.worker.elsewhere.lane import connect

RECORD = ClusterRecord("tcp://127.0.0.1:8786", is_prove_only=True)
HOLDER = """
import pathlib, sys
from discpress.engine.cluster.files import ClusterFiles, ClusterRecord
files = ClusterFiles.of_own(pathlib.Path(sys.argv[1]))
with files.held():
    files.save(ClusterRecord("tcp://127.0.0.1:8786", True))
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def files(tmp_path: Path) -> ClusterFiles:
    return ClusterFiles.of_own(tmp_path)


def test_a_record_counts_while_its_cluster_runs(files: ClusterFiles) -> None:
    with files.held():
        files.save(RECORD)
        assert files.running() == RECORD
    assert files.read() is None


def test_a_second_cluster_of_one_machine_is_refused_and_leaves_the_record(files: ClusterFiles) -> None:
    with files.held():
        files.save(RECORD)
        with pytest.raises(ClusterError, match="runs a cluster already"), files.held():
            pass
        assert files.running() == RECORD


def test_the_record_of_a_killed_cluster_is_ignored(files: ClusterFiles, tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-P", "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert files.running() == RECORD
        holder.kill()
    assert files.read() == RECORD
    assert files.running() is None


def test_a_worker_does_not_connect_by_a_record_without_a_cluster(files: ClusterFiles, tmp_path: Path) -> None:
    files.save(RECORD)
    assert connect(tmp_path) is None

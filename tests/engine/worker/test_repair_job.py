"""Repairs as jobs: killed at every change to the disk, the next worker loses nothing and makes them good."""

import os
import subprocess
import sys
from pathlib import Path

import crash_at
import pytest
from command_line import write_old
from loader_models import opl_decode
from power_stories import SOURCE
from repair_stories import NAME, OLD_BLOCK, block_size_of, make, queue_repair, run_first_job
from sample_images import GOLDEN
from trash_sets import entries

from discpress.engine.convert.part.name import part_path_of
from discpress.engine.convert.trash.journal import REPAIRED
from discpress.engine.convert.trash.undo import undo
from discpress.engine.errors import DamagedImageError
from discpress.engine.formats import PART_SUFFIX
from discpress.engine.progress import Control


def old_files(folder: Path) -> list[bytes]:
    """Return the old files that repairs have put into the trash."""
    return [entry.file_path.read_bytes() for entry in entries(folder) if entry.reason == REPAIRED]


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--links",)], ids=["rename", "links"])
def test_the_next_worker_makes_good_what_was_killed_at_any_call(options: tuple[str, ...], tmp_path: Path) -> None:
    make(tmp_path)
    old = (tmp_path / NAME).read_bytes()
    environment = os.environ | {"PYTHONPATH": str(Path(crash_at.__file__).parent), "PYTHONWARNINGS": "error"}
    command = [sys.executable, crash_at.__file__, str(tmp_path), "--job", *options]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 10
    for number in range(int(ended.stdout)):
        folder = tmp_path / str(number + 1)
        path = folder / NAME
        assert old in {*old_files(folder), *([path.read_bytes()] if path.exists() else [])}
        run_first_job(folder)
        assert opl_decode(path.read_bytes()) == SOURCE
        assert old in old_files(folder)
        assert not list(folder.glob(f"*{PART_SUFFIX}"))


def test_a_job_repairs_under_the_same_name(tmp_path: Path) -> None:
    make(tmp_path)
    queue_repair(tmp_path)
    done = run_first_job(tmp_path)
    assert (done.result["output"], done.skipped) == (str(tmp_path / NAME), "")
    assert opl_decode((tmp_path / NAME).read_bytes()) == SOURCE


def test_undo_brings_back_what_a_job_repaired(tmp_path: Path) -> None:
    make(tmp_path)
    queue_repair(tmp_path)
    run_first_job(tmp_path)
    undo(entries(tmp_path)[0], 1, Control())
    assert block_size_of((tmp_path / NAME).read_bytes()) == OLD_BLOCK


def test_a_finished_job_that_was_not_recorded_is_not_done_again(tmp_path: Path) -> None:
    make(tmp_path)
    queue_repair(tmp_path)
    run_first_job(tmp_path)
    before = (tmp_path / NAME).stat()
    done = run_first_job(tmp_path)
    assert (done.result["output"], done.skipped) == (str(tmp_path / NAME), "")
    assert (tmp_path / NAME).stat() == before


def test_an_image_that_loads_by_now_is_skipped(tmp_path: Path) -> None:
    make(tmp_path)
    queue_repair(tmp_path)
    data = (GOLDEN / "ps2.maxcso-2048.zso").read_bytes()
    write_old(tmp_path / NAME, data + bytes(-len(data) % 2048))
    assert run_first_job(tmp_path).skipped == "its target loads it as it is by now"


def test_a_damaged_index_fails_and_touches_nothing(tmp_path: Path) -> None:
    make(tmp_path)
    queue_repair(tmp_path)
    data = bytearray((tmp_path / NAME).read_bytes())
    data[32:36] = b"\xff\xff\xff\x7f"
    write_old(tmp_path / NAME, bytes(data))
    with pytest.raises(DamagedImageError):
        run_first_job(tmp_path)
    assert (tmp_path / NAME).read_bytes() == data
    assert not part_path_of(tmp_path / NAME).exists()

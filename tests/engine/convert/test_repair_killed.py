"""Repairs under the same name, killed at every change to the disk: the old file is never lost."""

import contextlib
import errno
import os
import subprocess
import sys
from pathlib import Path

import crash_at
import fault_injection as faults
import pytest
from command_line import CommandLine, write_old
from power_stories import NO_CLAIMS, SOURCE, decoded, undo_newest
from repair_stories import NAME, OLD_BLOCK, block_size_of, make, repair, stop_before_publishing
from trash_sets import entries

from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.recovery import restore_unpublished
from discpress.engine.convert.trash.held import HeldEntry
from discpress.engine.convert.trash.undo import purge, undo
from discpress.engine.errors import StorageError, TrashError
from discpress.engine.formats import PART_SUFFIX, SECTOR_SIZE
from discpress.engine.names import shell_word
from discpress.engine.progress import Control

SOURCE_FOLDER = Path(crash_at.__file__).parent


def wreck(top: Path, *options: str) -> list[Path]:
    """Return the folders of repairs that were killed at one call after the other."""
    make(top)
    environment = os.environ | {"PYTHONPATH": str(SOURCE_FOLDER), "PYTHONWARNINGS": "error"}
    ended = subprocess.run(
        [sys.executable, crash_at.__file__, top, "--repair", *options], env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return [top / str(number + 1) for number in range(int(ended.stdout))]


@pytest.fixture(params=[(), ("--links",)], ids=["rename", "links"])
def folders(request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    return wreck(tmp_path, *request.param)


def block_size_at(folder: Path) -> int:
    """Return the block size of game.zso, which decodes to the source; 0 if there is none."""
    path = folder / NAME
    if not path.exists():
        return 0
    assert decoded(path.read_bytes()) == SOURCE
    return block_size_of(path.read_bytes())


@pytest.mark.slow
def test_each_kill_leaves_the_old_file_and_the_next_repair_makes_it_good(folders: list[Path]) -> None:
    seen = set()
    for folder in folders:
        size = block_size_at(folder)
        seen.add(size)
        trashed = [block_size_of(entry.file_path.read_bytes()) for entry in entries(folder)]
        assert OLD_BLOCK in {size, *trashed}
        restored = restore_unpublished(folder)
        assert restored == ([] if size else [folder / NAME])
        if block_size_at(folder) == OLD_BLOCK:
            repair(folder, NO_CLAIMS)
        assert block_size_at(folder) == SECTOR_SIZE
    assert seen == {0, OLD_BLOCK, SECTOR_SIZE}


@pytest.mark.slow
def test_undo_brings_the_old_file_back_wherever_it_was_killed(folders: list[Path]) -> None:
    for folder in folders:
        for entry in reversed(entries(folder)):
            if entry.reason == "repaired":
                undo(entry, 1, Control())
                break
        assert block_size_at(folder) == OLD_BLOCK


@pytest.mark.slow
def test_an_emptying_of_the_trash_removes_no_old_file_without_a_published_one(folders: list[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(TrashError):
            for entry in entries(folder):
                purge(entry, 1, Control(), force=False)
        assert block_size_at(folder) or OLD_BLOCK in [
            block_size_of(entry.file_path.read_bytes()) for entry in entries(folder)
        ]


def test_the_part_that_a_run_is_about_to_publish_brings_nothing_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path)
    restored: list[list[Path]] = []
    faults.run_before(monkeypatch, PartFile, "publish", lambda: restored.append(restore_unpublished(tmp_path)))
    repair(tmp_path, NO_CLAIMS)
    assert restored == [[]]
    assert block_size_at(tmp_path) == SECTOR_SIZE


@pytest.mark.parametrize("stopped_at", ["begin_undo", "drop"])
def test_a_stopped_undo_of_a_repair_is_finished_with_the_old_file_in_its_place(
    stopped_at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path)
    repair(tmp_path, NO_CLAIMS)
    with monkeypatch.context() as patch:
        patch.setattr(HeldEntry, stopped_at, faults.fail_with(errno.EIO))
        with pytest.raises(StorageError):
            undo_newest(tmp_path, NO_CLAIMS)
    cli = CommandLine(tmp_path)
    assert cli.run("undo").exit_code == 0
    assert block_size_at(tmp_path) == OLD_BLOCK


@pytest.mark.parametrize("command", ["convert", "info", "verify", "doctor"])
def test_a_file_that_a_stopped_repair_left_in_the_trash_is_named_with_the_way_back(
    command: str, tmp_path: Path
) -> None:
    folder = tmp_path / "it's [b]"
    folder.mkdir()
    make(folder)
    stop_before_publishing(folder, NO_CLAIMS)
    cli = CommandLine(tmp_path)
    said = cli.run(command, folder / NAME)
    assert (said.exit_code, f"run discpress undo {shell_word(folder / NAME)}" in said.text) == (1, True)
    assert cli.run("undo", "--folder", folder, NAME).exit_code == 0
    assert block_size_at(folder) == OLD_BLOCK


def test_a_result_that_was_removed_brings_nothing_back(tmp_path: Path) -> None:
    make(tmp_path)
    repair(tmp_path, NO_CLAIMS)
    (tmp_path / NAME).unlink()
    assert restore_unpublished(tmp_path) == []


def test_another_part_brings_nothing_back(tmp_path: Path) -> None:
    make(tmp_path)
    repair(tmp_path, NO_CLAIMS)
    (tmp_path / NAME).unlink()
    write_old(tmp_path / f"{NAME}{PART_SUFFIX}", b"x" * 4096)
    assert restore_unpublished(tmp_path / NAME) == []

"""fsync: a failed one is final for files, and only a folder may be unable to answer (Safety rule 1)."""

import errno
import os
import stat
from pathlib import Path

import fault_injection as faults
import pytest
from sample_images import mixed, read_back, write_image

from discpress.engine.errors import DiscpressError, SpaceError, StorageError
from discpress.engine.system.rename import sync_folder

SOURCE = mixed(2 * 1024 * 1024, seed=2)
FILE_SYNCS = {"marker": 0, "content": 1, "sealed head and time": 2}


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    return write_image(tmp_path / "game.iso", SOURCE)


class Syncs:
    """Counts fsyncs and lets one of them fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, of_folders: bool, failing: int, number: int) -> None:
        self.answers: list[bool] = []
        real = os.fsync

        def fsync(fd: int) -> None:
            if stat.S_ISDIR(os.fstat(fd).st_mode) is not of_folders:
                real(fd)
                return
            fails = len(self.answers) == failing
            self.answers.append(not fails)
            if fails:
                raise OSError(number, os.strerror(number))
            real(fd)

        monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("which", FILE_SYNCS)
@pytest.mark.parametrize("number", [errno.EIO, errno.EINVAL, errno.ENOTSUP], ids=errno.errorcode.get)
def test_a_failed_fsync_of_the_part_fails_the_job(
    which: str, number: int, source_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Syncs(monkeypatch, of_folders=False, failing=FILE_SYNCS[which], number=number)
    with pytest.raises(StorageError, match=r"game\.zso"):
        faults.run_conversion(source_path)


@pytest.mark.parametrize("which", FILE_SYNCS)
def test_a_failed_fsync_is_never_retried(which: str, source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = Syncs(monkeypatch, of_folders=False, failing=FILE_SYNCS[which], number=errno.EIO)
    with pytest.raises(DiscpressError):
        faults.run_conversion(source_path)
    assert syncs.answers == [True] * FILE_SYNCS[which] + [False]


@pytest.mark.parametrize("which", FILE_SYNCS)
def test_a_failed_fsync_drops_the_part(
    which: str, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Syncs(monkeypatch, of_folders=False, failing=FILE_SYNCS[which], number=errno.EIO)
    with pytest.raises(DiscpressError):
        faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso"]


def test_a_full_disk_found_by_fsync_is_a_space_error(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Syncs(monkeypatch, of_folders=False, failing=FILE_SYNCS["content"], number=errno.ENOSPC)
    with pytest.raises(SpaceError):
        faults.run_conversion(source_path)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP], ids=errno.errorcode.get)
def test_a_folder_that_cannot_be_synced_is_let_pass(
    number: int, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Syncs(monkeypatch, of_folders=True, failing=0, number=number)
    faults.run_conversion(source_path)
    assert read_back(tmp_path / "game.zso") == SOURCE


def test_any_other_answer_to_a_folders_fsync_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", faults.fail_with(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        sync_folder(tmp_path)


def test_a_failed_fsync_of_the_folder_fails_the_job(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = Syncs(monkeypatch, of_folders=True, failing=0, number=errno.EIO)
    with pytest.raises(StorageError, match=r"game\.zso.*Input/output error"):
        faults.run_conversion(source_path)
    assert syncs.answers == [False]


def test_a_job_that_failed_at_the_folders_fsync_leaves_no_final_name(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Syncs(monkeypatch, of_folders=True, failing=0, number=errno.EIO)
    with pytest.raises(StorageError):
        faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso"]


def test_the_source_stays_when_the_folders_fsync_failed(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(source_path, (1_600_000_000, 1_600_000_000))
    kept = faults.Kept.of(source_path)
    Syncs(monkeypatch, of_folders=True, failing=0, number=errno.EIO)
    with pytest.raises(StorageError):
        faults.run_conversion(source_path, trash_source=True)
    kept.check()

"""Mount points without their disks: the titles stay, and scan, ls and the app report the empty folder."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from sample_images import mixed

from discpress.engine.errors import StorageError
from discpress.engine.library.mounts import unmounted_folders
from discpress.engine.library.scan.refresh import refresh
from discpress.engine.progress import Control
from discpress.engine.queue.background import BackgroundTask
from discpress.engine.queue.tasks.records import ScanTask
from discpress.engine.store.scan_batch import NOT_MOUNTED, FolderProblem
from discpress.engine.store.store import Store
from discpress.engine.worker.run_background import run_background_task

OTHER_DEVICE = 7


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """A folder with two images, one in a folder below."""
    folder = tmp_path / "stick"
    (folder / "PS2").mkdir(parents=True)
    for name in ("a.iso", "PS2/b.iso"):
        (folder / name).write_bytes(mixed(50_000))
    return folder


def unplug(folder: Path, store: Store) -> None:
    """Empty the folder, as if it was the mount point of a disk that was another device when the titles were found."""
    titles = store.titles()
    store.save_titles([replace(title, device=OTHER_DEVICE) for title in titles])
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()


def rescan(store: Store, folder: Path) -> list[FolderProblem]:
    return [problem for batch in refresh(store, [folder], Control().check) for problem in batch.problems]


def test_a_scan_keeps_the_titles_and_reports_the_mount_point(store: Store, stick: Path) -> None:
    assert rescan(store, stick) == []
    unplug(stick, store)
    assert rescan(store, stick) == [FolderProblem(stick, NOT_MOUNTED)]
    assert {title.path for title in store.titles()} == {stick / "a.iso", stick / "PS2" / "b.iso"}


def test_a_mount_point_below_the_scanned_folder_is_reported_itself(store: Store, stick: Path, tmp_path: Path) -> None:
    rescan(store, tmp_path)
    unplug(stick, store)
    assert rescan(store, tmp_path) == [FolderProblem(stick, NOT_MOUNTED)]


def test_an_emptied_folder_of_the_same_disk_is_no_mount_point(store: Store, stick: Path) -> None:
    rescan(store, stick)
    for path in (stick / "a.iso", stick / "PS2" / "b.iso"):
        path.unlink()
    assert rescan(store, stick) == []
    assert store.titles() == []


def test_once_the_disk_is_back_nothing_is_reported(store: Store, stick: Path) -> None:
    rescan(store, stick)
    unplug(stick, store)
    rescan(store, stick)
    (stick / "a.iso").write_bytes(mixed(50_000))
    assert rescan(store, stick) == []
    assert [title.path.name for title in store.titles()] == ["a.iso"]


def test_titles_are_counted_by_mount_point(store: Store, stick: Path) -> None:
    rescan(store, stick)
    assert unmounted_folders(store.titles()) == {}
    unplug(stick, store)
    assert unmounted_folders(store.titles()) == {stick: 2}


def test_a_disk_that_does_not_answer_is_not_waited_for(
    store: Store, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rescan(store, stick)
    unplug(stick, store)
    read_end, write_end = os.pipe()
    monkeypatch.setattr(Path, "is_dir", lambda self: bool(os.read(read_end, 1)))
    try:
        assert unmounted_folders(store.titles(), answer_s=0.01) == {}
    finally:
        os.close(write_end)


def test_the_app_learns_of_it_from_the_failed_scan(store: Store, stick: Path) -> None:
    rescan(store, stick)
    unplug(stick, store)
    with pytest.raises(StorageError, match="stick: is empty: not mounted"):
        run_background_task(BackgroundTask(ScanTask(), stick, 0, 0.0), store, 1, Control())

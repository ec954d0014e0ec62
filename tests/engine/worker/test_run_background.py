"""Each kind of errand on real images."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from nintendo_discs import small_disc
from sample_images import mixed, write_image

from discpress.engine.errors import CancelledError, SettingError, StorageError, UsageError
from discpress.engine.formats import ImageFormat, Method, Settings
from discpress.engine.measure.estimate import grid_block_sizes, grid_levels
from discpress.engine.progress import Control
from discpress.engine.queue.background import BackgroundTask
from discpress.engine.queue.tasks.records import BackgroundWork, EstimateTask, GridTask, ScanTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import StoredEstimate
from discpress.engine.store.store import Store
from discpress.engine.worker.run_background import run_background_task

SIZE = 300_000
ZSO = ImageFormat.ZSO


class Desk:
    """A store, and a folder with an image."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "games"
        self.folder.mkdir()
        self.store = Store(folder / "state")
        self.image = write_image(self.folder / "game.iso", mixed(SIZE))

    def run(
        self,
        task: BackgroundWork,
        path: Path | None = None,
        control: Control | None = None,
    ) -> None:
        run_background_task(BackgroundTask(task, path or self.image, 0, 1.0), self.store, 2, control or Control())

    def estimates(self) -> list[StoredEstimate]:
        return self.store.estimates_of(FileIdentity.at(self.image))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def test_a_scan_brings_the_store_up_to_date(desk: Desk) -> None:
    desk.run(ScanTask(), desk.folder)
    assert [title.path for title in desk.store.titles()] == [desk.image]


def test_a_scan_drops_what_is_gone(desk: Desk) -> None:
    desk.run(ScanTask(), desk.folder)
    desk.image.unlink()
    desk.run(ScanTask(), desk.folder)
    assert desk.store.titles() == []


def test_a_folder_that_cannot_be_searched_is_an_error(desk: Desk) -> None:
    with pytest.raises(StorageError, match=r"away: cannot be searched: No such file or directory"):
        desk.run(ScanTask(), desk.folder / "away")


def test_an_estimate_goes_by_the_request(desk: Desk) -> None:
    desk.run(EstimateTask(ConversionRequest(ZSO, 4096, 3, target="any")))
    (found,) = desk.estimates()
    assert (found.settings, found.original_bytes) == (Settings(ZSO, 4096, 3, target="any"), SIZE)


@pytest.mark.parametrize(("image_format", "cells"), [(ImageFormat.GCZ, 3), (ImageFormat.WBFS, 1)])
def test_a_gamecube_disc_has_an_estimate_and_a_grid(desk: Desk, image_format: ImageFormat, cells: int) -> None:
    pytest.importorskip("nod_rs")
    desk.image.write_bytes(small_disc())
    wish = ConversionRequest(image_format, target="any")
    desk.run(EstimateTask(wish))
    assert [(each.settings.format, each.seconds) for each in desk.estimates()] == [(image_format, 0)]
    desk.run(GridTask(wish))
    assert len(desk.estimates()) == cells


def test_an_estimate_of_what_the_target_refuses_is_an_error(desk: Desk) -> None:
    with pytest.raises(SettingError):
        desk.run(EstimateTask(ConversionRequest(ZSO, 4096, target="opl")))


def test_an_estimate_of_a_file_that_is_gone_is_an_error(desk: Desk) -> None:
    with pytest.raises(StorageError):
        desk.run(EstimateTask(), desk.folder / "gone.iso")


@pytest.mark.slow
@pytest.mark.parametrize("image_format", [ImageFormat.ZSO, ImageFormat.CSO])
def test_a_grid_holds_every_block_size_at_every_level(desk: Desk, image_format: ImageFormat) -> None:
    desk.run(GridTask(ConversionRequest(image_format, target="any")))
    expected = [
        (block_size, level) for block_size in grid_block_sizes(image_format) for level in grid_levels(image_format)
    ]
    assert [(each.settings.block_size, each.settings.level) for each in desk.estimates()] == expected


@pytest.mark.slow
def test_a_grid_of_a_chd_is_made_with_the_methods_asked_for(desk: Desk) -> None:
    desk.run(GridTask(ConversionRequest(ImageFormat.CHD, target="any", methods=(Method.ZLIB,))))
    assert {each.settings.methods for each in desk.estimates()} == {(Method.ZLIB,)}
    assert {each.settings.block_size for each in desk.estimates()} == set(grid_block_sizes(ImageFormat.CHD))


@pytest.mark.slow
def test_a_grid_shows_also_what_the_target_refuses(desk: Desk) -> None:
    desk.run(GridTask(ConversionRequest(ZSO, 4096, 3, target="opl")))
    assert len(desk.estimates()) == len(grid_block_sizes(ZSO)) * len(grid_levels(ZSO))


def test_a_format_without_blocks_has_no_grid(desk: Desk) -> None:
    with pytest.raises(UsageError, match="ISO has neither blocks nor levels"):
        desk.run(GridTask(ConversionRequest(ImageFormat.ISO)))


@pytest.mark.parametrize("task", [ScanTask(), EstimateTask(), GridTask()])
def test_every_background_task_can_be_stopped(desk: Desk, task: BackgroundWork) -> None:
    control = Control()
    control.cancel()
    with pytest.raises(CancelledError):
        desk.run(task, desk.folder if isinstance(task, ScanTask) else None, control=control)


@pytest.mark.slow
def test_a_grid_has_the_alignment_it_was_asked_for(desk: Desk) -> None:
    desk.run(GridTask(ConversionRequest(format=ZSO, target="any", alignment=1024)))
    assert {each.settings.alignment for each in desk.estimates()} == {1024}

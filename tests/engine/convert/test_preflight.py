"""What is checked before the first byte: room, folder, file system, names (issue 2, "Proof and safety")."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import fault_injection as faults
import pytest
from sample_images import incompressible, mixed, write_image

from discpress.engine.convert import conversion, preflight
from discpress.engine.convert.part import new_part
from discpress.engine.convert.plan import ConversionPlan, plan_conversion
from discpress.engine.convert.trash.folder import TRASH_NAME, trash_names
from discpress.engine.errors import SpaceError, StorageError, TrashError
from discpress.engine.formats import ImageFormat
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.system import filesystems
from discpress.engine.system.filesystems import FileSystem
from discpress.engine.units import GIB, MIB

SOURCE = mixed(1024 * 1024, seed=14)


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    return write_image(tmp_path / "game.iso", SOURCE)


def plan_of(source_path: Path, image_format: ImageFormat = ImageFormat.ZSO) -> ConversionPlan:
    return plan_conversion(source_path, None, None, ConversionRequest(format=image_format, target="any"))


def let_be_free(monkeypatch: pytest.MonkeyPatch, free: int, disk: int = 100 * GIB) -> None:
    monkeypatch.setattr(preflight, "free_bytes", lambda folder: free)
    monkeypatch.setattr(preflight, "disk_bytes", lambda folder: disk)


def let_be_fat(monkeypatch: pytest.MonkeyPatch, kind: str = "vfat", limit: int | None = None) -> None:
    monkeypatch.setattr(preflight, "filesystem_of", lambda path: FileSystem(kind, Path("/"), ""))
    if limit is not None:
        monkeypatch.setattr(filesystems, "FAT32_MAX_FILE_BYTES", limit)


@pytest.mark.parametrize(
    ("disk", "high", "needed"),
    [
        pytest.param(100 * GIB, MIB, MIB + 256 * MIB, id="256 MiB"),
        pytest.param(1000 * GIB, 100 * GIB, 100 * GIB + 256 * MIB, id="never more than 256 MiB"),
        pytest.param(300 * MIB, 57 * MIB, 60 * MIB, id="1 percent of a memory stick"),
        pytest.param(25600 * MIB, GIB, GIB + 256 * MIB, id="both the same"),
    ],
)
def test_the_high_bound_and_its_margin_must_be_free(
    disk: int, high: int, needed: int, source_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_be_free(monkeypatch, needed, disk)
    preflight.check_room(plan_of(source_path), 0, high)
    let_be_free(monkeypatch, needed - 1, disk)
    with pytest.raises(SpaceError, match="of free space") as caught:
        preflight.check_room(plan_of(source_path), 0, high)
    assert "add --use-all-space" in caught.value.hint


def test_a_user_may_insist_on_all_the_space(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(source_path)
    plan = replace(plan, request=replace(plan.request, use_all_space=True))
    let_be_free(monkeypatch, 57 * MIB)
    preflight.check_room(plan, 0, 57 * MIB)
    with pytest.raises(SpaceError) as caught:
        preflight.check_room(plan, 0, 57 * MIB + 1)
    assert "--use-all-space" not in caught.value.hint


def test_a_game_fits_on_a_memory_stick(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_be_free(monkeypatch, 240 * MIB, 300 * MIB)
    assert faults.run_conversion(source_path).is_verified


def test_the_worst_case_must_fit_with_strict_space(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_be_free(monkeypatch, plan_of(source_path).worst_bytes + 256 * MIB - 1)
    with pytest.raises(SpaceError):
        faults.run_conversion(source_path, strict_space=True)


def test_the_estimate_is_enough_without_strict_space(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_be_free(monkeypatch, plan_of(source_path).worst_bytes + 256 * MIB - 1)
    assert faults.run_conversion(source_path).is_verified


def test_too_little_room_writes_nothing(source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_be_free(monkeypatch, 1000)
    chunks: list[int] = []
    faults.at_chunk(monkeypatch, 0, lambda: chunks.append(0))
    with pytest.raises(SpaceError):
        faults.run_conversion(source_path)
    assert (chunks, faults.names_in(tmp_path)) == ([], ["game.iso"])


def test_the_worst_case_is_never_exceeded(tmp_path: Path) -> None:
    source_path = write_image(tmp_path / "noise.iso", incompressible(MIB + 1))
    done = faults.run_conversion(source_path)
    assert done.packed_bytes <= done.plan.worst_bytes


def test_a_folder_that_cannot_be_written_is_refused(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StorageError, match="this folder is not writable"):
        faults.run_conversion(source_path)


def test_a_folder_that_cannot_be_read_is_refused_before_any_work(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.R_OK)
    chunks: list[int] = []
    faults.at_chunk(monkeypatch, 0, lambda: chunks.append(0))
    with pytest.raises(StorageError, match="this folder is not readable"):
        faults.run_conversion(source_path)
    assert (chunks, faults.names_in(tmp_path)) == ([], ["game.iso"])


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Gets a number for the first chunk that is packed."""
    chunks: list[int] = []
    faults.at_chunk(monkeypatch, 0, lambda: chunks.append(0))
    return chunks


def block_trashes(folder: Path) -> None:
    """Let the names of all trashes in a folder be files."""
    for name in trash_names():
        (folder / name).touch()


def test_a_source_whose_trash_is_not_ours_is_not_packed(source_path: Path, tmp_path: Path, worked: list[int]) -> None:
    block_trashes(tmp_path)
    with pytest.raises(TrashError, match="is a link, or not a folder") as caught:
        faults.run_conversion(source_path, trash_source=True)
    assert "or convert without moving the original to the trash" in caught.value.hint
    assert (worked, (tmp_path / "game.zso").exists()) == ([], False)
    assert faults.run_conversion(source_path).is_verified


def test_a_file_to_be_overwritten_whose_trash_is_not_ours_is_kept(
    source_path: Path, tmp_path: Path, worked: list[int]
) -> None:
    block_trashes(tmp_path)
    (tmp_path / "game.zso").write_bytes(b"old")
    with pytest.raises(TrashError, match="is a link, or not a folder") as caught:
        faults.run_conversion(source_path, on_conflict=OnConflict.OVERWRITE)
    assert "or choose another name or folder" in caught.value.hint
    assert (worked, (tmp_path / "game.zso").read_bytes()) == ([], b"old")


def test_the_trash_of_the_source_is_looked_for_in_its_own_folder(source_path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    block_trashes(folder)
    assert faults.run_conversion(source_path, folder / "game.zso", trash_source=True).trashed is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_trash_of_another_user_is_passed_over_for_our_own(source_path: Path, tmp_path: Path) -> None:
    (tmp_path / TRASH_NAME).mkdir()
    os.chown(tmp_path / TRASH_NAME, 12001, 12001)
    trashed = faults.run_conversion(source_path, trash_source=True).trashed
    assert trashed is not None
    assert trashed.folder.parent.name == f"{TRASH_NAME}-0"


def test_looking_for_a_trash_makes_none(source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults.at_chunk(monkeypatch, 0, lambda: found.extend(path.name for path in tmp_path.glob(f"{TRASH_NAME}*")))
    found: list[str] = []
    assert faults.run_conversion(source_path, trash_source=True).trashed is not None
    assert found == []


def test_a_missing_folder_is_refused_by_name(source_path: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="gone: no such folder"):
        faults.run_conversion(source_path, tmp_path / "gone" / "game.zso")
    assert not (tmp_path / "gone").exists()


def test_a_folder_that_vanishes_after_the_plan_is_refused(source_path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(StorageError, match="out: no such folder"):
        faults.run_conversion(source_path, folder / "game.zso", before=folder.rmdir)


def test_a_folder_that_vanishes_mid_way_ends_cleanly(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    kept = faults.Kept.of(source_path)

    def vanish() -> None:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    faults.at_chunk(monkeypatch, 0, vanish)
    with pytest.raises(StorageError, match=r"game\.zso"):
        faults.run_conversion(source_path, folder / "game.zso")
    kept.check()
    assert faults.names_in(tmp_path) == ["game.iso"]


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENOTCONN], ids=errno.errorcode.get)
def test_a_share_that_went_away_is_an_error_that_names_it(
    number: int, source_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "free_bytes", faults.fail_with(number))
    with pytest.raises(StorageError, match="cannot read this folder"):
        faults.run_conversion(source_path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG], ids=errno.errorcode.get)
def test_a_disk_that_fills_mid_way_ends_cleanly(
    number: int, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = faults.Kept.of(source_path)
    faults.at_chunk(monkeypatch, 0, lambda: monkeypatch.setattr(os, "pwrite", faults.fail_with(number)))
    with pytest.raises(SpaceError, match=r"game\.zso: cannot write it:") as caught:
        faults.run_conversion(source_path)
    assert caught.value.exit_code == 4
    kept.check()
    assert faults.names_in(tmp_path) == ["game.iso"]


def test_fat_is_refused_when_an_iso_cannot_fit(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.run_conversion(source_path, tmp_path / "game.zso")
    let_be_fat(monkeypatch, limit=len(SOURCE) - 1)
    with pytest.raises(SpaceError, match="FAT32 allows files up to"):
        faults.run_conversion(tmp_path / "game.zso", tmp_path / "out.iso", format=ImageFormat.ISO)


def test_fat_takes_an_iso_that_fits_exactly(source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults.run_conversion(source_path, tmp_path / "game.zso")
    let_be_fat(monkeypatch, limit=len(SOURCE))
    faults.run_conversion(tmp_path / "game.zso", tmp_path / "out.iso", format=ImageFormat.ISO)
    assert (tmp_path / "out.iso").read_bytes() == SOURCE


def test_fat_is_not_refused_for_what_may_shrink_enough(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_be_fat(monkeypatch, limit=len(SOURCE) - 2048)
    assert faults.run_conversion(source_path).packed_bytes < len(SOURCE)


def test_fat_is_watched_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source_path = write_image(tmp_path / "noise.iso", incompressible(3 * MIB))
    let_be_fat(monkeypatch, limit=2 * MIB)
    with pytest.raises(SpaceError, match=r"noise\.zso: larger than the 2 MiB that one file may have on this FAT"):
        faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["noise.iso"]


@pytest.mark.parametrize(
    ("kind", "limit"), [("vfat", 4 * GIB - 1), ("msdos", 4 * GIB - 1), ("exfat", None), ("ext4", None)]
)
def test_which_file_systems_limit_a_file(kind: str, limit: int | None) -> None:
    assert FileSystem(kind, Path("/"), "").max_file_bytes == limit


def test_the_part_is_created_only_after_the_preflight(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    faults.run_before(monkeypatch, conversion, "check_room", lambda: steps.append("room"))
    faults.run_before(monkeypatch, new_part, "PartFile", lambda: steps.append("part"))
    faults.run_conversion(source_path)
    assert steps == ["room", "part"]

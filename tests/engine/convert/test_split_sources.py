"""Conversions of split images: every file of the set is checked, checkpointed, put away and brought back."""

import os
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fault_injection as faults
import pytest
from command_line import write_old
from sample_images import mixed, pack, read_back
from split_images import IMAGE, ISO_NAMES, MTIME_NS, cut, opl_entry, opl_names, write_parts

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.convert.checkpoint import Checkpoint, fits, identity_of, maker_of
from discpress.engine.convert.part.marker import HEAD_BYTES
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.plan import ConversionPlan, plan_conversion
from discpress.engine.convert.preflight import settle_output
from discpress.engine.convert.recovery import find_trashed
from discpress.engine.convert.trash import trash
from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.convert.trash.undo import undo
from discpress.engine.errors import ConflictError, SourceChangedError, SplitImageError, StorageError, UsageError
from discpress.engine.progress import Control
from discpress.engine.request import ConversionRequest, OnConflict

BIG = mixed(3 * CHUNK_BYTES, seed=52)
BIG_NAMES = [f"Game.iso.{number:03d}" for number in range(1, len(cut(BIG)) + 1)]


def plan_of(path: Path, **request: object) -> ConversionPlan:
    return plan_conversion(path, None, None, replace(ConversionRequest(target="any", level=1), **request))  # type: ignore[arg-type]


def trashed(folder: Path) -> list[TrashEntry]:
    return [entry for entry in entries_in(folder) if isinstance(entry, TrashEntry)]


def home(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_split_image_gives_one_result(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    done = faults.run_conversion(paths[0])
    assert done.plan.output_path == tmp_path / "Game.zso"
    assert read_back(tmp_path / "Game.zso") == IMAGE
    assert done.plan.source_bytes == len(IMAGE)
    assert [path.read_bytes() for path in paths] == cut(IMAGE)


def test_a_game_of_opl_gives_a_result_that_opl_lists(tmp_path: Path) -> None:
    paths = write_parts(tmp_path, opl_names("Split Game"))
    (tmp_path / "ul.cfg").write_bytes(opl_entry("Split Game"))
    faults.run_conversion(paths[0])
    assert read_back(tmp_path / "SLUS_203.12.Split Game.zso") == IMAGE


def test_all_parts_go_to_the_trash_and_come_back(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    done = faults.run_conversion(paths[0], trash_source=True)
    assert done.trashed is not None
    assert [path.read_bytes() for path in done.trashed.file_paths] == cut(IMAGE)
    assert home(tmp_path).keys() == {"Game.zso"}
    undo(done.trashed, 1, Control())
    assert home(tmp_path) == dict(zip(ISO_NAMES, cut(IMAGE), strict=True))
    assert {path.stat().st_mtime_ns for path in paths} == {MTIME_NS}


def change(path: Path) -> None:
    facts = path.stat()
    with path.open("r+b") as file:
        file.seek(50)
        file.write(b"changed")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {"changed": change, "removed": Path.unlink}


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("act", CHANGES.values(), ids=CHANGES)
def test_a_part_that_changes_after_the_plan_stops_it(
    act: Callable[[Path], object], number: int, tmp_path: Path
) -> None:
    paths = write_parts(tmp_path)
    with pytest.raises((SourceChangedError, SplitImageError, StorageError)):
        faults.run_conversion(paths[0], before=lambda: act(paths[number]))
    assert not (tmp_path / "Game.zso").exists()


@pytest.mark.parametrize("chunk", [0, 2])
@pytest.mark.parametrize("number", [0, 40, len(BIG_NAMES) - 1])
def test_a_part_that_changes_while_it_is_read_stops_it(
    number: int, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_parts(tmp_path, BIG_NAMES, BIG)
    faults.at_chunk(monkeypatch, chunk, lambda: change(paths[number]))
    with pytest.raises(SourceChangedError) as caught:
        faults.run_conversion(paths[0])
    assert paths[number].name in str(caught.value)
    assert not (tmp_path / "Game.zso").exists()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_part_that_changes_just_before_publishing_stops_it(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_parts(tmp_path)
    faults.run_before(monkeypatch, PartFile, "seal", lambda: change(paths[number]))
    with pytest.raises(SourceChangedError):
        faults.run_conversion(paths[0])
    assert not (tmp_path / "Game.zso").exists()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_part_that_changes_after_publishing_keeps_all_of_them(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_parts(tmp_path)
    faults.run_before(monkeypatch, trash, "wait_until_settled", lambda: change(paths[number]))
    with pytest.raises(SourceChangedError):
        faults.run_conversion(paths[0], trash_source=True)
    assert all(path.exists() for path in paths)
    assert read_back(tmp_path / "Game.zso") == IMAGE


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux grants leases")
@pytest.mark.parametrize("number", [0, 2])
def test_a_part_that_is_open_for_writing_keeps_all_of_them(number: int, tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    with paths[number].open("r+b"), pytest.raises(SourceChangedError):
        faults.run_conversion(paths[0], trash_source=True)
    assert all(path.exists() for path in paths)
    assert trashed(tmp_path) == []


def test_a_checkpoint_knows_all_parts(tmp_path: Path) -> None:
    paths = write_parts(tmp_path, BIG_NAMES, BIG)
    plan = plan_of(paths[0])
    point = Checkpoint(CHUNK_BYTES, 600_000, 512, 1, 2, identity_of(plan), maker_of(plan), bytes(HEAD_BYTES))
    assert len(point.identity) == 4 * len(paths)
    assert fits(point, plan_of(paths[0]))
    change(paths[-1])
    assert not fits(point, plan_of(paths[0]))
    assert not fits(replace(point, identity=point.identity[:4]), plan)
    assert not fits(replace(point, identity=(99, *point.identity)), plan)


def test_the_result_is_no_more_public_than_any_part(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    for path, mode in zip(paths, (0o644, 0o640, 0o604), strict=True):
        path.chmod(mode)
    faults.run_conversion(paths[0])
    assert stat.S_IMODE((tmp_path / "Game.zso").stat().st_mode) == 0o600


def test_a_link_among_the_parts_is_never_put_away(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    paths[1].rename(tmp_path / "elsewhere" / "part")
    paths[1].symlink_to(tmp_path / "elsewhere" / "part")
    with pytest.raises(UsageError):
        plan_of(paths[0], trash_source=True)
    assert faults.run_conversion(paths[0]).is_verified


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_result_never_replaces_a_part(number: int, tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    request = ConversionRequest(target="any", on_conflict=OnConflict.OVERWRITE)
    with pytest.raises(ConflictError, match="same file"):
        settle_output(plan_conversion(paths[0], paths[number], None, request))


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_set_without_one_part_is_not_converted(number: int, tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    paths.pop(number).unlink()
    with pytest.raises(SplitImageError):
        plan_of(paths[0])


def test_the_original_of_an_image_that_is_cut_short_stays(tmp_path: Path) -> None:
    half = IMAGE[: len(IMAGE) // 2 // 2048 * 2048]
    path = write_old(tmp_path / "Half.iso", half)
    done = faults.run_conversion(path, trash_source=True)
    assert read_back(tmp_path / "Half.zso") == half
    assert done.trashed is None
    assert path.read_bytes() == half
    assert any("the original stays where it is" in notice for notice in done.plan.notices)


def test_a_move_that_was_stopped_after_the_first_part_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_parts(tmp_path)
    done = faults.run_conversion(paths[0], trash_source=True)
    assert done.trashed is not None
    for stored, path in zip(done.trashed.file_paths[1:], paths[1:], strict=True):
        stored.rename(path)  # as if it had been killed before these
    entry = find_trashed(paths[0])
    assert entry is not None
    assert entry.is_whole
    assert {path.name for path in tmp_path.iterdir()} == {TRASH_NAME, "Game.zso"}


def test_a_repair_never_replaces_an_image_that_is_cut_short(tmp_path: Path) -> None:
    path = pack(tmp_path / "Half.zso", IMAGE[: len(IMAGE) // 2 // 2048 * 2048])
    request = ConversionRequest(target="any", trash_source=True, replaces_source=True)
    with pytest.raises(ConflictError, match="cut short"):
        plan_conversion(path, None, None, request)

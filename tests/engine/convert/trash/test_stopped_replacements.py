"""Undos that are stopped while the files that replaced a title move to the trash: the next undo moves the rest."""

from pathlib import Path

import pytest
from command_line import CommandLine
from disc_files import convert_chd, files_in
from disc_replacing import OLD_FILES, make_replaced
from disc_stories import CHD, FILES, SOURCE
from power_stories import NO_CLAIMS, Act, undo_newest
from raw_discs import SHORT, write_chd
from trash_sets import entries

from discpress.engine.convert.trash import trash
from discpress.engine.convert.trash.entry import TrashedFile
from discpress.engine.convert.trash.held import HeldEntry


def stop_after(count: int, act: Act, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kill an act when it has moved so many files to the trash."""
    real, moved = trash._move_one, list[TrashedFile]()

    def move_one(held: HeldEntry, file: TrashedFile) -> None:
        if len(moved) == count:
            raise KeyboardInterrupt
        moved.append(file)
        real(held, file)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(trash, "_move_one", move_one)
        patch.setattr(trash, "_take_back", lambda held: None)
        act(folder, NO_CLAIMS)


@pytest.mark.parametrize("count", [1, 2])
def test_files_of_the_same_names_leave_before_the_old_ones_come_back(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_replaced(tmp_path)
    stop_after(count, undo_newest, tmp_path, monkeypatch)
    assert CommandLine(tmp_path).run("undo").exit_code == 0
    assert {name: data for name, data in files_in(tmp_path).items() if name in FILES} == OLD_FILES
    (undone,) = entries(tmp_path)
    assert [path.read_bytes() for path in undone.file_paths] == list(FILES.values())


@pytest.mark.parametrize("count", [1, 2])
def test_files_of_other_names_follow_their_sheet(count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_chd(tmp_path / SOURCE, SHORT)
    convert_chd(tmp_path / SOURCE, trash_source=True)
    stop_after(count, undo_newest, tmp_path, monkeypatch)
    said = CommandLine(tmp_path).run("undo")
    assert (said.exit_code, "left as it is" in said.text) == (0, False)
    assert files_in(tmp_path) == {SOURCE: CHD}
    (undone,) = entries(tmp_path)
    assert [path.read_bytes() for path in undone.file_paths] == list(FILES.values())


def test_a_file_that_was_changed_since_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_chd(tmp_path / SOURCE, SHORT)
    convert_chd(tmp_path / SOURCE, trash_source=True)
    stop_after(1, undo_newest, tmp_path, monkeypatch)
    name = list(FILES)[-1]
    (tmp_path / name).write_bytes(b"something else")
    assert CommandLine(tmp_path).run("undo").exit_code == 0
    assert (tmp_path / name).read_bytes() == b"something else"
    assert (tmp_path / SOURCE).read_bytes() == CHD

"""Titles of several files: all of them move to the trash and return together, wherever a process is killed."""

import shutil
from pathlib import Path

import fault_injection as faults
import pytest
from command_line import write_old
from sample_images import read_back
from trash_sets import FILES, IMAGE, RESULT, entries, is_home, make_set, moving, put_away, undo_as_a_user

from discpress.engine.convert.trash.entry import Replacement, Role
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.convert.trash.held import HeldEntry
from discpress.engine.convert.trash.listing import find_half_undone, freed_bytes, list_trash
from discpress.engine.convert.trash.trash import move_to_trash
from discpress.engine.convert.trash.undo import purge, undo
from discpress.engine.errors import DiscpressError, SourceChangedError, StorageError, TrashError
from discpress.engine.progress import Control
from discpress.engine.system.held_folder import HeldFolder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_set(tmp_path)
    return tmp_path


def names(folder: Path) -> set[str]:
    """Files below a folder, without what is in the trash."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if path.parts[0] != TRASH_NAME}


def test_all_files_are_moved_under_names_of_the_programs_own(folder: Path) -> None:
    entry = put_away(folder)
    assert names(folder) == {RESULT}
    assert sorted(path.name for path in entry.folder.iterdir()) == ["1.kept", "2.kept", "3.kept", "entry.json"]
    stored = {each.name: (each.role, (entry.folder / each.stored).read_bytes()) for each in entry.files}
    roles = [Role.MAIN, Role.PART, Role.PART]
    assert stored == {name: (role, data) for (name, data), role in zip(FILES.items(), roles, strict=True)}


def test_all_files_come_back_with_bytes_and_times(folder: Path) -> None:
    done = undo(put_away(folder), 1, Control())
    assert is_home(folder)
    assert names(folder) == set(FILES)
    assert done.replacement_entry is not None
    assert read_back(done.replacement_entry.file_path) == IMAGE


def test_an_undo_of_the_undo_puts_all_files_away_again(folder: Path) -> None:
    files = ["game.cue", "game.bin"]
    undo(put_away(folder, files), 1, Control())
    (entry,) = entries(folder)
    undo(entry, 1, Control())
    assert names(folder) == {RESULT, "tracks/undo"}
    (again,) = entries(folder)
    assert [each.name for each in again.files] == files
    undo(again, 1, Control())
    assert is_home(folder)


def test_files_in_a_folder_below_are_not_put_away_by_an_undo_of_the_undo_without_a_proof(folder: Path) -> None:
    undo(put_away(folder), 1, Control())
    (entry,) = entries(folder)
    assert "left as it is" in undo(entry, 1, Control()).note
    assert names(folder) == {RESULT, *FILES}


def test_a_purge_removes_all_files(folder: Path) -> None:
    entry = put_away(folder)
    assert freed_bytes(entry) == entry.size_bytes == sum(map(len, FILES.values()))
    purge(entry, 1, Control(), force=False)
    assert names(folder) == {RESULT}
    assert not (folder / TRASH_NAME).exists()


def test_a_purge_is_refused_if_one_file_was_changed(folder: Path) -> None:
    entry = put_away(folder)
    write_old(entry.folder / "3.kept", b"another")
    with pytest.raises(TrashError, match=r"3\.kept: was changed since then"):
        purge(entry, 1, Control(), force=False)
    assert len(list(entry.folder.glob("*.kept"))) == 3


def test_a_folder_that_was_removed_meanwhile_is_made_again(folder: Path) -> None:
    entry = put_away(folder)
    (folder / "tracks").rmdir()
    undo(entry, 1, Control())
    assert is_home(folder)


def test_a_link_in_place_of_a_folder_is_not_followed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    entry = put_away(folder)
    (folder / "tracks").rmdir()
    (folder / "tracks").symlink_to(elsewhere)
    with pytest.raises(DiscpressError):
        undo(entry, 1, Control())
    assert list(elsewhere.iterdir()) == []
    (folder / "tracks").unlink()
    undo_as_a_user(folder)
    assert is_home(folder)


@pytest.mark.parametrize("name", FILES)
def test_one_name_in_the_way_keeps_all_files_in_the_trash(name: str, folder: Path) -> None:
    entry = put_away(folder)
    (folder / name).write_bytes(b"in the way")
    with pytest.raises(TrashError, match=f"{Path(name).name}: a file of this name is in the way"):
        undo(entry, 1, Control())
    assert names(folder) == {RESULT, name}
    assert len(list(entry.folder.glob("*.kept"))) == 3
    assert entry.undo_marker not in {path.name for path in entry.folder.iterdir()}


@pytest.mark.parametrize("name", FILES)
def test_a_name_that_is_taken_in_the_last_moment_takes_all_files_back(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = put_away(folder)
    faults.run_before(monkeypatch, HeldEntry, "begin_undo", lambda: (folder / name).write_bytes(b"in the way"))
    with pytest.raises(TrashError, match="is in the way"):
        undo(entry, 1, Control())
    assert names(folder) == {RESULT, name}
    assert [(entry.folder / each.stored).read_bytes() for each in entry.files] == list(FILES.values())
    assert find_half_undone([folder]) == []


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("change", ["written to", "replaced", "removed"])
def test_one_file_that_is_another_by_now_keeps_all_files_at_home(name: str, change: str, folder: Path) -> None:
    files = [moving(folder / each) for each in FILES]
    replacement = Replacement.of(folder / RESULT, moving(folder / RESULT).identity)
    path = folder / name
    if change == "written to":
        path.write_bytes(b"new")
    else:
        path.rename(folder / "old")
        if change == "replaced":
            shutil.copy2(folder / "old", path)
    before = names(folder)
    with pytest.raises((SourceChangedError, StorageError)):
        move_to_trash(files, replacements=[replacement], digests={}, reason="converted")
    assert names(folder) == before
    assert not (folder / TRASH_NAME).exists()


def test_a_file_that_is_replaced_between_look_and_rename_goes_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace() -> None:
        if not (folder / "old").exists():
            (folder / "game.bin").rename(folder / "old")
            (folder / "game.bin").write_bytes(b"somebody's new file")

    real = HeldFolder.move_new

    def move_new(held: HeldFolder, name: str, target: HeldFolder, target_name: str) -> None:
        if name == "game.bin":
            replace()
        real(held, name, target, target_name)

    monkeypatch.setattr(HeldFolder, "move_new", move_new)
    with pytest.raises(SourceChangedError, match=r"game\.bin"):
        put_away(folder)
    assert (folder / "game.bin").read_bytes() == b"somebody's new file"
    assert names(folder) == {*FILES, RESULT, "old"}
    assert not (folder / TRASH_NAME).exists()


def test_a_file_in_another_folder_is_refused(folder: Path) -> None:
    with pytest.raises(TrashError, match="is not in the folder of the main file"):
        move_to_trash(
            [moving(folder / "tracks" / "undo"), moving(folder / "game.bin")],
            replacements=[Replacement("x", 1, 1, 1)],
            digests={},
            reason="converted",
        )
    assert is_home(folder)


def test_a_set_of_which_a_part_is_in_the_trash_is_not_purged(folder: Path) -> None:
    entry = put_away(folder)
    (entry.folder / "2.kept").rename(folder / "game.bin")
    with pytest.raises(TrashError, match="some files of this title are not in the trash"):
        purge(entry, 1, Control(), force=False)
    undo(entry, 1, Control())
    assert is_home(folder)


def test_an_entry_of_several_files_is_one_row(folder: Path) -> None:
    put_away(folder)
    (item,) = list_trash([folder]).items
    assert (item.entry.name, item.freed_bytes) == ("game.cue", sum(map(len, FILES.values())))


def test_a_name_in_the_way_of_any_file_is_in_the_list(folder: Path) -> None:
    put_away(folder)
    (folder / "game.bin").write_bytes(b"in the way")
    (item,) = list_trash([folder]).items
    assert item.undo_problem == "a file called game.bin is in the way"

"""The trash as a screen lists it."""

import os
from pathlib import Path

import fault_injection as faults
import pytest
from command_line import write_old
from sample_images import mixed

from discpress.engine.convert.trash.entry import ENTRY_NAME, TrashEntry
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.convert.trash.listing import TrashItem, TrashListing, list_trash

SOURCE = mixed(100_000, seed=14)


def trashed(folder: Path, name: str = "Some_Game_(USA).iso") -> TrashEntry:
    found = faults.run_conversion(write_old(folder / name, SOURCE), trash_source=True).trashed
    assert found is not None
    return found


@pytest.fixture
def entry(tmp_path: Path) -> TrashEntry:
    return trashed(tmp_path)


def only_item(folder: Path) -> TrashItem:
    (found,) = list_trash([folder]).items
    return found


def test_without_a_trash_there_is_nothing(tmp_path: Path) -> None:
    assert list_trash([tmp_path, tmp_path / "gone"]) == TrashListing((), ())


def test_an_item_says_what_it_is(tmp_path: Path, entry: TrashEntry) -> None:
    assert only_item(tmp_path) == TrashItem(entry, "Some Game", len(SOURCE), True, "")


def test_the_newest_comes_first(tmp_path: Path) -> None:
    folders = [tmp_path / "b", tmp_path / "a"]
    entries = [trashed(folder) for folder in folders]
    assert [item.entry for item in list_trash([*folders, *folders]).items] == entries[::-1]


def test_another_name_frees_nothing(tmp_path: Path, entry: TrashEntry) -> None:
    os.link(entry.file_path, tmp_path / "second.iso")
    assert only_item(tmp_path).freed_bytes == 0


def test_a_changed_replacement_is_said(tmp_path: Path, entry: TrashEntry) -> None:
    entry.replacement_path.write_bytes(b"edited")
    assert not only_item(tmp_path).is_replacement_there


def test_a_file_in_the_way_of_an_undo_is_said(tmp_path: Path, entry: TrashEntry) -> None:
    entry.home_path.write_bytes(b"in the way")
    assert only_item(tmp_path).undo_problem == "a file called Some_Game_(USA).iso is in the way"


def test_an_entry_that_cannot_be_read_is_named(tmp_path: Path, entry: TrashEntry) -> None:
    (entry.folder / ENTRY_NAME).write_text("nonsense")
    found = list_trash([tmp_path])
    assert (found.items, [str(tmp_path / TRASH_NAME) in str(error) for error in found.broken]) == ((), [True])

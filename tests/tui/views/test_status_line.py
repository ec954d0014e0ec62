"""The library's first line."""

from dataclasses import replace
from pathlib import Path

import pytest
from app_desk import LIBRARY, opened

from discpress.engine.formats import Settings
from discpress.engine.store.model import Fault, Title
from discpress.tui.views.library import LibraryView
from discpress.tui.views.status_line import status_line
from discpress.tui.widgets.marked_rows import Signs


def no_settings(_title: Title) -> Settings | None:
    return None


def view() -> LibraryView:
    view = LibraryView(no_settings, Signs())
    view.replace_all(LIBRARY)
    return view


def text(view: LibraryView, folders: list[Path], width: int) -> str:
    return "".join(piece for piece, _ in status_line(view, folders, width))


def test_it_begins_with_the_folder() -> None:
    assert text(view(), [Path("/nas/PS2")], 80).startswith("PS2: 9 titles, 17.5 GiB -> 12.2 GiB, saving")


def test_several_folders_are_counted() -> None:
    assert text(view(), [Path("/nas/PS2"), Path("/nas/PSP")], 80).startswith("2 folders: 9 titles, ")


def test_a_hostile_folder_is_shown_escaped() -> None:
    assert text(view(), [Path("/nas/a\x1b[31m")], 80).startswith("a\\e[31m: 9 titles")


def test_the_folder_goes_where_there_is_no_room() -> None:
    assert text(view(), [Path("/nas/PS2")], 58).startswith("9 titles")


def test_one_title_is_no_titles() -> None:
    one = LibraryView(no_settings, Signs())
    one.replace_all(LIBRARY[:1])
    assert text(one, [], 80).startswith("1 title, ")


def test_what_is_marked_and_shown_stays_where_there_is_little_room() -> None:
    marked = view()
    marked.toggle_all()
    marked.set_filter("sys:ps2 !velvet")
    assert text(marked, [Path("/nas/PS2")], 130).endswith("; 1 not read; 7 marked, 15 GiB; 7 shown: sys:ps2 !velvet")
    assert text(marked, [Path("/nas/PS2")], 86).endswith("30 %; 7 marked, 15 GiB; 7 shown")
    assert text(marked, [Path("/nas/PS2")], 76).endswith("30 %; 7 marked; 7 shown")


def test_what_is_no_part_of_the_totals_is_counted_by_state() -> None:
    shown = view()
    shown.update([replace(LIBRARY[0], fault=Fault.CUT_SHORT), replace(LIBRARY[1], fault=Fault.CUT_SHORT)], ())
    assert text(shown, [], 120).endswith("; 2 cut short; 1 not read")


@pytest.mark.slow
async def test_a_folder_that_cannot_be_read_does_not_look_like_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a file, and no folder")
    async with opened(tmp_path, titles=(), folders=[tmp_path / "a"], has_worker=True, width=200) as desk:
        await desk.look()
        problem = desk.session.problems[tmp_path / "a"]
        assert f"{problem}. r looks again" in desk.text
        assert "No image found" not in desk.text


@pytest.mark.slow
async def test_of_several_such_folders_the_first_is_named_and_the_others_counted(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    async with opened(tmp_path, titles=(), folders=folders, has_worker=True, width=200) as desk:
        await desk.look()
        assert f"{desk.session.problems[folders[0]]}; 1 more cannot be read." in desk.text


@pytest.mark.slow
async def test_a_folder_that_nobody_has_looked_into_yet_is_not_called_empty(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    async with opened(tmp_path, titles=(), folders=[tmp_path / "a"]) as desk:
        assert "The worker looks into your folders ..." in desk.text


@pytest.mark.slow
async def test_an_empty_folder_says_that_no_image_was_found(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    async with opened(tmp_path, titles=(), folders=[tmp_path / "a"], has_worker=True, width=200) as desk:
        await desk.look()
        assert "No image found: r looks again" in desk.text

"""The words about the library's rows."""

from dataclasses import replace
from pathlib import Path

import pytest
from app_desk import LIBRARY, opened
from shown_library import ShownLibrary

from discpress.engine.store.model import Fault
from discpress.tui.views.frame.status_line import places, rule_line, status_line
from discpress.tui.views.library import LibraryView


def view() -> ShownLibrary:
    return ShownLibrary(LIBRARY)


def text(view: LibraryView, width: int) -> str:
    return "".join(piece for piece, _ in status_line(view, width))


def test_the_folder_of_the_library_or_how_many_there_are() -> None:
    assert places([]) == []
    assert places([Path("/nas/a\x1b[31m")]) == [("/nas/a\\e[31m", "dim")]
    assert places([Path("/nas/PS2"), Path("/nas/PSP")]) == [("2 folders", "dim")]


def test_what_is_marked_and_shown_stays_where_there_is_little_room() -> None:
    marked = view()
    marked.toggle_all()
    marked.set_filter("sys:ps2 !velvet")
    assert text(marked, 80) == "7 marked, 15 GiB; 7 of 10 shown: sys:ps2 !velvet; 1 not read"
    assert text(marked, 60) == "7 marked, 15 GiB; 7 of 10 shown: sys:ps2 !velvet"
    assert text(marked, 45) == "7 marked, 15 GiB; 7 of 10 shown"
    assert text(marked, 20) == "7 marked; 7 of 10 shown"


def test_what_is_no_part_of_the_totals_is_counted_by_state() -> None:
    shown = view()
    shown.change([replace(LIBRARY[0], fault=Fault.CUT_SHORT), replace(LIBRARY[1], fault=Fault.CUT_SHORT)])
    assert text(shown, 120) == "2 cut short; 1 not read"
    assert text(shown, 25) == "3 with problems"


@pytest.mark.parametrize("width", [30, 40, 60, 80])
def test_the_line_below_a_table_has_the_width_of_the_screen(width: int) -> None:
    name, shown = [("A title of 19 cells", "strong")], [("7 marked", "mark")]
    line = "".join(piece for piece, _ in rule_line(name, shown, width, is_ascii=False))
    assert len(line) == width
    assert line.endswith(" 7 marked ─")
    assert ("─ A title of" in line) == (width >= 30)


def test_the_line_below_a_table_without_a_title_has_no_gap() -> None:
    assert (
        "".join(text for text, _ in rule_line([], [("7 marked", "mark")], 20, is_ascii=True)) == "--------- 7 marked -"
    )


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

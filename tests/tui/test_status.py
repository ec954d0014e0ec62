"""The library's first line."""

from pathlib import Path

from app_desk import LIBRARY

from engine.formats import Settings
from engine.library.model import Title
from tui.library_view import LibraryView, Signs
from tui.status import status_line


def no_settings(_title: Title) -> Settings | None:
    return None


def view() -> LibraryView:
    view = LibraryView(no_settings, Signs())
    view.replace_all(LIBRARY)
    return view


def text(view: LibraryView, folders: list[Path], width: int) -> str:
    return "".join(piece for piece, _ in status_line(view, folders, width))


def test_it_begins_with_the_folder() -> None:
    assert text(view(), [Path("/nas/PS2")], 80).startswith("PS2: 10 titles, 17.5 GiB -> 12.2 GiB, saving")


def test_several_folders_are_counted() -> None:
    assert text(view(), [Path("/nas/PS2"), Path("/nas/PSP")], 80).startswith("2 folders: 10 titles, ")


def test_a_hostile_folder_is_shown_escaped() -> None:
    assert text(view(), [Path("/nas/a\x1b[31m")], 80).startswith("a\\e[31m: 10 titles")


def test_the_folder_goes_where_there_is_no_room() -> None:
    assert text(view(), [Path("/nas/PS2")], 58).startswith("10 titles")


def test_one_title_is_no_titles() -> None:
    one = LibraryView(no_settings, Signs())
    one.replace_all(LIBRARY[:1])
    assert text(one, [], 80).startswith("1 title, ")


def test_what_is_marked_and_shown_stays_where_there_is_little_room() -> None:
    marked = view()
    marked.toggle_all()
    marked.set_filter("sys:ps2 !velvet")
    assert text(marked, [Path("/nas/PS2")], 90).endswith("; 10 marked, 17.5 GiB; 7 shown")
    assert text(marked, [Path("/nas/PS2")], 80).endswith("; 10 marked; 7 shown")

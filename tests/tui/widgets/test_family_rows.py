"""The discs of one game in the library: one row with their sums, marks for all, the disc that a filter finds."""

from pathlib import Path

import pytest
from app_desk import FAMILY, title
from shown_library import ShownLibrary

from discpress.engine.formats import ImageFormat
from discpress.engine.store.model import Title
from discpress.tui.views.frame.columns import COLUMNS
from discpress.tui.views.library import LibraryView
from discpress.tui.widgets.marked_rows import ASCII_SIGNS, Signs

KEYS = [column.key for column in COLUMNS]
SAGA = ("Saga (Disc 1).iso", "Saga (Disc 2).iso")


def view(*titles: Title, signs: Signs = Signs()) -> ShownLibrary:  # noqa: B008 - frozen
    return ShownLibrary(titles or FAMILY, signs)


def path_of(name: str) -> Path:
    return Path("/games") / name


def at(shown: LibraryView, name: str = SAGA[0]) -> int:
    index = shown.index_of(path_of(name))
    assert index is not None
    return index


def row(shown: LibraryView, name: str = SAGA[0]) -> dict[str, str]:
    return dict(zip(KEYS, shown.cells(at(shown, name), KEYS), strict=True))


def names(shown: LibraryView) -> list[str]:
    return [each.path.name for each in shown.rows]


def test_a_game_of_two_discs_is_one_row_with_their_sums() -> None:
    shown = view()
    assert len(shown.rows) == len(FAMILY) - 1
    assert shown.index_of(path_of(SAGA[1])) == at(shown)
    assert row(shown) == {
        "mark": " ",
        "title": "▸ Saga (2 discs)",
        "serial": "SLUS-20001",
        "system": "PS2",
        "region": "US",
        "format": "ISO",
        "size": "7.81 GiB",
        "estimate": "4.98 GiB",
        "block": "ZSO 2K",
        "saved": "2.83 GiB",
        "bar": "█▊   ",
        "wide_bar": "██▉     ",
        "saving": "36 %",
        "percent": "36 %",
        "state": "● ready",
        "folder": "games",
    }
    assert row(view(signs=ASCII_SIGNS))["title"] == "> Saga (2 discs)"


def test_it_unfolds_and_folds_again() -> None:
    shown = view()
    assert shown.unfold(at(shown))
    assert at(shown, SAGA[1]) == at(shown) + 1
    titles = [row(shown, name)["title"] for name in SAGA]
    assert titles == ["▾ Saga (disc 1)", "  Saga (disc 2)"]
    assert shown.fold(at(shown, SAGA[1])) == path_of(SAGA[0])
    assert len(shown.rows) == len(FAMILY) - 1


@pytest.mark.parametrize("name", ["Game 2.iso", SAGA[0]])
def test_what_is_folded_or_stands_alone_does_not_fold(name: str) -> None:
    shown = view()
    assert shown.fold(at(shown, name)) is None
    assert shown.unfold(at(shown, name)) is (name == SAGA[0])


def test_an_unfolded_game_stays_so_when_a_disc_is_added() -> None:
    shown = view()
    shown.unfold(at(shown))
    shown.change([title("Saga (Disc 3).iso", 4000, title="Saga", serial="SLUS-20003", disc_number=3)])
    assert at(shown, "Saga (Disc 3).iso") == at(shown) + 2


def test_a_mark_on_a_game_marks_all_its_discs() -> None:
    shown = view()
    shown.toggle(at(shown))
    assert shown.marked == {path_of(name) for name in SAGA}
    assert (row(shown)["mark"], shown.style(at(shown), "title")) == ("┃", "mark")
    assert [each.path.name for each in shown.chosen(0)] == list(SAGA)
    shown.toggle(at(shown))
    assert shown.marks == set()


def test_a_game_with_one_marked_disc_is_marked_in_part_and_then_wholly() -> None:
    shown = view()
    shown.unfold(at(shown))
    shown.toggle(at(shown, SAGA[1]))
    shown.fold(at(shown))
    assert (row(shown)["mark"], shown.style(at(shown), "title")) == ("╎", "normal")
    shown.toggle(at(shown))
    assert shown.marked == {path_of(name) for name in SAGA}


def test_without_marks_the_row_of_a_game_stands_for_all_its_discs() -> None:
    shown = view()
    assert [each.path.name for each in shown.chosen(at(shown))] == list(SAGA)


def test_mark_all_and_a_range_take_the_discs_of_folded_games() -> None:
    shown = view()
    shown.toggle_all()
    assert {path_of(name) for name in SAGA} <= shown.marked
    shown.marks.clear()
    shown.mark_range(at(shown), at(shown))
    assert shown.marked == {path_of(name) for name in SAGA}


def test_a_filter_shows_the_disc_that_matches() -> None:
    shown = view()
    shown.set_filter("20002")
    assert names(shown) == [SAGA[1]]
    assert row(shown, SAGA[1])["title"] == "Saga (disc 2)"
    assert shown.shown == 1
    shown.set_filter("saga")
    assert (names(shown), shown.shown) == ([SAGA[0]], 2)


@pytest.mark.parametrize(("key", "place"), [("size", 0), ("saving", 0), ("estimate", 0)])
def test_an_order_by_figures_goes_by_the_sums(key: str, place: int) -> None:
    shown = view()
    shown.sort_by(key)
    assert at(shown) == place
    shown.sort_by(key, is_reversed=True)
    rest = [each for each in shown.rows if key == "size" or each.packed_bytes is not None]
    assert at(shown) == len(rest) - 1


def test_a_game_in_two_forms_is_mixed_and_without_an_estimate_has_none() -> None:
    first = title(SAGA[0], 100, title="Saga", serial="SLUS-1", disc_number=1)
    packed = title(
        "Saga (Disc 2).zso", 50, format=ImageFormat.ZSO, block_size=2048, title="Saga", serial="SLUS-2", disc_number=2
    )
    cells = row(view(first, packed))
    assert (cells["format"], cells["size"], cells["estimate"], cells["state"]) == ("mixed", "150 MiB", "", "● ready")

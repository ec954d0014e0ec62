"""Groups in the library: a head with sums above the titles of a folder or of a system."""

from dataclasses import replace
from pathlib import Path

import pytest
from app_desk import FAMILY, title
from shown_library import ShownLibrary

from discpress.engine.library.groups import Grouping, groups_of
from discpress.engine.store.model import Title
from discpress.tui.views.frame.columns import COLUMNS
from discpress.tui.views.frame.group_pane import group_lines
from discpress.tui.views.library import LibraryView

KEYS = [column.key for column in COLUMNS]
PS2, PSP, UNKNOWN = Path("ps2"), Path("psp"), Path("unknown")


def at_path(path: str, size_mib: float = 100, **facts: object) -> Title:
    return replace(title(Path(path).name, size_mib, **facts), path=Path(path))  # type: ignore[arg-type]


def view(*titles: Title, by: Grouping = Grouping.SYSTEM) -> LibraryView:
    shown = ShownLibrary()
    shown.grouping = by
    shown.show(titles or FAMILY)
    return shown


def names(shown: LibraryView) -> list[str]:
    return [cells(shown, index)["title"] for index in range(len(shown.rows))]


def cells(shown: LibraryView, index: int) -> dict[str, str]:
    return dict(zip(KEYS, shown.cells(index, KEYS), strict=True))


def test_the_titles_of_a_system_stand_below_a_row_with_their_sums() -> None:
    shown = view()
    assert names(shown) == [
        *("▾ PS2", "Dense Films", "Game 2", "Game 10", "Okami", "▸ Saga (2 discs)", "Velvet", "紙灯籠の街"),
        *("▾ PSP", "Pocket Orrery: The Game"),
        *("▾ unknown", "Broken"),
    ]
    assert {key: text for key, text in cells(shown, 0).items() if text.strip()} == {
        "title": "▾ PS2",
        "size": "17.2 GiB",
        "estimate": "12 GiB",
        "saved": "5.16 GiB",
        "bar": "█▌   ",
        "wide_bar": "██▍     ",
        "saving": "30 %",
        "percent": "30 %",
        "state": "8 titles",
    }
    assert shown.style(0, "size") == "head"
    assert (
        "".join(text for text, _ in group_lines(shown, shown.rows[0], 60)[-1])
        == "states   6 ready, 1 no gain, 1 packed"
    )


def test_a_group_folds_from_any_of_its_titles_and_unfolds() -> None:
    shown = view()
    velvet = shown.index_of(Path("/games/Velvet.zso"))
    assert velvet is not None
    assert shown.fold(velvet) == PS2
    assert names(shown)[:3] == ["▸ PS2", "▾ PSP", "Pocket Orrery: The Game"]
    assert shown.index_of(Path("/games/Velvet.zso")) == shown.index_of(PS2) == 0
    assert shown.fold(0) is None
    assert shown.unfold(0) is True
    assert shown.unfold(0) is False
    assert len(shown.rows) == 3 + len(FAMILY) - 1


def test_left_folds_an_unfolded_family_before_its_group() -> None:
    shown = view()
    saga = shown.index_of(Path("/games/Saga (Disc 2).iso"))
    assert saga is not None
    shown.unfold(saga)
    assert shown.fold(saga) == Path("/games/Saga (Disc 1).iso")
    assert shown.fold(saga) == PS2


def test_a_mark_on_a_head_marks_the_group_and_a_range_only_the_rows_in_it() -> None:
    shown = view()
    shown.toggle(0)
    assert len(shown.marks) == 8
    assert len(shown.chosen(0)) == 8
    shown.toggle(0)
    assert (shown.marks, len(shown.chosen(0))) == (set(), 8)
    shown.mark_range(0, 2)
    assert len(shown.marks) == 2
    assert (cells(shown, 0)["mark"], [each.title for each in shown.chosen(0)]) == ("╎", ["Dense Films", "Game 2"])
    shown.fold(0)
    shown.mark_range(0, 0)
    assert (len(shown.marks), shown.style(0, "title")) == (8, "mark")


def test_mark_all_takes_the_ready_titles_of_folded_groups() -> None:
    shown = view()
    everything = shown.marked_together()
    shown.fold(0)
    assert shown.marked_together() == everything


@pytest.mark.parametrize("key", ["size", "estimate", "saving"])
def test_an_order_by_figures_sorts_the_groups_by_their_sums(key: str) -> None:
    shown = view(title("A.iso", 100, 90), title("B.iso", 900, 500, system="psp"))
    shown.sort_by(key)
    assert names(shown) == ["▾ PSP", "B.iso", "▾ PS2", "A.iso"]
    shown.sort_by(key, is_reversed=True)
    assert names(shown) == ["▾ PS2", "A.iso", "▾ PSP", "B.iso"]


def test_the_order_by_system_turns_the_groups_around_and_a_filter_leaves_empty_ones_out() -> None:
    shown = view()
    shown.sort_by("system", is_reversed=True)
    assert [row.path for row in shown.rows if shown.groups.is_head(row)] == [UNKNOWN, PSP, PS2]
    shown.set_filter("orrery")
    assert names(shown) == ["▾ PSP", "Pocket Orrery: The Game"]
    assert [each.path.name for each in shown.groups.without_heads(shown.rows)] == ["Pocket Orrery.iso"]


def test_folders_are_named_as_seen_from_the_one_that_all_share() -> None:
    shown = view(at_path("/a/PS2/x.iso"), at_path("/a/PS2/z.iso"), at_path("/a/PSP/[b]/y.iso"), by=Grouping.FOLDER)
    assert names(shown) == ["▾ PS2", "x.iso", "z.iso", "▾ [b] (in PSP)", "y.iso"]
    assert names(view(at_path("/a/PS2/x.iso"), by=Grouping.FOLDER)) == ["▾ PS2", "x.iso"]


def test_a_folder_of_one_game_counts_as_the_one_above_and_a_set_as_one_folder() -> None:
    games = (
        at_path("/g/Okami (USA)/SLUS_211.15.Okami.iso"),
        at_path("/g/x/okami.iso"),
        at_path("/g/Saga/Saga (Disc 1)/Saga (Disc 1).iso", title="Saga", disc_number=1),
        at_path("/g/Saga/Saga (Disc 2)/Saga (Disc 2).iso", title="Saga", disc_number=2),
    )
    shown = view(*games, by=Grouping.FOLDER)
    assert [(row.path, len(shown.members(row))) for row in shown.rows if shown.groups.is_head(row)] == [
        (Path("/g"), 3),
        (Path("/g/x"), 1),
    ]
    assert groups_of(games, Grouping.NONE, {}) == {}


def test_a_copy_in_another_group_has_its_own_name() -> None:
    first, second = at_path("/g/a/one.iso"), at_path("/g/b/two.iso")
    linked = replace(second, identity=first.identity, inode=first.inode, links=2)
    shown = view(replace(first, links=2), linked, by=Grouping.FOLDER)
    assert [shown.is_later(row) for row in shown.groups.without_heads(shown.rows)] == [False, False]
    shown.grouping = Grouping.SYSTEM
    shown.refresh_order()
    assert [shown.is_later(row) for row in shown.groups.without_heads(shown.rows)] == [False, True]

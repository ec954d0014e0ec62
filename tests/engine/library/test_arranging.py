"""Arranged libraries: the order that a thread made is shown unless another one is wanted by now."""

from pathlib import Path

from app_desk import LIBRARY
from shown_library import ShownLibrary

from discpress.engine.library.states import DiscRecord, Records


def paths(shown: ShownLibrary) -> list[Path]:
    return [row.path for row in shown.rows]


def test_what_is_arranged_is_shown_as_it_is() -> None:
    shown = ShownLibrary(LIBRARY)
    arranged = shown.arrange(shown.titles.values())
    shown.show_arranged(arranged)
    assert shown.totals is arranged.totals
    assert shown.names is arranged.names
    assert shown.in_order is arranged.order_by("title", shown.states, is_descending=False).titles


def test_an_order_that_was_chosen_meanwhile_holds() -> None:
    shown, sized = ShownLibrary(LIBRARY), ShownLibrary(LIBRARY)
    arranged = shown.arrange(shown.titles.values())
    shown.sort_by("size")
    sized.sort_by("size")
    shown.show_arranged(arranged)
    assert paths(shown) == paths(sized)
    shown.sort_by("size", is_reversed=True)
    shown.show_arranged(arranged)
    assert paths(shown) != paths(sized)


def test_what_was_recorded_meanwhile_counts() -> None:
    shown = ShownLibrary(LIBRARY)
    arranged = shown.arrange(shown.titles.values())
    copies = tuple(DiscRecord(each.path, "ab" * 16, each.is_packed) for each in (LIBRARY[1], LIBRARY[7]))
    shown.set_records(Records(discs=copies))
    shown.show_arranged(arranged)
    assert sum(map(shown.is_later, shown.rows)) == 1
    assert shown.totals.titles == arranged.totals.titles - 1

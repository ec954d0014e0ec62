"""Arranged libraries: the order that a thread made is shown unless another one is wanted by now."""

from pathlib import Path

import pytest
from app_desk import LIBRARY
from shown_library import ShownLibrary
from some_jobs import job

from discpress.engine.library import arranging
from discpress.engine.library.groups import Grouping
from discpress.engine.library.states import DiscRecord, Records
from discpress.engine.states import State

COPIES = Records(discs={each.key: DiscRecord(each.key, "ab" * 16, each.is_packed) for each in (LIBRARY[1], LIBRARY[7])})


def paths(shown: ShownLibrary) -> list[Path]:
    return [row.path for row in shown.rows]


def test_what_is_arranged_is_shown_as_it_is() -> None:
    shown = ShownLibrary(LIBRARY)
    arranged = shown.arrange(shown.titles.values())
    shown.show_arranged(arranged)
    assert shown.totals is arranged.totals
    assert shown.names is arranged.names


@pytest.mark.parametrize("grouping", [Grouping.NONE, Grouping.SYSTEM])
def test_an_order_that_was_chosen_meanwhile_holds(grouping: Grouping) -> None:
    shown, sized = ShownLibrary(LIBRARY), ShownLibrary(LIBRARY)
    arranged = shown.arrange(shown.titles.values())
    for each in (shown, sized):
        each.grouping = grouping
        each.sort_by("size")
    shown.show_arranged(arranged)
    assert paths(shown) == paths(sized)
    shown.sort_by("size", is_reversed=True)
    shown.show_arranged(arranged)
    assert paths(shown) != paths(sized)


def test_a_filter_that_was_chosen_meanwhile_knows_what_is_recorded() -> None:
    shown = ShownLibrary(LIBRARY)
    arranged = shown.arrange(shown.titles.values(), COPIES)
    shown.set_filter("dup:copy")
    assert paths(shown) == []
    shown.show_arranged(arranged)
    assert {row.key for row in shown.rows} == COPIES.discs.keys()


def test_a_job_that_was_queued_meanwhile_counts() -> None:
    shown = ShownLibrary(LIBRARY)
    arranged = shown.arrange(shown.titles.values(), COPIES)
    shown.set_jobs([job(path=LIBRARY[0].path)])
    shown.show_arranged(arranged)
    assert shown.totals.states[State.WORKING] == 1
    assert sum(map(shown.is_later, shown.rows)) == 1


def test_many_titles_wait_to_be_arranged_and_are_the_same_then(monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = ShownLibrary(LIBRARY), ShownLibrary(LIBRARY)
    few.set_jobs([job(path=LIBRARY[0].path)])
    few.update((), [LIBRARY[2].path], COPIES)
    monkeypatch.setattr(arranging, "MANY", len(LIBRARY) - 1)
    before = many.totals
    many.set_jobs([job(path=LIBRARY[0].path)])
    many.set_records(COPIES)
    assert (many.totals, many.is_stale) == (before, True)
    assert many.state_at(LIBRARY[0]) == few.state_at(LIBRARY[0])
    many.show_arranged(many.arrange(many.titles.changed((), [LIBRARY[2].path])))
    assert (paths(many), many.totals, many.is_stale) == (paths(few), few.totals, False)

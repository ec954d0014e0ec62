"""The library as rows: groups, marks, changes, cells, words for states."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from app_desk import LIBRARY, title
from shown_library import ShownLibrary
from some_jobs import job, running
from title_fields import TitleFields

from discpress.engine.config import Config
from discpress.engine.dats.match import Match, Verdict
from discpress.engine.discs.info import DiscInfo
from discpress.engine.errors import UsageError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.library.naming import shown_name
from discpress.engine.library.states import DiscRecord, Records
from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.tasks.records import VerifyTask
from discpress.engine.queue.titles.chooser import Chooser
from discpress.engine.states import State
from discpress.engine.store.model import Fault, Title
from discpress.tui.views.frame.columns import COLUMNS
from discpress.tui.views.labels import format_label, margin_of
from discpress.tui.views.library import LibraryView
from discpress.tui.widgets.marked_rows import ASCII_SIGNS, Signs

KEYS = [column.key for column in COLUMNS]


def view(titles: tuple[Title, ...] = LIBRARY, signs: Signs = Signs()) -> ShownLibrary:  # noqa: B008 - frozen
    return ShownLibrary(titles, signs)


def names(view: LibraryView) -> list[str]:
    return [each.path.name for each in view.rows]


def row(view: LibraryView, name: str) -> dict[str, str]:
    index = view.index_of(Path("/games") / name)
    assert index is not None
    return dict(zip(KEYS, view.cells(index, KEYS), strict=True))


def records(*titles: Title) -> Records:
    """The records of a conversion: of the first title, into the second."""
    discs = {each.key: DiscRecord(each.key, "ab" * 16, each.is_packed) for each in titles}
    return Records(discs=discs, results={titles[0].key: ((titles[1].key, "ab" * 16),)})


def test_the_comparison_with_datfiles_has_a_column_while_one_is_loaded() -> None:
    listed = view(signs=ASCII_SIGNS)
    assert tuple(listed.columns) == COLUMNS
    matches = {os.fsencode(LIBRARY[1].path): Match(Verdict.REVISION)}
    listed.set_records(Records(matches=matches, has_lists=True))
    assert [column.key for column in listed.columns] == [*KEYS[:-2], "match", "state", "folder"]
    index = listed.index_of(LIBRARY[1].path)
    assert index is not None
    assert (listed.cells(index, ["match"]), listed.style(index, "match")) == (["r"], "warn")
    other = listed.index_of(LIBRARY[0].path)
    assert other is not None
    assert (listed.cells(other, ["match"]), listed.style(other, "match")) == (["."], "dim")


def pair() -> tuple[Title, Title]:
    """An ISO and the ZSO made from it."""
    iso = title("Velvet.iso", 900, 500, title="Velvet", serial="SLUS-20003")
    return iso, next(each for each in LIBRARY if each.path.name == "Velvet.zso")


def test_cells_of_an_image() -> None:
    assert row(view(), "Game 2.iso") == {
        "mark": " ",
        "title": "Game 2",
        "serial": "SLES-50002",
        "system": "PS2",
        "region": "EU",
        "format": "ISO",
        "size": "700 MiB",
        "estimate": "420 MiB",
        "block": "ZSO 2K",
        "saved": "280 MiB",
        "bar": "██   ",
        "wide_bar": "███▎    ",
        "saving": "40 %",
        "percent": "40 %",
        "state": "● ready",
        "folder": "games",
    }


def test_cells_of_a_packed_and_a_broken_one() -> None:
    packed, broken = row(view(), "Velvet.zso"), row(view(), "Broken.cso")
    assert (packed["format"], packed["estimate"], packed["block"], packed["state"]) == ("ZSO 2K", "", "", "■ packed")
    assert (broken["system"], broken["state"]) == ("", "? not read")


def test_signs_in_ascii() -> None:
    plain = view(signs=ASCII_SIGNS)
    plain.toggle(0)
    assert row(plain, "Broken.cso")["mark"] == "*"
    assert row(plain, "Game 2.iso")["state"] == "* ready"
    assert row(plain, "Game 2.iso")["wide_bar"] == "[##    ]"


def test_equal_serial_and_size_do_not_hide_a_title() -> None:
    iso, zso = pair()
    shown = view((zso, LIBRARY[0], iso))
    assert not any(shown.is_later(each) for each in shown.rows)
    assert shown.state_at(iso) == "● ready"


def test_a_title_and_its_verified_result_stand_together_and_it_is_done() -> None:
    iso, zso = pair()
    shown = view((zso, LIBRARY[0], iso))
    assert shown.set_records(records(iso, zso))
    assert {names(shown)[1], names(shown)[2]} == {"Velvet.iso", "Velvet.zso"}
    assert (shown.state_at(iso), shown.state_at(zso)) == ("✓ done", "■ packed")
    later = next(each for each in shown.rows if shown.is_later(each))
    assert row(shown, later.path.name)["title"] == f"  + {later.path.name}"


def test_a_filter_that_hides_the_first_of_a_group_makes_the_other_the_first() -> None:
    iso, zso = pair()
    shown = view((iso, zso))
    shown.set_records(records(iso, zso))
    shown.set_filter("fmt:zso")
    assert not any(map(shown.is_later, shown.rows))
    assert row(shown, "Velvet.zso")["title"].startswith("Velvet")


def test_a_filter_that_cannot_be_leaves_all_as_it_was() -> None:
    shown = view()
    shown.set_filter("game")
    with pytest.raises(UsageError):
        shown.set_filter("size>x")
    assert (shown.filter_text, len(shown.rows)) == ("game", 3)


def test_marks_in_the_order_of_the_table_hidden_ones_last() -> None:
    shown = view()
    for name in ("Saga (Disc 2).iso", "Game 10.iso", "Game 2.iso"):
        index = shown.index_of(Path("/games") / name)
        assert index is not None
        shown.toggle(index)
    shown.set_filter("game")
    assert [each.path.name for each in shown.chosen(0)] == ["Game 2.iso", "Game 10.iso", "Saga (Disc 2).iso"]


def test_without_marks_the_row_of_the_cursor_is_chosen() -> None:
    shown = view()
    assert [each.title for each in shown.chosen(2)] == ["Game 2"]
    assert shown.chosen(99) == []


def test_all_marks_and_no_marks() -> None:
    shown = view()
    shown.set_filter("saga")
    shown.toggle_all()
    shown.set_filter("")
    assert len(shown.marks) == 2
    shown.toggle_all()
    assert {str(shown.states.state(each)) for each in LIBRARY if each.path in shown.marked} == {"ready"}
    assert len(shown.marks) == 7
    shown.toggle_all()
    assert shown.marks == set()


def test_marks_go_with_their_titles() -> None:
    shown = view()
    shown.toggle_all()
    shown.update((), [LIBRARY[0].path])
    assert LIBRARY[0].path not in shown.marked
    shown.show(LIBRARY[1:3])
    assert shown.marked == {each.path for each in LIBRARY[1:3]}


def test_a_change_that_moves_nothing_keeps_the_order() -> None:
    shown = view()
    before = names(shown)
    shown.change([replace(LIBRARY[1], estimate=None)])
    assert names(shown) == before
    assert row(shown, "Game 2.iso")["estimate"] == ""


def test_a_change_that_moves_a_title_moves_it() -> None:
    shown = view()
    shown.change([replace(LIBRARY[1], disc=DiscInfo(title="Zzz"))])
    assert names(shown).index("Game 2.iso") > names(shown).index("Velvet.zso")
    shown.sort_by("estimate")
    shown.change([replace(LIBRARY[1], estimate=None)])
    assert names(shown).index("Game 2.iso") > names(shown).index("Game 10.iso")


def test_a_new_title_comes_in_at_its_place() -> None:
    shown = view()
    shown.change([title("Game 3.iso", 5, title="Game 3")])
    place = names(shown).index("Game 3.iso")
    assert names(shown)[place - 1 : place + 2] == ["Game 2.iso", "Game 3.iso", "Game 10.iso"]


def test_totals_are_of_the_whole_library_whatever_is_shown() -> None:
    shown = view()
    before = shown.totals
    shown.set_filter("saga")
    assert shown.totals == before
    assert before.titles == 9
    shown.update((), [LIBRARY[0].path])
    assert shown.totals.titles == 8


def test_the_queue_gives_the_word_and_says_which_rows_differ() -> None:
    shown = view()
    path, key = LIBRARY[1].path, LIBRARY[1].key
    assert shown.set_jobs([job(path=path)]) == {key}
    assert shown.state_at(LIBRARY[1]) == "▶ queued"
    assert shown.set_jobs([job(path=path, position=9.0)]) == set()
    assert shown.set_jobs([running(path=path)]) == {key}
    assert shown.state_at(LIBRARY[1]) == "▶ 50 %"
    assert shown.set_jobs([job(path=path, state=JobState.DONE)]) == {key}
    assert shown.state_at(LIBRARY[1]) == "● ready"


def test_a_job_that_is_no_conversion_leaves_the_row_alone() -> None:
    assert view().set_jobs([job(path=LIBRARY[1].path, task=VerifyTask())]) == set()


def test_styles_tell_marked_broken_and_states_apart() -> None:
    shown = view()
    broken, game = (shown.index_of(Path("/games") / name) for name in ("Broken.cso", "Game 2.iso"))
    assert broken is not None
    assert game is not None
    assert (shown.style(broken, "state"), shown.style(broken, "title")) == ("warn", "dim")
    assert shown.style(game, "title") == "normal"
    shown.toggle(game)
    assert [shown.style(game, key) for key in ("mark", "title", "size", "bar")] == ["mark", "mark", "normal", "bar"]


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"title": "Okami", "serial": "SLUS-1"}, "Okami"),
        ({"title": "", "serial": ""}, "File (Europe).iso"),
        ({"title": "Saga", "disc_number": 2, "serial": ""}, "Saga (disc 2)"),
        ({"title": "Saga", "disc_number": 1, "serial": ""}, "Saga"),
    ],
)
def test_what_a_title_is_called(facts: TitleFields, name: str) -> None:
    assert shown_name(title("File (Europe).iso", 5, **facts)) == name


def test_the_serial_stands_beside_a_name_that_is_only_the_files() -> None:
    assert shown_name(title("Okami.iso", 5, title="Okami", serial="SLUS-21115")) == "Okami SLUS-21115"


def test_labels() -> None:
    assert LIBRARY[0].system.label == "PS2"
    assert title("x.iso", 1, system="dreamcast").system.label == "Dreamcast"
    assert row(view((title("x.iso", 1, system="dreamcast"),)), "x.iso")["system"] == "DC"
    assert format_label(title("x.iso", 1, format=None)) == "?"
    assert format_label(title("x.zso", 1, format=ImageFormat.ZSO, block_size=16384)) == "ZSO 16K"
    assert format_label(title("x.ciso", 1, format=ImageFormat.GAMECUBE_CISO, block_size=2 << 20)) == "CISO 2M"


def test_a_margin_is_half_of_what_it_spans_and_at_least_one_percent() -> None:
    estimate = LIBRARY[0].estimate
    assert estimate is not None
    assert margin_of(None) is None
    assert margin_of(estimate) == 1
    exact = estimate.packed_bytes
    assert margin_of(replace(estimate, low_bytes=exact, high_bytes=exact)) == 0
    assert margin_of(replace(estimate, low_bytes=exact, high_bytes=int(exact * 1.001))) == 1
    assert margin_of(replace(estimate, low_bytes=int(exact * 0.8), high_bytes=exact)) == 20


def test_the_default_settings_are_the_charts_first_point() -> None:
    assert Chooser.of(Config()).defaults == Settings(ImageFormat.ZSO, 2048, 9)


def test_damage_that_a_whole_check_found_is_the_state() -> None:
    seen = view()
    assert seen.set_records(Records(damaged={LIBRARY[1].key: (9.0, "block 3 does not decode")}))
    assert row(seen, "Game 2.iso")["state"] == "✗ damaged"
    assert seen.set_records(Records())
    assert row(seen, "Game 2.iso")["state"] == "● ready"


def test_damage_of_a_file_that_is_another_by_now_is_not_shown() -> None:
    later = replace(LIBRARY[1], identity=replace(LIBRARY[1].identity, mtime_ns=20_000_000_000))
    seen = view((later,))
    seen.set_records(Records(damaged={later.key: (9.0, "block 3 does not decode")}))
    assert row(seen, "Game 2.iso")["state"] == "● ready"


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_is_the_state_and_stands_out_if_the_image_is_not_whole(fault: Fault) -> None:
    seen = view((replace(LIBRARY[1], fault=fault),))
    assert seen.states.state(seen.rows[0]) == State(fault)
    assert (seen.style(0, "state") == "bad") is fault.is_sick


def test_a_filter_by_state_follows_the_records() -> None:
    seen = view()
    seen.set_filter("state:damaged")
    assert names(seen) == []
    seen.set_records(Records(damaged={LIBRARY[1].key: (9.0, "block 3 does not decode")}))
    assert names(seen) == ["Game 2.iso"]


def test_an_order_by_state_follows_the_table() -> None:
    seen = view()
    seen.sort_by("state")
    order = list(State)
    places = [order.index(seen.states.state(each)) for each in seen.rows]
    assert places == sorted(places)


def test_every_state_has_a_sign_of_one_cell_and_a_word_that_fits() -> None:
    width = next(column.width for column in COLUMNS if column.key == "state")
    for state in State:
        assert [len(sign.of_state(state)) for sign in (Signs(), ASCII_SIGNS)] == [1, 1]
        assert ASCII_SIGNS.of_state(state).isascii()
        assert len(f"{Signs().of_state(state)} {state.spec.label}") <= width


def test_the_titles_of_the_rows_around_are_read_at_once_and_only_those() -> None:
    shown = ShownLibrary(title(f"Title {number:03}.iso", 700, title=f"Title {number:03}") for number in range(300))
    for index in range(100, 140):
        assert shown.cells(index, ["block"]) == ["ZSO 2K"]
    kept = [place for place, row in enumerate(shown.rows) if shown.titles.is_kept(row.key)]
    assert shown.readings == 2
    assert kept == list(range(68, 164))


def test_a_row_that_cannot_be_read_now_has_all_that_the_list_knows() -> None:
    shown = view()
    shown.stored.clear()
    cells = row(shown, "Game 2.iso")
    assert (cells["title"], cells["size"], cells["estimate"], cells["state"]) == (
        "Game 2",
        "700 MiB",
        "420 MiB",
        "● ready",
    )
    assert cells["block"] == ""

"""The library's commands, by their keys."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from app_desk import LIBRARY, opened, title
from command_line import write_old
from dat_lists import rom, write_list
from sample_images import as_disc, compressible
from shown_library import marked_in

from discpress.engine.config import load_config
from discpress.engine.dats.index import DatIndex
from discpress.engine.dats.reading.files import read_dats
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.store.digests import Digests
from discpress.tui.commands import Place
from discpress.tui.dialogs.sort_keys import SORT_LETTERS
from discpress.tui.screens.detail import DetailScreen
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.plan import PlanScreen
from discpress.tui.screens.queue import QueueScreen
from discpress.tui.screens.settings import SettingsScreen
from discpress.tui.screens.trash import TrashScreen
from discpress.tui.screens.tune import TuneScreen
from discpress.tui.views.frame.columns import SORTS
from discpress.tui.views.trash import TrashView
from discpress.tui.widgets.filter_input import FilterInput

pytestmark = pytest.mark.slow

runs = pytest.mark.runs
AT = Place.LIBRARY
BY_TITLE = [
    "Broken", "Dense Films", "Game 2", "Game 10", "Okami", "Pocket Orrery: The Game", "Saga", "Saga", "Velvet",
    "紙灯籠の街",
]  # fmt: skip


@runs("show_details", AT)
async def test_enter_shows_everything_of_the_title(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "down", "enter") as desk:
        desk.in_front(DetailScreen)
        assert "SLES-50002" in desk.lines("text")


@runs("mark", AT)
async def test_space_marks_and_goes_to_the_next(tmp_path: Path) -> None:
    async with opened(tmp_path, "space", "space") as desk:
        assert {path.name for path in marked_in(desk.view)} == {"Broken.cso", "Dense Films.iso"}
        assert desk.title == "Game 2"
        await desk.press("up", "space")
        assert {path.name for path in marked_in(desk.view)} == {"Broken.cso"}


async def test_the_status_line_counts_what_is_marked(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "space", "space") as desk:
        assert "2 marked, 2.64 GiB" in desk.lines("status")


@runs("mark_range", AT)
@pytest.mark.parametrize(
    ("keys", "marked"),
    [
        (["down", "space", "down", "v"], {"Dense Films", "Game 2", "Game 10"}),
        (["down", "down", "down", "space", "up", "up", "v"], {"Game 2", "Game 10"}),
        (["down", "v"], {"Dense Films"}),
    ],
    ids=["downwards", "upwards", "without a mark before"],
)
async def test_v_marks_from_the_last_mark_to_here(tmp_path: Path, keys: list[str], marked: set[str]) -> None:
    async with opened(tmp_path, *keys) as desk:
        assert {title.title for title in map(desk.view.titles.by_key, desk.view.marks) if title} == marked


@runs("mark_all", AT)
async def test_a_marks_all_that_is_shown_and_takes_all_marks_off(tmp_path: Path) -> None:
    async with opened(tmp_path, "slash", *"game", "enter", "a") as desk:
        assert {title.title for title in map(desk.view.titles.by_key, desk.view.marks) if title} == {
            "Game 2",
            "Game 10",
            "Pocket Orrery: The Game",
        }
        await desk.press("a")
        assert desk.view.marks == set()


async def test_marks_stay_under_a_filter_and_a_sort(tmp_path: Path) -> None:
    async with opened(tmp_path, "space", "slash", *"saga", "enter", "s", "s", "a", "escape") as desk:
        assert len(desk.view.marks) == 3


@runs("filter", AT)
async def test_slash_filters_as_it_is_typed(tmp_path: Path) -> None:
    async with opened(tmp_path, "slash", *"ga") as desk:
        assert [each.title for each in desk.view.rows] == [
            "Game 2",
            "Game 10",
            "Pocket Orrery: The Game",
            "Saga",
            "Saga",
        ]
        await desk.press(*"me")
        assert [each.title for each in desk.view.rows] == ["Game 2", "Game 10", "Pocket Orrery: The Game"]
        await desk.press("enter")
        assert desk.app.focused is desk.table
        assert "3 of 10 shown: game" in desk.lines("status")


FOUND = {
    "okami": ["Okami"],
    "slus21115": ["Okami"],
    "t-en": ["Okami"],
    "[b]": ["Okami"],
    "!game !saga !dense sys:ps2": ["Okami", "Velvet", "紙灯籠の街"],
    "sys:psp": ["Pocket Orrery: The Game"],
    "!sys:ps2": ["Broken", "Pocket Orrery: The Game"],
    "fmt:zso": ["Velvet"],
    "region:eu": ["Game 2", "Game 10"],
    "state:skip": ["Dense Films"],
    "state:error": ["Broken"],
    "saving>45": ["Game 10", "紙灯籠の街"],
    "saving<=25": ["Dense Films", "Okami"],
    "size>3G sys:ps2": ["Okami", "Saga", "Saga"],
    "紙灯籠": ["紙灯籠の街"],
}


async def test_the_words_of_the_filter(tmp_path: Path) -> None:
    async with opened(tmp_path, "slash") as desk:
        for words, found in FOUND.items():
            await desk.paste(words)
            assert [each.title for each in desk.view.rows] == found, words


async def test_a_word_that_cannot_be_is_explained_and_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        for words in ("sys:ps2 saving>x", "colour:red", "size>a"):
            await desk.press("slash")
            await desk.paste(words)
            assert words.rsplit(maxsplit=1)[-1] in desk.lines("status")
            assert len(desk.view.rows) == len(LIBRARY)
            await desk.press("escape")
            assert words not in desk.lines("status")


async def test_the_filter_has_the_keys_as_soon_as_it_is_open(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        screen = desk.in_front(LibraryScreen)
        screen.action_filter()  # nothing is awaited: on a slow line the next keys are there already
        field = desk.app.focused
        screen.action_clear_filter()
        assert (type(field), desk.app.focused) == (FilterInput, desk.table)


async def test_the_arrows_leave_the_filter_for_the_table(tmp_path: Path) -> None:
    async with opened(tmp_path, "slash", *"saga", "down") as desk:
        assert desk.app.focused is desk.table
        await desk.press("down")
        assert desk.view.rows[desk.table.cursor].path.name == "Saga (Disc 2).iso"


@runs("clear_filter", AT)
async def test_escape_takes_the_filter_off_then_the_marks(tmp_path: Path) -> None:
    async with opened(tmp_path, "space", "slash", *"saga", "enter", "escape") as desk:
        assert (len(desk.view.rows), len(desk.view.marks)) == (len(LIBRARY), 1)
        await desk.press("escape")
        assert desk.view.marks == set()
        assert "marked" not in desk.lines("status")


async def test_the_cursor_stays_on_its_title_when_the_filter_goes(tmp_path: Path) -> None:
    async with opened(tmp_path, "slash", *"velvet", "enter", "escape") as desk:
        assert desk.title == "Velvet"


@runs("sort", AT)
async def test_s_and_a_letter_sort_by_a_column(tmp_path: Path) -> None:
    async with opened(tmp_path, "S") as desk:
        for key, (letter, name) in ((key, SORT_LETTERS[key]) for key in SORTS):
            await desk.press("s")
            assert f"{letter} {name}" in desk.lines("letters")
            await desk.press(letter)
            assert (desk.view.sort_key, desk.view.is_reversed) == (key, False)


async def test_a_letter_of_no_column_and_escape_leave_the_order(tmp_path: Path) -> None:
    async with opened(tmp_path, "s", "q") as desk:
        assert desk.told == ["No column is sorted by q."]
        await desk.press("s", "escape")
        assert desk.view.sort_key == "title"


@pytest.mark.parametrize("sorts", [SORTS, TrashView.SORTS], ids=["library", "trash"])
def test_every_column_has_a_letter_of_its_own(sorts: Sequence[str]) -> None:
    assert len({SORT_LETTERS[key][0] for key in sorts}) == len(sorts)


async def test_a_cursor_at_the_top_stays_there_and_another_one_on_its_title(tmp_path: Path) -> None:
    async with opened(tmp_path, "s", "s") as desk:
        assert desk.table.cursor == 0
        await desk.press("down")
        before = desk.title
        await desk.press("s", "t")
        assert desk.title == before


ENDS = {
    "title": ("Broken", "紙灯籠の街"),
    "system": ("Dense Films", "Broken"),
    "format": ("Broken", "Velvet"),
    "size": ("Okami", "Broken"),
    "estimate": ("Okami", "Velvet"),
    "saving": ("Saga", "Velvet"),
    "block": ("Velvet", "Broken"),
    "state": ("Broken", "紙灯籠の街"),
    "path": ("Broken", "紙灯籠の街"),
}
"""The first and the last row in each order."""


async def test_each_order_and_the_same_turned_around(tmp_path: Path) -> None:
    async with opened(tmp_path, width=120) as desk:
        for key, ends in ENDS.items():
            if key != desk.view.sort_key:
                await desk.press("s", SORT_LETTERS[key][0])
            titles = [each.title for each in desk.view.rows]
            assert (desk.view.sort_key, (titles[0], titles[-1])) == (key, ends)
            heads = next(line for line in desk.text.splitlines() if "TITLE" in line)
            assert (desk.view.sort_sign in heads) == (key != "path")  # which has no column
            await desk.press("S")
            assert [each.title for each in desk.view.rows] != titles


async def test_names_are_sorted_as_people_count(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        assert [each.title for each in desk.view.rows] == BY_TITLE


@runs("sort_reverse", AT)
async def test_shift_s_turns_the_order_around(tmp_path: Path) -> None:
    async with opened(tmp_path, "S") as desk:
        assert desk.view.rows[0].title == "紙灯籠の街"
        await desk.press("S")
        assert desk.view.rows[0].title == "Broken"


async def test_the_cursor_stays_on_its_title_when_the_order_changes(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "down", "s", "S", "s") as desk:
        assert desk.title == "Game 2"


@runs("tune", AT)
async def test_t_tunes_the_marked_titles(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "space", "space", "t") as desk:
        desk.in_front(TuneScreen)
        assert "Tune Dense Films" in desk.lines("text")
        assert "and 1 more: the figures are their sum" in desk.lines("text")


async def test_a_broken_title_is_not_tuned(tmp_path: Path) -> None:
    async with opened(tmp_path, "t") as desk:
        desk.in_front(LibraryScreen)


@runs("plan", AT)
async def test_c_plans_the_marked_titles(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "down", "space", "space", "c") as desk:
        desk.in_front(PlanScreen)
        assert "2 titles: read 2.05 GiB" in desk.lines("summary")


@runs("identify", AT)
async def test_i_queues_the_decoding_of_the_marked_titles(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "space", "space", "i") as desk:
        jobs = desk.queue.jobs()
        assert {job.path.name for job in jobs} == {"Dense Films.iso", "Game 2.iso"}
        assert {(job.kind, job.idle_priority) for job in jobs} == {(TaskKind.VERIFY, True)}
        assert desk.told[-1] == "Queued 2 titles. Press w for the queue."
        await desk.press("i")
        assert (desk.told[-1], len(desk.queue.jobs())) == ("Queued already.", 2)


@runs("show_queue", AT)
async def test_w_shows_the_queue(tmp_path: Path) -> None:
    async with opened(tmp_path, "w") as desk:
        desk.in_front(QueueScreen)


@runs("show_trash", AT)
async def test_u_shows_the_trash(tmp_path: Path) -> None:
    async with opened(tmp_path, "u") as desk:
        desk.in_front(TrashScreen)


@runs("rescan", AT)
async def test_r_finds_new_changed_and_vanished_images(tmp_path: Path) -> None:
    games = tmp_path / "games"
    old = write_old(games / "Old.iso", compressible(100_000, 1))
    async with opened(tmp_path, titles=(), folders=[games], has_worker=True) as desk:
        await desk.look()
        assert [each.path.name for each in desk.view.rows] == ["Old.iso"]
        old.unlink()
        write_old(games / "New.iso", compressible(200_000, 2))
        await desk.press("r")
        await desk.look()
        assert [each.path.name for each in desk.view.rows] == ["New.iso"]
        assert "Looking for new and changed images" in desk.told[-1]


async def test_a_datfile_that_is_loaded_meanwhile_gives_the_table_a_column(tmp_path: Path) -> None:
    async with opened(tmp_path, width=120) as desk:
        assert " ID " not in desk.text.splitlines()[2]
        games = {"Game 2 (Europe)": [rom("Game 2 (Europe).iso", b"x" * 2048)]}
        path = write_list(tmp_path / "list.dat", games)
        found = list(read_dats(path, lambda where, error: pytest.fail(str(error))))
        DatIndex(desk.store.file).add(found, path)
        game = next(each for each in LIBRARY if each.path.name == "Game 2.iso")
        desk.store.digests.save(game.path, game.identity, Digests(f"{zlib.crc32(b'x' * 2048):08x}", size_bytes=2048))
        await desk.look()
        (row,) = [row for row in desk.rows if "Game 2 " in row]
        assert row.split(" | ")[-3] == "✓"
        assert " ID " in desk.text


@runs("copy_path", AT)
async def test_y_copies_the_path(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "y") as desk:
        assert desk.app.clipboard == "/games/Dense Films.iso"
        assert "clipboard" in desk.told[-1]


@runs("show_settings", AT)
async def test_comma_shows_the_settings(tmp_path: Path) -> None:
    async with opened(tmp_path, "comma") as desk:
        desk.in_front(SettingsScreen)


@runs("quit", AT)
async def test_q_leaves(tmp_path: Path) -> None:
    async with opened(tmp_path, "q") as desk:
        assert desk.has_ended


# Without a row under the cursor


async def test_a_key_on_an_empty_table_does_no_harm(tmp_path: Path) -> None:
    async with opened(tmp_path, "slash", *"zzz", "enter") as desk:
        for key in ("enter", "space", "v", "a", "s", "S", "t", "c", "y", "r", "escape"):
            await desk.press(key)
            desk.in_front(LibraryScreen)
            assert len(desk.view.titles) == len(LIBRARY)


async def test_a_filter_that_nothing_passes_names_the_key_that_takes_it_off(tmp_path: Path) -> None:
    async with opened(tmp_path, "slash", *"zzz") as desk:
        assert "Nothing matches: esc takes the filter off." in desk.text


async def test_folders_without_an_image_name_the_keys_to_press(tmp_path: Path) -> None:
    (tmp_path / "games").mkdir()
    async with opened(tmp_path, titles=(), folders=[tmp_path / "games"], has_worker=True) as desk:
        await desk.look()
        # The keys before the folders, whose names may be longer than the line.
        assert "No image found: r looks again, the comma key changes folders" in desk.text


async def test_a_scan_that_has_not_ended_is_told(tmp_path: Path) -> None:
    (tmp_path / "games").mkdir()
    async with opened(tmp_path, titles=(), folders=[tmp_path / "games"]) as desk:
        await desk.look()
        assert "The worker looks into your folders ..." in desk.text


async def test_a_folder_that_cannot_be_scanned_is_told_once(tmp_path: Path) -> None:
    async with opened(tmp_path, titles=(), folders=[tmp_path / "away"], has_worker=True) as desk:
        await desk.look()
        await desk.look()
        assert len([message for message in desk.told if "away" in message]) == 1


# News from the worker


async def test_estimates_of_what_is_seen_are_asked_for_first(tmp_path: Path) -> None:
    many = [title(f"Title {number:03}.iso", 700, title=f"Title {number:03}") for number in range(100)]
    async with opened(tmp_path, titles=many) as desk:
        await desk.press("end")
        await desk.until(lambda: desk.session._asked.get(b"/games/Title 099.iso") == 0)
        first = desk.session.background_tasks.next()
        assert first is not None
        assert first.kind is TaskKind.ESTIMATE
        assert first.path.name > "Title 070.iso"
        assert desk.session.background_tasks.pending(TaskKind.ESTIMATE) == len(many)


async def test_an_estimate_arrives_by_itself(tmp_path: Path) -> None:
    games = tmp_path / "games"
    write_old(games / "Game.iso", as_disc(compressible(300_000)))
    async with opened(tmp_path, titles=(), folders=[games], has_worker=True) as desk:
        await desk.look()  # takes the title in, and asks for its estimate
        await desk.look()
        assert desk.view.rows[0].packed_bytes is not None
        assert "saves" in desk.text.splitlines()[0]


async def test_a_title_that_was_converted_is_done(tmp_path: Path) -> None:
    games = tmp_path / "games"
    write_old(games / "Game.iso", as_disc(compressible(300_000)))
    async with opened(tmp_path, titles=(), folders=[games], has_worker=True) as desk:
        await desk.look()
        await desk.press("c", "enter")
        await desk.look()
        await desk.look()
        assert (games / "Game.zso").exists()
        states = {each.path.name: desk.view.state_of(each) for each in desk.view.titles.values()}
        assert (states["Game.iso"], states["Game.zso"]) == ("✓ done", "■ packed")
        assert "1 done so far" in desk.lines("strip")


async def test_the_title_under_the_cursor_is_described_below_the_table(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "down", height=23) as desk:
        assert not desk.app.screen.query_one("#pane").display
        await desk.resize(80, 24)
        assert "Game 2 · SLES-50002 · PS2 · EU" in desk.lines("status")
        assert "saves    280 MiB, 40 %" in desk.lines("pane")
        await desk.press("down")
        assert "Game 10" in desk.lines("status")
        await desk.resize(100, 30)
        assert "─ Game 10 · SLES-50010 · PS2 · EU ─" in desk.text


async def test_on_a_large_terminal_the_pane_stands_beside_the_table_with_all_it_has(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "down", width=200, height=50) as desk:
        await desk.press("c", "enter")
        heads = [line.split()[0] for line in desk.lines("pane").splitlines() if "──" in line]
        assert heads == ["now", "becomes", "by", "history"]
        assert "convert: queued" in desk.lines("pane")


async def test_a_queue_of_the_whole_library_repaints_only_what_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking each of 5,000 jobs up among 20,000 rows held the app up for a minute."""
    many = [title(f"Game {number}.iso", 700, 400) for number in range(400)]
    async with opened(tmp_path, titles=many) as desk:
        refreshed: list[int] = []
        refresh_row = desk.table.refresh_row

        def watched(index: int) -> None:
            refreshed.append(index)
            refresh_row(index)

        monkeypatch.setattr(desk.table, "refresh_row", watched)
        desk.queue.add(JobRequest(ConvertTask(), each.path) for each in many)
        await desk.look()
        assert set(desk.table.seen) <= set(refreshed) <= set(range(24))
        assert "queued" in desk.rows[0]


async def test_so_many_changes_that_the_library_is_read_again(tmp_path: Path) -> None:
    """More than the state file keeps notes of, between two looks."""
    async with opened(tmp_path, "down", "space") as desk:
        name = desk.view.rows[1].path
        new = title("Appeared.iso", 100, 50, title="Appeared")
        for _ in range(2):
            desk.store.save_titles([new] * 5000)
        await desk.look()
        assert desk.view.titles.keys == {each.key for each in (*LIBRARY, new)}
        assert marked_in(desk.view) == {name}


@runs("choose_target", AT)
async def test_shift_t_chooses_what_plays_the_system_of_the_title(tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, "down", "down", "T", "down", "enter") as desk:
        desk.in_front(LibraryScreen)
        title = desk.view.titles.whole(desk.view.rows[desk.table.cursor].key)
        assert title is not None
        assert load_config(config_file).targets == {title.system: "opl"}
        assert desk.session.chooser.choice(title).target.name == "opl"


async def test_another_target_shows_the_estimates_of_its_own_format(tmp_path: Path) -> None:
    """The estimates of another format are none of this one."""
    async with opened(tmp_path, "down", "down", "T", "end", "up", "enter") as desk:
        title = desk.view.titles.whole(desk.view.rows[desk.table.cursor].key)
        assert title is not None
        settings = desk.session.planned(title)
        assert settings is not None
        assert title.estimate is None or title.estimate.settings.format is settings.format

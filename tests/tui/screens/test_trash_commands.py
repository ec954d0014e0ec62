"""The trash's commands, by their keys; the files are real, and the worker's own functions move them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from app_desk import Desk, opened
from command_line import write_old
from fault_injection import flip_byte, run_conversion
from sample_images import mixed
from trash_sets import is_home, make_set, put_away, put_back_half

from discpress.engine.queue.jobs import JobState
from discpress.tui.commands import Place
from discpress.tui.dialogs.confirm import Confirm
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.queue import QueueScreen
from discpress.tui.screens.trash import TrashScreen

pytestmark = pytest.mark.slow

runs = pytest.mark.runs
AT = Place.TRASH
CONTENT = mixed(200_000, seed=1)


@asynccontextmanager
async def with_trash(folder: Path) -> AsyncIterator[Desk]:
    """The app on the trash, in which the original of one conversion lies."""
    games = folder / "games"
    run_conversion(write_old(games / "Game.iso", CONTENT), trash_source=True)
    async with opened(folder, "u", titles=(), folders=[games], has_worker=True) as desk:
        desk.in_front(TrashScreen)
        yield desk


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "games").iterdir() if not path.name.startswith("."))


async def test_it_lists_what_was_replaced(tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        assert len(desk.rows) == 1
        assert desk.rows[0].startswith("  | Game.iso | ")
        assert desk.rows[0].endswith("converted | in place")
        assert "1 file in the trash; removing them would free" in desk.lines("status")
        assert "replaced by" in desk.lines("about")
        assert names(tmp_path) == ["Game.zso"]


@runs("undo", AT)
async def test_z_asks_then_brings_the_original_back(tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        await desk.press("z")
        desk.in_front(Confirm)
        assert "Restore Game.iso?" in desk.said
        await desk.press("right", "enter")
        await desk.look()
        assert [job.state for job in desk.queue.jobs()] == [JobState.DONE]
        assert names(tmp_path) == ["Game.iso"]
        assert (tmp_path / "games" / "Game.iso").read_bytes() == CONTENT
        assert desk.rows[0].startswith("  | Game.zso | ")  # the replacement lies there now
        assert desk.told[-1] == "Restoring in the background. Press w to follow it."


@pytest.mark.parametrize("rest", [None, b"something else"])
async def test_a_replacement_that_is_not_there_any_more_is_said_and_left_alone(
    rest: bytes | None, tmp_path: Path
) -> None:
    replacement = tmp_path / "games" / "Game.zso"
    async with with_trash(tmp_path) as desk:
        replacement.unlink()
        if rest:
            write_old(replacement, rest)
        await desk.press("q", "u")
        await desk.press("z")
        assert "Game.zso is gone or was changed: it is left alone" in desk.said
        await desk.press("right", "enter")
        await desk.look()
        assert [job.state for job in desk.queue.jobs()] == [JobState.DONE]
        assert names(tmp_path) == ["Game.iso", *(["Game.zso"] if rest else [])]
        assert (tmp_path / "games" / "Game.iso").read_bytes() == CONTENT


async def test_what_was_undone_is_undone_by_the_same_key(tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        await desk.press("z", "right", "enter")
        await desk.look()
        await desk.press("z", "right", "enter")
        await desk.look()
        assert names(tmp_path) == ["Game.zso"]


@runs("purge", AT)
async def test_x_asks_then_removes_it_for_good(tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        await desk.press("x")
        desk.in_front(Confirm)
        assert "Remove Game.iso for good? It frees 195 KiB." in desk.said
        await desk.press("right", "enter")
        await desk.look()
        assert desk.rows == []
        assert names(tmp_path) == ["Game.zso"]
        assert not (tmp_path / "games" / ".discpress-trash").exists()
        assert "The trash is empty: originals come here when a plan says so (o)." in desk.text
        assert desk.lines("status").strip() == "0 files in the trash"


async def test_a_replacement_that_does_not_prove_itself_keeps_the_original(tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        packed = tmp_path / "games" / "Game.zso"
        packed.write_bytes(packed.read_bytes()[:-5000])
        await desk.press("x", "right", "enter")
        await desk.look()
        assert list((tmp_path / "games").rglob("1.kept"))
        assert JobState.FAILED in {job.state for job in desk.queue.jobs()}
        assert desk.rows[0].endswith("changed")


@runs("empty_trash", AT)
async def test_capital_x_and_x_empty_the_trash(tmp_path: Path) -> None:
    async with with_three(tmp_path) as desk:
        await desk.press("X", "X")  # a key that repeats is no answer
        desk.in_front(Confirm)
        assert "Remove 3 originals for good?" in desk.said
        assert "Press x to remove" in desk.said
        await desk.press("x")
        await desk.look()
        assert listed(desk) == []


async def test_x_does_not_answer_the_question_that_it_asks(tmp_path: Path) -> None:
    async with with_three(tmp_path) as desk:
        await desk.press("x", "x")
        desk.in_front(Confirm)
        assert len(desk.queue.jobs()) == 0


@runs("show_queue", AT)
async def test_w_shows_the_queue_and_u_the_trash_again(tmp_path: Path) -> None:
    async with opened(tmp_path, "w", "u", "w") as desk:
        desk.in_front(QueueScreen)
        await desk.press("escape")
        desk.in_front(LibraryScreen)


@pytest.mark.parametrize("key", ["z", "x"])
async def test_the_focus_is_on_leaving_it(key: str, tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        await desk.press(key)
        assert desk.app.focused is not None
        assert desk.app.focused.id == "keep"
        await desk.press("enter")
        assert desk.queue.jobs() == []
        assert names(tmp_path) == ["Game.zso"]


async def test_a_name_in_the_way_is_said(tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        (tmp_path / "games" / "Game.iso").write_bytes(b"another")
        await desk.press("q", "u")
        assert "cannot be restored: a file called Game.iso is in the way" in desk.lines("about")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("key", ["z", "x"])
async def test_an_entry_of_another_user_is_only_listed(key: str, tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        os.chown(tmp_path / "games" / ".discpress-trash", 12001, 12001)
        await desk.press("q", "u")
        assert "only listed: belongs to user 12001" in desk.lines("about")
        assert "removing them would free 0 B" in desk.lines("status")
        await desk.press(key)
        desk.in_front(TrashScreen)
        assert "belongs to user 12001: it is not used. Run discpress as that user" in desk.told[-1]
        assert desk.queue.jobs() == []
        assert names(tmp_path) == ["Game.zso"]


async def test_a_title_of_several_files_is_one_row(tmp_path: Path) -> None:
    make_set(tmp_path / "games")
    put_away(tmp_path / "games")
    async with opened(tmp_path, "u", titles=(), folders=[tmp_path / "games"], has_worker=True) as desk:
        assert [row.split(" | ")[1] for row in desk.rows] == ["game.cue and 2 more"]
        assert "3 files in the trash" in desk.lines("status")
        await desk.press("z", "right", "enter")
        await desk.look()
        assert is_home(tmp_path / "games")


async def test_a_broken_entry_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "games" / ".discpress-trash" / "20260101T000000.000000Z-abcd"
    broken.mkdir(parents=True)
    (broken / "entry.json").write_text("{")
    (broken / "Game.iso").write_bytes(b"x")
    async with opened(tmp_path, "u", titles=(), folders=[tmp_path / "games"]) as desk:
        assert "abcd" in desk.lines("about")


@runs("copy_path", AT)
async def test_y_copies_the_path_of_the_original(tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        await desk.press("y")
        assert desk.app.clipboard == str(tmp_path / "games" / "Game.iso")


@runs("back", AT)
@pytest.mark.parametrize("key", ["escape", "q"])
async def test_back_goes_to_the_library(key: str, tmp_path: Path) -> None:
    async with opened(tmp_path, "u", key) as desk:
        desk.in_front(LibraryScreen)


async def test_a_key_on_an_empty_trash_does_no_harm(tmp_path: Path) -> None:
    async with opened(tmp_path, "u") as desk:
        for key in ("z", "X", "x", "y", "space", "v", "a", "s", "S"):
            await desk.press(key)
            desk.in_front(TrashScreen)
            assert desk.rows == []


NAMES = ("Okami [t-en by X] [red].iso", "b.iso", "c.iso")


@asynccontextmanager
async def with_three(folder: Path) -> AsyncIterator[Desk]:
    """The app on a trash with three originals of different sizes, the last of NAMES the newest."""
    games = folder / "games"
    for number, name in enumerate(NAMES):
        run_conversion(write_old(games / name, mixed(60_000 + 20_480 * number, seed=number)), trash_source=True)
    async with opened(folder, "u", titles=(), folders=[games], has_worker=True) as desk:
        yield desk


def listed(desk: Desk) -> list[str]:
    return [row.split(" | ")[1] for row in desk.rows]


def marked(desk: Desk) -> list[str]:
    return [row.split(" | ")[1] for row in desk.rows if row.startswith("┃")]


@runs("mark", AT)
async def test_space_marks_and_goes_to_the_next(tmp_path: Path) -> None:
    async with with_three(tmp_path) as desk:
        await desk.press("space", "space")
        assert marked(desk) == ["c.iso", "b.iso"]
        assert "; 2 marked, " in desk.lines("status")
        await desk.press("up", "space")
        assert marked(desk) == ["c.iso"]


@runs("mark_range", AT)
async def test_v_marks_from_the_last_mark_to_here(tmp_path: Path) -> None:
    async with with_three(tmp_path) as desk:
        await desk.press("space", "down", "v")
        assert len(marked(desk)) == 3


@runs("mark_all", AT)
async def test_a_marks_all_that_is_shown_and_takes_all_marks_off(tmp_path: Path) -> None:
    async with with_three(tmp_path) as desk:
        await desk.press("a")
        assert len(marked(desk)) == 3
        await desk.press("a")
        assert marked(desk) == []


@runs("sort", AT)
async def test_s_and_a_letter_sort_by_a_column(tmp_path: Path) -> None:
    async with with_three(tmp_path) as desk:
        assert listed(desk) == ["c.iso", "b.iso", NAMES[0]]
        await desk.press("s", "t")
        assert listed(desk) == ["b.iso", "c.iso", NAMES[0]]
        await desk.press("s", "z")
        assert listed(desk) == ["c.iso", "b.iso", NAMES[0]]
        assert "SIZE▼" in desk.text


@runs("sort_reverse", AT)
async def test_capital_s_reverses_the_order_and_the_cursor_stays_on_its_entry(tmp_path: Path) -> None:
    async with with_three(tmp_path) as desk:
        await desk.press("down", "down", "S")
        assert listed(desk) == [NAMES[0], "b.iso", "c.iso"]
        assert desk.table.cursor == 0


FOUND = {
    "okami": [NAMES[0]],
    "!okami": ["c.iso", "b.iso"],
    "size>70K": ["c.iso", "b.iso"],
    "frees<70K": [NAMES[0]],
    "state:in why:conv": ["c.iso", "b.iso", NAMES[0]],
    "state:changed": [],
    "age>1": [],
    "age<1d": ["c.iso", "b.iso", NAMES[0]],
}


@runs("filter", AT)
async def test_slash_filters_as_it_is_typed(tmp_path: Path) -> None:
    async with with_three(tmp_path) as desk:
        await desk.press("slash", *"okami")
        assert listed(desk) == [NAMES[0]]
        for words, found in FOUND.items():
            await desk.paste(words)
            assert listed(desk) == found, words
            assert f"; {len(found)} shown" in desk.lines("status")
            assert found or "Nothing matches: esc takes the filter off." in desk.text


async def test_a_wrong_word_is_named(tmp_path: Path) -> None:
    async with with_three(tmp_path) as desk:
        await desk.press("slash", *"age>old")
        assert "age>old: expected a number of days, like age>30" in desk.lines("status")


@runs("clear_filter", AT)
async def test_escape_takes_the_filter_off_then_the_marks_then_goes_back(tmp_path: Path) -> None:
    async with with_three(tmp_path) as desk:
        await desk.press("space", "slash", *"b.iso", "enter")
        assert listed(desk) == ["b.iso"]
        await desk.press("escape")
        assert (len(listed(desk)), marked(desk)) == (3, ["c.iso"])
        await desk.press("escape")
        assert marked(desk) == []
        desk.in_front(TrashScreen)
        await desk.press("escape")
        desk.in_front(LibraryScreen)


async def test_marked_originals_are_removed_by_one_job_that_says_what_came_of_it(tmp_path: Path) -> None:
    async with with_three(tmp_path) as desk:
        await desk.press("space", "space", "x")
        assert "Remove 2 originals for good? It frees " in desk.said
        await desk.press("right", "enter")
        await desk.look()
        assert listed(desk) == [NAMES[0]]
        assert [job.state for job in desk.queue.jobs()] == [JobState.DONE]
        assert desk.told[-1].startswith("2 removed for good, ")
        await desk.press("escape", "w")
        assert desk.rows[0].startswith("purge c.iso and 1 more | done")
        assert "2 removed for good, " in desk.lines("about")


async def test_what_stays_is_named_with_its_reason(tmp_path: Path) -> None:
    async with with_three(tmp_path) as desk:
        flip_byte(tmp_path / "games" / "b.zso", 10_000)
        await desk.press("a", "x", "right", "enter")
        await desk.look()
        assert listed(desk) == ["b.iso"]
        assert desk.told[-1].startswith("2 removed for good, ")
        assert "1 stays: " in desk.told[-1]
        assert "b.zso: was changed since then" in desk.told[-1]


async def test_marked_originals_are_restored_by_one_job(tmp_path: Path) -> None:
    async with with_three(tmp_path) as desk:
        await desk.press("a", "z")
        assert "Restore 3 originals, " in desk.said
        await desk.press("right", "enter")
        await desk.look()
        assert names(tmp_path) == sorted(NAMES)
        assert len(desk.queue.jobs()) == 1
        assert desk.told[-1] == "3 restored"


async def test_marks_that_a_filter_hides_count(tmp_path: Path) -> None:
    async with with_three(tmp_path) as desk:
        await desk.press("space", "slash", "o", "k", "enter", "x")
        assert "Remove c.iso for good?" in desk.said


async def test_after_a_batch_the_app_offers_once_to_empty_what_it_has_moved(tmp_path: Path) -> None:
    games = tmp_path / "games"
    for number, name in enumerate(NAMES):
        write_old(games / name, mixed(60_000, seed=number))
    async with opened(tmp_path, titles=(), folders=[games], has_worker=True) as desk:
        await desk.look()
        await desk.press("a", "c", "o", "enter")
        await desk.look()
        offers = [text for text in desk.told if "in the trash" in text]
        assert offers == [
            "Converted: 3 originals are in the trash, 176 KiB. "
            "Press u in the library, then x, to verify again and free the space."
        ]
        await desk.press("u")
        assert len(marked(desk)) == 3
        await desk.press("x")
        assert "Remove 3 originals for good?" in desk.said
        await desk.press("enter", "escape", "q", "u")
        assert marked(desk) == []


async def test_no_offer_is_made_if_originals_were_kept(tmp_path: Path) -> None:
    games = tmp_path / "games"
    write_old(games / "b.iso", CONTENT)
    async with opened(tmp_path, titles=(), folders=[games], has_worker=True) as desk:
        await desk.look()
        await desk.press("c", "enter")
        await desk.look()
        assert [job.state for job in desk.queue.jobs()] == [JobState.DONE]
        assert not [text for text in desk.told if "in the trash" in text]


async def test_the_help_lists_the_words_of_the_trash(tmp_path: Path) -> None:
    async with opened(tmp_path, "u", "question_mark", *"filter word") as desk:
        words = " ".join(desk.rows)
        assert ("why:undone" in words, "age>30" in words, "sys:ps2" in words) == (True, True, False)


async def test_an_undo_that_was_stopped_is_listed_and_finished(tmp_path: Path) -> None:
    run_conversion(write_old(tmp_path / "games" / "Game.iso", CONTENT), trash_source=True)
    put_back_half(tmp_path / "games")
    async with opened(tmp_path, "u", titles=(), folders=[tmp_path / "games"], has_worker=True) as desk:
        assert [row.rpartition(" | ")[2] for row in desk.rows] == ["half undone"]
        assert "its undo was stopped: z finishes it" in desk.lines("about")
        await desk.press("x")
        assert desk.told == ["Its undo was stopped. Press z to finish it."]
        await desk.press("X", "z", "right", "enter")
        await desk.look()
        assert names(tmp_path) == ["Game.iso"]
        assert [row.rpartition(" | ")[2] for row in desk.rows] == ["in place"]

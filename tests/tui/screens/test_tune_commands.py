"""Tune's commands, by their keys."""

from dataclasses import replace
from pathlib import Path

import pytest
from app_desk import LIBRARY, Desk, opened
from command_line import write_old
from sample_images import mixed

from discpress.engine.config import load_config
from discpress.engine.formats import ImageFormat, form_name
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.request import ConversionRequest
from discpress.engine.store.identity import FileIdentity
from discpress.engine.targets import AUTO, TARGETS
from discpress.engine.targets.by_system import choices
from discpress.tui.app.session import ON_SCREEN
from discpress.tui.commands import Place
from discpress.tui.dialogs.confirm import Confirm
from discpress.tui.dialogs.pick import Pick, PickTarget
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.plan import PlanScreen
from discpress.tui.screens.queue import QueueScreen
from discpress.tui.screens.tune import TuneScreen
from discpress.tui.views.tune import ALIGNMENTS, FORMS, Tuning, forms_for
from discpress.tui.widgets.lines import Lines

pytestmark = pytest.mark.slow

runs = pytest.mark.runs
AT = Place.TUNE
GAME_2 = ("down", "down", "t")
_NAMES = [form_name(*form) for form in forms_for("ps2")]
CSO, CHD = (("f", "home", *["down"] * _NAMES.index(name), "enter") for name in ("CSO", "CHD zstd"))
"""Choose the format; the targets of a PS2 load no CSO."""
MARKED = ("down", "down", "space", "space", "t")


def tuning(desk: Desk) -> Tuning:
    return desk.in_front(TuneScreen)._tuning


def overrides(desk: Desk) -> dict[str, ConversionRequest | None]:
    """What the store keeps for each title, by file name."""
    return {each.path.name: each.overrides for each in desk.store.titles(None, desk.session.chooser.defaults)}


@runs("smaller_block", AT)
@runs("larger_block", AT)
@runs("lower_level", AT)
@runs("higher_level", AT)
async def test_arrows_move_in_the_grid(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2) as desk:
        for key, block_size, level in (
            ("up", 2048, 9),  # the smallest there is
            ("down", 4096, 9),
            ("j", 8192, 9),
            ("k", 4096, 9),
            ("up", 2048, 9),
            ("right", 2048, 10),
            ("right", 2048, 12),
            ("right", 2048, 12),  # the highest
            ("left", 2048, 10),
            ("left", 2048, 9),
            ("left", 2048, 4),
            ("left", 2048, 1),
            ("left", 2048, 1),  # the lowest
        ):
            await desk.press(key)
            assert (tuning(desk).block_size, tuning(desk).level) == (block_size, level)
            assert f"block {block_size // 1024}K" in desk.lines("text")
            assert desk.lines("text").splitlines()[2].rstrip().endswith(f"level {level}")


@runs("target_next", AT)
async def test_shift_t_offers_only_the_targets_that_play_the_disc(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2, "T") as desk:
        desk.in_front(PickTarget)
        assert [row.split()[0] for row in desk.rows] == list(choices("ps2"))
        assert "Not listed: the targets for PS1, PSP" in " ".join(desk.text.split())
        await desk.press("escape")
        assert tuning(desk).target == AUTO


async def test_another_target_takes_its_best_format(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2) as desk:
        for number, name in enumerate(choices("ps2")[1:], 1):
            await desk.press("T", "home", "enter", *CHD, "T", *["down"] * number, "enter")
            target = TARGETS[name]
            assert (tuning(desk).target, tuning(desk).format) == (name, target.default_format)
            assert target.label in desk.lines("text")


async def test_the_same_target_keeps_the_format(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2, *CHD, "T", "enter") as desk:
        assert tuning(desk).format is ImageFormat.CHD


@runs("format_next", AT)
async def test_f_offers_every_format_and_takes_the_one_under_the_cursor(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2, "T", "end", "enter", "f") as desk:
        assert [row.split(" | ")[0] for row in desk.rows] == _NAMES
        await desk.press("home", "enter")
        assert (tuning(desk).format, tuning(desk).methods) == FORMS[0]
        await desk.press("f", "down", "escape")
        assert (tuning(desk).format, tuning(desk).methods) == FORMS[0]


async def test_a_format_that_the_target_does_not_load_has_the_reason_and_is_not_taken(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2, "T", "down", "enter", *CSO) as desk:
        picker = desk.in_front(Pick)
        (reason,) = [choice.refusal for choice in picker.offered if choice.cells[0] == "CSO"]
        assert reason
        assert reason in " ".join(desk.lines("about").split())
        await desk.press("escape")
        assert tuning(desk).format is ImageFormat.ZSO


async def test_a_block_size_that_the_target_does_not_load_is_grey_with_the_reason(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2, "T", "down", "enter", "down") as desk:
        styles = {style for line in desk.app.screen.query_one("#text", Lines).lines for _, style in line}
        assert "not loaded: " in desk.lines("text")
        assert "bad" not in styles


async def test_an_iso_has_no_grid(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2, "f", "end", "enter") as desk:
        assert tuning(desk).format is ImageFormat.ISO
        assert "An ISO has no blocks" in desk.lines("text")


@runs("alignment_next", AT)
async def test_shift_a_offers_the_alignments(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2, "A") as desk:
        assert len(desk.rows) == len(ALIGNMENTS)
        await desk.press("end", "enter")
        assert tuning(desk).alignment == ALIGNMENTS[-1]
        await desk.press("A", "home", "enter")
        assert tuning(desk).alignment is None


@runs("chart", AT)
async def test_g_turns_the_table_into_a_chart_and_back(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2) as desk:
        table = desk.lines("text")
        await desk.press("g")
        assert desk.lines("text") != table
        await desk.press("g")
        assert desk.lines("text") == table


@runs("apply_title", AT)
async def test_1_keeps_the_choice_for_this_title(tmp_path: Path) -> None:
    async with opened(tmp_path, *MARKED, "T", "down", "down", "enter", "down", "down", "down", "1") as desk:
        kept = {name for name, own in overrides(desk).items() if own is not None}
        assert kept == {"Game 2.iso"}
        assert overrides(desk)["Game 2.iso"] == tuning(desk).overrides
        assert "Saved for 1 title." in desk.told[-1]


@runs("apply_marked", AT)
async def test_2_keeps_it_for_all_marked(tmp_path: Path) -> None:
    async with opened(tmp_path, *MARKED, "left", "2") as desk:
        assert {name for name, own in overrides(desk).items() if own is not None} == {"Game 2.iso", "Game 10.iso"}


@runs("apply_system", AT)
async def test_3_keeps_it_for_all_of_the_system(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2, "left", "3") as desk:
        kept = {name for name, own in overrides(desk).items() if own is not None}
        assert kept == {each.path.name for each in LIBRARY if each.system == "ps2"}


@runs("apply_default", AT)
async def test_4_makes_target_and_level_the_default(tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, *GAME_2, "T", "down", "enter", "right", "right", "4") as desk:
        written = load_config(config_file)
        assert (written.targets, written.level) == ({"ps2": "opl"}, 12)
        assert desk.session.chooser.default_request.targets == (("ps2", "opl"),)


async def test_a_target_of_its_own_keeps_format_and_blocks_as_the_default(tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, *GAME_2, "T", "down", "down", "enter", "down", "4") as desk:
        written = load_config(config_file)
        assert (written.targets, written.format, written.block_size) == ({"ps2": "pcsx2"}, ImageFormat.ZSO, 4096)
        assert desk.session.chooser.defaults.block_size == 4096


async def test_with_target_auto_format_and_blocks_stay_each_targets_own(tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, *GAME_2, "right", "right", "4"):
        written = load_config(config_file)
        assert (written.targets, written.level, written.format, written.block_size) == ({}, 12, None, None)


async def test_what_the_target_does_not_load_is_no_default(tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, *GAME_2, "down", "4") as desk:
        assert not config_file.exists()
        assert desk.told[-1].startswith("Not saved: OPL ignores")


@runs("forget", AT)
async def test_0_lets_the_titles_follow_the_defaults_again(tmp_path: Path) -> None:
    async with opened(tmp_path, *MARKED, "left", "2", "0") as desk:
        assert "Reset to the defaults for 2 titles." in desk.told[-1]
        assert set(overrides(desk).values()) == {None}
        assert (tuning(desk).block_size, tuning(desk).level) == (2048, 9)


async def test_what_is_kept_shows_in_the_library(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2, "left", "1", "escape") as desk:
        assert "ZSO 2K, level 4 (own)" in desk.lines("pane")


async def test_a_refused_choice_is_not_kept(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2, "T", "down", "enter", "down", "1") as desk:
        assert set(overrides(desk).values()) == {None}
        assert desk.told[-1].startswith("Not saved: ")
        await desk.press("escape")
        desk.in_front(LibraryScreen)


@runs("plan", AT)
async def test_c_plans_the_titles_with_the_choice(tmp_path: Path) -> None:
    async with opened(tmp_path, *MARKED, "left", "c") as desk:
        rows = desk.in_front(PlanScreen).rows
        assert [(row.settings.block_size, row.settings.level) for row in rows if row.settings] == [(2048, 4)] * 2
        assert set(overrides(desk).values()) == {None}


@runs("back", AT)
@pytest.mark.parametrize("key", ["escape", "q"])
async def test_back_goes_to_the_library_and_keeps_nothing(key: str, tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2, "right", "left", key) as desk:
        desk.in_front(LibraryScreen)
        assert set(overrides(desk).values()) == {None}


@pytest.mark.parametrize(
    ("answer", "saved"), [(["enter"], {"Game 2.iso", "Game 10.iso"}), (["right", "enter"], set())], ids=["save", "drop"]
)
async def test_a_choice_that_is_not_saved_is_asked_about(answer: list[str], saved: set[str], tmp_path: Path) -> None:
    async with opened(tmp_path, *MARKED, "left", "escape") as desk:
        desk.in_front(Confirm)
        assert "This choice is not saved: ZSO, 2K blocks, level 4." in desk.said
        await desk.press("escape")
        desk.in_front(TuneScreen)
        await desk.press("escape", *answer)
        desk.in_front(LibraryScreen)
        assert {name for name, own in overrides(desk).items() if own is not None} == saved


async def test_leaving_the_app_or_clicking_a_tab_asks_about_a_choice_that_is_not_saved(tmp_path: Path) -> None:
    async with opened(tmp_path, *MARKED, "left", "c") as desk:  # the plan lies over it
        await desk.click("#top", 25, 0)
        await desk.press("escape")
        desk.in_front(PlanScreen)
        await desk.press("ctrl+q", "ctrl+q")
        assert "This choice is not saved" in desk.said
        await desk.press("escape")
        desk.in_front(PlanScreen)
        await desk.click("#top", 25, 0)
        await desk.press("right", "enter")
        desk.in_front(QueueScreen)
        assert set(overrides(desk).values()) == {None}


async def test_a_choice_is_saved_before_the_app_is_left(tmp_path: Path) -> None:
    async with opened(tmp_path, *MARKED, "left", "ctrl+q", "enter") as desk:
        assert desk.has_ended
        assert {name for name, own in overrides(desk).items() if own is not None} == {"Game 2.iso", "Game 10.iso"}


async def test_a_title_that_the_palette_finds_is_not_gone_to_before_the_question(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2, "left", "colon", *"velvet", "enter") as desk:
        desk.in_front(Confirm)
        await desk.press("right", "enter")
        assert (desk.in_front(LibraryScreen), desk.title)[1] == "Velvet"


async def test_a_saved_choice_is_not_asked_about(tmp_path: Path) -> None:
    async with opened(tmp_path, *MARKED, "left", "2", "escape") as desk:
        desk.in_front(LibraryScreen)


@runs("show_queue", AT)
async def test_w_shows_the_queue(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2, "w", "escape") as desk:
        desk.in_front(TuneScreen)


async def test_the_grid_is_asked_for_once_for_each_format_and_alignment(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2) as desk:
        asked = desk.session.calls
        await desk.press("down", "right", "left")
        assert desk.session.calls == asked
        assert desk.session.background_tasks.pending(TaskKind.GRID) == 1
        await desk.press("A", "end", "enter")
        assert desk.session.calls == asked + 1


async def test_the_grid_fills_by_itself(tmp_path: Path) -> None:
    games = tmp_path / "games"
    write_old(games / "Game.iso", mixed(300_000))
    async with opened(tmp_path, titles=(), folders=[games], has_worker=True) as desk:
        await desk.look()
        await desk.press("t")
        await desk.look()
        grid = desk.lines("text")
        assert "..." not in grid
        assert "becomes" in grid
        assert "(exact)" in grid
        before = grid.splitlines()[3]
        await desk.press("down", "down", "down")
        assert desk.lines("text").splitlines()[3] != before


async def test_a_title_that_vanishes_while_it_is_tuned_does_no_harm(tmp_path: Path) -> None:
    async with opened(tmp_path, *GAME_2) as desk:
        desk.view.update((), [Path("/games/Game 2.iso")])
        await desk.press("down", "1", "c", "escape", "escape")
        desk.in_front(LibraryScreen)


async def test_why_a_title_cannot_be_sampled_is_said_in_place_of_the_wait(tmp_path: Path) -> None:
    path = write_old(tmp_path / "games" / "Game.zso", b"ZISO" + bytes(5000))
    damaged = replace(LIBRARY[7], path=path, identity=FileIdentity.at(path))
    async with opened(tmp_path, titles=[damaged], has_worker=True) as desk:
        await desk.press("t")
        await desk.look()
        why = desk.session.background_tasks.failed(TaskKind.GRID)[path].removeprefix(f"{path}: ")
        said = " ".join(desk.lines("text").split())
        assert f"cannot be estimated: {why}" in said
        assert "the worker packs" not in said
        assert "..." not in said


async def test_that_the_file_is_gone_is_said_in_place_of_the_wait(tmp_path: Path) -> None:
    path = write_old(tmp_path / "games" / "Game.iso", mixed(300_000))
    lost = replace(LIBRARY[1], path=path, identity=FileIdentity.at(path), estimate=None)
    async with opened(tmp_path, titles=[lost], has_worker=True) as desk:
        path.unlink()
        await desk.press("t")
        await desk.look()
        said = " ".join(desk.lines("text").split())
        assert "No such file or directory" in said
        assert "..." not in said


async def test_why_a_title_has_no_estimate_is_said_in_its_details(tmp_path: Path) -> None:
    path = write_old(tmp_path / "games" / "Game.iso", mixed(300_000))
    lost = replace(LIBRARY[1], path=path, estimate=None)
    async with opened(tmp_path, titles=[lost], width=200, height=50) as desk:
        desk.session.want_estimates(desk.view.rows, ON_SCREEN)
        background_task = desk.session.background_tasks.next()
        assert background_task is not None
        desk.session.background_tasks.fail(background_task, f"{path}: it cannot be read")
        await desk.look()
        assert "cannot be estimated: it cannot be read" in " ".join(desk.lines("pane").split())
        await desk.press("enter")
        assert "cannot be estimated: it cannot be read" in desk.lines("text")

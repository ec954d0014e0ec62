"""A title as lines, and the grid of Tune as lines."""

import os
from dataclasses import replace

from app_desk import LIBRARY, title
from rich.cells import cell_len
from shown_library import ShownLibrary
from some_jobs import job

from discpress.engine.config import Config
from discpress.engine.dats.match import Match, Verdict
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.images.doctor.findings import Finding, Severity
from discpress.engine.library.states import Records
from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.tasks.records import VerifyTask
from discpress.engine.queue.titles.chooser import Chooser
from discpress.engine.request import ConversionRequest
from discpress.engine.store.digests import Digests, Grade
from discpress.engine.store.model import Fault, OtherFile, StoredEstimate, Title
from discpress.tui.commands import Keys
from discpress.tui.views.details import brief, whole
from discpress.tui.views.tune import Tuning, cell_of, grid_of, known_by_settings
from discpress.tui.views.tune_lines import choice_lines, grid_lines
from discpress.tui.widgets.palette import Line

CHOOSER = Chooser.of(Config())
GAME = LIBRARY[1]
ZSO = Tuning("auto", ImageFormat.ZSO, 2048, 9)


def text(lines: list[Line]) -> str:
    return "\n".join("".join(piece for piece, _ in line) for line in lines)


def brief_of(title: Title, width: int = 40) -> str:
    return text(brief(ShownLibrary(), title, width))


def whole_of(title: Title, findings: list[Finding] | None, problem: str = "") -> str:
    view = ShownLibrary()
    return text(whole(view, title, findings, "OPL", [], 80, Keys(), problem=problem))


def test_the_brief_says_what_it_is_and_becomes() -> None:
    said = brief_of(GAME)
    for words in (
        "Game 2",
        "PS2",
        "SLES-50002",
        "eu",
        "700 MiB (734,003,200 bytes)",
        "becomes   ZSO 2K, level 9 (default settings)",
        "for       OPL and PCSX2",
        "size      420 MiB ±1 %",
        "saves     280 MiB, 40.0 %",
    ):
        assert words in said


def test_a_reason_does_not_repeat_the_path_above_it() -> None:
    broken = replace(GAME, error=f"{GAME.path}: it ends within a sector")
    said = brief_of(broken, 60)
    assert "it ends within a sector" in said
    assert said.count(str(GAME.path)) == 1


def test_a_file_that_is_not_read_has_no_header_to_describe() -> None:
    assert "Plain ISO" in whole_of(GAME, [])
    assert "header" not in whole_of(title("Game.rar", 5, format=ImageFormat.RAR, error="unpack it"), [])


def test_digests_are_shown_with_grade_and_date() -> None:
    view = ShownLibrary()
    digests = [
        Digests("0badf00d", "aa" * 16, sha256="cc" * 32, at=1_700_000_000.0),
        Digests(sha1="bb" * 20, overall_sha1="dd" * 20, at=1_700_000_000.0, grade=Grade.STATED),
    ]
    said = text(whole(view, GAME, [], "OPL", [], 100, Keys(), digests=digests))
    for words in (
        "Digests decoded, 2023-11-1", "crc32         0badf00d", f"XXH3-128      {'aa' * 16}",
        f"sha256        {'cc' * 32}", "Digests its header states it, 2023-11-1", f"sha1 overall  {'dd' * 20}",
    ):  # fmt: skip
        assert words in said
    assert "Digests" not in whole_of(GAME, [])


def test_the_brief_has_the_game_of_a_datfile_if_one_is_loaded() -> None:
    match = Match(Verdict.BAD, Grade.DECODED, 1, "Redump 2026-08-01", "Sony - PlayStation 2", "Game [b] 2 (Europe)", 0)
    view = ShownLibrary()
    assert "datfile" not in text(brief(view, GAME, 60))
    view.set_records(Records(matches={os.fsencode(GAME.path): match}, has_lists=True))
    lines = brief(view, GAME, 60)
    assert "datfile   Redump 2026-08-01: bad dump: Game [b] 2 (Europe)" in text(lines)
    assert ("Redump 2026-08-01: bad dump: Game [b] 2 (Europe)", "warn") in [piece for line in lines for piece in line]
    assert "datfile   unknown" in text(brief(view, LIBRARY[0], 60))


def test_what_is_not_known_is_said_so() -> None:
    assert "serial    not known" in brief_of(title("x.iso", 1, system="ps2"))
    assert "not estimated yet" in brief_of(title("x.iso", 700, serial="SLUS-1"))


def test_an_image_of_no_disc_is_said_to_be_none() -> None:
    assert "no known disc inside" in brief_of(replace(GAME, fault=Fault.NO_DISC), 200)
    assert "no known disc" not in brief_of(GAME, 200)


def test_own_settings_are_called_so() -> None:
    own = ConversionRequest(ImageFormat.ZSO, 2048, 4)
    assert "own settings" in brief_of(replace(GAME, overrides=own))
    assert "default settings" in brief_of(GAME)


def test_why_there_is_no_estimate_is_said_in_place_of_the_wait() -> None:
    view = ShownLibrary()
    said = text(brief(view, title("x.iso", 700, serial="SLUS-1"), 80, unestimated="cannot read it: no access"))
    assert "cannot be estimated: cannot read it: no access" in said
    assert "not estimated yet" not in said


def test_an_error_and_a_bad_estimate_give_their_reason() -> None:
    assert "index is cut off" in brief_of(title("x.cso", 3, format=ImageFormat.CSO, error="index is cut off"))
    dense = next(each for each in LIBRARY if each.title == "Dense Films")
    assert "would shrink by less than 5 %" in " ".join(brief_of(dense).split())


def test_a_failed_check_of_half_an_image_is_no_damage_in_the_details() -> None:
    half = replace(GAME, fault=Fault.CUT_SHORT, error="its end is missing")
    check = job(task=VerifyTask(), state=JobState.FAILED, error_code="damaged", error_message="too short")
    said = text(whole(ShownLibrary(), half, [], "OPL", [check], 80, Keys()))
    assert ("cut short: its end is missing" in said, "found damage" in said) == (True, False)


def test_a_reason_to_leave_a_title_is_given_once() -> None:
    dense = next(each for each in LIBRARY if each.title == "Dense Films")
    assert brief_of(dense, 100).count("it would shrink by less than 5 %") == 1


def test_hard_links_are_told() -> None:
    assert "3 names: removing one frees nothing" in brief_of(replace(GAME, links=3), 80)


def test_the_header_counts_blocks() -> None:
    velvet = next(each for each in LIBRARY if each.path.name == "Velvet.zso")
    assert "460,800 of 2048 bytes" in whole_of(velvet, [])
    assert "Plain ISO, not compressed" in whole_of(GAME, [])


SHEET = replace(
    GAME,
    path=GAME.path.with_name("Game 2.cue"),
    format=ImageFormat.CUE,
    tracks=TrackCounts(1, 2, 2352),
    others=(OtherFile("Game 2 (Track 1).bin", 700 << 20), OtherFile("Game 2 \x1b[red].bin", 5 << 20)),
)


def test_a_disc_with_tracks_says_how_many_and_which_files_it_has() -> None:
    said = brief_of(SHEET, 80)
    for words in ("format    CUE", "tracks    3 (1 data, 2 audio)", "files     3"):
        assert words in said
    said = whole_of(SHEET, [])
    assert "  700 MiB  Game 2 (Track 1).bin" in said
    assert "Game 2 \\e[red].bin" in said
    assert "Sectors of a CD as they are, not compressed" in said


def test_a_disc_that_stays_what_it_is_becomes_nothing() -> None:
    assert "nothing to convert" in brief_of(replace(SHEET, estimate=None), 80)


def test_findings_come_with_their_severity() -> None:
    assert "looking ..." in whole_of(GAME, None)
    assert "nothing found" in whole_of(GAME, [])
    found = whole_of(GAME, [Finding(Severity.ERROR, "size", "it is \x1b[31m short")])
    assert "error: it is \\e[31m short" in found


def test_why_the_doctor_could_not_look_stands_alone() -> None:
    said = whole_of(GAME, [], problem="Game.iso: cannot open it: \x1b")
    assert "cannot open it: \\e" in said
    assert "nothing found" not in said


# The grid


def estimated(settings: Settings, packed_mib: int) -> StoredEstimate:
    size = packed_mib << 20
    return StoredEstimate(settings, GAME.original_bytes, size, size, size, GAME.original_bytes, "convert", "", 12.0)


def grid_text(tuning: Tuning, *known: StoredEstimate) -> str:
    return text(grid_lines(grid_of(tuning, GAME, CHOOSER, known_by_settings(known)), tuning, 80))


def test_a_cell_is_a_size_or_waits_or_is_not_loaded() -> None:
    said = grid_text(ZSO, estimated(Settings(ImageFormat.ZSO, 2048, 9), 420)).splitlines()
    assert said[1].split()[:5] == ["2K", "...", "...", "420", "MiB"]
    assert said[2].split()[1] == "-"


def test_why_a_row_is_not_loaded_is_said_once() -> None:
    said = grid_text(replace(ZSO, target="opl"))
    assert "not loaded" in said
    assert said.count("OPL ignores the") == 1


def test_the_choice_names_its_keys_and_what_it_comes_to() -> None:
    known = known_by_settings([estimated(Settings(ImageFormat.ZSO, 2048, 9), 420)])
    said = text(choice_lines(ZSO, cell_of(ZSO, GAME, CHOOSER, known), GAME, 80, Keys(), margin_sign="±"))
    for words in ("T target", "f format ZSO", "up/down block 2K", "left/right level 9", "A alignment smallest"):
        assert words in said
    assert "becomes 420 MiB (exact), saves 280 MiB = 40.0 %" in said
    assert "about 12 s" in said


def test_a_choice_without_an_estimate_says_that_it_comes() -> None:
    assert "the worker packs a sample ..." in text(
        choice_lines(ZSO, cell_of(ZSO, GAME, CHOOSER, {}), GAME, 80, Keys(), margin_sign="±")
    )


def test_a_refused_choice_gives_the_reason_in_lines_that_fit() -> None:
    tuning = replace(ZSO, block_size=65536)
    lines = choice_lines(tuning, cell_of(tuning, GAME, CHOOSER, {}), GAME, 60, Keys(), margin_sign="±")
    assert "OPL ignores the" in " ".join(text(lines).split())
    assert all(len("".join(piece for piece, _ in line)) <= 60 for line in lines[2:])


def test_an_iso_has_neither_block_nor_level() -> None:
    tuning = replace(ZSO, format=ImageFormat.ISO)
    said = text(choice_lines(tuning, cell_of(tuning, GAME, CHOOSER, {}), GAME, 80, Keys(), margin_sign="±"))
    assert "format ISO" in said
    assert "block" not in said


def test_a_wide_screen_shows_the_work_beside_the_file() -> None:
    lines = text(whole(ShownLibrary(), GAME, [], "OPL", [], 196, Keys())).split("\n")
    assert any(line.startswith("Game 2") and "The doctor, for OPL" in line for line in lines)
    assert all(cell_len(line.rstrip()) <= 196 for line in lines)
    narrow = text(whole(ShownLibrary(), GAME, [], "OPL", [], 120, Keys())).split("\n")
    assert len(lines) < len(narrow)
    assert {word for line in lines for word in line.split()} == {word for line in narrow for word in line.split()}

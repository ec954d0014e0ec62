"""The plan for a device as texts."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from app_desk import title

from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.records import Action, DeployPlan, DeployRow, DeviceFacts, Placement, UlGame
from discpress.engine.formats import ImageFormat
from discpress.engine.store.model import Title
from discpress.engine.units import GIB, MIB
from discpress.tui.commands import Keys
from discpress.tui.views.device.deploy import (
    COLUMNS,
    DeployRows,
    about_row,
    format_text,
    formats_for,
    option_lines,
    plan_lines,
    usual_kind,
)
from discpress.tui.widgets.marked_rows import ASCII_SIGNS, Signs
from discpress.tui.widgets.palette import Line

OKAMI = title("Okami [t-en by X].iso", 2000, 1500, title="Okami", serial="SLUS-21115")
POCKET = title("Pocket Orrery.iso", 300, 200, title="Pocket Orrery", system="psp")
STICK = DeviceFacts(Path("/media/stick"), "vfat", 3 * GIB, 8 * GIB, 32768, 4 * GIB - 1)


def row(action: Action, one: Title = OKAMI, path: str = "DVD/SLUS_211.15.Okami.iso", **facts: object) -> DeployRow:
    return DeployRow(one, Placement((PurePosixPath(path),)), action, **facts)  # type: ignore[arg-type]


COPIED = row(Action.COPY, write_bytes=2000 * MIB, occupied_bytes=2000 * MIB)
SAME = row(Action.SAME, title("Ico.iso", 700, title="Ico"), "CD/SCUS_971.13.Ico.iso")
WHY = "OPL plays PS2 discs only"
REFUSED = DeployRow(POCKET, Placement.refusal(WHY), Action.REFUSED, reason=WHY)


def plan(*rows: DeployRow, device: DeviceFacts = STICK) -> DeployPlan:
    return DeployPlan(DeviceKind.OPL, device, rows)


def texts(lines: Sequence[Line]) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def shown(found: DeployPlan) -> list[list[str]]:
    rows = DeployRows()
    rows.show(found, lambda each: each.title)
    return [list(rows.cells(index, ["name", "action", "size", "place"])) for index in range(len(rows))]


def test_rows_come_by_what_is_done() -> None:
    assert shown(plan(REFUSED, SAME, COPIED)) == [
        ["Okami", "copy", "1.95 GiB", "DVD/SLUS_211.15.Okami.iso"],
        ["Ico", "is there", "700 MiB", "CD/SCUS_971.13.Ico.iso"],
        ["Pocket Orrery", "left out", "", WHY],
    ]


def test_the_same_columns_are_there_in_any_width() -> None:
    rows = DeployRows()
    rows.show(plan(COPIED), lambda each: each.title)
    assert rows.cells(0, ["wide_name"]) == rows.cells(0, ["name"])
    assert {column.key for column in COLUMNS} == {"name", "wide_name", "action", "size", "place"}


@pytest.mark.parametrize(
    ("action", "key", "style"),
    [
        (Action.REFUSED, "action", "bad"),
        (Action.REFUSED, "place", "dim"),
        (Action.SAME, "action", "good"),
        (Action.CHANGED, "action", "warn"),
        (Action.COPY, "place", "normal"),
    ],
)
def test_a_state_has_a_colour_and_a_word(action: Action, key: str, style: str) -> None:
    rows = DeployRows()
    rows.show(plan(row(action)), lambda each: each.title)
    assert rows.style(0, key) == style


def test_the_head_has_the_totals_and_the_free_space() -> None:
    assert texts(plan_lines(plan(COPIED, SAME, REFUSED), Signs(), 80)) == [
        "1 title: write 1.95 GiB, 1 there already, 1 left out",
        "██████████▒▒▒▒   free now 3 GiB, about 1.05 GiB after",
    ]


def test_what_is_missing_on_the_device_is_in_the_head() -> None:
    full = replace(STICK, free_bytes=GIB)
    _, space = plan_lines(plan(COPIED, device=full), Signs(), 120)
    assert space[-1] == ("NOT ENOUGH: 976 MiB more needed", "bad")


def test_the_head_without_work_draws_no_new_part() -> None:
    assert texts(plan_lines(plan(SAME), ASCII_SIGNS, 80)) == [
        "nothing to write, 1 there already",
        "[#########     ] free now 3 GiB, about 3 GiB after",
    ]


def test_the_head_says_that_the_free_space_is_unknown() -> None:
    _, space = texts(plan_lines(plan(COPIED, device=replace(STICK, free_bytes=0, total_bytes=0)), Signs(), 80))
    assert space == "free space unknown: the device does not report it"


def test_converted_titles_are_counted() -> None:
    converted = replace(COPIED, action=Action.CONVERT, placement=replace(COPIED.placement, format=ImageFormat.ZSO))
    assert texts(plan_lines(plan(converted), Signs(), 80))[0] == "1 title: write 1.95 GiB, 1 converted on the way"


UL = replace(COPIED.placement, ul=UlGame("Okami", "SLUS_211.15", 2, is_cd=False), part_bytes=GIB)
AS_ZSO = replace(COPIED.placement, format=ImageFormat.ZSO)
PROOF = ", then read back and compared"


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (COPIED, f"copied as it is{PROOF}"),
        (replace(COPIED, placement=AS_ZSO), f"converted to ZSO{PROOF}"),
        (
            replace(COPIED, title=replace(OKAMI, format=ImageFormat.ZSO), placement=AS_ZSO),
            f"written again as ZSO, with settings that the loader reads{PROOF}",
        ),
        (replace(COPIED, placement=UL), f"cut into parts of 1 GiB, which OPL lists in ul.cfg{PROOF}"),
        (
            replace(COPIED, placement=replace(COPIED.placement, part_bytes=GIB)),
            f"cut into parts, because the file system holds no larger files{PROOF}",
        ),
        (
            replace(COPIED, action=Action.CHANGED, reason="is damaged on the device"),
            f"is damaged on the device: copied as it is{PROOF}",
        ),
        (SAME, "on the device already: nothing is written"),
    ],
)
def test_the_treatment_of_a_title_is_told(one: DeployRow, said: str) -> None:
    place, treatment = texts(about_row(one, plan(one), 120))
    assert place == f"/media/stick/{one.placement.paths[0]}"
    assert treatment == said


def test_the_number_of_further_files_stands_after_the_place() -> None:
    paths = tuple(PurePosixPath(name) for name in ("a.cue", "a.bin", "b.bin"))
    one = replace(COPIED, placement=Placement(paths))
    assert texts(about_row(one, plan(one), 120))[0] == "/media/stick/a.cue and 2 other files"


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        ("rename one of the titles", f"left out: {WHY}; rename one of the titles"),
        ("get the file again, or add --force to write it as it is", f"left out: {WHY}"),
        ("choose files of another format with -f", f"left out: {WHY}"),
        ("", f"left out: {WHY}"),
    ],
)
def test_a_reason_comes_without_options_of_the_command_line(hint: str, said: str) -> None:
    one = replace(REFUSED, hint=hint)
    assert texts(about_row(one, plan(one), 120)) == ["/games/Pocket Orrery.iso", said]


def test_the_options_have_their_keys() -> None:
    lines = option_lines(Path("/media/stick"), DeviceKind.OPL, ImageFormat.ZSO, Signs(), Keys(), 80)
    assert texts(lines) == ["F device: /media/stick", "T played by: OPL on a PS2", "f format: ZSO for all titles"]
    assert texts(option_lines(None, DeviceKind.FOLDER, None, Signs(), Keys(), 80))[0] == "F device: none yet"


@pytest.mark.parametrize(("file_system", "end"), [("vfat", " (FAT32)"), ("ext4", " (ext4)"), ("", "")])
def test_the_end_of_a_long_folder_is_shown_with_the_file_system(file_system: str, end: str) -> None:
    lines = option_lines(Path("/a" * 60 + "/stick"), DeviceKind.OPL, None, Signs(), Keys(), 40, file_system)
    assert texts(lines)[0].endswith(f"/a/stick{end}")
    assert len(texts(lines)[0]) <= 40


@pytest.mark.parametrize(
    ("systems", "kind"),
    [
        (["ps2", "psp", "ps2"], DeviceKind.OPL),
        (["gamecube"], DeviceKind.NINTENDONT),
        (["ps1", "saturn"], DeviceKind.FOLDER),
        ([], DeviceKind.FOLDER),
    ],
)
def test_most_titles_decide_what_plays_them(systems: list[str], kind: DeviceKind) -> None:
    assert usual_kind([title(f"{index}.iso", 1, system=system) for index, system in enumerate(systems)]) is kind


def test_only_formats_that_are_loaded_are_offered() -> None:
    assert formats_for(DeviceKind.OPL) == [None, ImageFormat.ZSO, ImageFormat.ISO]
    assert formats_for(DeviceKind.USB_LOADER_GX) == [
        None, ImageFormat.WBFS, ImageFormat.GAMECUBE_CISO, ImageFormat.ISO,
    ]  # fmt: skip
    assert ImageFormat.CHD in formats_for(DeviceKind.FOLDER)
    assert all(format_text(each) for each in formats_for(DeviceKind.FOLDER))

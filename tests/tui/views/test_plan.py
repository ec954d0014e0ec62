"""What a plan leaves out."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from app_desk import title
from queued_jobs import task_as

from discpress.engine.config import Config
from discpress.engine.convert.batch.disk_space import DiskSpace
from discpress.engine.convert.batch.model import Batch, Skip
from discpress.engine.formats import ImageFormat
from discpress.engine.library.naming import TitleNames
from discpress.engine.library.states import TitleStates
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.queue.titles.chooser import Chooser
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.states import State
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault, Title
from discpress.tui.commands import Keys
from discpress.tui.views.plan import jobs_of, plan_titles, reason_left_out, summary_of
from discpress.tui.views.queue_space import space_line
from discpress.tui.widgets.marked_rows import ASCII_SIGNS, Signs
from discpress.tui.widgets.palette import tail

CHOOSER = Chooser.of(Config())
STATES = TitleStates(CHOOSER.request)
NAMES = TitleNames((), STATES.disc_of)
NOBODY: Mapping[Path, ConversionRequest] = {}
OKAMI = title("Okami.iso", 4400, 3300, title="Okami", serial="SLUS-21115")
DENSE = title("Dense Films.iso", 2000, 1990, title="Dense Films", serial="SLPM-62001")


ARCHIVED = replace(
    title("games.zip/Old Films.iso", 2000, 1200, title="Old Films"),
    identity=FileIdentity(7, 1900 << 20, 5, 2, 1800 << 20),
)


def planned(*titles: Title, wanted: Mapping[Path, ConversionRequest] = NOBODY, **options: object) -> Batch:
    return plan_titles(titles, CHOOSER, ConversionRequest(**options), None, (), wanted, STATES)  # type: ignore[arg-type]


def test_what_would_hardly_shrink_is_left_out_with_the_reason() -> None:
    row, _ = planned(DENSE, OKAMI).rows
    assert (row.skip, row.is_useless) == (Skip.NO_GAIN, True)
    assert reason_left_out(row, Keys()) == "it would shrink by less than 5 %; h converts it anyway"


def test_what_would_hardly_shrink_is_converted_where_that_is_requested() -> None:
    options = ConversionRequest(force=True)
    batch = plan_titles([DENSE, OKAMI], CHOOSER, options, None, (), {}, STATES)
    request, _ = jobs_of(batch, options, NAMES)
    assert (request.path, request.force) == (Path("/games/Dense Films.iso"), True)
    assert batch.rows[0].warnings == ("it would shrink by less than 5 %",)


def test_what_lies_in_an_archive_is_converted_beside_it() -> None:
    batch = planned(ARCHIVED, trash_source=True)
    (row,) = batch.rows
    assert (row.is_converted, row.output_path) == (True, Path("/games/Old Films.zso"))
    (request,) = jobs_of(batch, ConversionRequest(trash_source=True), NAMES)
    task = task_as(ConvertTask, request)
    assert (request.path, task.source.name, task.source.archive) == (
        Path("/games/games.zip/Old Films.iso"),
        "Old Films",
        Path("/games/games.zip"),
    )


ZEROS = replace(title("zeros.iso", 2000), fault=Fault.NO_DISC)


def test_an_image_of_no_disc_is_converted_alone_and_the_plan_says_that_its_original_stays() -> None:
    for trash, stays in ((True, True), (False, False)):
        (row,) = planned(ZEROS, trash_source=trash).rows
        assert any("no known disc inside" in each for each in row.warnings)
        assert (row.is_converted, row.trashes_source) == (True, False)
        assert any("the original stays where it is" in each for each in row.warnings) is stays


def test_an_image_of_no_disc_is_left_out_of_many() -> None:
    assert planned(ZEROS, OKAMI).rows[0].skip is Skip.NO_DISC


def test_a_damaged_image_is_left_out_with_the_reason() -> None:
    damaged = replace(title("a.zso", 2000), fault=Fault.DAMAGED, error="a.zso: damaged header")
    (row,) = planned(damaged).rows
    assert (row.skip, row.reason) == (Skip.DAMAGED, "a.zso: damaged header")


def test_an_archive_is_kept_and_the_plan_says_so() -> None:
    batch = planned(ARCHIVED, trash_source=True)
    (request,) = jobs_of(batch, ConversionRequest(trash_source=True), NAMES)
    assert not task_as(ConvertTask, request).request.trash_source
    assert batch.rows[0].warnings[-1].startswith("its archive is kept")


PACKED = title(
    "Velvet.zso", 500, format=ImageFormat.ZSO, original_bytes=900 << 20, block_size=2048, version=1, title="Velvet"
)


def test_a_packed_image_is_left_alone_and_a_key_named() -> None:
    (row,) = planned(PACKED).rows
    assert reason_left_out(row, Keys()) == "is ZSO already; t chooses other settings for it"


def test_what_its_target_does_not_load_is_left_alone_with_the_reason() -> None:
    (row,) = planned(replace(PACKED, block_size=16384)).rows
    assert (row.skip, row.state) == (Skip.WONT_LOAD, State.WONT_LOAD)
    assert reason_left_out(row, Keys()).startswith("block size 16384 cannot be loaded: OPL ignores")


SHORT = replace(title("half.iso", 700, 420), fault=Fault.CUT_SHORT)
FOREIGN = title("Tin Parade.iso", 600, 300, system="mega-cd")


def test_what_is_cut_short_or_unplayable_is_left_out_of_many_and_converted_alone() -> None:
    assert [row.skip for row in planned(SHORT, FOREIGN).rows] == [Skip.CUT_SHORT, Skip.NO_PLAYER]
    assert all("choose it alone" in reason_left_out(row, Keys()) for row in planned(SHORT, FOREIGN).rows)
    assert [planned(each).rows[0].is_converted for each in (SHORT, FOREIGN)] == [True, True]


def test_an_original_that_is_cut_short_stays_unless_that_is_accepted_for_this_very_file() -> None:
    assert not planned(SHORT, trash_source=True).rows[0].trashes_source
    assert planned(SHORT, trash_source=True, accept_incomplete=True).rows[0].trashes_source


def test_a_title_packed_anew_takes_another_name_where_that_is_requested() -> None:
    wanted = {PACKED.path: ConversionRequest(ImageFormat.ZSO, 2048, 9, target="opl")}
    assert planned(PACKED, wanted=wanted, on_conflict=OnConflict.RENAME).rows[0].is_converted


def test_a_title_packed_anew_under_its_own_name_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "Velvet.zso"
    path.write_bytes(b"ZISO")
    packed = replace(PACKED, path=path)
    (row,) = planned(packed, wanted={path: ConversionRequest(ImageFormat.ZSO, 2048, 9, target="opl")}).rows
    assert reason_left_out(row, Keys()) == "the result would have the name of the original; e gives it another one"


def summary_at(width: int, **options: object) -> list[str]:
    batch = replace(planned(OKAMI, *[replace(OKAMI, path=Path(f"/x/{number}.iso")) for number in range(9)], PACKED))
    folder = Path("/mnt/a share with a long name/games of my own/PlayStation 2/tests")
    space = DiskSpace(folder, 53 << 30, trashed_bytes=9 << 30)
    lines = summary_of(replace(batch, spaces=(space,)), ConversionRequest(**options), Signs(), Keys(), width)  # type: ignore[arg-type]
    return ["".join(text for text, _ in line) for line in lines]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_above_the_plan_is_cut(width: int) -> None:
    folder = Path("/mnt/a share with a long name/games of my own/PlayStation 2/results")
    lines = summary_at(width, output_folder=folder)
    assert max(map(len, lines)) <= width
    assert "1 left out" in " ".join(lines)
    assert any(line.endswith("PlayStation 2/results") for line in lines)


def test_a_long_path_keeps_its_end() -> None:
    assert any(line.endswith("/tests") for line in summary_at(80))


@pytest.mark.parametrize(
    ("signs", "drawn"), [(Signs(), "█████▒▒▒▒▒           "), (ASCII_SIGNS, "[####+++++         ] ")]
)
def test_a_bar_shows_what_is_used_of_a_disk_and_what_will_be(signs: Signs, drawn: str) -> None:
    space = DiskSpace(Path("/x"), 75 << 30, needed_bytes=25 << 30, total_bytes=100 << 30)
    wide = "".join(text for text, _ in space_line(space, 100, signs))
    assert wide.startswith(f"{drawn}free now 75 GiB, about 50 GiB after")
    assert "".join(text for text, _ in space_line(space, 80, signs)).startswith("free now 75 GiB")


def test_a_wide_terminal_shows_one_line_of_totals() -> None:
    assert summary_at(120)[0].endswith("1 left out")


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [("/games", 6, "/games"), ("/games/PS2", 6, "…s/PS2"), ("/games/大神", 6, "…/大神"), ("/games", 0, "…")],
)
def test_the_end_of_a_path(text: str, width: int, expected: str) -> None:
    assert tail(text, width) == expected

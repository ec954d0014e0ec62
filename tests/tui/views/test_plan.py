"""What a plan leaves out."""

from dataclasses import replace
from pathlib import Path

from app_desk import title

from discpress.engine.config import Config
from discpress.engine.convert.request import ConversionRequest, OnConflict
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.store.model import Fault, FileIdentity, StoredEstimate, Title
from discpress.tui.commands import Keys
from discpress.tui.views.plan import Options, Planning, plan_titles, requests_of
from discpress.tui.views.title_settings import Chooser

CHOOSER = Chooser.of(Config())
DENSE = title("Dense Films.iso", 2000, 1990, title="Dense Films", serial="SLPM-62001")


ARCHIVED = replace(
    title("games.zip/Old Films.iso", 2000, 1990, title="Old Films"), identity=FileIdentity(7, 1900 << 20, 5, 2, 99)
)
"""It would grow, as what leaves a ZIP does."""


def nothing_known(_title: Title, _settings: Settings) -> StoredEstimate | None:
    return None


def planned(options: Options) -> Planning:
    return plan_titles([DENSE], CHOOSER, options, nothing_known, (), {}, Keys())


def test_what_would_hardly_shrink_is_left_out_with_the_reason() -> None:
    (row,) = planned(Options()).rows
    assert (row.is_done, row.is_useless, row.problem) == (False, True, "it would shrink by less than 5 %")


def test_what_would_hardly_shrink_is_converted_where_that_is_requested() -> None:
    options = Options(even_useless=True)
    planning = planned(options)
    (request,) = requests_of(planning, options, CHOOSER, {})
    assert (request.path, request.force) == (Path("/games/Dense Films.iso"), True)
    assert planning.rows[0].notices == ("it would shrink by less than 5 %",)


def test_what_lies_in_an_archive_is_converted_beside_it() -> None:
    options = Options(trash_source=True)
    planning = plan_titles([ARCHIVED], CHOOSER, options, nothing_known, (), {}, Keys())
    (row,) = planning.rows
    assert (row.is_done, row.output_path) == (True, Path("/games/Old Films.zso"))
    (request,) = requests_of(planning, options, CHOOSER, {})
    assert (request.path, request.task.source) == (
        Path("/games/games.zip/Old Films.iso"),
        Source(1, Path("/games/games.zip"), "Old Films"),
    )


def test_an_image_of_no_disc_is_converted_and_the_plan_says_that_its_original_stays() -> None:
    zeros = replace(title("zeros.iso", 2000), fault=Fault.NO_DISC)
    for options, stays in ((Options(trash_source=True), True), (Options(), False)):
        (row,) = plan_titles([zeros], CHOOSER, options, nothing_known, (), {}, Keys()).rows
        (notice,) = [each for each in row.notices if "no known disc inside" in each]
        assert (row.is_done, notice.endswith("; the original stays where it is")) == (True, stays)


def test_a_damaged_image_is_left_out_with_the_reason() -> None:
    damaged = replace(title("a.zso", 2000), fault=Fault.DAMAGED, error="a.zso: damaged header")
    (row,) = plan_titles([damaged], CHOOSER, Options(), nothing_known, (), {}, Keys()).rows
    assert (row.is_done, row.problem) == (False, "a.zso: damaged header")


def test_an_archive_is_kept_and_the_plan_says_so() -> None:
    options = Options(trash_source=True)
    planning = plan_titles([ARCHIVED], CHOOSER, options, nothing_known, (), {}, Keys())
    (request,) = requests_of(planning, options, CHOOSER, {})
    assert isinstance(request.task, ConvertTask)
    assert not request.task.request.trash_source
    assert planning.rows[0].notices[-1].startswith("its archive is kept")


PACKED = title(
    "Velvet.zso", 500, format=ImageFormat.ZSO, original_bytes=900 << 20, block_size=16384, version=1, title="Velvet"
)


def test_a_title_packed_anew_takes_another_name_where_that_is_requested() -> None:
    requests = {PACKED.path: ConversionRequest(ImageFormat.ZSO, 2048, 9, target="opl")}
    left_out = plan_titles([PACKED], CHOOSER, Options(), nothing_known, (), requests, Keys()).rows[0]
    assert left_out.problem == "the result would have the name of the original: n gives it another one"
    renaming = Options(on_conflict=OnConflict.RENAME)
    assert plan_titles([PACKED], CHOOSER, renaming, nothing_known, (), requests, Keys()).rows[0].is_done

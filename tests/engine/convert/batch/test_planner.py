"""What a batch comes to: rows, totals, free space; the folders are real, the titles made by hand."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from title_fields import title_at as a_title

from discpress.engine.convert.batch.model import Batch, Candidate, Skip
from discpress.engine.convert.batch.planner import plan_batch
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.states import Standing, State
from discpress.engine.store.digests import Digests
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault, StoredEstimate, Title
from discpress.engine.store.store import Store
from discpress.engine.systems import System

SIZE = 4096 * 25


def title_at(path: Path, **facts: Any) -> Title:
    """A title of a file of SIZE bytes, written if it is missing."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(SIZE))
    values = {"format": ImageFormat.ISO, "system": "ps2", "original_bytes": SIZE, **facts}
    return a_title(path, FileIdentity.at(path), **values)


def estimated(title: Title, packed: int, advice: str = "convert", seconds: float = 2.0) -> Title:
    reason = "" if advice == "convert" else "it would grow"
    settings = Settings(ImageFormat.ZSO)
    return replace(
        title, estimate=StoredEstimate(settings, SIZE, packed, packed - 10, packed + 20, SIZE, advice, reason, seconds)
    )


def plan(*titles: Title, **options: Any) -> Batch:
    return plan_batch([Candidate(each) for each in titles], ConversionRequest(**options))


def skips(batch: Batch) -> list[str | None]:
    return [row.skip for row in batch.rows]


def test_totals_sum_what_is_converted_and_estimated(tmp_path: Path) -> None:
    one, two = (
        estimated(title_at(tmp_path / f"{name}.iso"), packed) for name, packed in (("a", 40_000), ("b", 60_000))
    )
    unknown, left_out = title_at(tmp_path / "c.iso"), title_at(tmp_path / "d.iso", fault=Fault.NO_DISC)
    batch = plan(one, two, unknown, left_out)
    assert (len(batch.converted), batch.unknown, batch.skipped) == (3, 1, {Skip.NO_DISC: 1})
    assert (batch.file_bytes, batch.read_bytes, batch.seconds) == (3 * SIZE, 3 * SIZE, 4.0)
    assert batch.bounds == (99_980, 100_000, 100_040)
    assert batch.saving == (2 * SIZE - 100_040, 2 * SIZE - 100_000, 2 * SIZE - 99_980)


def test_rows_keep_the_order_in_which_titles_were_given_and_names_go_by_path(tmp_path: Path) -> None:
    later, first = title_at(tmp_path / "Game.iso"), title_at(tmp_path / "GAME.bin")
    batch = plan(later, first)
    assert [row.title for row in batch.rows] == [later, first]
    assert skips(batch) == [Skip.EXISTS, None]


def test_free_space_is_counted_per_disk_after_and_once_the_trash_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discpress.engine.system.filesystems.disk_usage", lambda folder: (100_000, 2**40))
    one, unknown = estimated(title_at(tmp_path / "a.iso"), 40_000), title_at(tmp_path / "b.iso")
    (space,) = plan(one, unknown, trash_source=True).spaces
    assert (space.free_bytes, space.after_bytes, space.unknown) == (100_000, 60_000, 1)
    assert space.emptied_bytes == 60_000 + 2 * SIZE


def test_an_original_with_another_name_frees_nothing(tmp_path: Path) -> None:
    one = estimated(title_at(tmp_path / "a.iso"), 40_000)
    os.link(one.path, tmp_path / "elsewhere")
    (space,) = plan(replace(one, identity=FileIdentity.at(one.path)), trash_source=True).spaces
    assert space.trashed_bytes == 0


def test_an_overwritten_file_is_freed_with_the_trash(tmp_path: Path) -> None:
    one = estimated(title_at(tmp_path / "a.iso"), 40_000)
    (tmp_path / "a.zso").write_bytes(bytes(777))
    batch = plan(one, on_conflict=OnConflict.OVERWRITE)
    assert (batch.rows[0].is_converted, batch.spaces[0].trashed_bytes) == (True, 777)
    assert batch.rows[0].warnings == ("a.zso: exists already: the existing file goes to the trash first",)


def test_the_space_of_a_folder_that_is_created_later_is_that_above_it(tmp_path: Path) -> None:
    batch = plan(title_at(tmp_path / "a.iso"), output_folder=tmp_path / "new" / "deep")
    assert batch.rows[0].output_path == tmp_path / "new" / "deep" / "a.zso"
    assert batch.rows[0].output_device == tmp_path.stat().st_dev
    assert batch.spaces[0].free_bytes > 0


def test_a_result_that_grows_is_left_out_unless_forced(tmp_path: Path) -> None:
    grown = estimated(title_at(tmp_path / "a.iso"), SIZE + 100, "skip")
    assert skips(plan(grown)) == [Skip.GROWS]
    assert skips(plan(grown, force=True)) == [None]


def test_an_estimate_of_other_settings_says_nothing(tmp_path: Path) -> None:
    (row,) = plan(estimated(title_at(tmp_path / "a.iso"), SIZE, "skip"), level=3).rows
    assert (row.estimate, row.is_converted) == (None, True)


PACKED = {"format": ImageFormat.CSO, "block_size": 2048, "system": "psp"}


def asked_by(**parameters: Any) -> Callable[[Title], Batch]:
    def run(title: Title) -> Batch:
        candidate = Candidate(title, parameters.get("request"), is_named=parameters.get("is_named", False))
        options = ConversionRequest(parameters.get("format"), on_conflict=parameters.get("rule", OnConflict.ERROR))
        return plan_batch([candidate], options, repacks=parameters.get("repacks", False))

    return run


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (asked_by(), Skip.PACKED),
        (asked_by(rule=OnConflict.OVERWRITE), Skip.PACKED),
        (asked_by(format=ImageFormat.ISO), None),
        (asked_by(format=ImageFormat.ZSO), None),
        (asked_by(is_named=True), None),
        (asked_by(repacks=True), None),
        (asked_by(request=ConversionRequest(ImageFormat.ZSO)), None),
    ],
    ids=["nobody", "overwrite", "-d", "-f zso", "named", "--force", "settings"],
)
def test_a_packed_image_is_converted_only_if_somebody_asked(
    ask: Callable[[Title], Batch], expected: Skip | None, tmp_path: Path
) -> None:
    assert skips(ask(title_at(tmp_path / "a.cso", **PACKED))) == [expected]


def test_a_packed_image_that_nobody_asked_for_is_no_error_of_its_target(tmp_path: Path) -> None:
    candidate = Candidate(title_at(tmp_path / "a.cso", original_bytes=5 << 30, **PACKED))
    batch = plan_batch([candidate], ConversionRequest(), ConversionRequest(target="ark"))
    assert (skips(batch), batch.rows[0].is_failure) == ([Skip.WONT_LOAD], False)


@pytest.mark.parametrize(
    ("is_named", "options", "skip"),
    [
        (False, ConversionRequest(target="opl"), Skip.WRONG_SYSTEM),
        (False, ConversionRequest(target="opl", on_conflict=OnConflict.OVERWRITE), Skip.WRONG_SYSTEM),
        (True, ConversionRequest(target="opl"), Skip.SETTING),
        (True, ConversionRequest(target="opl", on_conflict=OnConflict.OVERWRITE), None),
        (False, ConversionRequest(target="any"), None),
    ],
)
def test_a_disc_that_the_target_does_not_play_is_left_out_unless_it_is_named_with_force(
    is_named: bool, options: ConversionRequest, skip: Skip | None, tmp_path: Path
) -> None:
    candidate = Candidate(title_at(tmp_path / "a.iso", system="psp"), is_named=is_named)
    (row,) = plan_batch([candidate], options).rows
    assert row.skip is skip
    assert row.is_failure is (skip is Skip.SETTING)
    if skip is Skip.WRONG_SYSTEM:
        assert row.reason == "This is a PSP disc; OPL plays PS2 discs only."
    if skip is None and options.target == "opl":
        assert row.warnings == ("This is a PSP disc; OPL plays PS2 discs only.",)


@pytest.mark.parametrize(
    ("tracks", "target", "skip", "reason"),
    [
        (TrackCounts(1, 1, 2352), "flycast", None, ""),
        (TrackCounts(1, 1, 2352, 2), "flycast", Skip.NO_PLAYER, "no CHD with pregaps or postgaps, as of track 2; it"),
        (TrackCounts(1, 1, 2352, 2), "any", None, ""),
        (TrackCounts(1, 1, 2352, 0, True), "flycast", Skip.NO_PLAYER, "Flycast loads no CHD with subcode; it loads"),
        (TrackCounts(1, 1, 2352, 0, False, True), "flycast", Skip.NO_PLAYER, "no GD-ROM with fewer than 3 tracks"),
        (TrackCounts(2, 1, 2352, 0, False, True), "flycast", None, ""),
    ],
    ids=["plain", "gap", "gap for any", "subcode", "two tracks", "GD-ROM"],
)
def test_a_disc_whose_chd_its_target_refuses_is_left_out_with_the_reason_of_the_loader(
    tracks: TrackCounts, target: str, skip: Skip | None, reason: str, tmp_path: Path
) -> None:
    disc = replace(title_at(tmp_path / "a.cue", format=ImageFormat.CUE, system="dreamcast"), tracks=tracks)
    (row,) = plan(disc, target=target).rows
    assert (row.skip, row.state) == (skip, State.READY if skip is None else State.NO_PLAYER)
    assert reason in row.reason
    (as_it_is,) = plan(disc, target=target, format=ImageFormat.GDI).rows
    assert as_it_is.is_converted


@pytest.mark.parametrize(
    ("tracks", "image_format", "made", "warning"),
    [
        (TrackCounts(1, 1, 2352), ImageFormat.CCD, ImageFormat.CHD, ""),
        (TrackCounts(1, 1, 2352, has_unkept_bytes=True), ImageFormat.CCD, ImageFormat.CHD, "such as subcode"),
        (TrackCounts(1, 1, 2352, has_unkept_bytes=True), ImageFormat.MDS, ImageFormat.CUE, "such as subcode"),
        (TrackCounts(1, 1, 2352, has_subcode=True), ImageFormat.CHD, ImageFormat.CUE, "such as subcode"),
        (TrackCounts(1, 1, 2352, has_subcode=True), ImageFormat.CHD, ImageFormat.CHD, ""),
        (TrackCounts(1, 0, 2352), ImageFormat.CUE, ImageFormat.ZSO, "raw sectors cannot be rebuilt"),
        (TrackCounts(1, 0, 2048), ImageFormat.CUE, ImageFormat.ZSO, ""),
    ],
    ids=["CCD", "with subcode", "MDS to CUE", "CHD to CUE", "CHD to CHD", "cut", "ISO"],
)
def test_a_plan_keeps_an_original_with_more_than_its_result_and_gives_the_reason(
    tracks: TrackCounts, image_format: ImageFormat, made: ImageFormat, warning: str, tmp_path: Path
) -> None:
    disc = replace(title_at(tmp_path / f"a.{image_format}", format=image_format, system="ps2"), tracks=tracks)
    (row,) = plan(disc, target="any", format=made, trash_source=True, output_folder=tmp_path / "out").rows
    kept = [each for each in row.warnings if each.startswith("the original stays")]
    assert (row.keeps_source, row.trashes_source) == (bool(warning), not warning)
    assert [warning in each for each in kept] == [True] * bool(warning)


def test_a_named_disc_whose_chd_its_target_refuses_is_a_failure_of_the_batch(tmp_path: Path) -> None:
    disc = title_at(tmp_path / "a.cue", format=ImageFormat.CUE, system="dreamcast")
    named = Candidate(replace(disc, tracks=TrackCounts(1, 1, 2352, 2)), is_named=True)
    (row,) = plan_batch([named], ConversionRequest()).rows
    assert (row.skip, row.is_failure) == (Skip.SETTING, True)
    assert "a.cue: target flycast: Flycast loads no CHD with pregaps" in row.reason


def test_each_title_goes_by_the_target_of_its_system(tmp_path: Path) -> None:
    titles = [title_at(tmp_path / f"{each}.iso", system=str(each)) for each in (System.PS2, System.PSP)]
    defaults = ConversionRequest(targets=(("ps2", "nethersx2"), ("psp", "ark")))
    batch = plan_batch([Candidate(each) for each in titles], ConversionRequest(), defaults)
    assert [(row.request.target, row.settings and row.settings.format) for row in batch.rows] == [
        ("nethersx2", ImageFormat.CSO), ("ark", ImageFormat.ZSO),
    ]  # fmt: skip


def test_the_settings_file_is_no_request_to_repack(tmp_path: Path) -> None:
    candidate = Candidate(title_at(tmp_path / "a.cso", **PACKED))
    defaults = ConversionRequest(ImageFormat.CHD, target="ppsspp")
    assert skips(plan_batch([candidate], ConversionRequest(), defaults)) == [Skip.PACKED]


def digest(store: Store, path: Path, xxh3: str) -> None:
    store.digests.save(path, FileIdentity.at(path), Digests(xxh3=xxh3))


@pytest.mark.parametrize(
    ("digests", "rule", "expected"),
    [
        (("aa", "aa"), OnConflict.ERROR, Skip.DONE),
        (("aa", "aa"), OnConflict.RENAME, Skip.DONE),
        (("aa", "aa"), OnConflict.OVERWRITE, None),
        (("aa", "bb"), OnConflict.ERROR, Skip.EXISTS),
        (("aa", ""), OnConflict.ERROR, Skip.EXISTS),
        (("", "aa"), OnConflict.ERROR, Skip.EXISTS),
        (("", ""), OnConflict.ERROR, Skip.EXISTS),
    ],
)
def test_a_title_is_done_only_if_both_files_have_one_digest(
    digests: tuple[str, str], rule: OnConflict, expected: Skip | None, tmp_path: Path
) -> None:
    title = title_at(tmp_path / "a.iso")
    (tmp_path / "a.zso").write_bytes(b"result")
    with Store(tmp_path / "state") as store:
        for path, xxh3 in zip((title.path, tmp_path / "a.zso"), digests, strict=True):
            digest(store, path, xxh3)
        batch = plan_batch([Candidate(title)], ConversionRequest(on_conflict=rule), store=store)
    assert skips(batch) == [expected]


def test_a_disc_packed_in_another_format_is_no_reason_to_leave_it_out(tmp_path: Path) -> None:
    plain, packed = title_at(tmp_path / "a.iso"), title_at(tmp_path / "b" / "x.cso", **PACKED)
    with Store(tmp_path / "state") as store:
        for each in (plain, packed):
            digest(store, each.path, "aa")
        batch = plan_batch([Candidate(plain), Candidate(packed)], ConversionRequest(), store=store)
    assert skips(batch) == [None, Skip.PACKED]


SICK_OR_UNPLAYABLE: dict[Skip, dict[str, Any]] = {
    Skip.NO_DISC: {"fault": Fault.NO_DISC},
    Skip.CUT_SHORT: {"fault": Fault.CUT_SHORT},
    Skip.NO_PLAYER: {"system": "xbox"},
}


@pytest.mark.parametrize("skip", SICK_OR_UNPLAYABLE)
def test_what_is_sick_or_unplayable_is_left_out_unless_the_user_named_it(skip: Skip, tmp_path: Path) -> None:
    title = estimated(title_at(tmp_path / "a.iso", **SICK_OR_UNPLAYABLE[skip]), SIZE // 2)
    batch = plan_batch([Candidate(title)], ConversionRequest(force=True), repacks=True)
    assert (skips(batch), batch.rows[0].state, batch.saving) == ([skip], State(skip), (0, 0, 0))
    named = plan_batch([Candidate(title, is_named=True)], ConversionRequest())
    assert (skips(named), named.rows[0].state) == ([None], State(skip))


@pytest.mark.parametrize("fault", [Fault.NO_DISC, Fault.CUT_SHORT])
@pytest.mark.parametrize("is_named", [False, True])
@pytest.mark.parametrize("accepts", [False, True])
def test_an_original_that_is_not_whole_goes_to_the_trash_only_if_named_and_accepted(
    fault: Fault, is_named: bool, accepts: bool, tmp_path: Path
) -> None:
    candidate = Candidate(title_at(tmp_path / "a.iso", fault=fault), is_named=is_named)
    options = ConversionRequest(trash_source=True, accept_incomplete=accepts)
    (row,) = plan_batch([candidate], options).rows
    assert row.trashes_source is (is_named and accepts)


def test_accepting_what_is_incomplete_changes_nothing_for_a_whole_image(tmp_path: Path) -> None:
    (row,) = plan(title_at(tmp_path / "a.iso"), trash_source=True, accept_incomplete=True).rows
    assert (row.is_converted, row.trashes_source, row.request.accept_incomplete) == (True, True, False)


@pytest.mark.parametrize(
    ("state", "skip"),
    [
        (State.WORKING, Skip.QUEUED),
        (State.DAMAGED, Skip.DAMAGED),
        (State.DONE, Skip.DONE),
        (State.HAS_COPY, Skip.COPY),
    ],
)
def test_what_is_recorded_about_a_title_decides_too(state: State, skip: Skip, tmp_path: Path) -> None:
    def recorded(title: Title, request: ConversionRequest) -> Standing:
        return Standing(state, "as recorded", tmp_path / "other.iso")

    (row,) = plan_batch([Candidate(title_at(tmp_path / "a.iso"))], ConversionRequest(), states=recorded).rows
    assert (row.skip, row.state, row.reason) == (skip, state, row.reason)


def test_a_copy_names_the_title_that_it_is_a_copy_of(tmp_path: Path) -> None:
    first = title_at(tmp_path / "a.iso")
    os.link(first.path, tmp_path / "b.iso")
    row = plan(first, title_at(tmp_path / "b.iso")).rows[1]
    assert (row.skip, row.copy_of, row.reason) == (Skip.COPY, first.path, "is the same file as a.iso")


def test_a_link_is_left_out_if_originals_go_to_the_trash(tmp_path: Path) -> None:
    title_at(tmp_path / "outside" / "x.iso")
    (tmp_path / "a.iso").symlink_to(tmp_path / "outside" / "x.iso")
    assert skips(plan(title_at(tmp_path / "a.iso"), trash_source=True)) == [Skip.LINK]


def test_a_missing_file_is_planned_by_what_is_known(tmp_path: Path) -> None:
    title = title_at(tmp_path / "a.iso")
    title.path.unlink()
    (row,) = plan(title).rows
    assert (row.is_converted, row.device) == (True, 0)


def test_nothing_is_written(tmp_path: Path) -> None:
    title = title_at(tmp_path / "a.iso")
    plan(title, output_folder=tmp_path / "new", trash_source=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.iso"]


def results(tmp_path: Path, *paths: str, **options: Any) -> list[str | None]:
    """The results, below an output folder, of titles of these paths."""
    titles = [title_at(tmp_path / path) for path in paths]
    batch = plan(*titles, output_folder=tmp_path / "out", **options)
    return [
        None if row.skip else str(row.output_path and row.output_path.relative_to(tmp_path / "out"))
        for row in batch.rows
    ]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["a/Game.iso", "b/Game.iso"], ["Game (a).zso", "Game (b).zso"]),
        (["a/x/Game.iso", "b/x/Game.iso"], ["Game (a).zso", "Game (b).zso"]),
        (["Game.iso", "b/Game.iso"], ["Game.zso", "Game (b).zso"]),
        (["a/Game.iso", "b/GAME.img"], ["Game (a).zso", "GAME (b).zso"]),
        (["a/caf\u00e9.iso", "b/cafe\u0301.iso"], ["caf\u00e9 (a).zso", "cafe\u0301 (b).zso"]),
        (["Saga (USA)/Disc.iso", "Saga (Japan)/Disc.iso"], ["Saga (USA) - Disc.zso", "Saga (Japan) - Disc.zso"]),
        (["a/Game.iso", "b/Other.iso"], ["Game.zso", "Other.zso"]),
        (["a/Game.iso", "a/Game.img"], [None, "Game.zso"]),
    ],
)
def test_results_in_one_folder_are_told_apart_by_their_folders(
    paths: list[str], expected: list[str | None], tmp_path: Path
) -> None:
    assert results(tmp_path, *paths) == expected


def test_results_next_to_their_images_keep_their_names(tmp_path: Path) -> None:
    batch = plan(title_at(tmp_path / "a" / "Game.iso"), title_at(tmp_path / "b" / "Game.iso"))
    assert [row.output_path for row in batch.rows] == [tmp_path / "a" / "Game.zso", tmp_path / "b" / "Game.zso"]
    assert [row.own_path for row in batch.rows] == [None, None]


def test_images_in_archives_are_told_apart_by_the_archive(tmp_path: Path) -> None:
    titles = [
        replace(title, path=title.path / "Game.iso", identity=replace(title.identity, member=1))
        for title in (title_at(tmp_path / "a.zip"), title_at(tmp_path / "b.zip"))
    ]
    batch = plan(*titles, output_folder=tmp_path / "out")
    assert [row.output_path and row.output_path.name for row in batch.rows] == ["Game (a).zso", "Game (b).zso"]


def archived(tmp_path: Path, packed: int, **settings: Any) -> Title:
    """A title in an archive of SIZE bytes, estimated at some size."""
    title = estimated(title_at(tmp_path / "a.zip"), packed)
    assert title.estimate is not None
    found = replace(title.estimate, settings=Settings(**{"format": ImageFormat.ZSO, **settings}))
    return replace(
        title,
        path=title.path / "Game.iso",
        identity=replace(title.identity, member=1, member_bytes=SIZE),
        estimate=found,
    )


def test_a_title_that_would_be_larger_than_its_archive_is_left_out(tmp_path: Path) -> None:
    (row,) = plan(archived(tmp_path, SIZE + 1024)).rows
    assert (row.skip, row.reason) == (Skip.GROWS, "it would grow by 1 KiB: its archive is smaller")


@pytest.mark.parametrize(
    ("packed", "options"), [(SIZE, {}), (SIZE - 10, {}), (SIZE + 1024, {"force": True}), (SIZE * 2, {"level": 5})]
)
def test_other_titles_in_archives_are_converted(packed: int, options: dict[str, Any], tmp_path: Path) -> None:
    assert skips(plan(archived(tmp_path, packed), **options)) == [None]


def test_a_named_title_in_an_archive_is_converted_even_if_it_grows(tmp_path: Path) -> None:
    batch = plan_batch([Candidate(archived(tmp_path, SIZE * 2), is_named=True)], ConversionRequest())
    assert skips(batch) == [None]


def test_an_image_that_is_only_unpacked_may_grow(tmp_path: Path) -> None:
    title = archived(tmp_path, SIZE * 2, format=ImageFormat.ISO, block_size=0, level=0)
    assert skips(plan(title, format=ImageFormat.ISO)) == [None]

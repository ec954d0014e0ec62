"""A CD becomes a sheet and the files of its tracks: byte for byte, all or none, and never over another file."""

import errno
import os
from pathlib import Path
from unittest import mock

import pytest
from command_line import write_old
from disc_files import convert_chd, convert_disc, expected_files, files_in
from fault_injection import at_chunk, fail_with, flip_byte, part_of
from packed_cds import GOLDEN_CDS
from raw_discs import GD_ROM, MIXED, open_disc, stored_sectors, write_disc
from sample_images import mixed

from discpress.engine.convert.checkpoint import Checkpoint
from discpress.engine.convert.conversion import convert
from discpress.engine.convert.packing import ConversionRun
from discpress.engine.convert.part.name import remove_part_of
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.part.part_set import PartSet
from discpress.engine.convert.plan import plan_conversion, plan_image
from discpress.engine.convert.preflight import NameTaken, settle_output
from discpress.engine.convert.recovery import conclude_published
from discpress.engine.convert.trash.journal import no_journal
from discpress.engine.convert.trash.undo import undo
from discpress.engine.errors import (
    CancelledError,
    ConflictError,
    PartError,
    SettingError,
    SpaceError,
    StorageError,
    SuspendedError,
    UsageError,
    VerifyError,
)
from discpress.engine.formats import ImageFormat
from discpress.engine.images.open import open_image
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.system.files import FileIdentity

SHEET = "Game.cue"
NAMES = list(expected_files(SHEET))
LAST = NAMES[-1]
JOB = "queue 1"


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    return write_disc(tmp_path / "Game.chd", MIXED)


def results_in(folder: Path) -> dict[str, bytes]:
    """Every file but the source."""
    return {name: data for name, data in files_in(folder).items() if name != "Game.chd"}


def test_every_track_is_a_file(source_path: Path, tmp_path: Path) -> None:
    convert_disc(source_path)
    assert results_in(tmp_path) == expected_files(SHEET)


def test_one_bin_has_all_tracks(source_path: Path, tmp_path: Path) -> None:
    done = convert_disc(source_path, one_bin=True)
    files = done.plan.files
    assert files is not None
    assert results_in(tmp_path) == {SHEET: files.sheet, "Game.bin": stored_sectors(MIXED)}


def test_a_gd_rom_becomes_a_gdi_and_its_tracks(tmp_path: Path) -> None:
    source_path = write_disc(tmp_path / "Game.chd", GD_ROM)
    convert_disc(source_path, GD_ROM, unpacks=True)
    assert results_in(tmp_path) == expected_files("Game.gdi", GD_ROM, ImageFormat.GDI)


def test_a_cd_that_is_unpacked_becomes_a_cue_sheet(source_path: Path, tmp_path: Path) -> None:
    convert_disc(source_path, unpacks=True)
    assert results_in(tmp_path) == expected_files(SHEET)


def test_the_name_of_the_result_decides_for_a_cue_sheet(tmp_path: Path) -> None:
    source_path = write_disc(tmp_path / "Game.chd", GD_ROM)
    convert_disc(source_path, GD_ROM, tmp_path / "Other.cue", unpacks=True)
    assert "Other (Track 3).bin" in results_in(tmp_path)


def test_names_may_contain_anything_that_a_sheet_may(tmp_path: Path) -> None:
    folder = tmp_path / "[b]"
    folder.mkdir()
    source_path = write_disc(folder / "Okami [t-en by X] [red].chd", MIXED)
    convert_disc(source_path)
    found = files_in(folder)
    del found[source_path.name]
    assert found == expected_files("Okami [t-en by X] [red].cue")


def test_the_digests_of_each_file_are_known(source_path: Path) -> None:
    done = convert_disc(source_path, digests=("sha1",))
    assert [name for name, _ in done.file_digests("sha1")] == NAMES[1:]
    assert [each.size_bytes for each in done.digests.files] == [track.stored_bytes for track in MIXED]
    assert len({digest for _, digest in done.file_digests("sha1")}) == len(MIXED)


def test_the_size_of_the_result_is_that_of_all_files(source_path: Path, tmp_path: Path) -> None:
    done = convert_disc(source_path)
    assert done.packed_bytes == done.plan.worst_bytes == sum(map(len, results_in(tmp_path).values()))


def test_all_files_have_the_permissions_and_the_time_of_the_source(source_path: Path, tmp_path: Path) -> None:
    source_path.chmod(0o640)
    convert_disc(source_path)
    facts = {((tmp_path / name).stat().st_mode, (tmp_path / name).stat().st_mtime_ns) for name in NAMES}
    assert facts == {(source_path.stat().st_mode, source_path.stat().st_mtime_ns)}


def test_the_journal_lists_all_files(source_path: Path) -> None:
    entries: list[tuple[str, str]] = []
    convert_disc(source_path, journal=lambda kind, facts: entries.append((kind, str(facts.get("files")))))
    kind, files = entries[0]
    assert kind == "published"
    assert all(name in files for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_existing_file_refuses_all_before_the_work(name: str, source_path: Path, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(ConflictError, match="exists already"):
        convert_disc(source_path)
    assert results_in(tmp_path) == {name: b"mine"}


@pytest.mark.parametrize("names", [*([name] for name in NAMES), NAMES])
def test_existing_files_go_to_the_trash_on_request_and_come_back(
    names: list[str], source_path: Path, tmp_path: Path
) -> None:
    for name in names:
        (tmp_path / name).write_bytes(f"old {name}".encode())
    done = convert_disc(source_path, on_conflict=OnConflict.OVERWRITE)
    assert results_in(tmp_path) == expected_files(SHEET)
    assert done.overwritten is not None
    undone = undo(done.overwritten, 1, Control())
    assert results_in(tmp_path) == {name: f"old {name}".encode() for name in names}
    assert undone.replacement_entry is not None
    assert len(undone.replacement_entry.files) == len(NAMES)


def test_a_folder_with_a_name_is_never_replaced(source_path: Path, tmp_path: Path) -> None:
    (tmp_path / SHEET).write_bytes(b"mine")
    (tmp_path / LAST).mkdir()
    with pytest.raises(ConflictError, match="not a regular file"):
        convert_disc(source_path, on_conflict=OnConflict.OVERWRITE)
    assert results_in(tmp_path) == {SHEET: b"mine"}


def test_replaced_files_come_back_if_the_publication_fails(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / SHEET).write_bytes(b"mine")
    (tmp_path / LAST).write_bytes(b"mine too")
    monkeypatch.setattr(PartSet, "publish", fail_with(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        convert_disc(source_path, on_conflict=OnConflict.OVERWRITE)
    assert results_in(tmp_path) == {SHEET: b"mine", LAST: b"mine too"}


@pytest.mark.parametrize("name", NAMES)
def test_a_title_with_an_existing_file_may_be_skipped(name: str, source_path: Path, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(NameTaken):
        convert_disc(source_path, on_conflict=OnConflict.SKIP)


@pytest.mark.parametrize("name", NAMES)
def test_all_files_get_another_name_together(name: str, source_path: Path, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"mine")
    convert_disc(source_path, on_conflict=OnConflict.RENAME)
    assert results_in(tmp_path) == {name: b"mine"} | expected_files("Game (2).cue")


def test_tracks_of_a_gdi_have_one_name_only(tmp_path: Path) -> None:
    source_path = write_disc(tmp_path / "Game.chd", GD_ROM)
    (tmp_path / "track02.raw").write_bytes(b"mine")
    with pytest.raises(ConflictError, match=r"track02\.raw: exists already, and has this name"):
        convert_disc(source_path, GD_ROM, unpacks=True, on_conflict=OnConflict.RENAME)


def test_a_name_that_differs_in_case_only_refuses_all(source_path: Path, tmp_path: Path) -> None:
    (tmp_path / "GAME (track 2).BIN").write_bytes(b"mine")
    with pytest.raises(ConflictError, match="differs only in case"):
        convert_disc(source_path)


def test_a_sheet_needs_its_suffix(source_path: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in \.cue"):
        convert_disc(source_path, output_path=tmp_path / "Game.iso")


def test_an_image_without_tracks_has_no_sheet(tmp_path: Path) -> None:
    iso_path = write_old(tmp_path / "game.iso", mixed(100_000))
    with pytest.raises(SettingError, match="has no tracks"):
        plan_conversion(iso_path, None, None, ConversionRequest(ImageFormat.CUE))


def test_an_image_without_tracks_is_unpacked_to_an_iso(tmp_path: Path) -> None:
    iso_path = write_old(tmp_path / "game.iso", mixed(100_000))
    request = ConversionRequest(ImageFormat.ISO, unpacks=True)
    assert plan_conversion(iso_path, None, tmp_path / "out", request).settings.format is ImageFormat.ISO


def test_a_cancelled_conversion_leaves_nothing(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = Control()
    at_chunk(monkeypatch, 1, control.cancel)
    with pytest.raises(CancelledError):
        convert_disc(source_path, control=control)
    assert results_in(tmp_path) == {}


def test_a_full_disk_leaves_nothing(source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_chunk(monkeypatch, 1, lambda: monkeypatch.setattr(os, "pwrite", fail_with(errno.ENOSPC)))
    with pytest.raises(SpaceError):
        convert_disc(source_path)
    assert results_in(tmp_path) == {}


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_file_that_differs_from_its_track_is_not_published(
    name: str, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offset = len(expected_files(SHEET)[name]) - 1
    real = PartSet.sync

    def sync_and_flip(part: PartSet) -> None:
        real(part)
        flip_byte(part_of(tmp_path / name), offset)

    monkeypatch.setattr(PartSet, "sync", sync_and_flip)
    with pytest.raises(VerifyError):
        convert_disc(source_path)
    assert results_in(tmp_path) == {}


def test_a_sheet_that_differs_when_read_back_is_not_published(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = PartFile.seal

    def seal_and_flip(part: PartFile, mtime_ns: int) -> FileIdentity:
        identity = real(part, mtime_ns)
        if part.final_path.name == SHEET:
            flip_byte(part.path, 7)
        return identity

    monkeypatch.setattr(PartFile, "seal", seal_and_flip)
    with pytest.raises(StorageError, match="differs when read back"):
        convert_disc(source_path)
    assert results_in(tmp_path) == {}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_another_program_makes_meanwhile_takes_all_back(
    name: str, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = PartSet.seal

    def seal_and_take(part: PartSet, mtime_ns: int) -> FileIdentity:
        (tmp_path / name).write_bytes(b"mine")
        return real(part, mtime_ns)

    monkeypatch.setattr(PartSet, "seal", seal_and_take)
    with pytest.raises(ConflictError, match="another program created a file with this name"):
        convert_disc(source_path)
    assert results_in(tmp_path) == {name: b"mine"}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_the_user_with_the_name_of_a_part_is_left_alone(name: str, source_path: Path, tmp_path: Path) -> None:
    part_path = part_of(tmp_path / name)
    part_path.write_bytes(b"mine")
    with pytest.raises(PartError):
        convert_disc(source_path)
    assert results_in(tmp_path) == {part_path.name: b"mine"}


class _Keeper:
    """Stores what a job of the queue stores."""

    def __init__(self) -> None:
        self.output_path: Path | None = None

    def begin(self, output_path: Path) -> None:
        self.output_path = output_path

    def seal(self, output_path: Path, identity: FileIdentity) -> None:
        raise AssertionError("the files of a sheet are known by their content")

    def load(self) -> Checkpoint | None:
        return None

    def save(self, checkpoint: Checkpoint) -> None:
        raise AssertionError("such a conversion starts again")

    def drop(self) -> None:
        self.output_path = None


def run_job(source_path: Path, keeper: _Keeper, control: Control | None = None) -> None:
    with open_disc(source_path, MIXED) as image:
        plan = settle_output(plan_image(image, ConversionRequest(ImageFormat.CUE)))
        convert(
            plan,
            image=image,
            threads=2,
            control=control or Control(),
            progress=Progress(),
            job=JOB,
            checkpoint_store=keeper,
        )


def test_a_suspended_job_leaves_nothing_and_starts_again(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, control = _Keeper(), Control()
    at_chunk(monkeypatch, 1, control.suspend)
    with pytest.raises(SuspendedError):
        run_job(source_path, keeper, control)
    assert (results_in(tmp_path), keeper.output_path) == ({}, None)
    run_job(source_path, keeper)
    assert results_in(tmp_path) == expected_files(SHEET)


def test_all_parts_of_a_cancelled_job_are_removed(source_path: Path, tmp_path: Path) -> None:
    with (
        mock.patch.object(PartSet, "sync", fail_with(errno.EIO)),
        mock.patch.object(PartSet, "discard", PartSet.close),
        pytest.raises(OSError, match="Input/output"),
    ):
        run_job(source_path, _Keeper())
    assert len(results_in(tmp_path)) == len(NAMES)
    other_path = part_of(tmp_path / "Other.cue")
    other_path.write_bytes(b"mine")
    assert remove_part_of(tmp_path / SHEET, JOB)
    assert results_in(tmp_path) == {other_path.name: b"mine"}


def conclude(source_path: Path) -> bool:
    with open_disc(source_path, MIXED) as image:
        plan = plan_image(image, ConversionRequest(ImageFormat.CUE))
        done = conclude_published(
            plan, image=image, threads=2, control=Control(), progress=Progress(), journal=no_journal
        )
        assert done is None or [name for name, _ in done.file_digests("crc32")] == NAMES[1:]
        return done is not None


def test_published_files_are_recognised_as_the_result_of_a_killed_job(source_path: Path) -> None:
    assert not conclude(source_path)
    convert_disc(source_path)
    assert conclude(source_path)


@pytest.mark.parametrize("name", NAMES)
def test_files_with_another_content_are_not_the_result_of_a_killed_job(
    name: str, source_path: Path, tmp_path: Path
) -> None:
    convert_disc(source_path)
    flip_byte(tmp_path / name, 20)
    assert not conclude(source_path)


def test_files_that_differ_are_found_without_an_error(source_path: Path, tmp_path: Path) -> None:
    convert_disc(source_path)
    (tmp_path / LAST).unlink()
    assert not conclude(source_path)


def test_a_source_is_compared_until_somebody_stops_it(source_path: Path, tmp_path: Path) -> None:
    convert_disc(source_path)
    control = Control()
    with open_disc(source_path, MIXED) as image:
        plan = plan_image(image, ConversionRequest(ImageFormat.CUE))
        run = ConversionRun(image, plan, 1, control, Progress())
        control.cancel()
        with pytest.raises(CancelledError):
            run.digests_if_published()


def test_subcode_keeps_the_original_in_its_place(tmp_path: Path) -> None:
    chd = (GOLDEN_CDS / "data.none.chd").read_bytes().replace(b"SUBTYPE:NONE", b"SUBTYPE:RW\0\0")
    source_path = write_old(tmp_path / "Game.chd", chd)
    request = ConversionRequest(ImageFormat.CUE, trash_source=True, accept_incomplete=True)
    with open_image(source_path) as image:
        plan = plan_image(image, request)
    assert not plan.trashes_source
    assert "14.2 KiB next to its sectors, such as subcode, are in no file" in plan.notices


def test_what_a_new_sheet_does_not_keep_is_reported(tmp_path: Path) -> None:
    lines = ["CATALOG 1234567890123", 'FILE "a.bin" BINARY', "TRACK 01 AUDIO", "FLAGS DCP", "INDEX 01 00:00:00"]
    (tmp_path / "a.cue").write_text("\n".join(lines))
    (tmp_path / "a.bin").write_bytes(bytes(300 * 2352))
    plan = plan_conversion(tmp_path / "a.cue", None, tmp_path / "out", ConversionRequest(ImageFormat.CUE))
    assert "the new sheet does not keep CATALOG and FLAGS" in plan.notices


def test_a_name_that_is_too_long_for_a_track_is_refused_before_the_work(tmp_path: Path) -> None:
    source_path = write_disc(tmp_path / f"{'x' * 245}.chd", MIXED)
    with pytest.raises(StorageError, match="File name too long"):
        convert_disc(source_path)
    assert set(files_in(tmp_path)) == {source_path.name}


def test_the_header_of_a_chd_is_compared_before_it_is_put_away(tmp_path: Path) -> None:
    chd = bytearray((GOLDEN_CDS / "data.none.chd").read_bytes())
    chd[64] ^= 1  # the SHA-1 of all frames
    source_path = write_old(tmp_path / "Game.chd", bytes(chd))
    with pytest.raises(VerifyError):
        convert_chd(source_path, trash_source=True)
    assert set(files_in(tmp_path)) == {source_path.name}


def test_two_gd_roms_need_two_folders(tmp_path: Path) -> None:
    for name in ("A.chd", "B.chd"):
        write_disc(tmp_path / name, GD_ROM)
    convert_disc(tmp_path / "A.chd", GD_ROM, unpacks=True)
    with pytest.raises(ConflictError) as found:
        convert_disc(tmp_path / "B.chd", GD_ROM, unpacks=True)
    assert "choose a folder for each game with -O" in found.value.hint

"""Proofs that a purge or an undo rests on: another image in place of a replacement, and replacements elsewhere."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import fault_injection as faults
import pytest
from command_line import CommandLine, write_old
from disc_files import convert_chd
from disc_stories import SOURCE
from foreign_images import cue
from raw_discs import SHORT, write_chd
from sample_images import mixed, pack, read_back

from discpress.engine.convert.checksums import checksum_path, write_checksum
from discpress.engine.convert.part.name import part_path_of
from discpress.engine.convert.trash import proof as trash_proof
from discpress.engine.convert.trash import trash
from discpress.engine.convert.trash.entry import ENTRY_NAME, TrashEntry
from discpress.engine.convert.trash.folder import TRASH_NAME, trash_names
from discpress.engine.convert.trash.held import hold
from discpress.engine.convert.trash.schema import read_entry
from discpress.engine.convert.trash.undo import finish_undo, purge, undo
from discpress.engine.errors import CancelledError, SpaceError, TrashError
from discpress.engine.formats import SECTOR_SIZE, ImageFormat
from discpress.engine.progress import Control

IMAGE = mixed(300_000, seed=71)
OTHER = mixed(300_000, seed=72)


@pytest.fixture
def entry(tmp_path: Path) -> TrashEntry:
    found = faults.run_conversion(write_old(tmp_path / "game.iso", IMAGE), trash_source=True).trashed
    assert found is not None
    return found


def purge_it(entry: TrashEntry, *others: Path) -> Path | None:
    return purge(entry, 1, Control(), force=False, others=others)


def rewritten(entry: TrashEntry, **changes: object) -> TrashEntry:
    """The entry with another description."""
    path = entry.folder / ENTRY_NAME
    path.write_text(json.dumps(json.loads(path.read_bytes()) | changes))
    return read_entry(entry.folder)


# Another image in place of a replacement that is gone.


def test_a_replacement_that_was_renamed_in_its_folder_proves_it(entry: TrashEntry, tmp_path: Path) -> None:
    renamed = entry.replacement_path.rename(tmp_path / "Game (USA).zso")
    assert purge_it(entry) == renamed
    assert faults.names_in(tmp_path) == ["Game (USA).zso"]


def test_a_renamed_replacement_is_decoded(entry: TrashEntry, tmp_path: Path) -> None:
    renamed = entry.replacement_path.rename(tmp_path / "Game (USA).zso")
    before = renamed.stat()
    faults.flip_byte(renamed, 100_000)
    os.utime(renamed, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(TrashError, match="kept in the trash"):
        purge_it(entry)
    assert entry.file_path.read_bytes() == IMAGE


def test_a_renamed_replacement_in_another_folder_is_found_there(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    source_path = write_old(tmp_path / "game.iso", IMAGE)
    entry = faults.run_conversion(source_path, tmp_path / "out" / "game.zso", trash_source=True).trashed
    assert entry is not None
    renamed = entry.replacement_path.rename(tmp_path / "out" / "Game.zso")
    assert purge_it(entry) == renamed


def test_an_image_that_the_user_names_proves_it(entry: TrashEntry, tmp_path: Path) -> None:
    moved = pack(tmp_path / "packed" / "another.zso", IMAGE, level=9)
    entry.replacement_path.unlink()
    with pytest.raises(TrashError, match="is gone"):
        purge_it(entry)
    assert purge_it(entry, moved) == moved
    assert not (tmp_path / TRASH_NAME).exists()


def test_the_recorded_replacement_is_asked_first(entry: TrashEntry, tmp_path: Path) -> None:
    assert purge_it(entry, pack(tmp_path / "another.zso", IMAGE)) == entry.replacement_path


def test_of_several_images_one_is_enough(entry: TrashEntry, tmp_path: Path) -> None:
    wrong, right = pack(tmp_path / "wrong.zso", OTHER), pack(tmp_path / "right.zso", IMAGE)
    entry.replacement_path.unlink()
    assert purge_it(entry, wrong, right) == right


def another_disc(entry: TrashEntry, tmp_path: Path) -> Path:
    return pack(tmp_path / "other.zso", OTHER)


def damaged(entry: TrashEntry, tmp_path: Path) -> Path:
    path = pack(tmp_path / "other.zso", IMAGE)
    faults.flip_byte(path, 100_000)
    return path


def link_to_the_original(entry: TrashEntry, tmp_path: Path) -> Path:
    os.link(entry.file_path, tmp_path / "other.iso")
    return tmp_path / "other.iso"


def symbolic_link_to_the_original(entry: TrashEntry, tmp_path: Path) -> Path:
    (tmp_path / "other.iso").symlink_to(entry.file_path)
    return tmp_path / "other.iso"


def the_original_itself(entry: TrashEntry, tmp_path: Path) -> Path:
    return entry.file_path


def copy_in_a_trash(entry: TrashEntry, tmp_path: Path) -> Path:
    return pack(tmp_path / "other" / TRASH_NAME / "1" / "1.kept", IMAGE)


def copy_in_the_desktops_trash(entry: TrashEntry, tmp_path: Path) -> Path:
    return pack(tmp_path / ".Trash-0" / "files" / "game.zso", IMAGE)


def the_part_of_a_stopped_run(entry: TrashEntry, tmp_path: Path) -> Path:
    return pack(tmp_path / "whole.zso", IMAGE).rename(part_path_of(tmp_path / "game.zso"))


def nothing(entry: TrashEntry, tmp_path: Path) -> Path:
    return tmp_path / "nothing.zso"


def folder(entry: TrashEntry, tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


UNFIT = {
    each.__name__: each
    for each in (
        another_disc,
        damaged,
        link_to_the_original,
        symbolic_link_to_the_original,
        the_original_itself,
        copy_in_a_trash,
        copy_in_the_desktops_trash,
        the_part_of_a_stopped_run,
        nothing,
        folder,
    )
}


@pytest.mark.parametrize("kind", UNFIT)
def test_an_image_that_proves_nothing_is_refused(kind: str, entry: TrashEntry, tmp_path: Path) -> None:
    entry.replacement_path.unlink()
    with pytest.raises(TrashError, match=r"game\.iso: kept in the trash: .*: "):
        purge_it(entry, UNFIT[kind](entry, tmp_path))
    assert entry.file_path.read_bytes() == IMAGE


def test_an_image_on_another_disk_is_refused(
    entry: TrashEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_image = pack(tmp_path / "other.zso", IMAGE)
    entry.replacement_path.unlink()
    real = Path.lstat

    def lstat(path: Path) -> os.stat_result:
        facts = real(path)
        return os.stat_result((*facts[:2], facts.st_dev + 1, *facts[3:])) if path == with_image else facts

    monkeypatch.setattr(Path, "lstat", lstat)
    with pytest.raises(TrashError, match="is not on the disk of the trash"):
        purge_it(entry, with_image)
    assert entry.file_path.read_bytes() == IMAGE


def test_a_changed_original_is_not_removed_for_any_image(entry: TrashEntry, tmp_path: Path) -> None:
    write_old(entry.file_path, OTHER)
    with pytest.raises(TrashError, match=r"1\.kept: was changed since then"):
        purge_it(entry, pack(tmp_path / "other.zso", IMAGE))


def test_a_stopped_proof_of_another_image_removes_nothing(entry: TrashEntry, tmp_path: Path) -> None:
    other = pack(tmp_path / "other.zso", IMAGE)
    entry.replacement_path.unlink()
    control = Control()
    control.cancel()
    with pytest.raises(CancelledError):
        purge(entry, 1, control, force=False, others=[other])
    assert entry.is_there


def test_a_replacement_that_is_written_to_while_it_is_read_proves_nothing(
    entry: TrashEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.run_after(monkeypatch, trash_proof, "digest_image", lambda: os.utime(entry.replacement_path))
    with pytest.raises(TrashError, match="was changed while it was read"):
        purge_it(entry)


def test_a_file_of_a_sheet_that_is_written_to_while_it_is_read_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_chd(tmp_path / SOURCE, SHORT)
    entry = convert_chd(tmp_path / SOURCE, trash_source=True).trashed
    assert entry is not None
    track_path = entry.place_of(entry.replacements[-1])
    faults.run_after(monkeypatch, trash_proof, "digest_image", lambda: os.utime(track_path))
    with pytest.raises(TrashError, match=r"kept in the trash: .*Track 2.*was changed"):
        purge_it(entry)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_sheet_whose_track_is_a_link_to_the_original_proves_nothing(
    link: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    data = mixed(150 * SECTOR_SIZE, seed=73)
    entry = faults.run_conversion(write_old(tmp_path / "game.iso", data), trash_source=True).trashed
    assert entry is not None
    entry.replacement_path.unlink()
    sheet = write_old(tmp_path / "other.cue", cue("other.bin", track="MODE1/2048"))
    link(entry.file_path, tmp_path / "other.bin")
    with pytest.raises(TrashError, match=r"other\.bin: is no file of its own"):
        purge_it(entry, sheet)
    assert entry.file_path.read_bytes() == data


def test_the_command_takes_a_named_image(tmp_path: Path) -> None:
    cli = CommandLine(tmp_path / "games", home=tmp_path / "home")
    write_old(cli.folder / "game.iso", IMAGE)
    cli.run("convert", "game.iso", "--delete-source", "--target", "any")
    (cli.folder / "packed").mkdir()
    packed = cli.folder / "packed" / "game.zso"
    shutil.copyfile(cli.folder / "game.zso", packed)
    (cli.folder / "game.zso").unlink()
    refused = cli.run("trash", "empty", "--yes")
    assert (refused.exit_code, "--replacement FILE" in refused.text) == (1, True)
    done = cli.run("trash", "empty", "--yes", "--replacement", "packed/game.zso", "--json")
    (purged,) = (event for event in done.events if event["event"] == "purged")
    assert (done.exit_code, purged["proven_by"]) == (0, str(packed))
    assert cli.names() == ["packed", "packed/game.zso"]


# A replacement outside the entry's own folder.


@pytest.fixture
def outside(tmp_path: Path) -> TrashEntry:
    """A title whose result was written into another folder."""
    (tmp_path / "out").mkdir()
    source_path = write_old(tmp_path / "games" / "game.iso", IMAGE)
    found = faults.run_conversion(source_path, tmp_path / "out" / "game.zso", trash_source=True).trashed
    assert found is not None
    return found


def test_a_proven_result_in_another_folder_goes_to_the_trash_there(outside: TrashEntry, tmp_path: Path) -> None:
    done = undo(outside, 1, Control())
    assert done.replacement_entry is not None
    assert done.replacement_entry.folder.parent == tmp_path / "out" / TRASH_NAME
    assert (tmp_path / "games" / "game.iso").read_bytes() == IMAGE


def test_its_undo_can_be_undone(outside: TrashEntry, tmp_path: Path) -> None:
    done = undo(outside, 1, Control())
    assert done.replacement_entry is not None
    again = undo(done.replacement_entry, 1, Control())
    assert read_back(tmp_path / "out" / "game.zso") == IMAGE
    assert again.replacement_entry is not None
    assert again.replacement_entry.file_path.read_bytes() == IMAGE


def steal(outside: TrashEntry, victim: Path, digests: object) -> TrashEntry:
    """A description that names somebody's file, exactly as it is, as what replaced the original."""
    facts = victim.stat()
    replaced = {
        "path": str(victim),
        "ino": facts.st_ino,
        "size_bytes": facts.st_size,
        "mtime_ns": facts.st_mtime_ns,
    }
    return rewritten(outside, replacement=[replaced], digests=digests)


@pytest.mark.parametrize("knows", ["nothing", "the digests of the original", "the digests of the file"])
def test_a_file_elsewhere_that_is_another_disc_is_not_touched(knows: str, outside: TrashEntry, tmp_path: Path) -> None:
    victim = pack(tmp_path / "victim" / "game.zso", OTHER)
    theirs = faults.run_conversion(victim, tmp_path / "copy.iso", format=ImageFormat.ISO).digests.values
    digests = {"nothing": {}, "the digests of the original": outside.digests, "the digests of the file": theirs}[knows]
    before = faults.Kept.of(victim)
    done = undo(steal(outside, victim, digests), 1, Control())
    before.check()
    assert (done.replacement_entry, "left as it is" in done.note) == (None, True)
    assert (tmp_path / "games" / "game.iso").read_bytes() == IMAGE
    assert not (tmp_path / "victim" / TRASH_NAME).exists()


def test_no_checksum_file_elsewhere_is_removed_for_a_result_that_never_was(outside: TrashEntry, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    digests = {**outside.digests, "sha1": "0" * 40}
    write_checksum(tmp_path / "victim" / "game.zso", "sha1", "0" * 40)
    replaced = {"path": str(tmp_path / "victim" / "game.zso"), "ino": 1, "size_bytes": 1, "mtime_ns": 1}
    undo(rewritten(outside, replacement=[replaced], digests=digests), 1, Control())
    assert checksum_path(tmp_path / "victim" / "game.zso", "sha1").exists()


def stop_after_the_file_is_home(entry: TrashEntry) -> None:
    with hold(entry) as held:
        held.begin_undo()
        held.folder.rename_new("1.kept", held.home, entry.name)


def test_a_half_done_undo_proves_a_result_elsewhere_too(outside: TrashEntry, tmp_path: Path) -> None:
    stop_after_the_file_is_home(outside)
    done = finish_undo(outside, 1, Control())
    assert done.replacement_entry is not None
    assert not (tmp_path / "out" / "game.zso").exists()


def test_a_half_done_undo_leaves_what_it_cannot_prove(outside: TrashEntry, tmp_path: Path) -> None:
    stop_after_the_file_is_home(outside)
    victim = pack(tmp_path / "victim" / "game.zso", OTHER)
    assert finish_undo(steal(outside, victim, outside.digests), 1, Control()).replacement_entry is None
    assert read_back(victim) == OTHER


def test_a_result_that_no_trash_takes_stays_and_the_undo_is_done(outside: TrashEntry, tmp_path: Path) -> None:
    for name in trash_names():
        (tmp_path / "out" / name).write_bytes(b"not a folder")
    done = undo(outside, 1, Control())
    assert "is a link, or not a folder" in done.note
    assert (tmp_path / "games" / "game.iso").read_bytes() == IMAGE
    assert read_back(tmp_path / "out" / "game.zso") == IMAGE
    assert faults.names_in(tmp_path / "games") == ["game.iso"]


def test_a_full_disk_stops_an_undo_which_the_next_one_finishes(
    entry: TrashEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(trash, "_describe_in", faults.fail_with(errno.ENOSPC))
        with pytest.raises(SpaceError) as stopped:
            undo(entry, 1, Control())
    assert "run discpress undo again" in stopped.value.hint
    assert finish_undo(entry, 1, Control()).replacement_entry is not None
    assert ((tmp_path / "game.iso").read_bytes(), entry.replacement_path.exists()) == (IMAGE, False)

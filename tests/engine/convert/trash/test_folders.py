"""Trash folders: used if they are ours as the file system shows it, and held, whatever is put under their names."""

import errno
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
from command_line import write_old
from odd_shares import bindfs
from sample_images import mixed, read_back

from discpress.engine.convert.trash import folder as trash_folder
from discpress.engine.convert.trash.entry import ENTRY_NAME, TrashEntry
from discpress.engine.convert.trash.folder import TRASH_NAME, is_in_a_trash, is_trash_name, user_name
from discpress.engine.convert.trash.held import HeldEntry, hold
from discpress.engine.convert.trash.listing import (
    OthersTrashError,
    entries_in,
    find_entries,
    list_trash,
    sweep_trash_in,
)
from discpress.engine.convert.trash.undo import purge, undo
from discpress.engine.errors import SourceChangedError, TrashError
from discpress.engine.names import shell_word
from discpress.engine.progress import Control
from discpress.engine.system.held_folder import HeldFolder

IMAGE = mixed(100_000, seed=61)
is_root = os.geteuid() == 0


def trashed(folder: Path, name: str = "game.iso") -> TrashEntry:
    found = faults.run_conversion(write_old(folder / name, IMAGE), trash_source=True).trashed
    assert found is not None
    return found


def only_entry(folder: Path) -> TrashEntry:
    (found,) = entries_in(folder)
    assert isinstance(found, TrashEntry)
    return found


def own_trash(folder: Path) -> Path:
    return folder / f"{TRASH_NAME}-{os.geteuid()}"


# What is put under a name while it is used.


def swap_in(path: Path, decoy: Path) -> Callable[[], None]:
    """Return what puts another folder under a path, once, and keeps the first one next to it."""

    def swap() -> None:
        if decoy.exists():
            path.rename(path.with_name(f"{path.name} before"))
            decoy.rename(path)

    return swap


def decoy_of(tmp_path: Path) -> Path:
    decoy = tmp_path / "decoy"
    decoy.mkdir(mode=0o777)
    return decoy


def test_a_trash_that_is_swapped_while_a_file_moves_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "games"
    swap = swap_in(home / TRASH_NAME, decoy_of(tmp_path))
    faults.run_before(monkeypatch, HeldFolder, "move_new", swap)
    trashed(home)
    assert list((home / TRASH_NAME).iterdir()) == []
    (stored,) = (home / f"{TRASH_NAME} before").glob("*/1.kept")
    assert stored.read_bytes() == IMAGE


def test_a_home_that_is_swapped_while_a_file_comes_back_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "games"
    entry = trashed(home)
    swap = swap_in(home, decoy_of(tmp_path))
    faults.run_before(monkeypatch, HeldEntry, "begin_undo", swap)
    undo(entry, 1, Control())
    assert list(home.iterdir()) == []
    assert (tmp_path / "games before" / "game.iso").read_bytes() == IMAGE


def test_an_entry_that_is_swapped_before_its_files_go_for_good_keeps_those_of_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "games"
    entry = trashed(home)
    decoy = shutil.copytree(entry.folder, tmp_path / "decoy")
    faults.run_before(monkeypatch, HeldFolder, "unlink_same", swap_in(entry.folder, decoy))
    purge(entry, 1, Control(), force=False)
    assert (entry.folder / "1.kept").read_bytes() == IMAGE


def test_a_description_that_is_changed_after_it_was_read_is_not_obeyed(tmp_path: Path) -> None:
    entry = trashed(tmp_path)
    path = entry.folder / ENTRY_NAME
    path.write_text(path.read_text().replace('"game.iso"', '"other.iso"'))
    with pytest.raises(TrashError, match="was changed meanwhile"):
        undo(entry, 1, Control())
    assert not (tmp_path / "other.iso").exists()


def test_a_file_that_is_exchanged_before_its_removal_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = trashed(tmp_path)
    monkeypatch.setattr(
        "discpress.engine.convert.trash.proof.Prover.find_loss",
        lambda *_: write_old(entry.file_path, b"another") and "",
    )
    with pytest.raises(TrashError, match="was changed meanwhile: it is kept"):
        purge(entry, 1, Control(), force=False)
    assert entry.file_path.read_bytes() == b"another"


def test_two_cannot_work_on_one_entry(tmp_path: Path) -> None:
    entry = trashed(tmp_path)
    with hold(entry), pytest.raises(TrashError, match="another discpress is working on this entry"):
        undo(entry, 1, Control())
    undo(entry, 1, Control())
    assert (tmp_path / "game.iso").read_bytes() == IMAGE


def test_a_sweep_leaves_an_entry_that_is_being_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[bool] = []

    def sweep() -> None:
        sweep_trash_in(tmp_path)
        swept.append(any(tmp_path.glob(f"{TRASH_NAME}/*/{ENTRY_NAME}")))

    faults.run_before(monkeypatch, HeldFolder, "move_new", sweep)
    assert trashed(tmp_path).file_path.read_bytes() == IMAGE
    assert swept == [True]


def test_a_folder_that_is_swept_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.run_before(monkeypatch, HeldEntry, "lock", lambda: None)
    sweeps = [lambda: sweep_trash_in(tmp_path)] * 2
    real = HeldFolder.below

    def below(folder: HeldFolder, name: str) -> HeldFolder:
        if folder.path.name == TRASH_NAME and sweeps:
            sweeps.pop()()
        return real(folder, name)

    monkeypatch.setattr(HeldFolder, "below", below)
    assert trashed(tmp_path).file_path.read_bytes() == IMAGE


# Whose it is.


def test_a_file_in_a_trash_is_not_moved_to_another_one(tmp_path: Path) -> None:
    entry = trashed(tmp_path)
    with pytest.raises(TrashError, match="is in a trash already: it stays where it is"):
        faults.run_conversion(entry.file_path, tmp_path / "again.zso", trash_source=True)
    assert entry.file_path.read_bytes() == IMAGE


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_trash_that_others_may_write_to_is_not_used(mode: int, tmp_path: Path) -> None:
    (tmp_path / TRASH_NAME).mkdir()
    (tmp_path / TRASH_NAME).chmod(mode)
    assert trashed(tmp_path).folder.parent == own_trash(tmp_path)
    assert list((tmp_path / TRASH_NAME).iterdir()) == []


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755])
def test_a_trash_that_others_may_only_read_is_used(mode: int, tmp_path: Path) -> None:
    (tmp_path / TRASH_NAME).mkdir()
    (tmp_path / TRASH_NAME).chmod(mode)
    assert trashed(tmp_path).folder.parent == tmp_path / TRASH_NAME


@pytest.mark.parametrize("opened", ["trash", "entry", "description"])
def test_an_entry_that_others_may_write_to_is_listed_and_not_obeyed(opened: str, tmp_path: Path) -> None:
    entry = trashed(tmp_path)
    path = {"trash": entry.folder.parent, "entry": entry.folder, "description": entry.folder / ENTRY_NAME}[opened]
    path.chmod(path.stat().st_mode | stat.S_IWGRP)
    (found,) = entries_in(tmp_path, is_reading=False)
    assert isinstance(found, TrashEntry)
    assert (found.problem, found.is_of_others) == ("can be written to by other users", False)
    assert only_entry(tmp_path).problem == ""  # to know it takes a new folder to compare with
    for act in (undo, lambda *words: purge(*words, force=True)):
        with pytest.raises(TrashError, match="can be written to by other users: it is not used") as caught:
            act(entry, 1, Control())
        assert f"chmod -R go-w {shell_word(entry.folder.parent)}" in caught.value.hint
    assert entry.file_path.read_bytes() == IMAGE


@pytest.mark.skipif(not is_root, reason="only root can give files away")
@pytest.mark.parametrize("given", ["trash", "entry", "description"])
def test_an_entry_of_another_user_is_listed_and_not_obeyed(given: str, tmp_path: Path) -> None:
    entry = trashed(tmp_path)
    path = {"trash": entry.folder.parent, "entry": entry.folder, "description": entry.folder / ENTRY_NAME}[given]
    os.chown(path, 12001, 12001)
    found = only_entry(tmp_path)
    assert (found.problem, found.is_of_others) == ("belongs to user 12001", True)
    with pytest.raises(TrashError, match="belongs to user 12001: it is not used"):
        undo(entry, 1, Control())
    assert entry.file_path.read_bytes() == IMAGE


@pytest.mark.skipif(not is_root, reason="only root can give files away")
def test_a_broken_entry_of_another_user_is_no_error_of_ours(tmp_path: Path) -> None:
    entry = trashed(tmp_path)
    (entry.folder / ENTRY_NAME).write_text("nonsense")
    os.chown(entry.folder, 12001, 12001)
    (found,) = entries_in(tmp_path)
    assert isinstance(found, OthersTrashError)
    assert list_trash([tmp_path]).broken == ()


def test_entries_of_both_trashes_are_found_in_order(tmp_path: Path) -> None:
    first = trashed(tmp_path, "a.iso")
    (tmp_path / TRASH_NAME).rename(own_trash(tmp_path))
    second = trashed(tmp_path, "b.iso")
    assert [each.id for each in find_entries([tmp_path]) if isinstance(each, TrashEntry)] == [first.id, second.id]


@pytest.mark.parametrize("name", [TRASH_NAME, ".Discpress-TRASH", f"{TRASH_NAME}-0", f"{TRASH_NAME}-1000"])
def test_names_of_trashes(name: str) -> None:
    assert is_trash_name(name)


@pytest.mark.parametrize("name", ["discpress-trash", f"{TRASH_NAME}-x", f"{TRASH_NAME}-", f"{TRASH_NAME}.iso"])
def test_names_of_other_things(name: str) -> None:
    assert not is_trash_name(name)


@pytest.mark.parametrize(
    "place",
    [
        ".discpress-trash/1",
        ".Trash-1000/files",
        "$RECYCLE.BIN/S-1",
        "#recycle",
        "@Recycle",
        "u/.local/share/Trash/files",
    ],
)
def test_an_image_in_any_trash_is_known(place: str, tmp_path: Path) -> None:
    assert is_in_a_trash(tmp_path / place / "game.zso")


def test_a_link_into_a_trash_is_known(tmp_path: Path) -> None:
    (tmp_path / ".Trash" / "x").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / ".Trash" / "x")
    assert is_in_a_trash(tmp_path / "link" / "game.zso")


def test_an_image_called_like_a_trash_is_in_none(tmp_path: Path) -> None:
    assert not is_in_a_trash(tmp_path / "games" / "#recycle")


def test_a_user_without_an_account_has_a_number() -> None:
    assert (user_name(0), user_name(987_654), user_name(None)) == ("root", "user 987654", "another user")


# File systems that show other owners and permissions than those of who makes a file.

FORCED = {
    "every right": ("--perms=0777", "--chmod-ignore"),
    "every right to files only": ("--perms=fa+rw:dgo-w", "--chmod-ignore"),
    "every right to folders only": ("--perms=fgo-w:da+rwx", "--chmod-ignore"),
    "another owner": ("--force-user=12345", "--force-group=12345", "--chown-ignore"),
    "another owner and every right": ("--force-user=12345", "--perms=0777", "--chmod-ignore", "--chown-ignore"),
}


@pytest.fixture(params=FORCED)
def share(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A real mount on which all files seem to be another user's, or open to all, whatever is done."""
    with bindfs(tmp_path / "below", tmp_path / "share", *FORCED[request.param]) as mount:
        probes = [mount / "folder", mount / "file"]
        probes[0].mkdir(0o700)
        os.close(os.open(probes[1], os.O_CREAT | os.O_WRONLY, 0o600))
        assert any(each.stat().st_uid != os.geteuid() or each.stat().st_mode & 0o022 for each in probes)
        probes[0].rmdir()
        probes[1].unlink()
        yield mount


def test_a_share_with_forced_owners_has_one_trash_for_all_conversions(share: Path) -> None:
    entries = [trashed(share, name) for name in ("a.iso", "b.iso")]
    assert {each.folder.parent for each in entries} == {share / TRASH_NAME}
    assert sorted(path.name for path in share.iterdir()) == [TRASH_NAME, "a.zso", "b.zso"]


def test_a_share_with_forced_owners_lets_undo_and_purge_work(share: Path) -> None:
    first, second = (trashed(share, name) for name in ("a.iso", "b.iso"))
    undo(first, 1, Control())
    assert (share / "a.iso").read_bytes() == IMAGE
    purge(second, 1, Control(), force=False)
    assert [each.name for each in share.glob(f"{TRASH_NAME}/*/*.kept")] == ["1.kept"]  # the result of the first one
    assert read_back(share / "b.zso") == IMAGE


def test_a_list_on_a_share_with_forced_owners_writes_nothing_and_claims_nothing(
    share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = trashed(share)
    monkeypatch.setattr(os, "mkdir", faults.fail_with(errno.EROFS))
    assert only_entry(share) == entry
    assert only_entry(share).problem == ""


def test_a_trash_with_other_marks_than_new_folders_there_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share may show 0755 for all that its user makes: then 0777 is somebody else's."""
    (tmp_path / TRASH_NAME).mkdir()
    (tmp_path / TRASH_NAME).chmod(0o777)
    monkeypatch.setattr(trash_folder, "_make_and_look", lambda home, kind: tmp_path.stat())
    assert trashed(tmp_path).folder.parent == own_trash(tmp_path)


def test_a_folder_that_takes_nothing_new_proves_no_trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = trashed(tmp_path)
    entry.folder.parent.chmod(0o777)
    monkeypatch.setattr(os, "mkdir", faults.fail_with(errno.EACCES))
    with pytest.raises(TrashError, match="can be written to by other users"):
        undo(entry, 1, Control())


def test_a_list_compares_with_one_folder_and_one_file_however_many_entries_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.iso", "b.iso", "c.iso"):
        path = trashed(tmp_path, name).folder
        path.chmod(0o770)
        (path / ENTRY_NAME).chmod(0o660)
    made: list[int] = []
    faults.run_before(monkeypatch, trash_folder, "_make_and_look", lambda: made.append(1))
    found = list(entries_in(tmp_path, is_reading=False))
    assert [each.problem for each in found if isinstance(each, TrashEntry)] == ["can be written to by other users"] * 3
    assert len(made) <= 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_nothing_is_made_to_compare_with_when_the_file_system_shows_owners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user could put a folder of theirs under the new one's name."""
    entry = trashed(tmp_path)
    os.chown(entry.folder.parent, 12001, 12001)
    monkeypatch.setattr(trash_folder, "_make_and_look", lambda home, kind: entry.folder.parent.stat())
    with pytest.raises(TrashError, match="belongs to user 12001"):
        undo(entry, 1, Control())


def test_what_was_only_begun_is_swept_on_a_share_with_forced_owners_too(share: Path) -> None:
    left = share / TRASH_NAME / "20260101T000000.000000Z-0000"
    left.mkdir(parents=True)
    (left / ENTRY_NAME).write_bytes(b"")
    sweep_trash_in(share)
    assert list(share.iterdir()) == []


def test_nothing_is_left_of_the_comparison(tmp_path: Path) -> None:
    entry = trashed(tmp_path)
    entry.folder.parent.chmod(0o777)
    with pytest.raises(TrashError):
        undo(entry, 1, Control())
    assert sorted(path.name for path in tmp_path.iterdir()) == [TRASH_NAME, "game.zso"]


def test_a_source_that_is_changed_while_its_entry_is_written_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_old(tmp_path / "game.iso", IMAGE)
    faults.run_before(monkeypatch, HeldFolder, "make_file", lambda: path.write_bytes(b"new"))
    with pytest.raises(SourceChangedError):
        faults.run_conversion(path, trash_source=True)
    assert path.read_bytes() == b"new"
    assert not (tmp_path / TRASH_NAME).exists()

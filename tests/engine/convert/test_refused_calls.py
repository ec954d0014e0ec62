"""Calls that odd shares refuse cost a warning, never a conversion; a disk that fails is an error all the same."""

import errno
import fcntl
import os
from pathlib import Path

import fault_injection as faults
import pytest
from command_line import write_old
from odd_shares import CALLS, FAILURES, OTHER_GID, OTHER_UID, REFUSALS, number_by_name, refuse_chmod, refuse_chown
from sample_images import mixed, read_back

from discpress.engine.convert.conversion import Conversion
from discpress.engine.convert.trash.listing import is_recorded
from discpress.engine.convert.trash.undo import undo
from discpress.engine.errors import DiscpressError, SpaceError, StorageError
from discpress.engine.progress import Control
from discpress.engine.system import access, rename
from discpress.engine.system.access import Access, Refusal, describe_refusals, set_access

SOURCE = mixed(1024 * 1024 + 2048, seed=51)
WARNINGS = {
    "utime": "cannot set the time of the result: ",
    "chmod": "cannot set the permission bits of the result: ",
    "chown": "cannot set the owner of the result: ",
    "fadvise": "cannot drop the result from memory before it is verified",
    "flock": "this file system cannot lock files: run only one discpress at a time there",
    "lease": "cannot check whether another program is writing the source: ",
}
is_root = os.geteuid() == 0


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    path = write_old(tmp_path / "game.iso", SOURCE)
    path.chmod(0o640)
    if is_root:
        os.chown(path, OTHER_UID, OTHER_GID)
    return path


@pytest.fixture(params=CALLS)
def call(request: pytest.FixtureRequest) -> str:
    if request.param == "chown" and not is_root:
        pytest.skip("only root changes owners")
    return str(request.param)


def convert_refused(call: str, number: int, path: Path) -> Conversion:
    """Convert and put the original away on a file system that refuses one kind of call."""
    with pytest.MonkeyPatch.context() as share:
        CALLS[call](share, number)
        return faults.run_conversion(path, trash_source=True)


@pytest.mark.parametrize("number", REFUSALS, ids=errno.errorcode.get)
def test_a_refused_call_does_not_fail_a_conversion(call: str, number: int, source_path: Path, tmp_path: Path) -> None:
    done = convert_refused(call, number, source_path)
    assert done.is_verified
    assert read_back(tmp_path / "game.zso") == SOURCE


@pytest.mark.parametrize("number", REFUSALS, ids=errno.errorcode.get)
def test_a_refused_call_is_one_warning(call: str, number: int, source_path: Path) -> None:
    (warning,) = convert_refused(call, number, source_path).notices
    assert warning.startswith(WARNINGS[call])
    assert call == "flock" or warning.endswith(os.strerror(number))


@pytest.mark.parametrize("number", REFUSALS, ids=errno.errorcode.get)
def test_the_replacement_is_recorded_as_it_is_after_a_refusal(call: str, number: int, source_path: Path) -> None:
    trashed = convert_refused(call, number, source_path).trashed
    assert trashed is not None
    assert is_recorded(trashed)


@pytest.mark.parametrize("number", REFUSALS, ids=errno.errorcode.get)
def test_the_original_comes_back_after_a_refusal(call: str, number: int, source_path: Path, tmp_path: Path) -> None:
    trashed = convert_refused(call, number, source_path).trashed
    assert trashed is not None
    undone = undo(trashed, 1, Control())
    assert undone.note == ""
    assert (source_path.read_bytes(), (tmp_path / "game.zso").exists()) == (SOURCE, False)


@pytest.mark.parametrize("number", FAILURES, ids=errno.errorcode.get)
@pytest.mark.parametrize("call", [each for each in CALLS if each != "lease"], indirect=True)  # that asks no disk
def test_a_disk_that_fails_is_an_error(call: str, number: int, source_path: Path, tmp_path: Path) -> None:
    kept = faults.Kept.of(source_path)
    with pytest.raises(SpaceError if number == errno.ENOSPC else StorageError, match=os.strerror(number)):
        convert_refused(call, number, source_path)
    kept.check()
    assert faults.names_in(tmp_path) == ["game.iso"]


def test_a_share_that_refuses_everything_has_one_warning_for_each_kind(source_path: Path) -> None:
    with pytest.MonkeyPatch.context() as share:
        for refuse in CALLS.values():
            refuse(share, errno.EPERM)
        done = faults.run_conversion(source_path, trash_source=True)
    attributes = "owner, permission bits and time" if is_root else "permission bits and time"
    assert [warning.partition(":")[0] for warning in done.notices] == [
        f"cannot set the {attributes} of the result",
        "this file system cannot lock files",
        "cannot drop the result from memory before it is verified, so that it may not be read from the disk",
        "cannot check whether another program is writing the source",
    ]


def test_a_server_without_a_lock_service_is_no_obstacle(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", faults.fail_with(errno.ENOLCK))
    assert faults.run_conversion(source_path).notices == (WARNINGS["flock"],)


def test_an_exclusive_lock_that_wants_a_file_open_for_writing_is_made_up_for(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS: a leftover is opened for reading, and only a shared lock is given for that."""
    real = fcntl.flock

    def flock(fd: int, how: int) -> None:
        if how & fcntl.LOCK_EX and fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        real(fd, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    faults.part_of(tmp_path / "game.zso").touch()
    assert faults.run_conversion(source_path).notices == ()


def test_without_locks_a_file_is_published_without_links_too(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rename, "_rename_exclusive", faults.fail_with(errno.EINVAL))
    monkeypatch.setattr(os, "link", faults.fail_with(errno.EPERM))
    monkeypatch.setattr(fcntl, "flock", faults.fail_with(errno.ENOSYS))
    faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso", "game.zso"]


def test_without_changes_of_bits_a_part_is_created_with_those_of_the_result(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or its owner, who may be another one there, would be the only one to read the result."""
    refuse_chmod(monkeypatch, errno.EPERM)
    old = os.umask(0)
    try:
        faults.run_conversion(source_path)
    finally:
        os.umask(old)
    assert (tmp_path / "game.zso").stat().st_mode & 0o7777 == 0o640


def test_a_time_that_the_share_sets_on_closing_is_recorded(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from discpress.engine.convert.part.part import PartFile

    real = PartFile.close

    def close(part: PartFile) -> None:
        real(part)
        if part.final_path.exists():
            os.utime(part.final_path, (1, 1))

    monkeypatch.setattr(PartFile, "close", close)
    trashed = faults.run_conversion(source_path, trash_source=True).trashed
    assert trashed is not None
    assert trashed.replacement.mtime_ns == 10**9
    assert is_recorded(trashed)


@pytest.mark.parametrize("way", ["link", "rename"])
def test_a_share_that_numbers_each_name_anew_gets_its_result(
    way: str, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rename, "_rename_exclusive", faults.fail_with(errno.EINVAL))
    if way == "rename":
        monkeypatch.setattr(os, "link", faults.fail_with(errno.EPERM))
    number_by_name(monkeypatch, ".zso")
    trashed = faults.run_conversion(source_path, trash_source=True).trashed
    assert trashed is not None
    assert is_recorded(trashed)
    assert not faults.part_of(tmp_path / "game.zso").exists()
    assert read_back(tmp_path / "game.zso") == SOURCE


def test_a_renumbered_result_whose_name_may_not_last_is_taken_back(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rename, "_rename_exclusive", faults.fail_with(errno.EINVAL))
    monkeypatch.setattr("discpress.engine.convert.part.part.sync_folder", faults.fail_with(errno.EIO))
    number_by_name(monkeypatch, ".zso")
    with pytest.raises(DiscpressError, match="cannot give the finished file its name"):
        faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso"]


def an_open_file(tmp_path: Path) -> int:
    return os.open(tmp_path / "result", os.O_RDWR | os.O_CREAT, 0o600)


def chown_refused(uid: int, number: int, mode: int, folder: Path) -> list[str]:
    """Return what a user is told is not as in the source after no owner could be set."""
    fd = an_open_file(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: uid)
        refuse_chown(patch, number)
        refusals = set_access(fd, Access(mode, OTHER_UID, OTHER_GID))
    os.close(fd)
    return [each.what for each in refusals]


@pytest.mark.parametrize(
    ("uid", "number", "told"),
    [(0, errno.EPERM, ["owner"]), (1000, errno.EPERM, []), (1000, errno.ENOSYS, ["owner"])],
)
def test_that_an_ordinary_user_gives_no_file_away_is_no_news(
    uid: int, number: int, told: list[str], tmp_path: Path
) -> None:
    assert chown_refused(uid, number, 0o644, tmp_path) == told


@pytest.mark.parametrize("mode", [0o640, 0o660, 0o664, 0o750], ids=oct)
def test_that_another_group_gets_what_others_do_not_is_news(mode: int, tmp_path: Path) -> None:
    assert chown_refused(1000, errno.EPERM, mode, tmp_path) == ["group"]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o604, 0o666, 0o755], ids=oct)
def test_a_group_that_may_do_no_more_than_others_is_no_news(mode: int, tmp_path: Path) -> None:
    assert chown_refused(1000, errno.EPERM, mode, tmp_path) == []


def test_where_the_owner_is_refused_the_group_is_tried_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    def fchown(fd: int, uid: int, gid: int) -> None:
        asked.append((uid, gid))
        if uid != -1:
            raise PermissionError(errno.EPERM, "not permitted")

    fd = an_open_file(tmp_path)
    monkeypatch.setattr(os, "fchown", fchown)
    set_access(fd, Access(0o640, OTHER_UID, OTHER_GID))
    os.close(fd)
    assert asked == [(OTHER_UID, OTHER_GID), (-1, OTHER_GID)]


def test_the_owner_is_set_before_the_bits_which_that_may_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fd = an_open_file(tmp_path)
    monkeypatch.setattr(os, "fchown", lambda *_: steps.append("owner"))
    monkeypatch.setattr(os, "fchmod", lambda *_: steps.append("bits"))
    set_access(fd, Access(0o640, OTHER_UID, OTHER_GID))
    os.close(fd)
    assert steps == ["owner", "bits"]


def test_a_system_without_these_calls_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fd = an_open_file(tmp_path)
    for name in ("fchown", "fchmod"):
        monkeypatch.delattr(os, name)
    assert access.make_private(fd)
    assert set_access(fd, Access(0o640, OTHER_UID, OTHER_GID)) == []
    os.close(fd)


def test_refusals_with_one_reason_are_one_sentence() -> None:
    refusals = [Refusal("owner", "No"), Refusal("permission bits", "No"), Refusal("time", "Never")]
    assert describe_refusals(refusals) == [
        "cannot set the owner and permission bits of the result: No",
        "cannot set the time of the result: Never",
    ]

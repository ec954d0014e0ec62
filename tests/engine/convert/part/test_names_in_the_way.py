"""A user's file, folder or link that has a name of ours is never opened for writing, changed, removed or followed."""

import errno
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
from sample_images import mixed, pack, read_back, write_image

from discpress.engine.convert import checksums
from discpress.engine.convert.checksums import drop_checksums, write_checksum
from discpress.engine.convert.part.window import WindowPart
from discpress.engine.errors import PartError, StorageError, UsageError
from discpress.engine.request import OnConflict
from discpress.engine.system import rename
from discpress.engine.system.files import FileIdentity

SOURCE = mixed(1024 * 1024 + 2048, seed=54)
PRECIOUS = b"the only list of my games\n"
WINDOW_NAME = "game.iso.discpress-window.discpress-part"


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    return write_image(tmp_path / "game.iso", SOURCE)


def write_unreadable(path: Path) -> None:
    path.write_bytes(PRECIOUS)
    path.chmod(0)


KINDS: dict[str, Callable[[Path, Path], object]] = {
    "file": lambda path, precious: path.write_bytes(PRECIOUS),
    "file that nobody may read": lambda path, precious: write_unreadable(path),
    "link": lambda path, precious: path.symlink_to(precious),
    "hard link": lambda path, precious: path.hardlink_to(precious),
    "dangling link": lambda path, precious: path.symlink_to("nowhere"),
    "folder": lambda path, precious: path.mkdir(),
    "fifo": lambda path, precious: os.mkfifo(path),
}


class Guard:
    """A file of a user's under a name of ours, and every way in which this process opened it."""

    def __init__(self, path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.precious = write_image(path.parent / "precious", PRECIOUS)
        KINDS[kind](path, self.precious)
        self.before = path.lstat()
        self.flags: list[int] = []
        real = os.open

        def watched(name: Any, how: int, *arguments: Any, **options: Any) -> int:
            if isinstance(name, str | Path) and Path(name) == path and not how & os.O_EXCL:
                self.flags.append(how)
            return real(name, how, *arguments, **options)

        monkeypatch.setattr(os, "open", watched)

    def check(self) -> None:
        now = self.path.lstat()
        assert (now.st_ino, now.st_mode, now.st_size, now.st_mtime_ns, now.st_nlink) == (
            self.before.st_ino,
            self.before.st_mode,
            self.before.st_size,
            self.before.st_mtime_ns,
            self.before.st_nlink,
        )
        assert self.precious.read_bytes() == PRECIOUS
        writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
        assert [how for how in self.flags if how & writing] == []
        assert stat.S_ISREG(now.st_mode) or self.flags == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_does_not_touch_what_has_its_name(
    kind: str, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = Guard(tmp_path / "game.zso.discpress-part", kind, monkeypatch)
    with pytest.raises(PartError, match=r"game\.zso\.discpress-part: this file has the part's name") as caught:
        faults.run_conversion(source_path)
    assert caught.value.hint
    guard.check()


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_does_not_touch_what_has_its_name(
    kind: str, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = Guard(tmp_path / WINDOW_NAME, kind, monkeypatch)
    with pytest.raises(PartError, match=r"discpress-part: this file has the part's name"):
        WindowPart(tmp_path, source_path, FileIdentity.of(source_path.stat()), "test 1")
    guard.check()


def test_a_window_does_not_take_a_second_name_of_a_users_file_for_a_leftover(source_path: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "game.iso.discpress-window", PRECIOUS)
    (tmp_path / WINDOW_NAME).hardlink_to(tmp_path / "game.iso.discpress-window")
    with pytest.raises(PartError, match="this file has the part's name"):
        WindowPart(tmp_path, source_path, FileIdentity.of(source_path.stat()), "test 1")
    assert (tmp_path / WINDOW_NAME).read_bytes() == PRECIOUS


LOCK_NAMES = (".discpress-lock", ".Discpress-Lock", ".DISCPRESS-LOCK", ".di\u017fcpress-lock")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", LOCK_NAMES, ids=ascii)
def test_a_rename_under_a_lock_does_not_touch_what_has_the_name_of_a_lock(
    name: str, kind: str, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file is needed for a lock: the folder itself is locked."""
    guard = Guard(tmp_path / name, kind, monkeypatch)
    monkeypatch.setattr(rename, "_rename_exclusive", faults.fail_with(errno.EINVAL))
    monkeypatch.setattr(os, "link", faults.fail_with(errno.EPERM))
    faults.run_conversion(source_path)
    assert read_back(tmp_path / "game.zso") == SOURCE
    guard.check()
    assert guard.flags == []


RESERVED = [
    "x.discpress-part",
    "x.zso.Discpress-Part",
    ".DISCPRESS-PART",
    "x.discpress-window",
    "x.di\u017fcpress-part",
    "x.\uff44iscpress-part",
    "x.discpress-part. ",
]


@pytest.mark.parametrize("name", RESERVED, ids=ascii)
def test_no_result_gets_a_name_of_a_part(name: str, source_path: Path, tmp_path: Path) -> None:
    """The next conversion would take it for its own leftover, complete and no more than a copy of the source."""
    with pytest.raises(UsageError, match="this suffix is reserved for unfinished results") as caught:
        faults.run_conversion(source_path, tmp_path / name)
    assert caught.value.hint == "choose another name with -o"
    assert faults.names_in(tmp_path) == ["game.iso"]


@pytest.mark.parametrize(
    "name", ["discpress-part", "x.discpress-parts", "x.discpress-part.zso", "discpress-window.iso"]
)
def test_names_that_only_look_like_that_are_fine(name: str, source_path: Path, tmp_path: Path) -> None:
    faults.run_conversion(source_path, tmp_path / name)
    assert (tmp_path / name).exists()


@pytest.mark.parametrize("suffix", ["discpress-part", "discpress-window"])
def test_a_source_so_named_is_converted(suffix: str, tmp_path: Path) -> None:
    source_path = write_image(tmp_path / f"game.{suffix}", SOURCE)
    faults.run_conversion(source_path)
    assert read_back(tmp_path / f"game.{suffix}.zso") == SOURCE


@pytest.mark.parametrize("is_link", [False, True], ids=["itself", "a second name of it"])
def test_a_source_that_has_the_name_of_its_own_part_is_not_taken_for_a_leftover(is_link: bool, tmp_path: Path) -> None:
    packed_path = pack(tmp_path / "packed.zso", SOURCE)
    source_path = tmp_path / "game.zso.discpress-part"
    if is_link:
        source_path.hardlink_to(packed_path)
    else:
        packed_path.rename(source_path)
    kept = faults.Kept.of(source_path)
    with pytest.raises(PartError, match="this file has the part's name"):
        faults.run_conversion(packed_path if is_link else source_path, tmp_path / "game.zso")
    kept.check()


def test_a_part_that_was_replaced_before_it_is_discarded_stays(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part_path = tmp_path / "game.zso.discpress-part"

    def replace_it() -> None:
        part_path.unlink()
        part_path.write_bytes(PRECIOUS)
        raise StorageError("as the test wants it")

    faults.at_chunk(monkeypatch, 1, replace_it)
    with pytest.raises(StorageError):
        faults.run_conversion(source_path)
    assert part_path.read_bytes() == PRECIOUS


def test_a_window_that_was_replaced_stays(source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WindowPart, "_unlink", lambda self: None)
    with WindowPart(tmp_path, source_path, FileIdentity.of(source_path.stat()), "test 1"):
        (tmp_path / WINDOW_NAME).unlink()
        (tmp_path / WINDOW_NAME).write_bytes(PRECIOUS)
    assert (tmp_path / WINDOW_NAME).read_bytes() == PRECIOUS


def test_the_name_of_a_draft_that_is_taken_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda count: "0" * 12)
    draft_path = write_image(tmp_path / f".discpress-{'0' * 12}", PRECIOUS)
    with pytest.raises(StorageError, match=r"game\.zso\.sha1: cannot write the checksum file: File exists"):
        write_checksum(tmp_path / "game.zso", "sha1", "0" * 40)
    assert draft_path.read_bytes() == PRECIOUS


def test_a_checksum_file_that_was_replaced_while_it_was_compared_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output_path, digest = tmp_path / "game.zso", "0" * 40
    write_checksum(output_path, "sha1", digest)
    path = tmp_path / "game.zso.sha1"

    def replace_it() -> None:
        other = write_image(tmp_path / "other", PRECIOUS)
        other.replace(path)

    faults.run_after(monkeypatch, checksums, "open_regular", replace_it)
    assert drop_checksums(output_path, {"sha1": digest}) == []
    assert path.read_bytes() == PRECIOUS


def test_a_lost_draft_is_taken_away_when_the_name_is_taken_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "game.zso.sha1"
    faults.run_before(monkeypatch, checksums, "rename_new", lambda: path.write_bytes(PRECIOUS))
    with pytest.raises(StorageError):
        write_checksum(tmp_path / "game.zso", "sha1", "0" * 40)
    assert (path.read_bytes(), faults.names_in(tmp_path)) == (PRECIOUS, ["game.zso.sha1"])


def test_an_overwritten_result_and_a_users_part_do_not_meet(source_path: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "game.zso", b"old")
    write_image(tmp_path / "game.zso.discpress-part", PRECIOUS)
    with pytest.raises(PartError):
        faults.run_conversion(source_path, on_conflict=OnConflict.OVERWRITE)
    assert ((tmp_path / "game.zso").read_bytes(), (tmp_path / "game.zso.discpress-part").read_bytes()) == (
        b"old",
        PRECIOUS,
    )


def test_a_link_whose_new_name_was_replaced_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = write_image(tmp_path / "one", b"1"), tmp_path / "two"

    def replace_it(folder: Path) -> None:
        target.unlink()
        target.write_bytes(PRECIOUS)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(rename, "_rename_exclusive", faults.fail_with(errno.EINVAL))
    monkeypatch.setattr(rename, "sync_folder", replace_it)
    with pytest.raises(OSError, match="Input/output error"):
        rename.rename_new(source, target)
    assert (source.read_bytes(), target.read_bytes()) == (b"1", PRECIOUS)

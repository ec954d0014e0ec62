"""Publishing never clobbers, whichever way of renaming the file system knows (Safety rule 1)."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
from sample_images import mixed, read_back, write_image

from discpress.engine.convert.part import part
from discpress.engine.errors import ConflictError, DiscpressError, StorageError
from discpress.engine.request import OnConflict
from discpress.engine.system import rename

SOURCE = mixed(1024 * 1024 + 2048, seed=5)
NOT_HERE = [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP]
NO_LINKS = [errno.EPERM, errno.EMLINK, errno.ENOTSUP]


def renameat2_unknown(monkeypatch: pytest.MonkeyPatch, number: int = errno.EINVAL) -> None:
    monkeypatch.setattr(rename, "_rename_exclusive", faults.fail_with(number))


def links_unknown(monkeypatch: pytest.MonkeyPatch, number: int = errno.EPERM) -> None:
    renameat2_unknown(monkeypatch)
    monkeypatch.setattr(os, "link", faults.fail_with(number))


WAYS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "renameat2": lambda monkeypatch: None,
    "link and unlink": renameat2_unknown,
    "lstat and rename": links_unknown,
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    WAYS[request.param](monkeypatch)
    return str(request.param)


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    return write_image(tmp_path / "game.iso", SOURCE)


@pytest.mark.usefixtures("way")
def test_the_output_gets_its_name(source_path: Path, tmp_path: Path) -> None:
    faults.run_conversion(source_path)
    assert read_back(tmp_path / "game.zso") == SOURCE


@pytest.mark.usefixtures("way")
def test_the_part_has_lost_its_name(source_path: Path, tmp_path: Path) -> None:
    faults.run_conversion(source_path)
    assert not os.path.lexists(faults.part_of(tmp_path / "game.zso"))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
def test_what_appears_meanwhile_is_not_touched(
    kind: str, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output_path = tmp_path / "game.zso"

    def appear() -> None:
        makers: dict[str, Callable[[], object]] = {
            "file": lambda: output_path.write_bytes(b"somebody else's"),
            "folder": output_path.mkdir,
            "dangling link": lambda: output_path.symlink_to("nowhere"),
        }
        makers[kind]()

    faults.run_before(monkeypatch, part, "rename_new", appear)
    with pytest.raises(ConflictError, match=r"game\.zso: another program created a file with this name"):
        faults.run_conversion(source_path)
    assert (output_path.is_dir(), output_path.is_symlink()) == (kind == "folder", kind == "dangling link")
    assert kind != "file" or output_path.read_bytes() == b"somebody else's"


@pytest.mark.usefixtures("way")
def test_a_lost_race_drops_the_part(source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output_path = tmp_path / "game.zso"
    faults.run_before(monkeypatch, part, "rename_new", lambda: output_path.write_bytes(b"theirs"))
    with pytest.raises(ConflictError):
        faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso", "game.zso"]


@pytest.mark.usefixtures("way")
def test_overwrite_does_not_clobber_a_second_file_that_appears(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output_path = tmp_path / "game.zso"
    output_path.write_bytes(b"old")
    faults.run_before(monkeypatch, part, "rename_new", lambda: output_path.write_bytes(b"appeared"))
    with pytest.raises(ConflictError):
        faults.run_conversion(source_path, on_conflict=OnConflict.OVERWRITE)
    assert output_path.read_bytes() == b"appeared"


@pytest.mark.parametrize("number", NOT_HERE, ids=errno.errorcode.get)
def test_without_renameat2_a_link_is_made_and_the_old_name_removed(
    number: int, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked: list[str] = []
    real = os.link

    def link(source: Any, target: Any, **options: Any) -> None:
        linked.append(Path(target).name)
        real(source, target, **options)

    renameat2_unknown(monkeypatch, number)
    monkeypatch.setattr(os, "link", link)
    faults.run_conversion(source_path)
    assert linked == ["game.zso"]
    assert (tmp_path / "game.zso").stat().st_nlink == 1


def test_a_links_new_name_is_on_the_disk_before_the_old_one_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a power loss in between may leave neither: the two folders are written in any order."""
    source, target = write_image(tmp_path / "one", b"1"), tmp_path / "there" / "one"
    target.parent.mkdir()
    renameat2_unknown(monkeypatch, errno.EINVAL)
    synced: list[tuple[Path, bool]] = []
    monkeypatch.setattr(rename, "sync_folder", lambda folder: synced.append((folder, source.exists())))
    rename.rename_new(source, target)
    assert (synced, source.exists()) == ([(target.parent, True)], False)


def test_a_link_that_may_not_last_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_image(tmp_path / "one", b"1")
    renameat2_unknown(monkeypatch, errno.EINVAL)
    monkeypatch.setattr(rename, "sync_folder", faults.fail_with(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        rename.rename_new(source, tmp_path / "two")
    assert faults.names_in(tmp_path) == ["one"]


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.EROFS, errno.ENOSPC], ids=errno.errorcode.get)
def test_any_other_answer_of_renameat2_is_final(
    number: int, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renameat2_unknown(monkeypatch, number)
    with pytest.raises(DiscpressError, match=r"game\.zso: cannot give the finished file its name"):
        faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso"]


def test_any_other_answer_of_link_is_final(source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    links_unknown(monkeypatch, errno.EIO)
    with pytest.raises(StorageError):
        faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso"]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, as another process does."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(fd)


@pytest.mark.parametrize("number", NO_LINKS, ids=errno.errorcode.get)
def test_without_links_it_is_renamed_under_the_lock_of_that_folder(
    number: int, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    was_locked: list[bool] = []
    real = os.rename

    def renaming(*arguments: Any, **options: Any) -> None:
        try:
            with locked(tmp_path):
                was_locked.append(False)
        except BlockingIOError:
            was_locked.append(True)
        real(*arguments, **options)

    links_unknown(monkeypatch, number)
    monkeypatch.setattr(os, "rename", renaming)
    faults.run_conversion(source_path)
    assert was_locked == [True]


def test_the_lock_of_a_folder_is_given_up(source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    links_unknown(monkeypatch, NO_LINKS[0])
    faults.run_conversion(source_path)
    with locked(tmp_path):
        pass


def test_a_lock_leaves_no_file(source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    links_unknown(monkeypatch, NO_LINKS[0])
    faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso", "game.zso"]


def test_a_lock_that_is_not_given_up_is_not_waited_for_for_ever(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links_unknown(monkeypatch, NO_LINKS[0])
    monkeypatch.setattr(rename, "LOCK_TIMEOUT_S", 0.1)
    with locked(tmp_path), pytest.raises(DiscpressError, match=r"game\.zso: .*lock"):
        faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso"]


def two_names(folder: Path) -> tuple[Path, Path]:
    """Leave what a crash between link and unlink leaves: output and part are one inode."""
    output_path = folder / "game.zso"
    part_path = faults.part_of(output_path)
    os.link(output_path, part_path)
    return output_path, part_path


def test_a_crash_between_link_and_unlink_loses_the_parts_name_in_the_next_run(
    source_path: Path, tmp_path: Path
) -> None:
    faults.run_conversion(source_path)
    output_path, part_path = two_names(tmp_path)
    faults.run_conversion(source_path, on_conflict=OnConflict.OVERWRITE)
    assert not os.path.lexists(part_path)
    assert read_back(output_path) == SOURCE


def test_dropping_the_second_name_leaves_the_published_file(source_path: Path, tmp_path: Path) -> None:
    faults.run_conversion(source_path)
    inode = (tmp_path / "game.zso").stat().st_ino
    two_names(tmp_path)
    done = faults.run_conversion(source_path, on_conflict=OnConflict.OVERWRITE)
    assert done.overwritten is not None
    assert done.overwritten.file_path.stat().st_ino == inode
    assert done.overwritten.file_path.stat().st_nlink == 1

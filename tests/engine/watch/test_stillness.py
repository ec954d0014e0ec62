"""A file counts when it stood still for two looks and nobody writes it."""

import errno
import os
import sys
from pathlib import Path

import pytest
from odd_shares import refuse_lease

from discpress.engine.errors import StorageError
from discpress.engine.system import locks
from discpress.engine.system.filesystems import FileSystem
from discpress.engine.watch.stillness import Stillness, is_open_for_writing


def looked(stillness: Stillness) -> set[str]:
    """Look once, and return the names of the files that stand still."""
    stillness.look(lambda: None)
    return {path.name for path in stillness.files if stillness.stands_still(path)}


def test_a_file_stands_still_from_the_second_look_on(tmp_path: Path) -> None:
    (tmp_path / "a.iso").write_bytes(b"x")
    stillness = Stillness(tmp_path)
    assert looked(stillness) == set()
    assert looked(stillness) == {"a.iso"}


def test_a_file_that_grows_or_is_written_over_does_not_stand_still(tmp_path: Path) -> None:
    path = tmp_path / "a.iso"
    path.write_bytes(b"x")
    stillness = Stillness(tmp_path)
    looked(stillness)
    path.write_bytes(b"xy")
    assert looked(stillness) == set()
    os.utime(path, ns=(1, 1))  # a preallocated file keeps its size
    assert looked(stillness) == set()
    assert looked(stillness) == {"a.iso"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_file_that_is_open_for_writing_does_not_stand_still(tmp_path: Path) -> None:
    path = tmp_path / "a.iso"
    with path.open("wb") as file:
        file.write(b"x")
        file.flush()
        assert is_open_for_writing(path)
    with path.open("rb"):
        assert not is_open_for_writing(path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_share_that_grants_no_lease_has_files_that_stand_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.iso").write_bytes(b"x")
    refuse_lease(monkeypatch, errno.EAGAIN)
    monkeypatch.setattr(locks, "filesystem_of_file", lambda fd: FileSystem("cifs", Path("/"), ""))
    stillness = Stillness(tmp_path)
    looked(stillness)
    assert looked(stillness) == {"a.iso"}


def test_unfinished_deleted_and_hidden_files_are_never_looked_at(tmp_path: Path) -> None:
    for name in ("a.iso.part", "b.iso.crdownload", ".c.iso", "d.iso", "d.iso.aria2"):
        (tmp_path / name).write_bytes(b"x")
    for folder in (".discpress-trash", "#recycle", "$RECYCLE.BIN"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "e.iso").write_bytes(b"x")
    stillness = Stillness(tmp_path)
    looked(stillness)
    assert looked(stillness) == set()


def test_folders_below_are_looked_at_but_links_to_folders_are_not(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    watched = tmp_path / "watched"
    (watched / "ps2").mkdir(parents=True)
    elsewhere.mkdir()
    (watched / "ps2" / "a.iso").write_bytes(b"x")
    (elsewhere / "b.iso").write_bytes(b"x")
    (watched / "link").symlink_to(elsewhere)
    stillness = Stillness(watched)
    looked(stillness)
    assert looked(stillness) == {"a.iso"}


def test_a_folder_that_is_away_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as away:
        Stillness(tmp_path / "gone").look(lambda: None)
    assert "cannot watch it" in str(away.value)
    assert "mount its disk" in away.value.hint

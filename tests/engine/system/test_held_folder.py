"""Held folders: what is done in one is done in that very folder, with or without calls relative to a folder."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_injection import fail_with

from discpress.engine.system import held_folder, rename
from discpress.engine.system.held_folder import HeldFolder


@pytest.fixture(params=[True, False], ids=["by descriptor", "by path"])
def held(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldFolder]:
    monkeypatch.setattr(held_folder, "_HAS_DIR_FD", request.param)
    (tmp_path / "top").mkdir()
    with HeldFolder.open(tmp_path / "top") as folder:
        assert (folder.fd is not None) is request.param
        yield folder


WAYS = {"exclusive": (0, 0), "link": (errno.EINVAL, 0), "lock": (errno.EINVAL, errno.EPERM)}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """One of the three ways to rename without clobbering."""
    exclusive, link = WAYS[request.param]
    if exclusive:
        monkeypatch.setattr(rename, "_rename_exclusive", fail_with(exclusive))
    if link:
        monkeypatch.setattr(os, "link", fail_with(link))
    return str(request.param)


@pytest.mark.parametrize("name", ["rename_new", "move_new"])
@pytest.mark.usefixtures("way")
def test_a_file_is_renamed_between_folders(name: str, held: HeldFolder) -> None:
    (held.path / "a").write_bytes(b"x")
    held.make_folder("below")
    with held.below("below") as below:
        getattr(held, name)("a", below, "b")
        assert (held.names(), below.names()) == (["below"], ["b"])


@pytest.mark.parametrize("name", ["rename_new", "move_new"])
@pytest.mark.parametrize("kind", ["file", "link", "folder"])
@pytest.mark.usefixtures("way")
def test_a_rename_clobbers_nothing(kind: str, name: str, held: HeldFolder) -> None:
    (held.path / "a").write_bytes(b"x")
    path = held.path / "b"
    makers: dict[str, Callable[[], object]] = {
        "file": lambda: path.write_bytes(b"y"),
        "link": lambda: path.symlink_to("nowhere"),
        "folder": path.mkdir,
    }
    makers[kind]()
    with pytest.raises(FileExistsError):
        getattr(held, name)("a", held, "b")
    assert (held.path / "a").read_bytes() == b"x"
    assert held.names() == ["a", "b"]


@pytest.mark.parametrize("kind", ["link", "file"])
def test_only_a_folder_opens_below(kind: str, held: HeldFolder, tmp_path: Path) -> None:
    path = held.path / "below"
    path.symlink_to(tmp_path) if kind == "link" else path.write_bytes(b"x")
    with pytest.raises(NotADirectoryError):
        held.below("below")


def test_what_is_not_there_is_found_to_be_nothing(held: HeldFolder) -> None:
    assert held.find("nothing") is None
    with pytest.raises(FileNotFoundError):
        held.lstat("nothing")


def test_new_files_and_folders_are_private(held: HeldFolder) -> None:
    os.close(held.make_file("file"))
    held.make_folder("folder")
    assert [held.lstat(name).st_mode & 0o777 for name in ("file", "folder")] == [0o600, 0o700]


def test_a_new_file_takes_no_name_that_is_there(held: HeldFolder) -> None:
    (held.path / "file").symlink_to("nowhere")
    with pytest.raises(FileExistsError):
        held.make_file("file")


def test_a_removal_is_of_the_very_file(held: HeldFolder) -> None:
    path = held.path / "file"
    path.write_bytes(b"one")
    facts = held.lstat("file")
    path.rename(held.path / "kept")
    path.write_bytes(b"two")
    assert not held.unlink_same("file", facts)
    assert held.unlink_same("kept", facts)
    assert not held.unlink_same("kept", facts)
    assert (held.names(), path.read_bytes()) == (["file"], b"two")


def test_a_file_that_was_written_to_is_not_removed(held: HeldFolder) -> None:
    path = held.path / "file"
    path.write_bytes(b"one")
    facts = held.lstat("file")
    path.write_bytes(b"other")
    assert not held.unlink_same("file", facts)
    assert path.read_bytes() == b"other"


def test_a_folder_that_is_swapped_is_still_the_one_that_was_opened(tmp_path: Path) -> None:
    (tmp_path / "top").mkdir()
    with HeldFolder.open(tmp_path / "top") as held:
        (tmp_path / "top").rename(tmp_path / "before")
        (tmp_path / "top").mkdir()
        os.close(held.make_file("file"))
        with held.again(tmp_path / "x") as again:
            assert again.names() == ["file"]
    assert [path.name for path in (tmp_path / "before").iterdir()] == ["file"]
    assert list((tmp_path / "top").iterdir()) == []


def test_a_link_takes_the_old_name_only_while_it_is_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program may give the old name to a new file between link and unlink."""
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(rename, "_rename_exclusive", fail_with(errno.EINVAL))
    real = rename.sync_folder_fd

    def sync(fd: int) -> None:
        real(fd)
        (tmp_path / "a").unlink()
        (tmp_path / "a").write_bytes(b"new")

    monkeypatch.setattr(rename, "sync_folder_fd", sync)
    with HeldFolder.open(tmp_path) as held:
        held.rename_new("a", held, "b")
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()) == (b"new", b"old")

"""Folders that are made with those above them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from discpress.engine.config.saving import save_config
from discpress.engine.demo.library import make_demo
from discpress.engine.store.store import Store
from discpress.engine.system.folders import PRIVATE, SHARED, make_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permission bits")
UMASKS = (0, 0o002, 0o022, 0o027, 0o077)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    old = os.umask(mask)
    try:
        yield
    finally:
        os.umask(old)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def make_state(path: Path) -> None:
    Store(path).close()


def make_settings(path: Path) -> None:
    save_config(path / "config.toml", {"level": 3})


@pytest.mark.parametrize("mask", UMASKS)
@pytest.mark.parametrize("make", [make_state, make_settings])
def test_state_and_settings_are_private_and_no_folder_above_is_open_to_other_writers(
    make: Callable[[Path], None], mask: int, tmp_path: Path
) -> None:
    folder = tmp_path / "home" / ".local" / "discpress"
    with umask(mask):
        make(folder)
    assert mode(folder) == PRIVATE & ~mask
    assert [mode(each) for each in (folder.parent, folder.parent.parent)] == [SHARED & ~mask] * 2


@pytest.mark.slow
def test_the_sample_library_is_open_to_no_other_writer(tmp_path: Path) -> None:
    folder = tmp_path / "share" / "demo"
    with umask(0):
        make_demo(folder)
    assert {mode(each) for each in (folder.parent, folder, *folder.glob("*/"))} == {SHARED}


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    folder.chmod(0o750)
    make_folder(folder, PRIVATE)
    assert mode(folder) == 0o750


def test_a_folder_above_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    folder.chmod(0o777)
    make_folder(folder / "new", PRIVATE)
    assert (mode(folder), mode(folder / "new")) == (0o777, PRIVATE)


@pytest.mark.parametrize("name", ["file", "file/below", "dangling", "dangling/below"])
def test_what_stands_in_the_way_is_an_error_of_the_system(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere" / "else")
    with pytest.raises((FileExistsError, NotADirectoryError)):
        make_folder(tmp_path / name, PRIVATE)

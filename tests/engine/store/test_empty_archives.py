"""Archives without an image: looked through once, and again when they change or could not be read."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sample_images
from archive_files import write_7z, write_zip

from discpress.engine.errors import StorageError, UnsupportedImageError
from discpress.engine.images.archives import contents, sevenzip
from discpress.engine.images.source import FileSource
from discpress.engine.library.scan.refresh import refresh
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.scan_batch import EmptyArchive
from discpress.engine.store.store import Store

PS2 = (sample_images.GOLDEN / "ps2.iso").read_bytes()


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "games"
    folder.mkdir()
    return folder


@pytest.fixture
def looked_into(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The archives that were looked into."""
    names: list[str] = []

    open_archive = contents.open_archive

    def note(file: FileSource) -> Any:
        names.append(file.path.name)
        return open_archive(file)

    monkeypatch.setattr(contents, "open_archive", note)
    return names


def scanned(top: Path, store: Store) -> list[str]:
    for _ in refresh(store, [top], lambda: None):
        pass
    return sorted(str(title.path.relative_to(top)) for title in store.titles([top]))


def write_films(path: Path, count: int = 2) -> Path:
    """An archive of large files that are no images."""
    write = write_7z if path.suffix == ".7z" else write_zip
    return write(path, {f"{number}.bin": sample_images.incompressible(1 << 20, number) for number in range(count)})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["films.zip", "films.7z"])
def test_it_is_looked_through_once(name: str, top: Path, store: Store, looked_into: list[str]) -> None:
    write_films(top / "sub" / name)
    for _ in range(3):
        assert scanned(top, store) == []
    assert looked_into == [name]


@pytest.mark.slow
def test_each_state_folder_looks_for_itself(top: Path, store: Store, looked_into: list[str], tmp_path: Path) -> None:
    write_films(top / "films.zip")
    scanned(top, store)
    with Store(tmp_path / "other") as other:
        scanned(top, other)
    assert looked_into == ["films.zip"] * 2


def replace_it(path: Path) -> None:
    content, mtime = path.read_bytes(), path.stat().st_mtime_ns
    path.rename(path.with_name("before"))
    path.write_bytes(content)
    os.utime(path, ns=(mtime, mtime))


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [lambda path: os.utime(path, (1, 1)), replace_it, lambda path: write_films(path, count=3)],
    ids=["time", "file", "content"],
)  # fmt: skip
def test_it_is_looked_through_again_when_it_changed(
    change: Callable[[Path], object], top: Path, store: Store, looked_into: list[str]
) -> None:
    path = write_films(top / "films.zip")
    scanned(top, store)
    looked_into.clear()
    change(path)
    scanned(top, store)
    scanned(top, store)
    assert looked_into.count("films.zip") == 1


@pytest.mark.slow
def test_an_image_that_comes_into_it_is_a_title(top: Path, store: Store) -> None:
    path = write_films(top / "films.zip")
    scanned(top, store)
    write_zip(path, {"game.iso": PS2})
    assert scanned(top, store) == ["films.zip/game.iso"]
    assert store.empty_archives(top) == {}


@pytest.mark.slow
def test_the_titles_of_one_that_is_emptied_are_gone(top: Path, store: Store, looked_into: list[str]) -> None:
    path = write_zip(top / "games.zip", {"game.iso": PS2})
    assert scanned(top, store) == ["games.zip/game.iso"]
    write_films(path)
    for _ in range(2):
        assert scanned(top, store) == []
    assert looked_into == ["games.zip"] * 2


@pytest.mark.slow
def test_one_that_is_gone_is_forgotten(top: Path, store: Store) -> None:
    path = write_films(top / "films.zip")
    scanned(top, store)
    assert list(store.empty_archives(top)) == [path]
    path.unlink()
    scanned(top, store)
    assert store.empty_archives(top) == {}


def test_those_of_a_disk_that_is_away_are_kept(top: Path, store: Store) -> None:
    """Its mount point is there, and empty, and of another device."""
    path = top / "disk" / "films.zip"
    path.parent.mkdir()
    known = EmptyArchive(path, FileIdentity(1, 1, 1), path.parent.stat().st_dev + 1)
    store.save_empty_archives([known])
    scanned(top, store)
    assert store.empty_archives(top) == {path: known}


@pytest.mark.slow
@pytest.mark.parametrize(
    "error",
    [StorageError(f"films.zip: cannot read: {os.strerror(errno.EIO)}"), UnsupportedImageError("py7zr is missing")],
    ids=["input/output error", "package"],
)
def test_what_failed_for_a_passing_reason_is_looked_through_again(
    error: Exception, top: Path, store: Store, looked_into: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_films(top / "films.zip")

    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(contents, "_look_into", fail)
        scanned(top, store)
    assert store.empty_archives(top) == {}
    scanned(top, store)
    scanned(top, store)
    assert looked_into == ["films.zip"] * 2


@pytest.mark.slow
def test_a_package_that_is_installed_later_is_used(
    top: Path, store: Store, looked_into: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_7z(top / "game.7z", {"game.iso": PS2})

    def missing(file: FileSource) -> None:
        raise UnsupportedImageError(f"{file.path}: py7zr is not installed")

    with monkeypatch.context() as patch:
        patch.setattr(sevenzip, "_open", missing)
        assert scanned(top, store) == ["game.7z"]
    assert scanned(top, store) == ["game.7z/game.iso"]


@pytest.mark.slow
def test_an_archive_whose_row_cannot_be_read_is_looked_into_again(
    top: Path, store: Store, looked_into: list[str]
) -> None:
    write_films(top / "films.zip")
    scanned(top, store)
    store.file.write(lambda connection: connection.execute("UPDATE empty_archives SET identity = '1 2 -3 4'"))
    scanned(top, store)
    assert looked_into == ["films.zip"] * 2

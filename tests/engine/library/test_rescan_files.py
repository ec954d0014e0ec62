"""Single files that were just changed, in a store that knows their folder, and in one that does not."""

import zipfile
from pathlib import Path

import pytest
from sample_images import mixed, mixed_sectors, pack, write_image

from discpress.engine.library.scan.refresh import refresh
from discpress.engine.library.scan.rescan_files import follow_files
from discpress.engine.store.store import Store


@pytest.fixture
def games(tmp_path: Path) -> Path:
    """A folder with one image, and one below it."""
    write_image(tmp_path / "games" / "game.iso", mixed(100_000))
    write_image(tmp_path / "games" / "sub" / "other.iso", mixed(100_000, seed=2))
    return tmp_path / "games"


def scan(store: Store, folder: Path) -> None:
    for _ in refresh(store, [folder], lambda: None):
        pass


def names(store: Store) -> list[str]:
    return [title.path.name for title in store.titles()]


def test_a_new_file_and_a_gone_one_are_followed(store: Store, games: Path) -> None:
    scan(store, games)
    pack(games / "game.zso", mixed(100_000))
    (games / "game.iso").unlink()
    follow_files(store, [games / "game.iso", games / "game.zso"])
    assert names(store) == ["game.zso", "other.iso"]
    assert store.titles()[0].block_size == 2048


def test_what_is_followed_is_what_a_scan_would_find(store: Store, games: Path) -> None:
    scan(store, games)
    pack(games / "game.zso", mixed(100_000))
    follow_files(store, [games / "game.zso"])
    followed = store.titles()
    (games / "game.zso.source").unlink()
    scan(store, games)
    assert store.titles() == followed


def test_a_changed_file_is_read_again(store: Store, games: Path) -> None:
    scan(store, games)
    write_image(games / "game.iso", mixed(300_000))
    follow_files(store, [games / "game.iso"])
    assert store.titles()[0].original_bytes == 300_000


def test_a_folder_that_the_library_does_not_know_stays_unknown(store: Store, games: Path, tmp_path: Path) -> None:
    scan(store, games / "sub")
    write_image(tmp_path / "elsewhere" / "game.iso", mixed(100_000))
    follow_files(store, [tmp_path / "elsewhere" / "game.iso"])
    assert names(store) == ["other.iso"]


def test_a_folder_of_the_settings_is_known_before_there_is_anything_in_it(store: Store, games: Path) -> None:
    follow_files(store, [games / "game.iso"], [games])
    assert names(store) == ["game.iso"]


def test_a_deleted_file_below_a_folder_of_the_settings_stays_unknown(store: Store, games: Path) -> None:
    write_image(games / "#recycle" / "game.iso", mixed(100_000))
    follow_files(store, [games / "#recycle" / "game.iso"], [games])
    assert names(store) == []


@pytest.mark.parametrize("name", [".game.iso", "game.zso.discpress-part", "game.iso.crdownload", "notes.txt"])
def test_what_a_scan_leaves_out_is_left_out(name: str, store: Store, games: Path) -> None:
    scan(store, games)
    write_image(games / name, mixed_sectors(100_000))
    follow_files(store, [games / name])
    assert names(store) == ["game.iso", "other.iso"]


def test_an_archive_that_is_gone_takes_its_titles_along(store: Store, games: Path) -> None:
    with zipfile.ZipFile(games / "many.zip", "w") as archive:
        archive.writestr("a.iso", mixed(100_000, seed=3))
        archive.writestr("b.iso", mixed(100_000, seed=4))
    scan(store, games)
    assert len(names(store)) == 4
    (games / "many.zip").unlink()
    follow_files(store, [games / "many.zip"])
    assert names(store) == ["game.iso", "other.iso"]


def test_a_folder_whose_only_title_goes_is_still_known(store: Store, tmp_path: Path) -> None:
    path = write_image(tmp_path / "one" / "game.iso", mixed(100_000))
    scan(store, path.parent)
    pack(path.with_name("new.zso"), mixed(100_000))
    path.unlink()
    follow_files(store, [path, path.with_name("new.zso")])
    assert names(store) == ["new.zso"]

"""Trashes of the versions before schema 2: all of them can be read, undone and emptied."""

import json
import os
from pathlib import Path

import pytest
from command_line import CommandLine
from old_trashes import HALF_UNDONE, MTIME_NS, NAMES, described, remember_inodes, sha1_of, unpack
from sample_images import mixed, pack, read_back

from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.listing import entries_in, find_half_undone, sweep_trash_in
from discpress.engine.convert.trash.undo import finish_undo, purge, undo
from discpress.engine.convert.trash.undone import Undone
from discpress.engine.errors import TrashError
from discpress.engine.progress import Control


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return unpack(tmp_path / "library")


def only_entry(home: Path) -> TrashEntry:
    (found,) = entries_in(home)
    assert isinstance(found, TrashEntry)
    return found


def undo_it(home: Path) -> Undone:
    return undo(only_entry(home), 1, Control())


def in_home(home: Path) -> set[str]:
    return {path.name for path in home.iterdir() if not path.name.startswith(".discpress-")}


@pytest.mark.parametrize("folder", NAMES)
def test_an_undo_brings_back_name_bytes_and_time(folder: str, library: Path) -> None:
    home, name = library / folder, NAMES[folder]
    sha1 = described(home)["digests"]["sha1"]
    undone = undo_it(home)
    assert in_home(home) == {name}
    assert (sha1_of(home / name), (home / name).stat().st_mtime_ns) == (sha1, MTIME_NS)
    assert undone.replacement_entry is not None  # its inode is another one: it was decoded


@pytest.mark.parametrize("folder", NAMES)
def test_an_undo_can_be_undone(folder: str, library: Path) -> None:
    home = library / folder
    sha1 = described(home)["digests"]["sha1"]
    undo_it(home)
    undo_it(home)
    assert in_home(home) == {f"{Path(NAMES[folder]).stem}.zso"}
    assert sha1_of(only_entry(home).file_path) == sha1


@pytest.mark.parametrize("folder", [each for each in NAMES if each != "undo-by-links"])
@pytest.mark.parametrize("tries", [1, 2])
def test_a_refused_undo_leaves_the_original_in_the_trash(folder: str, tries: int, library: Path) -> None:
    """A file called `undo` was taken for the program's own marker, and removed."""
    home = library / folder
    sha1 = described(home)["digests"]["sha1"]
    (home / NAMES[folder]).write_bytes(b"in the way")
    for _ in range(tries):
        with pytest.raises(TrashError, match="in the way"):
            undo_it(home)
    assert sha1_of(only_entry(home).file_path) == sha1
    assert (home / NAMES[folder]).read_bytes() == b"in the way"


@pytest.mark.parametrize("folder", NAMES)
def test_a_purge_removes_original_and_description(folder: str, library: Path) -> None:
    home = library / folder
    purge(only_entry(home), 1, Control(), force=False)
    assert not (home / ".discpress-trash").exists()
    assert f"{Path(NAMES[folder]).stem}.zso" in in_home(home)


@pytest.mark.parametrize("folder", NAMES)
def test_a_purge_without_a_proof_is_refused(folder: str, library: Path) -> None:
    home = library / folder
    entry = only_entry(home)
    entry.replacement_path.unlink()
    with pytest.raises(TrashError, match="kept in the trash"):
        purge(entry, 1, Control(), force=False)
    assert only_entry(home) == entry


@pytest.mark.parametrize("folder", HALF_UNDONE)
def test_a_half_undone_entry_is_finished(folder: str, library: Path) -> None:
    home, name = library / folder, HALF_UNDONE[folder]
    remember_inodes(home)
    (entry,) = find_half_undone([home])
    done = finish_undo(entry, 1, Control())
    assert in_home(home) == {name}
    assert done.replacement_entry is not None
    assert read_back(done.replacement_entry.file_path) == (home / name).read_bytes()


@pytest.mark.parametrize("folder", HALF_UNDONE)
def test_the_replacement_of_a_half_undone_copy_goes_along_by_its_digest(folder: str, library: Path) -> None:
    home, name = library / folder, HALF_UNDONE[folder]
    (entry,) = find_half_undone([home])
    done = finish_undo(entry, 1, Control())
    assert (done.note, in_home(home)) == ("", {name})
    assert done.replacement_entry is not None
    assert done.replacement_entry.name == f"{Path(name).stem}.zso"


@pytest.mark.parametrize("folder", HALF_UNDONE)
def test_another_image_stays_when_a_half_undone_copy_is_finished(folder: str, library: Path) -> None:
    home, name = library / folder, HALF_UNDONE[folder]
    other = pack(home / "other.zso", mixed(51_200))
    (home / "other.zso.source").unlink()
    other.replace(home / f"{Path(name).stem}.zso")
    (entry,) = find_half_undone([home])
    done = finish_undo(entry, 1, Control())
    assert "left as it is" in done.note
    assert in_home(home) == {name, f"{Path(name).stem}.zso"}
    assert not (home / ".discpress-trash").exists()


def test_a_half_undone_file_called_like_the_marker_is_home_and_nothing_is_listed(library: Path) -> None:
    """Its undo took the marker's name home with it."""
    home = library / "half-undone-named-undo"
    sha1 = described(home)["digests"]["sha1"]
    assert list(entries_in(home)) == []
    sweep_trash_in(home)
    assert sha1_of(home / "undo") == sha1
    assert not (home / ".discpress-trash").exists()


def test_an_overwritten_file_gets_its_name_back(library: Path) -> None:
    home = library / "overwritten"
    remember_inodes(home)
    old = sha1_of(only_entry(home).file_path)
    undo_it(home)
    assert sha1_of(home / "game.zso") == old
    assert read_back(only_entry(home).file_path) == (home / "game.iso").read_bytes()


def test_an_undone_result_comes_back(library: Path) -> None:
    home = library / "undone"
    image = (home / "game.iso").read_bytes()
    undo_it(home)
    assert read_back(home / "game.zso") == image
    assert only_entry(home).file_path.read_bytes() == image


def test_a_move_that_was_only_begun_is_not_listed_and_swept(library: Path) -> None:
    home = library / "only-begun"
    assert list(entries_in(home)) == []
    sweep_trash_in(home)
    assert in_home(home) == {"game.iso", "game.zso"}
    assert not (home / ".discpress-trash").exists()


def test_the_lock_that_was_left_in_an_entry_is_no_broken_entry(library: Path) -> None:
    """Without links a rename left its lock in the folder that it renamed into."""
    home = library / "without-links"
    folder = only_entry(home).folder
    for each in folder.iterdir():
        if each.name != ".discpress-lock":
            each.unlink()
    assert list(entries_in(home)) == []
    sweep_trash_in(home)
    assert not folder.exists()


@pytest.mark.parametrize("name", ["undo", "UNDO", ".discpress-lock", "entry.json.file", "undoing", "1.kept"])
def test_a_sweep_leaves_what_is_stored_under_a_name_of_the_programs(name: str, library: Path) -> None:
    home = library / "plain"
    entry = only_entry(home)
    facts = json.loads((entry.folder / "entry.json").read_bytes())
    (entry.folder / "entry.json").write_text(json.dumps({**facts, "name": name, "size_bytes": 0}))
    entry.file_path.unlink()
    (entry.folder / name).write_bytes(b"")  # an empty file, as the program's own ones are
    os.utime(entry.folder / name, ns=(MTIME_NS, MTIME_NS))
    sweep_trash_in(home)
    undo_it(home)
    assert (home / name).read_bytes() == b""


@pytest.mark.slow
def test_undo_all_goes_through_a_library_of_them(library: Path, tmp_path: Path) -> None:
    cli = CommandLine(library, home=tmp_path / "home")
    sha1s = {folder: described(library / folder)["digests"]["sha1"] for folder in [*NAMES, *HALF_UNDONE]}
    remember_inodes(library / "overwritten")  # it has no digests to be known by
    done = cli.run("undo", "all")
    assert done.exit_code == 0, done.text
    for folder, name in {**NAMES, **HALF_UNDONE}.items():
        assert sha1_of(library / folder / name) == sha1s[folder]
    assert done.text.count("finished an interrupted undo") == len(HALF_UNDONE)

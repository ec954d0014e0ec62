"""Killed at every single change to the disk: nothing is lost, and the next run makes it good."""

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import crash_at
import fault_injection as faults
import pytest
from command_line import write_old
from sample_images import mixed, pack, read_back

from discpress.engine.convert.trash.entry import ENTRY_NAME, TrashEntry
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.convert.trash.undo import undo
from discpress.engine.progress import Control
from discpress.engine.request import OnConflict

pytestmark = pytest.mark.slow

SOURCE = mixed(1024 * 1024 + 6144, seed=15)
OLD = mixed(50_000, seed=16)
SCENARIOS = {
    "plain": (),
    "links": ("--links",),
    "trash": ("--trash",),
    "trash and links": ("--trash", "--links"),
    "overwrite": ("--overwrite",),
    "trash and playlist": ("--trash", "--playlist"),
}
PLAYLIST = b"game.iso\nother.iso\n"
SOURCE_FOLDER = Path(crash_at.__file__).parent


class Wreck:
    """What the killed conversions of one scenario left."""

    def __init__(self, top: Path, options: tuple[str, ...]) -> None:
        self.options = options
        write_old(top / "game.iso", SOURCE)
        if "--overwrite" in options:
            write_old(pack(top / "game.zso", OLD), (top / "game.zso").read_bytes())
            (top / "game.zso.source").unlink()
        if "--playlist" in options:
            (top / "game.m3u").write_bytes(PLAYLIST)
        environment = os.environ | {"PYTHONPATH": str(SOURCE_FOLDER), "PYTHONWARNINGS": "error"}
        said = subprocess.run(
            [sys.executable, crash_at.__file__, top, *options], env=environment, capture_output=True, text=True
        )
        assert said.returncode == 0, said.stderr
        self.folders = [top / str(number + 1) for number in range(int(said.stdout))]


@pytest.fixture(scope="module")
def wreck_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Wreck]:
    @functools.cache
    def make(scenario: str) -> Wreck:
        return Wreck(tmp_path_factory.mktemp("wreck"), SCENARIOS[scenario])

    return make


@pytest.fixture(params=SCENARIOS)
def wreck(request: pytest.FixtureRequest, wreck_of: Callable[[str], Wreck]) -> Wreck:
    return wreck_of(request.param)


def decoded(path: Path) -> bytes | None:
    return read_back(path) if path.exists() else None


def in_trash(folder: Path, name: str) -> list[Path]:
    """What is stored of the files of a name, described or not; the description is on the disk before the file comes."""
    paths = []
    for path in folder.glob(f"{TRASH_NAME}/*/1.kept"):
        described = json.loads((path.parent / ENTRY_NAME).read_bytes())
        paths += [path] if described["files"][0]["name"] == name else []
    return paths


def test_there_are_ten_or_more_points(wreck: Wreck) -> None:
    assert len(wreck.folders) >= 10


def test_the_source_is_never_lost(wreck: Wreck) -> None:
    for folder in wreck.folders:
        # Two names of one inode where links stand in for the rename.
        assert {path.read_bytes() for path in [*folder.glob("game.iso"), *in_trash(folder, "game.iso")]} == {SOURCE}


def test_the_source_leaves_its_place_only_for_a_published_result(wreck: Wreck) -> None:
    for folder in wreck.folders:
        if not (folder / "game.iso").exists():
            assert decoded(folder / "game.zso") == SOURCE


def test_a_final_name_is_a_whole_result(wreck: Wreck) -> None:
    allowed = {None, SOURCE, OLD} if "--overwrite" in wreck.options else {None, SOURCE}
    for folder in wreck.folders:
        assert decoded(folder / "game.zso") in allowed


def test_an_overwritten_file_is_never_lost(wreck_of: Callable[[str], Wreck]) -> None:
    for folder in wreck_of("overwrite").folders:
        assert OLD in {decoded(path) for path in (folder / "game.zso", *in_trash(folder, "game.zso"))}


def test_every_trashed_file_is_described(wreck: Wreck) -> None:
    for folder in wreck.folders:
        for path in [*in_trash(folder, "game.iso"), *in_trash(folder, "game.zso")]:
            assert path in {each.file_path for each in entries_in(folder) if isinstance(each, TrashEntry)}


def test_an_entry_that_was_only_begun_is_no_error(wreck_of: Callable[[str], Wreck]) -> None:
    for folder in wreck_of("trash").folders:
        if (folder / "game.iso").exists():
            assert list(entries_in(folder)) == []


def test_the_next_run_makes_it_good(wreck: Wreck, tmp_path: Path) -> None:
    for wrecked in wreck.folders:
        folder = shutil.copytree(wrecked, tmp_path / wrecked.name)
        if (folder / "game.iso").exists():
            assert faults.run_conversion(folder / "game.iso", on_conflict=OnConflict.OVERWRITE).is_verified
        assert decoded(folder / "game.zso") == SOURCE
        assert not list(folder.glob("*discpress-part"))


def test_the_original_can_be_brought_back_from_wherever_it_was_killed(
    wreck_of: Callable[[str], Wreck], tmp_path: Path
) -> None:
    for wrecked in wreck_of("trash").folders:
        folder = shutil.copytree(wrecked, tmp_path / wrecked.name)
        for each in entries_in(folder):
            if isinstance(each, TrashEntry):
                undo(each, 1, Control())
        assert (folder / "game.iso").read_bytes() == SOURCE


def test_a_playlist_always_names_a_file_that_is_there(wreck_of: Callable[[str], Wreck]) -> None:
    for folder in wreck_of("trash and playlist").folders:
        named, other = (folder / "game.m3u").read_text().splitlines()
        assert (folder / named).exists(), f"{folder}: {named}"
        assert other == "other.iso"
        assert not list(folder.glob("*draft*"))


def test_an_undo_gives_a_playlist_back_from_wherever_it_was_killed(
    wreck_of: Callable[[str], Wreck], tmp_path: Path
) -> None:
    undone = 0
    for wrecked in wreck_of("trash and playlist").folders:
        folder = shutil.copytree(wrecked, tmp_path / wrecked.name)
        for each in [each for each in entries_in(folder) if isinstance(each, TrashEntry)]:
            undo(each, 1, Control())
            assert (folder / "game.m3u").read_bytes() == PLAYLIST
            undone += 1
    assert undone

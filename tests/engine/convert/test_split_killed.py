"""The conversion of a split image, killed at every change to the disk: nothing is lost or hidden."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import crash_at
import pytest
from fault_injection import run_conversion
from sample_images import read_back
from split_images import IMAGE, ISO_NAMES, MTIME_NS, cut, write_parts
from trash_sets import undo_as_a_user

from discpress.engine.convert.recovery import find_trashed
from discpress.engine.convert.trash.entry import ENTRY_NAME, TrashEntry
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.library.scan.probe import probe_titles
from discpress.engine.request import OnConflict
from discpress.engine.store.model import Fault, Title

pytestmark = pytest.mark.slow

PARTS = dict(zip(ISO_NAMES, cut(IMAGE), strict=True))
SCENARIOS = {"renames": ("--trash",), "links": ("--trash", "--links")}


@pytest.fixture(scope="module", params=SCENARIOS)
def wrecks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The folders that the killed conversions left, one for each call."""
    top = tmp_path_factory.mktemp("wrecks")
    write_parts(top)
    environment = os.environ | {"PYTHONPATH": str(Path(crash_at.__file__).parent), "PYTHONWARNINGS": "error"}
    command = [sys.executable, crash_at.__file__, str(top), "--split", *SCENARIOS[request.param]]
    said = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    return [top / str(number + 1) for number in range(int(said.stdout))]


def at_home(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in PARTS if (folder / name).exists()}


def stored(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.glob(f"{TRASH_NAME}/*/*.kept")}


def described(folder: Path) -> set[Path]:
    entries = [entry for entry in entries_in(folder) if isinstance(entry, TrashEntry)]
    return {path for entry in entries for path in entry.file_paths}


def test_there_are_points_in_the_midst_of_the_move(wrecks: list[Path]) -> None:
    counts = {len(at_home(folder)) for folder in wrecks}
    assert counts == {0, 1, 2, 3}


def test_no_part_is_lost(wrecks: list[Path]) -> None:
    for folder in wrecks:
        assert {*at_home(folder).values(), *stored(folder).values()} == {*PARTS.values()}, folder


def test_a_part_leaves_its_place_only_for_a_published_result(wrecks: list[Path]) -> None:
    for folder in wrecks:
        if len(at_home(folder)) < len(PARTS):
            assert read_back(folder / "Game.zso") == IMAGE


def test_every_stored_part_is_described(wrecks: list[Path]) -> None:
    for folder in wrecks:
        assert stored(folder).keys() <= described(folder)


def test_the_first_part_leaves_first(wrecks: list[Path]) -> None:
    """So the worker finds a move that was stopped, and a scan never takes the rest for a whole image."""
    for folder in wrecks:
        if 0 < len(at_home(folder)) < len(PARTS):
            assert ISO_NAMES[0] not in at_home(folder)


def test_what_is_left_at_home_is_never_a_whole_image(wrecks: list[Path]) -> None:
    for folder in wrecks:
        left = at_home(folder)
        if 0 < len(left) < len(PARTS):
            (title,) = probe_titles(folder / next(iter(left)))
            assert isinstance(title, Title)
            assert title.fault is Fault.SPLIT_PART


def test_the_next_run_finishes_a_move_that_was_begun(wrecks: list[Path], tmp_path: Path) -> None:
    for wreck in wrecks:
        if len(at_home(wreck)) == len(PARTS):
            continue
        os.renames(wreck, folder := tmp_path / wreck.name)
        entry = find_trashed(folder / ISO_NAMES[0])
        assert entry is not None
        assert at_home(folder) == {}
        assert [path.read_bytes() for path in entry.file_paths] == [*PARTS.values()]
        os.renames(folder, wreck)


def test_undo_brings_everything_back_from_wherever_it_was_killed(wrecks: list[Path], tmp_path: Path) -> None:
    for wreck in wrecks:
        folder = shutil.copytree(wreck, tmp_path / wreck.name)
        undo_as_a_user(folder)
        assert at_home(folder) == PARTS, wreck
        assert {(folder / name).stat().st_mtime_ns for name in PARTS} == {MTIME_NS}
        assert run_conversion(folder / ISO_NAMES[0], on_conflict=OnConflict.OVERWRITE).is_verified
        assert not list(folder.glob("*discpress-part"))


def test_no_description_is_left_without_its_files(wrecks: list[Path], tmp_path: Path) -> None:
    for wreck in wrecks:
        folder = shutil.copytree(wreck, tmp_path / wreck.name)
        undo_as_a_user(folder)
        for description in folder.glob(f"{TRASH_NAME}/*/{ENTRY_NAME}"):
            assert list(description.parent.glob("*.kept"))

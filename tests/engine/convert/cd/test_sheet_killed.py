"""The conversion of a CD to files, killed at every change to the disk: whole, or finished by the next.

The states are those of docs/decisions/split-images.md.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import crash_at
import pytest
from disc_files import convert_disc, expected_files, files_in
from fault_injection import flip_byte, part_of
from raw_discs import SHORT, stored_sectors, write_disc

from discpress.engine.convert.part.name import drop_second_name
from discpress.engine.convert.part.part_set import is_interrupted
from discpress.engine.errors import ConflictError
from discpress.engine.request import OnConflict

pytestmark = pytest.mark.slow

SOURCE, SHEET = "game.chd", "game.cue"
FILES = expected_files(SHEET, SHORT)
FIRST, LAST = [name for name in FILES if name != SHEET]
SCENARIOS = {"renames": (), "links": ("--links",)}


@pytest.fixture(scope="module", params=SCENARIOS)
def wrecks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The folders that the killed conversions left, one for each call."""
    top = tmp_path_factory.mktemp("wrecks")
    write_disc(top / SOURCE, SHORT)
    environment = os.environ | {"PYTHONPATH": str(Path(crash_at.__file__).parent), "PYTHONWARNINGS": "error"}
    command = [sys.executable, crash_at.__file__, str(top), "--disc", *SCENARIOS[request.param]]
    said = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    return [top / str(number + 1) for number in range(int(said.stdout))]


def published(folder: Path) -> set[str]:
    return FILES.keys() & files_in(folder).keys()


def test_there_are_points_in_the_midst_of_the_publication(wrecks: list[Path]) -> None:
    assert {len(published(folder)) for folder in wrecks} == set(range(len(FILES) + 1))


def test_the_source_is_never_touched(wrecks: list[Path]) -> None:
    for folder in wrecks:
        assert (folder / SOURCE).read_bytes() == stored_sectors(SHORT), folder


def test_a_file_with_its_name_is_whole(wrecks: list[Path]) -> None:
    for folder in wrecks:
        assert {name: files_in(folder)[name] for name in published(folder)}.items() <= FILES.items(), folder


def test_the_sheet_comes_last(wrecks: list[Path]) -> None:
    for folder in wrecks:
        assert SHEET not in published(folder) or published(folder) == FILES.keys(), folder


def test_the_part_of_the_sheet_shows_what_files_without_a_sheet_are(wrecks: list[Path]) -> None:
    for folder in wrecks:
        is_midway = bool(published(folder)) and SHEET not in published(folder)
        assert not is_midway or is_interrupted(folder / SHEET), folder


@pytest.fixture
def copies(wrecks: list[Path], tmp_path: Path) -> list[Path]:
    """Copies of the folders for tests that change them; a file with two names keeps both."""
    made = []
    for number, folder in enumerate(wrecks):
        copy = tmp_path / str(number)
        copy.mkdir()
        names: dict[int, Path] = {}
        for path in sorted(folder.iterdir()):
            other = names.setdefault(path.stat().st_ino, copy / path.name)
            if other == copy / path.name:
                shutil.copy2(path, other)
            else:
                (copy / path.name).hardlink_to(other)
        made.append(copy)
    return made


def test_the_next_run_finishes_it(copies: list[Path]) -> None:
    for folder in copies:
        drop_second_name(folder / SHEET)  # as every client does
        if not (folder / SHEET).exists():
            convert_disc(folder / SOURCE, SHORT)
        assert files_in(folder) == {**FILES, SOURCE: stored_sectors(SHORT)}, folder


@pytest.mark.parametrize("rule", OnConflict)
def test_files_that_the_killed_run_has_published_stay_the_same(rule: OnConflict, copies: list[Path]) -> None:
    folder = next(each for each in copies if published(each) == {FIRST})
    before = (folder / FIRST).stat()
    convert_disc(folder / SOURCE, SHORT, on_conflict=rule)
    after = (folder / FIRST).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert published(folder) == FILES.keys()


def test_a_published_file_that_was_changed_since_refuses_all_and_stays(copies: list[Path]) -> None:
    for folder in copies:
        if published(folder) != {FIRST} or (folder / FIRST).stat().st_nlink > 1:
            continue
        flip_byte(folder / FIRST, 100)
        changed = (folder / FIRST).read_bytes()
        with pytest.raises(ConflictError, match="exists already"):
            convert_disc(folder / SOURCE, SHORT)
        assert (folder / FIRST).read_bytes() == changed
        assert is_interrupted(folder / SHEET)
        (folder / FIRST).unlink()
        convert_disc(folder / SOURCE, SHORT)
        assert files_in(folder) == {**FILES, SOURCE: stored_sectors(SHORT)}, folder


def test_a_whole_file_without_the_part_of_the_sheet_is_somebody_elses(tmp_path: Path) -> None:
    write_disc(tmp_path / SOURCE, SHORT)
    (tmp_path / LAST).write_bytes(FILES[LAST])
    with pytest.raises(ConflictError, match="exists already"):
        convert_disc(tmp_path / SOURCE, SHORT)


def test_a_link_to_a_whole_file_is_somebody_elses(tmp_path: Path) -> None:
    write_disc(tmp_path / SOURCE, SHORT)
    part_of(tmp_path / SHEET).write_bytes(FILES[SHEET])
    (tmp_path / "elsewhere").write_bytes(FILES[LAST])
    (tmp_path / LAST).symlink_to("elsewhere")
    with pytest.raises(ConflictError, match="not a regular file"):
        convert_disc(tmp_path / SOURCE, SHORT)

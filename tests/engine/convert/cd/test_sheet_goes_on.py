"""A conversion to a sheet and its files that goes on from a killed one: what that has published stays where it is.

Each folder is as a kill leaves it: the part of the sheet, and some files under their final names.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import write_old
from disc_files import convert_disc, expected_files, files_in
from fault_injection import flip_byte, part_of
from raw_discs import SHORT, write_disc
from trash_sets import entries

from discpress.engine.convert.part.part_set import PartSet, is_interrupted
from discpress.engine.convert.trash.undo import undo
from discpress.engine.errors import ConflictError
from discpress.engine.progress import Control
from discpress.engine.request import OnConflict
from discpress.engine.system.files import FileIdentity

SOURCE, SHEET = "Okami [t-en by X] [red].chd", "Okami [t-en by X] [red].cue"
FILES = expected_files(SHEET, SHORT)
FIRST, LAST = [name for name in FILES if name != SHEET]
OVERWRITE = OnConflict.OVERWRITE


def results_in(folder: Path) -> dict[str, bytes]:
    """Every file but the source."""
    return {name: data for name, data in files_in(folder).items() if name != SOURCE}


def stop_midway(folder: Path, *published: str) -> Path:
    """Leave what a killed run leaves that has published some files; return the source."""
    part_of(folder / SHEET).write_bytes(FILES[SHEET])
    for name in published:
        write_old(folder / name, FILES[name])
    return write_disc(folder / SOURCE, SHORT)


@pytest.mark.parametrize("published", [(FIRST,), (LAST,), (FIRST, LAST)])
def test_a_run_that_may_overwrite_keeps_what_the_killed_one_has_published(
    published: tuple[str, ...], tmp_path: Path
) -> None:
    source_path = stop_midway(tmp_path, *published)
    inodes = {name: (tmp_path / name).stat().st_ino for name in published}
    convert_disc(source_path, SHORT, on_conflict=OVERWRITE)
    assert results_in(tmp_path) == FILES
    assert {name: (tmp_path / name).stat().st_ino for name in published} == inodes
    assert entries(tmp_path) == []


def test_another_file_under_a_name_goes_to_the_trash_alone_and_comes_back(tmp_path: Path) -> None:
    source_path = stop_midway(tmp_path, FIRST)
    write_old(tmp_path / LAST, b"mine")
    done = convert_disc(source_path, SHORT, on_conflict=OVERWRITE)
    assert results_in(tmp_path) == FILES
    assert done.overwritten is not None
    assert [file.name for file in done.overwritten.files] == [LAST]
    undone = undo(done.overwritten, 1, Control())
    assert results_in(tmp_path) == {LAST: b"mine"}
    assert undone.replacement_entry is not None
    assert {file.name for file in undone.replacement_entry.files} == FILES.keys()


def at_the_seal(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something once, when all of the result is written."""
    real = PartSet.seal

    def seal(part: PartSet, mtime_ns: int) -> FileIdentity:
        act()
        monkeypatch.setattr(PartSet, "seal", real)
        return real(part, mtime_ns)

    monkeypatch.setattr(PartSet, "seal", seal)


def change_in_place(path: Path) -> None:
    flip_byte(path, 100)


def put_another_there(path: Path) -> None:
    path.unlink()
    write_old(path, b"mine")


@pytest.mark.parametrize("change", [Path.unlink, change_in_place, put_another_there])
def test_a_published_file_that_is_changed_meanwhile_takes_all_back(
    change: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_path = stop_midway(tmp_path, FIRST)
    write_old(tmp_path / LAST, b"older")
    at_the_seal(monkeypatch, lambda: change(tmp_path / FIRST))
    with pytest.raises(ConflictError, match="was removed or changed meanwhile"):
        convert_disc(source_path, SHORT, on_conflict=OVERWRITE)
    left = files_in(tmp_path)
    assert left.get(FIRST) != FILES[FIRST]
    assert left[LAST] == b"older"
    assert is_interrupted(tmp_path / SHEET)
    convert_disc(source_path, SHORT, on_conflict=OVERWRITE)
    assert results_in(tmp_path) == FILES
    kept = {path.read_bytes() for path in tmp_path.glob(".discpress-trash/*/*.kept")}
    assert kept == {b"older", *([left[FIRST]] if FIRST in left else [])}


def test_a_copy_of_a_published_file_stands_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source_path = stop_midway(tmp_path, FIRST)
    copy = tmp_path.parent / f"{tmp_path.name} copy"
    copy.write_bytes(FILES[FIRST])
    at_the_seal(monkeypatch, lambda: copy.replace(tmp_path / FIRST))
    convert_disc(source_path, SHORT, on_conflict=OVERWRITE)
    assert results_in(tmp_path) == FILES

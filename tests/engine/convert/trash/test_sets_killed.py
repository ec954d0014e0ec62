"""A title of several files in the trash, killed before and after each call to the system: nothing is lost or hidden."""

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import crash_in_trash
import pytest
from sample_images import read_back
from trash_sets import FILES, IMAGE, MAIN, RESULT, entries, is_home, put_away, undo_as_a_user

from discpress.engine.convert.recovery import find_trashed
from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.convert.trash.listing import entries_in, sweep_trash_in
from discpress.engine.convert.trash.undo import purge
from discpress.engine.errors import DiscpressError, TrashError
from discpress.engine.progress import Control

pytestmark = pytest.mark.slow

ACTS = ("move", "move --links", "undo", "undo --links", "undo --lock", "purge")


@dataclass(frozen=True, slots=True)
class Wrecks:
    """Folders in which one act was killed, each one call later."""

    act: str
    top: Path
    count: int

    @classmethod
    def make(cls, top: Path, act: str) -> "Wrecks":
        environment = os.environ | {"PYTHONPATH": str(Path(crash_in_trash.__file__).parent), "PYTHONWARNINGS": "error"}
        command = [sys.executable, crash_in_trash.__file__, str(top), *act.split()]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return cls(act, top, int(done.stdout))

    @property
    def folders(self) -> list[Path]:
        return [self.top / str(number + 1) for number in range(self.count)]

    def copy(self, top: Path) -> "Wrecks":
        """The same with other inodes, as on another disk; two names of one file stay that."""
        subprocess.run(["cp", "-a", self.top, top / "copy"], check=True)
        return Wrecks(self.act, top / "copy", self.count)


@pytest.fixture(scope="module")
def wrecks_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Wrecks]:
    return functools.cache(lambda act: Wrecks.make(tmp_path_factory.mktemp("wrecks"), act))


@pytest.fixture(params=ACTS)
def wrecks(request: pytest.FixtureRequest, wrecks_of: Callable[[str], Wrecks]) -> Wrecks:
    return wrecks_of(request.param)


def trashed_bytes(folder: Path) -> list[bytes]:
    """The bytes of what is stored and described."""
    stored = (entry.folder / file.stored for entry in entries(folder) for file in entry.files)
    return [path.read_bytes() for path in stored if path.exists()]


def has(path: Path, data: bytes) -> bool:
    return path.exists() and path.read_bytes() == data


def gives_the_image(path: Path) -> bool:
    try:
        return path.exists() and read_back(path) == IMAGE
    except DiscpressError:  # a file of the set
        return False


def test_there_are_seven_points_or_more(wrecks: Wrecks) -> None:
    assert wrecks.count >= 7


def test_no_file_is_lost(wrecks: Wrecks) -> None:
    for folder in wrecks.folders:
        may_be_gone = wrecks.act == "purge" and gives_the_image(folder / RESULT)
        trashed = trashed_bytes(folder)
        for name, data in FILES.items():
            assert has(folder / name, data) or data in trashed or may_be_gone, f"{folder}: {name}"


def test_the_result_is_never_lost(wrecks: Wrecks) -> None:
    for folder in wrecks.folders:
        stored = [entry.folder / file.stored for entry in entries(folder) for file in entry.files]
        assert any(map(gives_the_image, [folder / RESULT, *stored]))


def test_every_stored_file_is_described(wrecks: Wrecks) -> None:
    for folder in wrecks.folders:
        assert len(list(folder.glob(f"{TRASH_NAME}/*/*.kept"))) == len(trashed_bytes(folder))


def test_no_entry_is_broken(wrecks: Wrecks) -> None:
    for folder in wrecks.folders:
        assert [each for each in entries_in(folder) if not isinstance(each, TrashEntry)] == []


def test_an_undo_brings_all_files_back_from_wherever_it_was_killed(wrecks: Wrecks, tmp_path: Path) -> None:
    for folder in wrecks.copy(tmp_path).folders:
        undo_as_a_user(folder)
        assert is_home(folder) or wrecks.act == "purge", folder
        assert not list(folder.glob(f"{TRASH_NAME}/*/undoing"))


def test_nothing_is_left_once_the_trash_was_swept(wrecks: Wrecks, tmp_path: Path) -> None:
    for folder in wrecks.copy(tmp_path).folders:
        undo_as_a_user(folder)
        sweep_trash_in(folder)
        held = {path.parent for path in folder.glob(f"{TRASH_NAME}/*/*.kept")}
        assert set(folder.glob(f"{TRASH_NAME}/*")) == held
        assert bool(held) == (folder / TRASH_NAME).exists()


@pytest.mark.parametrize("act", ["move", "move --links"])
def test_the_next_run_of_a_job_moves_the_rest(act: str, tmp_path: Path) -> None:
    finished = 0
    for folder in Wrecks.make(tmp_path, act).folders:
        if (folder / MAIN).exists():
            assert is_home(folder)  # the main file goes first
        else:
            entry = find_trashed(folder / MAIN)
            assert entry is not None
            assert sorted(trashed_bytes(folder)) == sorted(FILES.values())
            finished += 1
    assert finished == len(FILES)


def test_a_purge_goes_on_where_one_was_killed(tmp_path: Path) -> None:
    for folder in Wrecks.make(tmp_path, "purge").folders:
        for entry in entries(folder):
            purge(entry, 1, Control(), force=False)
        sweep_trash_in(folder)
        assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [RESULT]


def test_a_purge_that_was_killed_is_not_finished_without_a_proof(tmp_path: Path) -> None:
    for folder in Wrecks.make(tmp_path, "purge").folders:
        (folder / RESULT).unlink()
        for entry in entries(folder):
            before = trashed_bytes(folder)
            with pytest.raises(TrashError, match="kept in the trash"):
                purge(entry, 1, Control(), force=False)
            assert trashed_bytes(folder) == before


def test_what_was_moved_only_in_part_can_be_moved_again_after_an_undo(
    wrecks_of: Callable[[str], Wrecks], tmp_path: Path
) -> None:
    for folder in wrecks_of("move").copy(tmp_path).folders:
        undo_as_a_user(folder)
        for entry in entries(folder):
            if entry.reason == "undone":  # the result, which an undo took along
                (folder / RESULT).write_bytes(entry.file_path.read_bytes())
        put_away(folder)
        assert not (folder / MAIN).exists()

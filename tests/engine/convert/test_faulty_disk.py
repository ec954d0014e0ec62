"""The real pipeline on a disk that answers short, fails at any byte, fills at any byte, under a clock that jumps."""

import random
from pathlib import Path

import fault_injection as faults
import pytest
from command_line import write_old
from faulty_disk import Faults, faulty_disk
from sample_images import mixed, read_back

from discpress.engine.convert.trash import trash
from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.errors import SpaceError, StorageError

SOURCE = mixed(2 * 1024 * 1024 + 6144, seed=31)
SEED = 31
TRIES = 12


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    return write_old(tmp_path / "game.iso", SOURCE)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    source_path = write_old(tmp_path_factory.mktemp("calm") / "game.iso", SOURCE)
    faults.run_conversion(source_path)
    return source_path.with_suffix(".zso").read_bytes()


def offsets(size: int) -> list[int]:
    chance = random.Random(SEED)
    return [0, 4095, 4096, size - 1, *(chance.randrange(size) for _ in range(TRIES))]


@pytest.mark.parametrize("seed", range(3))
def test_short_reads_and_writes_change_no_byte(seed: int, source_path: Path, packed: bytes) -> None:
    with faulty_disk(Faults(seed=seed, is_short=True)):
        done = faults.run_conversion(source_path)
    assert (done.is_verified, source_path.with_suffix(".zso").read_bytes()) == (True, packed)


@pytest.mark.slow
def test_a_read_error_at_any_byte_of_the_source_fails_the_job_only(source_path: Path, tmp_path: Path) -> None:
    kept = faults.Kept.of(source_path)
    for offset in offsets(len(SOURCE)):
        with faulty_disk(Faults(read_error_at=offset)), pytest.raises(StorageError, match=r"game\.iso.*Input/output"):
            faults.run_conversion(source_path)
        kept.check()
        assert faults.names_in(tmp_path) == ["game.iso"]


@pytest.mark.slow
def test_a_read_error_at_any_byte_of_the_result_publishes_nothing(
    source_path: Path, tmp_path: Path, packed: bytes
) -> None:
    kept = faults.Kept.of(source_path)
    for offset in offsets(len(packed.rstrip(b"\0"))):  # what fills the last sector is in no block
        fault = Faults(read_error_at=offset, read_error_in="-part")
        with faulty_disk(fault), pytest.raises(StorageError, match=r"game\.zso"):
            faults.run_conversion(source_path)
        kept.check()
        assert faults.names_in(tmp_path) == ["game.iso"]


@pytest.mark.slow
def test_a_write_error_at_any_byte_publishes_nothing(source_path: Path, tmp_path: Path, packed: bytes) -> None:
    kept = faults.Kept.of(source_path)
    for offset in offsets(len(packed)):
        with faulty_disk(Faults(write_error_at=offset)), pytest.raises(StorageError, match=r"game\.zso"):
            faults.run_conversion(source_path)
        kept.check()
        assert faults.names_in(tmp_path) == ["game.iso"]


@pytest.mark.slow
def test_a_disk_that_is_full_at_any_byte_publishes_nothing(source_path: Path, tmp_path: Path, packed: bytes) -> None:
    kept = faults.Kept.of(source_path)
    for room in offsets(len(packed)):
        with faulty_disk(Faults(room_bytes=room)), pytest.raises(SpaceError, match="No space left"):
            faults.run_conversion(source_path)
        kept.check()
        assert faults.names_in(tmp_path) == ["game.iso"]


@pytest.mark.parametrize("seed", range(6))
def test_a_clock_that_jumps_changes_nothing_but_may_keep_the_source(
    seed: int, source_path: Path, tmp_path: Path, packed: bytes
) -> None:
    control = faults.PatientControl()
    with faulty_disk(Faults(seed=seed, has_jumping_clock=True)):
        faults.run_conversion(source_path, trash_source=True, control=control)
    assert (tmp_path / "game.zso").read_bytes() == packed
    held = [each.file_path for each in entries_in(tmp_path) if isinstance(each, TrashEntry)]
    assert [read_back(path) for path in [*tmp_path.glob("game.iso"), *held]] == [SOURCE]
    assert all(wait_s <= trash.SETTLED_NS / 1e9 for wait_s in control.waits_s)

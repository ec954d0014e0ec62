"""The source must be what was read, from the plan to the trash (Safety rule 2)."""

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import fault_injection as faults
import pytest
from command_line import write_old
from sample_images import mixed

from discpress.engine.convert import packing
from discpress.engine.convert.part import part
from discpress.engine.convert.trash import trash
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.errors import DiscpressError, SourceChangedError, StorageError
from discpress.engine.system import locks

SOURCE = mixed(6 * 1024 * 1024, seed=6)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def write_inside(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(5 * 1024 * 1024)
        file.write(b"changed")


def touch(path: Path) -> None:
    os.utime(path, (1, 1))


def write_and_hide(path: Path) -> None:
    """Same size, same mtime: only ctime tells."""
    before = path.stat()
    write_inside(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def put_copy_in_place(path: Path) -> None:
    before = path.stat()
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
    copy.replace(path)


def remove(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    os.truncate(path, 1024 * 1024)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def move_away(path: Path) -> None:
    path.rename(path.with_name("elsewhere.iso"))


CHANGES = {
    each.__name__: each
    for each in (grow, write_inside, touch, write_and_hide, put_copy_in_place, remove, cut, empty, move_away)
}


@pytest.fixture(params=CHANGES)
def change(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    return CHANGES[request.param]


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    return write_old(tmp_path / "game.iso", SOURCE)


def assert_nothing_published(folder: Path) -> None:
    assert set(faults.names_in(folder)) <= {"game.iso", "elsewhere.iso"}


def test_a_change_before_the_first_read_fails_the_job(
    change: Callable[[Path], None], source_path: Path, tmp_path: Path
) -> None:
    with pytest.raises(DiscpressError):
        faults.run_conversion(source_path, before=lambda: change(source_path))
    assert_nothing_published(tmp_path)


def test_a_change_while_it_is_read_fails_the_job(
    change: Callable[[Path], None], source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.at_chunk(monkeypatch, 3, lambda: change(source_path))
    with pytest.raises(
        SourceChangedError,
        match=r"game\.iso: the source changed or was removed during the conversion; no result was written",
    ):
        faults.run_conversion(source_path)
    assert_nothing_published(tmp_path)


def test_a_change_while_it_is_proven_fails_the_job(
    change: Callable[[Path], None], source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.run_before(monkeypatch, packing, "prove_image", lambda: change(source_path))
    with pytest.raises(SourceChangedError):
        faults.run_conversion(source_path)
    assert_nothing_published(tmp_path)


def test_a_change_just_before_publishing_fails_the_job(
    change: Callable[[Path], None], source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.run_after(monkeypatch, part.PartFile, "seal", lambda: change(source_path))
    with pytest.raises(SourceChangedError):
        faults.run_conversion(source_path)
    assert_nothing_published(tmp_path)


def test_a_change_just_before_the_trash_leaves_the_source_where_it_is(
    change: Callable[[Path], None], source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.run_after(monkeypatch, trash, "wait_until_settled", lambda: change(source_path))
    with pytest.raises(SourceChangedError):
        faults.run_conversion(source_path, trash_source=True)
    assert not (tmp_path / TRASH_NAME).exists()


def test_an_error_after_publishing_does_not_say_that_nothing_was_published(
    source_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.run_after(monkeypatch, trash, "wait_until_settled", lambda: touch(source_path))
    with pytest.raises(SourceChangedError) as caught:
        faults.run_conversion(source_path, trash_source=True)
    assert "no result was written" not in str(caught.value)


def test_a_change_in_the_very_last_moment_is_seen_before_the_rename(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.run_before(monkeypatch, trash, "write_entry", lambda: put_copy_in_place(source_path))
    with pytest.raises(SourceChangedError):
        faults.run_conversion(source_path, trash_source=True)
    assert source_path.read_bytes() == SOURCE
    assert not (tmp_path / TRASH_NAME).exists()


def test_a_source_that_stays_is_no_error(source_path: Path, tmp_path: Path) -> None:
    kept = faults.Kept.of(source_path)
    faults.run_conversion(source_path)
    kept.check()


def test_reading_it_elsewhere_is_no_change(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults.at_chunk(monkeypatch, 3, source_path.read_bytes)
    assert faults.run_conversion(source_path).is_verified


@pytest.mark.parametrize("chunk", [0, 3, 5])
def test_an_io_error_mid_way_names_the_place_and_leaves_nothing(
    chunk: int, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = faults.Kept.of(source_path)
    with monkeypatch.context() as failing:
        faults.at_chunk(failing, chunk, lambda: failing.setattr(os, "preadv", faults.fail_with(errno.EIO)))
        with pytest.raises(StorageError, match=r"game\.iso: cannot read it at byte \d+: Input/output error"):
            faults.run_conversion(source_path)
    kept.check()
    assert faults.names_in(tmp_path) == ["game.iso"]


@pytest.fixture
def writer(source_path: Path) -> Iterator[None]:
    """Another process that has the source open for writing and writes nothing."""
    program = "import sys; file = open(sys.argv[1], 'r+b'); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, source_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.stdin.close()


@pytest.mark.slow
@pytest.mark.usefixtures("writer")
def test_a_file_that_is_open_for_writing_is_not_moved(source_path: Path) -> None:
    kept = faults.Kept.of(source_path)
    with pytest.raises(SourceChangedError, match="another program has it open for writing: it stays where it is"):
        faults.run_conversion(source_path, trash_source=True)
    kept.check()


@pytest.mark.usefixtures("writer")
def test_a_read_lease_is_refused_while_somebody_writes(source_path: Path) -> None:
    with source_path.open("rb") as file:
        assert locks.has_writer(file.fileno())


def test_a_read_lease_is_given_back(source_path: Path) -> None:
    with source_path.open("rb") as file:
        assert not locks.has_writer(file.fileno())
        with source_path.open("r+b"):
            assert locks.has_writer(file.fileno())


@pytest.mark.parametrize("number", [errno.EACCES, errno.EINVAL], ids=errno.errorcode.get)
def test_a_lease_that_cannot_be_asked_for_hinders_nothing(
    number: int, source_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    monkeypatch.setattr(fcntl, "fcntl", faults.fail_with(number))
    assert faults.run_conversion(source_path, trash_source=True).trashed is not None


@pytest.fixture
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall clock stands still: what is young stays so, however long a conversion takes."""
    now_ns = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now_ns)


@pytest.mark.parametrize("age_s", [0, 3, 9])
@pytest.mark.usefixtures("still_clock")
def test_a_source_younger_than_ten_seconds_is_waited_for(age_s: int, tmp_path: Path) -> None:
    control = faults.PatientControl()
    source_path = write_old(tmp_path / "game.iso", SOURCE, age_s)
    faults.run_conversion(source_path, control=control, trash_source=True)
    assert control.waits_s == [10 - age_s]


def test_an_older_source_is_not_waited_for(source_path: Path) -> None:
    control = faults.PatientControl()
    faults.run_conversion(source_path, control=control, trash_source=True)
    assert control.waits_s == []


def test_a_source_that_stays_is_not_waited_for(tmp_path: Path) -> None:
    control = faults.PatientControl()
    faults.run_conversion(write_old(tmp_path / "game.iso", SOURCE, 0), control=control)
    assert control.waits_s == []


@pytest.mark.usefixtures("still_clock")
def test_a_source_that_is_written_during_the_wait_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source_path = write_old(tmp_path / "game.iso", SOURCE, 1)
    control = faults.PatientControl()
    monkeypatch.setattr(control, "wait", lambda seconds: touch(source_path))
    with pytest.raises(SourceChangedError, match="somebody is still writing it: it stays where it is"):
        faults.run_conversion(source_path, control=control, trash_source=True)
    assert source_path.exists()


def test_a_source_from_the_future_stays(tmp_path: Path) -> None:
    source_path = write_old(tmp_path / "game.iso", SOURCE, -3600)
    done = faults.run_conversion(source_path, trash_source=True)
    assert (done.trashed, source_path.exists()) == (None, True)
    assert [notice for notice in done.notices if "lies in the future: it stays where it is" in notice]


@pytest.mark.usefixtures("still_clock")
def test_a_stop_during_the_wait_leaves_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source_path = write_old(tmp_path / "game.iso", SOURCE, 1)
    control = faults.PatientControl()

    def stop(seconds: float) -> None:
        control.cancel()
        control.check()

    monkeypatch.setattr(control, "wait", stop)
    done = faults.run_conversion(source_path, control=control, trash_source=True)
    assert (done.trashed, len(done.notices)) == (None, 1)
    assert source_path.read_bytes() == SOURCE

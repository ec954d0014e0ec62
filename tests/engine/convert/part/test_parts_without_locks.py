"""On a share without locks a part is only taken over when the process that wrote it has surely ended (rule 3)."""

import errno
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import fault_injection as faults
import pytest
from patience import HANG_S
from sample_images import mixed, pack, read_back, write_image

from discpress.engine.convert.part.marker import HEAD_BYTES, make_marker, process_of_marker
from discpress.engine.convert.part.name import drop_second_name, remove_part_of, reopen_part
from discpress.engine.convert.part.part import PartFile
from discpress.engine.errors import CancelledError, PartError
from discpress.engine.images.recognised import PART_MAGIC
from discpress.engine.system.access import Access
from discpress.engine.system.files import FileIdentity
from discpress.engine.system.liveness import ProcessIdentity

SOURCE = mixed(1024 * 1024 + 2048, seed=53)
JOB = "queue 1"
DEAD = replace(ProcessIdentity.current(), started="1")
LIVING = ProcessIdentity.current()
ELSEWHERE = replace(DEAD, host="nas\x1b[31m", machine="another")


@pytest.fixture(autouse=True)
def share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", faults.fail_with(errno.ENOSYS))


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    return write_image(tmp_path / "game.iso", SOURCE)


@pytest.fixture
def part_path(tmp_path: Path) -> Path:
    return tmp_path / "game.zso.discpress-part"


def leave(part_path: Path, source_path: Path, process: ProcessIdentity, job: str = JOB) -> faults.Kept:
    """Leave a part that this process has marked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProcessIdentity, "current", lambda: process)
        marker = make_marker(job, source_path, FileIdentity.of(source_path.stat()))
    part_path.write_bytes(marker + bytes(50_000))
    return faults.Kept.of(part_path)


def test_a_leftover_of_a_dead_process_is_replaced(source_path: Path, part_path: Path, tmp_path: Path) -> None:
    leave(part_path, source_path, DEAD)
    faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso", "game.zso"]


@pytest.mark.parametrize("process", [LIVING, ELSEWHERE], ids=["living", "elsewhere"])
def test_a_part_that_may_be_alive_is_left_alone(
    process: ProcessIdentity, source_path: Path, part_path: Path, tmp_path: Path
) -> None:
    kept = leave(part_path, source_path, process)
    with pytest.raises(PartError, match="may still be writing this file: its file system has no locks"):
        faults.run_conversion(source_path)
    kept.check()
    assert faults.names_in(tmp_path) == ["game.iso", part_path.name]


def test_the_refusal_names_the_process_and_what_to_do(source_path: Path, part_path: Path) -> None:
    leave(part_path, source_path, ELSEWHERE)
    with pytest.raises(PartError) as caught:
        faults.run_conversion(source_path)
    assert f"(process {ELSEWHERE.pid} on nas" in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert caught.value.hint == "make sure that no discpress writes there, then remove this file"


UNREADABLE = {
    "empty": b"",
    "zeros": bytes(HEAD_BYTES),
    "no process": PART_MAGIC + b'{"job": "killed"}\n' + bytes(5000),
    "a process that is no number": PART_MAGIC + b'{"job": "killed", "host": "nas", "pid": "1"}\n' + bytes(5000),
    "no object": PART_MAGIC + b"[1]\n" + bytes(5000),
    "half of it": PART_MAGIC + b'{"job": "kil',
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_names_no_process_is_left_alone(kind: str, source_path: Path, part_path: Path) -> None:
    """It may be of a run that has only just created it."""
    part_path.write_bytes(UNREADABLE[kind])
    kept = faults.Kept.of(part_path)
    with pytest.raises(PartError, match="another discpress may still be writing this file"):
        faults.run_conversion(source_path)
    kept.check()


def test_a_finished_part_without_marker_is_left_alone(source_path: Path, part_path: Path, tmp_path: Path) -> None:
    """Another run may be about to publish it."""
    faults.run_conversion(source_path)
    (tmp_path / "game.zso").rename(part_path)
    kept = faults.Kept.of(part_path)
    with pytest.raises(PartError, match="another discpress may still be writing this file"):
        faults.run_conversion(source_path)
    kept.check()


def test_a_users_file_is_still_called_one(source_path: Path, part_path: Path) -> None:
    part_path.write_bytes(b"notes of somebody\n")
    with pytest.raises(PartError, match="this file has the part's name and was not written by discpress"):
        faults.run_conversion(source_path)


def part_of_job(source_path: Path, tmp_path: Path) -> PartFile:
    class Resume:
        head = bytes(HEAD_BYTES)
        part_bytes = 20_000

    return PartFile(
        tmp_path / "game.zso",
        job=JOB,
        source_path=source_path,
        source=FileIdentity.of(source_path.stat()),
        access=Access(0o644, os.getuid(), os.getgid()),
        is_copy_of_source=lambda path: False,
        resume=Resume(),
    )


@pytest.mark.parametrize("process", [DEAD, LIVING], ids=["dead", "this one"])
def test_a_job_takes_its_part_up_again(
    process: ProcessIdentity, source_path: Path, part_path: Path, tmp_path: Path
) -> None:
    """Also the process that suspended it, as the worker does."""
    leave(part_path, source_path, process)
    part = part_of_job(source_path, tmp_path)
    assert (part.is_resumed, part.size_bytes) == (True, 20_000)
    part.discard()


def test_a_part_that_is_taken_up_names_the_process_that_goes_on(
    source_path: Path, part_path: Path, tmp_path: Path
) -> None:
    leave(part_path, source_path, DEAD)
    part = part_of_job(source_path, tmp_path)
    assert process_of_marker(part_path.read_bytes()[:HEAD_BYTES]) == LIVING
    part.discard()


def test_a_job_leaves_the_part_of_another_machine_alone(source_path: Path, part_path: Path, tmp_path: Path) -> None:
    kept = leave(part_path, source_path, ELSEWHERE)
    with pytest.raises(PartError):
        part_of_job(source_path, tmp_path)
    kept.check()


def test_the_part_of_a_cancelled_job_is_removed(source_path: Path, part_path: Path, tmp_path: Path) -> None:
    leave(part_path, source_path, DEAD)
    assert remove_part_of(tmp_path / "game.zso", JOB)
    assert faults.names_in(tmp_path) == ["game.iso"]


def test_a_second_name_is_removed(source_path: Path, part_path: Path, tmp_path: Path) -> None:
    faults.run_conversion(source_path)
    os.link(tmp_path / "game.zso", part_path)
    drop_second_name(tmp_path / "game.zso")
    assert faults.names_in(tmp_path) == ["game.iso", "game.zso"]


@pytest.fixture
def other_run(source_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that converts on the same share, held while it has its part."""
    code = f"""
import errno, fcntl, sys
from pathlib import Path
import fault_injection as faults
fcntl.flock = faults.fail_with(errno.ENOSYS)
import pytest
with pytest.MonkeyPatch.context() as patch:
    faults.at_chunk(patch, 1, lambda: (print("writing", flush=True), sys.stdin.read()))
    faults.run_conversion(Path({str(source_path)!r}))
"""
    support = Path(faults.__file__).parent
    environment = os.environ | {"PYTHONPATH": f"{support}:{support.parents[1]}"}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()
        process.wait(HANG_S)


@pytest.mark.slow
def test_two_runs_of_one_machine_see_each_other(
    other_run: "subprocess.Popen[bytes]", source_path: Path, tmp_path: Path
) -> None:
    with pytest.raises(PartError, match=rf"another discpress \(process {other_run.pid} on "):
        faults.run_conversion(source_path)
    assert other_run.stdin is not None
    other_run.stdin.close()
    assert other_run.wait(HANG_S) == 0
    assert read_back(tmp_path / "game.zso") == SOURCE


@pytest.mark.slow
def test_a_run_that_was_killed_makes_room(
    other_run: "subprocess.Popen[bytes]", source_path: Path, tmp_path: Path
) -> None:
    other_run.kill()
    other_run.wait()
    faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso", "game.zso"]


def test_a_failed_run_removes_its_part(source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from discpress.engine.progress import Control

    control = Control()
    faults.at_chunk(monkeypatch, 1, control.cancel)
    with pytest.raises(CancelledError):
        faults.run_conversion(source_path, control=control)
    assert faults.names_in(tmp_path) == ["game.iso"]


def test_a_marker_fits_whatever_the_host_is_called(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = replace(LIVING, host="\U0001f4bf" * 64)
    monkeypatch.setattr(ProcessIdentity, "current", lambda: long)
    marker = make_marker(JOB, Path("/\u202e" * 300), FileIdentity.of(source_path.stat()))
    assert (len(marker), process_of_marker(marker)) == (HEAD_BYTES, long)


def test_a_marker_of_an_earlier_version_is_read() -> None:
    text = json.dumps({"job": "1", "host": LIVING.host, "pid": LIVING.pid}).encode()
    assert process_of_marker(PART_MAGIC + text) == ProcessIdentity(LIVING.host, LIVING.pid)
    assert asdict(ProcessIdentity("nas", 1))["boot"] == ""


def test_a_part_of_another_job_is_not_taken_up(source_path: Path, part_path: Path) -> None:
    kept = leave(part_path, source_path, DEAD, job="another")
    assert reopen_part(part_path, JOB) == -1
    kept.check()


def test_an_image_of_another_disc_stays(source_path: Path, part_path: Path, tmp_path: Path) -> None:
    pack(tmp_path / "other.zso", mixed(1024 * 1024, seed=9)).rename(part_path)
    kept = faults.Kept.of(part_path)
    with pytest.raises(PartError, match="this file has the part's name"):
        faults.run_conversion(source_path)
    kept.check()

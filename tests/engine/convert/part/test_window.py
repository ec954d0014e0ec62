"""The temporary part of a test: like any other part, and gone with whoever made it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fault_injection import fail_with, names_in
from sample_images import mixed, write_image

from discpress.engine.convert.part import window as window_part
from discpress.engine.convert.part.marker import HEAD_BYTES, job_of_marker
from discpress.engine.convert.part.name import remove_part_of, window_path
from discpress.engine.convert.part.window import WindowPart, is_read_only, open_window
from discpress.engine.errors import PartError, SpaceError, StorageError
from discpress.engine.images.recognised import PART_MAGIC
from discpress.engine.system.files import FileIdentity

NAME = "game.iso.discpress-window.discpress-part"


@pytest.fixture
def game(tmp_path: Path) -> Path:
    return write_image(tmp_path / "games" / "game.iso", mixed(100_000))


def make(game: Path) -> WindowPart:
    return WindowPart(game.parent, game, FileIdentity.of(game.stat()), "test 1")


def cannot_unlink(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a file system that does not remove open files."""
    monkeypatch.setattr(WindowPart, "_unlink", lambda self: None)


def test_its_name_is_gone_while_it_is_still_used(game: Path) -> None:
    with make(game) as part:
        part.write_at(0, b"bytes")
        buffer = bytearray(5)
        assert part.read_into(buffer, 0) == 5
        assert (names_in(game.parent), bytes(buffer)) == (["game.iso"], b"bytes")


def test_what_is_written_is_read_back_at_its_place(game: Path) -> None:
    with make(game) as part:
        part.write_at(10_000, b"later")
        part.write_at(0, b"first")
        buffer = bytearray(100)
        count = part.read_into(buffer, 9_998)
        assert (part.size_bytes, bytes(buffer[:count])) == (10_005, b"\0\0later")


def test_it_is_emptied_for_the_next_image(game: Path) -> None:
    with make(game) as part:
        part.write_at(0, b"one image")
        part.start_again()
        assert (part.size_bytes, part.read_into(bytearray(9), 0)) == (0, 0)


def test_it_begins_with_the_marker_and_never_with_an_image(game: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cannot_unlink(monkeypatch)
    with make(game) as part:
        part.write_at(0, b"ZISO")
        head = (game.parent / NAME).read_bytes()[:HEAD_BYTES]
        assert (head.startswith(PART_MAGIC), job_of_marker(head)) == (True, "test 1")


def test_where_an_open_file_stays_it_goes_at_the_end(game: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cannot_unlink(monkeypatch)
    with make(game):
        assert names_in(game.parent) == ["game.iso", NAME]
    assert names_in(game.parent) == ["game.iso"]


def test_it_goes_after_an_error_too(game: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cannot_unlink(monkeypatch)
    with pytest.raises(KeyError), make(game):
        raise KeyError
    assert names_in(game.parent) == ["game.iso"]


def leave_behind(game: Path) -> None:
    """A crash on a file system that does not remove open files."""
    part = make(game)
    os.close(part.fd)


def test_what_a_crash_left_is_replaced_by_the_next(game: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cannot_unlink(monkeypatch)
    leave_behind(game)
    with make(game):
        pass
    assert names_in(game.parent) == ["game.iso"]


def test_what_a_crash_left_is_removed_by_its_job(game: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cannot_unlink(monkeypatch)
    leave_behind(game)
    assert not remove_part_of(window_path(game.parent, game), "test 2")
    assert remove_part_of(window_path(game.parent, game), "test 1")
    assert names_in(game.parent) == ["game.iso"]


def test_a_file_of_its_name_that_is_not_ours_is_never_touched(game: Path) -> None:
    write_image(game.parent / NAME, b"a diary")
    with pytest.raises(PartError, match="not written by discpress"):
        make(game)
    assert (game.parent / NAME).read_bytes() == b"a diary"


def test_two_tests_of_one_title_do_not_meet(game: Path) -> None:
    with make(game) as one, make(game) as other:
        one.write_at(0, b"one")
        other.write_at(0, b"two")
        buffer = bytearray(3)
        one.read_into(buffer, 0)
        assert buffer == b"one"


@pytest.mark.slow
def test_a_killed_process_leaves_nothing(game: Path) -> None:
    code = f"""
import sys, time
from pathlib import Path
from discpress.engine.convert.part.window import WindowPart
from discpress.engine.system.files import FileIdentity
game = Path({str(game)!r})
part = WindowPart(game.parent, game, FileIdentity.of(game.stat()), "killed")
part.write_at(0, bytes(1 << 20))
print("written", flush=True)
time.sleep(60)
"""
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", code], stdout=subprocess.PIPE, cwd=Path(__file__).parents[4]
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
    assert names_in(game.parent) == ["game.iso"]


def test_a_disk_without_room_is_refused_and_nothing_is_left_there(game: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_part, "free_bytes", lambda folder: 100)
    with pytest.raises(SpaceError, match="of free space"):
        open_window(game.parent, game, FileIdentity.of(game.stat()), "test", 1000)
    assert names_in(game.parent) == ["game.iso"]


@pytest.mark.parametrize(("number", "expected"), [(30, True), (13, True), (1, True), (5, False)])
def test_a_folder_that_cannot_be_written_is_told_from_a_disk_that_fails(
    game: Path, monkeypatch: pytest.MonkeyPatch, number: int, expected: bool
) -> None:
    monkeypatch.setattr(os, "open", fail_with(number))
    monkeypatch.setattr(window_part, "clear_leftover", lambda *facts: None)
    with pytest.raises(StorageError) as caught:
        make(game)
    assert is_read_only(caught.value) is expected

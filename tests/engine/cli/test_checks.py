"""Damage that a command finds by decoding a whole image: the library shows it, until a later check finds none."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
from app_desk import opened, work
from command_line import write_old
from foreign_images import cue, raw_dump
from memory_cds import ps2_disc
from queue_desk import Desk
from sample_images import mixed, pack

from discpress.engine.convert.part.part import PartFile
from discpress.engine.formats import ImageFormat
from discpress.engine.images.source import FileSource
from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.states import State

NAME = "Okami [red].cso"


@pytest.fixture
def damaged(desk: Desk) -> Path:
    """A packed image with a block that does not decode."""
    path = pack(desk.folder / NAME, mixed(300_000), ImageFormat.CSO)
    data = bytearray(path.read_bytes())
    data[-3000:-1000] = b"\xff" * 2000
    write_old(path, bytes(data))
    desk.ask("scan", desk.folder)
    return path


def state_of(desk: Desk, path: Path) -> str:
    _, events = desk.ask("ls", desk.folder)
    return str(next(event["state"] for event in events if event.get("path") == str(path)))


@pytest.mark.parametrize("words", [("doctor", "--deep"), ("verify",), ("convert", "-f", "iso", "-o", "out.iso")])
def test_ls_shows_the_damage_that_a_command_found(words: tuple[str, ...], desk: Desk, damaged: Path) -> None:
    assert state_of(desk, damaged) != "damaged"
    assert desk.ask(*words, damaged)[0] == 3
    assert state_of(desk, damaged) == "damaged"


@pytest.mark.slow
async def test_the_app_shows_the_damage_that_a_command_found(desk: Desk, damaged: Path, tmp_path: Path) -> None:
    desk.ask("doctor", "--deep", damaged)
    async with opened(tmp_path, titles=(), folders=[desk.folder]) as app:
        view = app.session.view
        title = view.titles.get(damaged)
        assert title is not None
        assert view.states.state(title) is State.DAMAGED


@pytest.mark.parametrize("words", [("doctor", "--deep"), ("verify",)])
def test_damage_of_a_file_from_the_future_is_shown_until_a_check_finds_none(
    words: tuple[str, ...], desk: Desk, damaged: Path
) -> None:
    """FAT keeps local times: in another time zone they may lie hours ahead."""
    good = pack(desk.folder / "good.cso", mixed(300_000), ImageFormat.CSO).read_bytes()
    write_old(damaged, damaged.read_bytes(), age_s=-9 * 3600)
    desk.ask("scan", desk.folder)
    assert desk.ask(*words, damaged)[0] == 3
    assert state_of(desk, damaged) == "damaged"
    write_old(damaged, good, age_s=-9 * 3600)
    assert desk.ask(*words, damaged)[0] == 0
    desk.ask("scan", desk.folder)
    assert state_of(desk, damaged) != "damaged"


def test_a_repaired_file_is_sound_after_the_next_check(desk: Desk, damaged: Path) -> None:
    good = pack(desk.folder / "good.cso", mixed(300_000), ImageFormat.CSO).read_bytes()
    desk.ask("verify", damaged)
    write_old(damaged, good)
    assert desk.ask("verify", damaged)[0] == 0
    desk.ask("scan", desk.folder)
    assert state_of(desk, damaged) != "damaged"


def test_a_file_that_is_restored_with_its_old_time_is_sound_after_a_scan(desk: Desk, damaged: Path) -> None:
    good = pack(desk.folder / "good.cso", mixed(300_000), ImageFormat.CSO)
    facts = damaged.stat()
    assert desk.ask("verify", damaged)[0] == 3
    os.utime(good, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    good.replace(damaged)
    assert state_of(desk, damaged) == "damaged"
    desk.ask("scan", desk.folder)
    assert state_of(desk, damaged) != "damaged"


def test_a_result_that_the_disk_spoils_is_no_damage_of_its_source(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_old(desk.folder / "game.iso", mixed(300_000))
    desk.ask("scan", desk.folder)
    part_path = faults.part_of(desk.folder / "game.zso")
    faults.run_after(monkeypatch, PartFile, "sync", lambda: faults.flip_byte(part_path, 100_000))
    code, events = desk.ask("convert", path)
    assert (code, events[-1]["code"]) == (3, "proof")
    assert state_of(desk, path) != "damaged"


def test_another_digest_than_the_expected_one_is_no_damage(desk: Desk) -> None:
    path = write_old(desk.folder / "game.iso", mixed(300_000))
    desk.ask("scan", desk.folder)
    assert desk.ask("verify", path, "--crc32", "00000000")[0] == 3
    assert state_of(desk, path) != "damaged"


@pytest.mark.parametrize("words", [("verify",), ("doctor", "--deep")], ids=" ".join)
def test_a_plain_image_that_the_disk_has_changed_is_damaged_for_every_check(words: tuple[str, ...], desk: Desk) -> None:
    path = write_old(desk.folder / "game.iso", ps2_disc())
    facts = path.stat()
    assert desk.ask(*words, path)[0] == 0
    faults.flip_byte(path, 100_000)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert desk.ask("doctor", "--deep", path)[0] == 3


@pytest.mark.parametrize("words", [("verify",), ("identify",), ("doctor", "--deep")], ids=" ".join)
def test_a_file_that_is_cut_while_it_is_read_is_not_called_damaged(
    words: tuple[str, ...], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_old(desk.folder / "game.iso", ps2_disc(kib=2100))
    desk.ask("scan", desk.folder)
    facts, data, half = path.stat(), path.read_bytes(), path.stat().st_size // 2

    def cut_first(read: Callable[[FileSource, Any, int], Any]) -> Callable[[FileSource, Any, int], Any]:
        def read_cut(source: FileSource, *words: Any) -> Any:
            if max(word for word in words if isinstance(word, int)) >= half:
                os.truncate(path, half)
            return read(source, *words)

        return read_cut

    with monkeypatch.context() as patch:
        for name in ("read_into", "read_at"):
            patch.setattr(FileSource, name, cut_first(getattr(FileSource, name)))
        code, events = desk.ask(*words, path)
    assert (code, events[-1]["code"], "was changed while it was read" in events[-1]["message"]) == (
        1,
        "source-changed",
        True,
    )
    path.write_bytes(data)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    desk.ask("scan", desk.folder)
    assert state_of(desk, path) != "damaged"


def test_a_file_that_was_checked_half_copied_is_sound_when_it_is_whole(desk: Desk, damaged: Path) -> None:
    good = pack(desk.folder / "good.cso", mixed(300_000), ImageFormat.CSO).read_bytes()
    facts = damaged.stat()
    damaged.write_bytes(good[: len(good) // 2])
    os.utime(damaged, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert desk.ask("verify", damaged)[0] == 3
    damaged.write_bytes(good)
    os.utime(damaged, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    desk.ask("scan", desk.folder)
    assert state_of(desk, damaged) != "damaged"


def test_a_sheet_stays_cut_short_if_its_verification_fails(desk: Desk) -> None:
    sheet = write_old(desk.folder / "game.cue", cue("game.bin") + b"  TRACK 02 AUDIO\r\n    INDEX 01 00:00:40\r\n")
    write_old(desk.folder / "game.bin", raw_dump(ps2_disc())[: 3 * 2352])
    desk.ask("scan", desk.folder)
    assert desk.ask("verify", sheet)[0] == 3
    (number,) = desk.queued("game.cue", kind=TaskKind.VERIFY)
    work(desk.store.path.parent)
    assert desk.queue.job(number).state is JobState.FAILED
    assert state_of(desk, sheet) == "cut-short"


@pytest.mark.parametrize("size_bytes", [0, 3 * 2352], ids=["missing", "short"])
def test_a_sheet_is_sound_as_soon_as_its_track_is_there(size_bytes: int, desk: Desk) -> None:
    track = raw_dump(ps2_disc())
    sheet = write_old(desk.folder / "game.cue", cue("game.bin") + b"  TRACK 02 AUDIO\r\n    INDEX 01 00:00:40\r\n")
    if size_bytes:
        write_old(desk.folder / "game.bin", track[:size_bytes])
    desk.ask("scan", desk.folder)
    before = state_of(desk, sheet)
    assert before in {"split-part", "cut-short"}
    assert desk.ask("doctor", "--deep", sheet)[0] == (3 if size_bytes else 1)
    assert state_of(desk, sheet) == before
    write_old(desk.folder / "game.bin", track)
    desk.ask("scan", desk.folder)
    assert state_of(desk, sheet) not in {"damaged", "split-part", "cut-short"}

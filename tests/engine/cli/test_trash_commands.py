"""`undo` and `trash` on trashes that a stopped run, several files or other users left."""

import errno
import os
import re
import shlex
from pathlib import Path

import pytest
from command_line import write_old
from queue_desk import Desk
from sample_images import mixed
from trash_sets import is_home, make_set, put_away, put_back_half

from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.convert.trash.listing import entries_in

IMAGE = mixed(100_000)


@pytest.fixture
def half(desk: Desk) -> TrashEntry:
    write_old(desk.folder / "game.iso", IMAGE)
    desk.ask("convert", "game.iso", "--delete-source")
    return put_back_half(desk.folder)


@pytest.mark.parametrize("words", [(), ("all",), ("game.iso",)], ids=" ".join)
def test_an_undo_that_was_stopped_is_finished_and_that_is_all(
    words: tuple[str, ...], half: TrashEntry, desk: Desk
) -> None:
    code, events = desk.ask("undo", *words)
    assert (code, [event["event"] for event in events]) == (0, ["undone"])
    assert (desk.folder / "game.iso").read_bytes() == IMAGE
    (left,) = entries_in(desk.folder)
    assert isinstance(left, TrashEntry)
    assert left.name == "game.zso"


def test_what_an_undo_here_puts_away_names_its_replacement_for_a_look_from_anywhere(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_old(desk.folder / "game.iso", IMAGE)
    monkeypatch.chdir(desk.folder)
    desk.ask("convert", "game.iso", "--delete-source")
    desk.ask("undo")
    (left,) = entries_in(desk.folder)
    assert isinstance(left, TrashEntry)
    assert left.replacement.path == str(desk.folder / "game.iso")


def test_the_others_are_undone_besides_one_that_was_stopped(half: TrashEntry, desk: Desk) -> None:
    write_old(desk.folder / "other.iso", IMAGE)
    desk.ask("convert", "other.iso", "--delete-source")
    code, events = desk.ask("undo", "game.iso", "other.iso")
    assert (code, [Path(event["path"]).name for event in events]) == (0, ["game.iso", "other.iso"])
    assert (desk.folder / "other.iso").read_bytes() == IMAGE


def stop_one_for_good(desk: Desk) -> None:
    """Leave an undo that cannot be finished, and another entry."""
    make_set(desk.folder)
    put_away(desk.folder)
    put_back_half(desk.folder)
    (desk.folder / "game.bin").write_bytes(b"in the way")
    write_old(desk.folder / "other.iso", IMAGE)
    desk.ask("convert", "other.iso", "--delete-source")


@pytest.mark.slow
def test_one_that_cannot_be_finished_keeps_no_other_back(desk: Desk) -> None:
    stop_one_for_good(desk)
    code, events = desk.ask("undo", "other.iso")
    assert (code, [event["event"] for event in events]) == (1, ["error", "undone"])
    assert "game.bin: a file of this name is in the way" in events[0]["message"]
    assert (desk.folder / "other.iso").read_bytes() == IMAGE
    code, events = desk.ask("undo")
    assert (code, [event["event"] for event in events]) == (1, ["error"])
    (desk.folder / "game.bin").unlink()
    assert desk.ask("undo", "all")[0] == 0
    assert is_home(desk.folder)


@pytest.mark.parametrize("words", [("game.cue",), ("game.cue", "other.iso"), ("all",), ()], ids=" ".join)
def test_one_that_cannot_be_finished_is_reported_once(words: tuple[str, ...], desk: Desk) -> None:
    stop_one_for_good(desk)
    code, events = desk.ask("undo", *words)
    others = [] if words == ("game.cue",) else ["undone"]
    assert (code, [event["event"] for event in events]) == (1, ["error", *others])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_list_names_files_owner_and_problem(desk: Desk) -> None:
    make_set(desk.folder)
    entry = put_away(desk.folder)
    os.chown(desk.folder / TRASH_NAME, 12001, 12001)
    _, (listed, total) = desk.ask("trash", "list", desk.folder)
    assert entry.owner is not None
    assert [Path(path).name for path in listed["files"]] == ["game.cue", "game.bin", "undo"]
    assert (listed["owner"], listed["problem"]) == (entry.owner.user, "belongs to user 12001")
    assert (total["entries"], total["freed_bytes"]) == (1, 0)
    assert "game.cue and 2 more (belongs to user 12001: only listed)" in desk.say("trash", "list", desk.folder)[1]


@pytest.mark.parametrize("command", [("undo",), ("undo", "all"), ("trash", "empty", "--yes")], ids=" ".join)
def test_a_trash_that_others_may_write_to_is_an_error_that_tells_what_to_do(
    command: tuple[str, ...], desk: Desk
) -> None:
    make_set(desk.folder)
    put_away(desk.folder)
    (desk.folder / TRASH_NAME).chmod(0o777)
    code, events = desk.ask(*command)
    (error,) = (event for event in events if event["event"] == "error")
    assert (code, error["code"]) == (1, "trash")
    assert "chmod -R go-w" in error["hint"]
    assert not is_home(desk.folder)


@pytest.fixture
def three(desk: Desk) -> Desk:
    """Three originals in the trash; the first one was moved in 2020."""
    for name in ("a [b].iso", "b.iso", "c.iso"):
        write_old(desk.folder / name, IMAGE)
        desk.ask("convert", name, "--delete-source")
    (first, *_) = (each for each in entries_in(desk.folder) if isinstance(each, TrashEntry))
    described = first.folder / "entry.json"
    described.write_text(described.read_text().replace(first.trashed_at, "2020-01-01T00:00:00+00:00"))
    return desk


def left(desk: Desk) -> list[str]:
    return [each.name for each in entries_in(desk.folder) if isinstance(each, TrashEntry)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("days", "names"), [("30", ["a [b].iso"]), ("0", ["a [b].iso", "b.iso", "c.iso"]), ("9999", [])]
)
def test_a_list_can_be_limited_to_what_is_older(days: str, names: list[str], three: Desk) -> None:
    _, (*listed, total) = three.ask("trash", "list", "--older-than", days)
    assert [Path(each["path"]).name for each in listed] == names
    assert total["entries"] == len(names)


@pytest.mark.slow
def test_only_what_is_older_is_removed(three: Desk) -> None:
    code, events = three.ask("trash", "empty", "--yes", "--older-than", "30d")
    assert (code, left(three)) == (0, ["b.iso", "c.iso"])
    assert (events[-1]["event"], events[-1]["removed"]) == ("trash-emptied", 1)


@pytest.mark.slow
def test_the_summary_names_what_stays_and_why(three: Desk) -> None:
    (three.folder / "b.zso").unlink()
    code, events = three.ask("trash", "empty", "--yes")
    (stayed,) = events[-1]["stayed"]
    assert (code, events[-1]["removed"], events[-1]["freed_bytes"]) == (1, 2, 2 * len(IMAGE))
    assert Path(stayed["path"]).name == "b.iso"
    assert "b.zso: is gone" in stayed["reason"]
    assert left(three) == ["b.iso"]


def test_a_wrong_number_of_days_is_refused(desk: Desk) -> None:
    code, _, said = desk.say("trash", "list", "--older-than", "old")
    assert code == 2
    assert "expected a number of days, like 30, got old" in said


def test_the_command_that_a_conversion_names_undoes_it_from_anywhere(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_old(desk.folder / "It's [a] game.iso", IMAGE)
    _, said, _ = desk.say("convert", source, "--delete-source")
    found = re.search(r"\(run discpress (.*) to restore it\)", said)
    assert found is not None
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert desk.say(*shlex.split(found[1]))[0] == 0
    assert source.read_bytes() == IMAGE


@pytest.mark.parametrize("words", [(), ("--list",)], ids=["undo", "list"])
@pytest.mark.parametrize("place", ["original", "entry", "stored"])
def test_a_full_path_names_an_entry_from_anywhere(
    words: tuple[str, ...], place: str, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_old(desk.folder / "game.iso", IMAGE)
    write_old(desk.folder / "other.iso", IMAGE[:-2048])
    for name in ("game.iso", "other.iso"):
        desk.ask("convert", desk.folder / name, "--delete-source")
    (entry,) = (each for each in entries_in(desk.folder) if isinstance(each, TrashEntry) and each.name == "game.iso")
    path = {"original": source, "entry": entry.folder, "stored": entry.file_path}[place]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    code, events = desk.ask("undo", *words, path)
    assert (code, [event["path"] for event in events if "path" in event]) == (0, [str(source)])


def test_the_list_of_another_folder_is_that_of_its_trash(desk: Desk, tmp_path: Path) -> None:
    write_old(desk.folder / "game.iso", IMAGE)
    desk.ask("convert", desk.folder / "game.iso", "--delete-source")
    _, events = desk.ask("undo", "--list", desk.folder)
    assert [event["event"] for event in events] == ["trash", "trash-total"]


def test_an_undo_that_is_finished_reports_its_playlists_and_what_stays(desk: Desk) -> None:
    write_old(desk.folder / "game.iso", IMAGE)
    (desk.folder / "games.m3u").write_text("game.iso\n")
    desk.ask("convert", desk.folder / "game.iso", "--delete-source")
    put_back_half(desk.folder)
    (desk.folder / "game.zso").write_bytes(b"changed meanwhile")
    code, _, said = desk.say("undo", "--folder", desk.folder)
    assert code == 0
    assert "games.m3u names game.iso now" in said
    assert "game.zso: not the file that replaced it" in said


@pytest.mark.parametrize("words", [("trash", "list"), ("undo", "--list")], ids=" ".join)
def test_an_undo_that_was_stopped_is_listed_with_the_way_to_finish_it(
    words: tuple[str, ...], half: TrashEntry, desk: Desk
) -> None:
    code, events = desk.ask(*words)
    (entry,) = (event for event in events if event["event"] == "trash")
    assert (code, entry["path"], entry["undo_stopped"]) == (0, half.name, True)
    said = desk.say(*words)[1]
    assert f"(its undo was stopped: {half.undo_command} finishes it)" in said
    assert desk.ask(*shlex.split(half.undo_command)[1:])[0] == 0
    assert "its undo was stopped" not in desk.say(*words)[1]


def test_the_library_has_what_a_failed_undo_put_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_old(desk.folder / "game.iso", IMAGE)
    desk.ask("scan", desk.folder)
    desk.ask("convert", "game.iso", "--delete-source")

    def fill(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("discpress.engine.convert.trash.undo.move_to_trash", fill)
        code, (error,) = desk.ask("undo")
    assert (code, path.exists(), "-O" in error["hint"]) == (4, True, False)
    titles = [event["path"] for event in desk.ask("ls", desk.folder)[1] if event["event"] == "title"]
    assert str(path) in titles

"""`undo` and `trash` on trashes that a stopped run, several files or other users left."""

import os
from pathlib import Path

import pytest
from command_line import write_old
from queue_desk import Desk
from sample_images import mixed
from trash_sets import is_home, make_set, put_away

from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.convert.trash.held import hold
from discpress.engine.convert.trash.listing import entries_in

IMAGE = mixed(100_000)


def put_back_half(folder: Path) -> TrashEntry:
    """Do half of an undo of the only entry, as a killed one does."""
    (entry,) = entries_in(folder)
    assert isinstance(entry, TrashEntry)
    with hold(entry) as held:
        held.begin_undo()
        held.folder.rename_new("1.kept", held.home, entry.main.name)
    return entry


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


def test_the_others_are_undone_besides_one_that_was_stopped(half: TrashEntry, desk: Desk) -> None:
    write_old(desk.folder / "other.iso", IMAGE)
    desk.ask("convert", "other.iso", "--delete-source")
    code, events = desk.ask("undo", "game.iso", "other.iso")
    assert (code, [Path(event["path"]).name for event in events]) == (0, ["game.iso", "other.iso"])
    assert (desk.folder / "other.iso").read_bytes() == IMAGE


def test_one_that_cannot_be_finished_keeps_no_other_back(desk: Desk) -> None:
    make_set(desk.folder)
    put_away(desk.folder)
    put_back_half(desk.folder)
    (desk.folder / "game.bin").write_bytes(b"in the way")
    write_old(desk.folder / "other.iso", IMAGE)
    desk.ask("convert", "other.iso", "--delete-source")
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
    make_set(desk.folder)
    put_away(desk.folder)
    put_back_half(desk.folder)
    (desk.folder / "game.bin").write_bytes(b"in the way")
    write_old(desk.folder / "other.iso", IMAGE)
    desk.ask("convert", "other.iso", "--delete-source")
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

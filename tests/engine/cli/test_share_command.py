"""`discpress share`: add, list, test and remove, as text and as JSON."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from queue_desk import Desk

from discpress.engine.shares import locks
from discpress.engine.shares.mark import MARK_NAME, read_mark
from discpress.engine.shares.meeting import meeting
from discpress.engine.system.locks import Lock
from discpress.engine.system.machine import host_name


@contextmanager
def other_machine(root: Path, name: str = "pc") -> Iterator[None]:
    """Stand for another machine that tests the same share."""
    ends = threading.Event()

    def take_part() -> None:
        with meeting(root, name) as here:
            while not ends.wait(0.01):
                here.turn()

    thread = threading.Thread(target=take_part)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()


def test_add_writes_the_id_file_and_tells_the_name(desk: Desk) -> None:
    code, events = desk.ask("share", "add", desk.folder, "--name", "all games")
    mark = read_mark(desk.folder)
    assert mark is not None
    assert (code, events) == (
        0,
        [
            {
                "schema": 1, "event": "share", "id": mark.share_id, "name": "all games", "path": str(desk.folder),
                "is_new": True, "moved_from": None,
            }
        ],
    )  # fmt: skip


def test_add_keeps_the_name_that_a_share_has(desk: Desk) -> None:
    desk.say("share", "add", desk.folder)
    code, out, err = desk.say("share", "add", desk.folder, "--name", "other")
    assert (code, out) == (0, f"games: known by its id file, at {desk.folder}\n")
    assert "the share has a name already, which stays: games" in err


def test_a_damaged_id_file_is_an_error_with_a_hint(desk: Desk) -> None:
    (desk.folder / MARK_NAME).write_bytes(b"x")
    code, out, err = desk.say("share", "add", desk.folder)
    assert (code, out) == (1, "")
    assert "is damaged" in err
    assert "delete the file" in err


def test_list_shows_folder_and_state(desk: Desk, tmp_path: Path) -> None:
    desk.say("share", "add", desk.folder)
    gone = tmp_path / "gone"
    gone.mkdir()
    desk.say("share", "add", gone)
    (gone / MARK_NAME).unlink()
    code, out, _ = desk.say("share", "list")
    lines = out.splitlines()
    assert (code, lines[0].split()) == (0, ["NAME", "FOLDER", "STATE", "LOCKS", "ID"])
    assert ("there" in lines[1], "no id file now" in lines[2]) == (True, True)
    _, events = desk.ask("share", "list")
    assert [(each["name"], each["problem"] == "") for each in events] == [("games", True), ("gone", False)]


def test_list_without_a_share_tells_the_way(desk: Desk) -> None:
    code, out, err = desk.say("share", "list")
    assert (code, out) == (0, "")
    assert "run discpress share add FOLDER" in err


def test_remove_forgets_the_share_and_leaves_its_file(desk: Desk) -> None:
    desk.say("share", "add", desk.folder)
    assert desk.say("share", "remove", "games")[:2] == (0, "games: forgotten on this machine; its files stay\n")
    assert desk.ask("share", "list") == (0, [])
    assert (desk.folder / MARK_NAME).exists()


def test_a_lock_test_is_stored_for_its_machine(desk: Desk) -> None:
    desk.say("share", "add", desk.folder)
    with other_machine(desk.folder):
        code, out, _ = desk.say("share", "test", "games")
    assert (code, out) == (0, "games: this machine and pc see each other's locks\n")
    _, (_, test) = desk.ask("share", "list")
    facts = ("event", "machine", "is_ours_seen", "is_theirs_seen")
    assert tuple(map(test.get, facts)) == ("lock-test", "pc", True, True)


def test_locks_that_are_not_seen_are_an_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.say("share", "add", desk.folder)
    monkeypatch.setattr(locks, "try_lock", lambda fd: Lock.HELD)  # as on mounts with nolock
    with other_machine(desk.folder):
        code, out, _ = desk.say("share", "test", desk.folder)
    assert (code, out) == (1, "games: this machine and pc do not see each other's locks\n")


def test_a_test_that_nobody_joins_ends_with_a_hint_and_leaves_nothing(desk: Desk) -> None:
    desk.say("share", "add", desk.folder)
    code, _, err = desk.say("share", "test", "games", "--wait", "1")
    assert code == 1
    assert "no other machine took part in the test within 1 s" in err
    assert [each.name for each in desk.folder.iterdir()] == [MARK_NAME]


def test_the_scanner_takes_none_of_its_files(desk: Desk) -> None:
    desk.image()
    desk.say("share", "add", desk.folder)
    with other_machine(desk.folder):
        _, events = desk.ask("scan", desk.folder)
    assert [(each["event"], each.get("titles")) for each in events][-1] == ("scan", 1)
    assert [Path(each["path"]).name for each in events if each["event"] == "title"] == ["game.iso"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["add"], "share add: a FOLDER is needed"),
        (["test"], "share test: a SHARE is needed"),
        (["remove", ""], "share remove: a SHARE is needed"),
        (["list", "a"], "takes no name"),
        (["remove", "a", "--name", "b"], "share remove names nothing"),
        (["test", "a", "--wait", "0"], "--wait: expected a number of seconds"),
        (["remove", "a"], "a: no such share"),
    ],
)
def test_wrong_words_are_refused(desk: Desk, words: list[str], problem: str) -> None:
    code, _, err = desk.say("share", *words)
    assert code == 2
    assert problem in err


def test_this_machine_has_a_name() -> None:
    assert host_name().strip()

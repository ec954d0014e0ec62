"""Whose trash it is: two real users in a folder that both may write to, as a NAS has; neither can steer the other."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import write_old
from other_user import ANN, BOB, Door, User, is_root, opened_door
from sample_images import mixed
from trash_sets import MTIME_NS

from discpress.engine.convert.trash.folder import TRASH_NAME

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_root, reason="only root can become other users"),
]
IMAGE = mixed(61_440, seed=51)
OTHER = mixed(61_440, seed=52)


@pytest.fixture(params=[0o1777, 0o777], ids=["sticky", "open"])
def shared(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder that everybody may write to; pytest's own folders cannot be entered by others."""
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        top.chmod(0o755)
        folder = top / "games"
        folder.mkdir()
        folder.chmod(request.param)
        yield folder


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened_door(tmp_path_factory.mktemp("door")) as opened:
        yield opened


@pytest.fixture
def ann(door: Door, shared: Path) -> User:
    return User(door, ANN, shared, shared.parent / "homes")


@pytest.fixture
def bob(door: Door, shared: Path) -> User:
    return User(door, BOB, shared, shared.parent / "homes")


@pytest.fixture
def root(door: Door, shared: Path) -> User:
    return User(door, 0, shared, shared.parent / "homes")


def image(user: User, name: str, data: bytes = IMAGE) -> Path:
    path = user.give(write_old(user.folder / name, data))
    os.utime(path, ns=(MTIME_NS, MTIME_NS))
    return path


def convert(user: User, name: str) -> None:
    done = user.run("convert", name, "--delete-source", "--target", "any")
    assert done.exit_code == 0, done.text


def trash_of(user: User) -> Path:
    return user.folder / f"{TRASH_NAME}-{user.uid}"


def plant(user: User, trash: Path, home: Path, name: str, **changes: object) -> Path:
    """Write an entry as this user that names files of others."""
    folder = trash / "20200101T000000.000000Z-0000"
    folder.mkdir(parents=True)
    stored = write_old(folder / "1.kept", OTHER)
    facts = {
        "schema": 2,
        "original": str(home / name),
        "files": [
            {
                "name": name,
                "stored": "1.kept",
                "size_bytes": len(OTHER),
                "mtime_ns": stored.stat().st_mtime_ns,
                "ino": stored.stat().st_ino,
                "role": "main",
            }
        ],
        "digests": {},
        "replacement": [{"path": str(home / "x"), "ino": 1, "size_bytes": 1, "mtime_ns": 1}],
        "trashed_at": "2020-01-01T00:00:00+00:00",
        "reason": "converted",
        "owner": {"uid": BOB, "user": "bob", "host": "nas"},
        "folder_ino": folder.stat().st_ino,
    }
    (folder / "entry.json").write_text(json.dumps(facts | changes))
    for path in (trash, folder, folder / "entry.json", stored):
        user.give(path)
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_user_has_a_private_trash_and_their_own_file_back(shared: Path, ann: User, bob: User) -> None:
    image(ann, "a.iso")
    image(bob, "b.iso", OTHER)
    convert(ann, "a.iso")
    convert(bob, "b.iso")
    found = {path.name: (path.stat().st_uid, path.stat().st_mode & 0o777) for path in shared.glob(".discpress*")}
    assert found == {TRASH_NAME: (ANN, 0o700), f"{TRASH_NAME}-{BOB}": (BOB, 0o700)}
    for user, name, data in ((ann, "a.iso", IMAGE), (bob, "b.iso", OTHER)):
        done = user.run("undo")
        assert done.exit_code == 0, done.text
        assert ((shared / name).read_bytes(), (shared / name).stat().st_mtime_ns) == (data, MTIME_NS)


def test_undo_all_and_empty_leave_the_trash_of_others_alone(shared: Path, ann: User, bob: User) -> None:
    image(ann, "a.iso")
    image(bob, "b.iso", OTHER)
    convert(ann, "a.iso")
    convert(bob, "b.iso")
    assert bob.run("undo", "all").exit_code == 0
    assert bob.run("trash", "empty", "--yes").exit_code == 0
    assert not (shared / "a.iso").exists()
    assert ann.run("undo").exit_code == 0
    assert (shared / "a.iso").read_bytes() == IMAGE


def test_a_trash_of_others_that_cannot_be_read_is_named_and_is_no_error(ann: User, bob: User) -> None:
    image(ann, "a.iso")
    convert(ann, "a.iso")
    done = bob.run("trash", "list")
    assert (done.exit_code, f"{TRASH_NAME}: belongs to user {ANN}: it is not used" in done.text) == (0, True)
    assert "0 in the trash" in done.text


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o777, 0o1777])
def test_a_trash_made_beforehand_by_another_user_is_not_used(mode: int, shared: Path, ann: User, bob: User) -> None:
    (shared / TRASH_NAME).mkdir()
    ann.give(shared / TRASH_NAME).chmod(mode)
    image(bob, "b.iso")
    convert(bob, "b.iso")
    assert list((shared / TRASH_NAME).iterdir()) == []
    assert len(list(trash_of(bob).glob("*/1.kept"))) == 1


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_link_or_file_made_beforehand_is_not_used(kind: str, shared: Path, ann: User, bob: User) -> None:
    elsewhere = shared.parent / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o777)
    if kind == "link":
        (shared / TRASH_NAME).symlink_to(elsewhere)
    else:
        (shared / TRASH_NAME).write_bytes(b"a file of that name")
    ann.give(shared / TRASH_NAME)
    image(bob, "b.iso")
    convert(bob, "b.iso")
    assert list(elsewhere.iterdir()) == []
    assert bob.run("undo").exit_code == 0
    assert (shared / "b.iso").read_bytes() == IMAGE


def test_where_both_names_are_taken_the_file_stays_and_is_not_packed(shared: Path, ann: User, bob: User) -> None:
    for path in (shared / TRASH_NAME, trash_of(bob)):
        path.mkdir()
        path.chmod(0o777)
        ann.give(path)
    image(bob, "b.iso")
    done = bob.run("convert", "b.iso", "--delete-source", "--target", "any")
    assert done.exit_code == 1
    assert f"{trash_of(bob).name}: belongs to user {ANN}: it is not used" in done.text
    assert (shared / "b.iso").read_bytes() == IMAGE
    assert not (shared / "b.zso").exists()


@pytest.mark.parametrize("command", [("undo", "all"), ("undo", "b.iso"), ("undo",), ("trash", "empty", "--yes")])
@pytest.mark.parametrize("name", [TRASH_NAME, f"{TRASH_NAME}-{BOB}"])
def test_a_planted_entry_is_listed_and_moves_nothing(
    name: str, command: tuple[str, ...], shared: Path, ann: User, bob: User
) -> None:
    """It claims to be bob's, and would put ann's file in the place of his."""
    plant(ann, shared / name, shared, "b.iso")
    before = tree(shared)
    listed = bob.run("trash", "list")
    assert (listed.exit_code, f"(belongs to user {ANN}: only listed)" in listed.text) == (0, True), listed.text
    bob.run(*command)
    assert tree(shared) == before


def test_a_planted_entry_cannot_be_named_or_forced(shared: Path, ann: User, bob: User) -> None:
    folder = plant(ann, shared / TRASH_NAME, shared, "b.iso")
    before = tree(shared)
    done = bob.run("undo", folder.name)
    assert (done.exit_code, f"belongs to user {ANN}" in done.text) == (1, True)
    bob.run("trash", "empty", "--yes", "--force", folder.name)
    assert tree(shared) == before


def test_an_entry_planted_in_a_trash_that_was_left_open_is_not_obeyed(shared: Path, ann: User, bob: User) -> None:
    image(bob, "b.iso")
    convert(bob, "b.iso")
    own = shared / TRASH_NAME
    own.chmod(0o777)
    plant(ann, own, shared, "a.iso")
    bob.give(own).chmod(0o777)
    done = bob.run("undo", "all")
    assert not (shared / "a.iso").exists()
    assert not (shared / "b.iso").exists()
    assert "can be written to by other users" in done.text
    assert "chmod -R go-w" in bob.run("undo", "b.iso").text


def test_after_the_hint_was_followed_the_own_file_comes_back(shared: Path, bob: User) -> None:
    image(bob, "b.iso")
    convert(bob, "b.iso")
    (shared / TRASH_NAME).chmod(0o777)
    assert bob.run("undo", "b.iso").exit_code == 1
    (shared / TRASH_NAME).chmod(0o755)
    assert bob.run("undo", "b.iso").exit_code == 0
    assert (shared / "b.iso").read_bytes() == IMAGE


def test_a_private_trash_under_a_wide_umask_stays_private(shared: Path, bob: User) -> None:
    image(bob, "b.iso")
    done = bob.run("convert", "b.iso", "--delete-source", "--target", "any", umask=0)
    assert done.exit_code == 0, done.text
    (entry,) = (shared / TRASH_NAME).iterdir()
    assert [path.stat().st_mode & 0o077 for path in (shared / TRASH_NAME, entry, entry / "entry.json")] == [0, 0, 0]


def test_root_uses_a_trash_of_its_own_and_leaves_those_of_others_alone(shared: Path, ann: User, root: User) -> None:
    image(ann, "a.iso")
    convert(ann, "a.iso")
    image(root, "r.iso", OTHER)
    convert(root, "r.iso")
    assert len(list((shared / f"{TRASH_NAME}-0").glob("*/1.kept"))) == 1
    listed = root.run("trash", "list").text
    assert f"a.iso (belongs to user {ANN}: only listed)" in listed
    assert root.run("undo", "all").exit_code == 0
    assert (shared / "r.iso").read_bytes() == OTHER
    assert not (shared / "a.iso").exists()
    done = root.run("undo", "a.iso")
    assert (done.exit_code, "run discpress as that user" in done.text) == (1, True)


def test_root_may_be_first(shared: Path, ann: User, root: User) -> None:
    image(root, "r.iso", OTHER)
    convert(root, "r.iso")
    image(ann, "a.iso")
    convert(ann, "a.iso")
    assert len(list(trash_of(ann).glob("*/1.kept"))) == 1
    assert ann.run("undo").exit_code == 0
    assert (shared / "a.iso").read_bytes() == IMAGE


def test_a_scan_lists_neither_trash(shared: Path, ann: User, bob: User) -> None:
    for user, name in ((ann, "a.iso"), (bob, "b.iso")):
        image(user, name)
        convert(user, name)
    done = bob.run("scan", ".", "--json")
    assert (done.exit_code, "a.zso" in done.text, TRASH_NAME in done.text) == (0, True, False), done.text


@pytest.mark.parametrize("mode", [0o755, 0o733])
def test_an_original_that_cannot_be_moved_is_not_converted(mode: int, shared: Path, bob: User) -> None:
    image(bob, "b.iso")
    shared.chmod(mode)
    out = shared.parent / "out"
    out.mkdir()
    bob.give(out)
    done = bob.run("convert", "b.iso", "--delete-source", "--target", "any", "-O", str(out))
    assert done.exit_code == 1
    assert ".: no trash can be made in this folder" in done.text
    assert list(out.iterdir()) == []


def test_a_result_is_not_begun_in_a_folder_that_cannot_be_read(shared: Path, bob: User) -> None:
    image(bob, "b.iso")
    shared.chmod(0o733)
    done = bob.run("convert", "b.iso", "--target", "any")
    assert done.exit_code == 1
    assert ".: this folder is not readable" in done.text
    assert [path.name for path in shared.iterdir()] == ["b.iso"]

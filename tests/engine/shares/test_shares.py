"""The shares of a machine: which folder has which id, and what is refused."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from discpress.engine.errors import ShareError, StorageError, UsageError
from discpress.engine.shares.mark import MARK_NAME
from discpress.engine.shares.paths import SharePath
from discpress.engine.shares.rows import LockTest
from discpress.engine.shares.shares import Shares, check_lock_test, chosen_share, state_of
from discpress.engine.store.store import Store


@pytest.fixture
def shares(tmp_path: Path) -> Iterator[Shares]:
    with Store(tmp_path / "state") as store:
        yield Shares(store.file)


@pytest.fixture
def games(tmp_path: Path) -> Path:
    folder = tmp_path / "games"
    folder.mkdir()
    return folder


def test_an_added_share_is_known_with_its_folder(shares: Shares, games: Path) -> None:
    added = shares.add(games)
    assert (added.is_new, added.share.name, added.share.path) == (True, "games", games)
    assert shares.known() == [added.share]


def test_a_second_machine_takes_the_id_over(shares: Shares, games: Path, tmp_path: Path) -> None:
    first = shares.add(games, "ours").share
    with Store(tmp_path / "other state") as store:
        second = Shares(store.file).add(games)
    assert (second.is_new, second.share) == (False, first)


def test_a_share_that_is_mounted_elsewhere_now_moves(shares: Shares, games: Path, tmp_path: Path) -> None:
    shares.add(games)
    moved = games.rename(tmp_path / "mounted here")
    added = shares.add(moved)
    assert (added.moved_from, [each.path for each in shares.known()]) == (games, [moved])


def test_another_path_of_the_same_folder_replaces_the_first(shares: Shares, games: Path, tmp_path: Path) -> None:
    shares.add(games)
    (tmp_path / "link").symlink_to(games)
    assert shares.add(tmp_path / "link").moved_from == games


def test_a_copy_of_a_share_is_refused(shares: Shares, games: Path, tmp_path: Path) -> None:
    first = shares.add(games).share
    shutil.copytree(games, tmp_path / "copy")
    with pytest.raises(ShareError, match="has the same id as"):
        shares.add(tmp_path / "copy")
    assert shares.known() == [first]


def test_another_share_at_a_folder_replaces_the_first(shares: Shares, games: Path) -> None:
    shares.add(games)
    (games / MARK_NAME).unlink()
    second = shares.add(games).share
    assert shares.known() == [second]


@pytest.mark.parametrize("name", [" ", "a\nb", "x" * 101, "\x1b[2J"])
def test_a_name_that_a_list_cannot_show_is_refused(shares: Shares, games: Path, name: str) -> None:
    with pytest.raises(UsageError, match="--name: expected one line"):
        shares.add(games, name)
    assert not (games / MARK_NAME).exists()


def test_a_folder_with_an_odd_name_has_a_name_that_can_be_shown(shares: Shares, tmp_path: Path) -> None:
    folder = tmp_path / "odd \udcff\n"
    folder.mkdir()
    assert shares.add(folder).share.name == "odd \\xff\\n"


def test_a_missing_folder_is_refused(shares: Shares, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        shares.add(tmp_path / "nothing")


def test_a_removed_share_is_forgotten_with_its_tests_and_keeps_its_file(shares: Shares, games: Path) -> None:
    share = shares.add(games).share
    shares.save_lock_test(LockTest(share.share_id, "nas", True, True, 1.0))
    shares.remove(share)
    assert (shares.known(), shares.lock_tests(), (games / MARK_NAME).exists()) == ([], [], True)


def test_a_file_becomes_id_and_path_and_the_same_file_again(shares: Shares, games: Path) -> None:
    share = shares.add(games).share
    shared = shares.to_share(games / "ps2" / "a.iso")
    assert shared == SharePath(share.share_id, "ps2/a.iso")
    assert shares.to_local(shared) == games / "ps2" / "a.iso"


def test_a_file_in_no_share_is_refused_with_the_way_out(shares: Shares, games: Path, tmp_path: Path) -> None:
    shares.add(games)
    with pytest.raises(ShareError, match="is in no share") as caught:
        shares.to_share(tmp_path / "a.iso")
    assert "share add" in caught.value.hint


def test_of_shares_in_each_other_the_inner_one_counts(shares: Shares, games: Path) -> None:
    (games / "ps2").mkdir()
    shares.add(games)
    inner = shares.add(games / "ps2").share
    assert shares.to_share(games / "ps2" / "a.iso") == SharePath(inner.share_id, "a.iso")


def test_an_unknown_share_is_refused(shares: Shares) -> None:
    with pytest.raises(ShareError, match="this machine does not know it"):
        shares.to_local(SharePath("ab" * 16, "a.iso"))


def test_a_share_that_is_not_mounted_is_refused(shares: Shares, games: Path) -> None:
    share = shares.add(games).share
    (games / MARK_NAME).unlink()  # an empty mount point
    with pytest.raises(ShareError, match="does not see the share games: the folder has no id file now"):
        shares.to_local(SharePath(share.share_id, "a.iso"))
    with pytest.raises(ShareError, match="no id file"):
        shares.to_share(games / "a.iso")


def test_another_share_at_the_mount_point_is_refused(shares: Shares, games: Path, tmp_path: Path) -> None:
    share = shares.add(games).share
    other = tmp_path / "other"
    other.mkdir()
    shares.add(other, "theirs")
    shutil.copy(other / MARK_NAME, games / MARK_NAME)
    with pytest.raises(ShareError, match="another share is there: theirs"):
        shares.to_local(SharePath(share.share_id, "a.iso"))


def test_a_missing_folder_is_a_state_of_the_list(shares: Shares, games: Path) -> None:
    share = shares.add(games).share
    shutil.rmtree(games)
    assert state_of(share) == "this machine does not see the share games: there is no such folder now"


def test_a_damaged_id_file_is_a_state_of_the_list(shares: Shares, games: Path) -> None:
    share = shares.add(games).share
    (games / MARK_NAME).write_bytes(b"x")
    assert "is damaged" in state_of(share)


@pytest.mark.parametrize("word", ["games", "id", "folder"])
def test_a_share_is_chosen_by_name_id_or_folder(shares: Shares, games: Path, word: str) -> None:
    share = shares.add(games).share
    assert chosen_share(shares.known(), {"id": share.share_id, "folder": str(games)}.get(word, word)) == share


def test_a_name_of_two_shares_chooses_none(shares: Shares, games: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    shares.add(games, "same")
    shares.add(tmp_path / "other", "same")
    with pytest.raises(UsageError, match="same: matches 2 shares"):
        chosen_share(shares.known(), "same")


def test_an_unknown_word_chooses_none(shares: Shares) -> None:
    with pytest.raises(UsageError, match="no such share"):
        chosen_share(shares.known(), "no\0thing")


def test_a_passed_lock_test_is_no_problem(shares: Shares, games: Path) -> None:
    share = shares.add(games).share
    check_lock_test(share, LockTest(share.share_id, "pc", True, True, 1.0))


@pytest.mark.parametrize(
    ("ours", "theirs", "problem"),
    [
        (False, True, "pc does not see the locks of this machine"),
        (True, False, "this machine does not see the locks of pc"),
        (False, False, "this machine and pc do not see each other's locks"),
    ],
)
def test_a_failed_lock_test_is_refused(shares: Shares, games: Path, ours: bool, theirs: bool, problem: str) -> None:
    share = shares.add(games).share
    with pytest.raises(ShareError, match=f"games: {problem}") as caught:
        check_lock_test(share, LockTest(share.share_id, "pc", ours, theirs, 2.0))
    assert "join again" in caught.value.hint


def test_a_folder_that_is_no_folder_any_more_cannot_be_read(shares: Shares, games: Path) -> None:
    share = shares.add(games).share
    (games / MARK_NAME).unlink()
    (games / MARK_NAME).mkdir()
    with pytest.raises(StorageError, match="cannot read it"):
        shares.to_local(SharePath(share.share_id, "a.iso"))

"""Lock tests: a lock that another process holds is seen, and one that nobody holds is not."""

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discpress.engine.errors import ShareError
from discpress.engine.shares import locks
from discpress.engine.shares.locks import TEST_START, held_test_lock, lock_path, new_token, sees_test_lock
from discpress.engine.shares.meeting import Met, meeting
from discpress.engine.system.locks import Lock

OTHER = """
import sys
from pathlib import Path
from discpress.engine.shares.locks import held_test_lock, sees_test_lock
root = Path(sys.argv[1])
if sys.argv[2:]:
    print(sees_test_lock(root, sys.argv[2]))
else:
    with held_test_lock(root) as token:
        print(token, flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        yield other
        other.kill()


def token_of(holder: subprocess.Popen[str]) -> str:
    assert holder.stdout is not None
    return holder.stdout.readline().strip()


@pytest.mark.e2e
def test_a_lock_of_another_process_is_seen(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    assert sees_test_lock(tmp_path, token_of(holder))


@pytest.mark.e2e
def test_another_process_sees_ours(tmp_path: Path) -> None:
    with held_test_lock(tmp_path) as token:
        done = subprocess.run(
            [sys.executable, "-c", OTHER, tmp_path, token], capture_output=True, text=True, check=True, timeout=60
        )
    assert done.stdout == "True\n"


@pytest.mark.e2e
def test_a_lock_of_a_dead_process_is_not_seen(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    token = token_of(holder)
    holder.kill()
    holder.wait()
    assert not sees_test_lock(tmp_path, token)


def test_nothing_is_left_of_a_test(tmp_path: Path) -> None:
    with held_test_lock(tmp_path) as token:
        assert lock_path(tmp_path, token).exists()
    assert list(tmp_path.iterdir()) == []


def test_a_test_file_that_is_not_there_is_another_folder(tmp_path: Path) -> None:
    with pytest.raises(ShareError, match="this machine does not see the test file"):
        sees_test_lock(tmp_path, new_token())


def test_a_test_file_is_as_private_as_a_part(tmp_path: Path) -> None:
    with held_test_lock(tmp_path) as token:
        assert lock_path(tmp_path, token).stat().st_mode & 0o777 == 0o600


def test_a_test_file_of_another_user_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of that user could only be refused after they were packed. Root may open all files."""

    def refuse(path: Path, flags: int) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with held_test_lock(tmp_path) as token:
        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(ShareError, match="their user numbers differ") as caught:
            sees_test_lock(tmp_path, token)
        monkeypatch.undo()
    assert "use the same user number" in caught.value.hint


@pytest.mark.parametrize("token", ["", "../../x", "A" * 32, "0" * 31])
def test_a_token_that_is_none_opens_no_file(tmp_path: Path, token: str) -> None:
    with pytest.raises(ShareError, match="is no token of a lock test"):
        sees_test_lock(tmp_path, token)


def test_a_share_without_locks_is_refused_on_both_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held_test_lock(tmp_path) as token:
        monkeypatch.setattr(locks, "try_lock", lambda fd: Lock.UNKNOWN)
        with pytest.raises(ShareError, match="has no locks on this machine"):
            sees_test_lock(tmp_path, token)
        with pytest.raises(ShareError, match="has no locks on this machine"), held_test_lock(tmp_path):
            pass


def test_two_commands_meet_and_see_each_other(tmp_path: Path) -> None:
    with meeting(tmp_path, "nas") as nas, meeting(tmp_path, "pc") as pc:
        assert nas.turn() == []
        assert pc.turn() == [Met("nas", is_ours_seen=True, is_theirs_seen=True)]
        assert nas.turn() == [Met("pc", is_ours_seen=True, is_theirs_seen=True)]


def test_a_machine_is_met_once(tmp_path: Path) -> None:
    with meeting(tmp_path, "nas") as nas, meeting(tmp_path, "pc") as pc:
        pc.turn()
        nas.turn()
        assert nas.turn() == []


def test_nothing_is_left_of_a_meeting(tmp_path: Path) -> None:
    with meeting(tmp_path, "nas") as nas, meeting(tmp_path, "pc") as pc:
        for each in (nas, pc, nas):
            each.turn()
    assert list(tmp_path.iterdir()) == []


def test_a_machine_that_leaves_first_is_met_all_the_same(tmp_path: Path) -> None:
    with meeting(tmp_path, "nas") as nas:
        with meeting(tmp_path, "pc") as pc:
            nas.turn()
            assert pc.turn() != []
        assert nas.turn() == [Met("pc", is_ours_seen=True, is_theirs_seen=True)]


def test_locks_that_one_side_does_not_see_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with meeting(tmp_path, "nas") as nas, meeting(tmp_path, "pc") as pc:
        nas.turn()
        monkeypatch.setattr(locks, "try_lock", lambda fd: Lock.HELD)  # as on a mount with nolock
        assert pc.turn() == [Met("nas", is_ours_seen=True, is_theirs_seen=False)]
        assert nas.turn() == [Met("pc", is_ours_seen=False, is_theirs_seen=True)]


def leave_note(root: Path, token: str, data: bytes) -> Path:
    path = root / f".discpress-test-{token}.json"
    path.write_bytes(data)
    lock_path(root, token).touch()
    return path


def test_a_killed_command_is_no_machine(tmp_path: Path) -> None:
    leave_note(tmp_path, new_token(), json.dumps({"machine": "dead"}).encode())
    with meeting(tmp_path, "nas") as nas:
        assert [nas.turn(), nas.turn()] == [[], []]


def test_old_files_of_a_killed_command_are_removed(tmp_path: Path) -> None:
    path = leave_note(tmp_path, "ab" * 16, json.dumps({"machine": "dead"}).encode())
    for each in (path, lock_path(tmp_path, "ab" * 16)):
        os.utime(each, (0, time.time() - 7200))
    with meeting(tmp_path, "nas") as nas:
        nas.turn()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"machine": 1}', b'{"machine": "\\u001b"}', b"\xff"])
def test_a_note_that_is_none_is_passed_over(tmp_path: Path, data: bytes) -> None:
    leave_note(tmp_path, new_token(), data)
    with meeting(tmp_path, "nas") as nas, meeting(tmp_path, "pc") as pc:
        nas.turn()
        assert pc.turn() == [Met("nas", is_ours_seen=True, is_theirs_seen=True)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes_in_notes_and_answers_meet_nobody(tmp_path: Path, note: bytes, answer: bytes) -> None:
    with meeting(tmp_path, "nas") as nas:
        token = "ab" * 16
        leave_note(tmp_path, token, note)
        own = next(each.name[len(TEST_START) :][:32] for each in tmp_path.glob("*.json") if token not in each.name)
        (tmp_path / f"{TEST_START}{own}-{token}.json").write_bytes(answer)
        assert nas.turn() == []

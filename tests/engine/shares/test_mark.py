"""The id file of a share: an existing one is taken over, and any other bytes are refused."""

import json
import os
import threading
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from discpress.engine.errors import ShareError, StorageError
from discpress.engine.shares.mark import (
    MARK_NAME,
    ShareMark,
    is_name,
    make_mark,
    mark_bytes,
    parse_mark,
    read_mark,
)

ID = "0123456789abcdef" * 2
MARK = ShareMark(ID, "games")
NAMES = st.text(st.characters(blacklist_categories=["C", "Z"]), min_size=1, max_size=100).filter(is_name)


@given(st.text("0123456789abcdef", min_size=32, max_size=32), NAMES)
def test_a_mark_is_read_as_it_was_written(share_id: str, name: str) -> None:
    assert parse_mark(mark_bytes(ShareMark(share_id, name))) == ShareMark(share_id, name)


@given(st.binary(max_size=200))
@example(b"[" * 4000)
@example(b"{" * 5000)
@example(b'{"schema": 1, "id": "x", "name": "games"}')
@example(b'{"schema": true, "id": "' + ID.encode() + b'", "name": "games"}')
@example(b'{"schema": 1e999, "id": "' + ID.encode() + b'", "name": "games"}')
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_mark(data)


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_changed_byte_is_refused_or_leaves_a_mark(place: int, byte: int) -> None:
    data = bytearray(mark_bytes(MARK))
    data[place % len(data)] = byte
    try:
        found = parse_mark(bytes(data))
    except ValueError:
        return
    assert parse_mark(mark_bytes(found)) == found


def test_a_folder_without_an_id_file_has_no_mark(tmp_path: Path) -> None:
    assert read_mark(tmp_path) is None


def test_a_new_mark_is_the_only_file_that_is_left(tmp_path: Path) -> None:
    mark, is_new = make_mark(tmp_path, "games")
    assert (is_new, mark.name, [each.name for each in tmp_path.iterdir()]) == (True, "games", [MARK_NAME])
    assert read_mark(tmp_path) == mark


def test_two_folders_have_different_ids(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for each in folders:
        each.mkdir()
    assert len({make_mark(each, "games")[0].share_id for each in folders}) == 2


def test_an_existing_mark_is_taken_over_with_its_name(tmp_path: Path) -> None:
    (tmp_path / MARK_NAME).write_bytes(mark_bytes(MARK))
    assert make_mark(tmp_path, "other") == (MARK, False)


def test_machines_that_add_a_share_at_once_agree_on_one_id(tmp_path: Path) -> None:
    found, start = [], threading.Barrier(4)

    def add() -> None:
        start.wait()
        found.append(make_mark(tmp_path, "games")[0])

    threads = [threading.Thread(target=add) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [read_mark(tmp_path)] * 4


@pytest.mark.parametrize("data", [b"", b"nonsense", b'{"schema": 1}', b"\xff" * 10, b" " * 5000])
def test_a_damaged_mark_is_refused_and_stays(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / MARK_NAME
    path.write_bytes(data)
    with pytest.raises(ShareError, match="is damaged") as caught:
        make_mark(tmp_path, "games")
    assert caught.value.hint.startswith("delete the file")
    assert path.read_bytes() == data


def test_a_mark_of_a_newer_version_is_refused_with_its_number(tmp_path: Path) -> None:
    (tmp_path / MARK_NAME).write_text(json.dumps({"schema": 7, "id": ID, "name": "games", "more": 1}))
    with pytest.raises(ShareError, match=r"newer version of discpress wrote it \(version 7\)"):
        read_mark(tmp_path)


def test_a_link_in_place_of_the_mark_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(mark_bytes(MARK))
    (tmp_path / MARK_NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match=MARK_NAME):
        read_mark(tmp_path)


def test_a_pipe_in_place_of_the_mark_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / MARK_NAME)
    with pytest.raises(StorageError, match=MARK_NAME):
        read_mark(tmp_path)


def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "games"
    folder.mkdir(mode=0o555)
    if os.access(folder, os.W_OK):
        pytest.skip("root writes everywhere")
    with pytest.raises(StorageError, match="cannot write it"):
        make_mark(folder, "games")

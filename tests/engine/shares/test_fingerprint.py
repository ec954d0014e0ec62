"""Fingerprints: another file under the same name is noticed before any work."""

import os
from pathlib import Path

import pytest

from discpress.engine.errors import ShareError, StorageError
from discpress.engine.shares.fingerprint import HEAD_BYTES, Fingerprint

S = 1_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.iso"
    path.write_bytes(b"a" * HEAD_BYTES + b"b" * 10)
    os.utime(path, ns=(0, 100 * S))
    return path


def rewrite(path: Path, data: bytes, mtime_ns: int = 100 * S) -> None:
    path.write_bytes(data)
    os.utime(path, ns=(0, mtime_ns))


def test_the_same_file_passes(path: Path) -> None:
    Fingerprint.of(path).check(path)


def test_an_empty_file_has_one(tmp_path: Path) -> None:
    (tmp_path / "a.iso").touch()
    Fingerprint.of(tmp_path / "a.iso").check(tmp_path / "a.iso")


@pytest.mark.parametrize("shift_ns", [100, -2 * S, 2 * S])
def test_a_time_that_a_protocol_rounds_passes(path: Path, shift_ns: int) -> None:
    expected = Fingerprint.of(path)
    os.utime(path, ns=(0, 100 * S + shift_ns))
    expected.check(path)


def test_another_time_is_noticed(path: Path) -> None:
    expected = Fingerprint.of(path)
    os.utime(path, ns=(0, 103 * S))
    with pytest.raises(ShareError, match="it was changed at another time"):
        expected.check(path)


def test_another_size_is_noticed(path: Path) -> None:
    expected = Fingerprint.of(path)
    rewrite(path, path.read_bytes() + b"c")
    with pytest.raises(ShareError, match="sees another file: it has 65547 bytes, expected 65546 bytes"):
        expected.check(path)


@pytest.mark.parametrize("place", [0, HEAD_BYTES - 1])
def test_other_first_bytes_are_noticed(path: Path, place: int) -> None:
    expected = Fingerprint.of(path)
    data = bytearray(path.read_bytes())
    data[place] = 0
    rewrite(path, bytes(data))
    with pytest.raises(ShareError, match="its first bytes differ"):
        expected.check(path)


def test_a_missing_file_is_a_machine_that_does_not_see_it(path: Path) -> None:
    expected = Fingerprint.of(path)
    path.unlink()
    with pytest.raises(ShareError, match="this machine does not see the file") as caught:
        expected.check(path)
    assert "share add" in caught.value.hint


def test_a_folder_is_no_file(path: Path) -> None:
    expected = Fingerprint.of(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(StorageError, match="not a regular file"):
        expected.check(path)

"""Checksum files: as `sha256sum -c` reads them, written whole or not at all."""

import errno
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import fault_injection as faults
import pytest

from discpress.engine.convert import checksums
from discpress.engine.convert.checksum_lists import Checksum, read_checksum_list
from discpress.engine.convert.checksums import check_checksum_names, write_checksum
from discpress.engine.errors import ConflictError, DiscpressError, SpaceError, StorageError, UsageError

DATA = b"a decoded image"
SHA256 = hashlib.sha256(DATA).hexdigest()
NAMES = [
    "game",
    "two words",
    "new\nline",
    "back\\slash",
    "return\rhere",
    "*star",
    "-dash",
    "\udcff\udcfe",
    "[b]",
    "#hash",
    " x",
]


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
@pytest.mark.parametrize("stem", NAMES, ids=ascii)
def test_sha256sum_accepts_it(stem: str, tmp_path: Path) -> None:
    (tmp_path / f"{stem}.iso").write_bytes(DATA)
    write_checksum(tmp_path / f"{stem}.zso", "sha256", SHA256)
    checked = subprocess.run(
        ["sha256sum", "--strict", "-c", tmp_path / f"{stem}.zso.sha256"], cwd=tmp_path, capture_output=True
    )
    assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.parametrize("stem", NAMES, ids=ascii)
def test_it_is_read_back_as_it_was_written(stem: str, tmp_path: Path) -> None:
    write_checksum(tmp_path / f"{stem}.zso", "sha256", SHA256)
    found = read_checksum_list(tmp_path / f"{stem}.zso.sha256").checksums
    assert found == (Checksum("sha256", SHA256, f"{stem}.iso"),)


def test_an_existing_file_is_a_conflict(tmp_path: Path) -> None:
    (tmp_path / "game.zso.sha1").write_bytes(b"precious")
    with pytest.raises(ConflictError, match=r"game\.zso\.sha1: exists already"):
        check_checksum_names(tmp_path / "game.zso", ("sha1",), overwrite=False)


def test_overwrite_never_replaces_a_link(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"a list of many\nthings\n")
    (tmp_path / "game.zso.sha1").symlink_to("list")
    with pytest.raises(ConflictError):
        check_checksum_names(tmp_path / "game.zso", ("sha1",), overwrite=True)


def test_overwrite_moves_what_is_in_the_way_to_the_trash(tmp_path: Path) -> None:
    (tmp_path / "game.zso.sha1").write_bytes(b"theirs\n")
    write_checksum(tmp_path / "game.zso", "sha1", "0" * 40, overwrite=True)
    (kept,) = tmp_path.glob(".discpress-trash/*/1.kept")
    assert kept.read_bytes() == b"theirs\n"


def test_overwrite_replaces_an_older_checksum(tmp_path: Path) -> None:
    write_checksum(tmp_path / "game.zso", "sha256", "0" * 64)
    check_checksum_names(tmp_path / "game.zso", ("sha256",), overwrite=True)
    write_checksum(tmp_path / "game.zso", "sha256", SHA256, overwrite=True)
    found = read_checksum_list(tmp_path / "game.zso.sha256").checksums
    assert found == (Checksum("sha256", SHA256, "game.iso"),)


def test_a_file_that_appears_meanwhile_is_not_clobbered(tmp_path: Path) -> None:
    path = tmp_path / "game.zso.sha256"
    path.write_bytes(b"theirs\nand more\n")
    with pytest.raises(StorageError):
        write_checksum(tmp_path / "game.zso", "sha256", SHA256)
    assert path.read_bytes() == b"theirs\nand more\n"
    assert faults.names_in(tmp_path) == ["game.zso.sha256"]


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", faults.fail_with(errno.ENOSPC))
    with pytest.raises(SpaceError):
        write_checksum(tmp_path / "game.zso", "sha256", SHA256)
    assert faults.names_in(tmp_path) == []


def test_it_is_synced_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    faults.run_before(monkeypatch, os, "fsync", lambda: steps.append("fsync"))
    faults.run_before(monkeypatch, checksums, "rename_new", lambda: steps.append("rename"))
    write_checksum(tmp_path / "game.zso", "sha256", SHA256)
    assert steps == ["fsync", "rename", "fsync"]


@pytest.mark.parametrize("text", [b"", b"hello\n", b"12345678\n", b"zz" * 20 + b"  x\n", b"\x00" * 100])
def test_what_is_no_checksum_file_is_refused(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "list.sha1"
    path.write_bytes(text)
    with pytest.raises(UsageError, match=r"list\.sha1"):
        read_checksum_list(path)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.sha1"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UsageError, match="too large for a checksum file"):
        read_checksum_list(path)


@pytest.mark.parametrize("kind", ["a FIFO", "a device", "a folder"])
def test_only_a_regular_file_is_read_as_a_checksum_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "sums"
    if kind == "a FIFO":
        os.mkfifo(path)
    elif kind == "a device":
        path = Path("/dev/zero")
    else:
        path.mkdir()
    with pytest.raises(DiscpressError, match="not a regular file"):
        read_checksum_list(path)


def test_a_name_that_is_too_long_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot write the checksum file: File name too long"):
        check_checksum_names(tmp_path / f"{'x' * 250}.zso", ("sha256",), overwrite=False)

"""Sizes of open files, also where the system refuses the size that a file has."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_injection import fail_with

from discpress.engine.system.files import set_size


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "part").write_bytes(bytes(10))
    found = os.open(tmp_path / "part", os.O_RDWR)
    yield found
    os.close(found)


def test_a_file_is_cut_and_extended(fd: int) -> None:
    for size_bytes in (4, 20):
        set_size(fd, size_bytes)
        assert os.fstat(fd).st_size == size_bytes


def test_a_refusal_of_the_present_size_is_no_failure(fd: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "ftruncate", fail_with(errno.EPERM))
    set_size(fd, 10)
    with pytest.raises(PermissionError):
        set_size(fd, 4)

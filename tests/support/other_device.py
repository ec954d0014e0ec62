"""A folder that seems to be mounted again: the system gives another device number for everything below it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_FIRST = 1000
_DEVICE = 2  # its place in a stat result


def mount_under_another_number(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stat, lstat, fstat and scandir give files below a folder a device number that they never had."""
    real_device = folder.stat().st_dev
    inodes = {each.stat().st_ino for each in (folder, *folder.rglob("*"))}

    def moved(facts: os.stat_result) -> os.stat_result:
        if facts.st_dev != real_device or facts.st_ino not in inodes:
            return facts
        return _with_device(facts, real_device + _FIRST)

    class Entry:
        def __init__(self, entry: "os.DirEntry[str]") -> None:
            self._entry = entry

        def __getattr__(self, name: str) -> Any:
            return getattr(self._entry, name)

        def stat(self, **options: Any) -> os.stat_result:
            return moved(self._entry.stat(**options))

    real_scandir = os.scandir

    @contextmanager
    def scandir(*arguments: Any) -> Iterator[Iterator[Any]]:
        with real_scandir(*arguments) as entries:
            yield map(Entry, entries)

    for name in ("stat", "lstat", "fstat"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, real=real, **options: moved(real(*a, **options)))
    monkeypatch.setattr(os, "scandir", scandir)


def _with_device(facts: os.stat_result, device: int) -> os.stat_result:
    parts: Any = facts.__reduce__()
    values, named = parts[1]
    return os.stat_result((*values[:_DEVICE], device, *values[_DEVICE + 1 :]), named)

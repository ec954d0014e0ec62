"""Undos that are stopped at each of their calls to the system: the next one finishes them and goes no step further."""

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
from command_line import CommandLine, write_old
from power_stories import NO_CLAIMS
from repair_stories import NAME, OLD_BLOCK, block_size_of, make, repair
from sample_images import mixed
from trash_sets import entries

from discpress.engine.convert.trash.undo import undo
from discpress.engine.convert.trash.undone import Undone
from discpress.engine.progress import Control
from discpress.engine.system import rename

CALLS = ("fsync", "link", "mkdir", "rename", "rmdir", "unlink")


class StoppedError(BaseException):
    """The end of a process; nothing may catch it."""


def undo_until(fatal: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[bool, bool]:
    """Undo the newest entry, and stop before the call to the system with this number.

    Return whether the undo got through, and whether it was reported.
    """
    steps, told = count(1), list[Undone]()

    def watched(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            if next(steps) >= fatal:
                raise StoppedError
            return real(*arguments, **keywords)

        return call

    with monkeypatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, watched(getattr(os, name)))
        patch.setattr(rename, "_rename_exclusive", watched(rename._rename_exclusive))
        try:
            undo(entries(folder)[-1], 1, Control(), report=told.append)
        except StoppedError:
            return False, bool(told)
    return True, bool(told)


@pytest.mark.slow
def test_the_repaired_file_never_comes_back_in_place_of_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = list[bool]()
    for fatal in count(1):
        folder = tmp_path / str(fatal)
        folder.mkdir()
        make(folder)
        repair(folder, NO_CLAIMS)
        is_through, is_told = undo_until(fatal, folder, monkeypatch)
        if is_through:
            break
        stopped.append(is_told)
        if not is_told:
            said = CommandLine(tmp_path).run("undo", folder / NAME)
            assert (said.exit_code, "left as it is" in said.text) == (0, False), (fatal, said.text)
        assert block_size_of((folder / NAME).read_bytes()) == OLD_BLOCK, fatal
        if not is_told:
            (undone,) = entries(folder)
            assert block_size_of(undone.file_path.read_bytes()) != OLD_BLOCK, fatal
    assert set(stopped) == {False, True}


@pytest.mark.slow
def test_the_conversion_before_the_one_that_is_undone_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = 0
    for fatal in count(1):
        folder = tmp_path / str(fatal)
        for name in ("a", "b"):
            faults.run_conversion(write_old(folder / f"{name}.iso", mixed(50_000, seed=3)), trash_source=True)
        is_through, is_told = undo_until(fatal, folder, monkeypatch)
        if is_through:
            break
        stopped += 1
        if not is_told:
            assert CommandLine(tmp_path).run("undo", "--folder", folder).exit_code == 0, fatal
        there = sorted(path.name for path in folder.iterdir() if path.is_file())
        assert there == ["a.zso", "b.iso"], fatal
    assert stopped

"""Two processes that rename: what one of them is at is not taken for what a kill has left."""

from pathlib import Path

import fault_injection as faults
import pytest
from crash_renames import NEW, contents, files_of, finish, make, rename, undo

from discpress.engine.convert.renaming import run
from discpress.engine.errors import ConflictError
from discpress.engine.store.store import Store
from discpress.engine.system.held_folder import HeldFolder
from discpress.engine.system.lock_files import held_lock_file


def test_a_rename_under_way_is_not_finished_by_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path)
    found: list[int] = []
    faults.run_after(monkeypatch, HeldFolder, "rename_new", lambda: found.append(finish(tmp_path)))
    rename(tmp_path)
    assert found == [0] * len(NEW)
    assert contents(tmp_path) == files_of(NEW)


def test_a_rename_waits_for_another_one_and_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path)
    rename(tmp_path)
    monkeypatch.setattr(run, "_LOCK_S", 0.0)
    with (
        Store(tmp_path / "state") as store,
        held_lock_file(store.path.with_name(run.LOCK_NAME), 0),
        pytest.raises(ConflictError, match="another discpress is renaming"),
    ):
        undo(tmp_path)
    assert contents(tmp_path) == files_of(NEW)

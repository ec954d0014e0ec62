"""The order of Safety rule 1, watched call by call, and that a failing job stops short of it (Safety rule 9)."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
from sample_images import mixed, read_back, write_image

from discpress.engine.convert import packing
from discpress.engine.convert.part import part
from discpress.engine.convert.trash.entry import ENTRY_NAME
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.convert.trash.undo import undo
from discpress.engine.errors import DiscpressError, StorageError
from discpress.engine.formats import PART_SUFFIX
from discpress.engine.progress import Control
from discpress.engine.system.held_folder import HeldFolder

SOURCE = mixed(3 * 1024 * 1024, seed=1)
PUBLISHING = [
    "write start of part",
    "fsync part",
    "write part",
    "fsync part",
    "drop part from cache",
    "decode and compare part",
    "write start of part",
    "set time of part",
    "fsync part",
    "drop part from cache",
    "rename part",
    "fsync folder",
    "journal published",
]


class Trace:
    """Notes what is done to which file, in order; repeated writes once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.steps: list[str] = []
        self._folder = folder
        self._watch_os(monkeypatch)
        self._watch(monkeypatch, part, "rename_new", lambda source, target: f"rename {self._word(source)}")
        self._watch(monkeypatch, HeldFolder, "move_new", lambda folder, name, *_: f"rename {name}")
        self._watch(monkeypatch, part, "drop_cached", lambda fd, *_: f"drop {self._of(fd)} from cache")
        self._watch(
            monkeypatch,
            packing,
            "prove_image",
            lambda image, *_, **__: f"decode and compare {self._word(image.source.path)}",
        )

    def journal(self, kind: str, facts: object) -> None:
        self.note(f"journal {kind}")

    def note(self, step: str) -> None:
        if not self.steps or self.steps[-1] != step:
            self.steps.append(step)

    def _watch_os(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def wrote(fd: int, data: object, offset: int) -> str:
            return f"write {'start of ' if offset == 0 else ''}{self._of(fd)}"

        self._watch(monkeypatch, os, "fsync", lambda fd: f"fsync {self._of(fd)}")
        self._watch(monkeypatch, os, "pwrite", wrote)
        self._watch(monkeypatch, os, "utime", lambda path, **_: f"set time of {self._of(path)}")

    def _watch(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, describe: Callable[..., str]) -> None:
        real = getattr(owner, name)

        def wrapped(*arguments: Any, **options: Any) -> Any:
            self.note(describe(*arguments, **options))
            return real(*arguments, **options)

        monkeypatch.setattr(owner, name, wrapped)

    def _of(self, opened: int | Path) -> str:
        return self._word(Path(f"/proc/self/fd/{opened}").readlink() if isinstance(opened, int) else opened)

    def _word(self, path: Path) -> str:
        if path == self._folder:
            return "folder"
        if path.name.endswith(PART_SUFFIX):
            return "part"
        if path.parent.name == TRASH_NAME:
            return "entry folder"
        return {TRASH_NAME: "trash", ENTRY_NAME: "entry.json"}.get(path.name, path.name)


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    path = write_image(tmp_path / "game.iso", SOURCE)
    os.utime(path, (1_600_000_000, 1_600_000_000))
    return path


def test_the_order_from_part_to_journal(source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = Trace(monkeypatch, tmp_path)
    faults.run_conversion(source_path, journal=trace.journal)
    assert trace.steps == PUBLISHING


def test_a_decompression_keeps_the_same_order(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.run_conversion(source_path, tmp_path / "game.zso")
    trace = Trace(monkeypatch, tmp_path)
    faults.run_conversion(tmp_path / "game.zso", tmp_path / "again.iso", journal=trace.journal)
    assert trace.steps == PUBLISHING


def test_the_source_is_moved_after_published_is_in_the_journal(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = Trace(monkeypatch, tmp_path)
    faults.run_conversion(source_path, journal=trace.journal, trash_source=True)
    assert trace.steps == [
        *PUBLISHING,
        "fsync folder",  # the trash's own name
        "fsync entry.json",
        "fsync entry folder",
        "fsync trash",
        "rename game.iso",
        "fsync entry folder",
        "fsync folder",
        "journal trashed",
    ]


def test_undo_puts_the_original_back_and_syncs_before_the_replacement_moves(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = faults.run_conversion(source_path, trash_source=True).trashed
    assert entry is not None
    trace = Trace(monkeypatch, tmp_path)
    faults.run_before(monkeypatch, HeldFolder, "rename_new", lambda: trace.note("original back"))
    undo(entry, 1, Control(), journal=trace.journal)
    first_steps = trace.steps[: trace.steps.index("rename game.zso")]
    assert first_steps[:4] == ["fsync entry folder", "original back", "fsync folder", "fsync entry folder"]


def test_without_verify_the_fsync_stays(source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = Trace(monkeypatch, tmp_path)
    faults.run_conversion(source_path, journal=trace.journal, verify=False)
    unproven = {"drop part from cache", "decode and compare part"}
    assert trace.steps[:4] == PUBLISHING[:4]
    assert [step for step in trace.steps if step not in unproven] == [
        step for step in PUBLISHING if step not in unproven
    ]


def test_the_output_has_the_time_of_the_source(source_path: Path, tmp_path: Path) -> None:
    faults.run_conversion(source_path)
    assert (tmp_path / "game.zso").stat().st_mtime_ns == source_path.stat().st_mtime_ns


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (packing, "prove_image"),
        (part.PartFile, "write_at"),
        (part.PartFile, "sync"),
        (part.PartFile, "drop_cached"),
        (part.PartFile, "seal"),
        (part.PartFile, "publish"),
    ],
)
def test_a_failure_of_any_step_leaves_only_the_source(
    owner: Any, name: str, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = faults.Kept.of(source_path)

    def fail(*arguments: object, **options: object) -> None:
        raise StorageError("as the test wants it")

    monkeypatch.setattr(owner, name, fail)
    with pytest.raises(StorageError, match="as the test wants it"):
        faults.run_conversion(source_path)
    kept.check()
    assert faults.names_in(tmp_path) == ["game.iso"]


def test_even_a_fault_of_ours_removes_the_part(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(packing, "prove_image", stumble)
    with pytest.raises(ZeroDivisionError):
        faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso"]


def test_a_failed_conversion_can_be_run_again(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as failing:
        failing.setattr(os, "preadv", faults.fail_with(5))
        with pytest.raises(DiscpressError):
            faults.run_conversion(source_path)
    faults.run_conversion(source_path)
    assert read_back(tmp_path / "game.zso") == SOURCE


def test_a_failure_says_what_where_and_what_to_do(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults.at_chunk(monkeypatch, 1, lambda: monkeypatch.setattr(os, "preadv", faults.fail_with(5)))
    with pytest.raises(StorageError, match=r"game\.iso: cannot read it at byte \d+: Input/output error") as caught:
        faults.run_conversion(source_path)
    assert "before you try again: it reported an error" in caught.value.hint

"""The trash: originals are renamed, never deleted and never copied, and each entry describes itself (Safety rule 4)."""

import errno
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
from command_line import write_old
from sample_images import mixed, read_back

from discpress.engine.convert.conversion import Conversion
from discpress.engine.convert.digests import Digester
from discpress.engine.convert.part import part
from discpress.engine.convert.trash import trash
from discpress.engine.convert.trash.entry import ENTRY_NAME, TrashEntry
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.convert.trash.listing import entries_in, find_entries
from discpress.engine.errors import DiscpressError, StorageError, TrashError
from discpress.engine.request import OnConflict
from discpress.engine.system import rename
from discpress.engine.system.held_folder import HeldFolder

SOURCE = mixed(1024 * 1024, seed=11)


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    return write_old(tmp_path / "game.iso", SOURCE)


def trashed(source_path: Path, **request: Any) -> TrashEntry:
    entry = faults.run_conversion(source_path, trash_source=True, **request).trashed
    assert entry is not None
    return entry


def overwritten(done: Conversion) -> TrashEntry:
    assert done.overwritten is not None
    return done.overwritten


def facts_of(entry: TrashEntry) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((entry.folder / ENTRY_NAME).read_bytes())
    return facts


def test_a_conversion_leaves_the_original_by_default(source_path: Path, tmp_path: Path) -> None:
    kept = faults.Kept.of(source_path)
    faults.run_conversion(source_path)
    kept.check()
    assert faults.names_in(tmp_path) == ["game.iso", "game.zso"]


def test_the_original_is_renamed_into_the_trash_of_its_own_folder(source_path: Path, tmp_path: Path) -> None:
    before = source_path.stat()
    entry = trashed(source_path, format=None)
    assert entry.file_path == tmp_path / ".discpress-trash" / entry.id / "1.kept"
    assert entry.file_path.stat().st_ino == before.st_ino
    assert entry.file_path.read_bytes() == SOURCE


def test_the_trash_is_in_the_folder_of_the_original_not_of_the_result(source_path: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    done = faults.run_conversion(source_path, tmp_path / "out" / "game.zso", trash_source=True)
    assert done.trashed is not None
    assert done.trashed.folder.parent == tmp_path / ".discpress-trash"
    assert faults.names_in(tmp_path / "out") == ["game.zso"]


def test_at_most_one_file_is_moved(source_path: Path, tmp_path: Path) -> None:
    write_old(tmp_path / "game.cue", b"stays")
    write_old(tmp_path / "other.iso", SOURCE)
    trashed(source_path)
    moved = [name for name in faults.names_in(tmp_path / TRASH_NAME) if not name.endswith(".json")]
    assert [Path(name).name for name in moved if "/" in name] == ["1.kept"]


def test_it_is_moved_after_published_is_journalled(source_path: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, bool]] = []
    faults.run_conversion(
        source_path, trash_source=True, journal=lambda kind, facts: seen.append((kind, source_path.exists()))
    )
    assert seen == [("published", True), ("trashed", False)]


def test_it_stays_when_nothing_was_published(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = faults.Kept.of(source_path)
    monkeypatch.setattr(part.PartFile, "publish", faults.fail_with(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        faults.run_conversion(source_path, trash_source=True)
    kept.check()
    assert faults.names_in(tmp_path) == ["game.iso"]


def test_another_file_system_is_an_error(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HeldFolder, "move_new", faults.fail_with(errno.EXDEV))
    with pytest.raises(TrashError, match=r"game\.iso: its trash is on another file system: it stays where it is"):
        trashed(source_path)


def test_nothing_is_copied_to_another_file_system(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = faults.Kept.of(source_path)
    monkeypatch.setattr(HeldFolder, "move_new", faults.fail_with(errno.EXDEV))
    with pytest.raises(TrashError):
        trashed(source_path)
    kept.check()
    assert faults.names_in(tmp_path) == ["game.iso", "game.zso"]


@pytest.mark.parametrize("owner_and_name", [(trash, "write_entry"), (HeldFolder, "sync"), (HeldFolder, "move_new")])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS], ids=errno.errorcode.get)
def test_a_trash_that_cannot_be_written_leaves_the_original(
    owner_and_name: tuple[object, str],
    number: int,
    source_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = faults.Kept.of(source_path)
    monkeypatch.setattr(*owner_and_name, faults.fail_with(number))
    with pytest.raises(DiscpressError, match=r"game\.iso: cannot move it to the trash"):
        trashed(source_path)
    kept.check()
    assert read_back(tmp_path / "game.zso") == SOURCE


def test_the_entry_is_complete_and_synced_before_the_rename(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    seen: list[tuple[set[str], dict[str, Any]]] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        synced.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        real(fd)

    def look() -> None:
        (path,) = (tmp_path / TRASH_NAME).glob("*/entry.json")
        seen.append((set(synced), json.loads(path.read_bytes())))

    monkeypatch.setattr(os, "fsync", fsync)
    faults.run_before(monkeypatch, HeldFolder, "move_new", look)
    entry = trashed(source_path)
    ((names, facts),) = seen
    assert {"entry.json", entry.id, ".discpress-trash"} <= names
    assert facts == facts_of(entry)


def test_the_entry_tells_the_original(source_path: Path) -> None:
    before = source_path.stat()
    facts = facts_of(trashed(source_path))
    assert (facts["schema"], facts["original"]) == (2, str(source_path))
    assert facts["files"] == [
        {
            "name": "game.iso",
            "stored": "1.kept",
            "size_bytes": before.st_size,
            "mtime_ns": before.st_mtime_ns,
            "ino": before.st_ino,
            "role": "main",
        }
    ]


def test_the_entry_tells_the_digests(source_path: Path) -> None:
    digester = Digester(("sha1",))
    digester.update(SOURCE)
    assert facts_of(trashed(source_path, digests=("sha1",)))["digests"] == digester.finish().values


def test_the_entry_tells_the_replacement(source_path: Path, tmp_path: Path) -> None:
    (facts,) = facts_of(trashed(source_path))["replacement"]
    now = (tmp_path / "game.zso").stat()
    assert facts["path"] == str(tmp_path / "game.zso")
    assert (facts["ino"], facts["size_bytes"], facts["mtime_ns"]) == (now.st_ino, now.st_size, now.st_mtime_ns)


def test_the_entry_tells_the_time(source_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    at = datetime.fromisoformat(facts_of(trashed(source_path))["trashed_at"])
    assert before <= at <= datetime.now(UTC)


def test_paths_given_relative_are_recorded_whole(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    facts = facts_of(trashed(Path("game.iso")))
    assert (facts["original"], facts["replacement"][0]["path"]) == (str(source_path), str(tmp_path / "game.zso"))


def test_undecodable_names_are_recorded(tmp_path: Path) -> None:
    source_path = write_old(tmp_path / os.fsdecode(b"\xff\n.iso"), SOURCE)
    entry = trashed(source_path)
    (found,) = entries_in(tmp_path)
    assert found == entry


def test_without_renameat2_and_links_the_trash_works(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rename, "_rename_exclusive", faults.fail_with(errno.EINVAL))
    monkeypatch.setattr(os, "link", faults.fail_with(errno.EPERM))
    assert trashed(source_path).file_path.read_bytes() == SOURCE


def test_overwrite_puts_the_old_file_into_the_trash(source_path: Path, tmp_path: Path) -> None:
    old = write_old(tmp_path / "game.zso", b"the old file")
    inode = old.stat().st_ino
    entry = overwritten(faults.run_conversion(source_path, on_conflict=OnConflict.OVERWRITE))
    assert (entry.file_path.read_bytes(), entry.file_path.stat().st_ino) == (b"the old file", inode)
    assert facts_of(entry)["reason"] == "overwritten"


def test_overwrite_moves_the_old_file_before_the_new_one_gets_the_name(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_old(tmp_path / "game.zso", b"the old file")
    in_trash: list[bool] = []
    faults.run_before(
        monkeypatch, part, "rename_new", lambda: in_trash.append(any(tmp_path.glob(".discpress-trash/*/1.kept")))
    )
    faults.run_conversion(source_path, on_conflict=OnConflict.OVERWRITE)
    assert in_trash == [True]


def test_overwrite_leaves_the_old_file_when_the_proof_fails(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = faults.Kept.of(write_old(tmp_path / "game.zso", b"the old file"))
    part_path = faults.part_of(tmp_path / "game.zso")
    faults.run_after(monkeypatch, part.PartFile, "sync", lambda: faults.flip_byte(part_path, 300_000))
    with pytest.raises(DiscpressError):
        faults.run_conversion(source_path, on_conflict=OnConflict.OVERWRITE)
    kept.check()
    assert faults.names_in(tmp_path) == ["game.iso", "game.zso"]


def test_a_failed_publish_leaves_the_overwritten_file_where_it_can_be_found(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_old(tmp_path / "game.zso", b"the old file")
    monkeypatch.setattr(part, "rename_new", faults.fail_with(errno.EIO))
    with pytest.raises(StorageError):
        faults.run_conversion(source_path, on_conflict=OnConflict.OVERWRITE)
    found = [path.read_bytes() for path in tmp_path.rglob("game.zso")]
    assert found == [b"the old file"]


def test_a_second_name_of_the_original_is_said_to_free_nothing(source_path: Path, tmp_path: Path) -> None:
    os.link(source_path, tmp_path / "also.img")
    done = faults.run_conversion(source_path, trash_source=True)
    assert [notice for notice in done.notices if "frees nothing" in notice]
    assert (tmp_path / "also.img").read_bytes() == SOURCE


def test_an_only_name_is_not_said_to_free_nothing(source_path: Path) -> None:
    assert faults.run_conversion(source_path, trash_source=True).notices == ()


def test_an_unreadable_entry_hides_no_other(source_path: Path, tmp_path: Path) -> None:
    trashed(source_path)
    bad = tmp_path / ".discpress-trash" / "0"
    bad.mkdir()
    (bad / "a file without description").write_bytes(b"")
    found = list(entries_in(tmp_path))
    assert [type(each) for each in found] == [TrashError, TrashEntry]


def test_an_entry_whose_file_is_gone_is_not_listed(source_path: Path, tmp_path: Path) -> None:
    """What a crash between the description and the rename leaves."""
    entry = trashed(source_path)
    entry.file_path.rename(source_path)
    assert list(entries_in(tmp_path)) == []


def test_entries_are_found_in_folders_below(tmp_path: Path) -> None:
    entry = trashed(write_old(tmp_path / "a" / "b" / "game.iso", SOURCE))
    assert list(find_entries([tmp_path])) == [entry]


def test_linked_folders_are_not_searched(tmp_path: Path) -> None:
    trashed(write_old(tmp_path / "a" / "game.iso", SOURCE))
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "link").symlink_to(tmp_path / "a")
    assert list(find_entries([tmp_path / "search"])) == []


def test_a_trash_that_is_a_link_is_not_followed(source_path: Path, tmp_path: Path) -> None:
    """Somebody else could read, and remove, what is moved through it."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / TRASH_NAME).symlink_to(elsewhere)
    entry = trashed(source_path)
    assert entry.folder.parent == tmp_path / f"{TRASH_NAME}-{os.geteuid()}"
    assert list(elsewhere.iterdir()) == []
    problem, found = entries_in(tmp_path)
    assert "is a link" in str(problem)
    assert found == entry


def test_an_entry_that_is_a_link_is_no_entry(source_path: Path, tmp_path: Path) -> None:
    """Its file lies in another library: neither undo nor purge may reach it by way of this one."""
    done = faults.run_conversion(source_path, trash_source=True)
    assert done.trashed is not None
    other = tmp_path / "other" / TRASH_NAME
    other.mkdir(parents=True)
    (other / "entry").symlink_to(done.trashed.folder)
    (problem,) = entries_in(tmp_path / "other")
    assert "it is a link" in str(problem)


@pytest.mark.parametrize("closed", [".", "lost+found"])
def test_a_folder_that_cannot_be_searched_is_not_empty_but_one_below_is_passed_by(
    closed: str, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = faults.run_conversion(source_path, trash_source=True).trashed
    folder = tmp_path / closed
    folder.mkdir(exist_ok=True)
    real = os.scandir

    def scandir(path: str) -> Any:
        if Path(path) == folder:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = list(find_entries([tmp_path]))
    if closed == ".":
        assert [str(each) for each in found] == [f"{tmp_path}: cannot be searched: Permission denied"]
    else:
        assert found == [entry]

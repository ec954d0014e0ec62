"""Settings, estimates and digests of files that were renamed, moved, or mounted again under another device number."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from other_device import mount_under_another_number
from sample_images import mixed

from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.library.fingerprint import CLUSTER_BYTES, SAMPLED, cluster_numbers, fingerprint_of
from discpress.engine.library.scan import scanner
from discpress.engine.library.scan.moves import pair_moves
from discpress.engine.library.scan.probe import probe_titles
from discpress.engine.library.scan.refresh import refresh
from discpress.engine.request import ConversionRequest
from discpress.engine.store.digests import Digests, Grade
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import StoredEstimate, Title
from discpress.engine.store.rows.gone_rows import FormerTitle
from discpress.engine.store.store import Store

CHOSEN = ConversionRequest(level=3)
ESTIMATE = StoredEstimate(Settings(ImageFormat.ZSO), 100_000, 500, 490, 510, 160, "convert", "", 2.5)
NAME = "Okami [t-en by X] [red].iso"


@pytest.fixture
def games(tmp_path: Path) -> Path:
    folder = tmp_path / "games [b]"
    folder.mkdir()
    return folder


@pytest.fixture
def read_files(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that a scan reads."""
    found: list[Path] = []
    real_scan = scanner.scan

    def probe(path: Path, on_look: Callable[[], None]) -> Iterator[Any]:
        found.append(path)
        return probe_titles(path, on_look)

    def scan(*arguments: Any, **options: Any) -> Any:
        return real_scan(*arguments, probe_file=probe, **options)

    monkeypatch.setattr("discpress.engine.library.scan.refresh.scan", scan)
    return found


def scan(store: Store, *folders: Path) -> None:
    for _ in refresh(store, list(folders), lambda: None):
        pass


def known(store: Store, path: Path) -> Title:
    (title,) = store.titles_at([path])
    return title


def add(store: Store, path: Path, seed: int = 1) -> None:
    """Make an image, scan it, and store everything that can follow it."""
    path.write_bytes(mixed(400_000, seed=seed))
    os.utime(path, ns=(1, 1_600_000_000_000_000_000))
    scan(store, path.parent)
    identity = known(store, path).identity
    store.save_settings(path, CHOSEN)
    store.save_estimate(identity, ESTIMATE)
    fingerprint, _ = fingerprint_of(path)
    store.digests.save(path, identity, Digests("0badf00d", "aa" * 16, fingerprint=fingerprint))


def what_is_known(store: Store, path: Path) -> tuple[ConversionRequest | None, int, list[Grade]]:
    title = known(store, path)
    grades = [each.grade for each in store.digests.of(path, title.identity)]
    return title.overrides, len(store.estimates_of(title.identity)), grades


ALL_OF_IT = (CHOSEN, 1, [Grade.DECODED])
FOLLOWED = (CHOSEN, 1, [Grade.FOLLOWED])
NOTHING: tuple[None, int, list[Grade]] = (None, 0, [])


def test_a_disk_under_another_number_loses_nothing_and_is_not_read_again(
    store: Store, games: Path, read_files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, games / NAME)
    before = known(store, games / NAME)
    read_files.clear()
    mount_under_another_number(games, monkeypatch)
    scan(store, games)
    after = known(store, games / NAME)
    assert (after.device != before.device, after.identity) == (True, before.identity)
    assert (what_is_known(store, games / NAME), read_files) == (ALL_OF_IT, [])


def test_an_inode_that_does_not_last_does_not_count(
    store: Store, games: Path, read_files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discpress.engine.system.filesystems._STABLE_INODES", set())
    add(store, games / NAME)
    shutil.copy2(games / NAME, games / "copy")
    (games / "copy").rename(games / NAME)  # as a mount of FAT or FUSE does: the same file under another inode
    read_files.clear()
    scan(store, games)
    assert (what_is_known(store, games / NAME), read_files) == (ALL_OF_IT, [])


def test_settings_and_estimates_follow_a_renamed_file(store: Store, games: Path) -> None:
    add(store, games / NAME)
    (games / NAME).rename(games / "Okami.iso")
    scan(store, games)
    assert what_is_known(store, games / "Okami.iso") == FOLLOWED
    assert store.settings_for(games / NAME) is None


def test_they_follow_into_a_folder_that_is_scanned_later(store: Store, games: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    add(store, games / NAME)
    shutil.copy2(games / NAME, other / NAME)  # a move across file systems is a copy and a removal
    (games / NAME).unlink()
    scan(store, games)
    scan(store, other)
    assert what_is_known(store, other / NAME) == FOLLOWED


def test_they_follow_into_a_folder_that_is_scanned_first(store: Store, games: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    add(store, games / NAME)
    add(store, games / "stays.iso", seed=2)
    shutil.copy2(games / NAME, other / "new name.iso")
    (games / NAME).unlink()
    scan(store, other)
    assert what_is_known(store, other / "new name.iso") == FOLLOWED


def test_they_follow_after_a_scan_that_was_stopped_between_both_paths(store: Store, games: Path) -> None:
    add(store, games / NAME)
    (games / NAME).rename(games / "Okami.iso")
    for batch in refresh(store, [games], lambda: None):
        if batch.titles:
            break
    scan(store, games)
    assert what_is_known(store, games / "Okami.iso") == FOLLOWED


def test_a_copy_takes_nothing_while_the_file_is_there(store: Store, games: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    add(store, games / NAME)
    shutil.copy2(games / NAME, other / NAME)
    scan(store, games, other)
    assert (what_is_known(store, games / NAME), what_is_known(store, other / NAME)) == (ALL_OF_IT, NOTHING)


def test_digests_do_not_follow_into_other_bytes(store: Store, games: Path, tmp_path: Path) -> None:
    """All discs of some systems have one size, and archivers write equal times."""
    other = tmp_path / "other"
    other.mkdir()
    add(store, games / NAME)
    (other / NAME).write_bytes(mixed(400_000, seed=1)[:-1] + b"\x7f")
    os.utime(other / NAME, ns=(1, 1_600_000_000_000_000_000))
    (games / NAME).unlink()
    scan(store, games, other)
    assert what_is_known(store, other / NAME)[2] == []


def test_a_file_restored_under_its_path_keeps_its_estimates(store: Store, games: Path) -> None:
    add(store, games / NAME)
    shutil.copy2(games / NAME, games / "copy")
    (games / "copy").rename(games / NAME)
    scan(store, games)
    assert what_is_known(store, games / NAME) == FOLLOWED


def test_only_titles_with_size_and_time_of_a_new_or_lost_file_are_compared(store: Store, games: Path) -> None:
    add(store, games / NAME)
    shutil.copy2(games / NAME, games / "copy.iso")
    (games / "other.iso").write_bytes(mixed(300_000))
    scan(store, games)

    def candidates(new: list[Path], gone: list[Path]) -> list[Path]:
        return sorted(each.path for each in store.gone.candidates(map(str, new), gone))

    assert candidates([games / "copy.iso"], []) == [games / NAME]
    store.forget([games / NAME])
    assert candidates([games / "other.iso"], []) == []
    assert candidates([], [games / NAME]) == [games / NAME, games / "copy.iso"]


def test_own_settings_are_not_replaced(store: Store, games: Path) -> None:
    add(store, games / NAME)
    store.save_settings(games / "Okami.iso", ConversionRequest(level=12))
    (games / NAME).rename(games / "Okami.iso")
    scan(store, games)
    assert known(store, games / "Okami.iso").overrides == ConversionRequest(level=12)


def former(name: str, ino: int = 0) -> FormerTitle:
    return FormerTitle(Path("/old") / name, FileIdentity(ino, 700, 5), "", 700)


def found(name: str, ino: int = 0) -> Title:
    return Title(Path("/new") / name, FileIdentity(ino, 700, 5), ImageFormat.ISO, original_bytes=700)


@pytest.mark.parametrize(
    ("gone", "new", "expected"),
    [
        ([former("a.iso")], [found("b.iso")], [("a.iso", "b.iso")]),
        (
            [former("a.iso"), former("b.iso")],
            [found("b.iso"), found("a.iso")],
            [("a.iso", "a.iso"), ("b.iso", "b.iso")],
        ),
        ([former("a.iso"), former("b.iso")], [found("c.iso")], []),
        ([former("a.iso")], [found("b.iso"), found("c.iso")], []),
        ([former("a.iso", 3), former("b.iso", 4)], [found("c.iso", 4)], [("b.iso", "c.iso")]),
        (
            [former("a.iso"), former("b.iso")],
            [found("a.iso"), found("c.iso")],
            [("a.iso", "a.iso"), ("b.iso", "c.iso")],
        ),
    ],
    ids=["one", "by name", "two before", "two now", "by inode", "the rest"],
)
def test_only_clear_pairs_count(gone: list[FormerTitle], new: list[Title], expected: list[tuple[str, str]]) -> None:
    assert sorted((one.path.name, other.path.name) for one, other in pair_moves(gone, new)) == expected


def test_files_that_could_not_be_read_are_no_pair() -> None:
    before = FormerTitle(Path("/old/a.iso"), FileIdentity(0, 700, -1), "", 0)
    assert pair_moves([before], [Title(Path("/new/a.iso"), FileIdentity(0, 700, -1), None)]) == []


@given(st.integers(min_value=0, max_value=2**45))
def test_a_fingerprint_reads_few_clusters_of_the_file(size_bytes: int) -> None:
    numbers = list(cluster_numbers(size_bytes))
    assert numbers == sorted(set(numbers))
    assert len(numbers) <= SAMPLED + 2
    assert all(0 <= number * CLUSTER_BYTES < size_bytes for number in numbers)
    if size_bytes:
        assert (numbers[0], numbers[-1]) == (0, (size_bytes - 1) // CLUSTER_BYTES)


@pytest.mark.parametrize("at", [0, 1_000_000, 1_999_999])
def test_a_fingerprint_tells_a_changed_byte_in_what_it_reads(tmp_path: Path, at: int) -> None:
    path = tmp_path / "a.iso"
    path.write_bytes(bytes(2_000_000))
    before = fingerprint_of(path)[0]
    number = min(cluster_numbers(2_000_000), key=lambda each: abs(each * CLUSTER_BYTES - at))
    with path.open("r+b") as file:
        file.seek(number * CLUSTER_BYTES)
        file.write(b"\1")
    assert fingerprint_of(path)[0] != before

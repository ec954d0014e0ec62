"""WBFS files in parts: one title with all parts, and the name of a missing one without."""

import os
from pathlib import Path

import foreign_images as foreign
import pytest
from found_titles import title_in

from discpress.engine.images.doctor.content import ASSUMED_SIZE, LOSSY
from discpress.engine.images.sets.part_names import read_part_name
from discpress.engine.library.scan.refresh import refresh
from discpress.engine.library.states import TitleStates
from discpress.engine.states import State
from discpress.engine.store.model import Fault, Title
from discpress.engine.store.store import Store

HEAD = foreign.wbfs(foreign.nintendo_disc(), places=(1, 2), sectors=3 * foreign.WBFS_BLOCK // 512)[:4096]
WHOLE_BYTES = 3 * foreign.WBFS_BLOCK
PART_BYTES = 2 * foreign.WBFS_BLOCK
NAMES = ("[b] Game.wbfs", "[b] Game.wbf1")


def write(path: Path, size: int, head: bytes = b"") -> Path:
    """Write a file of some first bytes and a hole."""
    path.write_bytes(head)
    os.truncate(path, size)
    return path


def write_parts(folder: Path) -> tuple[Path, Path]:
    first = write(folder / NAMES[0], PART_BYTES, HEAD)
    return first, write(folder / NAMES[1], WHOLE_BYTES - PART_BYTES)


def scan(store: Store, folder: Path) -> list[Title]:
    for _ in refresh(store, [folder], lambda: None):
        pass
    return store.titles([folder])


def test_all_parts_are_one_title(store: Store, tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    (title,) = scan(store, tmp_path)
    assert (title.file_paths, title.disc.serial, title.fault) == (paths, "RZTE01", None)
    assert [finding.code for finding in title.findings] == [LOSSY, ASSUMED_SIZE]


def test_a_missing_later_part_is_named_until_it_is_there(store: Store, tmp_path: Path) -> None:
    _, second = write_parts(tmp_path)
    second.rename(tmp_path / "elsewhere")
    (title,) = scan(store, tmp_path)
    assert (TitleStates().state(title), title.disc.serial, title.error) == (
        State.SPLIT_PART, "RZTE01", "split image: [b] Game.wbf1 is missing, or the last part is cut short",
    )  # fmt: skip
    (tmp_path / "elsewhere").rename(second)
    (title,) = scan(store, tmp_path)
    assert title.fault is None


def test_a_missing_first_part_is_named(store: Store, tmp_path: Path) -> None:
    first, second = write_parts(tmp_path)
    first.unlink()
    (title,) = scan(store, tmp_path)
    assert (title.path, title.fault, title.error) == (
        second, Fault.SPLIT_PART, "split image: [b] Game.wbfs is missing",
    )  # fmt: skip


def test_a_missing_part_in_between_is_named(store: Store, tmp_path: Path) -> None:
    _, second = write_parts(tmp_path)
    second.rename(tmp_path / "[b] Game.wbf2")
    (title,) = scan(store, tmp_path)
    assert title.error == "split image: [b] Game.wbf1 is missing"


@pytest.mark.parametrize(
    ("size", "fault"),
    [(WHOLE_BYTES, None), (WHOLE_BYTES - 1, Fault.CUT_SHORT), (PART_BYTES, Fault.SPLIT_PART)],
)
def test_a_file_alone_is_whole_or_cut_or_a_part(size: int, fault: Fault | None, store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / NAMES[0], size, HEAD)
    (title,) = scan(store, tmp_path)
    assert (title.path, title.fault, title.others) == (path, fault, ())


def test_a_damaged_header_names_no_part(store: Store, tmp_path: Path) -> None:
    write(tmp_path / NAMES[0], PART_BYTES, b"XBFS" + HEAD[4:])
    (title,) = scan(store, tmp_path)
    assert title.fault is Fault.DAMAGED


def test_each_of_several_whole_files_is_its_own_title(store: Store, tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{name}.wbfs", WHOLE_BYTES, HEAD) for name in "ab"]
    assert [title.path for title in scan(store, tmp_path)] == paths


def test_the_first_part_opens_the_whole(tmp_path: Path) -> None:
    first, _ = write_parts(tmp_path)
    assert title_in(first).fault is None


@pytest.mark.parametrize(
    ("name", "number", "missing"), [("A.wbfs", 0, "A.wbf1"), ("A.WBF2", 2, "A.WBF1"), ("a\n.wbf1", 1, "a\n.wbf1")]
)
def test_the_name_of_a_part_is_read(name: str, number: int, missing: str) -> None:
    part = read_part_name(name)
    assert part is not None
    assert (part.number, part.with_number(1), part.is_certain) == (number, missing, True)
    assert read_part_name(part.with_number(0)) is not None


@pytest.mark.parametrize("name", ["A.wbf", "A.wbf0", "A.wbf10", ".wbfs", "A.wbfs.txt"])
def test_other_names_are_no_parts(name: str) -> None:
    assert read_part_name(name) is None

"""Output and input are different files, and only a regular file is ever replaced (Safety rule 6)."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import fault_injection as faults
import pytest
from sample_images import mixed, read_back, write_image

from discpress.engine.convert.output_names import Clash, Obstacle
from discpress.engine.convert.part import new_part
from discpress.engine.convert.preflight import NameTaken
from discpress.engine.errors import ConflictError
from discpress.engine.formats import ImageFormat
from discpress.engine.request import OnConflict

SOURCE = mixed(1024 * 1024, seed=10)


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    return write_image(tmp_path / "game.iso", SOURCE)


def hard_link(source_path: Path, output_path: Path) -> None:
    os.link(source_path, output_path)


def symbolic_link(source_path: Path, output_path: Path) -> None:
    output_path.symlink_to(source_path)


@pytest.mark.parametrize("make", [hard_link, symbolic_link])
@pytest.mark.parametrize("rule", [OnConflict.ERROR, OnConflict.SKIP, OnConflict.OVERWRITE])
def test_another_name_of_the_input_is_refused_as_output(
    make: Callable[[Path, Path], None], rule: OnConflict, source_path: Path, tmp_path: Path
) -> None:
    kept = faults.Kept.of(source_path)
    make(source_path, tmp_path / "other.zso")
    with pytest.raises(ConflictError, match=r"other\.zso: input and output are the same file"):
        faults.run_conversion(source_path, tmp_path / "other.zso", on_conflict=rule)
    kept.check()


@pytest.mark.parametrize("rule", [OnConflict.ERROR, OnConflict.OVERWRITE])
def test_the_input_itself_is_refused_as_output(rule: OnConflict, source_path: Path) -> None:
    kept = faults.Kept.of(source_path)
    with pytest.raises(ConflictError, match="input and output are the same file"):
        faults.run_conversion(source_path, source_path, on_conflict=rule)
    kept.check()


@pytest.mark.parametrize(("name", "advised"), [("game.zso", True), ("game.iso", False)])
def test_only_a_packed_input_is_advised_to_take_another_format(name: str, advised: bool, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"")
    obstacle = Obstacle(Clash.SOURCE, path, path)
    assert ("it has this format already: add -f" in str(obstacle.error.hint)) == advised


def test_the_input_by_way_of_a_linked_folder_is_refused_as_output(source_path: Path, tmp_path: Path) -> None:
    (tmp_path / "also").symlink_to(tmp_path)
    with pytest.raises(ConflictError, match="input and output are the same file"):
        faults.run_conversion(source_path, tmp_path / "also" / "game.iso", on_conflict=OnConflict.OVERWRITE)


def test_the_input_given_as_a_link_is_the_file_behind_it(source_path: Path, tmp_path: Path) -> None:
    (tmp_path / "link.iso").symlink_to(source_path)
    with pytest.raises(ConflictError, match="input and output are the same file"):
        faults.run_conversion(tmp_path / "link.iso", source_path, on_conflict=OnConflict.OVERWRITE)


@pytest.mark.parametrize("name", ["GAME.ISO", "Game.iso", "game.ISO"])
def test_the_input_in_other_case_is_refused_as_output(name: str, source_path: Path, tmp_path: Path) -> None:
    with pytest.raises(ConflictError):
        faults.run_conversion(source_path, tmp_path / name, on_conflict=OnConflict.OVERWRITE)
    assert faults.names_in(tmp_path) == ["game.iso"]


def test_a_name_that_differs_only_in_case_from_another_file_is_refused(source_path: Path, tmp_path: Path) -> None:
    (tmp_path / "GAME.zso").write_bytes(b"another title")
    with pytest.raises(ConflictError, match=r"game\.zso: differs only in case from the existing .*GAME\.zso"):
        faults.run_conversion(source_path)
    assert (tmp_path / "GAME.zso").read_bytes() == b"another title"


def test_rename_gives_a_case_twin_another_name(source_path: Path, tmp_path: Path) -> None:
    (tmp_path / "GAME.zso").write_bytes(b"another title")
    faults.run_conversion(source_path, on_conflict=OnConflict.RENAME)
    assert read_back(tmp_path / "game (2).zso") == SOURCE


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def make_link(path: Path) -> None:
    path.with_name("precious").write_bytes(b"precious")
    path.symlink_to("precious")


NO_FILES: dict[str, Callable[[Path], None]] = {
    "folder": Path.mkdir,
    "fifo": os.mkfifo,
    "link": make_link,
    "dangling link": lambda path: path.symlink_to("nowhere"),
    "socket": make_socket,
}


@pytest.mark.parametrize("kind", NO_FILES)
@pytest.mark.parametrize("rule", [OnConflict.ERROR, OnConflict.OVERWRITE])
def test_an_output_that_is_no_regular_file_is_refused(
    kind: str, rule: OnConflict, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    NO_FILES[kind](Path("game.zso"))
    with pytest.raises(ConflictError, match=r"game\.zso: exists and is not a regular file, so it is never replaced"):
        faults.run_conversion(Path("game.iso"), on_conflict=rule)


def test_a_refused_output_is_as_it_was(source_path: Path, tmp_path: Path) -> None:
    make_link(tmp_path / "game.zso")
    with pytest.raises(ConflictError):
        faults.run_conversion(source_path, on_conflict=OnConflict.OVERWRITE)
    assert (tmp_path / "game.zso").readlink() == Path("precious")
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_it_is_refused_before_the_first_byte_is_read(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "game.zso").mkdir()
    chunks: list[int] = []
    faults.at_chunk(monkeypatch, 0, lambda: chunks.append(0))
    faults.run_before(monkeypatch, new_part, "PartFile", lambda: chunks.append(-1))
    with pytest.raises(ConflictError):
        faults.run_conversion(source_path, on_conflict=OnConflict.OVERWRITE)
    assert chunks == []


def test_an_existing_output_is_an_error_by_default(source_path: Path, tmp_path: Path) -> None:
    (tmp_path / "game.zso").write_bytes(b"old")
    with pytest.raises(ConflictError, match=r"game\.zso: exists already"):
        faults.run_conversion(source_path)
    assert (tmp_path / "game.zso").read_bytes() == b"old"


def test_an_existing_output_can_be_skipped(source_path: Path, tmp_path: Path) -> None:
    (tmp_path / "game.zso").write_bytes(b"old")
    with pytest.raises(NameTaken):
        faults.run_conversion(source_path, on_conflict=OnConflict.SKIP)
    assert (tmp_path / "game.zso").read_bytes() == b"old"


def test_rename_leaves_both_files_alone(source_path: Path, tmp_path: Path) -> None:
    for name in ("game.zso", "game (2).zso"):
        (tmp_path / name).write_bytes(b"old")
    faults.run_conversion(source_path, on_conflict=OnConflict.RENAME)
    assert [(tmp_path / name).read_bytes() for name in ("game.zso", "game (2).zso")] == [b"old", b"old"]
    assert read_back(tmp_path / "game (3).zso") == SOURCE


def test_an_iso_beside_an_iso_gets_another_name_with_rename(source_path: Path, tmp_path: Path) -> None:
    faults.run_conversion(source_path, format=ImageFormat.ISO, on_conflict=OnConflict.RENAME)
    assert (tmp_path / "game (2).iso").read_bytes() == SOURCE

"""The sample library at a fiftieth of its size: what is written, kept and refused."""

import hashlib
import os
import re
from pathlib import Path

import pytest

from discpress.engine.demo.library import make_demo
from discpress.engine.errors import ConflictError, StorageError

SCALE = 0.02


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    make_demo(folder, scale=SCALE)
    return folder


def _find(folder: Path, part: str) -> Path:
    (path,) = (path for path in folder.rglob("*") if part in path.name and path.is_file())
    return path


def _digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _identity(path: Path) -> tuple[Path, int, int]:
    status = path.stat()
    return path, status.st_ino, status.st_ctime_ns


def test_returns_the_images_it_wrote(tmp_path: Path) -> None:
    paths = make_demo(tmp_path, scale=SCALE)
    assert sorted(paths) == sorted(path for path in tmp_path.rglob("*") if path.is_file())


def test_full_scale_is_about_200_megabytes(demo_folder: Path) -> None:
    boot_files = 13 * 130_000
    total = sum(path.stat().st_size for path in demo_folder.rglob("*") if path.is_file())
    assert 170e6 < (total - boot_files) / SCALE < 230e6


def test_same_bytes_every_time(demo_folder: Path, tmp_path: Path) -> None:
    make_demo(tmp_path, scale=SCALE)
    assert _digests(tmp_path) == _digests(demo_folder)


def test_second_call_keeps_every_file(tmp_path: Path) -> None:
    before = [_identity(path) for path in make_demo(tmp_path, scale=SCALE)]
    assert [_identity(path) for path in make_demo(tmp_path, scale=SCALE)] == before


def test_missing_image_is_written_again(demo_folder: Path, tmp_path: Path) -> None:
    make_demo(tmp_path, scale=SCALE)
    _find(tmp_path, "Tin Parade").unlink()
    make_demo(tmp_path, scale=SCALE)
    assert _digests(tmp_path) == _digests(demo_folder)


def test_other_files_stay(tmp_path: Path) -> None:
    other = tmp_path / "DVD" / "mine.iso"
    other.parent.mkdir()
    other.write_bytes(b"mine")
    make_demo(tmp_path, scale=SCALE)
    assert other.read_bytes() == b"mine"


def test_images_look_old_enough_to_convert(demo_folder: Path) -> None:
    assert {int(path.stat().st_mtime) for path in demo_folder.rglob("*.?so")} == {981173106}


@pytest.mark.parametrize(
    "name", ["DVD/Static Choir (USA).iso", "DVD/Velvet Railyard (USA).zso", "ISO/Ember & Ink (Europe).cso"]
)
def test_file_of_another_size_is_a_conflict_that_names_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir()
    path.write_bytes(b"mine")
    with pytest.raises(ConflictError, match=re.escape(str(path))):
        make_demo(tmp_path, scale=SCALE)


def test_conflict_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "CD" / "Lighthouse Kit (USA) (Disc 2).iso"
    path.parent.mkdir()
    path.write_bytes(b"mine")
    with pytest.raises(ConflictError):
        make_demo(tmp_path, scale=SCALE)
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]


@pytest.mark.parametrize("name", ["Velvet Railyard", "Ember & Ink"])
def test_packed_image_cut_short_is_a_conflict(tmp_path: Path, name: str) -> None:
    make_demo(tmp_path, scale=SCALE)
    path = _find(tmp_path, name)
    os.truncate(path, path.stat().st_size - 2048)
    with pytest.raises(ConflictError, match=name):
        make_demo(tmp_path, scale=SCALE)


def test_library_of_another_scale_is_a_conflict(tmp_path: Path) -> None:
    make_demo(tmp_path, scale=SCALE)
    with pytest.raises(ConflictError):
        make_demo(tmp_path, scale=SCALE * 2)


def test_link_in_the_way_is_a_conflict(demo_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "CD").mkdir()
    path = tmp_path / "CD" / "Tin Parade (Japan).iso"
    path.symlink_to(_find(demo_folder, "Tin Parade"))
    with pytest.raises(ConflictError, match="Tin Parade"):
        make_demo(tmp_path, scale=SCALE)


def test_file_in_place_of_a_folder_is_a_conflict(tmp_path: Path) -> None:
    (tmp_path / "DVD").write_bytes(b"")
    with pytest.raises(ConflictError, match="a folder above it is a file"):
        make_demo(tmp_path, scale=SCALE)


def test_file_that_appears_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def appear(path: Path, _: Path) -> None:
        path.write_bytes(b"mine")
        raise FileExistsError

    monkeypatch.setattr(Path, "hardlink_to", appear)
    with pytest.raises(ConflictError, match="appeared while it was written"):
        make_demo(tmp_path, scale=SCALE)
    assert [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()] == [b"mine"]


def test_folder_without_hard_links_gets_the_same_library(
    demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, _: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    make_demo(tmp_path, scale=SCALE)
    assert _digests(tmp_path) == _digests(demo_folder)


def test_failed_write_names_the_image_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, _: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "hardlink_to", fail)
    with pytest.raises(StorageError, match=r"Copper Tides\.iso: cannot write the sample image"):
        make_demo(tmp_path, scale=SCALE)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf")])
def test_senseless_scale_is_refused(tmp_path: Path, scale: float) -> None:
    with pytest.raises(ValueError, match="expected a scale above 0"):
        make_demo(tmp_path, scale=scale)

"""Where a path's file system is mounted, told by its name alone."""

from pathlib import Path

import pytest

from discpress.engine.system import filesystems
from discpress.engine.system.filesystems import filesystem_of, filesystem_of_file, mount_above

TABLE = r"""22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 0:40 / /mnt/nas rw shared:5 - nfs4 nas:/games rw
31 30 0:41 / /mnt/nas/old\040games rw - nfs4 nas:/old rw
"""


@pytest.fixture(autouse=True)
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mountinfo").write_text(TABLE)
    monkeypatch.setattr(filesystems, "_MOUNTINFO", tmp_path / "mountinfo")


@pytest.mark.parametrize(
    ("path", "mount"),
    [
        ("/mnt/nas/ps2/Okami.iso", "/mnt/nas"),
        ("/mnt/nas", "/mnt/nas"),
        ("/mnt/nasty/Okami.iso", "/"),
        ("/mnt/nas/old games/Okami.iso", "/mnt/nas/old games"),
        ("/home/me/games", "/"),
    ],
)
def test_the_longest_mount_point_counts(path: str, mount: str) -> None:
    assert mount_above(Path(path)) == Path(mount)


def test_where_the_system_does_not_tell_it_is_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filesystems, "_MOUNTINFO", Path("/nowhere/mountinfo"))
    assert mount_above(Path("/mnt/nas/ps2")) == Path("/")


def test_the_file_system_of_an_open_file_is_that_of_its_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with (tmp_path / "game.iso").open("wb") as file:
        of_path = filesystem_of(tmp_path)
        (tmp_path / "game.iso").unlink()  # its path leads nowhere now
        assert filesystem_of_file(file.fileno()) == of_path
    assert of_path.kind


def test_the_file_system_of_a_file_whose_mount_is_not_listed_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text("")
    with (tmp_path / "mountinfo").open() as file:
        assert filesystem_of_file(file.fileno()).kind == ""

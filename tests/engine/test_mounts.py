"""Where a path's file system is mounted, told by its name alone."""

from pathlib import Path

import pytest

from discpress.engine.system import filesystems
from discpress.engine.system.filesystems import mount_above

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

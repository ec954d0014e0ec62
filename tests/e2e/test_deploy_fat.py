"""A deployment onto a small FAT32 image, mounted by the kernel or by fusefat, where a machine has one of them."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from command_line import MIB, CommandLine, write_old
from patience import HANG_S, wait_for
from sample_images import as_disc, incompressible

pytestmark = pytest.mark.e2e

NAMES = ("Okami [t-en by X] [red].iso", "Saga (Disc 1).iso")
"""In ASCII: fusefat creates no other names."""


class FatStick:
    """A FAT32 image, and how it is mounted and unmounted."""

    def __init__(self, folder: Path, image: Path) -> None:
        self.folder = folder
        self._image = image
        self._program: subprocess.Popen[bytes] | None = None

    def mount(self) -> None:
        """Mount it; the test is skipped if this machine cannot."""
        if "\tvfat" in Path("/proc/filesystems").read_text():
            done = subprocess.run(["mount", "-t", "vfat", "-o", "loop", self._image, self.folder], capture_output=True)
            if done.returncode == 0:
                return
        if shutil.which("fusefat") is None:
            pytest.skip("neither the kernel nor fusefat mounts FAT here")
        self._program = subprocess.Popen(
            ["fusefat", "-f", "-o", "rw+", self._image, self.folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self._is_mounted, "fusefat")

    def _is_mounted(self) -> bool:
        return str(self.folder) in Path("/proc/self/mounts").read_text()

    def unmount(self) -> None:
        """Unmount it, if it is mounted."""
        if not self._is_mounted():
            return
        if self._program is None:
            subprocess.run(["umount", self.folder], check=True)
            return
        subprocess.run(["fusermount", "-u", self.folder], check=True)
        self._program.wait(HANG_S)
        self._program = None


@pytest.fixture
def stick(cli: CommandLine) -> Iterator[FatStick]:
    if shutil.which("mkfs.fat") is None:
        pytest.skip("there is no mkfs.fat here")
    image, folder = cli.home / "stick.img", cli.folder / "stick"
    folder.mkdir()
    image.write_bytes(b"")
    with image.open("r+b") as file:
        file.truncate(40 * MIB)
    subprocess.run(["mkfs.fat", "-F", "32", image], check=True, capture_output=True)
    found = FatStick(folder, image)
    with ExitStack() as stack:
        stack.callback(found.unmount)
        found.mount()
        yield found


def marks(folder: Path) -> dict[str, tuple[int, int]]:
    found = {path: path.lstat() for path in folder.rglob("*")}
    return {str(path): (each.st_size, each.st_mtime_ns) for path, each in found.items()}


def test_a_second_run_changes_nothing_also_after_the_stick_was_pulled(cli: CommandLine, stick: FatStick) -> None:
    data = {name: as_disc(incompressible(MIB + number, seed=number)) for number, name in enumerate(NAMES)}
    for name, content in data.items():
        write_old(cli.folder / "games" / name, content)
    first = cli.run("deploy", "games", stick.folder, "--as", "folder")
    assert first.exit_code == 0, first.text
    before = marks(stick.folder)
    stick.unmount()
    stick.mount()
    again = cli.run("deploy", "games", stick.folder, "--as", "folder")
    assert "2 there already" in again.text
    assert marks(stick.folder) == before
    assert {name: (stick.folder / name).read_bytes() for name in NAMES} == data
    with (stick.folder / NAMES[0]).open("r+b") as file:
        file.seek(500_000)
        file.write(b"X")
    assert cli.run("deploy", "-n", "--check", stick.folder).exit_code == 3
    assert cli.run("deploy", "--check", stick.folder).exit_code == 0
    assert (stick.folder / NAMES[0]).read_bytes() == data[NAMES[0]]

"""What a folder's file system is, and what it can hold."""

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.units import GIB

FAT32_MAX_FILE_BYTES = 4 * GIB - 1
_FAT = {"vfat", "msdos", "exfat"}
_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.rclone", "davfs", "ncpfs"}
_MOUNTINFO = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class FileSystem:
    """One mounted file system, as far as the system tells."""

    kind: str
    """Its type (`ext4`, `vfat`, `nfs4`); empty where the system does not say."""
    mount_path: Path
    """Where it is mounted."""
    device: str
    """Major and minor number of its block device, `8:1`; empty where unknown."""

    @property
    def is_remote(self) -> bool:
        """Whether it is a network share."""
        return self.kind in _REMOTE

    @property
    def max_file_bytes(self) -> int | None:
        """Largest file it holds; None where that is no concern (exFAT and the rest)."""
        return FAT32_MAX_FILE_BYTES if self.kind in _FAT - {"exfat"} else None

    @property
    def is_rotational(self) -> bool | None:
        """Whether it is on a disk that turns; None where the system does not say."""
        device = Path("/sys/dev/block") / self.device
        if "/virtio" in str(device.resolve()):
            return None  # a virtual disk says 1 without knowing what is below it
        for queue in (device / "queue", device.parent / "queue", device.resolve().parent / "queue"):
            try:
                return (queue / "rotational").read_text().strip() == "1"
            except OSError:
                continue
        return None


def filesystem_of(path: Path) -> FileSystem:
    """Return the file system that holds an existing path; its type is known on Linux only."""
    unknown = FileSystem("", Path(path.anchor or "/"), "")
    if not sys.platform.startswith("linux"):
        return unknown
    try:
        lines = _MOUNTINFO.read_text(errors="surrogateescape").splitlines()
        real = path.resolve()
        number = os.stat(real).st_dev  # noqa: PTH116 - a Path's stat would resolve a second time
    except OSError:
        return unknown
    wanted = f"{os.major(number)}:{os.minor(number)}"
    best = unknown
    best_rank = (-1, -1)
    for each in _mounted(lines):
        if not real.is_relative_to(each.mount_path):
            continue
        # Subvolumes (btrfs) have device numbers that mountinfo does not list: then the longest mount point counts.
        # Of mounts over one another the last one is seen.
        rank = (int(each.device == wanted), len(each.mount_path.parts))
        if rank >= best_rank:
            best, best_rank = each, rank
    return best


def mount_above(path: Path) -> Path:
    """Return where the file system of an absolute path is mounted, by its name alone: links are not followed.

    Nothing is asked of the disk, which may not answer. Where the system does not tell it is the path's root.
    """
    above = Path(path.anchor or "/")
    try:
        lines = _MOUNTINFO.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return above
    for each in _mounted(lines):
        if path.is_relative_to(each.mount_path) and len(each.mount_path.parts) > len(above.parts):
            above = each.mount_path
    return above


def _mounted(lines: Iterable[str]) -> Iterator[FileSystem]:
    """Yield what /proc/self/mountinfo lists (proc_pid_mountinfo(5)), in the order in which it was mounted."""
    for line in lines:
        fields, _, rest = line.partition(" - ")
        _, _, device, _, mount_point, *_ = fields.split(" ")
        mount_path = Path(_OCTAL.sub(lambda match: chr(int(match[1], 8)), mount_point))
        yield FileSystem(rest.split(" ")[0], mount_path, device)


def free_bytes(folder: Path) -> int:
    """Return what an ordinary user may still write there."""
    return shutil.disk_usage(folder).free

"""The file system of a folder: type, limits, mount point and free space."""

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from discpress.engine.units import GIB

FAT32_MAX_FILE_BYTES = 4 * GIB - 1
_FAT = {"vfat", "msdos", "exfat"}
_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.rclone", "davfs", "ncpfs"}
# FAT and most FUSE programs number files when they are looked up, overlayfs when a file is copied up.
_STABLE_INODES = {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "tmpfs", "nfs", "nfs4"}
_LEASED_BY_SERVER = {"nfs", "nfs4", "cifs", "smb3", "smbfs"}
_MOUNTINFO = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")


class FileSystem(NamedTuple):
    """One mounted file system, as far as the system describes it."""

    kind: str
    """Its type (`ext4`, `vfat`, `nfs4`); empty if unknown."""
    mount_path: Path
    """Its mount point."""
    device: str
    """Major and minor number of its block device, `8:1`; empty if unknown."""

    @property
    def is_remote(self) -> bool:
        """Whether it is a network share."""
        return self.kind in _REMOTE

    @property
    def has_stable_inodes(self) -> bool:
        """Whether a file is known to have the same inode number after every mount."""
        return self.kind in _STABLE_INODES

    @property
    def may_refuse_leases(self) -> bool:
        """Whether a lease may be refused although nobody writes: the server did not delegate the file (fcntl(2))."""
        return self.kind in _LEASED_BY_SERVER

    @property
    def has_owners(self) -> bool:
        """Whether each file is known to have an owner of its own, and to show it."""
        return self.kind in _STABLE_INODES - _REMOTE or self.kind == "overlay"  # NFS may map all users to nobody

    @property
    def max_file_bytes(self) -> int | None:
        """Size of the largest possible file; None if the limit does not matter (exFAT and all others)."""
        return FAT32_MAX_FILE_BYTES if self.kind in _FAT - {"exfat"} else None

    @property
    def is_rotational(self) -> bool | None:
        """Whether it is on a rotating disk; None if unknown."""
        device = Path("/sys/dev/block") / self.device
        if "/virtio" in str(device.resolve()):
            return None  # a virtual disk always reports 1, whatever the real disk is
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
    for each in _mounted_above(real, lines):
        # mountinfo does not list the device numbers of btrfs subvolumes: then the longest mount point counts.
        # Of mounts on the same mount point, the last one is visible.
        rank = (int(each.device == wanted), len(each.mount_path.parts))
        if rank >= best_rank:
            best, best_rank = each, rank
    return best


def filesystem_of_file(fd: int) -> FileSystem:
    """Return the file system of an open file, by the number of its mount (proc_pid_fdinfo(5)); known on Linux only."""
    try:
        number = Path(f"/proc/self/fdinfo/{fd}").read_text().partition("mnt_id:")[2].split()[0]
        lines = _MOUNTINFO.read_text(errors="surrogateescape").splitlines()
    except (OSError, IndexError):
        lines = []
    return next((_described(line) for line in lines if line.startswith(f"{number} ")), FileSystem("", Path("/"), ""))


def mount_above(path: Path) -> Path:
    """Return the mount point of an absolute path, from its name alone, without following links.

    The disk is not accessed, because it may not respond. If the system lists no mounts, it is the path's root.
    """
    above = Path(path.anchor or "/")
    try:
        lines = _MOUNTINFO.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return above
    for each in _mounted_above(path, lines):
        if len(each.mount_path.parts) > len(above.parts):
            above = each.mount_path
    return above


def mount_name(path: Path) -> str:
    """Return the mount point of a path with its links followed; empty if the system lists no mounts."""
    return os.fspath(mount_above(path.resolve())) if _MOUNTINFO.exists() else ""


class StableInodes:
    """The inode numbers that last: of file systems that are known to give a file the same number after every mount.

    Each device is looked up once, so an object must not outlive a scan: a later mount may get the same number.
    """

    def __init__(self) -> None:
        self._last: dict[int, bool] = {}

    def of(self, path: "Path | str", device: int, inode: int) -> int:
        """Return the inode number of an existing file on a device; 0 if it may change with the next mount."""
        lasts = self._last.get(device)
        if lasts is None:
            lasts = self._last[device] = filesystem_of(Path(path)).has_stable_inodes
        return inode if lasts else 0


def _mounted_above(path: Path, lines: Iterable[str]) -> Iterator[FileSystem]:
    """Yield the file systems of /proc/self/mountinfo in the order of mounting.

    Only those with the path at or below their mount point: a machine has dozens of others.
    """
    below = f"{path}/"
    for line in lines:
        mount_point = _mount_point(line)
        if below.startswith(mount_point if mount_point == "/" else f"{mount_point}/"):
            yield _described(line)


def _described(line: str) -> FileSystem:
    """Return the file system of a line of /proc/self/mountinfo (proc_pid_mountinfo(5))."""
    fields, _, rest = line.partition(" - ")
    return FileSystem(rest.split(" ")[0], Path(_mount_point(line)), fields.split(" ")[2])


def _mount_point(line: str) -> str:
    mount_point = line.split(" ", 5)[4]
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), mount_point) if "\\" in mount_point else mount_point


def disk_usage(folder: Path) -> tuple[int, int]:
    """Return the bytes that an ordinary user can still write in a folder, and those of its whole disk. OSError."""
    usage = shutil.disk_usage(folder)
    return usage.free, usage.total


def disk_bytes(folder: Path) -> int:
    """Return the bytes of the disk that contains a folder. Raises OSError."""
    return disk_usage(folder)[1]


def free_bytes(folder: Path) -> int:
    """Return the bytes that an ordinary user can still write in a folder. Raises OSError."""
    return disk_usage(folder)[0]


def disk_usage_below(folder: Path) -> tuple[int, int]:
    """Return the same for a folder that may not exist yet: of the nearest existing one above it. Raises OSError."""
    for each in (folder, *folder.parents):
        try:
            return disk_usage(each)
        except FileNotFoundError:
            continue  # it is created later
    raise FileNotFoundError(folder)

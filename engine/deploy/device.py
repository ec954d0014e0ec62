"""The device of a deployment: its facts, and whether it is still there."""

import os
from pathlib import Path

from discpress.engine.deploy.records import DeviceFacts
from discpress.engine.errors import StorageError, UsageError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.system.files import absolute, folder_problem
from discpress.engine.system.filesystems import disk_usage, filesystem_of

_USUAL_CLUSTER_BYTES = 4096


def read_device(root: Path) -> DeviceFacts:
    """Return the facts of the device whose files are in a folder.

    Raises UsageError if it is no folder, StorageError if the system cannot be asked.
    """
    root = absolute(root)
    if problem := folder_problem(root):
        raise UsageError(f"{display_name(root)}: {problem}", hint="name the folder where the device is mounted")
    file_system = filesystem_of(root)
    try:
        free_bytes, total_bytes = disk_usage(root)
        cluster_bytes = os.statvfs(root).f_frsize if hasattr(os, "statvfs") else _USUAL_CLUSTER_BYTES
    except OSError as error:
        raise from_os_error(error, root, "read the free space") from error
    return DeviceFacts(
        root, file_system.kind, free_bytes, total_bytes, max(1, cluster_bytes), file_system.max_file_bytes
    )


class HeldDevice:
    """A device during a deployment: an unplugged one leaves an empty folder, into which nothing must be written."""

    def __init__(self, root: Path) -> None:
        """Remember the device at a path. Raises StorageError."""
        self.root = root
        self._number = self._ask()

    def check(self) -> None:
        """Raise StorageError unless the same device is still there."""
        if self._ask() != self._number:
            raise _gone(self.root)

    def _ask(self) -> int:
        try:
            return self.root.stat().st_dev
        except OSError as error:
            raise _gone(self.root) from error


def _gone(root: Path) -> StorageError:
    return StorageError(
        f"{display_name(root)}: the device is not mounted any more",
        hint="mount it again and repeat the command: what is finished stays, and the rest is continued",
    )

"""Names on a device: folders, the file that has a name now, and an earlier copy that gives way to a proven one."""

from pathlib import Path, PurePosixPath

from discpress.engine.deploy.manifest import DeviceFile
from discpress.engine.errors import ConflictError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.system.rename import sync_folder


def make_folders(root: Path, path: PurePosixPath) -> None:
    """Create the folders of a path below the root, which exists. Raises StorageError, SpaceError."""
    folder = root
    for name in path.parent.parts:
        home, folder = folder, folder / name
        try:
            folder.mkdir(exist_ok=True)
            sync_folder(home)
        except OSError as error:
            raise from_os_error(error, folder, "create this folder") from error


def stored_file(root: Path, path: PurePosixPath, digest: str) -> DeviceFile:
    """Return a file as the device has it now. Raises StorageError."""
    try:
        facts = (root / path).lstat()
    except OSError as error:
        raise from_os_error(error, root / path, "look at it") from error
    return DeviceFile(str(path), facts.st_size, facts.st_mtime_ns, digest)


def replace_known(new: Path, final_path: Path, known: DeviceFile) -> None:
    """Rename a proven file over an earlier copy, if that is still what the plan saw. ConflictError, StorageError."""
    try:
        if not known.is_at(final_path.lstat()):
            raise ConflictError(
                f"{display_name(final_path)}: another program changed it meanwhile; it was not touched",
                hint="move it away, then repeat the command",
            )
        new.replace(final_path)
        sync_folder(final_path.parent)
    except OSError as error:
        raise from_os_error(error, final_path, "replace it") from error

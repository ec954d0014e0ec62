"""Conversions on the way to a device: written and proven there under a name of their own, then moved to their place."""

import contextlib
import os
import stat
from pathlib import Path, PurePosixPath

from discpress.engine.convert.conversion import convert
from discpress.engine.convert.part.name import is_reserved
from discpress.engine.convert.plan import plan_image
from discpress.engine.convert.preflight import settle_output
from discpress.engine.convert.trash.journal import Journal, no_journal
from discpress.engine.deploy.contents import Contents
from discpress.engine.deploy.copying import Copied
from discpress.engine.deploy.placing import make_folders, replace_known, stored_file
from discpress.engine.deploy.plan import STAGING
from discpress.engine.deploy.records import DeployRow, DeviceFacts
from discpress.engine.errors import ConflictError, from_os_error
from discpress.engine.images.open import open_image
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest
from discpress.engine.system.held_folder import HeldFolder
from discpress.engine.system.rename import rename_new, sync_folder


def convert_title(
    row: DeployRow,
    device: DeviceFacts,
    control: Control,
    progress: Progress,
    threads: int,
    journal: Journal = no_journal,
) -> Copied:
    """Convert a title onto the device and return its files there; no file has its final name before it is proven.

    A stopped conversion begins again with the next run. Raises the errors of `convert`, and ConflictError if another
    program created a file with the name.
    """
    request = row.request or ConversionRequest()
    main = row.placement.paths[0]
    # A folder of its own: another run may be at a title whose name begins alike.
    staged = PurePosixPath(STAGING, main.name, main.name)
    path = device.root / staged
    make_folders(device.root, staged)
    make_folders(device.root, main)
    try:
        _clear(device.root, staged)
        with open_image(row.title.path) as image:
            plan = settle_output(plan_image(image, request, path))
            done = convert(plan, image=image, threads=threads, control=control, progress=progress)
        paths = {main.parent / each.name: each for each in done.plan.output_paths}
        contents = Contents(control, progress)
        digests = {final: contents.digest(each) for final, each in paths.items()}
        replaced = {each.path: each for each in row.replaces}
        for final, each in reversed(paths.items()):  # the main file gets its name last
            known = replaced.get(str(final))
            if known is not None and os.path.lexists(device.root / final):
                replace_known(each, device.root / final, known)
            else:
                _move(each, device.root / final)
        journal("published", {**done.plan.paths, "output": str(device.root / main), **done.digests.values})
        files = tuple(stored_file(device.root, final, digests[final]) for final in paths)
        return Copied(files, done.notices)
    finally:
        with contextlib.suppress(OSError):
            path.parent.rmdir()
            path.parent.parent.rmdir()


def _move(path: Path, final_path: Path) -> None:
    try:
        rename_new(path, final_path)
        sync_folder(final_path.parent)
    except FileExistsError as error:
        raise ConflictError(
            f"{display_name(final_path)}: another program created a file with this name; it was not touched",
            hint="move it away, then repeat the command",
        ) from error
    except OSError as error:
        raise from_os_error(error, final_path, "give the finished file its name") from error


def _clear(root: Path, staged: PurePosixPath) -> None:
    """Remove what a killed run left of a result in discpress's own folder; of parts, the conversion knows its own.

    Raises StorageError, also for a link in the folder's place: the files that it leads to are somebody's.
    """
    try:
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(HeldFolder.open(root))
            for name in staged.parent.parts:
                folder = stack.enter_context(folder.below(name))
            for name in folder.names():
                if not is_reserved(name) and stat.S_ISREG(folder.lstat(name).st_mode):
                    folder.unlink(name)
    except OSError as error:
        raise from_os_error(error, root / staged.parent, "remove what a stopped run left in it") from error

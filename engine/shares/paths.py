"""Paths that mean the same file on every machine: the id of a share, and a path below its root."""

import os
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.errors import ShareError
from discpress.engine.names import display_name
from discpress.engine.shares.mark import is_id

MOST_BYTES = 4096
"""Longest path below a root, as `PATH_MAX` of Linux."""


@dataclass(frozen=True, slots=True)
class SharePath:
    """A file or folder of a share."""

    share_id: str
    """The id of the share."""
    path: str
    """Its path below the root, with `/`; empty for the root itself."""

    def __post_init__(self) -> None:
        """Check both, because they may come from another machine. Raises ShareError."""
        problem = _problem(self.share_id, self.path)
        if problem:
            raise ShareError(f"{display_name(self.path or self.share_id)}: is no path of a share: {problem}")

    @property
    def parts(self) -> tuple[str, ...]:
        """The names from the root down."""
        return tuple(self.path.split("/")) if self.path else ()


def _problem(share_id: str, path: str) -> str:
    if not is_id(share_id):
        return "its id is wrong"
    try:
        length = len(os.fsencode(path))
    except UnicodeEncodeError:
        return "a name is impossible"
    if length > MOST_BYTES or "\0" in path:
        return "a name is impossible"
    if path and not {"", ".", ".."}.isdisjoint(path.split("/")):
        return "it leads out of the share"
    return ""


def local_path(root: Path, shared: SharePath) -> Path:
    """Return the path of a share's file below its root on this machine. It need not exist.

    Raises ShareError if a link leads out of the share, or if a name means something else on this system.
    """
    path = root.joinpath(*shared.parts)
    # On Windows a name may contain a drive or a separator.
    if path.parts != (*root.parts, *shared.parts) or not _is_within(path, root):
        raise ShareError(
            f"{display_name(path)}: leads out of the share",
            hint="keep the file itself in the share, not a link to another place",
        )
    return path


def share_path(share_id: str, root: Path, path: Path) -> SharePath | None:
    """Return the shared path of an absolute path of this machine; None if it is not in the share.

    The path may lead into the share by a link, but not out of it again. Raises ShareError for an impossible name.
    """
    for name, folder in ((path, root), (_real(path.parent) / path.name, _real(root))):
        if name.is_relative_to(folder) and ".." not in name.parts and _is_within(name, root):
            return SharePath(share_id, "/".join(name.relative_to(folder).parts))
    return None


def _is_within(path: Path, root: Path) -> bool:
    return _real(path).is_relative_to(_real(root))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises RuntimeError for a loop of links in older versions

"""Folders made together with those above them, none open to others for writing, whatever the umask."""

from pathlib import Path

SHARED = 0o755
"""Others may look into it; only its owner writes."""
PRIVATE = 0o700
"""Its owner alone."""


def make_folder(folder: Path, mode: int) -> None:
    """Make a folder of that mode unless it is there, and the missing ones above it as SHARED at most; OSError as mkdir.

    The umask may take permissions away from either. `Path.mkdir(parents=True)` gives the folders above all that the
    umask leaves: under a umask of 0 anybody could then put another folder in this one's place.
    """
    try:
        folder.mkdir(mode)
    except FileNotFoundError:
        if folder.parent == folder:
            raise
        make_folder(folder.parent, SHARED)
        make_folder(folder, mode)
    except OSError:  # not only FileExistsError: a root that is there may be refused otherwise
        if not folder.is_dir():
            raise

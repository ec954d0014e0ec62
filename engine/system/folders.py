"""Creates folders with their parents, never writable for others, whatever the umask."""

from pathlib import Path

SHARED = 0o755
"""Others may read it; only its owner writes."""
PRIVATE = 0o700
"""Only for its owner."""


def make_folder(folder: Path, mode: int) -> None:
    """Create a folder with that mode unless it exists, and its missing parents with SHARED at most.

    The umask may remove permissions from both. `Path.mkdir(parents=True)` gives the parents all permissions that the
    umask leaves: under a umask of 0 anybody could then replace this folder. Raises OSError as mkdir does.
    """
    try:
        folder.mkdir(mode)
    except FileNotFoundError:
        if folder.parent == folder:
            raise
        make_folder(folder.parent, SHARED)
        make_folder(folder, mode)
    except OSError:  # not only FileExistsError: an existing root may cause another error
        if not folder.is_dir():
            raise

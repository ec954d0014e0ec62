"""Hints that need a look at the disk: a file that is missing may be in the trash."""

import contextlib
from pathlib import Path

from discpress.engine.errors import DiscpressError
from discpress.engine.system.files import absolute


def hint_for(error: DiscpressError, path: Path | None) -> str:
    """Return the hint of an error about a path; the way to restore a missing file if the error has none."""
    if error.hint or path is None or not isinstance(error.__cause__, FileNotFoundError):
        return error.hint
    # Most errors are no missing files, and need no trash.
    from discpress.engine.convert.trash.entry import TrashEntry  # noqa: PLC0415
    from discpress.engine.convert.trash.listing import entries_in  # noqa: PLC0415

    missing = absolute(path)
    with contextlib.suppress(OSError):
        for entry in entries_in(missing.parent):
            if isinstance(entry, TrashEntry) and not entry.problem and missing in entry.home_paths:
                return f"run {entry.undo_command}: the file is in the trash"
    return ""

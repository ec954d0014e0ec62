"""Checks of the source at chunk borders, rare enough for slow shares."""

import errno
import time
from collections.abc import Callable, Iterable
from pathlib import Path

SHARE = 50
"""Checks may take one part in this many of the time: every border on a local disk (4 us), few on a slow share."""
_GONE = {errno.ENOENT, errno.ENOTDIR}


class SourceWatch:
    """Calls `check`, which raises if the source has changed, as often as that is cheap."""

    def __init__(self, check: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._check = check
        self._clock = clock
        self._due_at = clock()

    def look(self) -> None:
        """Check the source, unless another check so soon would exceed its share of the time."""
        began = self._clock()
        if began < self._due_at:
            return
        self._check()
        ended = self._clock()
        self._due_at = ended + SHARE * (ended - began)


def do_respond(paths: Iterable[Path]) -> bool:
    """Return whether the file system responds about all paths up to the first missing one."""
    try:
        for path in paths:
            path.stat()
    except OSError as error:
        return error.errno in _GONE
    return True

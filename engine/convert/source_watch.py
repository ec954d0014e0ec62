"""Checks of the source at chunk borders, rare enough for slow shares."""

import time
from collections.abc import Callable

SHARE = 50
"""Checks may take one part in this many of the time: every border on a local disk (4 us), few on a slow share."""


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

"""A watch on the source at chunk borders, at a price that slow shares do not feel."""

import time
from collections.abc import Callable

SHARE = 50
"""Looking may take one part in so many of the time: every border on a local disk (4 us), seldom on a slow share."""


class SourceWatch:
    """Calls `check`, which raises when the source has changed, as often as that is cheap."""

    def __init__(self, check: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._check = check
        self._clock = clock
        self._due_at = clock()

    def look(self) -> None:
        """Check the source, unless the last check was so recent that looking again would cost more than its share."""
        began = self._clock()
        if began < self._due_at:
            return
        self._check()
        ended = self._clock()
        self._due_at = ended + SHARE * (ended - began)

"""Surveys of WBFS and CISO files: the blocks of a disc that are stored, counted.

The first bytes of nearly every stored block show that it is stored. Of the others, a sample is read whole.
"""

import math
from collections.abc import Callable, Sequence

from discpress.engine.formats import Settings
from discpress.engine.images.nintendo.block_maps import BLOCK_BYTES, BlockMaps, file_bytes
from discpress.engine.images.nintendo.content import DiscContent
from discpress.engine.measure.nintendo.model import DiscSurvey, Measured
from discpress.engine.measure.sample import MIN_CLUSTERS, UNSEEN_CLUSTERS, Sizes, Z

_BUDGET_FACTOR = 8
"""Such blocks are only compared, which takes less time than packing them."""


class BlockSurvey(DiscSurvey):
    """The blocks of one disc: those that are certainly stored, and those that were read whole."""

    def __init__(self, content: DiscContent, settings: Sequence[Settings], check: Callable[[], None]) -> None:
        """Take the content of an open disc; `check` may raise to stop."""
        self._maps = BlockMaps(content, check)
        self._settings = settings
        self._size = content.size
        self._unsure: Sequence[int] | None = None
        """The blocks that may be left out, by their first bytes."""
        self._stored: dict[int, bool] = {}
        """Those of them that were read whole, and whether they are stored."""

    def measure(self, budget_bytes: int, position: float, whole_below_bytes: int) -> list[Measured]:
        """Count the stored blocks, see `DiscSurvey`."""
        if self._unsure is None:
            self._unsure = self._maps.may_be_left_out()
        population = len(self._unsure)
        count = max(MIN_CLUSTERS, _BUDGET_FACTOR * budget_bytes // BLOCK_BYTES)
        if self._size < whole_below_bytes or count >= population:
            picks = list(self._unsure)
        else:
            picks = [self._unsure[int((index + position) * population / count)] for index in range(count)]
        new = [each for each in picks if each not in self._stored]
        left_out = set(self._maps.left_out(new))
        self._stored.update((each, each not in left_out) for each in new)
        stored = sum(self._stored[each] for each in picks)
        sure = self._maps.blocks - population
        low, share, high = _shares(stored, len(picks), population)
        blocks = [sure + population * each for each in (share, low, high)]
        is_exact = len(picks) == population
        sampled_bytes = self._size if is_exact else len(picks) * BLOCK_BYTES
        return [
            Measured(Sizes(*(round(file_bytes(each.format, count)) for count in blocks)), sampled_bytes)
            for each in self._settings
        ]


def _shares(stored: int, count: int, population: int) -> tuple[float, float, float]:
    """Return the share of stored blocks in a population at least, as expected, and at most, from `count` of them.

    The margin is that of a random sample with the finite-population correction, and not less than the rule of three.
    """
    if count == population:
        share = stored / population if population else 0.0
        return share, share, share
    share = stored / count
    spread = Z * math.sqrt(share * (1 - share) / count * (1 - count / population))
    width = max(spread, UNSEEN_CLUSTERS / count)
    known = stored / population
    return max(known, share - width), share, min(1.0 - (count - stored) / population, share + width)

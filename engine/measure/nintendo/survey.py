"""Sizes of a disc in the formats that nod-rs writes.

The lengths that nod-rs would write are computed here, from samples. nod-rs only decrypts the partitions of Wii discs.
"""

from collections.abc import Callable, Iterator, Sequence

from discpress.engine.formats import Settings
from discpress.engine.images.image import Image
from discpress.engine.images.nintendo.block_maps import has_block_map
from discpress.engine.images.nintendo.content import DiscContent
from discpress.engine.images.registry import encoder_for
from discpress.engine.measure.nintendo.block_survey import BlockSurvey
from discpress.engine.measure.nintendo.group_survey import GroupSurvey
from discpress.engine.measure.nintendo.model import DiscSurvey, Measured


def measure_disc(
    image: Image,
    settings: Sequence[Settings],
    budgets: Sequence[int],
    position: float,
    threads: int,
    check: Callable[[], None],
    whole_below_bytes: int,
) -> Iterator[list[Measured]]:
    """Yield for each budget the sizes under settings of one format; those from the whole disc are the last ones.

    `check` may raise to stop; see `DiscSurvey.measure` for the rest. Raises SettingError for a disc that the format
    cannot hold, the errors of `DiscContent`.
    """
    for each in settings:
        encoder_for(each).check_size(image.name, image.size, each.block_size)
    survey = _survey(DiscContent(image, check), settings, threads, check)
    for budget_bytes in budgets:
        found = survey.measure(budget_bytes, position, whole_below_bytes)
        yield found
        if found[0].sampled_bytes == image.size:
            return


def _survey(content: DiscContent, settings: Sequence[Settings], threads: int, check: Callable[[], None]) -> DiscSurvey:
    if has_block_map(settings[0].format):
        return BlockSurvey(content, settings, check)
    return GroupSurvey(content, settings, threads, check)

"""The doctor's checks of a CHD's map and digests (docs/formats.md, section 3)."""

from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from operator import add, ge

from discpress.engine.images.chd.image import ChdImage
from discpress.engine.images.chd.map import WINDOW_HUNKS, HunkPlace, Window
from discpress.engine.images.chd.map_kinds import IS_SELF, IS_STORED, SELF
from discpress.engine.images.doctor.blocks import about_block
from discpress.engine.images.doctor.findings import Finding, FindingLimit, Severity


def map_findings(image: ChdImage, limit: FindingLimit, check: Callable[[], None]) -> Iterator[Finding]:
    """Yield the hunks whose place in the file is impossible, and a SHA-1 that does not fit the metadata.

    Raises DamagedImageError if the map is unreadable, or its checksum does not fit its entries.
    """
    problem = image.recorded_problem
    if problem:
        yield Finding(Severity.ERROR, "sha1", f"{problem}: the header or the metadata was changed")
    elif not image.recorded:
        yield Finding(
            Severity.NOTE, "no-sha1", "the header contains no SHA-1 of the image: a flipped byte can go unnoticed"
        )
    for number in range(-(-image.blocks // WINDOW_HUNKS)):
        check()
        window = image.map.window(number)
        first = number * WINDOW_HUNKS
        if window.origins and _last(window.origins) >= first:
            yield from _reference_findings(image, first, window, limit)
        if window.lengths and not _is_sound(image, window):
            yield from _extent_findings(image, first, window, limit)


def _last(origins: Sequence[int]) -> int:
    """Return the last hunk that any of these refer to."""
    return origins[-1] if isinstance(origins, range) else max(origins)


def _reference_findings(image: ChdImage, first: int, window: Window, limit: FindingLimit) -> Iterator[Finding]:
    """Yield the hunks that refer to one that is not before them."""
    if limit.is_reached(Severity.ERROR, "reference"):
        if isinstance(window.origins, range) and not window.lengths:  # as far behind as the first one is
            count = len(window.origins) if window.origins[0] >= first else 0
        else:
            count = sum(map(ge, window.origins, _numbers(first, window, IS_SELF)))
        limit.pass_over(Severity.ERROR, "reference", count)
        return
    for number, origin in zip(_numbers(first, window, IS_SELF), window.origins, strict=True):
        problem = image.reference_problem(number, origin)
        if problem and limit.admits(Severity.ERROR, "reference"):
            yield about_block(image, number, Severity.ERROR, "reference", problem)


def _is_sound(image: ChdImage, window: Window) -> bool:
    """Return whether no stored hunk is too long, empty, cut, or without a codec."""
    return (
        len(window.kinds.translate(None, image.kinds_without_codec)) == len(window.kinds)
        and min(window.lengths) > 0
        and max(window.lengths) <= image.block_size
        and max(map(add, window.offsets, window.lengths)) <= image.source.size_bytes
    )


def _extent_findings(image: ChdImage, first: int, window: Window, limit: FindingLimit) -> Iterator[Finding]:
    stored = window.kinds.translate(None, SELF)
    places = map(HunkPlace, stored, window.offsets, window.lengths, window.crcs)
    if limit.is_reached(Severity.ERROR, "map"):
        limit.pass_over(Severity.ERROR, "map", sum(map(bool, map(image.extent_problem, places))))
        return
    for number, place in zip(_numbers(first, window, IS_STORED), places, strict=True):
        problem = image.extent_problem(place)
        if problem and limit.admits(Severity.ERROR, "map"):
            yield about_block(image, number, Severity.ERROR, "map", problem)


def _numbers(first: int, window: Window, are_meant: bytes) -> Iterator[int]:
    """Yield the numbers of the hunks whose kind has a 1 in `are_meant`."""
    return compress(range(first, first + len(window.kinds)), window.kinds.translate(are_meant))

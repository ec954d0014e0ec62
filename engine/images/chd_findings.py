"""What the doctor finds in the map and the digests of a CHD (FORMATS section 3)."""

from collections.abc import Callable, Iterator
from itertools import count
from operator import ge, lt

from engine.images.block_findings import about_block
from engine.images.chd import ChdImage
from engine.images.chd_kinds import Kind
from engine.images.chd_map import WINDOW_HUNKS, HunkPlace, Window
from engine.images.chd_metadata import sha1_problem
from engine.images.findings import Finding, FindingLimit, Severity


def map_findings(image: ChdImage, limit: FindingLimit, check: Callable[[], None]) -> Iterator[Finding]:
    """Yield the hunks whose place in the file cannot be right, and a SHA-1 that does not fit the metadata.

    DamagedImageError where the map itself cannot be read, or its checksum is not that of its entries.
    """
    problem = sha1_problem(image.source, image.header)
    if problem:
        yield Finding(Severity.ERROR, "sha1", f"{problem}: the header or the metadata was changed")
    elif not image.recorded:
        yield Finding(Severity.NOTE, "no-sha1", "the header gives no SHA-1 of the image: nothing tells a flipped byte")
    for number in range(-(-image.blocks // WINDOW_HUNKS)):
        check()
        window = image.map.window(number)
        first = number * WINDOW_HUNKS
        if not _is_sound(image, first, window):
            yield from _window_findings(image, first, window, limit)


def _is_sound(image: ChdImage, first: int, window: Window) -> bool:
    """Return whether a window passes at a glance: all references, and back; or none, nothing too long, empty or cut."""
    if min(window.kinds) == Kind.SELF:
        return max(window.offsets) < first or all(map(lt, window.offsets, count(first)))
    return (
        max(window.kinds) <= Kind.PLAIN
        and min(window.lengths) > 0
        and max(window.lengths) <= image.block_size
        and max(map(sum, zip(window.offsets, window.lengths, strict=True))) <= image.source.size_bytes
    )


def _window_findings(image: ChdImage, first: int, window: Window, limit: FindingLimit) -> Iterator[Finding]:
    if min(window.kinds) == Kind.SELF and limit.is_reached(Severity.ERROR, "reference"):
        limit.pass_over(Severity.ERROR, "reference", sum(map(ge, window.offsets, count(first))))
        return
    columns = (window.kinds, window.offsets, window.lengths, window.crcs)
    for number, place in enumerate(map(HunkPlace, *columns), first):
        if place.kind == Kind.SELF:
            code, problem = "reference", image.reference_problem(number, place.offset)
        else:
            code, problem = "map", image.extent_problem(place)
        if problem and limit.admits(Severity.ERROR, code):
            yield about_block(image, number, Severity.ERROR, code, problem)

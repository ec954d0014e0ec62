"""Surveys of RVZ, WIA and GCZ files: groups of a disc, packed for their lengths."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, groupby, islice

from xxhash import xxh3_64_intdigest

from discpress.engine.formats import Settings
from discpress.engine.images.nintendo.content import Area, DiscContent, Piece
from discpress.engine.images.nintendo.groups import is_quick, stored_groups, table_bytes, takes_areas
from discpress.engine.images.registry import encoder_for
from discpress.engine.measure.nintendo.model import DiscSurvey, Measured
from discpress.engine.measure.sample import Span, draw_sample, project
from discpress.engine.units import MIB

_SLICE_BYTES = 16 * MIB
"""Read and decrypted at once."""
_BUDGET_FACTOR = 4
"""Groups are larger than the clusters of other formats, so that there would be few of them."""
_LEAST_GROUPS = 32
"""With 16 groups of a WIA, the size was within the margin of 88 % of the samples only."""


@dataclass(frozen=True, slots=True)
class _Form:
    """The sizes of a file, see `project`."""

    block_size: int
    tables: int
    """Bytes before the first group."""
    alignment: int = 0
    """The fewest bytes of a group: zeros take none."""

    def file_bytes(self, stored_bytes: int) -> int:
        """Return the length of the file."""
        return self.tables + stored_bytes


class GroupSurvey(DiscSurvey):
    """The lengths of some groups of one disc.

    A sample is drawn from the largest groups, as if all were of one size: area after area, each of whole groups.
    """

    def __init__(
        self, content: DiscContent, settings: Sequence[Settings], threads: int, check: Callable[[], None]
    ) -> None:
        """Take the content of an open disc, and settings of one format; `check` may raise to stop."""
        self._content = content
        self._settings = settings
        self._threads = max(1, threads)
        self._check = check
        image_format = settings[0].format
        self._areas: Sequence[Area] = content.areas if takes_areas(image_format) else (Area(0, content.size, None),)
        self._shares = bool(encoder_for(settings[0]).unsampled)
        self._unit = max(each.block_size for each in settings)
        self._budget_factor = _BUDGET_FACTOR if all(map(is_quick, settings)) else 1
        self._ends = list(accumulate(-(-(area.end - area.start) // self._unit) for area in self._areas))
        self._forms = [_Form(self._unit, table_bytes(image_format, each.block_size, self._areas)) for each in settings]
        self._stored: list[dict[Span, int]] = [{} for _ in settings]

    def measure(self, budget_bytes: int, position: float, whole_below_bytes: int) -> list[Measured]:
        """Pack the groups of a sample, see `DiscSurvey`."""
        total_bytes = self._ends[-1] * self._unit
        budget_bytes = max(self._budget_factor * budget_bytes, _LEAST_GROUPS * self._unit)
        budget_bytes = total_bytes if self._content.size < whole_below_bytes else budget_bytes
        sample = draw_sample(total_bytes, self._unit, budget_bytes, position, self._unit)
        is_whole = sample.sampled_bytes == total_bytes
        new = [span for span in sample.spans if is_whole or span not in self._stored[0]]
        self._pack(new, is_shared=is_whole and self._shares)
        sampled_bytes = sum(length for _, _, length in map(self._place, sample.spans))
        return [
            Measured(project(sample, [stored[span] for span in sample.spans], form), sampled_bytes)
            for stored, form in zip(self._stored, self._forms, strict=True)
        ]

    def _place(self, span: Span) -> tuple[Area, int, int]:
        """Return the area of a span of the sample, and its offset and length on the disc."""
        number = span.offset // self._unit
        at = bisect_right(self._ends, number)
        area = self._areas[at]
        offset = area.start + (number - (self._ends[at - 1] if at else 0)) * self._unit
        return area, offset, min(self._unit, area.end - offset)

    def _pack(self, spans: Sequence[Span], *, is_shared: bool) -> None:
        """Pack groups; those of a whole disc that are equal count once if the format shares them."""
        known: list[set[int]] = [set() for _ in self._settings]
        executor = ThreadPoolExecutor(self._threads)
        try:
            for area, its_spans in self._runs(spans):
                pieces = self._content.read(area, [self._place(span)[1:] for span in its_spans])
                for span, groups in zip(its_spans, executor.map(self._groups_of, pieces), strict=True):
                    for stored, seen, its_groups in zip(self._stored, known, groups, strict=True):
                        stored[span] = sum(len(each) for each in its_groups if not is_shared or _is_new(each, seen))
                    self._check()
        finally:
            executor.shutdown(cancel_futures=True)

    def _groups_of(self, piece: Piece) -> list[list[bytes]]:
        """Return the stored groups of a piece under each of the settings."""
        return [stored_groups(each, piece) for each in self._settings]

    def _runs(self, spans: Sequence[Span]) -> Iterator[tuple[Area, list[Span]]]:
        """Yield the spans by areas, some at a time."""
        most = -(-_SLICE_BYTES // self._unit)
        for area, found in groupby(spans, lambda span: self._place(span)[0]):
            while run := list(islice(found, most)):
                yield area, run


def _is_new(group: bytes, seen: set[int]) -> bool:
    digest = xxh3_64_intdigest(group)
    is_new = digest not in seen
    seen.add(digest)
    return is_new

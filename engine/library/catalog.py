"""The library as a list: filters titles by words, sorts, groups and totals them. Pure functions over titles.

A filter is one line of words; it selects a title if all of them match:

    kain            in the title, the serial or the file name, ignoring case
    !kain           inverts a word
    sys:ps2         system, fmt:zso format, region:us region, state:skip state; a beginning is enough
    saving>20       percent, also <, >= and <=; a title without an estimate matches no comparison
    size<4.5G       size of the file
"""

import itertools
import operator
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from discpress.engine.formats import Settings
from discpress.engine.images import registry
from discpress.engine.library.filter_words import Choice, Measure, Vocabulary, percent_of, refuse, size_measure
from discpress.engine.names import display_name, natural_key
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import SKIP, State, Title

Predicate: TypeAlias = Callable[[Title], bool]

_TITLES: Vocabulary[Title] = Vocabulary(
    text_of=lambda title: title.search_text,
    choices={
        "sys": Choice(lambda title: title.system),
        "fmt": Choice(lambda title: title.format or "", lambda: tuple(spec.name for spec in registry.FORMATS)),
        "region": Choice(lambda title: title.region),
        "state": Choice(lambda title: title.state, lambda: tuple(State)),
    },
    measures={
        "saving": Measure(lambda title: title.saving_percent, percent_of, "a percentage, like saving>20"),
        "size": size_measure(lambda title: title.file_bytes),
    },
)
"""The words that select titles."""


def _planned(title: Title) -> tuple[int, int] | None:
    """Return block size and level: the title's own, else those of its estimate, else those of the file; 0 for none."""
    chosen = title.overrides or ConversionRequest()
    estimated = None if title.estimate is None else title.estimate.settings
    image_format = chosen.format or (None if estimated is None else estimated.format)
    if image_format is not None and Settings(image_format).is_plain and not chosen.block_size:
        return 0, 0
    block_size = chosen.block_size or (estimated.block_size if estimated else title.block_size)
    level = chosen.level or (estimated.level if estimated else 0)
    return (block_size, level) if block_size else None


# A screen sorts all titles again for each title that a scan finds, so the same names are split each time.
_natural = lru_cache(maxsize=1 << 16)(natural_key)

# The sort key of each column; None is a missing value.
_SORT_KEYS: dict[str, Callable[[Title], Any]] = {
    "title": lambda title: _natural(title.title) if title.title else None,
    "serial": lambda title: _natural(title.serial) if title.serial else None,
    "system": lambda title: title.system.casefold() or None,
    "format": lambda title: title.format,
    "size": lambda title: title.file_bytes,
    "estimate": lambda title: None if title.estimate is None else title.estimate.packed_bytes,
    "saving": lambda title: title.saving_bytes,
    "path": lambda title: _natural(str(title.path)),
    "region": lambda title: title.region.casefold() or None,
    "block": _planned,
    "state": lambda title: str(title.state),
}
SORT_KEYS = tuple(_SORT_KEYS)
"""The allowed keys of `sort_titles`."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of some titles."""

    titles: int
    """Number of groups; an ISO and the ZSO made from it are one title."""
    images: int
    """Number of files."""
    file_bytes: int
    """Their present size; a file with several names counts once."""
    estimated_bytes: int
    """Their size after converting all that have an estimate, no fault and no advice to skip."""

    @property
    def saving_bytes(self) -> int:
        """The space that these conversions would free."""
        return self.file_bytes - self.estimated_bytes

    @property
    def saving_percent(self) -> float:
        """The saving in percent of the present size; 0 without files."""
        return 100 * self.saving_bytes / self.file_bytes if self.file_bytes else 0.0


def parse_filter(text: str) -> Predicate:
    """Return the predicate of a filter; an empty filter selects every title.

    UsageError for an unknown key or an invalid value, with the word and the allowed ones.
    """
    return _TITLES.parse(text)


def filter_titles(titles: Iterable[Title], text: str) -> list[Title]:
    """Return the titles that a filter selects, in their order; UsageError as for `parse_filter`."""
    return list(filter(parse_filter(text), titles))


def sort_titles(titles: Iterable[Title], key: str, *, descending: bool = False) -> list[Title]:
    """Return the titles by one of SORT_KEYS in natural order, saving by bytes; titles without a value come last.

    Equal titles keep their order, so that sorting by one column and then by another works. UsageError for another key.
    """
    value_of = _SORT_KEYS.get(key)
    if value_of is None:
        refuse(f"cannot sort by {display_name(key)}", key, SORT_KEYS)
    present: list[tuple[Any, Title]] = []
    missing: list[Title] = []
    for title in titles:
        value = value_of(title)
        if value is None:
            missing.append(title)
        else:
            present.append((value, title))
    present.sort(key=operator.itemgetter(0), reverse=descending)
    return [title for _, title in present] + missing


def join_groups(titles: Iterable[Title]) -> tuple[list[Title], frozenset[str]]:
    """Return the titles with images of the same title next to each other, and the groups that have several images.

    A group has the position of its first image.
    """
    firsts: dict[str, Title] = {}
    others: dict[str, list[Title]] = {}  # only groups: a list for every title would cost 50 ms of garbage collection
    for title in titles:
        if firsts.setdefault(title.group, title) is not title:
            others.setdefault(title.group, []).append(title)
    joined = [each for group, first in firsts.items() for each in (first, *others.get(group, ()))]
    return joined, frozenset(others)


def group_titles(titles: Iterable[Title]) -> list[tuple[Title, ...]]:
    """Return the groups of images of the same title, each at the position of its first image."""
    joined, _ = join_groups(titles)
    return [tuple(group) for _, group in itertools.groupby(joined, key=operator.attrgetter("group"))]


def packed_groups(titles: Iterable[Title]) -> frozenset[str]:
    """Return the groups that have a packed image."""
    return frozenset(title.group for title in titles if title.state is State.PACKED)


def total(titles: Sequence[Title], packed: Collection[str] | None = None) -> Totals:
    """Return the totals of the titles; `packed` are their `packed_groups` if the caller already has them.

    Packing an image that already has a packed copy counts as no saving.
    """
    file_bytes = estimated_bytes = 0
    packed = packed_groups(titles) if packed is None else packed
    linked: set[tuple[int, int, int]] = set()
    for title in titles:
        if title.links > 1:
            inode = title.device, title.inode, title.identity.member
            if inode in linked:
                continue
            linked.add(inode)
        file_bytes += title.file_bytes
        is_convertible = title.estimate is not None and title.estimate.advice != SKIP and not title.error
        is_convertible = is_convertible and title.fault is None and title.group not in packed
        estimated_bytes += title.estimate.packed_bytes if is_convertible and title.estimate else title.file_bytes
    return Totals(len({title.group for title in titles}), len(titles), file_bytes, estimated_bytes)

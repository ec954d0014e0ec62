"""The library as a list: filters titles by words, sorts, groups and totals them. Pure functions over titles.

A filter is one line of words; it selects a title if all of them match:

    kain            in the title, the serial or the file name, ignoring case
    !kain           inverts a word
    sys:ps2         system, fmt:zso format, region:us region, state:skip state; a beginning is enough
    saving>20       percent, also <, >= and <=; a title without an estimate matches no comparison
    size<4.5G       size of the file
"""

import difflib
import itertools
import operator
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn, TypeAlias

from discpress.engine.errors import UsageError
from discpress.engine.formats import Settings
from discpress.engine.images import registry
from discpress.engine.names import display_name, fold, natural_key
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import SKIP, State, Title
from discpress.engine.units import parse_size

Predicate: TypeAlias = Callable[[Title], bool]

_KEYED = re.compile(r"([a-z]+)(:|[<>]=?)(.*)", re.IGNORECASE | re.ASCII | re.DOTALL)
_PERCENT = re.compile(r"(-?[0-9]{1,6}(?:\.[0-9]{1,6})?)%?", re.ASCII)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_WORDS: dict[str, tuple[Callable[[Title], str], Callable[[], tuple[str, ...]]]] = {
    "sys": (lambda title: title.system, tuple),
    "fmt": (lambda title: title.format or "", lambda: tuple(spec.name for spec in registry.FORMATS)),
    "region": (lambda title: title.region, tuple),
    "state": (lambda title: title.state, lambda: tuple(State)),
}
_NUMBERS: dict[str, Callable[[Title], float | None]] = {
    "saving": lambda title: title.saving_percent,
    "size": lambda title: title.file_bytes,
}


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
    predicates = [_parse_word(word) for word in text.split()]
    if not predicates:
        return lambda title: True
    if len(predicates) == 1:
        return predicates[0]
    return lambda title: all(predicate(title) for predicate in predicates)


def filter_titles(titles: Iterable[Title], text: str) -> list[Title]:
    """Return the titles that a filter selects, in their order; UsageError as for `parse_filter`."""
    return list(filter(parse_filter(text), titles))


def sort_titles(titles: Iterable[Title], key: str, *, descending: bool = False) -> list[Title]:
    """Return the titles by one of SORT_KEYS in natural order, saving by bytes; titles without a value come last.

    Equal titles keep their order, so that sorting by one column and then by another works. UsageError for another key.
    """
    value_of = _SORT_KEYS.get(key)
    if value_of is None:
        _refuse(f"cannot sort by {display_name(key)}", key, SORT_KEYS)
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


def _parse_word(word: str) -> Predicate:
    wanted = word.lstrip("!")
    if not wanted:
        return lambda title: True  # a lone `!` is an unfinished word
    predicate = _parse_positive(wanted)
    if (len(word) - len(wanted)) % 2:
        return lambda title: not predicate(title)
    return predicate


def _parse_positive(word: str) -> Predicate:
    match = _KEYED.fullmatch(word)
    key, sign, value = (match[1].casefold(), match[2], match[3]) if match else ("", "", "")
    # `kain:` may be part of a title; only with text after the colon is it an unknown key.
    if match is None or (not value and key not in _WORDS and key not in _NUMBERS):
        text = fold(word)
        return lambda title: text in title.search_text
    if sign == ":":
        return _parse_choice(word, key, fold(value))
    return _parse_comparison(word, key, sign, value)


def _parse_choice(word: str, key: str, value: str) -> Predicate:
    if key not in _WORDS:
        _refuse(f"{display_name(word)}: unknown word before the colon", key, tuple(_WORDS))
    value_of, choices = _WORDS[key]
    allowed = choices()
    if allowed and not any(choice.startswith(value) for choice in allowed):
        _refuse(f"{display_name(word)}: no such {key}", value, allowed)
    return lambda title: value_of(title).casefold().startswith(value)


def _parse_comparison(word: str, key: str, sign: str, value: str) -> Predicate:
    if key not in _NUMBERS:
        _refuse(f"{display_name(word)}: cannot be compared", key, tuple(_NUMBERS))
    limit = _parse_limit(word, key, value)
    number_of, compare = _NUMBERS[key], _COMPARE[sign]

    def predicate(title: Title) -> bool:
        number = number_of(title)
        return number is not None and compare(number, limit)

    return predicate


def _parse_limit(word: str, key: str, value: str) -> float:
    if key == "saving":
        match = _PERCENT.fullmatch(value)
        if match is None:
            raise UsageError(f"{display_name(word)}: expected a percentage, like saving>20")
        return float(match[1])
    try:
        return parse_size(value)
    except ValueError as error:
        raise UsageError(f"{display_name(word)}: expected a size, like size>700M or size<4G") from error


def _refuse(message: str, word: str, allowed: Collection[str]) -> NoReturn:
    matches = difflib.get_close_matches(word, allowed, n=1)
    meant = f"did you mean {matches[0]}?" if matches else ""
    raise UsageError(f"{message}: expected one of {', '.join(allowed)}", hint=meant)

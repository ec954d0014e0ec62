"""The library as a list: filters titles by words, sorts, groups and totals them. Pure functions over titles.

A filter is one line of words; it selects a title if all of them match:

    kain            in the title, the serial or the file name, ignoring case
    !kain           inverts a word
    sys:ps2         system, fmt:zso format, region:us region, state:ready state; a beginning is enough
    id:exact        comparison with datfiles: exact, header, mia, bad, rev, no, unknown
    dup:copy        copy: another title has the same disc; variant: the same game in another region or revision; no
    saving>20       percent, also <, >= and <=; a title without an estimate matches no comparison
    size<4.5G       size of the file
"""

import operator
import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeAlias

from discpress.engine.dats.match import Match, Verdict
from discpress.engine.formats import FORMAT_ALIASES
from discpress.engine.images import registry
from discpress.engine.library.filter_words import Choice, Measure, Vocabulary, percent_of, refuse, size_measure
from discpress.engine.library.listed import AnyTitle, Node, TitleT, planned_form
from discpress.engine.library.sort_keys import SORT_KEYS, STATE
from discpress.engine.library.states import Likeness, TitleStates
from discpress.engine.names import display_name, natural_key
from discpress.engine.states import OLD_TOKENS, ORDER, State, is_sound
from discpress.engine.systems import SYSTEMS

Predicate: TypeAlias = Callable[[AnyTitle], bool]

_ID = "id"
_HEADER = "header"
_EXACT_TOO = {str(Verdict.EXACT)[:length]: (str(Verdict.EXACT), _HEADER) for length in range(1, 6)}
"""`id:exact`, while it is typed too, also means the discs that are exact by their header."""
_SHORT_SYSTEMS = {each.short.casefold(): (str(system),) for system, each in SYSTEMS.items()}
_FORMAT_NAMES = {name: (str(each),) for name, each in FORMAT_ALIASES.items()}
"""The names of formats in the table of the library."""
_DUP = "dup"
_NO_STATES = TitleStates()
"""For callers that neither filter nor sort by state."""


def _words_about(states: TitleStates) -> Vocabulary[AnyTitle]:
    """Return the words that select titles."""
    return Vocabulary(
        text_of=lambda title: title.search_text,
        choices={
            "sys": Choice(lambda title: title.system, aliases=_SHORT_SYSTEMS),
            "fmt": Choice(
                lambda title: title.format or "", lambda: tuple(spec.name for spec in registry.FORMATS), _FORMAT_NAMES
            ),
            "region": Choice(lambda title: title.region),
            STATE: Choice(states.state, lambda: tuple(State), OLD_TOKENS),
            _ID: Choice(lambda title: _id_of(states.match_of(title)), lambda: (*Verdict, _HEADER), _EXACT_TOO),
            _DUP: Choice(states.likeness, lambda: tuple(Likeness)),
        },
        measures={
            "saving": Measure(lambda title: title.saving_percent, percent_of, "a percentage, like saving>20"),
            "size": size_measure(lambda title: title.file_bytes),
        },
    )


def _id_of(match: Match) -> str:
    """Return the word of the filter for a match: `header` for a listed disc whose file was not decoded yet."""
    return _HEADER if match.verdict is Verdict.EXACT and not match.is_proven else match.verdict


# The sort key of each column; None is a missing value.
_SORT_KEYS: dict[str, Callable[[AnyTitle], Any]] = {
    "title": lambda title: title.name_key or None,
    "serial": lambda title: natural_key(title.serial) if title.serial else None,
    "system": lambda title: title.system.casefold() or None,
    "format": lambda title: title.format,
    "size": lambda title: title.file_bytes,
    "estimate": lambda title: title.packed_bytes,
    "saving": lambda title: title.saving_bytes,
    "path": lambda title: natural_key(os.fsdecode(title.key)),
    "region": lambda title: title.region.casefold() or None,
    "block": planned_form,
}


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of some titles."""

    titles: int
    """Number of different discs that are whole and that something plays."""
    images: int
    """Number of all files."""
    file_bytes: int
    """The present size of these discs' files; a file with several names counts once."""
    estimated_bytes: int
    """Their size after converting all that "mark all" takes and that have an estimate."""
    states: Mapping[State, int] = field(default_factory=dict)
    """Number of files in each state."""

    @property
    def left_out(self) -> Mapping[State, int]:
        """Number of files in each state that is no part of the totals, in the order of the states."""
        return {state: self.states[state] for state in State if state in self.states and not _is_counted(state)}

    @property
    def saving_bytes(self) -> int:
        """The space that these conversions would free."""
        return self.file_bytes - self.estimated_bytes

    @property
    def saving_percent(self) -> float:
        """The saving in percent of the present size; 0 without files."""
        return 100 * self.saving_bytes / self.file_bytes if self.file_bytes else 0.0


def parse_filter(text: str, states: TitleStates = _NO_STATES) -> Predicate:
    """Return the predicate of a filter; an empty filter selects every title.

    UsageError for an unknown key or an invalid value, with the word and the allowed ones.
    """
    return _words_about(states).parse(text)


def filter_titles(titles: Iterable[TitleT], text: str, states: TitleStates = _NO_STATES) -> list[TitleT]:
    """Return the titles that a filter selects, in their order; UsageError as for `parse_filter`."""
    return list(filter(parse_filter(text, states), titles))


def sort_titles(
    titles: Iterable[TitleT], key: str, *, descending: bool = False, states: TitleStates = _NO_STATES
) -> list[TitleT]:
    """Return the titles by one of SORT_KEYS in natural order, saving by bytes; titles without a value come last.

    States have the order of their table.

    Equal titles keep their order, so that sorting by one column and then by another works. UsageError for another key.
    """
    value_of = (lambda title: ORDER[states.state(title)]) if key == STATE else _SORT_KEYS.get(key)
    if value_of is None:
        refuse(f"cannot sort by {display_name(key)}", key, SORT_KEYS)
    present: list[tuple[Any, TitleT]] = []
    missing: list[TitleT] = []
    for title in titles:
        value = value_of(title)
        if value is None:
            missing.append(title)
        else:
            present.append((value, title))
    present.sort(key=operator.itemgetter(0), reverse=descending)
    return [title for _, title in present] + missing


def join_copies(titles: Iterable[TitleT], states: TitleStates) -> tuple[list[TitleT], dict[bytes, Hashable]]:
    """Return the titles with those next to each other that are known to hold the same disc, and the disc of each such.

    A disc has the position of its first title. Neither serial nor size tell a disc: those of a set, translations,
    revisions and demos share them.
    """
    if not states.knows_copies:
        return list(titles), {}
    firsts: dict[Hashable, TitleT] = {}
    others: dict[Hashable, list[TitleT]] = {}  # a list for every title takes the collector 50 ms
    for title in titles:
        disc = states.disc_of(title)
        if firsts.setdefault(disc, title) is not title:
            others.setdefault(disc, []).append(title)
    joined = [each for disc, first in firsts.items() for each in (first, *others.get(disc, ()))]
    return joined, {each.key: disc for disc, some in others.items() for each in (firsts[disc], *some)}


def later_copies(titles: Iterable[AnyTitle], copied: Mapping[bytes, Hashable]) -> set[bytes]:
    """Return the keys of the titles that are not the first of their disc; `copied` are those of `join_copies`."""
    keys = [key for title in titles if (key := title.key) in copied] if copied else []
    firsts = {copied[key]: key for key in reversed(keys)}
    return set(keys).difference(firsts.values())


def total(titles: Iterable[AnyTitle], states: TitleStates) -> Totals:
    """Return the totals of the titles. Those that are not whole, or that nothing plays, only count as such."""
    file_bytes = estimated_bytes = 0
    counts: Counter[State] = Counter()
    discs: set[Hashable] = set()
    linked: set[Node] = set()
    for state, some in groupby(titles, states.state):  # most neighbours have the same
        alike = list(some)
        counts[state] += len(alike)
        if not _is_counted(state):
            continue
        discs.update(map(states.disc_of, alike))
        is_converted = state.spec.is_in_batch
        for title in alike:
            if title.node is not None:
                if title.node in linked:
                    continue
                linked.add(title.node)
            own_bytes, packed_bytes = title.file_bytes, title.packed_bytes
            file_bytes += own_bytes
            estimated_bytes += packed_bytes if is_converted and packed_bytes is not None else own_bytes
    return Totals(len(discs), counts.total(), file_bytes, estimated_bytes, counts)


def _is_counted(state: State) -> bool:
    return state is State.WORKING or is_sound(state)

"""The pane of filters: how many titles each system, format and state has, with the words that select them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from discpress.engine.formats import ImageFormat
from discpress.engine.states import ORDER, State
from discpress.engine.systems import SYSTEMS, System
from discpress.tui.views.library import LibraryView
from discpress.tui.widgets.graph import bar
from discpress.tui.widgets.palette import Line, fit, headed

_NAME = 12
_COUNT = 6
Facet: TypeAlias = tuple[Line, str]
"""A line, and the word of the filter that a click on it takes; empty for a head."""


def facets_of(view: LibraryView, width: int) -> Sequence[Facet]:
    """Return the counts of the whole library, each kind from the most to the fewest, states in their order."""
    kinds = {id(title.shared): title.shared for title in view.in_order}
    systems, formats = Counter[System](), Counter[ImageFormat]()
    for kind, count in Counter(id(title.shared) for title in view.in_order).items():  # thousands of titles, few kinds
        shared = kinds[kind]
        systems[shared.disc.system] += count
        if shared.format is not None:
            formats[shared.format] += count
    states = {state.spec.label: (count, f"state:{state}") for state, count in _states(view)}
    groups: Mapping[str, Mapping[str, tuple[int, str]]] = {
        "system": {SYSTEMS[each].label: (count, f"sys:{each}") for each, count in systems.most_common()},
        "format": {each.label: (count, f"fmt:{each}") for each, count in formats.most_common()},
        "state": states,
    }
    chosen = set(view.filter_text.split())
    facets: list[Facet] = []
    for head, counts in groups.items():
        facets += [*([([], "")] if facets else []), (headed(head, width, is_ascii=view.signs.is_ascii), "")]
        most = max((count for count, _ in counts.values()), default=1)
        for label, (count, word) in counts.items():
            facets.append((_line(view, label, count, most, width, is_chosen=word in chosen), word))
    return facets


def _states(view: LibraryView) -> Sequence[tuple[State, int]]:
    return sorted(view.totals.states.items(), key=lambda each: ORDER[each[0]])


def _line(view: LibraryView, label: str, count: int, most: int, width: int, *, is_chosen: bool) -> Line:
    cells = max(4, width - _NAME - _COUNT - 1)
    name = fit(label, _NAME, ellipsis=view.signs.ellipsis)
    drawn = bar(100 * count / most, cells, is_ascii=view.signs.is_ascii)
    return [(f"{name} ", "accent" if is_chosen else "normal"), (drawn, "bar"), (f"{count:>{_COUNT},}", "dim")]

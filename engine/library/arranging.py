"""The order of a whole library, and what is the same in any order; a thread may arrange it while a screen goes on."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from discpress.engine.library.catalog import Totals, join_copies, sort_titles, total
from discpress.engine.library.families import TitleFamily, families_in, join_families
from discpress.engine.library.groups import Grouping, TitleGroup, groups_of
from discpress.engine.library.listed import ListedTitle
from discpress.engine.library.naming import TitleNames
from discpress.engine.library.states import TitleStates

ListedFamily: TypeAlias = TitleFamily[ListedTitle]
MANY = 5_000
"""Titles of a library that only a thread arranges: it takes 30 ms."""


class Order(NamedTuple):
    """Titles in an order."""

    titles: list[ListedTitle]
    """The titles, with those of a disc and those of a family next to each other."""
    copied: Mapping[bytes, Hashable]
    """The disc of each title that holds the same as another."""
    families: Mapping[bytes, ListedFamily]
    """The family of each title that has one."""
    grouping: Grouping
    groups: Mapping[bytes, TitleGroup]
    """The group of each title; none without a grouping."""


class OrderBy(NamedTuple):
    """The choices of a user that decide an order."""

    key: str
    """One of SORT_KEYS."""
    is_descending: bool
    grouping: Grouping


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A whole library, ready to be shown."""

    titles: dict[bytes, ListedTitle]
    """All titles by their keys."""
    states: TitleStates
    """Their states."""
    totals: Totals
    names: TitleNames
    _order: Order
    _by: OrderBy

    def order_by(self, by: OrderBy) -> Order:
        """Return the titles in an order: the one that is made already, if it is that."""
        return self._order if by == self._by else order_of(self.titles.values(), by, self.states)


def order_of(titles: Iterable[ListedTitle], by: OrderBy, states: TitleStates) -> Order:
    """Return titles in an order, as `sort_titles` sorts them."""
    joined, copied = join_copies(sort_titles(titles, by.key, descending=by.is_descending, states=states), states)
    families = families_in(joined)
    shown = join_families(joined, families)
    return Order(shown, copied, families, by.grouping, groups_of(shown, by.grouping, families))


def arrange(titles: Iterable[ListedTitle], by: OrderBy, states: TitleStates) -> Arrangement:
    """Return all titles of a library in an order; `states` takes them in."""
    by_key = {title.key: title for title in titles}
    states.set_titles(by_key.values())
    order = order_of(by_key.values(), by, states)
    totals, names = total(order.titles, states), TitleNames(order.titles, states.disc_of)
    return Arrangement(by_key, states, totals, names, order, by)

"""The order of a whole library, and what is the same in any order; a thread may arrange it while a screen goes on."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from discpress.engine.library.catalog import Totals, join_copies, sort_titles, total
from discpress.engine.library.families import TitleFamily, families_in, join_families
from discpress.engine.library.listed import ListedTitle
from discpress.engine.library.naming import TitleNames
from discpress.engine.library.states import Records, TitleStates

ListedFamily: TypeAlias = TitleFamily[ListedTitle]


class Order(NamedTuple):
    """Titles in an order."""

    titles: list[ListedTitle]
    """The titles, with those of a disc and those of a family next to each other."""
    copied: frozenset[Hashable]
    """The discs that several titles hold."""
    families: Mapping[bytes, ListedFamily]
    """The family of each title that has one."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A whole library, ready to be shown."""

    titles: dict[bytes, ListedTitle]
    """All titles by their keys."""
    totals: Totals
    names: TitleNames
    _order: Order
    _key: str
    _is_descending: bool
    _records: Records

    def is_for(self, states: TitleStates) -> bool:
        """Return whether nothing else is recorded by now."""
        return states.records is self._records

    def order_by(self, key: str, states: TitleStates, *, is_descending: bool) -> Order:
        """Return the titles in an order: the one that is made already, if it is that."""
        if self.is_for(states) and (key, is_descending) == (self._key, self._is_descending):
            return self._order
        return order_of(self.titles.values(), key, states, is_descending=is_descending)


def order_of(titles: Iterable[ListedTitle], key: str, states: TitleStates, *, is_descending: bool) -> Order:
    """Return titles in an order, as `sort_titles` sorts them."""
    joined, copied = join_copies(sort_titles(titles, key, descending=is_descending, states=states), states)
    families = families_in(joined)
    return Order(join_families(joined, families), copied, families)


def arrange(titles: Iterable[ListedTitle], key: str, states: TitleStates, *, is_descending: bool) -> Arrangement:
    """Return all titles of a library in an order; `states` takes them in."""
    by_key, records = {title.key: title for title in titles}, states.records
    states.set_titles(by_key.values())
    order = order_of(by_key.values(), key, states, is_descending=is_descending)
    totals, names = total(order.titles, states), TitleNames(order.titles, states.disc_of)
    return Arrangement(by_key, totals, names, order, key, is_descending, records)

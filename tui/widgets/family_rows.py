"""Families in the library's table: the discs of one game as one row with their sums, or each with a row of its own."""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from pathlib import Path

from discpress.engine.library.arranging import ListedFamily
from discpress.engine.library.listed import ListedTitle
from discpress.engine.library.naming import TitleNames
from discpress.engine.library.states import TitleStates
from discpress.engine.systems import SYSTEMS
from discpress.engine.units import format_size
from discpress.tui.views.labels import format_label, saving_label
from discpress.tui.widgets.marked_rows import Signs


class FamilyRows:
    """The families of a library, and those that are unfolded; all others are folded if all their titles are shown."""

    def __init__(self) -> None:
        self.by_key: Mapping[bytes, ListedFamily] = {}
        """The family of each title that has one."""
        self.unfolded: set[tuple[Path, str]] = set()
        """The keys of those that are unfolded."""
        self._folded: dict[bytes, ListedFamily] = {}
        self._heads: dict[bytes, bool] = {}

    def rows_of(self, selected: Sequence[ListedTitle]) -> list[ListedTitle]:
        """Return the rows of some titles: of a folded family, its first title stands for all."""
        self._folded, self._heads = {}, {}
        if not self.by_key:
            return list(selected)
        present = {title.key for title in selected if title.key in self.by_key}
        rows = []
        for title in selected:
            family = self.by_key.get(title.key)
            if family is None or not all(each.key in present for each in family.titles):
                rows.append(title)  # a filter that selects one disc shows that disc
            elif family.key in self.unfolded:
                self._heads[title.key] = title is family.titles[0]
                rows.append(title)
            elif title.key == family.titles[0].key:
                self._folded[title.key] = family
                rows.append(title)
        return rows

    @property
    def folded_keys(self) -> Sequence[bytes]:
        """The keys of the rows that stand for a family."""
        return list(self._folded)

    def folded_at(self, title: ListedTitle) -> ListedFamily | None:
        """Return the family that the row of a title stands for; None if it stands for this title alone."""
        return self._folded.get(title.key)

    def members(self, title: ListedTitle) -> Sequence[ListedTitle]:
        """Return the titles that the row of a title stands for."""
        family = self._folded.get(title.key)
        return (title,) if family is None else family.titles

    def is_head(self, title: ListedTitle) -> bool | None:
        """Return whether a title is the first of an unfolded family; None if it is in none."""
        return self._heads.get(title.key)

    def unfold(self, title: ListedTitle) -> bool:
        """Show the discs of a folded row; return whether it was one."""
        family = self._folded.get(title.key)
        if family is not None:
            self.unfolded.add(family.key)
        return family is not None

    def fold(self, title: ListedTitle) -> Path | None:
        """Fold the discs around a title; return the path of the row that stands for them, None if there are none."""
        family = self.by_key.get(title.key)
        if family is None or title.key in self._folded or title.key not in self._heads:
            return None
        self.unfolded.discard(family.key)
        return family.titles[0].path

    def by_sums(
        self,
        rows: Sequence[ListedTitle],
        key: str,
        states: TitleStates,
        *,
        is_descending: bool,
        is_later: Callable[[ListedTitle], bool],
    ) -> list[ListedTitle]:
        """Return rows sorted by `size`, `estimate` or `saving`, with the folded ones at the places of their sums.

        Copies stay behind their first row.
        """
        if not self._folded:
            return list(rows)
        groups: list[list[ListedTitle]] = []
        for row in rows:
            if groups and row.key not in self._folded and is_later(row):
                groups[-1].append(row)
            else:
                groups.append([row])

        def place(group: Sequence[ListedTitle]) -> float:
            value = _figure(group[0], self._folded.get(group[0].key), key, states)
            last = float("-inf") if is_descending else float("inf")
            return last if value is None else value

        folded = [group for group in groups if group[0].key in self._folded]
        folded.sort(key=place, reverse=is_descending)
        rest = (group for group in groups if group[0].key not in self._folded)
        merged: Iterable[list[ListedTitle]] = heapq.merge(rest, folded, key=place, reverse=is_descending)
        return [row for group in merged for row in group]


def _figure(title: ListedTitle, family: ListedFamily | None, key: str, states: TitleStates) -> float | None:
    if family is None:
        return {"size": title.file_bytes, "estimate": title.packed_bytes, "saving": title.saving_bytes}[key]
    return {"size": family.file_bytes, "estimate": family.packed_bytes(states), "saving": family.saving_bytes(states)}[
        key
    ]


def family_cells(
    family: ListedFamily, names: TitleNames, states: TitleStates, signs: Signs, marks: Set[bytes]
) -> dict[str, str]:
    """Return the texts of a folded row by column."""
    first, state, packed_bytes = family.titles[0], family.state(states), family.packed_bytes(states)
    marked = sum(title.key in marks for title in family.titles)
    return {
        "mark": signs.mark if marked == len(family.titles) else signs.part_mark if marked else " ",
        "title": f"{signs.folded} {names.of_family(first, family.family.count)}",
        "system": SYSTEMS[first.system].short,
        "format": family.shared(format_label, "mixed"),
        "size": format_size(family.file_bytes),
        "estimate": "" if packed_bytes is None else format_size(packed_bytes),
        "saving": saving_label(family.saving_percent(states)),
        "state": f"{signs.of_state(state)} {state.spec.label}",
    }

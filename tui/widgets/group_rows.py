"""Groups in the library's table: a row with the sums above the titles of a folder or of a system; it folds."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import NamedTuple

from discpress.engine.discs.info import UNIDENTIFIED
from discpress.engine.library.groups import Grouping, TitleGroup
from discpress.engine.library.listed import ListedTitle, Node, listed
from discpress.engine.library.states import TitleStates
from discpress.engine.names import display_name
from discpress.engine.states import State
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title
from discpress.engine.store.rows.keys import path_key
from discpress.engine.systems import System
from discpress.engine.units import format_count, format_size
from discpress.tui.views.labels import saving_label
from discpress.tui.widgets.marked_rows import Signs

_NAMED_BY = {Grouping.FOLDER: "path", Grouping.SYSTEM: "system"}
"""The order of the titles that is an order of the groups by name, so that the groups are reversed with it."""


class GroupSums(NamedTuple):
    """The sums of a group, damaged images included."""

    file_bytes: int
    """Size of all files."""
    saving_bytes: int
    """The space that converting all that "mark all" takes would free, as far as it is estimated."""

    @property
    def estimated_bytes(self) -> int:
        """Size after these conversions."""
        return self.file_bytes - self.saving_bytes

    @property
    def saving_percent(self) -> float:
        """The saving in percent of the present size; 0 without files."""
        return 100 * self.saving_bytes / self.file_bytes if self.file_bytes else 0.0


class GroupRows:
    """The groups of the titles shown, and those that are folded; all others have the rows of their titles."""

    def __init__(self) -> None:
        self.by = Grouping.NONE
        self.folded: set[str] = set()
        """The keys of folded groups."""
        self._of: Mapping[bytes, TitleGroup] = {}
        self._heads: dict[bytes, tuple[TitleGroup, list[ListedTitle]]] = {}
        self._sums: dict[bytes, GroupSums] = {}

    def take(self, by: Grouping, groups: Mapping[bytes, TitleGroup]) -> None:
        """Take in the groups of all titles."""
        self.by, self._of = by, groups
        self.forget_sums()

    def parts(self, titles: Iterable[ListedTitle]) -> list[list[ListedTitle]]:
        """Return titles by group, each in its order; all as one part if there are no groups."""
        if self.by is Grouping.NONE:
            return [list(titles)]
        parts: dict[str, list[ListedTitle]] = {}
        for title in titles:
            parts.setdefault(self._of[title.key].key, []).append(title)
        return list(parts.values())

    def rows_of(
        self,
        rows: Sequence[ListedTitle],
        members: Callable[[ListedTitle], Sequence[ListedTitle]] | None,
        key: str,
        states: TitleStates,
        *,
        is_descending: bool,
    ) -> list[ListedTitle]:
        """Return sorted rows by group, with a head before each; groups are sorted by their sums or by name.

        `members` returns the titles that a row stands for; None if each stands for one.
        """
        self._heads = {}
        if self.by is Grouping.NONE:
            return list(rows)
        parts = []
        for part in self.parts(rows):
            group = self._of[part[0].key]
            head = _head_of(group, self.by)
            self._heads[head.key] = group, [title for row in part for title in members(row)] if members else part
            parts.append((head, part))
        parts.sort(key=lambda each: self._heads[each[0].key][0].order)
        if key == _NAMED_BY[self.by] and is_descending:
            parts.reverse()
        if key in _SUMS:
            parts.sort(key=lambda each: _SUMS[key](self.sums(each[0], states)), reverse=is_descending)
        return [row for head, part in parts for row in (head, *(() if self.is_folded(head) else part))]

    def is_head(self, row: ListedTitle) -> bool:
        """Return whether a row is the head of a group."""
        return row.key in self._heads

    def without_heads(self, rows: Iterable[ListedTitle]) -> Sequence[ListedTitle]:
        """Return the rows of titles."""
        return [row for row in rows if not self.is_head(row)]

    def is_folded(self, row: ListedTitle) -> bool:
        """Return whether a row is the head of a folded group."""
        return self.is_head(row) and self._heads[row.key][0].key in self.folded

    @property
    def folded_keys(self) -> Sequence[bytes]:
        """The keys of the heads of folded groups."""
        return [key for key, (group, _) in self._heads.items() if group.key in self.folded]

    def name(self, row: ListedTitle) -> str:
        """Return the name of the group of a head."""
        return display_name(self._heads[row.key][0].name)

    def label(self, row: ListedTitle) -> str:
        """Return the name of the group of a head, a folder's own name first: a narrow column cuts the end."""
        folder, _, name = self.name(row).rpartition("/")
        return f"{name} (in {folder})" if folder and self.by is Grouping.FOLDER else self.name(row)

    def members(self, row: ListedTitle) -> Sequence[ListedTitle]:
        """Return the titles of the group of a head."""
        return self._heads[row.key][1]

    def sums(self, row: ListedTitle, states: TitleStates) -> GroupSums:
        """Return the sums of the group of a head."""
        if row.key not in self._sums:
            self._sums[row.key] = _sums_of(self.members(row), states)
        return self._sums[row.key]

    def forget_sums(self) -> None:
        """Add up again: titles or states are others. An order changes no sum."""
        self._sums.clear()

    def unfold(self, row: ListedTitle) -> bool:
        """Show the titles of a folded group; return whether the row was the head of one."""
        if is_folded := self.is_folded(row):
            self.folded.discard(self._heads[row.key][0].key)
        return is_folded

    def unfold_around(self, path: Path) -> bool:
        """Show the titles of the group of a title; return whether they were folded."""
        group = self._of.get(path_key(path))
        if group is None or group.key not in self.folded:
            return False
        self.folded.discard(group.key)
        return True

    def fold(self, row: ListedTitle) -> Path | None:
        """Fold the group of a title or a head; return the path of the head, None if there is nothing to fold."""
        group = self._heads[row.key][0] if self.is_head(row) else self._of.get(row.key)
        if group is None or group.key in self.folded:
            return None
        self.folded.add(group.key)
        return Path(group.key)


def _sums_of(titles: Iterable[ListedTitle], states: TitleStates) -> GroupSums:
    """Add up what a row shows: cheaper than the totals of a library, as an order by sums needs them for each key."""
    file_bytes = saving_bytes = 0
    linked: set[Node] = set()
    for title in titles:
        size, packed_bytes, node = title.file_bytes, title.packed_bytes, title.node
        file_bytes += size
        if packed_bytes is None or not states.state(title).spec.is_in_batch:
            continue
        if node is not None:  # of a file with several names, the space is freed once
            if node in linked:
                continue
            linked.add(node)
        saving_bytes += size - packed_bytes
    return GroupSums(file_bytes, saving_bytes)


def _head_of(group: TitleGroup, by: Grouping) -> ListedTitle:
    """Return the stand-in for a group among the rows; no title has its path, which is a folder or a lone word."""
    disc = UNIDENTIFIED._replace(system=System(group.key)) if by is Grouping.SYSTEM else UNIDENTIFIED
    return listed(Title(Path(group.key), FileIdentity(0, 0, 0), None, disc), State.UNREAD)


_SUMS: Mapping[str, Callable[[GroupSums], int]] = {
    "size": lambda sums: sums.file_bytes,
    "estimate": lambda sums: sums.estimated_bytes,
    "saving": lambda sums: sums.saving_bytes,
}


def group_cells(
    groups: GroupRows, row: ListedTitle, states: TitleStates, signs: Signs, marks: Set[bytes]
) -> tuple[dict[str, str], float]:
    """Return the texts of the head of a group by column, empty ones left out, and its saving in percent."""
    members, sums = groups.members(row), groups.sums(row, states)
    marked = sum(title.key in marks for title in members) if marks else 0
    saves = sums.saving_bytes > 0
    percent = saving_label(sums.saving_percent) if saves else ""
    texts = {
        "mark": signs.mark if marked == len(members) else signs.part_mark if marked else " ",
        "title": f"{signs.folded if groups.is_folded(row) else signs.unfolded} {groups.label(row)}",
        "size": format_size(sums.file_bytes),
        "estimate": format_size(sums.estimated_bytes) if saves else "",
        "saved": format_size(sums.saving_bytes) if saves else "",
        "saving": percent,
        "percent": percent,
        "state": format_count(len(members), "title"),
    }
    return texts, sums.saving_percent if saves else 0.0

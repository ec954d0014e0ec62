"""Groups in the library's table: a row with the sums above the titles of a folder or of a system; it folds."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from discpress.engine.discs.info import UNIDENTIFIED
from discpress.engine.library.families import TitleFamily
from discpress.engine.library.groups import Grouping, TitleGroup, groups_of
from discpress.engine.library.states import TitleStates
from discpress.engine.names import display_name
from discpress.engine.store.model import FileIdentity, Title
from discpress.engine.systems import System
from discpress.engine.units import format_count, format_size
from discpress.tui.views.labels import saving_label
from discpress.tui.widgets.marked_rows import Signs

_NAMED_BY = {Grouping.FOLDER: "path", Grouping.SYSTEM: "system"}
"""The order of the titles that is an order of the groups by name, so that the groups are reversed with it."""


@dataclass(frozen=True, slots=True)
class GroupSums:
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
        self._of: Mapping[Path, TitleGroup] = {}
        self._heads: dict[Path, tuple[TitleGroup, list[Title]]] = {}
        self._sums: dict[Path, GroupSums] = {}

    def take(self, titles: Sequence[Title], families: Mapping[Path, TitleFamily]) -> None:
        """Take in all titles."""
        self._of = groups_of(titles, self.by, families)

    def parts(self, titles: Iterable[Title]) -> list[list[Title]]:
        """Return titles by group, each in its order; all as one part if there are no groups."""
        if self.by is Grouping.NONE:
            return [list(titles)]
        parts: dict[str, list[Title]] = {}
        for title in titles:
            parts.setdefault(self._of[title.path].key, []).append(title)
        return list(parts.values())

    def rows_of(
        self,
        rows: Sequence[Title],
        members: Callable[[Title], Sequence[Title]],
        key: str,
        states: TitleStates,
        *,
        is_descending: bool,
    ) -> list[Title]:
        """Return sorted rows by group, with a head before each; groups are sorted by their sums or by name."""
        self._heads = {}
        if self.by is Grouping.NONE:
            return list(rows)
        parts = []
        for part in self.parts(rows):
            group = self._of[part[0].path]
            head = _head_of(group, self.by)
            self._heads[head.path] = group, [title for row in part for title in members(row)]
            parts.append((head, part))
        parts.sort(key=lambda each: self._heads[each[0].path][0].order)
        if key == _NAMED_BY[self.by] and is_descending:
            parts.reverse()
        if key in _SUMS:
            parts.sort(key=lambda each: _SUMS[key](self.sums(each[0], states)), reverse=is_descending)
        return [row for head, part in parts for row in (head, *(() if self.is_folded(head) else part))]

    def is_head(self, row: Title) -> bool:
        """Return whether a row is the head of a group."""
        return row.path in self._heads

    def is_folded(self, row: Title) -> bool:
        """Return whether a row is the head of a folded group."""
        return self.is_head(row) and self._heads[row.path][0].key in self.folded

    @property
    def folded_paths(self) -> Sequence[Path]:
        """The paths of the heads of folded groups."""
        return [path for path, (group, _) in self._heads.items() if group.key in self.folded]

    def name(self, row: Title) -> str:
        """Return the name of the group of a head."""
        return display_name(self._heads[row.path][0].name)

    def label(self, row: Title) -> str:
        """Return the name of the group of a head, a folder's own name first: a narrow column cuts the end."""
        folder, _, name = self.name(row).rpartition("/")
        return f"{name} (in {folder})" if folder and self.by is Grouping.FOLDER else self.name(row)

    def members(self, row: Title) -> Sequence[Title]:
        """Return the titles of the group of a head."""
        return self._heads[row.path][1]

    def sums(self, row: Title, states: TitleStates) -> GroupSums:
        """Return the sums of the group of a head."""
        if row.path not in self._sums:
            self._sums[row.path] = _sums_of(self.members(row), states)
        return self._sums[row.path]

    def forget_sums(self) -> None:
        """Add up again: titles or states are others. An order changes no sum."""
        self._sums.clear()

    def unfold(self, row: Title) -> bool:
        """Show the titles of a folded group; return whether the row was the head of one."""
        if is_folded := self.is_folded(row):
            self.folded.discard(self._heads[row.path][0].key)
        return is_folded

    def unfold_around(self, path: Path) -> bool:
        """Show the titles of the group of a title; return whether they were folded."""
        group = self._of.get(path)
        if group is None or group.key not in self.folded:
            return False
        self.folded.discard(group.key)
        return True

    def fold(self, row: Title) -> Path | None:
        """Fold the group of a title or a head; return the path of the head, None if there is nothing to fold."""
        group = self._heads[row.path][0] if self.is_head(row) else self._of.get(row.path)
        if group is None or group.key in self.folded:
            return None
        self.folded.add(group.key)
        return Path(group.key)


def _sums_of(titles: Iterable[Title], states: TitleStates) -> GroupSums:
    """Add up what a row shows: cheaper than the totals of a library, as an order by sums needs them for each key."""
    file_bytes = saving_bytes = 0
    linked: set[tuple[int, int, int]] = set()
    for title in titles:
        size = title.file_bytes
        file_bytes += size
        if title.estimate is None or not states.state(title).spec.is_in_batch:
            continue
        if title.links > 1:  # of a file with several names, the space is freed once
            inode = title.device, title.inode, title.identity.member
            if inode in linked:
                continue
            linked.add(inode)
        saving_bytes += size - title.estimate.packed_bytes
    return GroupSums(file_bytes, saving_bytes)


def _head_of(group: TitleGroup, by: Grouping) -> Title:
    """Return the stand-in for a group among the rows; no title has its path, which is a folder or a lone word."""
    disc = replace(UNIDENTIFIED, system=System(group.key)) if by is Grouping.SYSTEM else UNIDENTIFIED
    return Title(Path(group.key), FileIdentity(0, 0, 0), None, disc)


_SUMS: Mapping[str, Callable[[GroupSums], int]] = {
    "size": lambda sums: sums.file_bytes,
    "estimate": lambda sums: sums.estimated_bytes,
    "saving": lambda sums: sums.saving_bytes,
}


def group_cells(
    groups: GroupRows, row: Title, states: TitleStates, signs: Signs, marks: Set[Path]
) -> tuple[dict[str, str], float]:
    """Return the texts of the head of a group by column, empty ones left out, and its saving in percent."""
    members, sums = groups.members(row), groups.sums(row, states)
    marked = sum(title.path in marks for title in members) if marks else 0
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

"""The library as the table shows it: filtered, sorted, marked; titles with the same disc stand together."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from discpress.engine.formats import Settings
from discpress.engine.library.catalog import (
    Predicate,
    Totals,
    join_copies,
    later_copies,
    names_state,
    parse_filter,
    sort_titles,
    total,
)
from discpress.engine.library.groups import Grouping
from discpress.engine.library.naming import TitleNames
from discpress.engine.library.states import Records, TitleStates
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.tasks.kinds import CONVERSION_KINDS
from discpress.engine.states import State
from discpress.engine.store.model import Title
from discpress.tui.views.frame.cells import cells_of, style_of
from discpress.tui.views.frame.columns import COLUMNS, SORTS, WITH_MATCH
from discpress.tui.widgets.family_rows import FamilyRows
from discpress.tui.widgets.group_rows import GroupRows
from discpress.tui.widgets.marked_rows import MarkedRows, Signs
from discpress.tui.widgets.table import Column

_LARGE_FIRST = {"size", "estimate", "saving"}
_MOVING = {"estimate", "saving", "state"}


class LibraryView(MarkedRows[Title]):
    """The rows of the library's table, and what is marked; the titles themselves come from the store."""

    SORTS = SORTS
    LARGE_FIRST = _LARGE_FIRST

    def __init__(
        self, planned: Callable[[Title], Settings | None], signs: Signs, states: TitleStates | None = None
    ) -> None:
        """`planned` gives the settings a title would be written with, `states` the state of each."""
        super().__init__(signs)
        self.planned = planned
        self.states = states or TitleStates()
        self.titles: dict[Path, Title] = {}
        self._predicate: Predicate = parse_filter("")
        self._sorted: list[Title] = []
        self._later: set[Path] = set()
        self._copied: frozenset[str] = frozenset()
        self._totals: Totals | None = None
        self._places: dict[Path, int] | None = None
        self._names: TitleNames | None = None
        self._selected: list[Title] = []
        self.families = FamilyRows()
        self.groups = GroupRows()
        self._is_grouped = False
        self._jobs: dict[Path, Job] = {}

    # What is in it

    def replace_all(self, titles: Iterable[Title]) -> None:
        """Show other titles; marks stay on those that are still there."""
        self.titles = {title.path: title for title in titles}
        self.marks &= self.titles.keys()
        self._sort()

    def update(self, changed: Iterable[Title], gone: Iterable[Path]) -> None:
        """Take in what a scan or an estimate has changed."""
        must_sort = self.sort_key in _MOVING
        for title in changed:
            old = self.titles.get(title.path)
            must_sort |= old is None or _standing(old) != _standing(title)
            self.titles[title.path] = title
        for path in gone:
            must_sort |= self.titles.pop(path, None) is not None
            self.marks.discard(path)
        if must_sort:
            self._sort()
        else:
            self._sorted = [self.titles[title.path] for title in self._sorted]
            self._totals = None
            self.groups.forget_sums()
            self._select()

    def set_jobs(self, jobs: Collection[Job]) -> set[Path]:
        """Take in what the queue does with the titles; return the paths whose row reads differently."""
        new = {job.path: job for job in jobs if job.kind in CONVERSION_KINDS and job.is_alive}
        paths = new.keys() | self._jobs.keys()
        differ = {path for path in paths if _word(new.get(path)) != _word(self._jobs.get(path))}
        self._jobs = new
        self.set_records(self.states.records)
        return differ

    def set_records(self, records: Records) -> bool:
        """Take in what is recorded about the titles; return whether anything is different."""
        before, now = self.states.records, replace(records, working=frozenset(self._jobs))
        if now == before:
            return False
        self.states.set_records(now)
        self._totals = None
        self.groups.forget_sums()
        if now.discs != before.discs or self.sort_key == "state":
            self._sort()
        elif names_state(self.filter_text):
            self._select()
        return True

    # How it is shown

    def set_filter(self, text: str) -> None:
        """Show what these words let pass; UsageError for a word that cannot be, and all stays as it was."""
        self._predicate = parse_filter(text, self.states)
        self.filter_text = text.strip()
        self.groups.forget_sums()
        self._select()

    def refresh_order(self) -> None:
        """Sort by `sort_key`, and filter; totals and names are the same in any order."""
        in_order = sort_titles(self.titles.values(), self.sort_key, descending=self.is_descending, states=self.states)
        joined, self._copied = join_copies(in_order, self.states)
        self._sorted = self.families.joined(joined)
        if not self._is_grouped:
            self.groups.take(self._sorted, self.families.by_path)
            self._is_grouped = True
        self._select()

    def group_by(self, grouping: Grouping) -> None:
        """Put the titles of a folder or of a system below a row with their sums."""
        self.groups.by = grouping
        self.groups.forget_sums()
        self._is_grouped = False
        self.refresh_order()

    def _sort(self) -> None:
        """Take in that titles are others than before."""
        self.states.set_titles(self.titles.values())
        self._totals = self._names = None
        self.groups.forget_sums()
        self._is_grouped = False
        self.refresh_order()

    def _select(self) -> None:
        self._selected = list(filter(self._predicate, self._sorted))
        parts = self.groups.parts(self._selected) if self._copied else ()
        self._later = {path for part in parts for path in later_copies(part, self._copied, self.states)}
        self._fold()

    def _fold(self) -> None:
        self._places = None
        key, is_descending = self.sort_key, self.is_descending
        rows = self.families.rows_of(self._selected)
        if key in _LARGE_FIRST:
            rows = self.families.by_sums(rows, key, self.states, is_descending=is_descending, is_later=self.is_later)
        members = self.families.members
        self.rows = self.groups.rows_of(rows, members, key, self.states, is_descending=is_descending)

    def unfold(self, index: int) -> bool:
        """Show the discs or the group of a folded row; return whether it was one."""
        row = self.rows[index]
        if is_folded := self.groups.unfold(row) or self.families.unfold(row):
            self._fold()
        return is_folded

    def unfold_around(self, path: Path) -> None:
        """Show the titles of the group of a title."""
        if self.groups.unfold_around(path):
            self._fold()

    def fold(self, index: int) -> Path | None:
        """Fold the discs around a row, otherwise its group; return the path of the row that stands for them.

        None if there is nothing to fold.
        """
        path = self.families.fold(self.rows[index]) or self.groups.fold(self.rows[index])
        if path is not None:
            self._fold()
        return path

    @property
    def shown(self) -> int:
        """The number of titles that the filter selects, those of folded rows included."""
        return len(self._selected)

    @property
    def totals(self) -> Totals:
        """What the whole library comes to, whatever filter is on."""
        if self._totals is None:
            self._totals = total(self._sorted, self.states)
        return self._totals

    @property
    def names(self) -> TitleNames:
        """The names of the titles, told apart within the whole library."""
        if self._names is None:
            self._names = TitleNames(self._sorted, self.states.disc_of)
        return self._names

    @property
    def in_order(self) -> Sequence[Title]:
        """The whole library in its order, whatever filter is on."""
        return self._sorted

    def name_of(self, path: Path) -> str:
        """Return what a row calls the image of that path; empty for one that is not in the library."""
        title = self.titles.get(path)
        return "" if title is None else self.names.of(title)

    def index_of(self, key: Path | None) -> int | None:
        """Return the row of a path; None if it is not shown."""
        if self._places is None:
            self._places = places = {row.path: index for index, row in enumerate(self.rows)}
            folded = (*self.families.folded_paths, *self.groups.folded_paths)
            for index in [places[path] for path in folded if path in places]:
                places |= {title.path: index for title in self.members(self.rows[index]) if title.path not in places}
        return None if key is None else self._places.get(key)

    def key_of(self, row: Title) -> Path:
        """Return the path by which a title is marked."""
        return row.path

    def members(self, row: Title) -> Sequence[Title]:
        """Return the titles that a row stands for."""
        return self.groups.members(row) if self.groups.is_head(row) else self.families.members(row)

    def own_members(self, row: Title) -> Sequence[Title]:
        """Return the titles that only this row stands for: none for the head of a group that is not folded."""
        return () if self.groups.is_head(row) and not self.groups.is_folded(row) else self.members(row)

    @property
    def title_rows(self) -> Sequence[Title]:
        """The rows without the heads of groups."""
        return [row for row in self.rows if not self.groups.is_head(row)]

    def is_marked_with_others(self, row: Title) -> bool:
        """Return whether a title is ready for a conversion."""
        return self.states.state(row).spec.is_in_batch

    def marked_together(self) -> set[Path]:
        """Return the ready titles shown; if none is, those that their target does not load, which can be repaired."""
        return super().marked_together() or {title.path for title in self.repairable}

    @property
    def ready(self) -> Sequence[Title]:
        """The titles shown that may be converted with others."""
        return [title for title in self._selected if self.is_marked_with_others(title)]

    @property
    def repairable(self) -> Sequence[Title]:
        """The titles shown that their target does not load."""
        return [title for title in self._selected if self.states.state(title) is State.WONT_LOAD]

    def row_with(self, key: Path) -> Title | None:
        """Return a title, shown or hidden, by its path; None if there is none."""
        return self.titles.get(key)

    # Rows of the table

    @property
    def columns(self) -> Sequence[Column]:
        """The columns of the table."""
        return WITH_MATCH if self.states.has_lists else COLUMNS

    def __len__(self) -> int:
        return len(self.rows)

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the texts of one row."""
        return cells_of(self, self.rows[index], keys)

    def style(self, index: int, key: str) -> str:
        """Return the style of one cell."""
        return style_of(self, self.rows[index], key)

    def state_of(self, title: Title) -> str:
        """Return the sign and the word for the state of a title; of one that a job converts, what the job does."""
        state = self.states.state(title)
        word = _word(self._jobs.get(title.path)) if state is State.WORKING else ""
        return f"{self.signs.of_state(state)} {word or state.spec.label}"

    def is_later(self, title: Title) -> bool:
        """Return whether another title with the same disc stands above it."""
        return title.path in self._later


def _standing(title: Title) -> tuple[object, ...]:
    """Return what decides the place of a title in an order that estimates do not change."""
    return title.title, title.serial, title.system, title.format, title.file_bytes, title.overrides, title.error


def _word(job: Job | None) -> str:
    if job is None:
        return ""
    if job.state is JobState.RUNNING and job.total_bytes:
        return f"{job.percent:.0f} %"
    return job.stage if job.state is JobState.RUNNING and job.stage else str(job.state)

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
from discpress.engine.library.naming import TitleNames
from discpress.engine.library.states import Records, TitleStates
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.tasks.kinds import CONVERSION_KINDS
from discpress.engine.states import State
from discpress.engine.store.model import Title
from discpress.tui.views.frame.cells import cells_of
from discpress.tui.views.frame.columns import BARS, COLUMNS, DIM, SORTS, STATE_STYLES, WITH_MATCH
from discpress.tui.views.labels import MATCH_STYLES
from discpress.tui.widgets.family_rows import FamilyRows
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
        self._select()

    def refresh_order(self) -> None:
        """Sort by `sort_key`, and filter; totals and names are the same in any order."""
        in_order = sort_titles(self.titles.values(), self.sort_key, descending=self.is_descending, states=self.states)
        joined, self._copied = join_copies(in_order, self.states)
        self._sorted = self.families.joined(joined)
        self._select()

    def _sort(self) -> None:
        """Take in that titles are others than before."""
        self.states.set_titles(self.titles.values())
        self._totals = self._names = None
        self.refresh_order()

    def _select(self) -> None:
        self._selected = list(filter(self._predicate, self._sorted))
        self._later = later_copies(self._selected, self._copied, self.states)
        self._fold()

    def _fold(self) -> None:
        self._places = None
        self.rows = self.families.rows_of(self._selected)
        if self.sort_key in _LARGE_FIRST:
            self.rows = self.families.by_sums(
                self.rows, self.sort_key, self.states, is_descending=self.is_descending, is_later=self.is_later
            )

    def unfold(self, index: int) -> bool:
        """Show the discs of a folded row; return whether it was one."""
        if is_folded := self.families.unfold(self.rows[index]):
            self._fold()
        return is_folded

    def fold(self, index: int) -> Path | None:
        """Fold the discs around a row; return the path of the row that stands for them, None if there are none."""
        path = self.families.fold(self.rows[index])
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
            rows = enumerate(self.rows)
            self._places = {title.path: index for index, row in rows for title in self.members(row)}
        return None if key is None else self._places.get(key)

    def key_of(self, row: Title) -> Path:
        """Return the path by which a title is marked."""
        return row.path

    def members(self, row: Title) -> Sequence[Title]:
        """Return the titles that a row stands for."""
        return self.families.members(row)

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
        title = self.rows[index]
        family = self.families.folded_at(title)
        if key == "state":
            state = self.states.state(title) if family is None else family.state(self.states)
            return "good" if state.spec.is_in_batch else STATE_STYLES[state.spec.concern]
        if key == "match":
            return MATCH_STYLES[self.states.match_of(title).verdict]
        if key == "mark" or (key == "title" and all(each.path in self.marks for each in self.members(title))):
            return "mark"
        if key in BARS:
            return "bar" if (self._percent(title) or 0.0) > 0 else "normal"
        if key in DIM or title.error:
            return "dim"
        return "strong" if key == "estimate" else "normal"

    def _percent(self, title: Title) -> float | None:
        """Return the saving of a row in percent."""
        family = self.families.folded_at(title)
        return title.saving_percent if family is None else family.saving_percent(self.states)

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

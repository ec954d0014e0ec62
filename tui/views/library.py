"""The library as the table shows it: filtered, sorted, marked; titles with the same disc stand together."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby
from pathlib import Path
from typing import TypeAlias

from discpress.engine.formats import Settings
from discpress.engine.library import arranging
from discpress.engine.library.arranging import Arrangement, Order, OrderBy, arrange, order_of
from discpress.engine.library.catalog import Predicate, later_copies, parse_filter, total
from discpress.engine.library.groups import Grouping
from discpress.engine.library.listed import ListedTitle
from discpress.engine.library.naming import TitleNames
from discpress.engine.library.shelf import ReadTitles, TitleShelf
from discpress.engine.library.states import Records, TitleStates
from discpress.engine.queue.jobs import Job
from discpress.engine.queue.tasks.kinds import CONVERSION_KINDS
from discpress.engine.states import State
from discpress.engine.store.model import Title
from discpress.engine.store.rows.keys import path_key
from discpress.tui.views.frame.cells import cells_of, style_of
from discpress.tui.views.frame.columns import COLUMNS, SORTS, WITH_MATCH
from discpress.tui.views.jobs import job_word
from discpress.tui.widgets.family_rows import FamilyRows
from discpress.tui.widgets.group_rows import GroupRows
from discpress.tui.widgets.marked_rows import MarkedRows, Signs
from discpress.tui.widgets.table import Column

Planned: TypeAlias = Callable[[Title], Settings | None]
_LARGE_FIRST = {"size", "estimate", "saving"}


class LibraryView(MarkedRows[ListedTitle, bytes]):
    """The rows of the library's table, and what is marked; the titles themselves come from the store."""

    SORTS = SORTS
    LARGE_FIRST = _LARGE_FIRST

    def __init__(self, planned: Planned, signs: Signs, states: TitleStates, read: ReadTitles) -> None:
        """`planned` gives the settings a title would be written with, `states` the state of each, `read` all facts."""
        super().__init__(signs)
        self.planned = planned
        self.states = states
        self.titles = TitleShelf(read)
        self._predicate: Predicate = parse_filter("")
        self._sorted: list[ListedTitle] = []
        self._later: set[bytes] = set()
        self._copied: Mapping[bytes, Hashable] = {}
        self.grouping = Grouping.NONE
        """The fact by which titles are grouped when they are next brought into order."""
        self.totals = total((), states)
        """The sums of the whole library, whatever filter is on."""
        self.names = TitleNames((), states.disc_of)
        """The names of the titles, told apart within the whole library."""
        self.is_stale = False
        """Whether order and totals of many titles are older than the records, and wait to be arranged."""
        self._selected: list[ListedTitle] = []
        self.families = FamilyRows()
        self.groups = GroupRows()
        self._jobs: dict[bytes, Job] = {}

    # What is in it

    def arrange(self, titles: Iterable[ListedTitle], records: Records | None = None) -> Arrangement:
        """Return other titles in the present order; a thread may call this, because thousands take a while.

        `records` are the new ones, if there are any.
        """
        states = self.states.renewed(self._with_jobs(records or self.states.records))
        return arrange(titles, self._order_by, states)

    def show_arranged(self, arranged: Arrangement) -> None:
        """Show other titles that were arranged; marks stay on those that are still there."""
        self.titles.replace_all(arranged.titles)
        self.marks &= self.titles.keys
        self.states, self.totals, self.names = arranged.states, arranged.totals, arranged.names
        self._predicate = parse_filter(self.filter_text, self.states)
        self.is_stale = False
        self.show_order(arranged.order_by(self._order_by))
        self.set_records(self.states.records)  # the jobs may be others by now

    @property
    def is_large(self) -> bool:
        """Whether only a thread arranges the titles."""
        return len(self.titles) >= arranging.MANY

    def update(self, changed: Iterable[ListedTitle], gone: Iterable[Path], records: Records | None = None) -> None:
        """Take in what a scan, an estimate or a job has changed; `records` are the new ones, if there are any."""
        self.show_arranged(self.arrange(self.titles.changed(changed, gone), records))

    def set_jobs(self, jobs: Collection[Job]) -> set[bytes]:
        """Take in what the queue does with the titles; return the keys of those whose row reads differently."""
        new = {path_key(job.path): job for job in jobs if job.kind in CONVERSION_KINDS and job.is_alive}
        keys = new.keys() | self._jobs.keys()
        pairs = ((key, new.get(key), self._jobs.get(key)) for key in keys)
        differ = {key for key, now, before in pairs if now is not before and job_word(now) != job_word(before)}
        self._jobs = new
        self.set_records(self.states.records)
        return differ

    def set_records(self, records: Records) -> bool:
        """Take in what is recorded about the titles; return whether anything is different."""
        now = self._with_jobs(records)
        is_different = now != self.states.records
        if is_different and not self.is_large:
            self.update((), (), records)
        elif is_different:
            self.states.set_records(now)
            self.is_stale = True
        return is_different

    def _with_jobs(self, records: Records) -> Records:
        return replace(records, working=frozenset(self._jobs))

    # How it is shown

    def set_filter(self, text: str) -> None:
        """Show what these words let pass; UsageError for a word that cannot be, and all stays as it was."""
        self._predicate = parse_filter(text, self.states)
        self.filter_text = text.strip()
        self.groups.forget_sums()
        self._select()

    def refresh_order(self) -> None:
        """Sort by `sort_key`, group and filter; totals and names are the same in any order."""
        self.show_order(self.order())

    @property
    def _order_by(self) -> OrderBy:
        return OrderBy(self.sort_key, self.is_descending, self.grouping)

    def order(self) -> Order:
        """Return all titles in the present order; a thread may call this."""
        return order_of(list(self.titles.values()), self._order_by, self.states)

    def show_order(self, order: Order) -> None:
        """Show all titles in an order by `sort_key`."""
        self._sorted, self._copied, self.families.by_key = order.titles, order.copied, order.families
        self.groups.take(order.grouping, order.groups)
        self._select()

    def _select(self) -> None:
        self._selected = list(filter(self._predicate, self._sorted))
        parts = self.groups.parts(self._selected) if self._copied else ()
        self._later = {key for part in parts for key in later_copies(part, self._copied)}
        self._fold()

    def _fold(self) -> None:
        key, is_descending = self.sort_key, self.is_descending
        rows = self.families.rows_of(self._selected)
        if key in _LARGE_FIRST:
            rows = self.families.by_sums(rows, key, self.states, is_descending=is_descending, is_later=self.is_later)
        members = self.families.members if self.families.folded_keys else None
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
        """Fold the discs around a row, otherwise its group; return the path of the row that stands for them, if any."""
        path = self.families.fold(self.rows[index]) or self.groups.fold(self.rows[index])
        if path is not None:
            self._fold()
        return path

    @property
    def shown(self) -> int:
        """The number of titles that the filter selects, those of folded rows included."""
        return len(self._selected)

    @property
    def in_order(self) -> Sequence[ListedTitle]:
        """The whole library in its order, whatever filter is on."""
        return self._sorted

    def name_of(self, path: Path) -> str:
        """Return what a row calls the image of that path; empty for one that is not in the library."""
        title = self.titles.at(path)
        return "" if title is None else self.names.of(title)

    def index_of(self, path: Path | None) -> int | None:
        """Return the row of a path; None if it is not shown."""
        if path is None:
            return None
        key, folded = path_key(path), {*self.families.folded_keys, *self.groups.folded_keys}
        its_own = (index for index, row in enumerate(self.rows) if row.key == key)
        around = (
            index
            for index, row in enumerate(self.rows if folded else ())
            if row.key in folded and any(title.key == key for title in self.members(row))
        )
        return next(chain(its_own, around), None)

    def path_of(self, row: ListedTitle) -> Path:
        """Return the path of a title."""
        return row.path

    def mark_of(self, row: ListedTitle) -> bytes:
        """Return the key by which a title is marked."""
        return row.key

    def members(self, row: ListedTitle) -> Sequence[ListedTitle]:
        """Return the titles that a row stands for."""
        return self.groups.members(row) if self.groups.is_head(row) else self.families.members(row)

    def own_members(self, row: ListedTitle) -> Sequence[ListedTitle]:
        """Return the titles that only this row stands for: none for the head of a group that is not folded."""
        return () if self.groups.is_head(row) and not self.groups.is_folded(row) else self.members(row)

    def marked_together(self) -> set[bytes]:
        """Return the ready titles shown; if none is, those that their target does not load, which can be repaired."""
        return {title.key for title in self.ready or self.repairable}

    @property
    def ready(self) -> Sequence[ListedTitle]:
        """The titles shown that may be converted with others."""
        by_state = groupby(self._selected, self.states.state)  # most neighbours have the same
        return [title for state, some in by_state if state.spec.is_in_batch for title in some]

    @property
    def repairable(self) -> Sequence[ListedTitle]:
        """The titles shown that their target does not load."""
        return [title for title in self._selected if self.states.state(title) is State.WONT_LOAD]

    def row_with(self, mark: bytes) -> ListedTitle | None:
        """Return a title, shown or hidden, by its key; None if there is none."""
        return self.titles.by_key(mark)

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

    def state_of(self, title: ListedTitle) -> str:
        """Return the sign and the word for the state of a title; of one that a job converts, what the job does."""
        state = self.states.state(title)
        word = job_word(self._jobs.get(title.key)) if state is State.WORKING else ""
        return f"{self.signs.of_state(state)} {word or state.spec.label}"

    def is_later(self, title: ListedTitle) -> bool:
        """Return whether another title with the same disc stands above it."""
        return title.key in self._later

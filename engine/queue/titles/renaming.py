"""Renames of the library's titles: plans from what is recorded about them, and renames that the library follows."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from discpress.engine.convert.renaming.names import Pattern
from discpress.engine.convert.renaming.plan import RenamePlan, plan_renames
from discpress.engine.convert.renaming.record import RenameRecord
from discpress.engine.convert.renaming.run import finish_renames, rename_title
from discpress.engine.dats.match import Match
from discpress.engine.dats.track_names import listed_track_names
from discpress.engine.errors import DiscpressError
from discpress.engine.library.scan.rescan_files import follow_files
from discpress.engine.library.states import TitleStates
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store


def rename_plans(
    store: Store, titles: Iterable[Title], states: TitleStates, pattern: Pattern, busy: Collection[Path]
) -> list[RenamePlan]:
    """Return a plan for each title; `busy` are the titles that jobs work on."""

    def track_names(title: Title, match: Match) -> Sequence[str]:
        known = store.digests.of(title.path, title.identity)
        return store.file.run(lambda connection: listed_track_names(connection, title, match, known))

    return plan_renames(titles, states.match_of, track_names, pattern, busy)


def rename_in_library(plan: RenamePlan, store: Store, notify: Callable[[str], None], batch: int = 0) -> int:
    """Rename a title and update its row in the library. Arguments, result and errors are those of `rename_title`."""
    number = rename_title(plan, store, notify, batch)
    _update_rows(store, [*plan.title.file_paths, plan.new_path], plan.title.path.parent)
    return number


def finish_in_library(store: Store, notify: Callable[[str], None]) -> list[RenameRecord]:
    """Finish the renames that a kill interrupted, and update their rows; return them."""
    finished = finish_renames(store, notify)
    for record in finished:
        follow_record(store, record)
    return finished


def follow_record(store: Store, record: RenameRecord) -> None:
    """Update the library's row of a renamed title."""
    _update_rows(store, [record.folder / name for name in (record.main.before, record.main.after)], record.folder)


def _update_rows(store: Store, paths: Iterable[Path], folder: Path) -> None:
    with contextlib.suppress(DiscpressError):  # the next scan does what is not possible now
        follow_files(store, paths, [folder])

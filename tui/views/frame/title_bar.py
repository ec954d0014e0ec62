"""The tabs of the title bar with their counts, and the totals of the library."""

from collections.abc import Sequence

from discpress.engine.units import format_size
from discpress.tui.app.session import Session
from discpress.tui.commands import Place
from discpress.tui.widgets.palette import Line
from discpress.tui.widgets.title_bar import Tab

_HOMES = {place: place for place in (Place.LIBRARY, Place.QUEUE, Place.TRASH, Place.BENCH)}
_OF_LIBRARY = (Place.DETAIL, Place.TUNE, Place.PLAN, Place.RENAME, Place.DUPLICATES, Place.DATFILES, Place.DEVICE)
_HOMES |= dict.fromkeys(_OF_LIBRARY, Place.LIBRARY) | {Place.LOG: Place.QUEUE}


def tab_of(place: Place) -> Place | None:
    """Return the tab to which a screen belongs; None if it belongs to none."""
    return _HOMES.get(place)


def tabs_of(session: Session) -> Sequence[Tab]:
    """Return the tabs, with what is known of their counts."""
    titles = None if session.is_loading else len(session.view.titles)
    tabs = [
        Tab(Place.LIBRARY, "Library", titles),
        Tab(Place.QUEUE, "Queue", session.last_snapshot.totals.alive or None),
        Tab(Place.TRASH, "Trash", session.trash_count),
        Tab(Place.BENCH, "Benchmark"),
    ]
    return [tab for tab in tabs if tab.place is not Place.TRASH or not session.is_read_only]


def totals_of(session: Session) -> Sequence[Line]:
    """Return what the library comes to, in one line, the longest form first; nothing while it is loaded."""
    totals = session.view.totals
    if session.is_loading or not totals.file_bytes:
        return []
    now = format_size(totals.file_bytes)
    if totals.saving_bytes <= 0:
        return [[(f"{now} ", "top")]]
    arrow = "->" if session.is_ascii else "→"
    saves = f"saves {format_size(totals.saving_bytes)}"
    later = format_size(totals.estimated_bytes)
    percent = f" {totals.saving_percent:.0f} %"
    return [
        [(f"{now} {arrow} {later}  ", "top"), (f"{saves} {percent} ", "top-strong")],
        [(f"{saves} ", "top-strong")],
    ]

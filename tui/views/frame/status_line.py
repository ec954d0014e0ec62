"""The library's first line, and its text for an empty table."""

from collections.abc import Sequence
from pathlib import Path

from rich.cells import cell_len

from discpress.engine.names import display_name
from discpress.engine.units import format_size, format_whole_percent
from discpress.tui.app.session import Session
from discpress.tui.views.library import STATE_STYLES, LibraryView
from discpress.tui.widgets.palette import Line, Piece


def status_line(view: LibraryView, folders: Sequence[Path], width: int) -> Line:
    """Return `games: 13 titles, 189 MiB -> 114 MiB, saving 75.9 MiB = 40 %; 2 cut short`, then marks and filter.

    If all of it is wider than `width`, the folders go, then what is no part of the totals, then the words of the
    filter, then the size of the marked: what can be seen elsewhere.
    """
    totals, left_out = _totals(view), _left_out(view)
    lines: list[Line] = [
        [(_places(folders), "normal"), *totals, *left_out, *_marked(view), *_shown(view)],
        [*totals, *left_out, *_marked(view), *_shown(view)],
        [*totals, *_marked(view), *_shown(view)],
        [*totals, *_marked(view), *_shown(view, has_words=False)],
        [*totals, *_marked(view, has_size=False), *_shown(view, has_words=False)],
    ]
    return next((line for line in lines if sum(cell_len(text) for text, _ in line) <= width), lines[-1])


def _places(folders: Sequence[Path]) -> str:
    if len(folders) > 1:
        return f"{len(folders)} folders: "
    return f"{display_name(folders[0].name or folders[0])}: " if folders else ""


def _totals(view: LibraryView) -> list[Piece]:
    totals = view.totals
    titles = f"{totals.titles} {'title' if totals.titles == 1 else 'titles'}"
    pieces = [(f"{titles}, {format_size(totals.file_bytes)}", "normal")]
    if totals.saving_bytes > 0:
        saved = f"{format_size(totals.saving_bytes)} = {format_whole_percent(totals.saving_percent)}"
        pieces.append((f" -> {format_size(totals.estimated_bytes)}, saving {saved}", "good"))
    return pieces


def _left_out(view: LibraryView) -> list[Piece]:
    """Return how many titles are no part of the totals, by state."""
    return [
        (f"; {count} {state.spec.label}", STATE_STYLES[state.spec.concern])
        for state, count in view.totals.left_out.items()
    ]


def _marked(view: LibraryView, *, has_size: bool = True) -> list[Piece]:
    if not view.marks:
        return []
    size = f", {format_size(sum(view.titles[path].file_bytes for path in view.marks))}" if has_size else ""
    return [(f"; {len(view.marks)} marked{size}", "mark")]


def _shown(view: LibraryView, *, has_words: bool = True) -> list[Piece]:
    if not view.filter_text:
        return []
    words = f": {display_name(view.filter_text)}" if has_words else ""
    return [(f"; {view.shown} shown{words}", "accent")]


def empty_hint(view: LibraryView, session: Session) -> str:
    """Return what to do if there is no row, or why a folder could not be read."""
    keys = session.keys
    settings = keys.of("show_settings")
    ways = f"{keys.of('rescan')} looks again" + (f", {settings} changes folders" if settings else "")
    if session.is_loading:
        return "Reading the library ..."
    if view.titles:
        return f"Nothing matches: {keys.of('clear_filter')} takes the filter off."
    if session.is_scanning:
        return "The worker looks into your folders ..."
    if not session.folders:
        way = f"press {settings} and name a folder of games" if settings else "name a folder when you start discpress"
        return f"The library is empty: {way}."
    problems = [session.problems[folder] for folder in session.folders if folder in session.problems]
    if problems:
        more = f"; {len(problems) - 1} more cannot be read" if len(problems) > 1 else ""
        return f"{display_name(problems[0])}{more}. {ways}."
    folders = ", ".join(display_name(folder) for folder in session.folders)
    return f"No image found: {ways} ({folders})."

"""The words about the library's rows: what is marked, shown and not whole, and what to do without any."""

from collections.abc import Sequence
from pathlib import Path

from discpress.engine.names import display_name
from discpress.engine.states import Concern
from discpress.engine.units import format_size
from discpress.tui.app.session import Session
from discpress.tui.views.frame.columns import STATE_STYLES
from discpress.tui.views.library import LibraryView
from discpress.tui.widgets.palette import Line, Piece, cut, line_cells

_MARGIN = 6
"""Cells of the edge around it."""


def status_line(view: LibraryView, width: int) -> Line:
    """Return `3 marked, 936 MiB; 12 shown: sys:ps2; 2 cut short`: what is marked and shown, what is no part of totals.

    If all of it is wider than `width`, what is no part of the totals is one number, then goes first. The words of the
    filter follow, then the size of the marked: what can be seen elsewhere.
    """
    marked = _marked(view)
    lines: list[list[Piece]] = [
        [*marked, *_shown(view), *_left_out(view)],
        [*marked, *_shown(view), *_problems(view)],
        [*marked, *_shown(view)],
        [*marked, *_shown(view, has_words=False)],
        [*_marked(view, has_size=False), *_shown(view, has_words=False)],
    ]
    texts = [_joined(line) for line in lines]
    return next((line for line in texts if line_cells(line) <= width - _MARGIN), texts[-1])


def _joined(pieces: Sequence[Piece]) -> Line:
    return [piece for index, each in enumerate(pieces) for piece in ([("; ", "dim"), each] if index else [each])]


def rule_line(name: Line, shown: Line, width: int, *, is_ascii: bool) -> Line:
    """Return the line between a table without a box and the pane below it: the title there, then what is shown."""
    joint, ellipsis = ("-", "~") if is_ascii else ("─", "…")
    right: Line = [(" ", "box"), *shown, (f" {joint}", "box")] if shown else []
    named: Line = [(f"{joint} ", "box"), *name, (" ", "box")] if name else []
    left = cut(named, width - line_cells(right) - 1, ellipsis)
    spare = width - line_cells(left) - line_cells(right)
    return [*left, (joint * spare, "box"), *right]


def places(folders: Sequence[Path]) -> Line:
    """Return the folder of the library, or how many there are."""
    if not folders:
        return []
    text = f"{len(folders)} folders" if len(folders) > 1 else display_name(folders[0])
    return [(text, "dim")]


def _left_out(view: LibraryView) -> list[Piece]:
    """Return how many titles are no part of the totals, by state."""
    return [
        (f"{count} {state.spec.label}", STATE_STYLES[state.spec.concern])
        for state, count in view.totals.left_out.items()
    ]


def _problems(view: LibraryView) -> list[Piece]:
    """Return the sum of the same, in few cells."""
    count = sum(view.totals.left_out.values())
    return [(f"{count} with problems", STATE_STYLES[Concern.CARE])] if count else []


def _marked(view: LibraryView, *, has_size: bool = True) -> list[Piece]:
    if not view.marks:
        return []
    marked = map(view.titles.by_key, view.marks)
    size = f", {format_size(sum(title.file_bytes for title in marked if title is not None))}" if has_size else ""
    return [(f"{len(view.marks)} marked{size}", "mark")]


def _shown(view: LibraryView, *, has_words: bool = True) -> list[Piece]:
    if not view.filter_text:
        return []
    words = f": {display_name(view.filter_text)}" if has_words else ""
    return [(f"{view.shown} of {len(view.titles)} shown{words}", "accent")]


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

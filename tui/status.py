"""The library's first line, and what it says where there is no row."""

from collections.abc import Sequence
from pathlib import Path

from rich.cells import cell_len

from engine.names import display_name
from engine.units import format_size
from tui.library_view import LibraryView
from tui.session import Session
from tui.widgets.palette import Line


def status_line(view: LibraryView, folders: Sequence[Path], width: int) -> Line:
    """Return `games: 13 titles, 189 MiB -> 114 MiB, saving 75.9 MiB = 40 %`, then what is marked and filtered.

    Where all of it is wider than `width`, the folders go: what is chosen and shown matters more.
    """
    totals = view.totals
    titles = f"{totals.titles} {'title' if totals.titles == 1 else 'titles'}"
    pieces = [(f"{titles}, {format_size(totals.file_bytes)}", "normal")]
    if totals.saving_bytes > 0:
        saved = f"{format_size(totals.saving_bytes)} = {totals.saving_percent:.0f} %"
        pieces.append((f" -> {format_size(totals.estimated_bytes)}, saving {saved}", "good"))
    if view.marks:
        marked_bytes = sum(view.titles[path].file_bytes for path in view.marks)
        pieces.append((f"; {len(view.marks)} marked, {format_size(marked_bytes)}", "mark"))
    if view.filter_text:
        pieces.append((f"; {len(view.rows)} shown: {display_name(view.filter_text)}", "accent"))
    places = _places(folders)
    has_room = sum(cell_len(text) for text, _ in pieces) + cell_len(places) <= width
    return [(places, "normal"), *pieces] if has_room else pieces


def _places(folders: Sequence[Path]) -> str:
    if len(folders) > 1:
        return f"{len(folders)} folders: "
    return f"{display_name(folders[0].name or folders[0])}: " if folders else ""


def empty_hint(view: LibraryView, session: Session) -> str:
    """Return what to do where there is no row."""
    if view.titles:
        return "Nothing matches: esc takes the filter off."
    if session.is_scanning:
        return "The worker looks into your folders ..."
    if not session.folders:
        return "The library is empty: press , and name a folder of games."
    folders = ", ".join(display_name(folder) for folder in session.folders)
    return f"No disc image was found in {folders}: r looks again, the comma key changes folders."

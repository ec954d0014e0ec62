"""The pane of a group: its sums, and how many of its titles are in each state."""

from collections import Counter

from discpress.engine.library.listed import ListedTitle
from discpress.engine.units import format_count, format_size
from discpress.tui.views.frame.columns import STATE_STYLES
from discpress.tui.views.library import LibraryView
from discpress.tui.widgets.graph import bar
from discpress.tui.widgets.palette import Line, Piece, joined

_LABEL = 9
_BAR_CELLS = 24


def group_title(view: LibraryView, head: ListedTitle) -> Line:
    """Return the name of a group."""
    return [(view.groups.name(head), "strong")]


def group_lines(view: LibraryView, head: ListedTitle, width: int) -> list[Line]:
    """Return what the pane shows of a group."""
    members, sums = view.groups.members(head), view.groups.sums(head, view.states)
    counts = Counter(view.states.state(title) for title in members)
    lines: list[Line] = [
        _row("titles", (format_count(len(members), "image"), "normal")),
        _row("size", (format_size(sums.file_bytes), "normal")),
    ]
    if sums.saving_bytes > 0:
        cells = max(4, min(_BAR_CELLS, width - _LABEL - 10))
        drawn = bar(100 - sums.saving_percent, cells, is_ascii=view.signs.is_ascii)
        saves = f"{format_size(sums.saving_bytes)}, {sums.saving_percent:.0f} %"
        lines.append(_row("becomes", (drawn, "bar"), (f" {format_size(sums.estimated_bytes)}", "strong")))
        lines.append(_row("saves", (saves, "good")))
    found = [(f"{count} {state.spec.label}", STATE_STYLES[state.spec.concern]) for state, count in counts.most_common()]
    states = joined(found, max(_LABEL, width - _LABEL))
    return [*lines, *(_row("" if index else "states", *line) for index, line in enumerate(states))]


def _row(label: str, *pieces: Piece) -> Line:
    return [(f"{label:<{_LABEL}}", "dim"), *pieces]

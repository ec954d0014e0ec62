"""Tables of text, cut to the width of the terminal if there is one."""

import shutil
import sys
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

_GAP = "  "
_LEAST_FLEXIBLE = 12
_MOST_FLEXIBLE = 60  # without a terminal; --json has the whole names


def format_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, flexible: int, right: Sequence[int]) -> str:
    """Return rows in columns; column `flexible` shrinks to the terminal's width, those in `right` are right-aligned."""
    widths = [max(cell_len(row[index]) for row in (heads, *rows)) for index in range(len(heads))]
    if sys.stdout.isatty():
        columns = shutil.get_terminal_size().columns
        others = sum(widths) - widths[flexible] + len(_GAP) * (len(widths) - 1)
        widths[flexible] = max(_LEAST_FLEXIBLE, min(widths[flexible], columns - others))
    else:
        widths[flexible] = min(widths[flexible], _MOST_FLEXIBLE)
    return "\n".join(_line(row, widths, right) for row in (heads, *rows))


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    cells = []
    for index, (text, width) in enumerate(zip(row, widths, strict=True)):
        fitted = text if cell_len(text) <= width else f"{set_cell_size(text, width - 1)}…"
        space = " " * (width - cell_len(fitted))
        cells.append(space + fitted if index in right else fitted + space)
    return _GAP.join(cells).rstrip()

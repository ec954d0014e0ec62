"""Tables of text, cut to the width of the terminal if there is one."""

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from rich.cells import cell_len, set_cell_size

_GAP = "  "
_JOINT = "\n"
"""Between cells, which are each in one line."""
_ROWS_AT_ONCE = 250
_LEAST_FLEXIBLE = 12
_MOST_FLEXIBLE = 60  # without a terminal; --json has the whole names


def format_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, flexible: int, right: Sequence[int]) -> str:
    """Return rows in columns; column `flexible` shrinks to the terminal's width, those in `right` are right-aligned."""
    return "\n".join(table_lines(heads, rows, flexible=flexible, right=right))


def table_lines(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, flexible: int, right: Sequence[int]
) -> Iterator[str]:
    """Yield the lines of `format_table`, for tables that are not needed whole."""
    kept: list[str] = []
    widths = _widths(heads, rows, kept)
    if sys.stdout.isatty():
        columns = shutil.get_terminal_size().columns
        others = sum(widths) - widths[flexible] + len(_GAP) * (len(widths) - 1)
        widths[flexible] = max(_LEAST_FLEXIBLE, min(widths[flexible], columns - others))
    else:
        widths[flexible] = min(widths[flexible], _MOST_FLEXIBLE)
    form = _GAP.join(f"%{'' if index in right else '-'}{width}s" for index, width in enumerate(widths))
    for row in chain((heads,), (each.split(_JOINT) for each in kept)):
        if len(row[flexible]) <= widths[flexible] and _is_plain("".join(row)):
            yield (form % tuple(row)).rstrip()
        else:
            yield _line(row, widths, right)


def _widths(heads: Sequence[str], rows: Iterable[Sequence[str]], kept: list[str]) -> list[int]:
    """Return the width of each column; keeps each row as one text, which takes half the memory of its cells."""
    widths = list(map(_cell_len, heads))
    left = iter(rows)
    while some := list(islice(left, _ROWS_AT_ONCE)):
        kept += map(_JOINT.join, some)
        columns = zip(*some, strict=True)
        widths = [max(width, _width(column)) for width, column in zip(widths, columns, strict=True)]
    return widths


def _is_plain(text: str) -> bool:
    """Return whether each character takes one cell, as in most tables: one of 50,000 titles has 400,000 texts."""
    return text.isascii() and text.isprintable()


def _width(texts: Sequence[str]) -> int:
    return max(map(len if _is_plain("".join(texts)) else _cell_len, texts))


def _cell_len(text: str) -> int:
    return len(text) if _is_plain(text) else cell_len(text)


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    cells = []
    for index, (full, width) in enumerate(zip(row, widths, strict=True)):
        text, length = full, _cell_len(full)
        if length > width:
            text = f"{set_cell_size(text, width - 1)}…"
            length = cell_len(text)
        space = " " * (width - length)
        cells.append(space + text if index in right else text + space)
    return _GAP.join(cells).rstrip()

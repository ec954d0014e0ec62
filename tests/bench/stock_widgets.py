"""Bytes that three stock widgets of Textual send to a terminal of 120x40 while little happens.

    python tests/bench/stock_widgets.py [--seconds 5]

DataTable: 36 rows of eight columns, of which one cell changes twice a second; then the mouse moves over it 100 times.
Sparkline: two lines of 120 values that move on twice a second. LoadingIndicator: as it is. The reasons for widgets of
our own (docs/decisions/virtual-table.md); what those may send is in tests/e2e/test_app_bytes.py.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from app_pty import AppPty
from measuring import print_table
from textual.app import App, ComposeResult
from textual.coordinate import Coordinate
from textual.widget import Widget
from textual.widgets import DataTable, LoadingIndicator, Sparkline, Static

ROWS, COLUMNS, VALUES, MOVES = 36, 8, 120, 100
EVERY_S = 0.5
WORD = "is there"


class Stock(App[None]):
    """One widget, and what changes it."""

    def __init__(self, widget: Widget, change: Callable[[int], object] | None) -> None:
        super().__init__()
        self._widget = widget
        self._change = change

    def compose(self) -> ComposeResult:
        """Yield a line of text and the widget."""
        yield Static(WORD)
        yield self._widget

    def on_mount(self) -> None:
        """Change the widget from now on."""
        numbers = count()
        if isinstance(self._widget, DataTable):
            self._widget.add_columns(*(f"COLUMN {number}" for number in range(COLUMNS)))
            for row in range(ROWS):
                self._widget.add_row(*(f"row {row} cell {column}" for column in range(COLUMNS)))
        if self._change is not None:
            change = self._change
            self.set_interval(EVERY_S, lambda: change(next(numbers)))


def stock_app(name: str) -> Stock:
    """Return the app with this widget."""
    if name == "DataTable":
        table: DataTable[str] = DataTable()
        return Stock(table, lambda number: table.update_cell_at(Coordinate(5, 5), f"cell {number}"))
    if name == "Sparkline":
        line = Sparkline([1.0] * VALUES)
        line.styles.height = 2
        return Stock(
            line, lambda number: setattr(line, "data", [float((number + at) * 37 % 101) for at in range(VALUES)])
        )
    return Stock(LoadingIndicator(), None)


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        stock_app(arguments.child).run()
        return 0
    rows = []
    for name in ("DataTable", "Sparkline", "LoadingIndicator"):
        with (
            tempfile.TemporaryDirectory() as folder,
            AppPty([], Path(folder), width=120, height=40, command=[__file__, "--child", name]) as app,
        ):
            app.wait_for(WORD)
            app.measure(2.0)  # the first frames
            rows.append((name, f"{app.measure(arguments.seconds) / arguments.seconds / 1000:.1f} kB/s"))
            if name == "DataTable":
                before = app.received
                for number in range(MOVES):
                    app.send(f"\x1b[<35;{10 + number};{5 + number % 30}M")
                    app.measure(0.05)
                rows.append((f"{name}, {MOVES} moves of the mouse", f"{(app.received - before) / 1000:.0f} kB"))
    print_table(("", "sent"), rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())

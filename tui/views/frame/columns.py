"""The columns of the library's table, and the styles of states."""

from discpress.engine.states import Concern
from discpress.tui.widgets.table import Column

_WIDE = 112
"""Cells of a table that has room for serials and bytes: a terminal of 120 columns."""
_WIDER = 120
"""Room for regions: with the filter pane and the pane of the title beside it, a terminal of 200 columns."""
_WIDEST = 124
"""Room for folders as well: with the filter pane beside it, a terminal of 160 columns."""
NARROW_BAR, WIDE_BAR = 5, 8
COLUMNS = (
    Column("mark", " ", 1),
    Column("title", "TITLE", 18, flexible=True),
    Column("serial", "SERIAL", 10, from_width=_WIDE),
    Column("system", "SYS", 4, rank=3),
    Column("region", "REG", 3, from_width=_WIDER),
    Column("format", "FORMAT", 8, rank=1),
    Column("size", "SIZE", 8, right=True),
    Column("estimate", "BECOMES", 8, right=True),
    Column("block", "AS", 8, from_width=_WIDE),
    Column("saved", "SAVES", 8, right=True, from_width=_WIDE, sorts="saving"),
    Column("bar", "", NARROW_BAR, rank=4, below_width=_WIDE, sorts="saving"),
    Column("wide_bar", "", WIDE_BAR, from_width=_WIDE, sorts="saving"),
    Column("saving", "SAVES", 5, right=True, below_width=_WIDE),
    Column("percent", "%", 5, right=True, from_width=_WIDE, sorts="saving"),
    Column("state", "STATE", 12),
    Column("folder", "FOLDER", 14, from_width=_WIDEST, sorts="path"),
)
MATCH = Column("match", "ID", 2)
"""The comparison with datfiles, before the state; only while a datfile is loaded."""
WITH_MATCH = tuple(each for column in COLUMNS for each in ((MATCH, column) if column.key == "state" else (column,)))
"""The columns with it."""
DIM = {"serial", "system", "region", "format", "block", "folder"}
"""Columns of what a title is, next to those of what becomes of it."""
BARS = {"bar", "wide_bar"}
SORTS = ("title", "system", "format", "size", "estimate", "saving", "block", "state", "serial", "region", "path")
"""The orders of the rows: by the key of a column, or by the path for the order of the folders."""
STATE_STYLES = {
    Concern.NONE: "dim",
    Concern.NEWS: "accent",
    Concern.GOOD: "good",
    Concern.CARE: "warn",
    Concern.SICK: "bad",
}

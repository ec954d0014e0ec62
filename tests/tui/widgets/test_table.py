"""The table: what it lays out, where its cursor goes, and that it repaints no more than has changed."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from app_desk import press
from headless_app import paint, settle
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from discpress.tui.widgets.palette import PAINTS, Painted
from discpress.tui.widgets.table import Column, Table

COLUMNS = (
    Column("name", "NAME", 10, flexible=True),
    Column("size", "SIZE", 6, right=True),
    Column("extra", "EXTRA", 8, rank=2),
    Column("more", "MORE", 8, rank=1),
)
HEIGHT = 11
"""Ten rows below the heads."""


class Names:
    """Rows that are called by their number."""

    def __init__(self, count: int) -> None:
        self.names = [f"row {number}" for number in range(count)]

    def __len__(self) -> int:
        return len(self.names)

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        return [self.names[index] if key == "name" else str(index) for key in keys]

    def style(self, index: int, key: str) -> str:
        return "normal"


class TableApp(App[int]):
    COMPONENT_CLASSES = PAINTS
    CSS = ".paint--cursor { text-style: reverse; } Table { height: 1fr; }"

    def __init__(self, count: int) -> None:
        super().__init__()
        self.names = Names(count)

    def compose(self) -> ComposeResult:
        yield Table(COLUMNS, self.names, id="table", ellipsis="…")

    @property
    def table(self) -> Table:
        return self.query_one(Table)


@asynccontextmanager
async def shown(count: int, *, width: int = 40, height: int = HEIGHT) -> AsyncIterator[tuple[Pilot[int], TableApp]]:
    app = TableApp(count)
    async with app.run_test(size=(width, height)) as pilot:
        app.table.focus()
        app.table.show_rows(0)
        await settle(pilot)
        yield pilot, app


def lines(app: TableApp) -> list[str]:
    return [app.table.render_line(y).text.rstrip() for y in range(app.table.size.height)]


@pytest.mark.parametrize(
    ("width", "keys"),
    [
        (80, ["name", "size", "extra", "more"]),
        (30, ["name", "size", "more"]),
        (20, ["name", "size"]),
        (5, ["name", "size"]),
    ],
)
def test_columns_of_the_highest_rank_go_first(width: int, keys: list[str]) -> None:
    layout = Table(COLUMNS, Names(0), id="table", ellipsis="…")._layout(width)
    assert [column.key for column, _ in layout] == keys


@pytest.mark.parametrize("width", [20, 30, 35, 40, 80, 200])
def test_the_flexible_column_takes_the_room_that_is_left(width: int) -> None:
    layout = Table(COLUMNS, Names(0), id="table", ellipsis="…")._layout(width)
    assert sum(cells + 1 for _, cells in layout) - 1 == width


async def test_heads_and_rows_stand_below_each_other() -> None:
    async with shown(3) as (_, app):
        assert lines(app)[:3] == [
            f"{'NAME':15} {'SIZE':>6} {'EXTRA':8} MORE",
            f"{'row 0':15} {'0':>6} {'0':8} 0",
            f"{'row 1':15} {'1':>6} {'1':8} 1",
        ]


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [
        (["down"], 1),
        (["up"], 0),
        (["j", "j", "k"], 1),
        (["end"], 99),
        (["end", "down"], 99),
        (["end", "home"], 0),
        (["pagedown"], 10),
        (["pagedown", "pagedown", "pageup"], 10),
        (["end", "pagedown"], 99),
        (["home"], 0),
    ],
)
async def test_keys_move_the_cursor_and_stop_at_the_edges(keys: list[str], cursor: int) -> None:
    async with shown(100) as (pilot, app):
        await press(pilot, *keys)
        assert app.table.cursor == cursor
        assert cursor in app.table.seen


async def test_a_step_over_the_edge_turns_half_a_page() -> None:
    async with shown(100) as (pilot, app):
        await press(pilot, *["down"] * 10)
        assert app.table.seen == range(5, 15)
        await press(pilot, *["up"] * 6)
        assert app.table.seen == range(0, 10)


async def test_a_jump_puts_the_row_in_the_middle() -> None:
    async with shown(100) as (_, app):
        app.table.move_to(60)
        assert app.table.seen == range(55, 65)


async def test_fewer_rows_than_before_keep_the_cursor_within_them() -> None:
    async with shown(100) as (pilot, app):
        await press(pilot, "end")
        del app.names.names[5:]
        app.table.show_rows(app.table.cursor)
        assert (app.table.cursor, app.table.seen) == (4, range(0, 5))
        del app.names.names[:]
        app.table.show_rows(app.table.cursor)
        assert (app.table.cursor, app.table.seen) == (0, range(0, 0))
        await press(pilot, "down", "up", "end", "pagedown")
        assert app.table.cursor == 0


async def test_an_empty_table_says_what_to_do() -> None:
    async with shown(0) as (_, app):
        app.table.show_empty("press a")
        assert lines(app)[1] == "press a"
        app.names.names.append("one")
        app.table.show_rows(0)
        assert lines(app)[1].startswith("one")


async def test_the_sign_of_the_order_is_never_cut() -> None:
    async with shown(3) as (_, app):
        app.table.show_sort("size", "▲")
        assert " SIZE▲ " in lines(app)[0]
        app.table.show_sort("extra", "▼")
        assert "EXTRA▼" in lines(app)[0]
        assert "▲" not in lines(app)[0]
    narrow = Table((Column("x", "LABEL", 5),), Names(0), id="table", ellipsis="…")
    narrow._sort = ("x", "▲")
    assert narrow._heads(narrow._layout(5)) == "LABE▲"


async def test_no_more_is_repainted_than_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    painted: list[int] = []
    refresh = Painted.refresh

    def watched(widget: Painted, *regions: Region, **how: bool) -> Painted:
        painted.extend(region.y for region in regions)
        return refresh(widget, *regions, **how)

    async with shown(100) as (pilot, app):
        monkeypatch.setattr(Painted, "refresh", watched)
        await press(pilot, "down")
        assert sorted(painted) == [1, 2]
        paint(app)
        painted.clear()
        app.names.names[4] = "another"
        app.table.refresh_changed()
        assert painted == [5]
        painted.clear()
        app.table.refresh_row(50)
        app.table.show_sort("", "")
        app.table.show_empty("")
        assert painted == []


async def test_a_table_that_grows_shows_its_rows_from_the_first_that_fits() -> None:
    async with shown(8, height=5) as (pilot, app):
        await press(pilot, "end")
        assert app.table.seen.start > 0
        await pilot.resize_terminal(40, 20)
        await settle(pilot)
        assert app.table.seen == range(0, 8)
        assert paint(app)[1].text.startswith("row 0")

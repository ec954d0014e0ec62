"""Blocks of lines and the line of keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from headless_app import settle
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from discpress.tui.commands import Place, commands_at
from discpress.tui.widgets.footer import KeyLine
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import PAINTS, STYLES, Line, Painted


class PartsApp(App[int]):
    COMPONENT_CLASSES = PAINTS
    CSS = "Lines { height: 1fr; } KeyLine { height: 1; dock: bottom; }"
    is_ascii = False
    place = Place.LIBRARY

    def compose(self) -> ComposeResult:
        yield Lines(id="text")
        yield KeyLine(commands_at(self.place), {})

    @property
    def block(self) -> Lines:
        return self.query_one(Lines)

    @property
    def keys(self) -> str:
        return self.query_one(KeyLine).render_line(1).text


@asynccontextmanager
async def shown(
    *, width: int = 40, height: int = 7, place: Place = Place.LIBRARY
) -> AsyncIterator[tuple[Pilot[int], PartsApp]]:
    app = PartsApp()
    app.place = place
    async with app.run_test(size=(width, height)) as pilot:
        await settle(pilot)
        yield pilot, app


def numbered(count: int) -> list[Line]:
    return [[(f"line {number}", "normal")] for number in range(count)]


def seen(app: PartsApp) -> list[str]:
    return [app.block.render_line(y).text.rstrip() for y in range(app.block.size.height)]


async def test_lines_that_do_not_fit_are_scrolled_within_the_text() -> None:
    async with shown() as (_, app):
        app.block.show(numbered(8))
        app.block.scroll_lines(99)
        assert seen(app) == [f"line {number}" for number in range(3, 8)]
        app.block.scroll_lines(-1)
        assert seen(app)[0] == "line 2"
        app.block.scroll_lines(-99)
        assert seen(app)[0] == "line 0"


async def test_fewer_lines_than_before_are_shown_from_where_they_end() -> None:
    async with shown() as (_, app):
        app.block.show(numbered(20))
        app.block.scroll_lines(99)
        app.block.show(numbered(6))
        assert seen(app) == [f"line {number}" for number in range(1, 6)]


async def test_only_lines_that_differ_are_repainted(monkeypatch: pytest.MonkeyPatch) -> None:
    painted: list[int] = []
    refresh = Painted.refresh

    def watched(widget: Painted, *regions: Region, **how: bool) -> Painted:
        painted.extend(region.y for region in regions)
        return refresh(widget, *regions, **how)

    async with shown() as (_, app):
        app.block.show(numbered(5))
        monkeypatch.setattr(Painted, "refresh", watched)
        app.block.show(numbered(5))
        assert painted == []
        app.block.show([*numbered(3), [("line 3", "bad")], *numbered(5)[4:]])
        assert painted == [3]


async def test_every_style_has_a_colour_and_neighbours_of_one_style_are_joined() -> None:
    async with shown() as (_, app):
        for style in STYLES:
            assert app.block.paint(style) is not None
        strip = app.block.strip_of([("one ", "dim"), ("two ", "dim"), ("three", "bad")], 20)
        assert [segment.text for segment in strip] == ["one two ", "three", " " * 7]


@pytest.mark.parametrize("width", [0, 1, 3, 5, 12, 40])
async def test_a_strip_has_exactly_its_width(width: int) -> None:
    async with shown() as (_, app):
        assert cell_len(app.block.strip_of([("紙灯籠の街", "head"), ("x" * 9, "dim")], width).text) == width


async def test_a_strip_in_ascii_keeps_its_width() -> None:
    async with shown() as (_, app):
        app.is_ascii = True
        assert app.block.strip_of([("紙灯 café ±", "head")], 14).text == "???? caf? ?   "


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
async def test_the_keys_that_fit_are_whole_and_help_is_always_there(width: int) -> None:
    async with shown(width=width) as (_, app):
        entries = [entry for entry in app.keys.rstrip().split("  ") if entry]
        known = {f"{key} {command.label}" for command, key in app.query_one(KeyLine)._entries}
        assert set(entries) <= known
        assert "? help" in entries


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize("place", sorted(set(Place) - {Place.ANYWHERE, Place.FIRST_RUN}))
async def test_the_way_out_is_always_there(place: Place, width: int) -> None:
    async with shown(width=width, place=place) as (_, app):
        way_out = "q quit" if place is Place.LIBRARY else "esc back"
        assert app.keys.rstrip().endswith(f"{way_out}  ? help")


@pytest.mark.parametrize(("width", "key"), [(60, "c convert"), (80, "w queue"), (120, "s sort"), (200, ", settings")])
async def test_a_wider_line_has_further_keys_after_those_that_a_narrow_one_has(width: int, key: str) -> None:
    async with shown(width=width) as (_, app):
        assert f"{key}  " in app.keys
    async with shown(width=width // 2) as (_, app):
        assert f"{key}  " not in app.keys


async def test_a_wide_line_has_all_of_them() -> None:
    async with shown(width=200) as (_, app):
        for command in commands_at(Place.LIBRARY):
            assert (command.label in app.keys) or not command.in_footer

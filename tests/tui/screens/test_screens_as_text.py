"""Whole screens as text, to be read in a diff: set DISCPRESS_WRITE_SCREENS=1 to write them anew, then read them."""

import os
from pathlib import Path

import pytest
from app_desk import LIBRARY, PLAIN, make_app, press, running
from bench_desk import known_results, save_results
from headless_app import screen_text

from discpress.tui.terminal.capabilities import Terminal

pytestmark = pytest.mark.slow

SCREENS = Path(__file__).parents[2] / "data" / "screens"
SIZES = {"80x24": (80, 24), "120x36": (120, 36), "60x16": (60, 16), "200x50": (200, 50)}
VISITS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "library": ((), ()),
    "marked": (("space", "space", "down", "space"), ("escape", "home")),
    "queue": (("w",), ("escape",)),
    "help": (("question_mark",), ("escape",)),
    "palette": (("colon", *"conv"), ("escape",)),
    "settings": (("comma",), ("escape",)),
    "tune": (("down", "down", "t"), ("escape",)),
    "bench": (("b",), ("escape", "home")),
    "device": (("down", "down", "W"), ("escape", "home")),
    "filter": (("slash", *"sys:ps2", "space", *"saving>30", "enter"), ()),
}
"""The keys that lead to each screen from the one before, and those that lead back: one app is enough for all."""
ASCII = Terminal(is_ascii=True, is_ssh=True, colours=0, has_mouse=False)


@pytest.fixture(autouse=True)
def config_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCPRESS_CONFIG", "/home/user/discpress.toml")


def differing(screens: dict[str, str]) -> dict[str, str]:
    """Return the screens that do not read as they did; with the variable, write all of them instead."""
    if os.environ.get("DISCPRESS_WRITE_SCREENS"):
        for name, actual in screens.items():
            (SCREENS / f"{name}.txt").write_text(actual, encoding="utf-8")
    return {name: actual for name, actual in screens.items() if (SCREENS / f"{name}.txt").read_text("utf-8") != actual}


def check(name: str, actual: str) -> None:
    assert differing({name: actual}) == {}


@pytest.mark.parametrize("size", SIZES)
async def test_the_screens_read_as_they_did(size: str, tmp_path: Path) -> None:
    app = make_app(tmp_path, terminal=PLAIN)
    screens = {}
    async with running(app, *SIZES[size]) as pilot:
        for name, (there, back) in VISITS.items():
            await press(pilot, *there)
            screens[f"{name}-{size}"] = screen_text(app)
            await press(pilot, *back)
    assert differing(screens) == {}


@pytest.mark.parametrize("size", SIZES)
async def test_results_of_the_bench_read_as_they_did(size: str, tmp_path: Path) -> None:
    save_results(tmp_path / "state", known_results(LIBRARY[1]))
    app = make_app(tmp_path, terminal=PLAIN)
    async with running(app, *SIZES[size]) as pilot:
        await press(pilot, "down", "down", "b", "down")
        check(f"bench-measured-{size}", screen_text(app))


async def test_results_of_the_bench_in_ascii_have_no_other_character(tmp_path: Path) -> None:
    save_results(tmp_path / "state", known_results(LIBRARY[1]))
    app = make_app(tmp_path, terminal=ASCII)
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b", "down")
        check("bench-ascii", screen_text(app))
        assert screen_text(app).isascii()


async def test_screens_and_questions_in_ascii_have_no_other_character(tmp_path: Path) -> None:
    app = make_app(tmp_path, terminal=ASCII)
    async with running(app) as pilot:
        screens = {"library-ascii": screen_text(app)}
        await press(pilot, *VISITS["tune"][0])
        screens["tune-ascii"] = screen_text(app)
        for keys in (("f",), ("escape", "T"), ("escape", "escape", "c", "F")):
            await press(pilot, *keys)
            assert screen_text(app).isascii(), keys
    assert differing(screens) == {}
    assert "".join(screens.values()).isascii()

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
SIZES = {"80x24": (80, 24), "120x36": (120, 36), "60x16": (60, 16)}
KEYS = {
    "library": (),
    "filter": ("slash", *"sys:ps2", "space", *"saving>30", "enter"),
    "marked": ("space", "space", "down", "space"),
    "tune": ("down", "down", "t"),
    "queue": ("w",),
    "help": ("question_mark",),
    "palette": ("colon", *"conv"),
    "settings": ("comma",),
    "bench": ("down", "down", "b"),
    "device": ("down", "down", "W"),
}
CASES = [(name, size) for name in KEYS for size in SIZES]
ASCII = Terminal(is_ascii=True, is_ssh=True, colours=0, has_mouse=False)


@pytest.fixture(autouse=True)
def config_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCPRESS_CONFIG", "/home/user/discpress.toml")


def check(name: str, actual: str) -> None:
    path = SCREENS / f"{name}.txt"
    if os.environ.get("DISCPRESS_WRITE_SCREENS"):
        path.write_text(actual, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == actual


@pytest.mark.parametrize(("name", "size"), CASES, ids=[f"{name}-{size}" for name, size in CASES])
async def test_a_screen_reads_as_it_did(name: str, size: str, tmp_path: Path) -> None:
    app = make_app(tmp_path, terminal=PLAIN)
    async with running(app, *SIZES[size]) as pilot:
        await press(pilot, *KEYS[name])
        check(f"{name}-{size}", screen_text(app))


@pytest.mark.parametrize("size", SIZES)
async def test_results_of_the_bench_read_as_they_did(size: str, tmp_path: Path) -> None:
    save_results(tmp_path / "state", known_results(LIBRARY[1]))
    app = make_app(tmp_path, terminal=PLAIN)
    async with running(app, *SIZES[size]) as pilot:
        await press(pilot, *KEYS["bench"], "down")
        check(f"bench-measured-{size}", screen_text(app))


async def test_results_of_the_bench_in_ascii_have_no_other_character(tmp_path: Path) -> None:
    save_results(tmp_path / "state", known_results(LIBRARY[1]))
    app = make_app(tmp_path, terminal=ASCII)
    async with running(app) as pilot:
        await press(pilot, *KEYS["bench"], "down")
        check("bench-ascii", screen_text(app))
        assert screen_text(app).isascii()


@pytest.mark.parametrize("name", ["library", "tune"])
async def test_a_screen_in_ascii_has_no_other_character(name: str, tmp_path: Path) -> None:
    app = make_app(tmp_path, terminal=ASCII)
    async with running(app) as pilot:
        await press(pilot, *KEYS[name])
        check(f"{name}-ascii", screen_text(app))
        assert screen_text(app).isascii()

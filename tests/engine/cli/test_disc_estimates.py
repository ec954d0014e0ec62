"""Estimates and plans of GameCube and Wii discs, as the commands print them."""

import pytest
from padded_discs import padded_disc
from queue_desk import Desk
from sample_images import mixed

from discpress.engine.images.nintendo import process
from discpress.engine.units import MIB

pytest.importorskip("nod_rs")


@pytest.fixture
def game(desk: Desk) -> str:
    desk.image("in/Okami [red].iso", padded_disc(3 * MIB))
    return "in/Okami [red].iso"


@pytest.mark.slow
def test_estimate_states_the_size_and_no_time(desk: Desk, game: str) -> None:
    _, out, _ = desk.say("estimate", game)
    assert "RVZ 131072, level 5: 3 MiB -> " in out
    assert ("exact" in out, "about" in out, "seek" in out) == (True, False, False)


@pytest.mark.slow
def test_a_grid_has_a_cell_for_each_level(desk: Desk, game: str) -> None:
    code, events = desk.ask("estimate", game, "--grid", "-f", "gcz")
    cells = [event for event in events if event["event"] == "estimate"]
    assert (code, len(cells), {each["conversion_s"] for each in cells}) == (0, 3, {None})


def test_a_plan_has_its_size_and_says_that_the_time_is_longer(desk: Desk, game: str) -> None:
    desk.image("in/Other.iso", mixed(200_000))
    _, events = desk.ask("convert", "-rn", "in")
    plans = {event["format"]: event for event in events if event["event"] == "plan"}
    assert (plans["rvz"]["estimated_bytes"] < 3 * MIB, plans["rvz"]["conversion_s"]) == (True, None)
    _, out, _ = desk.say("convert", "-rn", "in")
    assert "more than 0.0 s" in out


def test_without_the_package_there_is_none_and_the_hint_names_it(
    desk: Desk, game: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_package_folder", lambda: None)
    _, _, notices = desk.say("estimate", game)
    assert ("RVZ needs the package nod-rs" in notices, "discpress[nintendo]" in notices) == (True, True)

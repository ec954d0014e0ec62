"""The way to every screen by keys, for tests that look at all of them."""

from pathlib import Path

from app_desk import Desk

from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.tui.commands import Place
from discpress.tui.screens.base import DiscScreen

KEYS_TO = {
    Place.LIBRARY: (),
    Place.DETAIL: ("down", "down", "enter"),
    Place.TUNE: ("down", "down", "t"),
    Place.PLAN: ("down", "down", "c"),
    Place.RENAME: ("down", "down", "n"),
    Place.DUPLICATES: ("U",),
    Place.DATFILES: ("I",),
    Place.QUEUE: ("w",),
    Place.LOG: ("w", "l"),
    Place.TRASH: ("u",),
    Place.SETTINGS: ("comma",),
    Place.BENCH: ("down", "down", "b"),
    Place.DEVICE: ("down", "down", "W"),
}
"""From the library, with the cursor on the third title; the log wants a job."""


async def go_to(desk: Desk, place: Place, *, job_path: Path = Path("/games/Game 2.iso")) -> None:
    """Go to a screen by its keys; for the log there is a job."""
    if place is Place.LOG:
        desk.queue.add([JobRequest(ConvertTask(), job_path)])
        await desk.look()
    await desk.press(*KEYS_TO.get(place, ()))
    assert desk.in_front(DiscScreen).PLACE is place

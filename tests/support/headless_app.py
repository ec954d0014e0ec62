"""Apps under test without a terminal: painted only where somebody looks, and watched until nothing is left to do."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakSet

import pytest
import textual.app
from patience import HANG_S
from textual._compositor import Compositor
from textual._context import visible_screen_stack
from textual.app import App
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip
from textual.worker import WorkerCancelled

LIBRARY_ONLY = 1
"""Screens of an app that shows its library."""
SHORT_S = 0.002
"""Seconds between looks at an app that waits for a thread or a timer."""


async def settle(pilot: Pilot[int]) -> None:
    """Wait until threads are done, every message is handled and the screen is laid out; AssertionError if never."""
    try:
        async with asyncio.timeout(HANG_S):
            await _rest(pilot.app)
    except TimeoutError:
        busy = [each for each in _pumps(pilot.app) if _has_more_to_do(each)]
        raise AssertionError(f"never at rest: {busy}, {list(pilot.app.workers)}") from None
    if len(pilot.app.screen_stack) > LIBRARY_ONLY and pilot.app.screen not in _PAINTED:
        paint(pilot.app)


async def _rest(app: App[int]) -> None:
    """Look at loop and queues: an answer of each widget would take 30 messages, several times a key."""
    while True:
        await _rest_of_loop()
        if app._exit or app._exception is not None:
            return
        if any(not each.is_finished for each in app.workers):
            with suppress(WorkerCancelled):  # a screen that went took its thread along, or the app has ended
                await app.workers.wait_for_complete()
            continue
        app.screen._on_timer_update()
        if _has_work():
            continue
        if not any(_has_more_to_do(each) for each in _pumps(app)):
            return
        await asyncio.sleep(SHORT_S)


async def _rest_of_loop() -> None:
    """Wait until each task waits for a message, a timer or a thread."""
    await asyncio.sleep(0)
    while _has_work():
        await asyncio.sleep(0)


def _has_work() -> bool:
    return bool(asyncio.get_running_loop()._ready)  # type: ignore[attr-defined]


def _pumps(app: App[int]) -> list[MessagePump]:
    return [app, *(node for screen in app.screen_stack for node in screen.walk_children(with_self=True))]


def _has_more_to_do(pump: MessagePump) -> bool:
    # A screen behind another one is painted when it is in front again, not before.
    waits_for_paint = isinstance(pump, Screen) and bool(pump._callbacks) and pump is pump.app.screen
    handles_message = pump._running and not pump._message_queue.ready_event._waiters
    return waits_for_paint or handles_message or pump.message_queue_size > 0 or bool(pump._next_callbacks)


_PAINTED: WeakSet[Screen[Any]] = WeakSet()
"""Screens that were painted once."""
_CHANGED: WeakSet[Compositor] = WeakSet()
"""Those of screens that changed since they were last painted."""


@contextmanager
def painted_rarely() -> Iterator[None]:
    """Leave out what an app would show nobody while the block runs: two fifths of a test by its profile.

    An app without a terminal paints whatever changes, and throws that away. Here a dialog or screen over the library is
    painted when it is at rest for the first time, and each screen when a test looks at it or ends.
    """
    render = Compositor.render_update

    def render_update(compositor: Compositor, full: bool = False, *rest: Any, **options: Any) -> Any:
        if full:  # a picture
            return render(compositor, full, *rest, **options)
        compositor._dirty_regions.clear()
        _CHANGED.add(compositor)
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compositor, "render_update", render_update)
        yield


def paint(app: App[int]) -> list[Strip]:
    """Paint the screen in front: its lines, at most as many as the terminal has."""
    _PAINTED.add(app.screen)
    _CHANGED.discard(app.screen._compositor)
    visible_screen_stack.set(app._background_screens)  # as when the app paints: a dialog shows what lies behind it
    return app.screen._compositor.render_strips(app.size)[: app.size.height]


def paint_if_changed(app: App[int]) -> None:
    """Paint the screen in front if no test has seen it as it is now."""
    if app.screen._compositor in _CHANGED:
        paint(app)


def screen_lines(app: App[int]) -> list[str]:
    """The screen as text, without spaces at the ends of lines."""
    return [strip.text.rstrip() for strip in paint(app)]


def screen_text(app: App[int]) -> str:
    """The screen as one text."""
    return "\n".join(screen_lines(app)) + "\n"


async def _a_moment(_least_s: float = 0) -> None:
    """Let messages go their way; in place of Textual's wait for an idle processor, of 20 ms twice a key."""
    for _ in range(4):
        await asyncio.sleep(0)


vars(textual.app)["wait_for_idle"] = _a_moment

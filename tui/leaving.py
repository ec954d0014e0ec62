"""How the app is left: at once, or with a question about the jobs that are not done; and what it says then."""

import contextlib

from textual import events

from engine.errors import DiscpressError
from tui.navigation import Navigation
from tui.screens.confirm import Confirm
from tui.screens.too_small import TooSmall
from tui.session import Session
from tui.summary import summary_of


class Leaving(Navigation):
    """The part of the app that ends it."""

    session: Session
    """What the app knows."""
    summary: list[str]
    """What the shell is told once the app has gone."""
    started_at: float
    """When the app was opened, seconds since the epoch."""
    has_left = False
    """Whether it is ending: no key means anything any more."""

    async def on_event(self, event: events.Event) -> None:
        """Let go of keys that come after the one that ends the app: their screens are being taken down."""
        if not (self.has_left and isinstance(event, events.Key)):
            await super().on_event(event)

    def action_quit_anywhere(self) -> None:
        """Leave from any screen; where a question has no room, its answer is the safe one."""
        if isinstance(self.screen, TooSmall):
            self.finish()
        else:
            self.leave()

    def leave(self) -> None:
        """Leave at once, or ask what becomes of the jobs."""
        count = self.session.running()
        if not count:
            self.finish()
            return

        def answer(choice: str | None) -> None:
            if choice == "leave":
                self.finish()
            elif choice == "stop":
                self._stop_worker()

        jobs = "1 job is" if count == 1 else f"{count} jobs are"
        self.push_screen(
            Confirm(
                [
                    f"{jobs} not done yet.",
                    "The worker goes on without this app, and without this terminal.",
                    "Stopped, they stay in the queue: they go on when the app is opened again.",
                ],
                [("leave", "Leave them to the worker"), ("stop", "Stop them"), ("stay", "Stay")],
            ),
            answer,
        )

    def _stop_worker(self) -> None:
        def stop() -> None:
            late = "" if self.session.stop_worker() else "The worker has not stopped yet: it does as soon as it can."
            self.call_from_thread(self.finish, late)

        self.tell("The worker stops, and saves where it is ...")
        self.run_worker(stop, thread=True)

    def finish(self, notice: str = "") -> None:
        """End the app with a summary for the shell, and a notice where there is one."""
        with contextlib.suppress(DiscpressError):  # it is busy or gone: that must keep nobody here
            self.summary = summary_of(self.session.snapshot(), self.started_at)
        self.summary += [notice] if notice else []
        self.has_left = True
        self.exit(0)

"""The quit flow: leave at once, or ask first what becomes of unfinished jobs."""

import contextlib
import time

from textual.app import App

from discpress.engine.errors import DiscpressError
from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.engine.queue.tasks.kinds import CONVERSION_KINDS
from discpress.engine.units import smaller_text
from discpress.tui.app.notifications import Notifier
from discpress.tui.app.session import Session
from discpress.tui.dialogs.confirm import Confirm
from discpress.tui.dialogs.too_small import TooSmall


class QuitFlow:
    """Ends the app, and gathers what is printed on the shell after that."""

    def __init__(self, app: App[int], session: Session, notifier: Notifier) -> None:
        """Begin now: the summary is of jobs that end from here on."""
        self.summary: list[str] = []
        """The lines for the shell."""
        self.has_quit = False
        """Whether the app is ending: no key means anything any more."""
        self._app = app
        self._session = session
        self._notifier = notifier
        self._started_at = time.time()

    def quit_anywhere(self) -> None:
        """Leave from any screen; if a question has no room there, its answer is the safe one."""
        if isinstance(self._app.screen, TooSmall):
            self.finish()
        else:
            self.quit()

    def quit(self) -> None:
        """Leave at once, or ask what becomes of the jobs."""
        totals = self._session.snapshot().totals
        count = totals.running + totals.queued
        if not count:
            self.finish()
            return

        def answer(choice: str | None) -> None:
            if choice == "leave":
                self.finish()
            elif choice == "stop":
                self._stop_worker()

        jobs = "1 job is" if count == 1 else f"{count} jobs are"
        self._app.push_screen(
            Confirm(
                [
                    f"{jobs} not done yet.",
                    "The worker continues without this app and this terminal.",
                    "If you stop them, they stay queued and resume when you next open discpress.",
                ],
                [("leave", "Leave them to the worker"), ("stop", "Stop them"), ("stay", "Stay")],
            ),
            answer,
        )

    def _stop_worker(self) -> None:
        def stop() -> None:
            late = "" if self._session.stop_worker() else "The worker has not stopped yet: it does as soon as it can."
            self._app.call_from_thread(self.finish, late)

        self._notifier.notify("The worker is stopping and saving its progress ...")
        self._app.run_worker(stop, thread=True)

    def finish(self, notice: str = "") -> None:
        """End the app with a summary for the shell, and a notice if there is one."""
        with contextlib.suppress(DiscpressError):  # the state file is busy or gone: that must keep nobody here
            self.summary = _summary_of(self._session.snapshot(), self._started_at)
        self.summary += [notice] if notice else []
        self.has_quit = True
        self._app.exit(0)


def _summary_of(snapshot: QueueSnapshot, since: float) -> list[str]:
    """Return what is worth knowing after the app has gone: what was done meanwhile, what goes on."""
    ended = [job for job in snapshot.jobs if job.ended_at is not None and job.ended_at >= since]
    done = [job for job in ended if job.state is JobState.DONE and job.kind in CONVERSION_KINDS]
    failed = [job for job in ended if job.state is JobState.FAILED]
    lines = []
    if done:
        lines.append(f"{len(done)} converted{smaller_text(sum(job.saving_bytes for job in done))}")
    if failed:
        lines.append(f"{len(failed)} failed: discpress queue list says why")
    if snapshot.totals.alive:
        lines.append(f"{snapshot.totals.alive} in the queue: discpress queue watch follows them")
    return lines

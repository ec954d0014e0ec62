"""Starts the worker process, and replaces one that died."""

from collections.abc import Callable

from textual.app import App

from discpress.engine.errors import DiscpressError
from discpress.tui.app.notifications import Notifier
from discpress.tui.app.session import Session


class WorkerControl:
    """Works in threads: starting a worker takes up to 5 s, asking for its process 60 ms."""

    def __init__(self, app: App[int], session: Session, notifier: Notifier) -> None:
        self._app = app
        self._session = session
        self._notifier = notifier

    def start(self) -> None:
        """Start a worker if something waits for one."""
        self._run(self._session.start_worker)

    def watch(self) -> None:
        """Start another worker if the last one died with work left."""
        if not self._session.is_read_only:
            self._run(self._session.replace_lost_worker)

    def _run(self, act: Callable[[], str]) -> None:
        """Act in a thread and show the notice that comes of it."""

        def run() -> None:
            try:
                notice = act()
            except DiscpressError as error:
                notice = str(error)
            if notice:
                self._app.call_from_thread(self._notifier.notify, notice)

        self._app.run_worker(run, thread=True, group="worker", exclusive=False)

"""The log of one job, and the messages of the app."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from discpress.engine.errors import DiscpressError
from discpress.engine.names import display_name
from discpress.engine.queue.jobs import Job
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.tui.app.session import Session
from discpress.tui.commands import Place, bindings_at
from discpress.tui.messages import Notice
from discpress.tui.screens.text import TextScreen
from discpress.tui.views.jobs import describe_job, job_name, job_state, result_lines
from discpress.tui.widgets.palette import Line, wrapped


class LogScreen(TextScreen):
    """The job's head, its lines, its result."""

    PLACE = Place.LOG
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.LOG)]

    def __init__(self, session: Session, job: Job) -> None:
        super().__init__(session)
        self._job = job

    def on_snapshot(self, snapshot: QueueSnapshot) -> None:
        """Show what came since."""
        self._job = next((job for job in snapshot.jobs if job.id == self._job.id), self._job)
        self.show_text()

    def text_lines(self, width: int) -> Sequence[Line]:
        """Return head, log and result."""
        job = self._job
        lines: list[Line] = [[(f"{job_name(job, self.view.name_of)}: {job_state(job)}", "head")]]
        for line in describe_job(job):
            for text, style in line:
                lines += wrapped(text, width, style)
        lines.append([])
        try:
            said = self.session.queue.log(job.id)
        except DiscpressError as error:
            return [*lines, *wrapped(str(error), width, "bad")]
        for text in said or ["The log is empty."]:
            lines += wrapped(display_name(text), width, "normal")
        result = result_lines(job, width)
        return [*lines, [], *result] if result else lines


class MessagesScreen(TextScreen):
    """The messages of the line above the keys, newest first."""

    PLACE = Place.LOG
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.LOG)]

    def __init__(self, session: Session, notices: Sequence[Notice]) -> None:
        super().__init__(session)
        self._notices = notices

    def text_lines(self, width: int) -> Sequence[Line]:
        """Return the messages."""
        lines: list[Line] = [[("Messages since the start, newest first", "head")]]
        for notice in reversed(self._notices):
            lines += [[], *wrapped(notice.text, width, "bad" if notice.is_error else "normal")]
        return lines if self._notices else [*lines, [], [("No message yet.", "dim")]]

"""A deployment as a job: plans the titles anew, then writes what is missing, one title after the other.

Begun anew after a kill, it finds on the device what an earlier run has finished.
"""

import contextlib

from discpress.engine.convert.trash.journal import Journal
from discpress.engine.deploy.device import HeldDevice
from discpress.engine.deploy.records import Action, DeployPlan, DeployRow
from discpress.engine.deploy.run import Deployment
from discpress.engine.errors import CancelledError, DiscpressError, StorageError, StoreError, SuspendedError
from discpress.engine.library.states import TitleStates
from discpress.engine.names import display_name
from discpress.engine.queue.tasks.deploy import DeployTask
from discpress.engine.queue.titles.deploying import DeviceChoice, device_plan
from discpress.engine.queue.titles.records import TitleRecords
from discpress.engine.store.model import JsonValue, Title
from discpress.engine.units import format_count, format_size
from discpress.engine.worker.turn import Turn

_MOST_NAMED = 3
"""Failures that a sentence names; the log has all of them."""


def put_on_device(turn: Turn, task: DeployTask, journal: Journal) -> dict[str, JsonValue]:
    """Put the titles of a task on its device and return the statistics.

    A title that fails is logged, and the others are written. Raises StorageError with the summary if any failed or was
    left out, and the errors of `device_plan` and `Deployment.check_room`.
    """
    held = HeldDevice(turn.job.path)
    choice = DeviceChoice(turn.job.path, task.loader, task.format)
    titles = turn.store.titles_at(task.titles)
    states = TitleStates(records=TitleRecords(turn.store).read_past()).under
    plan, manifest = device_plan(
        choice, titles, turn.store, states, turn.control, task.defaults, turn.progress, turn.threads
    )
    deployment = Deployment(plan, manifest, held, turn.control, threads=turn.threads, journal=journal)
    deployment.check_room()
    run = _Run(turn, plan, deployment, held)
    run.tell_missing(task, titles)
    run.write_all()
    return run.result()


class _Run:
    """The rows of one plan, one after the other."""

    def __init__(self, turn: Turn, plan: DeployPlan, deployment: Deployment, held: HeldDevice) -> None:
        self._turn = turn
        self._plan = plan
        self._deployment = deployment
        self._held = held
        self._failures: list[str] = []
        self._written: list[DeployRow] = []
        self._written_bytes = 0
        self._there = 0

    def tell_missing(self, task: DeployTask, titles: list[Title]) -> None:
        """Log the titles that the library does not know any more."""
        known = {title.path for title in titles}
        for path in task.titles:
            if path not in known:
                self._fail(f"{display_name(path)}: is not in the library any more")

    def write_all(self) -> None:
        """Write each title that is missing on the device or has changed."""
        for row in self._plan.rows:
            if row.action is Action.REFUSED:
                self._fail(f"{display_name(row.title.path)}: {display_name(row.reason)}")
        rows = [row for row in self._plan.rows if row.action is not Action.REFUSED]
        progress = self._turn.progress
        progress.after_bytes = sum(map(_work_bytes, rows))
        for row in rows:
            progress.after_bytes -= _work_bytes(row)
            self._take(row)
            progress.before_bytes += _work_bytes(row)
        for change in self._deployment.update_playlists():
            self._turn.log(change)

    def _take(self, row: DeployRow) -> None:
        name = display_name(row.title.path)
        try:
            self._turn.control.check()
            if not row.is_written:
                self._deployment.note(row)
                self._there += 1
                self._turn.log(f"{name}: is on the device already")
                return
            copied = self._deployment.write(row, self._turn.progress)
        except (SuspendedError, StoreError):
            raise
        except CancelledError:  # the user wants no more of it, while a suspended run goes on
            with contextlib.suppress(DiscpressError):
                self._deployment.drop(row)
            raise
        except DiscpressError as error:
            self._held.check()  # without the device, no other title can be written
            self._fail(str(error))
            return
        for notice in copied.notices:
            self._turn.log(notice)
        self._written.append(row)
        self._written_bytes += sum(each.size_bytes for each in copied.files)
        self._turn.log(f"{name}: {display_name(row.placement.paths[0])} was written, read back and compared")

    def _fail(self, problem: str) -> None:
        self._turn.log(problem)
        self._failures.append(problem)

    def result(self) -> dict[str, JsonValue]:
        """Return the statistics. Raises StorageError with the summary if a title is not on the device."""
        summary = f"{format_count(len(self._written), 'title')} written and proven, {format_size(self._written_bytes)}"
        summary += f", {self._there} there already" if self._there else ""
        if self._failures:
            named = "; ".join(self._failures[:_MOST_NAMED])
            more = len(self._failures) - _MOST_NAMED
            rest = f"; and {more} more" if more > 0 else ""
            raise StorageError(
                f"{summary}; {len(self._failures)} not: {named}{rest}", hint="look at the log for each of them"
            )
        self._turn.log(summary)
        return {"path": str(self._turn.job.path), "done": len(self._written), "summary": summary}


def _work_bytes(row: DeployRow) -> int:
    """Return the bytes that the progress of a title counts: those of the disc if it is converted."""
    if not row.is_written:
        return 0
    return row.title.original_bytes if row.is_converted else row.write_bytes

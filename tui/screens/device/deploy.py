"""The plan for a device: where each title goes, and what fits; nothing is written until it is confirmed."""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType

from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.records import DeployPlan
from discpress.engine.errors import CancelledError, DiscpressError, UsageError
from discpress.engine.formats import ImageFormat
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.queue.titles.deploying import DeviceChoice, deploy_request, device_plan
from discpress.engine.store.model import Title
from discpress.tui.app.disk_queries import DiskQueries, run_detached, run_exclusive
from discpress.tui.app.last_device import load_device, save_device
from discpress.tui.app.session import Changes, Session
from discpress.tui.commands import Place, bindings_at
from discpress.tui.dialogs.ask_folder import AskFolder
from discpress.tui.messages import CopyText, Refresh, StartWorker
from discpress.tui.screens.base import TableScreen
from discpress.tui.views.device.deploy import (
    COLUMNS,
    LOADERS,
    DeployRows,
    about_row,
    format_text,
    formats_for,
    option_lines,
    plan_lines,
    usual_kind,
)
from discpress.tui.widgets.palette import Line, wrapped
from discpress.tui.widgets.table import Table

_GONE = "The files of these titles are not there any more: nothing is left to copy."
_SILENT = "a disk does not answer: the plan comes when it does"
_MOUNTS = ("/run/media", "/media", "/Volumes", "/mnt")
"""Folders below which systems mount sticks and cards."""


class DeployScreen(TableScreen):
    """The device and its free space, the options, one row a title."""

    PLACE = Place.DEVICE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.DEVICE)]

    def __init__(self, session: Session, titles: Sequence[Title]) -> None:
        super().__init__(session)
        self._titles = list(titles)
        root, kind = load_device(session.state_folder)
        self._root = root
        self._kind = kind or usual_kind(titles)
        self._format: ImageFormat | None = None
        self._rows = DeployRows()
        self._plan: DeployPlan | None = None
        self._problem = ""
        self._control = Control()
        self._queries = DiskQueries()

    def new_table(self) -> Table:
        """Return the table."""
        return Table(COLUMNS, self._rows, id="device", ellipsis=self.view.signs.ellipsis)

    def on_mount(self) -> None:
        """Look at the device."""
        self._look()

    def on_unmount(self) -> None:
        """Stop a comparison of files on the device."""
        self._control.cancel()

    def on_changes(self, changes: Changes) -> None:
        """Plan anew if files have changed; estimates, which come by the dozen, decide nothing here."""
        before = self._titles
        self._titles = self.view.titles.renewed(before, changes.titles)
        if [replace(title, estimate=None) for title in before] != [
            replace(title, estimate=None) for title in self._titles
        ]:
            self._look()

    @property
    def _choice(self) -> DeviceChoice | None:
        return None if self._root is None else DeviceChoice(self._root, self._kind, self._format)

    def _look(self) -> None:
        """Plan anew; a plan under way is stopped."""
        self._control.cancel()
        self._plan, self._problem = None, ""
        self._rows.rows = []
        self.show_all()
        choice = self._choice
        if choice is None:
            return
        control = self._control = Control()
        titles, states = list(self._titles), partial(self.view.states.under, with_jobs=False)
        defaults, store = self.session.chooser.default_request, self.session.store

        async def plan() -> None:
            try:
                found, _ = await self._queries.ask(
                    lambda: device_plan(choice, titles, store, states, control, defaults), self._say_silence
                )
            except CancelledError:
                return
            except UsageError as error:
                self._problem = f"{error}. {self._way_to_device()}"
            except DiscpressError as error:
                self._problem = f"{error}; {error.hint}" if error.hint else str(error)
            else:
                self._plan, self._problem = found, ""
                self._rows.show(found, self.view.names.of)
            self.show_all()

        run_exclusive(self, plan, "plan")

    def _say_silence(self) -> None:
        self._problem = _SILENT
        self.show_all()

    def lines_above(self, width: int) -> Sequence[Line]:
        """Return what is planned, and the options."""
        file_system = "" if self._plan is None else self._plan.device.file_system
        options = option_lines(self._root, self._kind, self._format, self.view.signs, self.keys, width, file_system)
        return [*self._head(width), *options]

    def _head(self, width: int) -> Sequence[Line]:
        if not self._titles:
            return wrapped(_GONE, width, "bad")
        if self._root is None:
            return wrapped(f"No device is chosen. {self._way_to_device()}", width, "head")
        if self._problem:
            return wrapped(self._problem, width, "bad")
        return [[("looking ...", "dim")]] if self._plan is None else plan_lines(self._plan, self.view.signs, width)

    def _way_to_device(self) -> str:
        return f"Press {self.keys.of('choose_device')} to choose the folder where the device is mounted."

    def lines_below(self, cursor: int, width: int) -> Sequence[Line]:
        """Return where a title goes."""
        plan, rows = self._plan, self._rows.rows
        return about_row(rows[cursor], plan, width) if plan and cursor < len(rows) else []

    def action_choose_device(self) -> None:
        """Ask for the folder where the device is mounted."""

        def answer(folder: Path | None) -> None:
            if folder is not None:
                self._root = folder
                self._look()

        folder = self._root or _usual_mount()
        self.app.push_screen(AskFolder("Where is the device mounted?", folder, self.view.signs.ellipsis), answer)

    def action_choose_loader(self) -> None:
        """Choose what plays the games on the device."""

        def take(kind: DeviceKind) -> None:
            self._kind = kind
            if self._format not in formats_for(kind):
                self._format = None
            self._look()

        self.pick("What plays the games there?", list(LOADERS), LOADERS.__getitem__, self._kind, take)

    def action_format_next(self) -> None:
        """Choose the format of the titles on the device."""

        def take(image_format: ImageFormat | None) -> None:
            self._format = image_format
            self._look()

        self.pick("Which format do the titles get?", formats_for(self._kind), format_text, self._format, take)

    def action_plan_all(self) -> None:
        """Plan all titles shown in the library."""
        planned = {title.key for title in self._titles}
        shown = dict.fromkeys(title.key for row in self.view.rows for title in self.view.members(row))
        more = [key for key in shown if key not in planned]
        if more:
            self._titles += self.view.titles.read(more)
            self._look()
        else:
            self.say("The plan has all titles shown already.")

    def action_copy_path(self) -> None:
        """Copy the path of the title under the cursor."""
        cursor = self.query_one(Table).cursor
        if cursor < len(self._rows.rows):
            self.post_message(CopyText(str(self._rows.rows[cursor].title.path)))
        else:
            self.say("There is no title here.")

    def action_confirm(self) -> None:
        """Put the copies into the queue and go back."""
        plan, choice = self._plan, self._choice
        if choice is None:
            self.action_choose_device()
        elif not self._titles or self._problem:
            self.say("Nothing can be copied: the line at the top tells why.")
        elif plan is None:
            self.say("The plan is not ready yet: discpress still looks at the device.")
        elif not plan.written:
            self.say("Nothing to copy here. Move the cursor to a title to see why.")
        elif plan.missing_bytes:
            self.say("Not everything fits on the device. Mark fewer titles in the library.")
        else:
            save_device(self.session.state_folder, choice.root, choice.kind)
            run_detached(self, partial(self._start, choice, plan))

    async def _start(self, choice: DeviceChoice, plan: DeployPlan) -> None:
        names, defaults = self.view.names, self.session.chooser.default_request
        try:
            request = await self._queries.ask_with_timeout(lambda: deploy_request(choice, plan, names.of, defaults))
            (number,) = self.session.queue.add_new([request])
        except TimeoutError:
            self.fail("The device does not answer: nothing was queued.")
            return
        except (DiscpressError, OSError) as error:
            self.fail(str(error))
            return
        if number is None:
            self.say("These titles are in the queue for this device already.")
            return
        self.view.marks -= {row.title.key for row in plan.written}
        self.post_message(StartWorker())
        self.post_message(Refresh())
        way = f"Press {self.keys.of('show_queue')} to follow it."
        self.say(f"Queued: {display_name(request.task.source.name)}. {way}")
        if self.app.screen is self:
            self.dismiss()


def _usual_mount() -> Path | None:
    """Return the folder below which the system mounts sticks and cards; None if there is none."""
    user = os.environ.get("USER", "")
    found = (Path(base, user) if user and Path(base, user).is_dir() else Path(base) for base in _MOUNTS)
    return next((folder for folder in found if folder.is_dir()), None)

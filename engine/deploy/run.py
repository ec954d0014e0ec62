"""Carries out a plan title by title."""

from collections.abc import Iterator
from contextlib import ExitStack

from discpress.engine.convert.trash.journal import Journal, no_journal
from discpress.engine.deploy.converting import convert_title
from discpress.engine.deploy.copying import Copied, TitleCopy, drop_parts
from discpress.engine.deploy.device import HeldDevice
from discpress.engine.deploy.manifest import Entry, Manifest, SourceStamp
from discpress.engine.deploy.playlists import update_playlists
from discpress.engine.deploy.records import Action, DeployPlan, DeployRow
from discpress.engine.deploy.sources import open_steps
from discpress.engine.deploy.ul_list import UlList
from discpress.engine.errors import SpaceError
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress, Stage
from discpress.engine.units import format_size


class Deployment:
    """Writes the titles of a plan to the device, one after the other."""

    def __init__(
        self,
        plan: DeployPlan,
        manifest: Manifest,
        held: HeldDevice,
        control: Control,
        *,
        threads: int = 1,
        journal: Journal = no_journal,
    ) -> None:
        self._plan = plan
        self._manifest = manifest
        self._held = held
        self._control = control
        self._threads = threads
        self._journal = journal
        self._ul_list = UlList(plan.device.root)

    def check_room(self) -> None:
        """Raise SpaceError unless everything fits, before anything is written."""
        missing_bytes = self._plan.missing_bytes
        if missing_bytes:
            device = self._plan.device
            raise SpaceError(
                f"{display_name(device.root)}: needs {format_size(device.free_bytes + missing_bytes)} of free space, "
                f"only {format_size(device.free_bytes)} is available; nothing was written",
                hint="choose fewer titles, or free some space on the device",
            )

    def note(self, row: DeployRow) -> None:
        """Add a title that is on the device already to the lists there, if they lack it.

        Raises StorageError, SpaceError, and DamagedImageError for a damaged `ul.cfg`.
        """
        self._held.check()
        if row.found is not None:
            self._manifest.put(row.found)
        if row.action is Action.SAME and row.placement.ul is not None:
            self._ul_list.add(row.placement.ul)

    def update_playlists(self) -> Iterator[str]:
        """Write the playlists of games of several discs, see `playlists.update_playlists`; after all titles."""
        self._held.check()
        return update_playlists(self._plan, self._journal)

    def write(self, row: DeployRow, progress: Progress) -> Copied:
        """Write one title, prove it and add it to the list of the device.

        Raises the errors of `TitleCopy.run` and `convert_title`, StorageError if the device is gone, and
        DamagedImageError for a damaged `ul.cfg`.
        """
        self._control.check()
        self._held.check()
        title, game = row.title, row.placement.ul
        if game is not None:
            self._ul_list.has(game)  # a damaged list is found before gigabytes are written
        if row.is_converted:
            copied = convert_title(row, self._plan.device, self._control, progress, self._threads, self._journal)
        else:
            with ExitStack() as stack:
                steps = open_steps(title, row.placement, stack)
                copied = TitleCopy(self._plan.device, steps, row.replaces, self._control, progress).run()
        if game is not None:
            self._ul_list.add(game)
        placement = row.placement
        form = "" if placement.format is None else str(placement.format)
        stamp, kind = SourceStamp.of(title), str(self._plan.kind)
        self._manifest.put(Entry(str(title.path), stamp, kind, form, copied.files, placement.ul is not None))
        progress.begin(Stage.DONE, 0)
        return copied

    def drop(self, row: DeployRow) -> None:
        """Remove what a stopped run has written of a title; other files on the device stay. Raises StorageError."""
        if row.is_written and not row.is_converted:  # a stopped conversion leaves nothing
            self._held.check()
            with ExitStack() as stack:
                drop_parts(self._plan.device.root, open_steps(row.title, row.placement, stack))

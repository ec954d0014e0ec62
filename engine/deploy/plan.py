"""Plans a deployment: the place and treatment of each title, and the free space; it writes nothing."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath

from discpress.engine.convert.batch.model import Candidate, PlannedTitle
from discpress.engine.convert.batch.planner import plan_batch
from discpress.engine.convert.batch.standing import standing_of
from discpress.engine.convert.part.name import is_reserved, part_path_of
from discpress.engine.convert.request import NOTHING
from discpress.engine.deploy.copies import Placed, copies_of
from discpress.engine.deploy.copying import CopyStep
from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.layouts import LAYOUTS
from discpress.engine.deploy.layouts.opl import fits_cd
from discpress.engine.deploy.manifest import MANIFEST_NAME, key_of
from discpress.engine.deploy.presence import DeviceFiles, Presence
from discpress.engine.deploy.records import Action, DeployPlan, DeployRow, DeviceFacts, LayoutRequest, Placement
from discpress.engine.deploy.sources import holds_udf, open_steps
from discpress.engine.errors import CancelledError, DiscpressError, StoreError
from discpress.engine.images.open import open_image
from discpress.engine.names import display_name, natural_key
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.states import SICK, Standing, State
from discpress.engine.store.model import Fault, Title
from discpress.engine.store.store import Store
from discpress.engine.systems import System
from discpress.engine.units import format_size

STAGING = ".discpress-new"
"""The folder on the device in which conversions are written and proven before they get their places."""
COPY = "copy"
"""The code of a title that is left out because another one of the same disc goes to the device."""
DAMAGED = "damaged"
"""The code of a row whose copy on the device is damaged."""
_FORCE_HINT = "get the file again, or add --force to write it as it is"


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """The choices of a user for all titles."""

    layout: LayoutRequest = field(default_factory=LayoutRequest)
    """The choices that decide places."""
    force: bool = False
    """Whether titles are written that are damaged or not whole."""


@dataclass(slots=True)
class DeployPlanner:
    """Plans titles for one device; it asks between titles whether to go on, as `files` does."""

    device: DeviceFacts
    files: DeviceFiles
    options: DeployOptions = field(default_factory=DeployOptions)
    defaults: ConversionRequest = NOTHING
    """The settings file's choices for conversions."""
    store: Store | None = None
    states: Callable[[Title, ConversionRequest], Standing] = standing_of
    _taken: dict[str, Title] = field(default_factory=dict)
    _folders: set[PurePosixPath] = field(default_factory=set)

    def plan(self, titles: Sequence[Title]) -> DeployPlan:
        """Return the plan of titles, in the order of their places on the device.

        It reads contents only if a file on the device is in no list, or does not fit it. Raises StoreError,
        CancelledError; any other problem of a title is a refusal.
        """
        placed = [self._placed(title) for title in titles]
        placed.sort(key=lambda each: natural_key(str(each[1].paths[0])) if each[1].paths else "")
        copies = {} if self.files.kind is DeviceKind.FOLDER else copies_of(placed, self.files.has)
        rows = []
        for title, placement, standing in placed:
            self.files.check()
            if title.path in copies:
                reason = f"{display_name(copies[title.path].path)} holds the same disc, and goes instead"
                rows.append(_refused(title, placement, COPY, reason, ""))
                continue
            try:
                rows.append(self._row(title, placement, standing))
            except (CancelledError, StoreError):
                raise
            except DiscpressError as error:
                rows.append(_refused(title, placement, error.code, str(error), error.hint))
        return DeployPlan(self.files.kind, self.device, tuple(rows))

    def _placed(self, title: Title) -> Placed:
        placement = self._place(title)
        return title, placement, self.states(title, ConversionRequest(target=placement.target))

    def _place(self, title: Title) -> Placement:
        if title.file_path.is_relative_to(self.device.root):
            return Placement.refusal("is on the device itself")
        if title.known_fault in {Fault.UNREAD, Fault.SPLIT_PART}:
            return Placement.refusal(title.error or "it could not be read")
        place = partial(LAYOUTS[self.files.kind], title, self.device)
        placement = place(self.options.layout)
        may_be_cd = self.files.kind is DeviceKind.OPL and not placement.is_refused and fits_cd(title)
        if may_be_cd and holds_udf(title):  # as every pressed DVD does, and no CD
            return place(replace(self.options.layout, is_dvd=True))
        return placement

    def _row(self, title: Title, placement: Placement, standing: Standing) -> DeployRow:
        if title.known_fault in {Fault.UNREAD, Fault.SPLIT_PART}:
            open_image(title.path).close()  # it raises the reason
        # The system of a damaged image may be unknown, so that no layout has a place for it.
        is_hidden = standing.state in {State.DAMAGED, State.CUT_SHORT} and title.system is System.UNKNOWN
        if placement.is_refused and (self.options.force or not is_hidden):
            return _refused(title, placement, "layout", placement.refused, placement.hint)
        if standing.state in SICK and not self.options.force:
            reason = standing.reason or standing.state.spec.label
            return _refused(title, placement, str(standing.state), reason, _FORCE_HINT)
        if problem := self._name_problem(title, placement):
            return _refused(title, placement, "conflict", problem, "leave one of the titles out, or rename it")
        if placement.format is not None:
            return self._conversion(title, placement)
        if title.is_archived:
            reason = "is in an archive, and is only copied unpacked"
            return _refused(title, placement, "layout", reason, "unpack it, or name a format with -f")
        with ExitStack() as stack:
            steps = open_steps(title, placement, stack)
            if problem := self._size_problem(steps):
                hint = "choose a format of smaller files with -f, or a device with another file system"
                return _refused(title, placement, "file-limit", problem, hint)
            return self._copy(title, placement, steps)

    def _name_problem(self, title: Title, placement: Placement) -> str:
        for path in placement.paths:
            if path.is_absolute() or ".." in path.parts or not path.name:
                return f"{display_name(str(path))} leads off the device"
            if is_reserved(path.name) or STAGING in path.parts or path.name == MANIFEST_NAME:
                return f"{display_name(path.name)} is a name that discpress needs itself"
        keys = {key_of(path) for path in placement.paths}
        if len(keys) < len(placement.paths):
            return "two of its files would have one name on the device"
        other = next((self._taken[key] for key in keys if key in self._taken), None)
        if other is not None:
            return f"{display_name(other.path)} gets the same name on the device"
        self._taken.update(dict.fromkeys(keys, title))
        return ""

    def _size_problem(self, steps: Sequence[CopyStep]) -> str:
        limit = self.device.max_file_bytes
        large = next((each for each in steps if limit is not None and each.length > limit), None)
        if large is None or limit is None:
            return ""
        return f"a file of {format_size(large.length)} is larger than the file system allows ({format_size(limit)})"

    def _copy(self, title: Title, placement: Placement, steps: Sequence[CopyStep]) -> DeployRow:
        there = self.files.of_copy(title, placement, steps)
        if there.is_there:
            return DeployRow(title, placement, Action.SAME, found=there.found)
        parts_bytes = sum(_size_at(part_path_of(self.device.root / each.path)) for each in steps)
        occupied_bytes = sum(self.device.occupied(each.length) for each in steps) + self._folders_of(placement)
        row = DeployRow(
            title,
            placement,
            Action.COPY,
            write_bytes=sum(each.length for each in steps),
            occupied_bytes=max(0, occupied_bytes - parts_bytes),
        )
        return self._replacing(row, there)

    def _conversion(self, title: Title, placement: Placement) -> DeployRow:
        there = self.files.of_conversion(title, placement)
        if there.is_there:
            return DeployRow(title, placement, Action.SAME, found=there.found)
        planned = self.conversion_of(title, placement)
        if planned.skip is not None:
            return _refused(title, placement, str(planned.skip), planned.reason, "")
        estimate = planned.estimate
        expected_bytes = title.original_bytes if estimate is None else estimate.packed_bytes
        most_bytes = title.original_bytes if estimate is None else estimate.high_bytes
        row = DeployRow(
            title,
            placement,
            Action.CONVERT,
            write_bytes=expected_bytes,
            occupied_bytes=self.device.occupied(most_bytes) + self._folders_of(placement),
            estimate=estimate,
            request=replace(planned.request, on_conflict=OnConflict.ERROR, use_all_space=True),
        )
        return self._replacing(row, there)

    def conversion_of(self, title: Title, placement: Placement) -> PlannedTitle:
        """Return the row of a batch for the conversion of a title on its way to the device."""
        wanted = ConversionRequest(
            format=placement.format,
            target=placement.target,
            output_path=self.device.root / STAGING / placement.paths[0].name,
            on_conflict=OnConflict.RENAME,  # what a killed run left there is cleared before the conversion
            force=True,
        )
        candidate = Candidate(title, is_named=True)
        batch = plan_batch([candidate], wanted, self.defaults, self.store, states=self.states, check=self.files.check)
        return batch.rows[0]

    def _replacing(self, row: DeployRow, there: Presence) -> DeployRow:
        """Return a row with the files that it replaces."""
        if not there.replaces:
            return row
        freed_bytes = sum(self.device.occupied(each.size_bytes) for each in there.replaces)
        reason, code = "has changed since it was copied", ""
        if there.is_damaged:
            reason, code = "is damaged on the device", DAMAGED
        changed = replace(row, action=Action.CHANGED, replaces=there.replaces, freed_bytes=freed_bytes)
        return replace(changed, reason=reason, code=code)

    def _folders_of(self, placement: Placement) -> int:
        """Return the bytes of the folders that a title needs first: each occupies a cluster."""
        wanted = {folder for path in placement.paths for folder in path.parents if folder.name} - self._folders
        self._folders |= wanted
        return sum(self.device.cluster_bytes for folder in wanted if not (self.device.root / folder).is_dir())


def _refused(title: Title, placement: Placement, code: str, reason: str, hint: str) -> DeployRow:
    """Return the row of a title that is left out; a reason that begins with its name becomes a clause about it."""
    for name in (title.path, title.path.name):
        reason = reason.removeprefix(f"{display_name(name)}: ")
    return DeployRow(title, placement, Action.REFUSED, reason=reason, hint=hint, code=code)


def _size_at(path: Path) -> int:
    """Return the size of a part that a stopped run left; 0 if there is none."""
    try:
        return path.lstat().st_size
    except OSError:
        return 0

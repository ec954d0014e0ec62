"""The plan of a conversion of titles: settings, sizes, free space, conflicts; only names and free space are read."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from discpress.engine.convert.request import ConversionRequest, OnConflict
from discpress.engine.errors import DiscpressError, from_os_error
from discpress.engine.formats import Settings
from discpress.engine.images.doctor.content import NO_DISC
from discpress.engine.library.naming import shown_name
from discpress.engine.names import display_name
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.store.model import SKIP, Fault, State, StoredEstimate, Title
from discpress.engine.system.files import device_below
from discpress.engine.system.filesystems import free_bytes, mount_name
from discpress.tui.commands import Keys
from discpress.tui.views.title_settings import Chooser

CONFLICTS = {
    OnConflict.ERROR: "skip (if it appears later: the job fails)",
    OnConflict.SKIP: "skip (also if it appears later)",
    OnConflict.RENAME: "give the result another name",
    OnConflict.OVERWRITE: "move the existing file to trash first",
}
"""What becomes of a title whose result has a name that is taken."""


@dataclass(frozen=True, slots=True)
class Options:
    """What holds for all titles of a plan."""

    trash_source: bool = False
    """Whether each original goes into the trash once its result is proven."""
    on_conflict: OnConflict = OnConflict.ERROR
    """What happens if the result's name is taken."""
    folder: Path | None = None
    """Folder of the results; None is next to each original."""
    even_useless: bool = False
    """Whether titles are converted that barely shrink."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One title of a plan."""

    title: Title
    """Which."""
    settings: Settings | None = None
    """How it would be written; None if it will not be."""
    output_path: Path | None = None
    """The result's name; another one is chosen if it is taken and `rename` is set."""
    estimate: StoredEstimate | None = None
    """Its size under these settings; None if nothing is known yet."""
    problem: str = ""
    """Why it is left out, as a sentence; empty if it is converted."""
    notices: tuple[str, ...] = ()
    """What the user should know of it."""
    is_useless: bool = False
    """Whether it barely shrinks, as far as that is known."""

    @property
    def is_done(self) -> bool:
        """Whether it will be converted."""
        return not self.problem


@dataclass(frozen=True, slots=True)
class Room:
    """One file system that results go to."""

    folder: Path
    """A folder on it."""
    free_bytes: int
    """Free now."""
    needed_bytes: int
    """What the results will take, by their estimates."""
    unknown: int
    """Results without an estimate."""

    @property
    def after_bytes(self) -> int:
        """Free when all is done, negative if it does not fit."""
        return self.free_bytes - self.needed_bytes


@dataclass(frozen=True, slots=True)
class Planning:
    """All of it."""

    rows: tuple[Planned, ...]
    """Each title, in the order in which they were chosen."""
    rooms: tuple[Room, ...]
    """The file systems that are written to."""
    output_device: int | None = None
    """The device of the folder for the results, if one was chosen."""
    output_mount: str = ""
    """Its mount point; empty if the system lists none."""

    @property
    def done(self) -> list[Planned]:
        """What will be converted."""
        return [row for row in self.rows if row.is_done]

    @property
    def read_bytes(self) -> int:
        """Decoded bytes that are read and packed."""
        return sum(row.title.original_bytes for row in self.done)

    @property
    def bounds(self) -> tuple[int, int, int]:
        """Bytes written: least, expected, most, of the titles with an estimate."""
        known = [row.estimate for row in self.done if row.estimate is not None]
        return (
            sum(each.low_bytes for each in known),
            sum(each.packed_bytes for each in known),
            sum(each.high_bytes for each in known),
        )

    @property
    def unknown(self) -> int:
        """Titles that are converted and have no estimate yet."""
        return sum(1 for row in self.done if row.estimate is None)

    @property
    def seconds(self) -> float:
        """How long it takes, one after the other, as far as that is known."""
        return sum(row.estimate.seconds for row in self.done if row.estimate is not None)


EstimateFor = Callable[[Title, Settings], StoredEstimate | None]


def plan_titles(
    titles: Sequence[Title],
    chooser: Chooser,
    options: Options,
    estimate_for: EstimateFor,
    queued: Collection[Path],
    wanted: Mapping[Path, ConversionRequest],
    keys: Keys,
) -> Planning:
    """Return what converting these titles would do; looks at the disk, so it belongs into a thread.

    `queued` are paths that the queue works on already, `wishes` settings in place of a title's own, `keys` those that
    are valid.
    """
    taken: set[Path] = set()
    rows = []
    for title in titles:
        row = _planned(title, chooser, options, estimate_for, queued, wanted.get(title.path), taken, keys)
        if row.is_done and row.output_path is not None:
            taken.add(row.output_path)
        rows.append(row)
    if options.folder is None:
        return Planning(tuple(rows), tuple(_rooms(rows)))
    return Planning(tuple(rows), tuple(_rooms(rows)), device_below(options.folder), mount_name(options.folder))


def _planned(
    title: Title,
    chooser: Chooser,
    options: Options,
    estimate_for: EstimateFor,
    queued: Collection[Path],
    request: ConversionRequest | None,
    taken: Collection[Path],
    keys: Keys,
) -> Planned:
    problem = _problem_of(title, queued, request, keys)
    if problem:
        return Planned(title, problem=problem)
    try:
        choice = chooser.choice(title, request)
    except DiscpressError as error:
        return Planned(title, problem=str(error))
    output = (options.folder or title.file_path.parent) / f"{title.path.stem}.{choice.settings.format}"
    estimate = title.estimate if request is None else estimate_for(title, choice.settings)
    # Out of an archive nothing is converted to save space: the worker does not skip it.
    is_useless = estimate is not None and estimate.advice == SKIP and not title.is_archived
    reason = "" if estimate is None else estimate.reason
    is_skipped = is_useless and not options.even_useless  # the worker would skip it
    found = [
        _conflict(title, output, options.on_conflict, taken, keys),
        (reason, "") if is_skipped else ("", reason),
        ("", _no_disc_notice(options)) if title.fault is Fault.NO_DISC else ("", ""),
        _source_conflict(title) if options.trash_source else ("", ""),
    ]
    problem = next((each for each, _ in found if each), "")
    notices = (*choice.notices, *(notice for _, notice in found if notice))
    return Planned(title, choice.settings, output, estimate, problem, notices, is_useless)


def _problem_of(title: Title, queued: Collection[Path], request: ConversionRequest | None, keys: Keys) -> str:
    """Return why a title is left out, whatever it would become."""
    if title.error:
        return title.error
    if title.path in queued:
        return "is in the queue already"
    if title.state is State.PACKED and title.overrides is None and request is None:
        return f"is packed already; {keys.of('tune')} chooses other settings for it"
    return ""


def _no_disc_notice(options: Options) -> str:
    return NO_DISC + ("; the original stays where it is" if options.trash_source else "")


def _source_conflict(title: Title) -> tuple[str, str]:
    """Return why a title is left out if its original goes to the trash, or what to know of that."""
    if title.is_archived:
        return "", "its archive is kept: discpress convert --delete-source moves one with nothing else in it"
    if title.path.is_symlink():
        return "is a link: an original that is moved to the trash must be the file itself", ""
    return "", ""


def _conflict(title: Title, output: Path, rule: OnConflict, taken: Collection[Path], keys: Keys) -> tuple[str, str]:
    """Return why a title is left out, or what its taken name leads to."""
    if output == title.path and rule is not OnConflict.RENAME:
        return f"the result would have the name of the original: {keys.of('conflict')} gives it another one", ""
    if output in taken:
        shown = display_name(output.name)
        return (
            ("", f"{shown} is taken by another of these titles: another name")
            if rule is OnConflict.RENAME
            else (
                f"another of these titles becomes {shown} as well",
                "",
            )
        )
    try:
        if not os.path.lexists(output):
            return "", ""
    except OSError as error:
        return str(from_os_error(error, output, "look for an existing file")), ""
    shown = display_name(output.name)
    if rule is OnConflict.RENAME:
        return "", f"{shown} exists: the result gets another name"
    if rule is OnConflict.OVERWRITE:
        return "", f"{shown} exists: it goes into the trash first"
    return f"{shown} exists already", ""


def _rooms(rows: Sequence[Planned]) -> list[Room]:
    rooms: dict[int, Room] = {}
    for row in rows:
        if not row.is_done or row.output_path is None:
            continue
        folder = row.output_path.parent
        try:
            device = device_below(folder)
            room = rooms.get(device) or Room(folder, free_bytes(folder), 0, 0)
        except OSError:
            continue  # the job itself says why its folder cannot be written to
        needed = 0 if row.estimate is None else row.estimate.packed_bytes
        unknown = room.unknown + (row.estimate is None)
        rooms[device] = replace(room, needed_bytes=room.needed_bytes + needed, unknown=unknown)
    return list(rooms.values())


def requests_of(
    planning: Planning, options: Options, chooser: Chooser, wanted: Mapping[Path, ConversionRequest]
) -> list[JobRequest]:
    """Return the jobs of a plan; every setting is named in them, so that later defaults change nothing."""
    requests = []
    for row in planning.done:
        title = row.title
        request = wanted.get(title.path) or chooser.request(title)
        trash_source = options.trash_source and not title.is_archived
        request = replace(request, trash_source=trash_source, on_conflict=options.on_conflict)
        gain = None if row.estimate is None else title.file_bytes - row.estimate.packed_bytes
        task = ConvertTask(
            request,
            output_folder=options.folder,
            output_device=None if options.folder is None else planning.output_device,
            output_mount="" if options.folder is None else planning.output_mount,
            source=Source.of(title.path, title.file_path, title.device, shown_name(title)),
        )
        requests.append(JobRequest(task, title.path, force=options.even_useless, gain_bytes=gain))
    return requests

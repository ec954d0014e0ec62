"""Requests that screens post to the app.

A request needs no answer: its effect comes back as a new screen, a notification, or a call of `on_changes`,
`on_snapshot` or `on_settings`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message

from discpress.engine.queue.jobs import Job
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import Title
from discpress.tui.commands import Place

if TYPE_CHECKING:
    from discpress.tui.views.bench import Form


class Notice(NamedTuple):
    """One message to the user."""

    text: str
    """Safe to show."""
    is_error: bool


class Request(Message):
    """Base of all requests; the app handles those of an action before it takes the next key."""


# Screens


class OpenScreen(Request):
    """Base of the requests that open another screen on top."""


@dataclass(eq=False)
class GoTo(Request):
    """Go to a place from wherever it was asked for; the screens that lie over the library are left."""

    place: Place


@dataclass(eq=False)
class OpenDetails(OpenScreen):
    """Show everything known of a title."""

    path: Path
    """The path of its image."""


@dataclass(eq=False)
class OpenPlan(OpenScreen):
    """Show what converting titles will do."""

    titles: Sequence[Title]
    """The titles, in the order of the rows."""
    requests: Mapping[Path, ConversionRequest] = field(default_factory=dict)
    """Settings in place of the titles' own, for this one time."""
    is_repair: bool = False
    """Whether only titles that their target does not load are rewritten."""


@dataclass(eq=False)
class OpenRename(OpenScreen):
    """Show new names for titles."""

    titles: Sequence[Title]
    """The titles, in the order of the rows."""


@dataclass(eq=False)
class OpenDevice(OpenScreen):
    """Show what copying titles to a device will do."""

    titles: Sequence[Title]
    """The titles."""


@dataclass(eq=False)
class OpenDuplicates(OpenScreen):
    """Show the copies of each disc."""

    marked: Collection[bytes] = ()
    """The titles whose discs are shown; none for all."""


@dataclass(eq=False)
class OpenDatfiles(OpenScreen):
    """Show the datfiles, with counts of the library's titles."""


@dataclass(eq=False)
class OpenTune(OpenScreen):
    """Choose settings for titles."""

    titles: Sequence[Title]
    """The first one is shown; the settings can be kept for all."""
    block_size: int | None = None
    """The block size to begin with, in bytes; None for the title's own."""
    form: "Form" = (None, ())
    """The container to begin with; by default the one of the target."""


@dataclass(eq=False)
class OpenBench(OpenScreen):
    """Show the benchmarks of a title."""

    title: Title


class OpenQueue(OpenScreen):
    """Show the queue."""


@dataclass(eq=False)
class OpenLog(OpenScreen):
    """Show the log of a job."""

    job: Job


@dataclass(eq=False)
class OpenMessages(OpenScreen):
    """Show the messages since the start."""

    notices: Sequence[Notice]


class OpenTrash(OpenScreen):
    """Show the originals that conversions replaced."""


class OpenSettings(OpenScreen):
    """Show the settings."""


@dataclass(eq=False)
class SelectTitle(Request):
    """Go back to the library and put its cursor on a title."""

    path: Path


@dataclass(eq=False)
class RunCommand(Request):
    """Run a command as its key would, after the messages that wait already."""

    name: str
    """Its name in the table of commands."""


class Quit(Request):
    """Leave the app, or ask first what becomes of unfinished jobs."""


# Work


@dataclass(eq=False)
class Notify(Request):
    """Show a message in place of the last one."""

    text: str
    is_error: bool = False


class Refresh(Request):
    """Poll the state file now instead of at the next tick."""


class StartWorker(Request):
    """Start a worker if something waits for one and none is alive."""


@dataclass(eq=False)
class WantEstimates(Request):
    """Request the estimates that titles on the screen lack, under the settings that are stored for them now."""

    titles: Sequence[Title]


class Rescan(Request):
    """Scan the folders for new, changed and vanished images."""


@dataclass(eq=False)
class OpenFolders(Request):
    """Add folders to the settings, show them and scan them."""

    folders: Sequence[Path]


@dataclass(eq=False)
class SaveSettings(Request):
    """Write changed settings into the settings file and follow them."""

    changes: Mapping[str, object]
    """New values by key; None removes a key."""
    notice: str = ""
    """The notification once they are written."""


@dataclass(eq=False)
class TitlesQueued(Request):
    """Start converting: titles of a plan are in the queue now, and the library comes back without their marks."""

    paths: Collection[Path]


@dataclass(eq=False)
class CopyText(Request):
    """Copy a text to the clipboard of the terminal."""

    text: str

"""Stories for a loss of power: conversions, replacements, undo and purge, recorded call by call and judged."""

import errno
import functools
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, Unpack
from unittest import mock

import fault_injection as faults
from call_recorder import CallRecorder
from command_line import write_old
from crash_states import CrashState, crash_states
from sample_images import MemorySource, mixed, packed
from trash_sets import entries

from discpress.engine.convert.playlists.rewrite import DRAFT_NAME
from discpress.engine.convert.trash.entry import ENTRY_NAME, UNDO_MARKER, TrashEntry
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.convert.trash.held import HeldEntry
from discpress.engine.convert.trash.listing import find_half_undone, find_homes
from discpress.engine.convert.trash.schema import read_entry
from discpress.engine.convert.trash.undo import finish_undo, purge, undo
from discpress.engine.errors import DiscpressError
from discpress.engine.formats import PART_SUFFIX
from discpress.engine.images.open import open_source
from discpress.engine.progress import Control
from discpress.engine.request import OnConflict
from discpress.engine.system import rename

SOURCE = mixed(1024 * 1024 + 6144, seed=25)
OLD = mixed(50_000, seed=26)


class Claims(Protocol):
    """Who is told what is true from now on."""

    def claim(self, what: str) -> None: ...


class _NoClaims:
    def claim(self, what: str) -> None:
        """Take no note."""


NO_CLAIMS = _NoClaims()

Act = Callable[[Path, Claims], None]


@dataclass(frozen=True, slots=True)
class Story:
    """Something that is done to a folder with game.iso in it."""

    act: Act
    """Done while it is recorded."""
    before: tuple[Act, ...] = ()
    """Done before."""
    left: Act | None = None
    """Done last of all before, by a process that was killed: recorded, as it may not be on the disk yet."""
    has_old: bool = False
    """Whether game.zso is there before, and something else."""
    exclusive: int = 0
    """What the exclusive rename fails with; 0 where it works."""
    link: int = 0
    """What link fails with."""
    undone: tuple[str, bytes] = ("game.iso", SOURCE)
    """What an undo brings back: the name and what it decodes to."""
    may_lose_original: bool = False
    """Whether the original is to go for good, its replacement being proven."""
    prepare: Callable[[Path], None] | None = None
    """Makes what it begins with; without it, game.iso."""
    losses: Callable[["Story", CrashState, list[str]], Iterator[str]] | None = None
    """Yields what is missing; without it, `image_losses`."""
    recover: Callable[["Story", Path], list[str]] | None = None
    """Goes on and returns what is not made good by that; without it, `recover_image`."""


def convert(**request: Unpack[faults.RequestFields]) -> Act:
    """Convert game.iso."""

    def act(folder: Path, recorder: Claims) -> None:
        faults.run_conversion(folder / "game.iso", journal=lambda kind, facts: recorder.claim(kind), **request)
        recorder.claim("published")

    return act


def undo_newest(folder: Path, recorder: Claims) -> None:
    """Undo the newest entry of the trash."""
    undo(entries(folder)[-1], 1, Control(), lambda kind, facts: recorder.claim(kind))


def purge_all(folder: Path, recorder: Claims) -> None:
    """Purge all that is in the trash."""
    for entry in entries(folder):
        purge(entry, 1, Control(), force=False, journal=lambda kind, facts: recorder.claim(kind))


class Killed(BaseException):
    """Stands for a kill at a chosen call: nothing may tidy up after it."""


def until(owner: object, name: str, act: Act) -> Act:
    """Return an act that is killed when it calls `owner.name`."""

    def killed(folder: Path, recorder: Claims) -> None:
        with mock.patch.object(owner, name, side_effect=Killed), suppress(Killed):
            act(folder, recorder)
            raise AssertionError(f"{name} was not called")

    return killed


def finish_undone(folder: Path, recorder: Claims) -> None:
    """Finish the undos that were stopped."""
    for entry in find_half_undone([folder]):
        finish_undo(entry, 1, Control(), lambda kind, facts: recorder.claim(kind))


def convert_in_vain(folder: Path, recorder: Claims) -> None:
    """Convert over an older file, and fail in the moment of publishing."""
    with mock.patch("discpress.engine.convert.part.part.PartFile.publish", faults.fail_with(errno.EIO)):
        try:
            convert(on_conflict=OnConflict.OVERWRITE)(folder, recorder)
        except OSError:
            return
    raise AssertionError("it was published")


_TRASHED = (convert(trash_source=True),)
STOPPED_UNDO = until(HeldEntry, "drop", undo_newest)
"""An undo that is killed when all files are home, and the description is not gone yet."""
_REPLACED = (convert(on_conflict=OnConflict.OVERWRITE),)
STORIES = {
    "convert": Story(convert()),
    "convert by links": Story(convert(), exclusive=errno.EINVAL),
    "convert under a lock": Story(convert(), exclusive=errno.EINVAL, link=errno.EPERM),
    "convert and trash": Story(convert(trash_source=True)),
    "convert and trash by links": Story(convert(trash_source=True), exclusive=errno.EINVAL),
    "replace": Story(convert(on_conflict=OnConflict.OVERWRITE), has_old=True),
    "replace by links": Story(convert(on_conflict=OnConflict.OVERWRITE), has_old=True, exclusive=errno.EINVAL),
    "replace in vain": Story(convert_in_vain, has_old=True),
    "undo": Story(undo_newest, _TRASHED),
    "undo by links": Story(undo_newest, _TRASHED, exclusive=errno.EINVAL),
    "undo a replacement": Story(undo_newest, _REPLACED, has_old=True, undone=("game.zso", OLD)),
    "finish an undo": Story(finish_undone, _TRASHED, left=STOPPED_UNDO),
    "finish an undo of a replacement": Story(
        finish_undone, _REPLACED, left=STOPPED_UNDO, has_old=True, undone=("game.zso", OLD)
    ),
    "undo an undo": Story(undo_newest, (*_TRASHED, undo_newest), undone=("game.zso", SOURCE)),
    "purge": Story(purge_all, _TRASHED, may_lose_original=True),
}


@dataclass(slots=True)
class Judgement:
    """What was tried, and what was lost."""

    calls: int = 0
    """Calls to the system, each a point at which the power goes."""
    states: int = 0
    """Folders found afterwards, no two alike at one point."""
    lost: list[str] = field(default_factory=list)
    """Where something was missing, and what."""


@contextmanager
def file_system(story: Story) -> Iterator[None]:
    """Rename and link as the story's file system does."""
    with ExitStack() as stack:
        if story.exclusive:
            stack.enter_context(mock.patch.object(rename, "_rename_exclusive", faults.fail_with(story.exclusive)))
        if story.link:
            stack.enter_context(mock.patch.object(os, "link", faults.fail_with(story.link)))
        yield


def prepare(story: Story, folder: Path) -> None:
    """Make what a story begins with in an empty folder."""
    if story.prepare is not None:
        story.prepare(folder)
        return
    write_old(folder / "game.iso", SOURCE)
    if story.has_old:
        write_old(folder / "game.zso", packed(OLD))
    for act in story.before:
        act(folder, CallRecorder(folder))


def record(story: Story, folder: Path) -> CallRecorder:
    """Play a story in an empty folder."""
    with file_system(story):
        prepare(story, folder)
        recorder = CallRecorder(folder)
        with recorder.watching():
            if story.left is not None:
                story.left(folder, recorder)
            story.act(folder, recorder)
    recorder.check()
    return recorder


def judge(story: Story, recorder: CallRecorder, seed: int, randoms: int) -> Judgement:
    """Cut a recorded story at every point, in every way that is tried, and look for what is missing."""
    judgement = Judgement(calls=len(recorder.steps))
    chance = random.Random(seed)
    for point in range(len(recorder.steps) + 1):
        claims = recorder.claims_at(point)
        where = f"{point}: after {recorder.labels[point - 1] if point else 'nothing'}"
        for state in crash_states(recorder.disk_at(point), chance, randoms):
            judgement.states += 1
            judgement.lost += [f"{where}: {problem}: {sorted(state.files)}" for problem in losses(story, state, claims)]
    return judgement


def losses(story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    """Yield what must be there and is not."""
    return (story.losses or image_losses)(story, state, claims)


def image_losses(story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    """Yield what must be there of game.iso and its result, and is not."""
    final = decoded(state.files.get("game.zso", b""))
    trashed = dict(described(state))
    is_home = state.files.get("game.iso") == SOURCE
    if not is_home and SOURCE not in trashed.values() and not (story.may_lose_original and final == SOURCE):
        yield "the source is lost"
    if not is_home and "game.iso" in state.files:
        yield "game.iso is not the source"
    if final is not SOURCE and not is_home and SOURCE not in [decoded(each) for each in trashed.values()]:
        yield "neither source nor result is in its place"
    if "game.zso" in state.files and final not in ((SOURCE, OLD) if story.has_old else (SOURCE,)):
        yield "the final name is no whole result"
    if story.has_old and OLD not in [final, *(decoded(each) for each in trashed.values())]:
        yield "the replaced file is lost"
    if story.before and SOURCE not in [final, *(decoded(each) for each in trashed.values())] and not is_home:
        yield "the result is lost"
    hidden = {name for name in state.files if is_trashed(name)} - trashed.keys()
    if hidden:
        yield f"the trash does not describe {hidden}"
    said = claims[-1] if claims else ""
    if said == "published" and final != SOURCE:
        yield "what was published is not there"
    if said == "trashed" and SOURCE not in trashed.values():
        yield "what was trashed is not in the trash"
    name, content = story.undone
    if said == "undone" and decoded(state.files.get(name, b"")) != content:
        yield "what was undone is not back"


def is_trashed(name: str) -> bool:
    """Return whether a path leads to a file that was put into the trash."""
    parts = name.split("/")
    return TRASH_NAME in parts[:-1] and parts[-1] not in {ENTRY_NAME, UNDO_MARKER, DRAFT_NAME}


def described(state: CrashState) -> Iterator[tuple[str, bytes]]:
    """Yield the files in the trash that an entry beside them describes."""
    for name, data in state.files.items():
        entry = name.rpartition("/")[0] + f"/{ENTRY_NAME}"
        if is_trashed(name) and name.rpartition("/")[2] in _stored_in(state.files.get(entry, b"")):
            yield name, data


@functools.cache
def _stored_in(description: bytes) -> set[str]:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / TRASH_NAME / "id"
        folder.mkdir(parents=True)
        (folder / ENTRY_NAME).write_bytes(description)
        try:
            return {file.stored for file in read_entry(folder).files}
        except DiscpressError:
            return set()


@functools.cache
def decoded(data: bytes) -> bytes | None:
    """Return what an image decodes to; None for what is none."""
    if not data:
        return None
    try:
        with open_source(MemorySource(data)) as image:
            found = image.read_at(0, image.size)
    except DiscpressError:
        return None
    return next((each for each in (SOURCE, OLD) if each == found), found)


def empty_trash(folder: Path) -> None:
    """Purge whatever is proven, as a user would who empties the trash after a power loss."""
    for home in find_homes([folder]):
        for entry in entries(home):
            with suppress(DiscpressError):
                purge(entry, 1, Control(), force=False)


def losses_by_emptying(story: Story, folder: Path) -> list[str]:
    """Empty the trash in a folder that power was lost in; return what is lost by that."""
    empty_trash(folder)
    paths = sorted(folder.rglob("*"))
    files = {str(path.relative_to(folder)): path.read_bytes() for path in paths if path.is_file()}
    folders = tuple(str(path.relative_to(folder)) for path in paths if path.is_dir())
    state = CrashState(files, {name: number for number, name in enumerate(files)}, folders)
    return list(losses(replace(story, may_lose_original=True), state, []))


def has_both_names(entry: TrashEntry) -> bool:
    """Return whether a crash in a rename by link and unlink left a file in the entry and at home."""
    return entry.home_path.exists() and entry.home_path.samefile(entry.file_path)


def recover(story: Story, folder: Path) -> list[str]:
    """Go on in a folder that power was lost in, as a user would; return what is not made good by that."""
    return (story.recover or recover_image)(story, folder)


def recover_image(story: Story, folder: Path) -> list[str]:
    """Undo, or convert game.iso again; return what is not made good by that."""
    problems = []
    try:
        if story.before:
            for entry in entries(folder):
                # Files made anew are not known by their inode: an overwritten one has no digests to prove them by.
                if entry.reason == "converted" or (entry.reason == "overwritten" and has_both_names(entry)):
                    undo(entry, 1, Control())
        elif (folder / "game.iso").exists():
            faults.run_conversion(folder / "game.iso", on_conflict=OnConflict.OVERWRITE)
    except DiscpressError as error:
        problems.append(str(error))
    final = folder / "game.zso"
    if not story.before and (not final.exists() or decoded(final.read_bytes()) != SOURCE):
        problems.append("the next conversion did not give the result")
    if story.before and not story.may_lose_original and story.undone == ("game.iso", SOURCE):
        source = folder / "game.iso"
        if not source.exists() or source.read_bytes() != SOURCE:
            problems.append("undo did not bring the source back")
    if list(folder.glob(f"*{PART_SUFFIX}")):
        problems.append("a part is left")
    return problems

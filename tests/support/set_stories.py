"""Stories for a loss of power with a title of several files: converted, trashed, put back, removed for good."""

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Unpack

import fault_injection as faults
from crash_states import CrashState
from power_stories import NO_CLAIMS, Act, Claims, Story, decoded, described, is_trashed, undo_newest
from split_images import IMAGE as SPLIT_IMAGE
from split_images import ISO_NAMES, cut, write_parts
from trash_sets import FILES, IMAGE, MTIME_NS, RESULT, entries, make_set, put_away, undo_as_a_user

from discpress.engine.convert.trash.entry import UNDO_MARKER
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.convert.trash.undo import purge
from discpress.engine.errors import DiscpressError, TrashError
from discpress.engine.formats import PART_SUFFIX
from discpress.engine.progress import Control
from discpress.engine.request import OnConflict

PARTS = dict(zip(ISO_NAMES, cut(SPLIT_IMAGE), strict=True))
SPLIT_RESULT = "Game.zso"


def _make_trashed(folder: Path) -> None:
    make_set(folder)
    put_away(folder)


def _move(folder: Path, recorder: Claims) -> None:
    put_away(folder)
    recorder.claim("trashed")


def _link_home(folder: Path, recorder: Claims) -> None:
    """Do what an undo has done that is killed between the links and the unlinks that stand in for renames."""
    entry = entries(folder)[-1]
    for file in entry.files:
        os.link(entry.folder / file.stored, folder / file.name)


def _purge(folder: Path, recorder: Claims) -> None:
    purge(entries(folder)[-1], 1, Control(), force=False, journal=lambda kind, facts: recorder.claim(kind))


def losses(story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    """Yield what must be there of the set and its result, and is not."""
    trashed = dict(described(state))
    if decoded(state.files.get(RESULT, b"")) != IMAGE and IMAGE not in map(decoded, trashed.values()):
        yield "the result is lost"
    yield from _losses_of(FILES, IMAGE, RESULT, story, state, claims)


def split_losses(story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    """Yield what must be there of a split image and its result, and is not."""
    if SPLIT_RESULT in state.files and decoded(state.files[SPLIT_RESULT]) != SPLIT_IMAGE:
        yield "the final name is no whole result"
    yield from _losses_of(PARTS, SPLIT_IMAGE, SPLIT_RESULT, story, state, claims)


def _losses_of(
    files: Mapping[str, bytes], image: bytes, result: str, story: Story, state: CrashState, claims: list[str]
) -> Iterator[str]:
    trashed = dict(described(state))
    is_proven = decoded(state.files.get(result, b"")) == image
    for name, data in files.items():
        if state.files.get(name, data) != data:
            yield f"{name} is another file"
        if name not in state.files and data not in trashed.values() and not (story.may_lose_original and is_proven):
            yield f"{name} is lost"
    kept_home = {name for name, data in files.items() if name in state.files and data not in trashed.values()}
    is_undoing = any(name.endswith(f"/{UNDO_MARKER}") for name in state.files)
    if next(iter(files)) in kept_home and kept_home != files.keys() and not is_undoing:
        yield "another file went to the trash before the main one"
    if kept_home != files.keys() and not is_proven and image not in map(decoded, trashed.values()):
        yield "neither the files nor the result are in their place"
    hidden = {name for name in state.files if is_trashed(name)} - trashed.keys()
    if hidden:
        yield f"the trash does not describe {hidden}"
    said = claims[-1] if claims else ""
    if said == "published" and not is_proven:
        yield "what was published is not there"
    if said == "trashed" and not set(files.values()) <= set(trashed.values()):
        yield "what was trashed is not in the trash"
    if said == "undone" and not files.keys() <= state.files.keys():
        yield "what was undone is not back"


def recover_split(story: Story, folder: Path) -> list[str]:
    """Undo, then convert again, as a user would; return what is not made good by that."""
    for path in folder.rglob("*"):
        if path.is_file() and (path.name == SPLIT_RESULT or path.read_bytes() in PARTS.values()):
            os.utime(path, ns=(MTIME_NS, MTIME_NS))  # what was made anew has its own time
    problems = []
    try:
        undo_as_a_user(folder)
        found = {name for name, data in PARTS.items() if (folder / name).is_file()}
        if found != PARTS.keys():
            problems.append(f"not back: {PARTS.keys() - found}")
        convert(on_conflict=OnConflict.OVERWRITE)(folder, NO_CLAIMS)
    except DiscpressError as error:
        problems.append(str(error))
    problems += [str(each) for each in entries_in(folder) if isinstance(each, TrashError)]
    result = folder / SPLIT_RESULT
    if not result.exists() or decoded(result.read_bytes()) != SPLIT_IMAGE:
        problems.append("the next conversion did not give the result")
    return [*problems, *(f"{path.name} is left" for path in folder.glob(f"*{PART_SUFFIX}"))]


def recover(story: Story, folder: Path) -> list[str]:
    """Undo, as a user would; return what is not made good by that."""
    for path in folder.rglob("*"):
        if path.is_file() and (path.name == RESULT or path.read_bytes() in FILES.values()):
            os.utime(path, ns=(MTIME_NS, MTIME_NS))  # what was made anew has its own time
    problems = []
    try:
        undo_as_a_user(folder)
    except DiscpressError as error:
        problems.append(str(error))
    problems += [str(each) for each in entries_in(folder) if isinstance(each, TrashError)]
    found = {name for name, data in FILES.items() if (folder / name).is_file() and (folder / name).read_bytes() == data}
    if not story.may_lose_original and found != FILES.keys():
        problems.append(f"not back: {FILES.keys() - found}")
    return problems


def _story(act: Act, make: Callable[[Path], None], **more: Any) -> Story:
    return Story(act, prepare=make, losses=losses, recover=recover, **more)


def convert(**request: Unpack[faults.RequestFields]) -> Act:
    """Convert the split image."""

    def act(folder: Path, recorder: Claims) -> None:
        first = folder / next(iter(PARTS))
        faults.run_conversion(first, journal=lambda kind, facts: recorder.claim(kind), **request)

    return act


def _split_story(act: Act, **more: Any) -> Story:
    return Story(act, prepare=_make_parts, losses=split_losses, recover=recover_split, **more)


def _make_parts(folder: Path) -> None:
    write_parts(folder)


def _make_trashed_parts(folder: Path) -> None:
    write_parts(folder)
    convert(trash_source=True)(folder, NO_CLAIMS)


SET_STORIES = {
    "move a set": _story(_move, make_set),
    "move a set by links": _story(_move, make_set, exclusive=errno.EINVAL),
    "undo a set": _story(undo_newest, _make_trashed),
    "undo a set by links": _story(undo_newest, _make_trashed, exclusive=errno.EINVAL),
    "undo a set after a kill": _story(undo_newest, _make_trashed, left=_link_home, exclusive=errno.EINVAL),
    "undo a set under a lock": _story(undo_newest, _make_trashed, exclusive=errno.EINVAL, link=errno.EPERM),
    "convert a split image and trash it": _split_story(convert(trash_source=True)),
    "convert a split image and trash it by links": _split_story(convert(trash_source=True), exclusive=errno.EINVAL),
    "undo a split image": Story(undo_newest, prepare=_make_trashed_parts, losses=split_losses, recover=recover_split),
    "purge a set": _story(_purge, _make_trashed, may_lose_original=True),
}

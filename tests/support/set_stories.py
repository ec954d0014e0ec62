"""What power may be lost in, for a title of several files: moved to the trash, put back, removed for good."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from crash_states import CrashState
from power_stories import Act, Claims, Story, decoded, described, is_trashed
from trash_sets import FILES, IMAGE, MAIN, MTIME_NS, RESULT, entries, make_set, put_away, undo_as_a_user

from discpress.engine.convert.trash.entry import UNDO_MARKER
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.convert.trash.undo import purge, undo
from discpress.engine.errors import DiscpressError, TrashError
from discpress.engine.progress import Control


def _make_trashed(folder: Path) -> None:
    make_set(folder)
    put_away(folder)


def _move(folder: Path, recorder: Claims) -> None:
    put_away(folder)
    recorder.claim("trashed")


def _undo(folder: Path, recorder: Claims) -> None:
    undo(entries(folder)[-1], 1, Control(), lambda kind, facts: recorder.claim(kind))


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
    result = state.files.get(RESULT, b"")
    may_go = story.may_lose_original and decoded(result) == IMAGE
    for name, data in FILES.items():
        if state.files.get(name, data) != data:
            yield f"{name} is another file"
        if name not in state.files and data not in trashed.values() and not may_go:
            yield f"{name} is lost"
    if decoded(result) != IMAGE and IMAGE not in map(decoded, trashed.values()):
        yield "the result is lost"
    kept_home = {name for name, data in FILES.items() if name in state.files and data not in trashed.values()}
    is_undoing = any(name.endswith(f"/{UNDO_MARKER}") for name in state.files)
    if MAIN in kept_home and kept_home != FILES.keys() and not is_undoing:
        yield "another file went to the trash before the main one"
    hidden = {name for name in state.files if is_trashed(name)} - trashed.keys()
    if hidden:
        yield f"the trash does not describe {hidden}"
    said = claims[-1] if claims else ""
    if said == "trashed" and not set(FILES.values()) <= set(trashed.values()):
        yield "what was trashed is not in the trash"
    if said == "undone" and not FILES.keys() <= state.files.keys():
        yield "what was undone is not back"


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


SET_STORIES = {
    "move a set": _story(_move, make_set),
    "move a set by links": _story(_move, make_set, exclusive=errno.EINVAL),
    "undo a set": _story(_undo, _make_trashed),
    "undo a set by links": _story(_undo, _make_trashed, exclusive=errno.EINVAL),
    "undo a set after a kill": _story(_undo, _make_trashed, left=_link_home, exclusive=errno.EINVAL),
    "undo a set under a lock": _story(_undo, _make_trashed, exclusive=errno.EINVAL, link=errno.EPERM),
    "purge a set": _story(_purge, _make_trashed, may_lose_original=True),
}

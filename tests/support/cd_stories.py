"""Stories for a loss of power with a sheet and its files that become the CHD of a CD, and with the way back."""

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import fault_injection as faults
from command_line import write_old
from crash_states import CrashState
from made_cds import MadeDisc, write_split_cue
from power_stories import NO_CLAIMS, Act, Claims, Story, described, is_trashed, undo_newest
from trash_sets import MTIME_NS, undo_as_a_user

from discpress.engine.convert.trash.entry import UNDO_MARKER
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.errors import DiscpressError, TrashError
from discpress.engine.formats import PART_SUFFIX, ImageFormat
from discpress.engine.request import OnConflict

SHEET = "Game [b].cue"
RESULT = "Game [b].chd"


@cache
def files() -> dict[str, bytes]:
    """Return the files of the disc, the sheet first: one with a raw track, and WAVE files."""
    disc = MadeDisc().add("MODE2/2352", 20).add("AUDIO", 5, pregap=2).add("AUDIO", 4)
    with tempfile.TemporaryDirectory() as name:
        sheet = write_split_cue(Path(name) / SHEET, disc, audio="WAVE")
        others = sorted(path for path in sheet.parent.iterdir() if path != sheet)
        return {path.name: path.read_bytes() for path in (sheet, *others)}


@cache
def result() -> bytes:
    """Return the CHD that an undisturbed conversion writes."""
    with tempfile.TemporaryDirectory() as name:
        _make(Path(name))
        _convert()(Path(name), NO_CLAIMS)
        return (Path(name) / RESULT).read_bytes()


def _make(folder: Path) -> None:
    for name, data in files().items():
        write_old(folder / name, data)


def _convert(**request: Any) -> Act:
    def act(folder: Path, recorder: Claims) -> None:
        wish = {"format": ImageFormat.CHD, "accept_incomplete": True, **request}
        faults.run_conversion(folder / SHEET, journal=lambda kind, facts: recorder.claim(kind), **wish)

    return act


def _make_trashed(folder: Path) -> None:
    _make(folder)
    _convert(trash_source=True)(folder, NO_CLAIMS)


def losses(story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    """Yield what must be there of the disc's files and of their CHD, and is not."""
    trashed = dict(described(state))
    is_proven = result() in {state.files.get(RESULT), *trashed.values()}
    if state.files.get(RESULT, result()) != result():
        yield "the final name is no whole result"
    for name, data in files().items():
        if state.files.get(name, data) != data:
            yield f"{name} is another file"
        may_go = story.may_lose_original and state.files.get(RESULT) == result()
        if name not in state.files and data not in trashed.values() and not may_go:
            yield f"{name} is lost"
    kept_home = {name for name, data in files().items() if name in state.files and data not in trashed.values()}
    is_undoing = any(name.endswith(f"/{UNDO_MARKER}") for name in state.files)
    if kept_home != files().keys() and not is_proven and not is_undoing:
        yield "neither the files nor the result are in their place"
    if SHEET in kept_home and kept_home != files().keys() and not is_undoing:
        yield "another file went to the trash before the sheet"
    if hidden := {name for name in state.files if is_trashed(name)} - trashed.keys():
        yield f"the trash does not describe {hidden}"
    said = claims[-1] if claims else ""
    if said in {"published", "trashed"} and not is_proven:
        yield "what was published is not there"
    if said == "undone" and not files().keys() <= state.files.keys():
        yield "what was undone is not back"


def recover(story: Story, folder: Path) -> list[str]:
    """Undo, then convert again, as a user would; return what is not made good by that."""
    for path in folder.rglob("*"):
        if path.is_file() and (path.name == RESULT or path.read_bytes() in files().values()):
            os.utime(path, ns=(MTIME_NS, MTIME_NS))  # what was made anew has its own time
    problems = []
    try:
        undo_as_a_user(folder)
        problems += [f"{name} is not back" for name, data in files().items() if _read(folder / name) != data]
        _convert(on_conflict=OnConflict.OVERWRITE)(folder, NO_CLAIMS)
    except DiscpressError as error:
        problems.append(str(error))
    problems += [str(each) for each in entries_in(folder) if isinstance(each, TrashError)]
    if _read(folder / RESULT) != result():
        problems.append("the next conversion did not give the result")
    return [*problems, *(f"{path.name} is left" for path in folder.glob(f"*{PART_SUFFIX}"))]


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _story(act: Act, make: Callable[[Path], None], **more: Any) -> Story:
    return Story(act, prepare=make, losses=losses, recover=recover, **more)


CD_STORIES = {
    "convert a sheet to a CHD": _story(_convert(), _make),
    "convert a sheet to a CHD and trash it": _story(_convert(trash_source=True), _make),
    "convert a sheet to a CHD and trash it by links": _story(
        _convert(trash_source=True), _make, exclusive=errno.EINVAL
    ),
    "undo a sheet with a CHD": _story(undo_newest, _make_trashed),
}

"""Stories of a CD's files that are written over those of another disc: the old ones are in the trash, together."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import fault_injection as faults
from command_line import write_old
from crash_states import CrashState
from disc_files import convert_disc, expected_files
from disc_stories import DISC, FILES, SHEET, SOURCE
from power_stories import NO_CLAIMS, Act, Claims, Story, described, finish_undone, is_trashed, undo_newest, until
from raw_discs import SHORT, write_disc
from trash_sets import MTIME_NS, entries, undo_as_a_user

from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.held import HeldEntry
from discpress.engine.convert.trash.undo import undo
from discpress.engine.errors import DiscpressError, TrashError
from discpress.engine.formats import PART_SUFFIX
from discpress.engine.progress import Control
from discpress.engine.request import OnConflict

OLD_FILES = expected_files(SHEET, SHORT, seed=71) | {SHEET: b"REM an older sheet\r\n" + FILES[SHEET]}
"""The files of another disc under the same names, each with other bytes."""


def _make(folder: Path) -> None:
    write_disc(folder / SOURCE, SHORT)
    os.utime(folder / SOURCE, ns=(MTIME_NS, MTIME_NS))
    for name, data in OLD_FILES.items():
        write_old(folder / name, data)


def _replace(folder: Path, recorder: Claims) -> None:
    convert_disc(
        folder / SOURCE,
        SHORT,
        journal=lambda kind, facts: recorder.claim(kind),
        on_conflict=OnConflict.OVERWRITE,
    )
    recorder.claim("published")


def _replace_in_vain(folder: Path, recorder: Claims) -> None:
    """Fail in the moment of publishing the sheet: the old files come back."""
    publish = PartFile.publish

    def fail_for_the_sheet(part: PartFile, *, comes_back: bool = False) -> Any:
        if part.final_path.name == SHEET:
            faults.fail_with(errno.EIO)()
        return publish(part, comes_back=comes_back)

    with mock.patch.object(PartFile, "publish", fail_for_the_sheet):
        try:
            _replace(folder, recorder)
        except (OSError, DiscpressError):
            return
    raise AssertionError("it was published")


def make_replaced(folder: Path) -> None:
    _make(folder)
    _replace(folder, NO_CLAIMS)


def losses(story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    """Yield what must be there of the disc, of the old files and of the new ones, and is not."""
    trashed = dict(described(state))
    if state.files.get(SOURCE) != DISC:
        yield "the source is lost"
    for name, data in OLD_FILES.items():
        if state.files.get(name) not in {data, FILES[name], None}:
            yield f"{name} is not whole"
        if state.files.get(name) != data and data not in trashed.values():
            yield f"the old {name} is lost"
    hidden = {name for name in state.files if is_trashed(name)} - trashed.keys()
    if hidden:
        yield f"the trash does not describe {hidden}"
    if state.files.get(SHEET) == FILES[SHEET] and any(state.files.get(name) != data for name, data in FILES.items()):
        yield "the new sheet names a file that is not there"
    said = claims[-1] if claims else ""
    if said == "published" and any(state.files.get(name) != data for name, data in FILES.items()):
        yield "what was published is not there"
    if said == "undone" and any(state.files.get(name) != data for name, data in OLD_FILES.items()):
        yield "what was undone is not back"


def recover(story: Story, folder: Path) -> list[str]:
    """Convert over the old files again, as a user would; return what is not made good by that."""
    problems = []
    try:
        convert_disc(folder / SOURCE, SHORT, on_conflict=OnConflict.OVERWRITE)
    except DiscpressError as error:
        problems.append(str(error))
    problems += [f"{name} is not there" for name, data in FILES.items() if _read(folder / name) != data]
    kept = {each.read_bytes() for each in folder.glob(".discpress-trash/*/*.kept")}
    problems += [f"the old {name} is not in the trash" for name, data in OLD_FILES.items() if data not in kept]
    return [*problems, *(f"{path.name} is left" for path in folder.glob(f"*{PART_SUFFIX}"))]


def recover_undo(story: Story, folder: Path) -> list[str]:
    """Undo, as a user would; return what is not made good by that."""
    try:
        undo_as_a_user(folder)
        for entry in entries(folder):
            if entry.reason == "overwritten":
                _undo_by_the_hint(folder, entry)
    except DiscpressError as error:
        return [str(error)]
    return [f"the old {name} is not back" for name, data in OLD_FILES.items() if _read(folder / name) != data]


def _undo_by_the_hint(folder: Path, entry: TrashEntry) -> None:
    """Undo an entry. A result made anew for a test has another inode: it is in the way, and is moved away."""
    try:
        undo(entry, 1, Control())
    except TrashError:
        (folder / "away").mkdir()
        for name, data in FILES.items():
            if _read(folder / name) == data:
                (folder / name).rename(folder / "away" / name)
        undo(entry, 1, Control())


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _story(act: Act, **more: Any) -> Story:
    return Story(act, losses=losses, **({"prepare": _make, "recover": recover} | more))


_UNDOING = {"prepare": make_replaced, "recover": recover_undo}
DISC_REPLACING_STORIES = {
    "replace the files of a disc": _story(_replace),
    "replace the files of a disc by links": _story(_replace, exclusive=errno.EINVAL),
    "replace the files of a disc in vain": _story(_replace_in_vain),
    "undo a replaced disc": _story(undo_newest, **_UNDOING),
    "undo a replaced disc by links": _story(undo_newest, **_UNDOING, exclusive=errno.EINVAL),
    "finish an undo of a replaced disc": _story(finish_undone, **_UNDOING, left=until(HeldEntry, "drop", undo_newest)),
}

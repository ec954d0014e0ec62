"""Stories of a CD that becomes a sheet and its files: whole under the name of the sheet, or taken up by a later run."""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from cd_chds import cd_chd
from crash_states import CrashState
from disc_files import convert_chd, convert_disc, expected_files
from power_stories import Act, Claims, Story, described, is_trashed, undo_newest
from raw_discs import SHORT, stored_sectors, track_plans, write_chd, write_disc
from trash_sets import MTIME_NS, entries, undo_as_a_user

from discpress.engine.convert.part.name import part_path_of
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.part.part_set import PartSet
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.convert.trash.undo import purge
from discpress.engine.errors import DiscpressError, TrashError
from discpress.engine.formats import PART_SUFFIX
from discpress.engine.progress import Control
from discpress.engine.system.files import FileIdentity

SOURCE = "Game.chd"
SHEET = "Game.cue"
FIRST = "Game (Track 1).bin"
FILES = expected_files(SHEET, SHORT)
DISC = stored_sectors(SHORT)
CHD = cd_chd(*track_plans(SHORT))


def _make(folder: Path) -> None:
    write_disc(folder / SOURCE, SHORT)


def _convert(folder: Path, recorder: Claims) -> None:
    convert_disc(folder / SOURCE, SHORT, journal=lambda kind, facts: recorder.claim(kind))


def _publish_one(folder: Path, recorder: Claims) -> None:
    """Leave what a run leaves that is killed when the first file has its name."""
    publish = PartFile.publish

    def die_after_one(part: PartFile, *, comes_back: bool = False) -> FileIdentity:
        if (folder / FIRST).exists():
            raise KeyboardInterrupt
        return publish(part, comes_back=comes_back)

    with (
        mock.patch.object(PartFile, "publish", die_after_one),
        mock.patch.object(PartSet, "_take_back", lambda part, published: False),
        mock.patch.object(PartSet, "discard", PartSet.close),
        contextlib.suppress(KeyboardInterrupt),
    ):
        _convert(folder, recorder)


def losses(story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    """Yield what must be there of the disc and its files, and is not."""
    if state.files.get(SOURCE) != DISC:
        yield "the source is lost"
    for name, data in FILES.items():
        if state.files.get(name, data) != data:
            yield f"{name} is not whole"
    is_whole = FILES.keys() <= state.files.keys()
    if SHEET in state.files and not is_whole:
        yield "the sheet names a file that is not there"
    published = (FILES.keys() & state.files.keys()) - {SHEET}
    mark = state.files.get(part_path_of(Path(SHEET)).name, b"")
    if published and SHEET not in state.files and mark != FILES[SHEET]:
        yield f"nothing shows what {published} are"
    for name in state.files.keys() - FILES.keys() - {SOURCE}:
        if not name.endswith(PART_SUFFIX):
            yield f"{name} is left"
    if claims and claims[-1] == "published" and not is_whole:
        yield "what was published is not there"


def recover(story: Story, folder: Path) -> list[str]:
    """Convert again, as a user would; return what is not made good by that."""
    problems = []
    if not (folder / SHEET).exists():
        try:
            convert_disc(folder / SOURCE, SHORT)
        except DiscpressError as error:
            problems.append(str(error))
    for name, data in FILES.items():
        if not (folder / name).is_file() or (folder / name).read_bytes() != data:
            problems.append(f"{name} is not there")
    left = [path.name for path in folder.iterdir() if path.name not in FILES and path.name != SOURCE]
    return [*problems, *(f"{name} is left" for name in left if not _is_second_name(folder, name))]


def _is_second_name(folder: Path, name: str) -> bool:
    """Return whether a part is the published sheet under its old name, which the next command removes."""
    return name == part_path_of(Path(SHEET)).name and (folder / name).samefile(folder / SHEET)


def _story(act: Act, **more: Any) -> Story:
    return Story(act, prepare=_make, losses=losses, recover=recover, **more)


def _make_chd(folder: Path) -> None:
    write_chd(folder / SOURCE, SHORT)
    os.utime(folder / SOURCE, ns=(MTIME_NS, MTIME_NS))


def _make_trashed(folder: Path) -> None:
    _make_chd(folder)
    convert_chd(folder / SOURCE, trash_source=True)


def _convert_and_trash(folder: Path, recorder: Claims) -> None:
    convert_chd(folder / SOURCE, trash_source=True, journal=lambda kind, facts: recorder.claim(kind))


def _purge(folder: Path, recorder: Claims) -> None:
    purge(entries(folder)[-1], 1, Control(), force=False, journal=lambda kind, facts: recorder.claim(kind))


def trash_losses(story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    """Yield what must be there of a CHD and of what replaces it, and is not."""
    trashed = dict(described(state))
    is_home, is_kept = state.files.get(SOURCE) == CHD, CHD in trashed.values()
    is_whole = FILES.keys() <= state.files.keys()
    for name, data in FILES.items():
        if state.files.get(name, data) != data:
            yield f"{name} is not whole"
    if SOURCE in state.files and not is_home:
        yield "the source is another file"
    if not (is_home or is_kept or (story.may_lose_original and is_whole)):
        yield "the source is lost"
    if not is_home and not is_whole and not set(FILES.values()) <= {*trashed.values(), *state.files.values()}:
        yield "neither the source nor its files are in their place"
    if is_kept and not is_home and SHEET not in state.files and SHEET not in _names_in_trash(state):
        yield "the source went to the trash before the sheet had its name"
    hidden = {name for name in state.files if is_trashed(name)} - trashed.keys()
    if hidden:
        yield f"the trash does not describe {hidden}"
    said = claims[-1] if claims else ""
    if said == "published" and not is_whole:
        yield "what was published is not there"
    if said == "trashed" and not (is_kept and is_whole):
        yield "what was trashed is not in the trash, or its files are not there"
    if said == "undone" and not is_home:
        yield "what was undone is not back"


def _names_in_trash(state: CrashState) -> set[str]:
    return {SHEET for name, data in described(state) if data == FILES[SHEET]}


def recover_chd(story: Story, folder: Path) -> list[str]:
    """Undo, as a user would; return what is not made good by that."""
    for path in folder.rglob("*"):
        if path.is_file() and path.read_bytes() in {CHD, *FILES.values()}:
            os.utime(path, ns=(MTIME_NS, MTIME_NS))  # what was made anew has its own time
    problems = []
    try:
        undo_as_a_user(folder)
    except DiscpressError as error:
        problems.append(str(error))
    problems += [str(each) for each in entries_in(folder) if isinstance(each, TrashError)]
    if not story.may_lose_original and (not (folder / SOURCE).is_file() or (folder / SOURCE).read_bytes() != CHD):
        problems.append("the source is not back")
    return problems


def _chd_story(act: Act, make: Callable[[Path], None], **more: Any) -> Story:
    return Story(act, prepare=make, losses=trash_losses, recover=recover_chd, **more)


DISC_STORIES = {
    "convert a disc to files": _story(_convert),
    "convert a disc to files by links": _story(_convert, exclusive=errno.EINVAL),
    "convert a disc to files under a lock": _story(_convert, exclusive=errno.EINVAL, link=errno.EPERM),
    "convert a CHD to files and trash it": _chd_story(_convert_and_trash, _make_chd),
    "convert a CHD to files and trash it by links": _chd_story(_convert_and_trash, _make_chd, exclusive=errno.EINVAL),
    "undo a CHD with files": _chd_story(undo_newest, _make_trashed),
    "undo a CHD with files by links": _chd_story(undo_newest, _make_trashed, exclusive=errno.EINVAL),
    "purge a CHD with files": _chd_story(_purge, _make_trashed, may_lose_original=True),
    "go on with files of a killed run": _story(_convert, left=_publish_one),
}

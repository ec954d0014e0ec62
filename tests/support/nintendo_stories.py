"""Stories for a loss of power with a GameCube disc that nod-rs packs: into an RVZ, and into a WBFS in parts."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import fault_injection as faults
import nintendo_discs as discs
from command_line import write_old
from crash_states import CrashState
from power_stories import NO_CLAIMS, Act, Claims, Story, described, is_trashed
from trash_sets import undo_as_a_user

from discpress.engine.convert.nintendo import split_files
from discpress.engine.convert.part import new_part
from discpress.engine.convert.trash.entry import UNDO_MARKER
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.errors import DiscpressError, TrashError
from discpress.engine.formats import PART_SUFFIX, ImageFormat
from discpress.engine.request import OnConflict

NAME = "Game [b].iso"
DISC = discs.small_disc()
PART_BYTES = 1_572_864
"""The disc takes 4 MiB as a WBFS."""
RVZ, WBFS = ("Game [b].rvz",), ("Game [b].wbfs", "Game [b].wbf1", "Game [b].wbf2")
OLDER = {name: f"older {name}".encode() * 300 for name in (*WBFS, "Game [b].wbf3")}
"""Files of another image, of which the new one replaces more than it has."""
Names = tuple[str, ...]


def _convert(names: Names, **request: Any) -> Act:
    def act(folder: Path, recorder: Claims) -> None:
        wish = {"format": ImageFormat(Path(names[0]).suffix[1:]), "accept_incomplete": True, **request}
        with ExitStack() as stack:
            for module in (split_files, new_part) if len(names) > 1 else ():
                stack.enter_context(mock.patch.object(module, "PART_BYTES", PART_BYTES))
            stack.enter_context(mock.patch.object(split_files, "_is_on_fat", lambda folder: True))
            faults.run_conversion(folder / NAME, journal=lambda kind, facts: recorder.claim(kind), **wish)

    return act


@cache
def result(names: Names) -> dict[str, bytes]:
    """Return the files that an undisturbed conversion writes."""
    with tempfile.TemporaryDirectory() as top:
        _make(Path(top))
        _convert(names)(Path(top), NO_CLAIMS)
        return {name: (Path(top) / name).read_bytes() for name in names}


def _make(folder: Path) -> None:
    write_old(folder / NAME, DISC)


def _losses(names: Names, story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    trashed = dict(described(state))
    there = {name: data for name, data in state.files.items() if name in names}
    is_proven = there == result(names)
    if not there.items() <= result(names).items():
        yield "a final name is no whole file of the result"
    if names[0] in there and not is_proven:
        yield "the first part has its name before another one"
    is_home = state.files.get(NAME) == DISC
    is_spared = DISC in trashed.values() or (story.may_lose_original and is_proven)
    if not is_home and (not is_spared or NAME in state.files):
        yield "the source is lost"
    if not is_home and not is_proven and not any(name.endswith(f"/{UNDO_MARKER}") for name in state.files):
        yield "neither the source nor the result are in their place"
    if hidden := {name for name in state.files if is_trashed(name)} - trashed.keys():
        yield f"the trash does not describe {hidden}"
    if claims and claims[-1] in {"published", "trashed"} and not is_proven:
        yield "what was published is not there"


def _recover(names: Names, folder: Path) -> list[str]:
    """Undo, then convert again, as a user would; return what is not made good by that."""
    problems = []
    times = (folder / NAME).stat() if (folder / NAME).exists() else None
    for path in folder.iterdir():
        if path.name in names and times is not None:
            os.utime(path, ns=(times.st_mtime_ns, times.st_mtime_ns))
    try:
        undo_as_a_user(folder)
        _convert(names, on_conflict=OnConflict.OVERWRITE)(folder, NO_CLAIMS)
    except DiscpressError as error:
        problems.append(str(error))
    problems += [str(each) for each in entries_in(folder) if isinstance(each, TrashError)]
    found = {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}
    if found != result(names):
        problems.append("the next conversion did not give the result")
    return [*problems, *(f"{path.name} is left" for path in folder.glob(f"*{PART_SUFFIX}"))]


def _story(names: Names, more: dict[str, Any] | None = None, **request: Any) -> Story:
    return Story(
        _convert(names, **request),
        prepare=_make,
        losses=lambda story, state, claims: _losses(names, story, state, claims),
        recover=lambda story, folder: _recover(names, folder),
        **(more or {}),
    )


def _make_older(folder: Path) -> None:
    _make(folder)
    for name, data in OLDER.items():
        write_old(folder / name, data)


def _replacing_losses(story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    trashed, new = dict(described(state)), result(WBFS)
    if state.files.get(NAME) != DISC:
        yield "the source is lost"
    for name, data in OLDER.items():
        if state.files.get(name) != data and data not in trashed.values():
            yield f"the older {name} is lost"
        if state.files.get(name) not in {data, new.get(name), None}:
            yield f"{name} is not whole"
    if hidden := {name for name in state.files if is_trashed(name)} - trashed.keys():
        yield f"the trash does not describe {hidden}"
    if claims and claims[-1] == "published" and not new.items() <= state.files.items():
        yield "what was published is not there"


def _recover_replacing(story: Story, folder: Path) -> list[str]:
    """Replace the older files again, as a user would; return what is not made good by that."""
    problems = []
    try:
        _convert(WBFS, on_conflict=OnConflict.OVERWRITE)(folder, NO_CLAIMS)
    except DiscpressError as error:
        problems.append(str(error))
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != NAME}
    if found != result(WBFS):
        problems.append(f"the next conversion left {sorted(found)}")
    kept = {path.read_bytes() for path in folder.glob(".discpress-trash/*/*.kept")}
    return [*problems, *(f"the older {name} is not in the trash" for name, data in OLDER.items() if data not in kept)]


NINTENDO_STORIES = {
    "convert to an RVZ and trash": _story(RVZ, trash_source=True),
    "convert to a WBFS in parts": _story(WBFS),
    "convert to a WBFS in parts by links": _story(WBFS, {"exclusive": errno.EINVAL}),
    "convert to a WBFS in parts and trash": _story(WBFS, trash_source=True),
    "replace a WBFS in parts": Story(
        _convert(WBFS, on_conflict=OnConflict.OVERWRITE),
        prepare=_make_older,
        losses=_replacing_losses,
        recover=_recover_replacing,
    ),
}

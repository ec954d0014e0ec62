"""Stories for a loss of power while a copy of a disc goes to the trash because another copy is kept, and comes back."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cd_sectors import form_1
from command_line import write_old
from crash_states import CrashState
from foreign_images import cue
from memory_cds import ps1_disc, raw_sectors
from power_stories import NO_CLAIMS, Claims, Story, described, is_trashed, undo_newest
from trash_sets import MTIME_NS, entries, undo_as_a_user

from discpress.engine.convert.trash.duplicate import finish_stopped, keep_copy, trash_copy
from discpress.engine.convert.trash.journal import no_journal
from discpress.engine.convert.trash.undo import undo
from discpress.engine.errors import DiscpressError
from discpress.engine.progress import Control, Progress

DISC = b"".join(raw_sectors(ps1_disc(kib=4), form_1))
COPY = {"Game.cue": b"REM the copy\n" + cue("Game.bin"), "Game.bin": DISC}
KEPT = {"kept/Game.cue": cue("Game.bin"), "kept/Game.bin": DISC}
PLAYLIST = "all.m3u"
LINES = b"Game.cue\nother.iso\n"


def make(folder: Path) -> None:
    """Write a disc twice, and a playlist that names the copy."""
    for name, data in {**COPY, **KEPT, PLAYLIST: LINES}.items():
        os.utime(write_old(folder / name, data), ns=(MTIME_NS, MTIME_NS))


def put_away(folder: Path, recorder: Claims) -> None:
    """Move the copy to the trash."""
    with keep_copy(folder / "kept/Game.cue", 1, Control(), Progress()) as kept:
        trash_copy(
            kept,
            folder / "Game.cue",
            lambda source: {},
            1,
            Control(),
            Progress(),
            lambda kind, facts: recorder.claim(kind),
            lambda notice: None,
        )


def _make_trashed(folder: Path) -> None:
    make(folder)
    put_away(folder, NO_CLAIMS)


def losses(story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    """Yield what must be there of both copies and the playlist, and is not."""
    trashed = dict(described(state))
    is_kept = all(state.files.get(name) == data for name, data in KEPT.items())
    if not is_kept:
        yield "the kept copy is lost or changed"
    for name, data in COPY.items():
        if state.files.get(name, data) != data:
            yield f"{name} is another file"
        if name not in state.files and data not in trashed.values() and not (story.may_lose_original and is_kept):
            yield f"{name} is lost"
    hidden = {name for name in state.files if is_trashed(name)} - trashed.keys()
    if hidden:
        yield f"the trash does not describe {hidden}"
    named = state.files.get(PLAYLIST, b"").split(b"\n")[0].decode()
    if named not in state.files:
        yield f"the playlist names {named!r}, which is not there"
    said = claims[-1] if claims else ""
    if said == "trashed" and not set(COPY.values()) <= set(trashed.values()):
        yield "what was trashed is not in the trash"
    if said == "undone" and not COPY.keys() <= state.files.keys():
        yield "what was undone is not back"


def recover(story: Story, folder: Path) -> list[str]:
    """Take back what was interrupted, then undo the rest; return what is not made good by that."""
    for path in folder.rglob("*"):
        if path.is_file() and path.read_bytes() in {*COPY.values(), *KEPT.values()}:
            os.utime(path, ns=(MTIME_NS, MTIME_NS))  # what was made anew has its own time
    problems = []
    try:
        finish_stopped([folder], 1, Control(), no_journal, lambda notice: None)
        undo_as_a_user(folder)
        for entry in entries(folder):
            undo(entry, 1, Control())
    except DiscpressError as error:
        problems.append(str(error))
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".json")
    }
    if not story.may_lose_original and found != {**COPY, **KEPT, PLAYLIST: LINES}:
        problems.append(f"not as it was: {sorted(found)}")
    return problems


def _story(act: Callable[[Path, Claims], None], begin: Callable[[Path], None], **more: Any) -> Story:
    return Story(act, prepare=begin, losses=losses, recover=recover, **more)


DUPLICATE_STORIES = {
    "a copy goes to the trash": _story(put_away, make),
    "a copy goes to the trash without renameat2": _story(put_away, make, exclusive=22),
    "a copy comes back": _story(undo_newest, _make_trashed),
}

"""Stories for a loss of power while a playlist is brought up to date: it is whole, and names a file that is there."""

from collections.abc import Iterator
from pathlib import Path

from command_line import write_old
from crash_states import CrashState
from power_stories import NO_CLAIMS, Story, convert, image_losses, prepare, recover_image, undo_newest
from trash_sets import entries

BEFORE = b"#EXTM3U\r\ngame.iso\r\nother.iso\r\n"
AFTER = b"#EXTM3U\r\ngame.zso\r\nother.iso\r\n"
PLAYLIST = "game.m3u"


def _make(folder: Path) -> None:
    prepare(Story(convert()), folder)
    write_old(folder / PLAYLIST, BEFORE)


def _make_trashed(folder: Path) -> None:
    _make(folder)
    convert(trash_source=True)(folder, NO_CLAIMS)


def torn(story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    """Yield what is missing of images and playlist."""
    yield from image_losses(story, state, claims)
    text = state.files.get(PLAYLIST)
    if text not in {BEFORE, AFTER}:
        yield f"the playlist holds {text!r}"
    strays = {name for name in state.files if "/" not in name} - {PLAYLIST, "game.iso", "game.zso"}
    if {name for name in strays if "draft" in name}:
        yield f"among the images are {strays}"


def losses(story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    """Yield the same, and the name of a missing file."""
    yield from torn(story, state, claims)
    named = "game.iso" if state.files.get(PLAYLIST) == BEFORE else "game.zso"
    if named not in state.files:
        yield f"the playlist names {named}, which is not there"


def recover(story: Story, folder: Path) -> list[str]:
    """Undo, as a user would; return what is not made good by that."""
    is_trashed = bool(entries(folder))
    problems = recover_image(story, folder)
    if story.before and is_trashed and (folder / PLAYLIST).read_bytes() != BEFORE:
        problems.append("the playlist is not as it was")
    return problems


_CONVERT = convert(trash_source=True)
PLAYLIST_STORIES = {
    "convert, trash and rewrite a playlist": Story(_CONVERT, prepare=_make, losses=losses, recover=recover),
    "undo with a playlist": Story(undo_newest, (_CONVERT,), prepare=_make_trashed, losses=losses, recover=recover),
}
TORN_STORIES = {
    "convert, trash and rewrite a playlist": Story(_CONVERT, prepare=_make, losses=torn, recover=recover),
    "undo with a playlist": Story(undo_newest, (_CONVERT,), prepare=_make_trashed, losses=torn, recover=recover),
}
"""The same for single calls that fail: a playlist that could not be written has a warning in its place."""

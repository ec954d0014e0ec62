"""Stories for a loss of power with a trash of schema 1: its original and its result are never both gone."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from crash_states import CrashState
from old_trashes import unpack
from power_stories import Claims, Story, decoded, is_trashed
from sample_images import read_back
from trash_sets import entries, undo_as_a_user

from discpress.engine.convert.trash.undo import purge
from discpress.engine.errors import DiscpressError
from discpress.engine.progress import Control

NAME, RESULT = "game.iso", "game.zso"


def _images() -> Mapping[str, bytes]:
    with tempfile.TemporaryDirectory() as name:
        return {kind: read_back(unpack(Path(name)) / kind / RESULT) for kind in ("plain", "half-undone")}


IMAGES = _images()
"""What is in them, by kind."""


def make(kind: str) -> Callable[[Path], None]:
    """Return what makes a folder of a kind of `old_trashes`."""

    def prepare(folder: Path) -> None:
        with tempfile.TemporaryDirectory() as name:
            shutil.copytree(unpack(Path(name)) / kind, folder, dirs_exist_ok=True)

    return prepare


def undo_newest(folder: Path, recorder: Claims) -> None:
    """Do what `discpress undo all` does."""
    undo_as_a_user(folder)
    recorder.claim("undone")


def purge_all(folder: Path, recorder: Claims) -> None:
    """Empty the trash."""
    for entry in entries(folder):
        purge(entry, 1, Control(), force=False)
    recorder.claim("purged")


def losses(story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    """Yield what must be there of the image, and is not."""
    trashed = [data for name, data in state.files.items() if is_trashed(name)]
    images = IMAGES.values()
    is_home = state.files.get(NAME) in images
    is_result_there = RESULT in state.files and decoded(state.files[RESULT]) in images
    if (
        not is_home
        and not any(each in images for each in trashed)
        and not (story.may_lose_original and is_result_there)
    ):
        yield "the original is lost"
    if not (is_home or is_result_there):
        yield "neither original nor result is in its place"
    if NAME in state.files and not is_home:
        yield f"{NAME} is another file"
    if "undone" in claims and not is_home:
        yield "what was undone is not back"


def recover(story: Story, folder: Path) -> list[str]:
    """Go on, as a user would; return what is not made good by that."""
    try:
        if story.may_lose_original:
            for entry in entries(folder):
                purge(entry, 1, Control(), force=False)
            return [] if read_back(folder / RESULT) in IMAGES.values() else ["the result is not there"]
        undo_as_a_user(folder)
    except DiscpressError as error:
        return [str(error)]
    path = folder / NAME
    return [] if path.exists() and path.read_bytes() in IMAGES.values() else ["the original is not back"]


OLD_STORIES = {
    "undo of schema 1": Story(undo_newest, prepare=make("plain"), losses=losses, recover=recover),
    "finish an undo of schema 1": Story(undo_newest, prepare=make("half-undone"), losses=losses, recover=recover),
    "purge of schema 1": Story(
        purge_all, prepare=make("plain"), losses=losses, recover=recover, may_lose_original=True
    ),
}

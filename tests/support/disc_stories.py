"""Stories of a CD that becomes a sheet and its files: whole under the name of the sheet, or taken up by a later run."""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from crash_states import CrashState
from disc_files import convert_disc, expected_files
from power_stories import Act, Claims, Story
from raw_discs import SHORT, stored_sectors, write_disc

from discpress.engine.convert.part.name import part_path_of
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.part.part_set import PartSet
from discpress.engine.errors import DiscpressError
from discpress.engine.formats import PART_SUFFIX
from discpress.engine.system.files import FileIdentity

SOURCE = "Game.chd"
SHEET = "Game.cue"
FIRST = "Game (Track 1).bin"
FILES = expected_files(SHEET, SHORT)
DISC = stored_sectors(SHORT)


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


DISC_STORIES = {
    "convert a disc to files": _story(_convert),
    "convert a disc to files by links": _story(_convert, exclusive=errno.EINVAL),
    "convert a disc to files under a lock": _story(_convert, exclusive=errno.EINVAL, link=errno.EPERM),
    "go on with files of a killed run": _story(_convert, left=_publish_one),
}

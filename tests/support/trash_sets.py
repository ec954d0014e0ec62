"""A title of three files, one in a folder below, that is moved to the trash as a whole."""

import os
from collections.abc import Iterable
from pathlib import Path

from command_line import write_old
from sample_images import mixed, packed

from discpress.engine.convert.digests import Digester
from discpress.engine.convert.trash.entry import Replacement, TrashEntry
from discpress.engine.convert.trash.held import hold
from discpress.engine.convert.trash.journal import CONVERTED, REPAIRED
from discpress.engine.convert.trash.listing import entries_in, find_half_undone, sweep_trash_in
from discpress.engine.convert.trash.trash import Moving, move_to_trash
from discpress.engine.convert.trash.undo import finish_undo, undo
from discpress.engine.progress import Control
from discpress.engine.system.files import FileIdentity

IMAGE = mixed(40_000, seed=41)
FILES = {
    "game.cue": b'FILE "game.bin" BINARY\n',
    "game.bin": mixed(30_000, seed=42),
    "tracks/undo": mixed(9_000, seed=43),
}
"""Bytes by their name below the folder; the main file first. The last one has the name of an older marker."""
MAIN = "game.cue"
RESULT = "game.zso"
MTIME_NS = 1_600_000_000_000_000_000


def make_set(folder: Path) -> None:
    """Write the files and their result, which decodes to IMAGE."""
    for name, data in FILES.items():
        os.utime(write_old(folder / name, data), ns=(MTIME_NS, MTIME_NS))
    (folder / RESULT).write_bytes(packed(IMAGE))
    os.utime(folder / RESULT, ns=(MTIME_NS, MTIME_NS))


def moving(path: Path) -> Moving:
    """What is moved, as it is now."""
    return Moving(path, FileIdentity.of(path.lstat()))


def put_away(folder: Path, names: Iterable[str] = FILES) -> TrashEntry:
    """Move files of the set to the trash, as a conversion to RESULT does."""
    digester = Digester(())
    digester.update(IMAGE)
    replacement = Replacement.of(folder / RESULT, FileIdentity.of((folder / RESULT).lstat()))
    return move_to_trash(
        [moving(folder / name) for name in names],
        replacements=[replacement],
        digests=digester.finish().values,
        reason="converted",
    )


def entries(folder: Path) -> list[TrashEntry]:
    """What can be read in the trash of a folder."""
    return [each for each in entries_in(folder) if isinstance(each, TrashEntry)]


def undo_as_a_user(folder: Path) -> None:
    """Do what `discpress undo all` does: finish, tidy up, put conversions back."""
    for entry in find_half_undone([folder]):
        finish_undo(entry, 1, Control())
    sweep_trash_in(folder)
    for entry in entries(folder):
        if entry.reason in {CONVERTED, REPAIRED}:
            undo(entry, 1, Control())


def is_home(folder: Path) -> bool:
    """Whether every file of the set is where it was, with its bytes and its time."""
    return all(
        (folder / name).is_file()
        and (folder / name).read_bytes() == data
        and (folder / name).stat().st_mtime_ns == MTIME_NS
        for name, data in FILES.items()
    )


def put_back_half(folder: Path) -> TrashEntry:
    """Do half of an undo of the only entry, as a killed one does."""
    (entry,) = entries(folder)
    with hold(entry) as held:
        held.begin_undo()
        held.folder.rename_new("1.kept", held.home, entry.main.name)
    return entry

"""Renames that are killed (SIGKILL) at each change to the disk in turn: `crash_renames.py FOLDER [--links]`.

FOLDER gets a CD with its sheet, a playlist and a checksum file, and a state file. A rename, and then its undo, dies at
that change; the next one finishes it, and it is taken back. Prints how many died.
"""

import hashlib
import itertools
import os
import shutil
import sys
from pathlib import Path

from command_line import write_old
from crash_at import die_at
from foreign_images import cue

from discpress.engine.convert.renaming.plan import FileRename, RenamePlan
from discpress.engine.convert.renaming.run import finish_renames, last_rename, rename_title, undo_rename
from discpress.engine.discs.info import DiscInfo
from discpress.engine.formats import ImageFormat
from discpress.engine.store.digests import Digests
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import OtherFile, Title
from discpress.engine.store.store import Store

OLD = ("1.bin", "2.bin", "Parade.cue.md5", "Parade.cue")
NEW = ("New [b] (Track 1).bin", "New [b] (Track 2).bin", "New [b].cue.md5", "New [b].cue")
TRACKS = b"\1" * 2352 * 3, b"\2" * 2352


def files_of(names: tuple[str, ...]) -> dict[str, bytes]:
    """Return all files of the disc under these names."""
    first, second, md5, sheet = names
    lines = "".join(f"{hashlib.md5(data).hexdigest()} *{name}\n" for name, data in zip(names, TRACKS, strict=False))
    return {
        first: TRACKS[0],
        second: TRACKS[1],
        sheet: cue(first, second),
        md5: lines.encode(),
        "all.m3u": f"{sheet}\nother.cue\n".encode(),
    }


def make(folder: Path) -> None:
    """Write the disc, and what the library knows of it."""
    for name, data in files_of(OLD).items():
        write_old(folder / "games" / name, data)
    with Store(folder / "state") as store:
        title = title_in(folder)
        store.save_titles([title])
        store.digests.save(title.path, title.identity, Digests("0badf00d"))


def title_in(folder: Path) -> Title:
    """Return the title of the disc."""
    path = folder / "games" / "Parade.cue"
    paths = [path, *(path.with_name(name) for name in OLD[:2])]
    identity = FileIdentity.of_set(path, [each.stat() for each in paths])
    others = tuple(OtherFile(each.name, each.stat().st_size) for each in paths[1:])
    return Title(path, identity, ImageFormat.CUE, DiscInfo(title="Parade"), others=others)


def rename(folder: Path) -> None:
    """Rename the disc."""
    files = tuple(FileRename(before, after) for before, after in zip(OLD, NEW, strict=True))
    with Store(folder / "state") as store:
        rename_title(RenamePlan(title_in(folder), files, "a test"), store, lambda notice: None)


def undo(folder: Path) -> None:
    """Take the rename back."""
    with Store(folder / "state") as store:
        for entry in last_rename(store):
            undo_rename(entry, store, lambda notice: None)


def finish(folder: Path) -> int:
    """Finish what was interrupted; return how many renames that were."""
    with Store(folder / "state") as store:
        return len(finish_renames(store, lambda notice: None))


def crash(folder: Path, fatal: int, options: set[str], *, undoes: bool) -> bool:
    """Rename, or take it back, in a process that dies at that change; return whether it did."""
    child = os.fork()
    if child == 0:
        die_at(fatal, options)
        (undo if undoes else rename)(folder)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def check(folder: Path) -> None:
    """Finish what a kill left, and take it back. AssertionError if anything is lost by then."""
    left = contents(folder)
    assert {*TRACKS} <= {*left.values()}
    was_begun = finish(folder) > 0
    found = contents(folder)
    assert found in (files_of(NEW), files_of(OLD)), sorted(found)
    assert not [path for path in (folder / "games").iterdir() if path.is_dir()]
    assert was_begun or found == left
    if found == files_of(NEW):
        undo(folder)
        assert contents(folder) == files_of(OLD)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of the disc's folder."""
    return {path.name: path.read_bytes() for path in (folder / "games").iterdir() if path.is_file()}


def copy(folder: Path, other: Path) -> None:
    """Copy the state, and give the files of the disc another name: they are the very files that were recorded."""
    shutil.copytree(folder / "games", other / "games", copy_function=os.link)
    shutil.copytree(folder / "state", other / "state")


def main() -> None:
    """Kill one rename after the other, and one undo after the other, until one of each survives."""
    top, options = Path(sys.argv[1]), set(sys.argv[2:])
    folder, made = top / "disc", top / "made"
    make(folder)
    deaths = 0
    for undoes in (False, True):
        if undoes:
            rename(folder)
        copy(folder, made)
        for fatal in itertools.count(1):
            if not crash(folder, fatal, options, undoes=undoes):
                break
            deaths += 1
            check(folder)
            shutil.rmtree(folder)
            copy(made, folder)
        shutil.rmtree(folder)
        copy(made, folder)
        shutil.rmtree(made)
    print(deaths)


if __name__ == "__main__":
    main()

"""Leftovers of a killed run that wrote a result in parts: each gets a marker again, so that any order removes them.

While another program proves the parts, all have their real heads. Before that, the marker of the first one lists the
heads of the others; their heads come next, and that of the first last. So what a kill leaves is known at any time:

    the first has a marker                      the others have one as well, or the first lists them
    the first has its real head, and no name    all others are whole: together they are a packed copy of the source
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from discpress.engine.convert.part.marker import HEAD_BYTES, is_marked, lists_head
from discpress.engine.convert.part.name import drop_second_name, part_path_of, take_leftover
from discpress.engine.errors import StorageError, from_os_error
from discpress.engine.images.source import FileSource, read_bytes
from discpress.engine.system.files import sync_file, write_all
from discpress.engine.system.rename import rename_new, sync_folder


def mark_leftovers(
    paths: Sequence[Path], make_marker: Callable[[Sequence[bytes]], bytes], is_copy: Callable[[Sequence[Path]], bool]
) -> None:
    """Give the leftovers of a killed run markers again, and their own names back to those that it has published.

    `paths` are the final paths of the result's parts, of which the last may be unneeded. `make_marker` returns a marker
    that lists heads, `is_copy` whether files are, joined, a packed copy of the source. Files of others stay as they
    are. Raises PartError if a run is writing the parts, and StorageError.
    """
    drop_second_name(paths[0])
    first = part_path_of(paths[0])
    head = _head_of(first)
    if head is None:
        return
    if is_marked(head):
        for path in map(part_path_of, paths[1:]):
            found = _head_of(path)
            if found is not None and not is_marked(found) and lists_head(head, found):
                _write_marker(path, make_marker(()))
        return
    others = _others_of(paths)
    heads = [head for head in map(_head_of, others) if head is not None]
    fd = take_leftover(first, lambda _: is_copy((first, *others)))
    if fd < 0:
        return
    try:
        _take_names_back(others, paths)
        _mark(fd, first, make_marker(heads))
    finally:
        os.close(fd)
    for path in map(part_path_of, paths[1 : len(others) + 1]):
        _write_marker(path, make_marker(()))


def _others_of(paths: Sequence[Path]) -> list[Path]:
    """Return the files after the first part, each under its final or its part's name, up to the first missing one."""
    is_midway = not os.path.lexists(paths[0])
    found: list[Path] = []
    for path in paths[1:]:
        names = [each for each in (path, part_path_of(path)) if each != path or is_midway]
        there = next((each for each in names if _head_of(each) is not None), None)
        if there is None:
            break
        found.append(there)
    return found


def _head_of(path: Path) -> bytes | None:
    """Return the first bytes of a regular file; None if there is none that can be read."""
    if path.is_symlink() or not path.is_file():
        return None
    try:
        source = FileSource(path)
        try:
            return read_bytes(source, 0, HEAD_BYTES)
        finally:
            source.close()
    except StorageError:
        return None


def _take_names_back(others: Sequence[Path], paths: Sequence[Path]) -> None:
    published = [path for path in others if path in paths]
    try:
        for path in published:
            drop_second_name(path)
            rename_new(path, part_path_of(path))
        if published:
            sync_folder(paths[0].parent)
    except OSError as error:
        raise from_os_error(error, paths[0], "take back the parts of a stopped run") from error


def _write_marker(path: Path, marker: bytes) -> None:
    """Mark a leftover that is known to be one."""
    fd = take_leftover(path, lambda _: True)
    if fd < 0:
        return
    try:
        _mark(fd, path, marker)
    finally:
        os.close(fd)


def _mark(fd: int, path: Path, marker: bytes) -> None:
    try:
        write_all(fd, marker, 0)
        sync_file(fd)
    except OSError as error:
        raise from_os_error(error, path, "mark it as unfinished") from error

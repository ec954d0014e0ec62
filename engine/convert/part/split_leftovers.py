"""Leftovers of a killed run that wrote a result in parts: each gets a marker again, so that any order removes them.

While another program proves the parts, all have their real heads. Before that, the marker of the first one lists the
heads of the others; their heads come next, and that of the first last. So what a kill leaves is known at any time:

    the first has a marker                      the others have one as well, or the first lists them
    the first has its real head, and no name    all others are whole: together they are a packed copy of the source
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from discpress.engine.convert.part.marker import HEAD_BYTES, is_marked, lists_head
from discpress.engine.convert.part.name import drop_second_name, part_path_of, take_leftover
from discpress.engine.errors import StorageError, from_os_error
from discpress.engine.images.source import FileSource, read_bytes
from discpress.engine.system.files import same_file, sync_file, write_all
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
    others: Sequence[Path] = ()  # an empty first part is a leftover as well, and proves nothing about other files

    def has_others(_: Path) -> bool:
        nonlocal others
        found = next((each for each in _choices_of(paths) if is_copy((first, *each))), None)
        others = found or ()
        return found is not None

    fd = take_leftover(first, has_others)
    if fd < 0:
        return
    heads = [head for head in map(_head_of, others) if head is not None]
    try:
        _take_names_back(others, paths)
        mark_unfinished(fd, first, make_marker(heads))
    finally:
        os.close(fd)
    for path in map(part_path_of, paths[1 : len(others) + 1]):
        _write_marker(path, make_marker(()))


def _choices_of(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    """Yield the files that may follow the first part, the fewest first.

    Those under their parts' names belong to it. If it is not published, those under final names may have been published
    after them, or are older files that were about to go to the trash: only all together they show that.
    """
    is_midway = not os.path.lexists(paths[0])
    found: list[Path] = []
    fewest = 0
    for path in paths[1:]:
        part_path = part_path_of(path)
        if _head_of(part_path) is not None:
            found.append(path if is_midway and _is_one_file(path, part_path) else part_path)
            fewest = len(found)
        elif is_midway and _head_of(path) is not None:
            found.append(path)
        else:
            break
    yield from (found[:count] for count in range(fewest, len(found) + 1))


def _is_one_file(path: Path, part_path: Path) -> bool:
    """Return whether a file has both names, as between the link and the unlink that stand in for a rename."""
    try:
        return same_file(path.lstat(), part_path.lstat())
    except OSError:
        return False


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
        mark_unfinished(fd, path, marker)
    finally:
        os.close(fd)


def mark_unfinished(fd: int, path: Path, marker: bytes) -> None:
    """Write a marker to the beginning of an open part, and sync it. Raises StorageError."""
    try:
        write_all(fd, marker, 0)
        sync_file(fd)
    except OSError as error:
        raise from_os_error(error, path, "mark it as unfinished") from error

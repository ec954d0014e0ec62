"""The texts that name a file of a title, before and after it is renamed: playlists, sheets and checksum lists."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from discpress.engine.convert.playlists.edits import TextEdit
from discpress.engine.convert.playlists.names import MAX_LIST_BYTES, MAX_TEXT_BYTES
from discpress.engine.convert.playlists.search import find_texts
from discpress.engine.convert.renaming.plan import CHECKSUM_SUFFIXES, FileRename
from discpress.engine.errors import ConflictError
from discpress.engine.names import display_name
from discpress.engine.system.held_folder import HeldFolder

_CHUNK_BYTES = 1024 * 1024


def edits_for(folder: Path, main: str, files: Iterable[FileRename]) -> tuple[list[TextEdit], list[str]]:
    """Return the edits that let all texts follow, in the order in which they are made, and warnings about others.

    `main` is the main file of the title. Raises ConflictError if that is a sheet that cannot follow.
    """
    shown = display_name(main)
    edits: list[TextEdit] = []
    notices: list[str] = []
    for each in files:
        found = find_texts(folder / each.before, folder / each.after, with_lists=False)
        edits += found.edits
        notices += found.notices
        stays = next((notice for notice in found.notices if notice.startswith(f"{shown} still names ")), "")
        if stays:
            raise ConflictError(f"{display_name(folder / main)}: its files cannot be renamed: {stays}")
        edits += _list_edits(folder, each, notices)
    return edits, notices


def _list_edits(folder: Path, file: FileRename, notices: list[str]) -> Iterator[TextEdit]:
    """Yield an edit for each checksum list in the folder that names the file as the last or first word of a line."""
    old, new = os.fsencode(file.before), os.fsencode(file.after)
    with contextlib.suppress(OSError), HeldFolder.open(folder) as held:
        for name in held.names():
            if not name.lower().endswith(CHECKSUM_SUFFIXES):
                continue
            with contextlib.suppress(OSError):
                fd, facts = held.open_file(name)
                with os.fdopen(fd, "rb") as text:
                    if facts.st_size > MAX_LIST_BYTES:
                        if _contains(text, old):
                            notices.append(f"{display_name(name)} still lists {display_name(file.before)}: too large")
                        continue
                    before = text.read(MAX_LIST_BYTES)
                if old in before:
                    yield from _edit_of(name, before, _renamed(before, old, new), facts.st_mtime_ns)


def _edit_of(name: str, before: bytes, after: bytes, mtime_ns: int) -> Iterator[TextEdit]:
    """Yield the edit of a text, if it changes; a large one has the changed lines only, as the journal keeps both."""
    if after == before:
        return
    if len(before) > MAX_TEXT_BYTES:
        lines = zip(before.split(b"\n"), after.split(b"\n"), strict=True)
        changed = [(one, other) for one, other in lines if one != other]
        before, after = (b"\n".join(each) for each in zip(*changed, strict=True))
    yield TextEdit(name, before, after, mtime_ns)


def _contains(file: BinaryIO, name: bytes) -> bool:
    """Return whether a file of any size contains a name. OSError."""
    end = b""
    while chunk := file.read(_CHUNK_BYTES):
        if name in end + chunk:
            return True
        end = chunk[-len(name) :]
    return False


def _renamed(data: bytes, before: bytes, after: bytes) -> bytes:
    """Return a checksum list with a name replaced: `DIGEST  NAME`, `DIGEST *NAME`, `KIND (NAME) = DIGEST`, or SFV."""
    return b"\n".join(_renamed_line(line, before, after) for line in data.split(b"\n"))


def _renamed_line(line: bytes, before: bytes, after: bytes) -> bytes:
    body, end = (line[:-1], line[-1:]) if line.endswith(b"\r") else (line, b"")
    for mark in (b" ", b"*", b"\t", b"./"):
        if body.endswith(mark + before):
            return body[: -len(before)] + after + end
    if b"(" + before + b") = " in body:
        return body.replace(b"(" + before + b") = ", b"(" + after + b") = ", 1) + end
    if body.startswith(before + b" ") and not body.startswith(b";"):
        return after + body[len(before) :] + end
    return line

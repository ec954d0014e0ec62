"""Replaces a text by its new form: written next to it as a new file, synced, then renamed over it.

A text is never half written and never without a name. What somebody changed meanwhile is left alone.
"""

import contextlib
import errno
import os

from discpress.engine.convert.playlists.edits import TextEdit, applied
from discpress.engine.convert.playlists.names import MAX_LIST_BYTES, MAX_TEXT_BYTES, is_text_name
from discpress.engine.names import display_name
from discpress.engine.system.access import Access, set_access, set_time
from discpress.engine.system.files import FileIdentity, sync_file
from discpress.engine.system.held_folder import HeldFolder
from discpress.engine.system.locks import has_writer
from discpress.engine.system.rename import locked_folder

DRAFT_NAME = "text.draft"
"""The new file in the entry of the trash: a run that is killed leaves nothing among the images."""

_FULL = {errno.ENOSPC, errno.EDQUOT}
_GROWTH = 2
"""A text may have grown since it was looked at."""


def rewrite(edit: TextEdit, folder: HeldFolder, drafts: HeldFolder, *, restores: bool = False) -> str:
    """Make an edit in the text in `folder`; return why not, as half a sentence, or nothing.

    The new file is written in `drafts`, a folder of the same file system that only this process writes to. It gets the
    text's permission bits and, if it `restores` the text of the edit, its time. OSError if the disk is full.
    """
    try:
        with locked_folder(folder.path, folder.fd):
            return _rewrite(edit, folder, drafts, restores=restores)
    except FileNotFoundError:
        return "it is gone"
    except OSError as error:
        if error.errno in _FULL:  # it can be done later: until then the image stays where the text says
            raise
        return error.strerror or str(error)


def drop_draft(drafts: HeldFolder) -> None:
    """Remove what a killed run left. OSError."""
    with contextlib.suppress(FileNotFoundError):
        drafts.unlink(DRAFT_NAME)


def _rewrite(edit: TextEdit, folder: HeldFolder, drafts: HeldFolder, *, restores: bool) -> str:
    drop_draft(drafts)  # after a power loss it may be a second name of the text, which changes when that goes
    fd, facts = folder.open_file(edit.file_name)
    with os.fdopen(fd, "rb") as file:
        if has_writer(fd):
            return "another program is writing it"
        most_bytes = _GROWTH * (MAX_TEXT_BYTES if is_text_name(edit.file_name) else MAX_LIST_BYTES)
        now = file.read(most_bytes + 1)
    if len(now) > most_bytes:
        return "it is too large by now"
    new = applied(edit, now)
    if new is None:
        return "it was changed meanwhile"
    if new == now:
        return ""
    try:
        mtime_ns = edit.mtime_ns if restores and new == edit.after else None
        if not _write_draft(drafts, new, facts, mtime_ns):
            return "it belongs to another user"
        if FileIdentity.of(folder.lstat(edit.file_name)) != FileIdentity.of(facts):
            return "it was changed meanwhile"
        drafts.replace(DRAFT_NAME, folder, edit.file_name)
        folder.sync()
    finally:
        with contextlib.suppress(OSError):
            drop_draft(drafts)
    return ""


def _write_draft(drafts: HeldFolder, data: bytes, facts: os.stat_result, mtime_ns: int | None) -> bool:
    """Write a new file with the access of the text; return whether it has the text's owner. OSError."""
    with os.fdopen(drafts.make_file(DRAFT_NAME), "wb") as file:
        file.write(data)
        file.flush()
        set_access(file.fileno(), Access.of(facts))
        if mtime_ns is not None:
            set_time(file.fileno(), drafts.path / DRAFT_NAME, mtime_ns)
        sync_file(file.fileno())
        return os.fstat(file.fileno()).st_uid == facts.st_uid


def describe(edit: TextEdit, new_name: str, problem: str) -> str:
    """Return a sentence about an edit and what became of it."""
    shown = display_name(edit.file_name)
    return f"{shown} is left as it is: {problem}" if problem else f"{shown} names {display_name(new_name)} now"

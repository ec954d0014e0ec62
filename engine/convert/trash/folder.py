"""The trash folders of a folder, and whose they are: only our own are used, others are listed at most.

    FOLDER/.discpress-trash          of the user who first needed a trash here
    FOLDER/.discpress-trash-<uid>    ours, if the other one is not: it belongs to another user, others can write to it,
                                     or it is a link or a file (freedesktop has the same two, .Trash and .Trash-uid)

A trash folder is ours if its owner and its permission bits are what the file system shows for a folder that this
process makes: its own user, and no right to write for group and others. Shares and FAT show another owner, or every
right, for whatever is made there; only if owner or bits are not as expected, a folder or file is made (and removed) to
compare with. Systems without user ids (Windows) have one trash a folder.
"""

import contextlib
import errno
import os
import re
import secrets
import stat
import sys
from pathlib import Path

from discpress.engine.errors import TrashError, UsageError
from discpress.engine.names import display_name, shell_word
from discpress.engine.system.filesystems import filesystem_of
from discpress.engine.system.held_folder import HeldFolder

if sys.platform != "win32":
    import pwd

TRASH_NAME = ".discpress-trash"
OPEN_TO_OTHERS = "can be written to by other users"
"""The reason not to use a trash of our own."""
_TRASH_NAMES = re.compile(rf"{re.escape(TRASH_NAME)}(-[0-9]+)?", re.IGNORECASE)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
# Where other programs keep what was deleted: freedesktop, macOS, Windows, Synology, QNAP, Samba.
_OTHER_TRASHES = {".trash", ".trashes", "$recycle.bin", "recycler", "#recycle", "@recycle", ".recycle"}
_FREEDESKTOP_HOME_TRASH = "/.local/share/trash/"


def user_id() -> int | None:
    """Return the user that this process makes files as; None on a system without user ids."""
    return os.geteuid() if hasattr(os, "geteuid") else None


def user_name(uid: int | None) -> str:
    """Return what to call a user: the account's name, or the number if there is none."""
    if uid is None:
        return "another user"
    if sys.platform != "win32":
        with contextlib.suppress(KeyError):
            return pwd.getpwuid(uid).pw_name
    return f"user {uid}"


def trash_names() -> tuple[str, ...]:
    """Return the names of the trash folders that are looked at, the first one to be used first."""
    uid = user_id()
    return (TRASH_NAME,) if uid is None else (TRASH_NAME, f"{TRASH_NAME}-{uid}")


def refuse_link(path: Path, named: Path) -> None:
    """Raise UsageError for a link, which is no file to move; `named` is what the user named."""
    if path.is_symlink():
        raise UsageError(
            f"{display_name(named)}: is a link: --delete-source moves files, never links or their targets",
            hint="name the file itself, or leave out --delete-source",
        )


def is_trash_name(name: str) -> bool:
    """Return whether a folder of that name is a trash of ours, of any user."""
    return _TRASH_NAMES.fullmatch(name) is not None


def is_in_a_trash(path: Path) -> bool:
    """Return whether a path leads into a trash, of this program or of another, links resolved."""
    return any(map(_leads_into_a_trash, (path, Path(os.path.realpath(path)))))


def _leads_into_a_trash(path: Path) -> bool:
    names = [part.casefold() for part in path.parts[:-1]]
    return _FREEDESKTOP_HOME_TRASH in path.as_posix().casefold() or any(
        is_trash_name(name) or name in _OTHER_TRASHES or name.startswith(".trash-") for name in names
    )


def why_not_ours(facts: os.stat_result) -> str:
    """Return why a file or folder is not ours by its owner and permission bits, as half a sentence; or nothing.

    Nothing is created to find that out: on a share that shows others for all files the answer may be wrong.
    """
    uid = user_id()
    if uid is None:
        return ""
    if facts.st_uid != uid:
        return f"belongs to {display_name(user_name(facts.st_uid))}"
    is_open = facts.st_mode & _OTHERS_WRITE and not stat.S_ISLNK(facts.st_mode)  # a link has no mode of its own
    return OPEN_TO_OTHERS if is_open else ""


class Ownership:
    """Judges what is ours in a folder, by what its file system shows for what this process makes there."""

    def __init__(self, home: HeldFolder, *, is_reading: bool = False) -> None:
        """With `is_reading` nothing is made: what only belongs to others if the file system shows the truth passes."""
        self._home = home
        self._is_reading = is_reading
        self._shown: dict[int, os.stat_result | None] = {}

    def why_not(self, *found: os.stat_result) -> str:
        """Return why files or folders are not ours, as half a sentence; empty if all of them are."""
        odd = [facts for facts in found if why_not_ours(facts)]
        foreign = [facts for facts in odd if facts.st_uid != user_id()]
        if foreign and filesystem_of(self._home.path).has_owners:
            return why_not_ours(foreign[0])
        if self._is_reading:
            # Permission bits prove nothing even on a local disk: access lists of a NAS show every right for all files.
            return ""
        return next((why_not_ours(facts) for facts in odd if not self._is_as_made_here(facts)), "")

    def _is_as_made_here(self, facts: os.stat_result) -> bool:
        kind = stat.S_IFMT(facts.st_mode)
        if kind not in self._shown:
            self._shown[kind] = _make_and_look(self._home, kind)
        ours = self._shown[kind]
        return ours is not None and is_like(facts, ours)


def is_like(facts: os.stat_result, ours: os.stat_result) -> bool:
    """Return whether a file has the owner of another one, and lets others write no more than that."""
    return facts.st_uid == ours.st_uid and not facts.st_mode & ~ours.st_mode & _OTHERS_WRITE


def _make_and_look(home: HeldFolder, kind: int) -> os.stat_result | None:
    """Return how the file system shows a private folder or file that this process makes; None if it cannot make it."""
    name = f".discpress-{secrets.token_hex(6)}"
    try:
        if stat.S_ISDIR(kind):
            home.make_folder(name)
        elif stat.S_ISREG(kind):
            os.close(home.make_file(name))
        else:
            return None
    except OSError:
        return None
    try:
        facts = home.lstat(name)
        if stat.S_ISDIR(kind):
            home.remove_folder(name)
        else:
            home.unlink_same(name, facts)
    except OSError:
        return None
    return facts


def open_trash(home: HeldFolder) -> HeldFolder:
    """Open a trash of ours in a folder, make it if there is none; TrashError if none can be ours, OSError."""
    return _first_of_ours(home, makes=True)


def check_trash(home: HeldFolder) -> None:
    """Check that there is a trash of ours in a folder, or that its name is free; the errors of `open_trash`."""
    with contextlib.suppress(FileNotFoundError):
        _first_of_ours(home, makes=False).close()


def _first_of_ours(home: HeldFolder, *, makes: bool) -> HeldFolder:
    problems: list[TrashError] = []
    for name in trash_names():
        if makes:
            with contextlib.suppress(FileExistsError):
                home.make_folder(name)
                home.sync()
        try:
            return _open_ours(home, name)
        except TrashError as error:
            problems.append(error)
    raise problems[-1]


def _open_ours(home: HeldFolder, name: str) -> HeldFolder:
    """Open a trash; TrashError if it is not ours, OSError."""
    with contextlib.ExitStack() as stack:
        try:
            trash = stack.enter_context(home.below(name))
        except FileNotFoundError:
            raise
        except OSError as error:
            raise why_not_opened(home, name, error) from error
        problem = Ownership(home).why_not(trash.stat())
        if problem:
            raise not_ours(home.path / name, problem)
        stack.pop_all()
        return trash


def not_ours(path: Path, problem: str) -> TrashError:
    """Return the error about a trash, or an entry, that is not obeyed."""
    hint = "run discpress as that user; here it is only listed"
    if problem == OPEN_TO_OTHERS:
        trash = path if is_trash_name(path.name) else path.parent
        hint = f"check that nobody changed it, then run: chmod -R go-w {shell_word(trash)}"
    return TrashError(f"{display_name(path)}: {problem}: it is not used", hint=hint)


def why_not_opened(home: HeldFolder, name: str, error: OSError) -> TrashError:
    """Return the error about a trash that did not open; the OSError itself is raised if it is no question of whose."""
    path = home.path / name
    if error.errno in {errno.EACCES, errno.EPERM}:
        return not_ours(path, why_not_ours(home.lstat(name)) or "cannot be opened")
    if error.errno not in {errno.ENOTDIR, errno.ELOOP}:
        raise error
    return TrashError(
        f"{display_name(path)}: is a link, or not a folder: the trash of a folder is a folder in it",
        hint="move it away; a file that it leads to is not touched",
    )

"""The playlist of a family: one line for each disc, in their order; written, and kept up to date.

A playlist that somebody else wrote is only changed if all its lines are discs of this game.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from discpress.engine.convert.playlists.disc_files import NameKey, game_at, name_key
from discpress.engine.convert.playlists.encodings import TextForm, forms_of
from discpress.engine.convert.playlists.names import MAX_TEXT_BYTES, PLAYLIST_SUFFIXES, is_one_path
from discpress.engine.errors import ConflictError, DiscpressError, UsageError, from_os_error
from discpress.engine.names import display_name, fold
from discpress.engine.system.access import Access, set_access
from discpress.engine.system.files import FileIdentity, absolute, sync_file
from discpress.engine.system.held_folder import HeldFolder
from discpress.engine.system.locks import Lock, try_lock
from discpress.engine.system.rename import locked_folder

_HEADER = "#EXTM3U"
_DRAFT = ".discpress-playlist-"
"""Begins the name of a new text before it gets its own; a search of folders ignores hidden files."""
_UTF_8 = TextForm(b"", "utf-8", "surrogateescape")


class PlaylistState(StrEnum):
    """The outcome for the playlist of a game."""

    WRITTEN = "written"
    CHANGED = "changed"
    SAME = "up-to-date"


@dataclass(frozen=True, slots=True)
class Playlist:
    """The playlist of a game as it should be."""

    path: Path
    """Its path: an existing playlist of these discs, else a new one with the name of the game."""
    discs: tuple[Path, ...]
    """The images that it names, one for each disc."""
    text: bytes
    """All of its bytes."""
    before: bytes | None
    """Its bytes now; None if it does not exist."""
    count: str
    """The number of discs for people: `3 discs`."""

    @property
    def state(self) -> PlaylistState:
        """The change that is made to it."""
        if self.before is None:
            return PlaylistState.WRITTEN
        return PlaylistState.SAME if self.before == self.text else PlaylistState.CHANGED


def plan_playlist(image_path: Path) -> Playlist | None:
    """Return the playlist of the game that an image belongs to; None if the image is no disc of several.

    ConflictError if a playlist of that name is another one, UsageError if a name cannot stand in it, StorageError.
    """
    path = absolute(image_path)
    try:
        game = game_at(path)
        if game is None:
            return None
        family, discs = game
        found = _existing(family.folder, family.name, name_key(path.name))
    except OSError as error:
        raise from_os_error(error, path.parent, "look for the discs of this game") from error
    lines = [_line_of(each, family.folder) for each in discs]
    name, before = found or (f"{family.name}.m3u", None)
    text = _text_of(lines, before, family.folder / name)
    return Playlist(family.folder / name, discs, text, before, family.count)


def write_playlist(playlist: Playlist) -> None:
    """Write a planned playlist, or bring it up to date. Raises ConflictError if it was changed meanwhile, StorageError.

    A new one never replaces a file, and a changed one is replaced as a whole.
    """
    if playlist.state is PlaylistState.SAME:
        return
    try:
        with HeldFolder.open(playlist.path.parent) as folder:
            _drop_drafts(folder)
            _write(folder, playlist)
            folder.sync()
    except FileExistsError as error:
        raise ConflictError(f"{display_name(playlist.path)}: a file of this name exists by now") from error
    except OSError as error:
        raise from_os_error(error, playlist.path, "write it") from error


def update_playlist(image_path: Path, journal: Callable[[str, Mapping[str, object]], None]) -> str:
    """Write the playlist of the game that an image belongs to, if it is one of several discs; return a sentence.

    The sentence is empty if nothing changed. It describes a failure as well, because the image itself is done.
    """
    try:
        playlist = plan_playlist(image_path)
        if playlist is None or playlist.state is PlaylistState.SAME:
            return ""
        write_playlist(playlist)
        journal("playlist", {"path": str(playlist.path)})
    except DiscpressError as error:
        return f"the playlist of this game is left as it is: {error}"
    return f"{display_name(playlist.path.name)} names {playlist.count}"


def _existing(folder_path: Path, stem: str, game: NameKey | None) -> tuple[str, bytes] | None:
    """Return the playlist of a game: one of its name, else one that names only its discs. ConflictError, OSError."""
    with HeldFolder.open(folder_path) as folder:
        others = []
        for name in folder.names():
            if PurePosixPath(name).suffix.lower() not in PLAYLIST_SUFFIXES:
                continue
            is_namesake = fold(PurePosixPath(name).stem) == fold(stem)
            text = _read(folder, name)
            if is_namesake and (text is None or not _is_list_of(text, game)):
                raise ConflictError(
                    f"{display_name(folder_path / name)}: names more than the discs of this game, so it stays as it is",
                    hint="edit it, or give it another name",
                )
            if text is not None and _is_list_of(text, game):
                others.append((not is_namesake, name, text))
    return min(others)[1:] if others else None


def _read(folder: HeldFolder, name: str) -> bytes | None:
    """Return a small text; None for a link, another kind of file or a large one. OSError if the disk fails."""
    try:
        fd, _ = folder.open_file(name)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EINVAL, errno.ENOENT, errno.EACCES}:
            return None
        raise
    with os.fdopen(fd, "rb") as file:
        data = file.read(MAX_TEXT_BYTES + 1)
    return data if len(data) <= MAX_TEXT_BYTES else None


def _is_list_of(data: bytes, game: NameKey | None) -> bool:
    """Return whether all lines of a playlist are discs of a game by their names, and there is one at least."""
    paths = [line for line in _lines_of(data) if line and line != _HEADER]
    names = [line.replace("\\", "/").rpartition("/")[2] for line in paths]
    return bool(names and game) and all(
        not line.startswith("#") and name_key(name) == game for line, name in zip(paths, names, strict=True)
    )


def _lines_of(data: bytes) -> list[str]:
    text = _form_of(data).decode_all(data)
    return [line.strip(" \t") for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]


def _form_of(data: bytes) -> TextForm:
    return next((form for form in forms_of(data) if form.decode(data) is not None), _UTF_8)


def _line_of(path: Path, folder: Path) -> str:
    """Return the line for an image. UsageError if it would be read otherwise."""
    name = path.relative_to(folder).as_posix()
    line = f"./{name}" if name.startswith("#") else name
    if not is_one_path(line):
        raise UsageError(
            f"{display_name(path)}: its name cannot stand in a playlist",
            hint="rename it: a line has no line breaks, and no spaces at its ends",
        )
    return line


def _text_of(lines: list[str], before: bytes | None, path: Path) -> bytes:
    """Return the bytes of a playlist, with the encoding, the line ends and the header that it has now."""
    form = _UTF_8 if before is None else _form_of(before)
    old = "" if before is None else form.decode_all(before)
    end = "\r\n" if "\r\n" in old else "\n"
    header = [_HEADER] if old.startswith(_HEADER) else []
    try:
        return form.encode("".join(f"{line}{end}" for line in (*header, *lines)))
    except UnicodeError as error:
        raise UsageError(
            f"{display_name(path)}: cannot contain these names in its encoding", hint="save it as UTF-8"
        ) from error


def _write(folder: HeldFolder, playlist: Playlist) -> None:
    name, draft = playlist.path.name, f"{_DRAFT}{secrets.token_hex(4)}"
    fd = folder.make_file(draft)
    try:
        try_lock(fd)
        with os.fdopen(fd, "wb", closefd=False) as file:
            file.write(playlist.text)
        if playlist.before is None:
            set_access(fd, Access.of(playlist.discs[0].stat()))
            sync_file(fd)
            folder.rename_new(draft, folder, name)
            return
        with locked_folder(folder.path, folder.fd):
            old, facts = folder.open_file(name)
            with os.fdopen(old, "rb") as file:
                is_same = file.read(MAX_TEXT_BYTES + 1) == playlist.before
            set_access(fd, Access.of(facts))
            sync_file(fd)
            if not is_same or FileIdentity.of(folder.lstat(name)) != FileIdentity.of(facts):
                raise ConflictError(f"{display_name(playlist.path)}: was changed meanwhile, so it stays as it is")
            folder.replace(draft, folder, name)
    finally:
        os.close(fd)
        with contextlib.suppress(FileNotFoundError):
            folder.unlink(draft)


def _drop_drafts(folder: HeldFolder) -> None:
    """Remove the drafts of runs that were killed: those that nobody holds a lock of. OSError."""
    for name in folder.names():
        if name.startswith(_DRAFT):
            with contextlib.suppress(OSError):
                fd, facts = folder.open_file(name)
                try:
                    if try_lock(fd) is Lock.HELD:
                        folder.unlink_same(name, facts)
                finally:
                    os.close(fd)

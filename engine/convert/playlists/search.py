"""The texts that name an image, looked for in its folder and in the one above; nothing is written here.

Playlists and sheets give an edit each. Checksum lists are only named, because their digests are those of the original.
"""

import contextlib
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

from discpress.engine.convert.checksum_lists import read_checksum_list
from discpress.engine.convert.playlists.edits import PARENT, TextEdit
from discpress.engine.convert.playlists.names import MAX_TEXT_BYTES, SHEET_SUFFIXES, is_text_name, renamed
from discpress.engine.errors import DiscpressError
from discpress.engine.names import display_name
from discpress.engine.system.held_folder import HeldFolder

_CHECKSUM_SUFFIXES = {".md5", ".sha", ".sha1", ".sha256", ".sha512", ".sfv", ".crc", ".crc32", ".hash"}
_CHECKSUM_NAME = re.compile(r"(MD5|SHA|SHA1|SHA224|SHA256|SHA384|SHA512|CHECK)SUMS?(\.txt)?", re.I)
_MAX_LIST_BYTES = 1024 * 1024
_MAX_EDITS_BYTES = 256 * 1024
"""All edits of an entry: its description, which contains them, has at most 1 MiB."""


@dataclass(frozen=True, slots=True)
class NamingTexts:
    """The texts that name an image which another file replaces."""

    edits: tuple[TextEdit, ...] = ()
    """The texts that can be brought up to date."""
    notices: tuple[str, ...] = ()
    """Sentences about texts that name the image and stay as they are."""


def find_texts(original_path: Path, result_path: Path, *, with_lists: bool = True) -> NamingTexts:
    """Find the texts that name a file by its path, for the result that replaces it.

    Both paths are absolute. `with_lists`: mention checksum lists too. A result of the same name needs no edit. Folders
    that cannot be read contain no texts.
    """
    if original_path == result_path:
        return NamingTexts()
    # The folder above is that of the folder itself, whatever link leads to it.
    original_path, result_path = _unlinked(original_path), _unlinked(result_path)
    search = _Search(original_path, result_path)
    with contextlib.suppress(OSError), HeldFolder.open(original_path.parent) as home:
        search.look_in(home, original_path.parent, "")
        if with_lists:
            search.look_for_lists(home)
        with home.below("..") as above:
            # A mount point has texts of another file system above: they could not be replaced from here.
            if original_path.parent.name and above.stat().st_dev == home.stat().st_dev:
                search.look_in(above, original_path.parent.parent, PARENT)
    return NamingTexts(tuple(search.edits), tuple(search.notices))


def _unlinked(path: Path) -> Path:
    """Return a path with the links in its folder resolved."""
    return Path(os.path.realpath(path.parent)) / path.name


class _Search:
    """A file that is replaced, and what was found about it."""

    def __init__(self, original_path: Path, result_path: Path) -> None:
        self._original_path = original_path
        self._result_path = result_path
        self._edits_bytes = 0
        self.edits: list[TextEdit] = []
        self.notices: list[str] = []

    def look_in(self, folder: HeldFolder, folder_path: Path, prefix: str) -> None:
        """Find the playlists and sheets of a folder. OSError."""
        for name in filter(is_text_name, folder.names()):
            if name != self._original_path.name:
                with contextlib.suppress(OSError):
                    self._look_at(folder, folder_path, prefix, name)

    def _look_at(self, folder: HeldFolder, folder_path: Path, prefix: str, name: str) -> None:
        fd, facts = folder.open_file(name)
        with os.fdopen(fd, "rb") as file:
            before = file.read(_MAX_LIST_BYTES)
        place = _Place(self._original_path, self._result_path, folder_path)
        after = renamed(before, PurePath(name).suffix.lower() in SHEET_SUFFIXES, place.new_name)
        if after is None:
            self._leave(name, "it cannot contain the new name")
        elif place.problem:
            self._leave(name, place.problem)
        elif after != before and len(before) > MAX_TEXT_BYTES:
            self._leave(name, "it is too large")
        elif after != before:
            self._edits_bytes += len(before) + len(after)
            if self._edits_bytes > _MAX_EDITS_BYTES:
                self._leave(name, "too many texts name it")
            else:
                self.edits.append(TextEdit(prefix + name, before, after, facts.st_mtime_ns))
        if place.has_unknown_path:
            shown = display_name(self._original_path.name)
            self.notices.append(f"{display_name(name)} may still name {shown}: it contains an absolute path")

    def _leave(self, name: str, why: str) -> None:
        self.notices.append(f"{display_name(name)} still names {display_name(self._original_path.name)}: {why}")

    def look_for_lists(self, folder: HeldFolder) -> None:
        """Find the checksum lists of a folder. OSError."""
        names = [name for name in folder.names() if self._is_list(folder, name)]
        if names:
            verb = "lists" if len(names) == 1 else "list"
            shown = ", ".join(map(display_name, names))
            self.notices.append(f"{shown} still {verb} {display_name(self._original_path.name)}")

    def _is_list(self, folder: HeldFolder, name: str) -> bool:
        """Return whether a file is a checksum list with the original's name in it, or next to its name."""
        suffix, original = PurePath(name).suffix.lower(), self._original_path.name
        is_list = suffix in _CHECKSUM_SUFFIXES or _CHECKSUM_NAME.fullmatch(name) is not None
        if not is_list or name.startswith(f"{self._result_path.name}."):
            return False
        with contextlib.suppress(OSError, DiscpressError):
            if folder.lstat(name).st_size <= _MAX_LIST_BYTES:
                named = {_last_step(each.name) for each in read_checksum_list(folder.path / name).checksums}
                return _folded(original) in named or ("" in named and _stem(name) in _stems(original))
        return False


@dataclass(slots=True)
class _Place:
    """A folder with texts, and how they may name the file."""

    original_path: Path
    result_path: Path
    folder_path: Path
    problem: str = ""
    """The reason why a text that names the file cannot name the result; empty if it can."""
    has_unknown_path: bool = False
    """Whether a text contains an absolute path to a file of that name, perhaps of another machine."""

    def new_name(self, name: str) -> str | None:
        """Return the new form of a name if it is one of the file."""
        is_windows = "\\" in name and "/" not in name
        if self._is_original(name):
            separator = "/"
        elif is_windows and self._is_original(name.replace("\\", "/")):
            separator = "\\"
        else:
            return None
        if self.original_path.parent == self.result_path.parent:
            head = name[: name.rfind(separator) + 1]
            return head + self.result_path.name
        if not self.result_path.is_relative_to(self.folder_path):
            self.problem = f"{display_name(self.result_path)} is not below its folder"
            return None
        return self.result_path.relative_to(self.folder_path).as_posix().replace("/", separator)

    def _is_original(self, name: str) -> bool:
        if "\0" in name:
            return False
        if PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor:
            # Links are not followed here: the disk that they lead to may not answer.
            is_original = PurePosixPath(name) == PurePosixPath(self.original_path)
            self.has_unknown_path |= not is_original and _last_step(name) == _folded(self.original_path.name)
            return is_original
        if _folded(PurePosixPath(name).name) != _folded(self.original_path.name):
            return False
        path = _unlinked(self.folder_path / name)
        if path == self.original_path:
            return True
        if _folded(str(path)) != _folded(str(self.original_path)):
            return False
        try:  # in another case or Unicode form, unless another file has that very name
            return path.samefile(self.original_path)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except (OSError, ValueError):
            return False


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _last_step(name: str) -> str:
    return _folded(PureWindowsPath(name).name if "\\" in name else PurePosixPath(name).name)


def _stem(name: str) -> str:
    return _folded(PurePath(name).stem)


def _stems(name: str) -> set[str]:
    return {_folded(name), _folded(PurePath(name).stem)}

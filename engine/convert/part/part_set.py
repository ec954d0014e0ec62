"""The parts of a result in several files: the stored sectors of a CD, and the sheet that names their files.

All parts exist from the start. When everything is verified they get their names one after the other, the sheet last, so
that a sheet under its final name means that all its files are whole. See docs/decisions/split-images.md.
"""

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from discpress.engine.convert.cd.file_set import FileSet, TrackFile
from discpress.engine.convert.part.name import drop_second_name, part_path_of, sync_name
from discpress.engine.convert.part.part import PartFile
from discpress.engine.errors import ConflictError, StorageError, from_os_error
from discpress.engine.images.sets.joined import Joined
from discpress.engine.images.source import ByteSource, FileSource
from discpress.engine.names import display_name
from discpress.engine.system.cache import drop_cached
from discpress.engine.system.files import FileIdentity, Readable, Writable, read_regular
from discpress.engine.system.rename import remove_same, sync_folder


class NewPart(Protocol):
    """Creates the part of one file, as the constructor of `PartFile` does."""

    def __call__(
        self, final_path: Path, is_copy_of_source: Callable[[Path], bool], *, takes_over: bool = False
    ) -> PartFile:
        """Return the part; `takes_over` keeps the leftover of a killed run, so that its name is never free."""


def is_interrupted(sheet_path: Path) -> bool:
    """Return whether a killed run may have published some files of a sheet: its part is there, and it is not.

    The content of those files shows whether they are that run's.
    """
    try:
        facts = part_path_of(sheet_path).lstat()
    except OSError:
        return False
    return stat.S_ISREG(facts.st_mode) and not os.path.lexists(sheet_path)


@dataclass(slots=True)
class _Member:
    """One file of stored sectors: a part, or a file that a killed run has published."""

    stored: TrackFile
    path: Path
    part: PartFile | None = None
    published: FileSource | None = None

    def read_into(self, buffer: memoryview, offset: int) -> int:
        source = self.part or self.published
        return 0 if source is None else source.read_into(buffer, offset)

    def drop_cached(self) -> bool:
        if self.part is not None:
            return self.part.drop_cached()
        if self.published is not None:
            drop_cached(self.published.fd)
        return False

    def is_in_place(self, has_bytes: Callable[[Path, TrackFile], bool]) -> bool:
        """Return whether a published file still has its name, or another one there has all its bytes. OSError."""
        if self.published is None:
            return True
        facts = self.path.lstat()
        if not stat.S_ISREG(facts.st_mode):
            return False
        return FileIdentity.of(facts) == self.published.opened_as or has_bytes(self.path, self.stored)

    def close(self) -> None:
        for each in (self.part, self.published):
            if each is not None:
                each.close()


class PartSet(ByteSource):
    """The unfinished files of one result, locked while they are open; as a `ByteSource`, the decoded image in them."""

    is_resumed = False
    is_resumable = False

    def __init__(
        self,
        sheet_path: Path,
        files: FileSet,
        new_part: NewPart,
        has_bytes: Callable[[Path, TrackFile], bool],
        *,
        replaces: bool = False,
    ) -> None:
        """Create the parts. `has_bytes` returns whether a file contains exactly the sectors of a file of the set.

        Files that a killed run has published stay as they are. With `replaces`, other files may have the names until
        the parts are published. Raises ConflictError if another file has a name, and PartError as `PartFile` does; then
        no part is left.
        """
        self._replaces = replaces
        self._has_bytes = has_bytes
        self.final_path = self.path = sheet_path
        self._text = files.sheet
        self._members: list[_Member] = []
        self._joined = Joined(self._members, [each.size_bytes for each in files.files])
        self.size_bytes = self._joined.size
        paths = (sheet_path.with_name(each.name) for each in files.files)
        self._keeps_mark = is_interrupted(sheet_path) and any(map(os.path.lexists, paths))
        self._sheet = new_part(sheet_path, self._is_sheet, takes_over=self._keeps_mark)
        try:
            for each in files.files:
                self._members.append(self._open(each, new_part))
        except BaseException:
            self.discard()
            raise
        self._keeps_mark = any(member.published is not None for member in self._members)

    def _open(self, stored: TrackFile, new_part: NewPart) -> _Member:
        path = self.final_path.with_name(stored.name)
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            mode = None
        except OSError as error:
            raise from_os_error(error, path, "look for an existing file") from error
        if mode is not None and self._keeps_mark and stat.S_ISREG(mode) and self._has_bytes(path, stored):
            drop_second_name(path)
            return _Member(stored, path, published=FileSource(path))
        if mode is None or self._replaces:
            return _Member(stored, path, part=new_part(path, lambda found: self._has_bytes(found, stored)))
        raise ConflictError(
            f"{display_name(path)}: exists already", hint="move it away, or choose another name with -o"
        )

    def _is_sheet(self, path: Path) -> bool:
        try:
            return read_regular(path, len(self._text) + 1) == self._text
        except OSError:
            return False

    @property
    def _parts(self) -> Iterator[PartFile]:
        """The parts of the files with sectors."""
        return (member.part for member in self._members if member.part is not None)

    @property
    def is_broken(self) -> bool:
        """Whether a part lost bytes that cannot be written again."""
        return any(part.is_broken for part in (*self._parts, self._sheet))

    @property
    def warnings(self) -> list[str]:
        """Refusals of the file system so far, as sentences, each once."""
        return list(dict.fromkeys(warning for part in (*self._parts, self._sheet) for warning in part.warnings))

    def write_at(self, offset: int, data: Readable) -> None:
        """Write bytes of the decoded image into the files that contain them. Raises SpaceError if they do not fit."""
        for member, at, piece in self._joined.cut(offset, memoryview(data).cast("B")):
            if member.part is not None:
                member.part.write_at(at, piece)

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer` with bytes of the decoded image."""
        return self._joined.read_into(buffer, offset, _Member.read_into)

    def start_again(self) -> None:
        """Discard all written bytes; the parts stay open and locked."""
        for part in self._parts:
            part.start_again()

    def sync(self) -> None:
        """Sync the written bytes of all parts, see `PartFile.sync`."""
        for part in self._parts:
            part.sync()

    def drop_cached(self) -> bool:
        """Drop all files from the page cache; return whether the system confirms that nothing is left there."""
        are_dropped = [member.drop_cached() for member in self._members]
        return all(are_dropped)

    def seal(self, mtime_ns: int) -> FileIdentity:
        """Complete all parts, see `PartFile.seal`; return the identity of the sheet.

        After that their names are on the disk: the part of the sheet shows a later kill.
        """
        for part in self._parts:
            part.seal(mtime_ns)
        self._sheet.write_at(0, self._text)
        identity = self._sheet.seal(mtime_ns)
        if not self._is_sheet(self._sheet.path):
            raise StorageError(
                f"{display_name(self._sheet.path)}: differs when read back",
                hint="check the disk before you write to it again: it is failing",
            )
        sync_name(self.final_path)
        return identity

    @property
    def sealed(self) -> dict[Path, FileIdentity]:
        """All files of the result by their final names, the sheet first, also those in `published`. OSError."""
        fds = {self.final_path: self._sheet.fd}
        for member in self._members:
            source = member.part or member.published
            if source is not None:
                fds[member.path] = source.fd
        return {path: FileIdentity.of(os.fstat(fd)) for path, fd in fds.items()}

    @property
    def published(self) -> tuple[Path, ...]:
        """The files that a killed run has published: they stay under their names, and this run publishes the rest."""
        return tuple(member.path for member in self._members if member.published is not None)

    def publish(self) -> FileIdentity:
        """Give all files their final names, the sheet last; return its identity. Raises the errors of a part's publish.

        After an error, no file of this run has its final name.
        """
        published: list[tuple[Path, FileIdentity]] = []
        try:
            for part in self._parts:
                published.append((part.final_path, part.publish()))
            self._check_published()
            return self._sheet.publish(comes_back=True)
        except BaseException:
            self._keeps_mark |= not self._take_back(published)
            raise

    def _check_published(self) -> None:
        """Raise ConflictError if a file that a killed run has published is not in its place any more."""
        for member in self._members:
            try:
                is_in_place = member.is_in_place(self._has_bytes)
            except FileNotFoundError:
                is_in_place = False
            except OSError as error:
                raise from_os_error(error, member.path, "look at it") from error
            if not is_in_place:
                raise ConflictError(
                    f"{display_name(member.path)}: was removed or changed meanwhile", hint="run the conversion again"
                )

    def _take_back(self, published: list[tuple[Path, FileIdentity]]) -> bool:
        """Remove published files; return whether that is on the disk."""
        try:
            for path, identity in published:
                facts = path.lstat()
                if (facts.st_dev, facts.st_ino) == (identity.dev, identity.ino):
                    remove_same(path, facts)
            sync_folder(self.final_path.parent)
        except OSError:
            return False
        return True

    def discard(self) -> None:
        """Remove the parts. That of the sheet stays if files without a sheet do: it shows what those are."""
        for member in self._members:
            if member.part is not None:
                member.part.discard()
        if not self._keeps_mark:
            self._sheet.discard()
        self.close()

    def close(self) -> None:
        """Close all files and release their locks; safe to call again."""
        for member in self._members:
            member.close()
        with contextlib.suppress(OSError):
            self._sheet.close()

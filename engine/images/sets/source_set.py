"""A title as a set of files: the main one and the others that belong to it."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.images.sets.joined import Joined
from discpress.engine.images.source import ByteSource, FileSource
from discpress.engine.system.files import FileIdentity, Writable


@dataclass(frozen=True, slots=True)
class SetFile:
    """One file of a set."""

    path: Path
    """Its path on the disk."""
    identity: FileIdentity
    """Its identity when the set was opened."""
    member: str = ""
    """The name in the archive, if the file is an archive."""


@dataclass(frozen=True, slots=True)
class SourceSet:
    """The files of one title: a single file, or all parts of a split image."""

    main: SetFile
    """The file whose path is the title's."""
    parts: tuple[SetFile, ...] = ()
    """The other files, in their order."""

    @classmethod
    def of(cls, source: ByteSource) -> "SourceSet":
        """Return the set of an open source from the disk. Raises StorageError."""
        member = source.path.name if source.member_number else ""
        main, *parts = (SetFile(file.path, file.identity(), member) for file in source.files)
        return cls(main, tuple(parts))

    @property
    def files(self) -> tuple[SetFile, ...]:
        """All files, the main one first."""
        return (self.main, *self.parts)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths of all files, the main one first."""
        return tuple(file.path for file in self.files)

    def find_change(self, source: ByteSource) -> Path | None:
        """Return the first file that is not what it was, open or by its path; None if none has changed.

        The main file stands for a set that now has other files. Raises StorageError if an open file cannot be asked.
        """
        if self.paths != tuple(file.path for file in source.files):
            return self.main.path
        for file, held in zip(self.files, source.files, strict=True):
            if held.identity() != file.identity or _identity_or_none(file.path) != file.identity:
                return file.path
        return None


def _identity_or_none(path: Path) -> FileIdentity | None:
    try:
        return FileIdentity.of(path.stat())
    except OSError:
        return None


class JoinedSource(ByteSource):
    """Several open sources read as one, in their order; any number of threads may read at once."""

    def __init__(self, files: Sequence[ByteSource], whole_name: str = "") -> None:
        """Take over open sources, at least one; `whole_name` is the image's name without the mark of a part."""
        self.path = files[0].path
        self._files = tuple(files)
        self._joined = Joined(self._files, [file.size_bytes for file in files])
        self._whole_name = whole_name
        self.size_bytes = self._joined.size

    @classmethod
    def of_files(cls, paths: Sequence[Path]) -> "JoinedSource":
        """Open files as one. Raises StorageError; then none is open."""
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(contextlib.closing(FileSource(path))) for path in paths]
            joined = cls(files)
            stack.pop_all()
        return joined

    @property
    def holder(self) -> ByteSource:
        """The main file, or the archive that contains it."""
        return self._files[0].holder

    @property
    def files(self) -> tuple[FileSource, ...]:
        """All files."""
        return tuple(file for each in self._files for file in each.files)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The descriptors of all files, none if one has none."""
        found = [file.descriptors for file in self._files]
        return tuple(fd for fds in found for fd in fds) if all(found) else ()

    @property
    def whole_name(self) -> str:
        """The image's name without the mark of a part."""
        return self._whole_name or self.path.name

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer`, see `ByteSource`; fewer bytes also if one of the files became shorter."""
        return self._joined.read_into(buffer, offset, lambda file, view, at: file.read_into(view, at))

    def evict(self, offset: int, length: int) -> None:
        """Drop bytes from the system's cache, see `ByteSource`."""
        start = 0
        for file in self._files:
            first, last = max(offset, start), min(offset + length, start + file.size_bytes)
            if first < last:
                file.evict(first - start, last - first)
            start += file.size_bytes

    def close(self) -> None:
        """Close all files; safe to call again."""
        for file in self._files:
            file.close()
